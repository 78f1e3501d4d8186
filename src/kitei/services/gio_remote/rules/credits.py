"""Articles 15 to 17 and Schedule 3: credits, and the risks that a customer has accepted."""

from collections.abc import Iterator

from kitei.clauses.acts import ClaimCredit
from kitei.clauses.credits import Credits
from kitei.desk import Finding, Situation
from kitei.services.gio_remote.operation import ExplainOutage
from kitei.services.gio_remote.rules.batch import in_sentence
from kitei.values import Words

CREDITS = Credits()


def explained(asked: ExplainOutage, s: Situation) -> Iterator[Finding]:
    """Art. 16.2 and 17: an outage that came of what the customer accepted is not the operator's doing."""
    contract, choice = s.contract(asked.contract), s.choice("risks", asked.risk)
    path = choice.cite.path if choice is not None else "art:16.2"
    if choice is None:
        yield s.refuse(
            path,
            why=Words(
                f"{asked.risk} は承知されたことにありません", f"{asked.risk} is no risk that was accepted"
            ),
            place="explain-outage.risk",
            remedy=Words(
                "、".join(each.name.ja for each in s.edition.value("risks").choices),
                "it is one of " + ", ".join(s.edition.value("risks").slugs),
            ),
        )
    if not any(each["id"] == asked.outage for each in contract.outages):
        known = ", ".join(str(each["id"]) for each in contract.outages)
        yield s.refuse(
            path,
            why=Words(
                f"利用不能 {asked.outage} の記録がありません", f"no outage {asked.outage} is on record"
            ),
            place="explain-outage.outage",
            remedy=Words(f"記録は {known or 'ありません'}", f"on record: {known or 'none'}"),
        )
    if choice is not None:
        yield s.accept(
            path,
            why=Words(f"{choice.name.ja}と認定します", f"found to be: {in_sentence(choice.name.en)}"),
        )


def excused(asked: ClaimCredit, s: Situation) -> Iterator[Finding]:
    """Art. 16.2 and 17 in a claim: said of each outage that was found to come of an accepted risk."""
    for outage in s.contract(asked.contract).outages:
        choice = s.choice("risks", str(outage.get("risk")))
        if choice is not None and asked.outage in (None, outage["id"]):
            yield s.accept(
                choice.cite.path,
                why=Words(
                    f"{outage['id']} は契約者が承知していること({choice.name.ja})によります",
                    f"{outage['id']} came of what the customer accepted: {in_sentence(choice.name.en)}",
                ),
            )
