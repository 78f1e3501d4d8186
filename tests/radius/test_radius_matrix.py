"""Matrix authentication: grids, patterns, who is locked out; and how well it resists guesses, measured."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.radius.challenges import FAILURES, LOCKED, Challenges
from kitei.radius.matrix import CELLS, answer_to, make_grid, matrix_fault, read_matrix, resistance, shown
from kitei.radius.policy import Answer, Reason, User

PATTERN = "A1 C2 L4 F3 B2 K1 +tail"


@given(st.randoms(use_true_random=False))
def test_digits_of_a_grid_are_spread_evenly(drawn: random.Random) -> None:
    grid = make_grid(drawn.randrange)
    assert len(grid) == CELLS and sorted(Counter(grid).values()) == [4, 4, *[5] * 8]


def test_an_answer_is_read_off_at_the_cells_and_ends_with_the_phrase() -> None:
    grid = "012345678901123456789012234567890123345678901234"
    assert answer_to(read_matrix(PATTERN), grid) == "034720tail"
    lines = shown(grid).splitlines()
    assert lines[0].split() == list("ABCDEFGHIJKL") and lines[2].split() == ["2", *"123456789012"]


@pytest.mark.parametrize(
    ("pattern", "right"),
    [
        (PATTERN, True),
        ("a1 c2 l4 f3 b2 k1", True),
        ("A1 C2 L4 F3 B2", False),
        ("A1 C2 L4 F3 B2 A1", False),
        ("A1 B1 C1 D1 E1 F1", False),
        ("F4 E4 D4 C4 B4 A4", False),
        ("A1 A2 A3 A4 B4 B3", False),
        ("L1 A2 B2 C2 D2 E2", False),
        ("A1 C2 L4 F3 B2 M1", False),
        ("A1 C2 L4 F3 B2 A0", False),
        ("", False),
    ],
)
def test_weak_patterns_are_refused(pattern: str, right: bool) -> None:
    assert (matrix_fault(pattern) is None) is right


def read_off(said: str) -> str:
    """The answer to a challenge as a user reads it."""
    rows = said.splitlines()[1:5]
    grid = "".join("".join(row.split()[1:]) for row in rows)
    return answer_to(read_matrix(PATTERN), grid)


class Stand:
    """One user's logins, with a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.open = Challenges(lambda: self.now)
        self.user = User(matrix=PATTERN, reply=(("Class", "staff"),))

    def ask(self, who: str = "ann@r", is_right: bool = True, **request: str) -> Answer:
        password = Answer("accept") if is_right else Answer("refuse", Reason.WRONG_SECRET)
        return self.open.login(who, self.user, request, lambda: password)

    def grid(self) -> tuple[str, str]:
        found = self.ask()
        assert found.act == "challenge"
        told = dict(found.reply)
        return told["Reply-Message"], told["State"]

    def answer(self, said: str, state: str, who: str = "ann@r") -> Answer:
        return self.ask(who, is_right=False, **{"State": state, "User-Password": said})


def test_a_grid_is_answered_once_by_its_user_and_in_time() -> None:
    stand = Stand()
    said, state = stand.grid()
    found = stand.answer(read_off(said), state)
    assert (found.act, found.reply) == ("accept", stand.user.reply) and found.control, "and not remembered"
    assert stand.answer(read_off(said), state).reason is Reason.WRONG_SECRET, "it is over"
    said, state = stand.grid()
    assert stand.answer(read_off(said), state, "bob@r").reason is Reason.WRONG_MATRIX
    said, state = stand.grid()
    stand.now += 1000.0
    assert stand.answer(read_off(said), state).reason is Reason.WRONG_MATRIX


def test_a_grid_is_shown_to_nobody_but_who_knows_the_password_and_has_a_pattern() -> None:
    stand = Stand()
    assert stand.ask(is_right=False).reason is Reason.WRONG_SECRET
    stand.user = User()
    assert stand.ask().reason is Reason.NO_MATRIX


def test_who_fails_five_times_is_locked_out_for_a_while() -> None:
    stand = Stand()
    said, kept = stand.grid()
    for _ in range(FAILURES):
        assert stand.answer("wrong", stand.grid()[1]).reason is Reason.WRONG_MATRIX
    assert stand.ask().reason is Reason.LOCKED
    assert stand.answer(read_off(said), kept).reason is Reason.LOCKED, "a grid from before helps nobody"
    assert stand.ask("bob@r").act == "challenge"
    stand.now += LOCKED + 1
    assert stand.ask().act == "challenge"


def test_resistance_is_what_the_documentation_says() -> None:
    drawn = random.Random(1)
    measured = [resistance(6, logins, 2000, drawn.randrange) for logins in range(3)]
    assert measured[0] < 1.4e-6 and 0.0005 < measured[1] < 0.02 and measured[2] > 0.1
