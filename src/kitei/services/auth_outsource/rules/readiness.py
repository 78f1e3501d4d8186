"""Articles 5(6) and 5(7): what the customer prepares, and when service is withheld."""

from collections.abc import Iterator

from kitei.clauses.acts import CheckReadiness
from kitei.clauses.notice import still_in_force
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.contract import RADIUS
from kitei.services.auth_outsource.operation import Provision
from kitei.services.auth_outsource.rules.batch import standing
from kitei.terms import Choice
from kitei.values import Words


def kinds_beside(contract: Contract, s: Situation) -> set[str]:
    """The kinds that serve together with a contract: client with group or proxy, or a VPDN by itself."""
    if contract.kind not in RADIUS:
        return {contract.kind}
    beside = {each.kind for each in standing(s, contract.customer, s.on) if each.kind in RADIUS}
    return {contract.kind} | (beside if contract.kind == "client" else beside & {"client"})


def preparations(contract: Contract, s: Situation) -> tuple[Choice, ...]:
    """What has to be ready for a contract and those it serves with."""
    kinds = {"all", *kinds_beside(contract, s)}
    return tuple(each for each in s.edition.value("preparations").choices if each.text("whose") in kinds)


def checklist(asked: CheckReadiness, s: Situation) -> Iterator[Finding]:
    """Art. 5.6: the list to show."""
    items = preparations(s.contract(asked.contract), s)
    yield s.accept(
        "art:5.6",
        *(each.cite.path for each in items),
        why=Words(
            "契約者が整えるもの: " + "、".join(each.name.ja for each in items),
            "the customer prepares: " + ", ".join(each.name.en for each in items),
        ),
    )


def prepared(asked: Provision, s: Situation) -> Iterator[Finding]:
    """Art. 5.6 and 5.7: what is not prepared lets the operator withhold the service, without default."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:5.1", contract)
    done = []
    for each in preparations(contract, s):
        ready = asked.known.ready.get(each.slug)
        if ready:
            done.append(each.cite.path)
            continue
        # The terms say the operator may withhold, not that it must: by default it does.
        yield s.refer(
            each.cite.path,
            "art:5.7",
            proposes=Verdict.REFUSE,
            why=Words(f"{each.name.ja}がまだです", f"not done: {each.name.en}")
            if ready is False
            else Words(f"{each.name.ja}の確認がまだです", f"not confirmed yet: {each.name.en}"),
            place=f"provision.known.ready.{each.slug}",
            remedy=Words("済ませて知らせてください", "do it and tell the operator"),
        )
    yield s.confirm(_PREPARED, "art:5.6", *done, "art:5.7")


_PREPARED = Words(
    "準備がすべて済めば提供を始めます。済まないうちに提供しなくても当社の不履行ではありません",
    "service begins when all is prepared; withholding it until then is no default of the operator",
)
