"""A month under watch as values: what `--json` prints, a paper's digest is made of, and the ledger keeps of one sent."""

from collections.abc import Iterable, Sequence
from typing import Final

from kitei.ledger.facts import Fact
from kitei.office.floods.posting import record_and_post
from kitei.office.floods.report import Report, Struck
from kitei.office.office import Office, Refusal
from kitei.services.ddos.contract import months_reported
from kitei.store.outbox import Message
from kitei.store.tallies import Scrubbed, Top
from kitei.values import Json, JsonObject, Words, digest_of

SENT: Final = "report.sent"


def report_json(report: Report) -> dict[str, Json]:
    """All that the paper says, as values."""
    days: list[Json] = [
        {
            "day": each.day.isoformat(),
            "bytes": each.bytes,
            "packets": each.packets,
            "most_bps": each.most_bps,
            "most_pps": each.most_pps,
            "judged_seconds": each.judged,
        }
        for each in report.days
    ]
    return {
        "contract": report.contract,
        "customer": report.customer,
        "month": str(report.month),
        "upto": report.upto.isoformat(),
        "item": report.item.slug,
        "mitigates": report.mitigates,
        "includes_report": report.includes,
        "addresses": [each.prefix for each in report.addresses],
        "clean_mbps": report.clean_mbps,
        "bytes": report.bytes,
        "packets": report.packets,
        "judged_seconds": report.judged,
        "seconds": report.meant,
        "days": days,
        "protocols": _tops(report.protocols),
        "targets": _tops(report.targets),
        "ports": _tops(report.ports),
        "attacks": [struck_json(each) for each in report.attacks],
        "scrubbed": scrubbed_json(report.scrubbed),
        "unusable_seconds": report.unusable,
        "outages": [each.id for each in report.outages],
        "changes": [
            {"on": e.on.isoformat(), "what": {"ja": e.what.ja, "en": e.what.en}, "cites": list(e.cites)}
            for e in report.changes
        ],
        "cites": list(report.cites),
    }


def _tops(several: Iterable[Top]) -> list[Json]:
    return [{"name": each.name, "packets": each.packets, "bytes": each.bytes} for each in several]


def scrubbed_json(found: Scrubbed | None) -> Json:
    """None where nothing was scrubbed."""
    if found is None:
        return None
    return {
        "offered_bytes": found.offered_bytes,
        "passed_bytes": found.passed_bytes,
        "seconds": found.seconds,
        "most_passed_bps": found.most_passed_bps,
        "dropped": {each.name: each.packets for each in found.dropped},
    }


def struck_json(each: Struck) -> dict[str, Json]:
    attack, peak = each.attack, each.peak
    return {
        "attack": attack.id,
        "target": attack.target,
        "metric": attack.text("metric"),
        "figure": attack.number("figure"),
        "began": attack.began.isoformat(),
        "detected": attack.detected.at.isoformat(),
        "in_force": attack.in_force.isoformat() if attack.in_force else None,
        "over": each.ended.isoformat() if each.ended else None,
        "seconds": each.seconds,
        "peak_bps": peak.bps if peak else None,
        "peak_pps": peak.pps if peak else None,
        "steps": list(attack.steps),
        "dry_run": attack.is_dry_run,
        "cites": list(each.cites),
    }


def must_be_sendable(office: Office, report: Report) -> None:
    """Refusal: the item has no report, the month is not over, or its report was sent before."""
    if not report.includes:
        cite = report.item.cite
        raise Refusal(
            Words(
                f"{report.item.name.ja} に月次レポートはありません({cite.words.ja})",
                f"{report.item.name.en} includes no monthly report ({cite.words.en})",
            )
        )
    if not report.is_whole:
        raise Refusal(
            Words(
                f"{report.month} はまだ終わっていません。{report.month.last} の翌日から送れます",
                f"{report.month} is not over; its report can be sent from the day after {report.month.last}",
            )
        )
    if str(report.month) in months_reported(office.contract(report.contract)):
        raise Refusal(
            Words(
                f"{report.month} のレポートは送付済みです", f"the report for {report.month} was sent before"
            )
        )


def send_report(office: Office, report: Report, letters: Sequence[Message] = ()) -> None:
    """Record that a month's report went to the customer, with the letters that carry it.

    Raises Refusal as `must_be_sendable`.
    """
    must_be_sendable(office, report)
    body: JsonObject = {"month": str(report.month), "digest": digest_of(report_json(report))}
    fact = Fact(SENT, body, office.today(), (str(report.item.cite),))
    record_and_post(office, [(f"contract:{report.contract}", fact)], letters)
