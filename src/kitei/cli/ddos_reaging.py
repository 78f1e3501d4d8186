"""`ddos reage CONTRACT`: the order to learn thresholds anew from the history, its report, and its approval."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from kitei.cli.desk import office_of
from kitei.cli.show import cites_text, decided_json, decided_text
from kitei.cli.speak import Misuse, Talk
from kitei.collect.counters import shown
from kitei.desk import Verdict
from kitei.ledger import Entry
from kitei.office.floods.history import up_to_date
from kitei.office.floods.reaging import approve, pending, relearned, report, reports
from kitei.office.office import Office
from kitei.services.ddos import SERVICE
from kitei.values import Words


def order(
    talk: Talk, contract: str, *, by: str, first: date | None, last: date | None, what_if: bool
) -> None:
    """Decided by the terms; where they allow it, learned and reported at once. A refusal ends with status 1.

    An order that was never reported (the process died) is reported now, and no other one made.
    """
    written: dict[str, Any] = {"by": by, "contract": contract}
    written |= {key: day.isoformat() for key, day in (("from", first), ("to", last)) if day is not None}
    with office_of(talk) as office:
        if what_if or pending(office.contract(contract)) is None:
            ask = office.decide if what_if else office.apply
            decided = ask("reage", written, service=SERVICE.name)
            if what_if or decided.decision.verdict is not Verdict.ACCEPT:
                talk.answer(decided_json(decided), lambda: decided_text(decided, talk.language))
                if decided.decision.verdict is Verdict.REFUSE:
                    raise SystemExit(1)
                return
        waiting = pending(office.contract(contract))
        assert waiting is not None  # it was accepted, and nobody reported it but us
        entry = report(office, relearned(office, up_to_date(office.home), contract, waiting))
        _show(talk, entry)


def apply(talk: Talk, contract: str, reaging: str | None, *, by: str) -> None:
    """Approve a report: its thresholds are set as any policy is. A refusal of any ends with status 1."""
    with office_of(talk) as office:
        decided = approve(office, contract, reaging, by=by)
        talk.answer(
            [decided_json(each) for each in decided],
            lambda: "\n".join(decided_text(each, talk.language) for each in decided),
        )
    if any(each.decision.verdict is Verdict.REFUSE for each in decided):
        raise SystemExit(1)


def show(talk: Talk, contract: str) -> None:
    """The last report again, as it was recorded."""
    with office_of(talk) as office:
        _show(talk, _last(office, contract))


def _last(office: Office, contract: str) -> Entry:
    found = reports(office, contract)
    if not found:
        words = Words(f"{contract} の報告はまだありません", f"nothing was reported for {contract} yet")
        raise Misuse(words)
    return found[-1]


def _show(talk: Talk, entry: Entry) -> None:
    talk.answer({**entry.fact.body, "cites": list(entry.fact.cites)}, lambda: _text(entry, talk))


def _text(entry: Entry, talk: Talk) -> str:
    body: Any = entry.fact.body
    head = Words(
        f"学び直し {body['reaging']}: {body['first']}〜{body['last']} の {body['minutes']} 分から学んだ"
        f"(警報にかかる {body['left_out']} 分は除いた)。実際の警報は {body['alarms_given']} 件。"
        "まだ何も変えていない。--apply で承認する",
        f"Re-aging {body['reaging']}: learned from {body['minutes']} minutes of {body['first']} to"
        f" {body['last']}, {body['left_out']} in alarm left out; {body['alarms_given']} alarms were given."
        " Nothing was changed: approve it with --apply.",
    ).to(talk.language)
    columns = Words(
        "ポリシー 範囲 項目 | 今 → 勧める | ふだんの上 / 最大 | 出したはずの警報(多くて) 今 → 勧める",
        "policy scope metric | present -> recommended | usual high / peak"
        " | alarms it would have raised at most, present -> recommended",
    ).to(talk.language)
    cites = cites_text(entry.fact.cites, talk.language)
    return "\n".join([f"{head}  ({cites})", columns, *map(_line, body["lines"])])


def _line(each: Mapping[str, Any]) -> str:
    return (
        f"{each['policy']} {each['scope']} {each['metric']}"
        f" | {shown(each['present'])} -> {shown(each['recommended'])}"
        f" | {shown(each['usual_high'])} / {shown(each['peak'])}"
        f" | {each['present_alarms']} -> {each['recommended_alarms']}"
    )
