"""Silence of those who tell of a flood is not its end."""

from pathlib import Path

from flow_exports import V4, a_set, exported, flow, netflow9, pcap, template

from kitei.collect.policies import read_policies
from kitei.collect.replay import Replay, replay

START = 1_700_000_000
BOOK = read_policies(
    """
    [[policy]]
    name = "acme"
    prefixes = ["10.0.0.0/24"]
    host = { udp-pps = 1000 }
    timing = { rise = 2, window = 4, calm = 4 }
    """
)
Spoken = list[tuple[float, bytes]]


def speaking(source: str, seconds: range, packets: int, to: str = "10.0.0.5", every: int = 1) -> Spoken:
    """One exporter: its template at the start, then a record in each of some seconds."""
    found: Spoken = [(START + 0.1, exported(netflow9(template(256, V4)), source=source))]
    for n, at in enumerate(seconds):
        if at % every == 0:
            data = a_set(256, flow("1.1.1.1", to, packets * 100, packets))
            found.append((START + at + 0.5, exported(netflow9(data, sequence=1 + n), source=source)))
    return found


def decided(path: Path, *spoken: Spoken) -> list[tuple[int, str]]:
    capture = pcap(sorted(each for several in spoken for each in several), path)
    decisions, _ = replay(capture, BOOK)
    assert replay(capture, BOOK)[0] == decisions
    return [(each.at - START, each.kind) for each in decisions]


def test_an_alarm_outlives_the_silence_of_its_only_exporter(tmp_path: Path) -> None:
    first = speaking("192.0.2.1", range(1, 10), 5000)
    back = [each for each in speaking("192.0.2.1", range(40, 50), 5000) if each[0] > START + 1]
    assert decided(tmp_path / "a.pcap", first, back) == [(2, "alarm")]


def test_calm_counts_on_once_the_exporter_is_back(tmp_path: Path) -> None:
    first = speaking("192.0.2.1", range(1, 10), 5000)
    back = [each for each in speaking("192.0.2.1", range(40, 60), 5) if each[0] > START + 1]
    ((began, _), (ended, kind)) = decided(tmp_path / "a.pcap", first, back)
    assert (began, kind) == (2, "release")
    assert 40 <= ended <= 43


def test_another_exporter_that_goes_on_does_not_vouch_for_the_silent_one(tmp_path: Path) -> None:
    silent = speaking("192.0.2.1", range(1, 10), 5000)
    other = speaking("192.0.2.2", range(1, 300), 5, to="10.0.0.9")
    ((began, _), (ended, kind)) = decided(tmp_path / "a.pcap", silent, other)
    assert (began, kind) == (2, "release")
    assert 125 <= ended <= 135, "two minutes, and what was wanting of calm"


def test_an_exporter_that_speaks_every_ten_seconds_keeps_its_beat(tmp_path: Path) -> None:
    """Between two of its words it is not overdue: calm goes on counting."""
    slow = speaking("192.0.2.2", range(1, 120), 5, to="10.0.0.9", every=10)
    flooded = speaking("192.0.2.1", range(50, 60), 5000)
    calm = [each for each in speaking("192.0.2.1", range(60, 119), 5) if each[0] > START + 1]
    assert decided(tmp_path / "a.pcap", slow, flooded, calm) == [(51, "alarm"), (63, "release")]


def test_a_replay_tells_which_seconds_were_not_heard(tmp_path: Path) -> None:
    first = speaking("192.0.2.1", range(1, 10), 5)
    back = [each for each in speaking("192.0.2.1", range(15, 17), 5) if each[0] > START + 1]
    run = Replay(pcap(sorted(first + back), tmp_path / "a.pcap"), BOOK.limits())
    told = [(second.at - START, second.unheard) for second in run.seconds()]
    assert [at for at, _ in told] == list(range(17))
    assert [at for at, unheard in told if unheard] == [12, 13, 14]
    assert run.heading().seconds == 12
