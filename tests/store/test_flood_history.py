"""What a collector counted is in Parquet once, whatever dies meanwhile, and questions give the same numbers."""

import json
import sys
from collections import Counter
from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from kitei.collect.capture import frames
from kitei.collect.detection import NO_WATCHES, judge
from kitei.collect.history import Diary
from kitei.collect.meter import Flow
from kitei.collect.policies import read_policies
from kitei.collect.policy import Policy, book_of
from kitei.collect.replay import Replay
from kitei.network.sheaf import MINUTE, BadSheaf, SheafName, first_second, read_sheaf, set_ahead
from kitei.store.history import KEPT_CLOSE_DAYS, KEPT_DAYS, Day, History
from kitei.store.tallies import daily, peak, samples, seconds, sources, top
from kitei.values import Month

sys.path.insert(0, str(Path(__file__).parents[1] / "collect"))
from flow_exports import ethernet, ip4, pcap, tcp, udp

SHARED = Path(__file__).parents[3] / "shared" / "data" / "flows"
START = first_second(date(2026, 6, 10)) + 6 * 3600
POLICY = """
[[policy]]
name = "acme"
prefixes = ["10.0.0.0/24"]
host = { pps = 500 }
[policy.timing]
calm = 10
[[policy]]
name = "acme/dns"
prefixes = ["10.0.0.0/28"]
host = { udp-pps = 100000 }
[[policy]]
name = "beta"
prefixes = ["10.0.1.0/24"]
host = { pps = 100000 }
"""
NAME = str(SheafName(START, 0, "c1"))


def line(at: int = START, contract: str = "acme", packets: int = 5) -> str:
    return json.dumps(["port", at, contract, "10.0.0.0/24", 53, packets])


def flooded(path: Path) -> Path:
    """Three minutes: a little to two hosts all the time, a flood of SYN to one of them for twenty seconds."""
    packets = []
    for at in range(180):
        packets.append((START + at + 0.1, ethernet(0x0800, ip4("192.0.2.9", "10.0.0.5", 17, udp(9, 53)))))
        packets.append((START + at + 0.2, ethernet(0x0800, ip4("192.0.2.9", "10.0.1.5", 6, tcp(9, 443)))))
        if 70 <= at < 90:
            for n in range(600):
                syn = ethernet(0x0800, ip4(f"198.51.100.{n % 200}", "10.0.0.5", 6, tcp(n, 80)))
                packets.append((START + at + 0.3 + n / 1000, syn))
    return pcap(packets, path)


def diary(capture: Path, folder: Path, policy: str = POLICY, *, whole: bool = True) -> Diary:
    """A capture, judged and kept as a collector does."""
    book = read_policies(policy)
    kept, watches = Diary(folder, "c1"), NO_WATCHES
    for second in Replay(capture, book.limits(), taking="packets", whole=whole).seconds():
        watches, decisions = judge(book, watches, second)
        kept.take(book, second, decisions)
    kept.close()
    return kept


def gathered(kept: Diary, folder: Path) -> History:
    history = History(folder)
    for name, text in kept.finished():
        assert history.take("n1", name, text)
    assert not history.gather().bad
    return history


def counted(capture: Path, prefix: str) -> Counter[str]:
    """Packets and bytes of a capture by another reader: straight from the frames."""
    found: Counter[str] = Counter()
    for frame in frames(capture):
        head = frame.head[14:]
        target = str(ip_address(head[16:20]))
        if target.startswith(prefix):
            found["packets"] += 1
            found["bytes"] += frame.length
            found[target] += frame.length
            found[f"protocol {head[9]}"] += 1
    return found


def test_questions_give_the_numbers_counted_from_the_capture(tmp_path: Path) -> None:
    capture = flooded(tmp_path / "a.pcap")
    history = gathered(diary(capture, tmp_path / "diary"), tmp_path / "history")
    for contract, prefix in (("acme", "10.0.0."), ("beta", "10.0.1.")):
        other = counted(capture, prefix)
        (day,) = daily(history, contract, Month(2026, 6))
        assert (day.packets, day.bytes, day.judged) == (other["packets"], other["bytes"], 180)
        by = {each.name: each for each in top(history, "protocol", START, START + 180, contract=contract)}
        assert by["tcp"].packets == other["protocol 6"] and by["udp"].packets == other["protocol 17"]
    targets = top(history, "target", START, START + 180)
    assert [(each.name, each.bytes) for each in targets] == [
        (name, counted(capture, name)[name]) for name in ("10.0.0.5", "10.0.1.5")
    ]
    assert [each.name for each in top(history, "port", START, START + 180, contract="acme")] == ["80", "53"]
    assert top(history, "target", START + 180, START + 400) == ()


def test_an_attack_is_kept_second_by_second_from_its_alarm_to_its_release(tmp_path: Path) -> None:
    history = gathered(diary(flooded(tmp_path / "a.pcap"), tmp_path / "diary"), tmp_path / "history")
    rows = history.query(
        "decision", date(2026, 6, 10), date(2026, 6, 10), "SELECT moment, kind FROM lines", {}
    )
    assert [(at - START, kind) for at, kind in sorted(rows)] == [(72, "alarm"), (99, "release")]
    found = peak(history, "acme", "10.0.0.5", START, START + 180)
    assert found is not None and (found.pps, found.bps, found.seconds) == (601, (600 * 54 + 42) * 8, 27)
    series = seconds(history, "acme", "10.0.0.5", START, START + 180)
    assert [at - START for at, _, _ in series] == list(range(72, 99))
    assert peak(history, "acme", "10.0.0.77", START, START + 180) is None


def test_flows_of_a_sample_are_evidence_of_who_sent(tmp_path: Path) -> None:
    book = read_policies(POLICY)
    run = Replay(flooded(tmp_path / "a.pcap"), book.limits(), taking="packets", whole=True)
    run._meter.tap(50)
    kept = Diary(tmp_path / "diary")
    for second in run.seconds():
        kept.take(book, second, (), run._meter.tapped())
        run._meter.tap(50)
    kept.close()
    history = gathered(kept, tmp_path / "history")
    flows = samples(history, "acme", "10.0.0.5", START, START + 180, 5)
    assert [(each.src, each.dport, each.protocol) for each in flows] == [("192.0.2.9", 53, 17)] * 5
    names = [each.name for each in sources(history, "acme", "10.0.0.0/24", START + 75, START + 80, 100)]
    assert "198.51.100.7" in names and len(names) == 49  # 48 of each second's SYN, and the one that asks
    assert top(history, "source", START, START + 180, contract="beta")[0].name == "192.0.2.9"


def test_a_sheaf_counts_once_however_often_it_is_told(tmp_path: Path) -> None:
    history = History(tmp_path)
    assert history.take("n1", NAME, line()) is True
    assert history.take("n1", NAME, line()) is False
    assert history.gather().sheaves == 1
    assert history.take("n1", NAME, line()) is False
    assert history.gather().sheaves == 0
    assert history.take("n2", NAME, line()) is True  # another node's of the same name is another sheaf
    history.gather()
    assert top(history, "port", START, START + MINUTE)[0].packets == 10


@pytest.mark.parametrize("where", ["before the manifest", "before the waiting sheaf goes"])
def test_a_gathering_that_dies_loses_and_doubles_nothing(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path)
    history.take("n1", NAME, line())

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(*((Day, "write", die) if where == "before the manifest" else (Path, "unlink", die)))
        with pytest.raises(KeyboardInterrupt):
            history.gather()
    seen = [each.packets for each in top(history, "port", START, START + 60)]
    assert seen == ([] if where == "before the manifest" else [5])
    history.gather()
    assert [each.packets for each in top(history, "port", START, START + 60)] == [5]
    folder = history.day_folder(date(2026, 6, 10))
    assert {each.name for each in folder.iterdir()} == {"manifest.json", *Day.read(folder).files["port"]}


def test_many_small_files_of_a_day_become_one(tmp_path: Path) -> None:
    history = History(tmp_path)
    for minute in range(30):
        at = START + minute * MINUTE
        history.take("n1", str(SheafName(at, 0, "c1")), line(at))
        history.gather()
        assert len(history.files("port", date(2026, 6, 10), date(2026, 6, 10))) <= 13
    assert top(history, "port", START, START + 3600)[0].packets == 150


def test_history_is_kept_as_long_as_it_says_and_no_longer(tmp_path: Path) -> None:
    history = History(tmp_path)
    flow = json.dumps(["flow", START, "acme", "192.0.2.1", 1, "10.0.0.5", 2, 17, 100, 1, 0, "192.0.2.254"])
    history.take("n1", NAME, f"{line()}\n{flow}")
    history.gather()
    day = date(2026, 6, 10)
    assert history.forget(day + timedelta(days=KEPT_CLOSE_DAYS)) == ()
    assert history.forget(day + timedelta(days=KEPT_CLOSE_DAYS + 1)) == (day,)
    assert history.files("flow", day, day) == () and len(history.files("port", day, day)) == 1
    assert history.forget(day + timedelta(days=KEPT_DAYS + 1)) == (day,)
    assert history.days() == () and not history.day_folder(day).exists()


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        '["flood", 1]',
        '["port", 1, "acme"]',
        line(START + 2 * MINUTE),
        line(packets=-1),
        line(packets=2**63),
        line(contract="a\0b"),
        line(contract="\ud800"),
        line(contract="x" * 1000),
        '["port", 1.5, "acme", "t", 53, 1]',
    ],
)
def test_a_sheaf_that_is_wrong_is_refused_whole_with_its_line(tmp_path: Path, text: str) -> None:
    history = History(tmp_path)
    with pytest.raises(BadSheaf, match=r"line 2"):
        history.take("n1", NAME, f"{line()}\n{text}\n{line()}")
    assert history.gather().sheaves == 0


@pytest.mark.parametrize(
    "name", ["../../x.sheaf", "1700000041-00.0-c1.sheaf", "1700000040-60.0-c1.sheaf", f"{NAME}/.."]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    for node, wanted in (("n1", name), ("../n1", NAME)):
        with pytest.raises(BadSheaf):
            History(tmp_path / "h").take(node, wanted, line())
    assert list(tmp_path.iterdir()) == []


def test_quotes_commas_and_nulls_of_a_hostile_name_come_back_as_they_were(tmp_path: Path) -> None:
    history = History(tmp_path / "it's")
    names = ['a"b', "a,b", "'; DROP TABLE rows; --", "NULL", "日本"]
    history.take("n1", NAME, "\n".join(line(contract=each) for each in names))
    history.gather()
    for each in names:
        assert top(history, "port", START, START + 60, contract=each)[0].packets == 5


def test_what_exceeds_a_minutes_bounds_is_counted_in_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kitei.collect.history._HOSTS", 1)
    kept = diary(flooded(tmp_path / "a.pcap"), tmp_path / "diary")
    for name, text in kept.finished():
        rows = read_sheaf(SheafName.parse(name), text)
        told = {row[2]: row[3] for row in rows["note"]}
        assert told["seconds"] == told["left out: hosts"] > 0
        assert [row[2] for row in rows["minute"]].count("prefix") == 2


def test_a_diary_that_nobody_reads_stays_within_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kitei.collect.history.SHEAVES", 2)
    kept = list(diary(flooded(tmp_path / "a.pcap"), tmp_path / "diary").finished())
    assert [name[:10] for name, _ in kept] == [str(START + 60), str(START + 120)]
    assert '"sheaves dropped",1' in kept[-1][1]


def test_a_replayed_capture_of_others_comes_to_the_same_numbers(tmp_path: Path) -> None:
    captures = sorted(SHARED.rglob("*.pcap")) if SHARED.exists() else []
    if not captures:
        pytest.skip(f"no captures under {SHARED}")
    compared = 0
    for n, capture in enumerate(captures):
        flows = flows_of(capture)
        prefixes = {f"{each.dst}/{24 if each.dst.version == 4 else 64}" for each in flows}
        book = book_of((Policy("all", tuple({ip_network(each, strict=False) for each in prefixes})),))
        kept = Diary(tmp_path / f"d{n}", "c1")
        for second in Replay(capture, book.limits()).seconds():
            kept.take(book, second, ())
        kept.close()
        if not flows:
            continue
        history = gathered(kept, tmp_path / f"h{n}")
        first, last = history.days()[0], history.days()[-1]
        sql = "SELECT sum(packets), sum(bytes) FROM lines WHERE scope = 'prefix'"
        ((packets, size),) = history.query("minute", first, last, sql, {})
        assert packets == sum(each.packets for each in flows), capture
        assert size == sum(each.bytes for each in flows), capture
        compared += 1
    assert compared, "no capture had traffic to count"


def flows_of(capture: Path) -> tuple[Flow, ...]:
    """Every flow of a capture as it is read, without counting."""
    run = Replay(capture, {})
    run._meter.tap(100_000)
    list(run.seconds())
    return run._meter.tapped()


def test_a_full_minute_goes_in_parts_that_come_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kitei.network.sheaf.LONGEST", 500)
    kept = diary(flooded(tmp_path / "a.pcap"), tmp_path / "diary")
    assert len(list(kept.finished())) > 10 and all(len(text) <= 500 for _, text in kept.finished())
    history = gathered(kept, tmp_path / "history")
    (day,) = daily(history, "acme", Month(2026, 6))
    assert (day.packets, day.judged) == (12_180, 180)


def test_a_collector_that_dies_under_attack_loses_seconds_and_not_the_minute(tmp_path: Path) -> None:
    book, watches = read_policies(POLICY), NO_WATCHES
    kept = Diary(tmp_path / "diary", "c1")
    for second in Replay(flooded(tmp_path / "a.pcap"), book.limits(), taking="packets", whole=True).seconds():
        if second.at == START + 96:  # killed: nothing is closed
            kept = Diary(tmp_path / "diary", "c1")
        watches, decisions = judge(book, watches, second)
        kept.take(book, second, decisions)
    kept.close()
    (day,) = daily(gathered(kept, tmp_path / "history"), "acme", Month(2026, 6))
    assert day.judged == 180 - 3  # the sheaf before ended with second 92


def test_of_several_collectors_a_minute_was_watched_as_long_as_one_of_them_did(tmp_path: Path) -> None:
    history = History(tmp_path)
    for name, first, count in (("c1", 0, 20), ("c1", 30, 25), ("c2", 0, 40)):
        text = json.dumps(["note", START, name, "seconds", count])
        history.take("n1", str(SheafName(START, first, name)), text)
    history.gather()
    (day,) = daily(history, "acme", Month(2026, 6))
    assert day.judged == 45


@pytest.mark.parametrize("ahead", [-86_400 * 164 - 17, -1, 0, 59, 86_400 * 365 + 31])
def test_a_sheaf_set_ahead_says_the_same_of_another_time(tmp_path: Path, ahead: int) -> None:
    name, text = set_ahead(SheafName.parse(NAME), f"{line()}\n{line(START + 59)}", ahead)
    history = History(tmp_path)
    assert history.take("n1", str(name), text) and not history.gather().bad
    first = START + ahead
    assert [each.packets for each in top(history, "port", first, first + 60)] == [10]
    assert top(history, "port", first + 60, first + 600) == top(history, "port", first - 600, first) == ()
