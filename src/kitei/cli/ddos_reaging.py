"""`ddos reage CONTRACT`: the order to learn thresholds anew from the history, its report, and its approval."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from kitei.cli.ddos_alerts import goes_to
from kitei.cli.desk import office_of
from kitei.cli.show import cites_text, decided_json, decided_text
from kitei.cli.speak import Misuse, Talk
from kitei.collect.counters import shown
from kitei.desk import Verdict
from kitei.office.floods.history import up_to_date
from kitei.office.floods.posting import record_and_post
from kitei.office.floods.reaging import ReagingTold, approve, pending, relearned, report, reports, told_of
from kitei.office.office import Office, Refusal
from kitei.services.ddos import SERVICE
from kitei.store.outbox import Message
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
        told = told_of(office, relearned(office, up_to_date(office.home), contract, waiting))
        try:
            several = _letters(office, told)
        except Refusal as refusal:  # it is told all the same, and can be sent once there is an address
            report(office, told)
            _show(talk, told)
            click.echo(f"# {refusal.words.to(talk.language)}", err=True)
        else:
            report(office, told, several)
            _show(talk, told)
            goes_to(several, talk)


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


def show(talk: Talk, contract: str, reaging: str | None, *, pdf: Path | None, send: bool) -> None:
    """A report again (the last where none is named), as it was recorded; as PDF, or to the customer once more."""
    with office_of(talk) as office:
        told = _reported(office, contract, reaging)
        if pdf is not None:
            from kitei.office.floods.letters import of_reaging

            pdf.write_bytes(of_reaging(office, told).pdf(talk.language))
            click.echo(str(pdf), err=True)
        if send:
            several = _letters(office, told)
            new = record_and_post(office, (), several)
            _show(talk, told)
            goes_to(several, talk, new)
        else:
            _show(talk, told)


def _letters(office: Office, told: ReagingTold) -> tuple[Message, ...]:
    """What goes to the customer. Refusal: nobody can be sent it, or nobody is known to send it."""
    from kitei.office.floods.letters import letters, of_reaging  # what prints is loaded only to print

    return letters(office, of_reaging(office, told))


def _reported(office: Office, contract: str, reaging: str | None) -> ReagingTold:
    found = reports(office, contract)
    there = [str(each.body["reaging"]) for each in found]
    if not found:
        words = Words(f"{contract} の報告はまだありません", f"nothing was reported for {contract} yet")
        raise Misuse(words)
    if reaging is not None and reaging not in there:
        told = ", ".join(there)
        raise Misuse(
            Words(f"{reaging} の報告はありません。あるのは {told}", f"no report {reaging}; there are {told}")
        )
    return found[-1 if reaging is None else there.index(reaging)]


def _show(talk: Talk, told: ReagingTold) -> None:
    talk.answer({**told.body, "cites": list(told.cites)}, lambda: _text(told, talk))


def _text(told: ReagingTold, talk: Talk) -> str:
    body: Any = told.body
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
    cites = cites_text(told.cites, talk.language)
    return "\n".join([f"{head}  ({cites})", columns, *map(_line, body["lines"])])


def _line(each: Mapping[str, Any]) -> str:
    return (
        f"{each['policy']} {each['scope']} {each['metric']}"
        f" | {shown(each['present'])} -> {shown(each['recommended'])}"
        f" | {shown(each['usual_high'])} / {shown(each['peak'])}"
        f" | {each['present_alarms']} -> {each['recommended_alarms']}"
    )
