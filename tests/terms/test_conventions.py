"""Conventions: what is open has a name, a default and an operator's choice."""

import re
from datetime import date
from pathlib import Path

import pytest

from kitei.terms import Conventions, Setting, known_conventions

TODAY = date(2026, 6, 1)
DOCUMENT = Path(__file__).parents[3] / "shared" / "terms" / "conventions.md"
KNOWN = known_conventions()


def test_every_open_point_has_a_convention() -> None:
    assert {each.number for each in KNOWN.values()} == set(range(1, 67))


def test_keys_and_confidence_are_those_of_the_list_of_open_points() -> None:
    if not DOCUMENT.exists():
        pytest.skip(f"{DOCUMENT} is not here")
    text = DOCUMENT.read_text()
    listed = {match[2]: int(match[1]) for match in re.finditer(r"\*\*OQ-(\d+) `([^`]+)`\*\*", text)}
    assert len(listed) == 62
    assert {key: KNOWN[key].number for key in listed} == listed
    for number, said in re.findall(r"(?ms)^\*\*OQ-(\d+) .*?\b([HML])(?: for the [^\n]*)?$", text):
        assert {c.confidence for c in KNOWN.values() if c.number == int(number)} == {said}, number


@pytest.mark.parametrize("key", KNOWN)
def test_without_settings_the_default_is_read(key: str) -> None:
    reading = Conventions().read(key, TODAY)
    assert reading.value == KNOWN[key].ways[0].value
    assert reading.pair == (key, reading.value)
    assert reading.review is (KNOWN[key].confidence == "L")


def test_low_confidence_asks_for_review() -> None:
    assert Conventions().read("credit.claimable-from", TODAY).review
    assert not Conventions().read("credit.lapse", TODAY).review


def test_a_setting_holds_from_its_day_until_the_next() -> None:
    conventions = Conventions(
        [
            Setting("work.fee-hours", "split", date(2026, 7, 1)),
            Setting("work.fee-hours", "start-closed", date(2026, 4, 1)),
        ]
    )
    read = [
        conventions.read("work.fee-hours", day).value
        for day in (date(2026, 3, 31), date(2026, 4, 1), date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert read == ["start-half-open", "start-closed", "start-closed", "split"]
    assert conventions.read("work.fee-days", date(2026, 7, 1)).value == "every-day"


def test_of_two_settings_for_one_day_the_later_given_counts() -> None:
    settings = [Setting("money.rounding", value, TODAY) for value in ("floor", "ceil")]
    assert Conventions(settings).read("money.rounding", TODAY).value == "ceil"


def test_every_wrong_setting_is_named_with_what_is_allowed() -> None:
    with pytest.raises(ValueError) as refused:
        Conventions(
            [
                Setting("money.rounding", "sideways", TODAY),
                Setting("credit.laps", "civil-code", TODAY),
                Setting("money.rounding", "floor", TODAY),
            ]
        )
    assert "'sideways' is not a reading of 'money.rounding'; it is one of half-up, floor, ceil" in str(
        refused.value
    )
    assert "'credit.laps' is not a convention; there are credit.lapse" in str(refused.value)


def test_an_unknown_convention_cannot_be_read() -> None:
    with pytest.raises(LookupError, match=r"'mvp.orphans' is not a convention; there are mvp.orphan"):
        Conventions().read("mvp.orphans", TODAY)
