"""Logins by our server, full policy, beside a stock FreeRADIUS with a users file; a change, and a kill, under load."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

from figure import Figure
from radius_beside import load, stock

from kitei.drivers.freeradius import Freeradius
from kitei.drivers.freeradius.front import threads
from kitei.drivers.host import LinuxHost
from kitei.drivers.x509 import Authority, make_key, make_request
from kitei.network import Origin, RadiusCaps, RadiusClient, RadiusGroup, RadiusServer
from kitei.radius.document import user_record
from kitei.radius.policy import User
from kitei.radius.table import write_changes, write_table

FEW, MANY = 100_000, 1_000_000
ROUNDS, PEAP_ROUNDS, DELAY_ROUNDS, SECONDS, WINDOW, SATURATED = 6, 10, 10, 1.0, 64, 20
DEARER = 1.25  # a book of sessions, caps and a controller that is told, which the peer has not, cost a fifth
REALM, CAPPED, SECRET, PORT = "@shop.example", "@capped.example", "the secret of the load", 1812
PEAP = Path(__file__).parent / "radius_beside" / "peap.py"
FOR = Origin("contract-1", ())


class Stock(NamedTuple):
    """`threads` None: as many as it comes with."""

    name: str
    port: int
    threads: int | None


PEERS = {
    "stock": Stock("stock FreeRADIUS as it comes", 21812, None),
    "stock-threads": Stock(
        "stock FreeRADIUS with our number of threads", 22812, threads(os.cpu_count() or 1)
    ),
}


@dataclass(frozen=True)
class Stand:
    """Ours and stock FreeRADIUS with the same users; `ready` is how long ours took to its first answer."""

    host: LinuxHost
    users: int
    parts: list
    ready: float


@dataclass(frozen=True)
class Rounds:
    """What each server did, round by round: ours, and the peer with its own number of threads and with ours."""

    of: dict[str, list[dict[str, float]]]

    def figures(
        self, what: str, word: str, unit: str, promised: float, sense: Literal["at least", "at most"]
    ) -> list[Figure]:
        """Beside the peer as it comes, and with our threads, by the median of the ratios of neighbours in time."""
        ours = [each[word] for each in self.of["radius"]]
        found = []
        for peer, one in PEERS.items():
            theirs = [each[word] for each in self.of[peer]]
            pairs, beside = tuple(map(truediv, ours, theirs)), median(theirs)
            found.append(
                Figure("radius", what, median(ours), unit, promised, sense, one.name, beside, True, pairs)
            )
        return found

    def slowest(self) -> float:
        return min(median(each["rate"] for each in them) for them in self.of.values())

    def fastest(self) -> float:
        return max(median(each["rate"] for each in self.of[peer]) for peer in PEERS)


def rounds(stand: Stand, times: int, load: Callable[[str, int, int], dict[str, float]]) -> Rounds:
    """All servers are up and idle but the one that is asked; each second round goes the other way about.

    `load` is told the program, its port, and the number of the round.
    """
    ports = {"radius": PORT, **{peer: stock.port for peer, stock in PEERS.items()}}
    found: dict[str, list[dict[str, float]]] = {program: [] for program in ports}
    for number in range(times):
        for program, port in (tuple(ports.items()), tuple(ports.items())[::-1])[number % 2]:
            before = spent(stand.host, program)
            told = load(program, port, number)
            until_idle(
                stand.host, program
            )  # what it leaves for afterwards counts too, and hinders nobody after it
            cost = 1e6 * (spent(stand.host, program) - before) / told["answers"]
            found[program].append({**told, "cost": cost})
    return Rounds(found)


def measure() -> list[Figure]:
    """A first turn, where every login is new, is left out."""
    with stand(FEW) as few:
        found, half = logins(few, 0.95)
        found += [*half_load(few, half), *peap(few), *saturation(few), *change(few), *kill(few)]
    with stand(MANY) as many:
        found += logins(many, 0.9)[0]
        what = f"{MANY:,} users, from orders to the first answer"
        found.append(Figure("radius", what, many.ready, "s", 10.0, "at most"))
        what, memory = f"{MANY:,} users, resident memory", resident(many.host, "radius")
        beside = resident(many.host, "stock")
        found.append(Figure("radius", what, memory, "MiB", 1536.0, "at most", PEERS["stock"].name, beside))
    return found


def logins(stand: Stand, promised: float) -> tuple[list[Figure], float]:
    """PAP, each accepted login with its Start and the Stop of an earlier one. And half of what the slowest can do."""
    what = f"PAP with accounting, {stand.users:,} users, full policy"
    ceiling = loaded(stand, server="echo")["rate"]
    first = warm(stand)

    def load(program: str, port: int, number: int) -> dict[str, float]:
        told = loaded(stand, auth=port, acct=port + 1, first=first + number * 1_000_000)
        assert told["lost"] == 0 and 0.94 < told["accepted"] < 0.96, told
        return told

    done = rounds(stand, ROUNDS, load)
    return [
        *done.figures(what, "rate", "auth/s", promised, "at least"),
        *done.figures(f"{what}, processor time a login", "cost", "us", DEARER, "at most"),
        Figure("radius", f"{what}, the load's own ceiling over the peer's rate", ceiling / done.fastest(), "times", 1.0, "at least"),
    ], done.slowest() / 2  # fmt: skip


def warm(stand: Stand) -> int:
    """The users whose turn comes have logged in once; the number of the next login, which begins with the same."""
    first, some = 10 * MANY, min(stand.users, 200_000)
    done = loaded(stand, auth=PORT, acct=PORT + 1, seconds=0, logins=some, first=first, bad=0)
    assert done["lost"] == 0, done
    until_idle(stand.host, "radius")
    return first + MANY


def until_idle(host: LinuxHost, program: str) -> None:
    """It has read what it was told of so far, so that one measurement does not pay for the one before."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        before = spent(host, program)
        time.sleep(0.5)
        if spent(host, program) - before < 0.05:
            return


def half_load(stand: Stand, half: float) -> list[Figure]:
    """At half of what the slowest can do, coming evenly whatever the answers do."""

    def load(program: str, port: int, number: int) -> dict[str, float]:
        first = 30_000_000 + number * 1_000_000
        return loaded(stand, auth=port, acct=port + 1, rate=half, window=1024, first=first)

    what = f"p99 latency at half load, {half:,.0f} auth/s"
    return rounds(stand, DELAY_ROUNDS, load).figures(what, "p99", "ms", 1.2, "at most")


def peap(stand: Stand) -> list[Figure]:
    def load(program: str, port: int, number: int) -> dict[str, float]:
        argv = ["127.0.0.1", str(port), "127.0.0.2", SECRET, str(stand.users), str(SECONDS), "16", "2", REALM]
        env = ["env", f"PYTHONPATH={Path(__file__).parents[1] / 'src'}"]
        done = stand.host.run([*env, sys.executable, str(PEAP), *argv], timeout=60)
        assert done.code == 0, done.err
        told: dict[str, float] = json.loads(done.out)
        assert told["lost"] == 0 and told["accepted"] == 1.0, told
        return {**told, "answers": told["rate"] * SECONDS}

    done = rounds(stand, PEAP_ROUNDS, load)
    ceiling = (os.cpu_count() or 1) * 1e6 / median(each["own"] for each in done.of["radius"])
    return [
        *done.figures("PEAP-MSCHAPv2", "rate", "auth/s", 0.95, "at least"),
        *done.figures("PEAP, processor time a login", "cost", "us", DEARER, "at most"),
        Figure("radius", "PEAP, the load's own ceiling over the peer's rate", ceiling / done.fastest(), "times", 1.0, "at least"),
    ]  # fmt: skip


def saturation(stand: Stand) -> list[Figure]:
    """How long after its Start was answered a session counts for a cap, while as much comes as can be answered."""
    busy = begun(stand, auth=PORT, acct=PORT + 1, seconds=SATURATED, first=60_000_000)
    until, worst, number = time.monotonic() + SATURATED - 1, 0.0, 0
    while time.monotonic() < until:
        time.sleep(1)
        worst, number = max(worst, counted(stand.host, number)), number + 1
    told = load.told(busy)
    after = counted(stand.host, number)
    assert told["lost"] == 0, told
    what = f"{told['accounted'] / SATURATED:,.0f} accounting requests a second for {SATURATED} s"
    return [
        Figure(
            "radius", f"{what}, a session counts for its cap after, at worst", worst, "s", 10.0, "at most"
        ),
        Figure("radius", f"{what}, and right after it", after, "s", 10.0, "at most"),
    ]


def counted(host: LinuxHost, number: int) -> float:
    """A user of a realm with a cap of one begins a session: seconds until the next login is refused."""
    user, password = f"u{number}", f"password-{number}"
    assert login(host, PORT, user, password, CAPPED), user
    argv = ["radclient", "-q", "-t", "1", "-r", "5", f"127.0.0.1:{PORT + 1}", "acct", SECRET]
    told = f"Acct-Status-Type=Start, Acct-Session-Id=c{number}, User-Name={user}{CAPPED}, Packet-Src-IP-Address=127.0.0.3\n"
    assert host.run(argv, stdin=told).code == 0
    answered = time.monotonic()
    while login(host, PORT, user, password, CAPPED):
        assert time.monotonic() - answered < 60
    return time.monotonic() - answered


def loaded(stand: Stand, **words: object) -> dict[str, float]:
    return load.told(begun(stand, **words))


def begun(stand: Stand, **words: object) -> subprocess.Popen[str]:
    usual: dict[str, object] = {
        "server": "127.0.0.1", "source": "127.0.0.2", "secret": SECRET, "realm": REALM, "users": stand.users,
        "seconds": SECONDS, "window": WINDOW, "accounting": 1,
    }  # fmt: skip
    return load.start(["ip", "netns", "exec", stand.host.name], **{**usual, **words})


@contextmanager
def stand(users: int) -> Iterator[Stand]:
    with tempfile.TemporaryDirectory() as folder, namespace(Path(folder)) as host:
        parts = prepared(host, users)
        papers = f"{host.state('sacks')}/papers@1"
        for name, peer in PEERS.items():
            argv = stock.prepare(Path(folder) / name, peer.port, SECRET, users, REALM, papers, peer.threads)
            host.keep_running(name, argv)
        for peer in PEERS.values():
            until_answer(host, peer.port)
        started = time.monotonic()
        converge(host, parts)
        until_answer(host, PORT)
        yield Stand(host, users, parts, time.monotonic() - started)


@contextmanager
def namespace(folder: Path) -> Iterator[LinuxHost]:
    name = f"ktb{os.getpid() % 100000}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    host = LinuxHost(name, folder / "node", netns=name)
    try:
        yield host
    finally:
        for program in tuple(host.running()):
            host.stop(program)
        host.close()
        subprocess.run(["ip", "netns", "del", name], check=True)


def prepared(host: LinuxHost, users: int) -> list:
    """With the secrets and users that have arrived before."""
    reply = (("Framed-IP-Address", "10.1.2.3"),)
    clear = (f"password-{n}" for n in range(users))
    table = write_table((f"u{n}", user_record(User(clear=each, reply=reply))) for n, each in enumerate(clear))
    put(host, "users@1", table)
    put(host, "load@1", SECRET.encode())
    key, authority = make_key(), Authority.create("the load", datetime.now(UTC))
    put(
        host,
        "papers@1",
        (key + authority.issue(make_request(key, "radius.example"), 30, datetime.now(UTC))).encode(),
    )
    return [
        RadiusServer(FOR, ("127.0.0.1",), PORT, PORT + 1, "papers@1"),
        RadiusClient(FOR, "127.0.0.2", "load@1", ("shop.example",), "", False, 0),
        RadiusClient(FOR, "127.0.0.3", "load@1", ("capped.example",), "", False, 0),
        RadiusGroup(FOR, "capped.example", "users@1", None, ("pap",), users, ""),
        RadiusCaps(FOR, "capped.example", 0, 1, 0, 0),
        RadiusGroup(FOR, "shop.example", "users@1", None, ("pap", "peap"), users, ""),
    ]


def put(host: LinuxHost, sack: str, content: bytes) -> None:
    folder = Path(host.state("sacks"))
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / sack).write_bytes(content)


def converge(host: LinuxHost, parts: list) -> None:
    driver = Freeradius()
    for step in driver.plan(parts, driver.see(host)):
        driver.apply(host, step)


def spent(host: LinuxHost, program: str) -> float:
    """Seconds of processor time, by the clock that the kernel has for each process (clock_getcpuclockid)."""
    return time.clock_gettime((~host.running()[program] << 3) | 2)


def until_answer(host: LinuxHost, port: int) -> None:
    until = time.monotonic() + 60
    while not login(host, port, "u1", "password-1"):
        assert time.monotonic() < until, f"the server at {port} does not answer"


def login(host: LinuxHost, port: int, user: str, password: str, realm: str = REALM) -> bool:
    argv = ["radclient", "-q", "-t", "0.2", "-r", "1", f"127.0.0.1:{port}", "auth", SECRET]
    source = "127.0.0.2" if realm == REALM else "127.0.0.3"
    told = f"User-Name={user}{realm}, User-Password={password}, Packet-Src-IP-Address={source}\n"
    return host.run(argv, stdin=told).code == 0


def change(stand: Stand) -> list[Figure]:
    """How long until a new user's login is accepted, under load; and what the load lost meanwhile."""
    busy = begun(stand, auth=PORT, acct=PORT + 1, seconds=3, window=16)
    time.sleep(1.5)
    changes = write_changes({"newcomer": user_record(User(clear="a-password"))})
    put(stand.host, "changes@1", changes.encode())
    started = time.monotonic()
    converge(stand.host, [*stand.parts[:-1], replace(stand.parts[-1], changes="changes@1")])
    while not login(stand.host, PORT, "newcomer", "a-password"):
        assert time.monotonic() - started < 10
    seen = time.monotonic() - started
    lost = load.told(busy)["lost"]
    return [
        Figure("radius", "a changed user is seen by a request", seen, "s", 1.0, "at most"),
        Figure("radius", "requests lost by the change", lost, "requests", 0, "at most"),
    ]


def kill(stand: Stand) -> list[Figure]:
    """Access servers that ask again after 200 ms hear nothing for so long."""
    words = {"patience": 200, "tries": 25, "window": 16, "seconds": 4, "auth": PORT, "acct": PORT + 1}
    busy = begun(stand, **words)
    time.sleep(1.5)
    os.kill(stand.host.running()["radius"], signal.SIGKILL)
    told = load.told(busy)
    return [
        Figure("radius", "killed under load, back after", told["silence"], "s", 1.0, "at most"),
        Figure("radius", "requests lost by the kill", told["lost"], "requests", 0, "at most"),
    ]


def resident(host: LinuxHost, program: str) -> float:
    status = Path(f"/proc/{host.running()[program]}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
