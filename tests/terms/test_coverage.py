"""An edition is weighed against the code: what nobody speaks for is open."""

from dataclasses import replace
from datetime import date

from kitei.terms import Cite, Edition, Honoured, Provision, Spoken, Value, coverage
from kitei.terms.coverage import Tally
from kitei.values import Words

DAY = date(2024, 5, 1)
NOTHING = Words("", "")


def provision(path: str, kind: str, *ways: Honoured) -> Provision:
    return Provision(Cite("a-service", DAY, path), NOTHING, NOTHING, kind, ways)


EDITION = Edition(
    "a-service",
    DAY,
    {
        each.path: each
        for each in (
            provision("art:1", "fee", Honoured("rule", "art:1"), Honoured("value", "price")),
            provision("art:2", "fee", Honoured("rule", "art:1")),
            provision("art:3", "technical", Honoured("network", "Guard"), Honoured("rule", "art:3")),
            provision("art:4", "customer-duty", Honoured("deadline", "return")),
            provision("art:5", "customer-duty", Honoured("note", Words("人の仕事", "people's work"))),
        )
    },
    {"price": Value("price", 1, Cite("a-service", DAY, "art:1"), NOTHING)},
    (),
    {},
    "",
)
SPOKEN = Spoken(frozenset({"art:1", "art:3"}), frozenset({"art:3"}), frozenset({"art:4"}))


def test_code_that_speaks_for_everything_leaves_nothing_open() -> None:
    found = coverage(EDITION, SPOKEN)
    assert found.is_complete
    assert len(found.honoured) == 5
    assert found.by_class() == {"customer-duty": Tally(2, 0), "fee": Tally(2, 0), "technical": Tally(1, 0)}


def test_a_removed_rule_opens_every_provision_that_rested_on_it() -> None:
    found = coverage(EDITION, replace(SPOKEN, rules=frozenset({"art:3"})))
    assert [each.provision.path for each in found.open] == ["art:1", "art:2"]
    assert found.by_class()["fee"] == Tally(0, 2)
    assert str(found.open[0]) == "a-service@2024-05-01#art:1 lacks rule art:1"
    assert not found.is_complete


def test_each_way_that_is_named_must_be_there() -> None:
    found = coverage(EDITION, Spoken(rules=SPOKEN.rules))
    assert [(each.provision.path, each.lacking[0].by) for each in found.open] == [
        ("art:3", "network"),
        ("art:4", "deadline"),
    ]


def test_code_that_speaks_for_what_the_edition_has_not_is_stray() -> None:
    found = coverage(EDITION, replace(SPOKEN, network=frozenset({"art:3", "art:9"})))
    assert found.stray == (("network", "art:9"),)
    assert not found.is_complete


def test_a_value_that_the_edition_lacks_leaves_its_provision_open() -> None:
    found = coverage(replace(EDITION, values={}), SPOKEN)
    assert [str(each) for each in found.open] == ["a-service@2024-05-01#art:1 lacks value price"]


def test_a_part_of_the_network_that_is_to_come_is_told_apart() -> None:
    found = coverage(EDITION, replace(SPOKEN, network=frozenset(), to_come=Words("後", "later")))
    assert [each.path for each in found.awaiting] == ["art:3"]
    assert found.is_complete


def test_what_is_to_come_hides_no_rule_that_is_missing() -> None:
    lacking = replace(SPOKEN, rules=frozenset({"art:1"}), network=frozenset(), to_come=Words("後", "later"))
    found = coverage(EDITION, lacking)
    assert [each.provision.path for each in found.open] == ["art:3"]
    assert found.awaiting == ()
