"""Live reception over loopback, both families, while the interpreter is busy with something else."""

import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from threading import Thread

import pytest
from flow_exports import V4, a_set, flow, netflow5, netflow9, template

from kitei.collect.meter import Exporter, Meter, protected
from kitei.collect.receiver import Receiver, Setting, Turn, listen
from kitei.collect.sizes import Sizes

ROOT = Path(__file__).parents[2]
SMALL = Sizes(blocks=8, hosts6=64, prefixes=8, sessions=64, told_hosts=100)
HOST = "10.0.0.5"


@pytest.fixture
def place() -> Iterator[tuple[Receiver, Meter, int]]:
    with Meter(SMALL) as meter:
        meter.protect(protected("10.0.0.0/24"))
        sock = listen("::", 0)
        receiver = Receiver(meter, [sock])
        receiver.start()
        try:
            yield receiver, meter, sock.getsockname()[1]
        finally:
            receiver.close()
            sock.close()


def send(port: int, datagrams: list[bytes], to: str = "127.0.0.1", pause: float = 0.0) -> None:
    with socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for each in datagrams:
            sock.sendto(each, (to, port))
            time.sleep(pause)


def turns_until(receiver: Receiver, datagrams: int) -> list[Turn]:
    """The turns up to the one in which so many datagrams have come."""
    found: list[Turn] = []
    for _ in range(20):
        try:
            found.append(receiver.turns.get(timeout=3))
        except queue.Empty:
            break
        if found[-1].datagrams >= datagrams:
            return found
    raise AssertionError(f"only {found[-1].datagrams if found else 0} of {datagrams} datagrams came")


def test_seconds_come_out_with_what_was_sent_from_both_families(place: tuple[Receiver, Meter, int]) -> None:
    receiver, _, port = place
    records = a_set(256, flow("1.1.1.1", HOST, 100))
    for to in ("127.0.0.1", "::1"):
        send(port, [netflow9(template(256, V4)), netflow9(records, sequence=1)], to)
    turns = turns_until(receiver, 4)
    total = sum(prefix.bytes for turn in turns for prefix in turn.second.prefixes.values())
    assert total == 200
    assert {str(each.address) for each in turns[-1].heard} == {"127.0.0.1", "::1"}
    assert [turn.second.at for turn in turns] == list(
        range(turns[0].second.at, turns[0].second.at + len(turns))
    )


def test_whole_runs_of_datagrams_and_single_ones_are_each_counted_once(
    place: tuple[Receiver, Meter, int],
) -> None:
    """As a network card hands them over (UDP segmentation), runs of many lengths, the last datagram of each shorter."""
    receiver, meter, port = place
    send(port, [netflow9(template(256, V4))])
    sent = records = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        for n in range(600):
            count = (1, 2, 7, 20, 40)[n % 5]
            long = netflow9(a_set(256, flow("1.1.1.1", HOST, 100, 1) * 24), sequence=sent)
            last = netflow9(a_set(256, flow("1.1.1.1", HOST, 100, 1) * (1 + n % 24)), sequence=sent)
            size = struct.pack("=H", len(long))
            sock.sendmsg([long * (count - 1) + last], [(socket.IPPROTO_UDP, 103, size)])  # UDP_SEGMENT
            sent, records = sent + count, records + 24 * (count - 1) + 1 + n % 24
            if n % 100 == 0:
                time.sleep(0.02)
    turns = turns_until(receiver, 1 + sent)
    found = [prefix for turn in turns for prefix in turn.second.prefixes.values()]
    assert sum(each.flows for each in found) == records
    assert sum(each.bytes for each in found) == 100 * records
    assert not meter.faults() and meter.totals()["kernel_drops"] == 0


def test_receiving_goes_on_while_the_interpreter_is_busy(place: tuple[Receiver, Meter, int]) -> None:
    """Python that never rests holds the interpreter as much as it can; every datagram is still counted."""
    receiver, meter, port = place
    datagrams = [netflow5([("1.1.1.1", HOST, 100, 1)] * 30, sequence=30 * n) for n in range(20_000)]
    busy_until = time.monotonic() + 2
    send(port, datagrams)
    while time.monotonic() < busy_until:
        sum(range(1000))
    turns = turns_until(receiver, 20_000)
    assert turns[-1].kernel_drops == 0
    assert meter.totals()["records"] == 600_000
    assert sum(each.lost for each in meter.heard()) == 0


def test_prefixes_exporters_and_sockets_change_without_losing_a_datagram() -> None:
    """A sender that never pauses; every second something changes; every record is counted where it belongs."""
    with Meter(SMALL) as meter:
        sock, further = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
        places = [(sock,), (sock, further)]
        receiver = Receiver(meter, [])
        settings = [
            Setting(protected("10.0.0.0/24", *more), sockets, {ip_address("127.0.0.1"): Exporter(rate=2)})
            for more, sockets in zip(((), ("10.0.1.0/24",)), places, strict=True)
        ]
        receiver.change(settings[0])
        receiver.start()
        datagrams = [netflow5([(f"1.1.1.{n % 250}", HOST, 100, 1)], sequence=n) for n in range(5000)]
        sender = Thread(target=send, args=(sock.getsockname()[1], datagrams), kwargs={"pause": 0.0005})
        sender.start()
        turns: list[Turn] = []
        for n in range(1, 60):
            if n < 4:
                receiver.change(settings[n > 1])
            turns.append(receiver.turns.get(timeout=5))
            if turns[-1].datagrams == 5000:
                break
        send(further.getsockname()[1], [netflow5([("1.1.1.1", "10.0.1.9", 7, 1)])])
        turns += turns_until(receiver, 5001)
        sender.join()
        receiver.close()
        sums = Counter[str]()
        for turn in turns:
            sums.update({str(network): each.bytes for network, each in turn.second.prefixes.items()})
        assert sums == {"10.0.0.0/24": 5000 * 200, "10.0.1.0/24": 14}
        assert [each.lost for each in turns[-1].heard] == [0, 0]
        assert turns[-1].kernel_drops == 0


def test_a_change_without_room_leaves_what_was_and_says_so(place: tuple[Receiver, Meter, int]) -> None:
    receiver, _, _ = place
    first = Setting(protected("10.0.0.0/24"), (listen("127.0.0.1", 0),))
    receiver.change(first)
    receiver.turns.get(timeout=5)
    receiver.turns.get(timeout=5)
    further = listen("127.0.0.1", 0)
    receiver.change(Setting(protected("10.0.0.0/8"), (*first.sockets, further)))
    assert any("Sizes.blocks" in receiver.turns.get(timeout=5).refused for _ in range(3))
    assert further.fileno() == -1, "what is not listened to is closed"
    send(first.sockets[0].getsockname()[1], [netflow5([("1.1.1.1", HOST, 100, 1)])])
    (prefix,) = [each for turn in turns_until(receiver, 1) for each in turn.second.prefixes.items()]
    assert (str(prefix[0]), prefix[1].bytes) == ("10.0.0.0/24", 100)


def test_a_sample_of_flows_towards_a_target_comes_with_each_second(
    place: tuple[Receiver, Meter, int],
) -> None:
    receiver, _, port = place
    receiver.sample(3, [ip_address("10.0.0.9")])
    receiver.turns.get(timeout=5)
    receiver.turns.get(timeout=5)
    send(port, [netflow5([("1.1.1.1", HOST, 100, 1), ("2.2.2.2", "10.0.0.9", 7, 1)] * 10)])
    turns = turns_until(receiver, 1)
    (flows,) = [turn.flows for turn in turns if turn.flows]
    assert [(str(each.src), str(each.dst)) for each in flows] == [("2.2.2.2", "10.0.0.9")] * 3
    assert sum(each.bytes for turn in turns for each in turn.second.prefixes.values()) == 1070


def test_the_command_says_alarms_and_what_it_missed_while_it_was_down(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(
        '[[policy]]\nname = "acme"\nprefixes = ["10.0.0.0/24"]\nhost = { syn-pps = 1000 }\n'
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "kitei.cli", "ddos", "collect", "--policy", str(tmp_path / "policy.toml"),
             "--listen", f"127.0.0.1:{port}", "--home", str(tmp_path), "--json"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    exporter = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env)
    try:
        assert running.stdout is not None
        said: list[dict[str, object]] = []
        end = time.monotonic() + 30
        number = 0
        os.set_blocking(running.stdout.fileno(), False)
        while time.monotonic() < end and not any(each["kind"] == "alarm" for each in said):
            exporter.sendto(
                netflow5([("11.0.0.1", HOST, 600_000, 10_000)], sequence=number), ("127.0.0.1", port)
            )
            number += 1
            time.sleep(0.3)
            said += [json.loads(line) for line in running.stdout.readlines()]
        (alarm,) = [each for each in said if each["kind"] == "alarm"]
        assert (alarm["target"], alarm["metric"], alarm["policy"]) == (HOST, "syn-pps", "acme")
        assert [each["kind"] for each in said if each["kind"] == "new"] == ["new"]
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
        exporter.close()
    time.sleep(2.2)
    again = subprocess.run([*words, "--seconds", "1"], capture_output=True, text=True, env=env, check=True)
    (gap,) = [json.loads(line) for line in again.stdout.splitlines() if '"gap"' in line]
    last = json.loads((tmp_path / "collect.json").read_text())["last"]
    assert gap["last"] - gap["first"] >= 1
    assert gap["last"] < last


def test_an_address_that_is_not_ours_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="assign"):
        listen(str(IPv4Address("198.51.100.77")), 9)
