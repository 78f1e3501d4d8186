"""Flows counted for each second of a core's time: Kitei's collector beside FastNetMon, fed the same over loopback.

200,000 targets by Zipf, a tenth of the datagrams IPv6, full counters in both; FastNetMon once as it comes and
once without connection tracking. Time is that of all threads of each collector while it is fed, receiving
included. `netflow9 decode` leaves the socket out. Where FastNetMon is not installed, our figures stand alone.
"""

import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from figure import Figure
from flow_load import as_run, netflow, sflow

from kitei.collect.meter import Meter, protected
from kitei.collect.receiver import BUFFER

RATE = 150_000  # datagrams a second, more than the peers take: each is measured at full load
ROUNDS = 24
MODEST = 25_000  # what a busy network sends: nobody drops, and nobody finds a full batch
LOST = 0.001  # of the datagrams sent: what "without loss" lets pass
STEPS = 8  # of the search for that rate, each half of the last
Start = Callable[[], subprocess.Popen[bytes]]
Load = tuple[list[bytes], int]
SETTINGS = Path("/etc/fastnetmon.conf")
UDP_SEGMENT = 103


def receive(port: int) -> None:
    """Our collector as a process of its own, until it is told to end."""
    from kitei.collect.receiver import Receiver, listen

    with Meter(seed=1) as meter:
        meter.protect(protected("10.0.0.0/14", "2001:db8::/32"))
        receiver = Receiver(meter, [listen("127.0.0.1", port)])
        stopped: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
        receiver.start()
        while not stopped:
            receiver.turns.get().second  # noqa: B018 (a second is read, as judging would)
        receiver.close()


def spent(process: int) -> float:
    """Seconds of processor time of all threads of a process."""
    total = 0
    for task in Path(f"/proc/{process}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def queued(port: int) -> tuple[int, int]:
    """Bytes waiting in, and datagrams dropped by, the sockets of a port."""
    waiting = drops = 0
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].rpartition(":")[2], 16) == port:
            waiting += int(words[4].partition(":")[2], 16)
            drops += int(words[12])
    return waiting, drops


def send(datagrams: Sequence[bytes], port: int, rounds: int, rate: int = RATE) -> float:
    """How many a second were really sent. All datagrams, the first of each round included, in runs of one size as a network card hands them over."""
    runs: list[list[bytes]] = []
    for each in datagrams:
        if (
            runs
            and len(runs[-1][0]) == len(each)
            and len(runs[-1]) * len(each) < 60_000
            and len(runs[-1]) < 60
        ):
            runs[-1].append(each)
        else:
            runs.append([each])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        began, sent = time.monotonic(), 0
        for _ in range(rounds):
            for run in runs:
                size = struct.pack("=H", len(run[0]))
                sock.sendmsg([b"".join(run)], [(socket.IPPROTO_UDP, UDP_SEGMENT, size)])
                sent += len(run)
                ahead = sent / rate - (time.monotonic() - began)
                if ahead > 0.002:
                    time.sleep(ahead)
        return sent / (time.monotonic() - began)


def measured(start: Start, port: int, load: Load, rate: int = RATE, rounds: int = ROUNDS) -> float:
    """Flows a second of the collector's processor time, of those datagrams that its socket did not drop."""
    process = start()
    try:
        for _ in range(100):
            time.sleep(0.1)
            if f":{port:04X} " in Path("/proc/net/udp").read_text():
                break
        time.sleep(2)  # tables are made, networks read
        datagrams, flows = load
        send(datagrams, port, 1)  # every row touched once, as after a minute
        time.sleep(0.5)
        before, (_, drops_before) = spent(process.pid), queued(port)
        send(datagrams, port, rounds, rate)
        while queued(port)[0]:
            time.sleep(0.01)
        time.sleep(1.2)
        used, (_, drops) = spent(process.pid) - before, queued(port)
        taken = 1 - (drops - drops_before) / (len(datagrams) * rounds)
        return flows * rounds * taken / used
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def widen(process: int, port: int) -> None:
    """Give a program's UDP socket the buffer that ours has, as its operator would by sysctl; without it the peer loses
    datagrams at any rate, whenever it looks through its hosts."""
    inodes = {
        line.split()[9]
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]
        if int(line.split()[1].rpartition(":")[2], 16) == port
    }
    pid = os.pidfd_open(process)
    for each in Path(f"/proc/{process}/fd").iterdir():
        if os.readlink(each)[8:-1] in inodes:
            taken = ctypes.CDLL(None, use_errno=True).syscall(438, pid, int(each.name), 0)  # pidfd_getfd
            if taken < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd")
            with socket.socket(fileno=taken) as sock:
                sock.setsockopt(socket.SOL_SOCKET, 33, BUFFER)  # SO_RCVBUFFORCE
    os.close(pid)


def is_lossless(datagrams: Sequence[bytes], port: int, rate: int) -> float:
    """How many datagrams a second were taken, over two seconds and until the buffer was empty; 0 where more than
    `LOST` of them were lost."""
    before, began = queued(port)[1], time.monotonic()
    some = datagrams[: 2 * rate] if len(datagrams) > 2 * rate else datagrams
    rounds = max(1, 2 * rate // len(some))
    send(some, port, rounds, rate)
    while queued(port)[0]:
        time.sleep(0.01)
    took, sent = time.monotonic() - began, rounds * len(some)
    return 0.0 if queued(port)[1] - before > LOST * sent else sent / took


def lossless(start: Start, load: Load, port: int, between: tuple[int, int]) -> tuple[float, float]:
    """The most flows a second that a collector took on one core without loss, found by halving (of the logarithm),
    and the most that the sender can send beside it, loss or none. The sender has the other core, the buffer is the
    same for all. A rate is given up when it is lost twice in a row: what else a machine does in two seconds, and a
    virtual one's host, is no collector's."""
    datagrams, flows = load
    process = start()
    mine = os.sched_getaffinity(0)
    low, high, best = *between, 0.0
    try:
        cores = sorted(mine)
        time.sleep(3)
        widen(process.pid, port)
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), cores[-1:])
            os.setpriority(os.PRIO_PROCESS, int(task.name), -15)  # whatever else this machine is doing
        os.sched_setaffinity(0, cores[:1])
        send(datagrams, port, 1, max(low, 20_000))
        for _ in range(STEPS):
            rate = int((low * high) ** 0.5)
            if taken := is_lossless(datagrams, port, rate) or is_lossless(datagrams, port, rate):
                low, best = rate, max(best, taken)
            else:
                high = rate
        utmost = max(send(datagrams, port, 60, 1 << 30) for _ in range(3))
        return best * flows / len(datagrams), utmost * flows / len(datagrams)
    finally:
        os.sched_setaffinity(0, mine)
        process.terminate()
        process.wait()


def ours(port: int) -> Start:
    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, __file__, "receive", str(port)])

    return start


def theirs(
    kind: str,
    port: int,
    folder: Path,
    *,
    tracking: bool,
    networks: str = "10.0.0.0/14\n2001:db8::/32\n",
    **more: str,
) -> Start:
    """FastNetMon told of the same networks, with its reports home and its notices off; `more` settings last."""
    wanted = {
        "netflow": "on" if kind != "sflow" else "off",
        "sflow": "on" if kind == "sflow" else "off",
        "netflow_port": str(port),
        "sflow_port": str(port),
        "netflow_host": "127.0.0.1",
        "sflow_host": "127.0.0.1",
        "disable_usage_report": "on",
        "enable_ban": "off",
        "enable_connection_tracking": "on" if tracking else "off",
        "networks_list_path": str(folder / "networks"),
        "white_list_path": str(folder / "white"),
        "mirror_afpacket": "off",
        "graphite": "off",
        "enable_api": "off",
        "prometheus": "off",
        "pid_path": str(folder / "pid"),
        "cli_stats_file_path": str(folder / "stats"),
        "cli_stats_ipv6_file_path": str(folder / "stats6"),
        "logging:local_syslog_logging": "off",
        **more,
    }
    (folder / "networks").write_text(networks)
    (folder / "white").write_text("")
    lines = [
        line for line in SETTINGS.read_text().splitlines() if line.partition("=")[0].strip() not in wanted
    ]
    (folder / "conf").write_text(
        "\n".join(lines + [f"{key} = {value}" for key, value in wanted.items()]) + "\n"
    )

    def start() -> subprocess.Popen[bytes]:
        program = shutil.which("fastnetmon") or "fastnetmon"
        return subprocess.Popen(
            [program, "--configuration_file", str(folder / "conf"), "--log_file", str(folder / "log")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    return start


def decoded(load: Load, targets: Sequence[str] = ("10.0.0.0/14", "2001:db8::/32")) -> float:
    """Flows a second of processor time without a socket; the best of five."""
    datagrams, flows = load
    run, best = as_run(datagrams), float("inf")
    with Meter() as meter:
        meter.protect(protected(*targets))
        for n in range(6):
            began = time.process_time()
            meter.feed_all(run, "192.0.2.1", 2055, 10**18 + n)
            best = min(best, time.process_time() - began)
            meter.ended(n)
    return flows / best


def million() -> Load:
    return netflow(9, 12_000, 1_000_000)


def beside(load: Load, kind: str, port: int, *, tracking: bool, modest: bool = False) -> float:
    """The same of FastNetMon."""
    with tempfile.TemporaryDirectory() as folder:
        start = theirs(kind, port, Path(folder), tracking=tracking)
        return measured(start, port, load, *((MODEST, 4) if modest else ()))


def flows_per_second(kind: str, load: Load, first_port: int, promised: tuple[float, float]) -> list[Figure]:
    """Of a core's time, at full load; of sFlow at a modest one too, where waking costs as much as counting."""
    what = f"flows per CPU-second, {kind}, full counters, 200,000 targets"
    mine = measured(ours(first_port), first_port, load)
    if not has_peer():
        return [Figure("collect", what, mine, "1/s", 1e6, "at least")]
    rows = [(what, mine, beside(load, kind, first_port + 1, tracking=False), promised[0], "tracking off")]
    rows += [(what, mine, beside(load, kind, first_port + 2, tracking=True), promised[1], "as it comes")]
    if kind == "sflow":
        mine = measured(ours(first_port + 3), first_port + 3, load, MODEST, 4)
        peer = beside(load, kind, first_port + 4, tracking=False, modest=True)
        rows += [(f"{what}, {MODEST:,} datagrams a second", mine, peer, promised[0], "tracking off")]
    return [
        Figure("collect", text, value, "1/s", least, "at least", f"FastNetMon {name}", peer, of_ratio=True)
        for text, value, peer, least, name in rows
    ]


def without_loss(load: Load) -> list[Figure]:
    mine, utmost = lossless(ours(20_140), load, 20_140, (100_000, 1_600_000))
    what = "lossless on one core, netflow9"
    figures = [
        Figure("collect", what, mine, "1/s", 10e6, "at least"),
        Figure(
            "collect",
            "the sender's own ceiling",
            utmost,
            "1/s",
            1.2,
            "at least",
            "taken",
            mine,
            of_ratio=True,
        ),
    ]
    if has_peer():
        with tempfile.TemporaryDirectory() as folder:
            start = theirs("netflow9", 20_141, Path(folder), tracking=False)
            peer, _ = lossless(start, load, 20_141, (1_000, 400_000))
        name = "FastNetMon tracking off"
        figures.append(Figure("collect", what, mine, "1/s", 5.0, "at least", name, peer, of_ratio=True))
    return figures


def has_peer() -> bool:
    return shutil.which("fastnetmon") is not None and os.geteuid() == 0 and SETTINGS.exists()


def measure() -> list[Figure]:
    nine = netflow(9, 10_000)
    wide = ("10.0.0.0/12", "2001:db8::/32")
    return [
        *flows_per_second("netflow9", nine, 20_100, (5.0, 15.0)),
        *flows_per_second("ipfix", netflow(10, 10_000), 20_110, (5.0, 15.0)),
        *flows_per_second("sflow", sflow(20_000), 20_120, (4.0, 4.0)),
        *without_loss(nine),
        Figure("collect", "flows decoded and counted, netflow9", decoded(nine), "1/s", 10e6, "at least"),
        Figure("collect", "the same, 1,000,000 targets", decoded(million(), wide), "1/s", 5e6, "at least"),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive"]:
        receive(int(sys.argv[2]))
    else:
        print(*measure(), sep="\n")
