"""Article 4: what is prepared before use, and what may be withheld until then."""

from collections.abc import Iterator

from kitei.clauses.acts import Act
from kitei.clauses.notice import still_in_force
from kitei.clauses.readiness import Readiness, not_prepared, prepared_ones
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.ddos.application import Apply, Change
from kitei.services.ddos.contract import ROUTER, is_rental, item_on, router
from kitei.services.ddos.operation import Provision
from kitei.services.ddos.rules.items import place_of
from kitei.terms import Choice
from kitei.values import Words

ENVIRONMENT = "environment"


def is_class_i(s: Situation, item: str) -> bool:
    """Whether an item is one of class I: E, X or P."""
    choice = s.choice("items", item)
    return choice is not None and choice.text("group") == "I"


def preparations(s: Situation, contract: Contract, option: str | None = None) -> tuple[Choice, ...]:
    """What has to be ready for a contract; with `option`, for its tunnel router."""
    rental = is_rental(router(contract, s.on))
    whose = {"rental": rental, "I": is_class_i(s, item_on(contract, s.on))}
    return tuple(each for each in s.edition.value("preparations").choices if whose[each.text("whose")])


def needed(s: Situation, contract: Contract) -> tuple[Choice, ...]:
    return preparations(s, contract)


READINESS = Readiness(needed)


def provided_alive(asked: Provision, s: Situation) -> Iterator[Finding]:
    """Only a contract that is in force, with the option it is about, can be provided."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:4.3", contract)
    if asked.option == ROUTER and router(contract, s.on) is None:
        yield s.refuse(
            "art:10.2.9",
            why=Words("トンネルルータオプションがありません", "there is no tunnel router option"),
            place="provision.option",
        )


def prepared(asked: Provision, s: Situation) -> Iterator[Finding]:
    """Art. 4.1 to 4.3: what is not prepared lets the operator withhold the service, without default."""
    contract = s.contract(asked.contract)
    if not is_rental(router(contract, s.on)):
        yield s.confirm(_OWN, "art:4.1")
    items = preparations(s, contract, asked.option)
    yield from prepared_ones(s, [(each, asked.known.ready.get(each.slug)) for each in items])


_OWN = Words(
    "装置を貸していないので、その準備は要りません", "no device is lent, so none has to be prepared for"
)


def environment(asked: Act, s: Situation) -> Iterator[Finding]:
    """Art. 4.2 when a class I contract is asked for, or becomes one: conditions known not to be met are told."""
    ready = asked.known.ready.get(ENVIRONMENT)
    if ready is None:
        return
    for part, item, place in _concerned(asked):
        if not is_class_i(s, item):
            continue
        if ready:
            yield s.accept(
                "art:4.2",
                why=Words("環境条件は満たされています", "the environment conditions are met"),
                part=part,
            )
        else:
            yield not_prepared(s, s.lists["preparations"][ENVIRONMENT], ready, place, part)


def _concerned(asked: Act) -> Iterator[tuple[int | None, str, str]]:
    """The items that an act is about: which of the batch, the item, and its place."""
    if isinstance(asked, Apply):
        for index, wanted in enumerate(asked.services):
            yield index, wanted.item, f"{place_of(index)}.item"
    elif isinstance(asked, Change) and asked.item:
        yield None, asked.item, "change.item"
