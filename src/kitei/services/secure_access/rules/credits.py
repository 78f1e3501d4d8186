"""Articles 14 to 16 and Schedule 3: credits, and what the customer has accepted or was never promised."""

from collections.abc import Iterator

from kitei.clauses.acts import ClaimCredit
from kitei.clauses.credits import Credits, meant
from kitei.desk import Finding, Situation
from kitei.services.secure_access.operation import ExplainOutage
from kitei.services.secure_access.rules.batch import one_of
from kitei.services.secure_access.rules.fees import monthly, option_monthly
from kitei.values import Words

CREDITS = Credits(monthly=monthly, option_monthly=option_monthly)


def explained(asked: ExplainOutage, s: Situation) -> Iterator[Finding]:
    """Art. 15.2 and 16: an outage that came of what the customer accepted is not the operator's doing."""
    contract, choice = s.contract(asked.contract), s.choice("risks", asked.risk)
    path = choice.cite.path if choice is not None else "art:15.2"
    if choice is None:
        yield s.refuse(
            path,
            why=Words(
                f"{asked.risk} は承知されたことにありません", f"{asked.risk} is no risk that was accepted"
            ),
            place="explain-outage.risk",
            remedy=one_of(s.edition.value("risks").choices),
        )
    elif choice.slug == "client-software" and contract.kind != s.edition.value("software_kind").text:
        yield s.refuse(
            path,
            why=Words(
                "ソフトウェアを使うのはリモートコネクトだけです",
                "only remote connect is used by such software",
            ),
            place="explain-outage.risk",
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
            *with_heading(path),
            why=Words(f"{choice.name.ja}と認定します", f"its cause is found to be: {choice.name.en}"),
        )


def with_heading(path: str) -> tuple[str, ...]:
    """What the customer accepted, with the paragraph that heads it where it is one of a list."""
    heading, _, _ = path.rpartition(".")
    return (heading, path) if heading.count(".") else (path,)


def not_warranted(asked: ClaimCredit, s: Situation) -> Iterator[Finding]:
    """Art. 15 and 16 in a claim: what was accepted, and what is no promise though it earns nothing."""
    contract = s.contract(asked.contract)
    for outage in contract.outages:
        choice = s.choice("risks", str(outage.get("risk")))
        if choice is not None and asked.outage in (None, outage["id"]):
            yield s.accept(
                *with_heading(choice.cite.path),
                why=Words(
                    f"{outage['id']} は契約者が承知していること({choice.name.ja})によります",
                    f"{outage['id']} came of what the customer accepted: {choice.name.en}",
                ),
            )
    for each in meant(asked, s):
        if each.cause not in ("operator", None):
            continue
        if not (each.total or each.equally_bad):
            yield s.confirm(_QUALITY, "art:15.1", "art:15.1.2")
        elif each.hours(asked.at) < s.number("credit_threshold_hours"):
            yield s.confirm(_ALWAYS, "art:15.1", "art:15.1.1")


_QUALITY = Words(
    "性能や正しさは約束されておらず、低下に減額はありません",
    "quality is not warranted, and a degradation earns nothing",
)
_ALWAYS = Words(
    "いつでも使えるとは約束されておらず、短い利用不能に減額はありません",
    "constant availability is not warranted, and a short outage earns nothing",
)
