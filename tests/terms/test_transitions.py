"""Transitional provisions: what a contract has become, by which of them, and what nobody can newly have."""

from datetime import date

from kitei.terms import Cite, Transition, carry_over, withdrawn

EDITION = date(2024, 5, 1)
CHANGE = date(2010, 2, 1)


def transition(path: str, on: date = CHANGE, **given: object) -> Transition:
    shape: dict[str, object] = {
        "where": {},
        "sets": {},
        "keeps": (),
        "withdraws": {},
        "made_until": None,
        "exception_to": (),
    }
    return Transition(cite=Cite("a-service", EDITION, path), on=on, **{**shape, **given})  # type: ignore[arg-type]


END = transition("suppl:2010-02-01.2", withdraws={"plan": "one"})
CARRY = transition(
    "suppl:2010-02-01.3",
    where={"plan": "one"},
    sets={"plan": "two"},
    keeps=("price",),
    made_until=date(2010, 1, 31),
)
SPARE = transition(
    "suppl:2010-02-01.3.s2",
    where={"plan": "one", "make": "old"},
    keeps=("terms",),
    made_until=date(2010, 1, 31),
    exception_to=("suppl:2010-02-01.2", "suppl:2010-02-01.3"),
)
LATER = transition("suppl:2010-04-01.3", date(2010, 4, 1), where={"plan": "one"}, sets={"plan": "two"})
ALL = (LATER, END, CARRY, SPARE)
MADE = date(2009, 12, 20)


def paths(cites: tuple[Cite, ...]) -> list[str]:
    return [cite.path for cite in cites]


def test_before_its_day_nothing_changes() -> None:
    standing = carry_over(ALL, {"plan": "one"}, MADE, date(2010, 1, 31))
    assert standing.attributes == {"plan": "one"}
    assert standing.cites == ()


def test_on_its_day_a_contract_becomes_what_it_says_and_keeps_what_it_says() -> None:
    standing = carry_over(ALL, {"plan": "one"}, MADE, CHANGE)
    assert standing.attributes == {"plan": "two"}
    assert standing.keeps == ("price",)
    assert paths(standing.cites) == ["suppl:2010-02-01.2", "suppl:2010-02-01.3"]


def test_an_exception_silences_what_it_is_an_exception_to_until_a_later_day() -> None:
    old = {"plan": "one", "make": "old"}
    assert carry_over(ALL, old, MADE, CHANGE).attributes == old
    later = carry_over(ALL, old, MADE, date(2010, 4, 1))
    assert later.attributes == {"plan": "two", "make": "old"}
    assert paths(later.cites) == ["suppl:2010-02-01.3.s2", "suppl:2010-04-01.3"]


def test_a_contract_made_since_is_not_carried_over() -> None:
    assert carry_over(ALL, {"plan": "one"}, CHANGE, date(2010, 3, 31)).cites == ()
    assert carry_over(ALL, {"plan": "two"}, MADE, CHANGE).cites == ()


def test_what_is_withdrawn_cannot_be_newly_had_from_that_day() -> None:
    assert withdrawn(ALL, {"plan": "one"}, date(2010, 1, 31)) == ()
    assert withdrawn(ALL, {"plan": "one"}, CHANGE) == (END,)
    assert withdrawn(ALL, {"plan": "two"}, CHANGE) == ()
