"""The supplementary provision of 2013: contracts of the predecessor live on as contracts of this service."""

from collections.abc import Iterator

from kitei.clauses.acts import Cancel
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.application import CountTowards
from kitei.services.gio_remote.operation import Evaluate
from kitei.terms import Standing, carry_over, plain_name
from kitei.values import Words

PATH = "suppl:2013-02-01.2"


def made_as(s: Situation, contract: Contract) -> str:
    """The service a contract was made under: a predecessor's slug, else this service's name."""
    found = contract.body.get("made_as")
    return found if isinstance(found, str) and found else s.edition.service


def standing_of(s: Situation, contract: Contract) -> Standing:
    """What service a contract has become one of by the day."""
    attributes = {"service": made_as(s, contract)}
    return carry_over(s.edition.transitions, attributes, contract.concluded_on, s.on)


def one_of_ours(asked: Cancel, s: Situation) -> Iterator[Finding]:
    """A predecessor's contract is under these terms because it lives on as one of this service."""
    standing = standing_of(s, s.contract(asked.contract))
    if standing.cites and standing.attributes["service"] == s.edition.service:
        yield s.accept(
            *(cite.path for cite in standing.cites),
            why=Words("このサービスの契約として扱います", "it is treated as a contract of this service"),
            defects=s.defects(PATH),
        )


def evaluated(asked: Evaluate, s: Situation) -> Iterator[Finding]:
    """Does a contract live on as one of this service by the transitional provision?"""
    contract = s.contract(asked.contract)
    before, standing = made_as(s, contract), standing_of(s, contract)
    name, ours = s.name("predecessor_services", before), s.edition.service
    days = s.edition.value("edition_days").days
    held = max((each for each in days if each <= s.on), default=s.edition.in_force)
    yield s.accept(
        "suppl:dates",
        why=Words(
            f"{s.on} に実施されていたのは {held} の版で、経過措置は {s.edition.in_force} の版が伝えるとおりです",
            f"on {s.on} the edition of {held} was in force; its transitions are as that of "
            f"{s.edition.in_force} hands them down",
        ),
    )
    if before != ours and standing.attributes["service"] == ours:
        yield s.accept(
            *(cite.path for cite in standing.cites),
            why=Words(
                f"{name.ja}の契約は、このサービスの契約として続いています",
                f"made as a contract of {name.en}, it lives on as one of this service",
            ),
            defects=s.defects(PATH),
        )
        return
    since = next(each for each in s.edition.transitions if each.cite.path == PATH)
    if before == ours:
        why = Words(
            "はじめからこのサービスの契約で、経過措置に当たりません",
            "it was made as a contract of this service; no transition applies",
        )
    elif s.on < since.on:
        why = Words(f"{since.on} より前です", f"that is before {since.on}")
    else:
        why = Words(
            f"{contract.concluded_on} に成立し、{since.made_until} までの契約ではありません",
            f"made on {contract.concluded_on}, it is not of those made up to {since.made_until}",
        )
    yield s.refuse(PATH, why=why, place="evaluate.contract", defects=s.defects(PATH))


def counted_towards(asked: CountTowards, s: Situation) -> Iterator[Finding]:
    """A contract of the predecessor is one of this service, and counts for no other by its name."""
    meant = (
        (s.contract(asked.contract),)
        if asked.contract is not None
        else tuple(each for each in s.contracts.values() if each.customer == asked.by)
    )
    old = [each for each in meant if made_as(s, each) != s.edition.service]
    paths = (PATH, "art:1.1") if old else ("art:1.1",)
    if plain_name(asked.service) == s.edition.service and any(each.is_in_force(s.on) for each in meant):
        yield s.accept(*paths, why=Words("このサービスの契約です", "it is a contract of this service"))
        return
    names = ", ".join(each.id for each in meant) or "-"
    yield s.refuse(
        *paths,
        why=Words(
            f"{names} はこのサービスの契約で、{asked.service} の前提となる契約ではありません",
            f"{names}: of this service, and not what {asked.service} requires",
        ),
        place="count-towards.service",
        defects=s.defects(*paths),
    )
