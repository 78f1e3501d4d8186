"""Exporters that fall silent, drop or cannot be read are told once, and told when it is over."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address

from kitei.collect.exporters import UNHEARD, Healths, Notice, look, patience
from kitei.collect.meter import Heard

SECOND = 10**9
ONE = Heard(
    ip_address("192.0.2.1"), None, 2055, "netflow9", 1, 1 * SECOND, 1 * SECOND,
    1, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, False,
)  # fmt: skip


def after(states: Iterable[tuple[int, Heard]], healths: Healths = UNHEARD) -> list[Notice]:
    found: list[Notice] = []
    for at, heard in states:
        healths, notices = look(healths, [heard], at * SECOND)
        found += notices
    return found


def at(seconds: int, **more: int) -> Heard:
    """Heard until then, one datagram a second."""
    return replace(ONE, last_ns=seconds * SECOND, datagrams=seconds, records=seconds * 10, **more)


def kinds(notices: Iterable[Notice]) -> list[tuple[int, str]]:
    return [(each.at_ns // SECOND, each.kind) for each in notices]


def test_one_datagram_is_nothing_to_speak_of() -> None:
    assert after((n, ONE) for n in range(1, 100)) == []


def test_silence_is_told_once_and_so_is_its_end() -> None:
    said = after([(n, at(min(n, 30))) for n in range(1, 90)] + [(n, at(n)) for n in range(90, 100)])
    assert kinds(said) == [(2, "new"), (51, "silent"), (90, "back")]
    assert "60 s" in said[-1].words.en


def test_a_slow_exporter_is_given_twenty_of_its_intervals() -> None:
    slow = replace(ONE, last_ns=601 * SECOND, datagrams=31)  # one in twenty seconds
    assert patience(slow) == 400 * SECOND
    assert patience(replace(slow, datagrams=2)) == 600 * SECOND


def test_losses_are_told_as_they_grow() -> None:
    said = after([(1, at(1)), (2, at(2)), (3, at(3, lost=5)), (4, at(4, lost=5)), (5, at(5, lost=7))])
    assert kinds(said) == [(2, "new"), (3, "dropping"), (5, "dropping")]
    assert [each.words.en for each in said[1:]] == [
        "5 datagrams were lost on the way",
        "2 datagrams were lost on the way",
    ]


def test_an_exporter_that_drops_samples_itself_is_told() -> None:
    said = after([(2, at(2)), (3, at(3, source_drops=4)), (4, at(4, source_drops=4))])
    assert kinds(said) == [(2, "new"), (3, "dropping")]
    assert said[-1].words.en == "dropped 4 samples itself"


def test_data_without_its_template_is_told_after_a_minute() -> None:
    said = after((n, at(n, missing_templates=n)) for n in range(1, 200))
    assert kinds(said) == [(2, "new"), (62, "unread")]


def test_a_restart_is_told() -> None:
    assert kinds(after([(2, at(2)), (3, at(3, restarts=1)), (4, at(4, restarts=1))])) == [
        (2, "new"),
        (3, "restarted"),
    ]
