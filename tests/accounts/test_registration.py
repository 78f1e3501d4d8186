"""A registration number is T and thirteen digits of which the first checks the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.accounts import check_digit, provider_json, provider_of, registration_number
from kitei.values import JsonObject

bases = st.text("0123456789", min_size=12, max_size=12)

# Corporate numbers that are public: the National Tax Agency's own and a ministry's.
PUBLISHED = ["T7000012050002", "T8000012050001"]


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_numbers_are_right(number: str) -> None:
    assert registration_number(number) == number


def test_widths_spaces_and_hyphens_do_not_matter() -> None:
    assert (
        registration_number("Ｔ7-0000-1205-0002") == registration_number(" t7000012050002 ") == PUBLISHED[0]
    )


@given(bases)
def test_exactly_one_first_digit_is_right(base: str) -> None:
    right = [digit for digit in "0123456789" if _is_right(f"T{digit}{base}")]
    assert right == [str(check_digit(base))] and right != ["0"]


@given(bases, st.integers(0, 11), st.integers(1, 8))
def test_one_mistyped_digit_is_found(base: str, place: int, more: int) -> None:
    digit = (int(base[place]) + more) % 10
    mistyped = f"{base[:place]}{digit}{base[place + 1 :]}"
    # The rule counts by 9: 0 and 9 weigh the same, in any place.
    same = {int(base[place]), digit} == {0, 9}
    assert same or not _is_right(f"T{check_digit(base)}{mistyped}")


@pytest.mark.parametrize("wrong", ["", "7000012050002", "T700001205000", "T70000120500022", "TX000012050002"])
def test_another_shape_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="write T and 13 digits"):
        registration_number(wrong)


def test_the_right_digit_is_named() -> None:
    with pytest.raises(ValueError, match="check digit is 7"):
        registration_number("T1000012050002")


def test_a_provider_reads_back_and_a_bad_one_tells_every_fault() -> None:
    both: JsonObject = {"ja": "北極星", "en": "Polaris"}
    told: JsonObject = {"name": both, "address": both, "registration": PUBLISHED[0], "contact": "a@b.example"}
    provider = provider_of(told)
    assert provider_of(provider_json(provider)) == provider
    with pytest.raises(ValueError) as wrong:
        provider_of({"name": "Polaris", "address": {"ja": "東京"}, "registration": "T1", "contact": " "})
    for place in ("name:", "address:", "registration:", "contact:"):
        assert place in str(wrong.value)


def _is_right(number: str) -> bool:
    try:
        return registration_number(number) == number
    except ValueError:
        return False
