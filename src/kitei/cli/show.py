"""What the office answers, as text for people and as JSON for programs."""

from collections.abc import Iterable, Iterator, Sequence

import click

from kitei.desk import Decision, Finding, Verdict
from kitei.ledger.contracts import Contract
from kitei.office import Decided
from kitei.office.provisions import Provided, provided
from kitei.office.record import decision_json
from kitei.terms import Cite
from kitei.values import JsonObject, Language, Words, in_yen

_VERDICTS = {
    Verdict.ACCEPT: (Words("承諾", "accepted"), "green", "✓"),
    Verdict.REFER: (Words("担当者へ", "referred"), "yellow", "?"),
    Verdict.REFUSE: (Words("拒絶", "refused"), "red", "✗"),
}


def decided_json(decided: Decided, place: str = "") -> JsonObject:
    """A decision; `place` says where in an order book it was asked."""
    return {
        "place": place,
        "application": decided.application,
        "act": decided.act,
        "contracts": list(decided.contracts),
        "parts": {str(part): outcome.name.lower() for part, outcome in decided.decision.parts.items()},
        **decision_json(decided.decision),
    }


def decided_text(decided: Decided, language: Language, title: str = "") -> str:
    """A decision: verdict, findings by strictness with their provisions, dates and amounts."""
    decision = decided.decision
    words, colour, mark = _VERDICTS[decision.verdict]
    head = click.style(f"{mark} {words.to(language)}", fg=colour, bold=True)
    lines = [f"{head}  {title or decided.application} ({decided.act})", *_parts(decision, language)]
    findings = [f for f in decision.findings if f.verdict is decision.verdict] or list(decision.findings)
    for finding in findings:
        lines += _finding_lines(finding, language)
    for name, day in decision.dates.items():
        lines.append(f"  {name}: {day}")
    for name, amount in decision.amounts.items():
        lines.append(f"  {name}: {in_yen(amount)}")
    if decided.contracts:
        lines.append(f"  → {', '.join(decided.contracts)}")
    return "\n".join(lines)


def _parts(decision: Decision, language: Language) -> Iterator[str]:
    """What became of each application of a batch, where they fare differently."""
    parts = decision.parts
    if len(set(parts.values())) > 1:
        told = [f"[{part}] {_VERDICTS[outcome][0].to(language)}" for part, outcome in parts.items()]
        yield "  " + ", ".join(told)


def _finding_lines(finding: Finding, language: Language) -> Iterator[str]:
    place = f" [{finding.place}]" if finding.place else ""
    yield f"  {cites_text([str(cite) for cite in finding.cites], language)}{place}"
    yield f"    {finding.why.to(language)}"
    if finding.remedy:
        yield "    " + Words("正しくは: ", "what would be right: ").to(language) + finding.remedy.to(language)
    for missing in finding.missing:
        yield "    " + Words(
            f"計算できません: 見積 {missing} がありません", f"cannot compute: no quote {missing}"
        ).to(language)
    notes = [f"{key}={value}" for key, value in finding.conventions] + list(finding.defects)
    if notes:
        review = Words(" (要確認)", " (manual review)").to(language) if finding.review else ""
        yield click.style(f"    {'; '.join(notes)}{review}", dim=True)


def cites_text(cites: Iterable[str], language: Language) -> str:
    """`第22条第2項` / `art. 22(2)`, each once."""
    return ", ".join(dict.fromkeys(Cite.parse(cite).words.to(language) for cite in cites))


def provisions_text(provisions: Sequence[Provided], language: Language, indent: str = "    ") -> str:
    return "\n".join(
        f"{indent}{cites_text([each.cite], language)} {each.heading.to(language)}: {each.gist.to(language)}"
        for each in provisions
    )


def contract_json(contract: Contract) -> JsonObject:
    ending = contract.ending
    return {
        "id": contract.id,
        "service": contract.service,
        "customer": contract.customer,
        "kind": contract.kind,
        "item": contract.item,
        "network": contract.group,
        "concluded_on": contract.concluded_on.isoformat(),
        "billing_start": contract.billing_start.isoformat() if contract.billing_start else None,
        "term_last": contract.term.last.isoformat() if contract.term else None,
        "ends_on": ending.last.isoformat() if ending else None,
        "options": [
            {
                "name": option.name,
                "added_on": option.added_on.isoformat(),
                "term_last": option.term.last.isoformat() if option.term else None,
                "ends_on": option.ending.last.isoformat() if option.ending else None,
            }
            for option in contract.options
        ],
        "devices": [
            {"serial": d.serial, "model": d.model, "slot": d.slot, "state": d.state} for d in contract.devices
        ],
        "charges": [
            {
                "name": charge.name,
                "customer": charge.customer,
                "due_on": charge.due_on.isoformat(),
                "amount": charge.amount,
                "missing": charge.missing,
                "cites": list(charge.cites),
            }
            for charge in contract.charges
        ],
        "outages": list(contract.outages),
        "body": contract.body,
        "cites": list(contract.cites),
    }


def gists(cites: Iterable[str], language: Language) -> str:
    """Provisions opened in place: citation, heading, gist."""
    return provisions_text(provided(cites), language)
