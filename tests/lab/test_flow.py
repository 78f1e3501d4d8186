"""What became of a stream: lost, late, twice, and the longest silence."""

from hypothesis import given
from hypothesis import strategies as st

from kitei.lab.stream import flow

SENT = [0.01 * number for number in range(100)]


def arrivals(numbers: list[int]) -> list[tuple[int, float]]:
    return [(number, SENT[number] + 0.001) for number in numbers]


def test_an_undisturbed_stream_loses_nothing() -> None:
    whole = flow(SENT, arrivals(list(range(100))))
    assert (whole.sent, whole.lost, whole.out_of_order, whole.duplicated) == (100, 0, 0, 0)
    assert whole.longest_gap < 12


def test_a_silence_in_the_middle_is_the_longest_gap() -> None:
    assert flow(SENT, arrivals([*range(30), *range(60, 100)])).longest_gap == 310.0


def test_a_silence_that_never_ends_counts_to_the_last_datagram_sent() -> None:
    cut = flow(SENT, arrivals(list(range(50))))
    assert cut.lost == 50
    assert cut.longest_gap == 499.0


def test_a_stream_that_never_arrived_is_one_long_gap() -> None:
    assert flow(SENT, []).longest_gap == 990.0


def test_order_and_copies_are_told() -> None:
    seen = flow(SENT, [(0, 0.0), (2, 0.021), (1, 0.022), (1, 0.023)])
    assert (seen.out_of_order, seen.duplicated, seen.lost) == (1, 1, 97)


@given(st.sets(st.integers(0, 99)))
def test_what_arrived_and_what_was_lost_are_all_that_was_sent(numbers: set[int]) -> None:
    assert flow(SENT, arrivals(sorted(numbers))).lost == 100 - len(numbers)
