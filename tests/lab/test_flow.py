"""What became of a stream: lost, late, twice, and the longest silence."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.lab.stream import MARK, SO_RXQ_OVFL, flow, take

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


def test_what_found_no_room_at_its_receiver_is_no_loss_of_the_network() -> None:
    got: list[tuple[int, float]] = []
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        wire.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        wire.bind(("127.0.0.1", 0))
        wire.setblocking(False)
        for number in range(50):
            other.sendto(number.to_bytes(8) + MARK, wire.getsockname())
        take(wire, got)
        assert 0 < len(got) < 50
        other.sendto((50).to_bytes(8) + MARK, wire.getsockname())  # it tells of those before it
        with pytest.raises(OverflowError, match=f"{50 - len(got)} datagrams found no room"):
            take(wire, got)
