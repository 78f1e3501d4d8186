"""Logins by our server, full policy, beside a stock FreeRADIUS with a users file; a change, and a kill, under load."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from figure import Figure
from radius_beside import load, stock

from kitei.drivers.freeradius import Freeradius
from kitei.drivers.host import LinuxHost
from kitei.drivers.x509 import Authority, make_key, make_request
from kitei.network import Origin, RadiusClient, RadiusGroup, RadiusServer
from kitei.radius.document import user_record
from kitei.radius.policy import User
from kitei.radius.table import write_changes, write_table

FEW, MANY = 100_000, 1_000_000
ROUNDS, SECONDS, WINDOW = 3, 2.0, 64
DELAY_ROUNDS = 5  # one sync of the disk in two seconds is a p99 already
REALM, SECRET, PORT, STOCK_PORT = "@shop.example", "the secret of the load", 1812, 21812
PEAP = Path(__file__).parent / "radius_beside" / "peap.py"
PEER = "stock FreeRADIUS"
FOR = Origin("contract-1", ())


@dataclass(frozen=True)
class Stand:
    """Ours and a stock FreeRADIUS with the same users; `ready` is how long ours took to its first answer."""

    host: LinuxHost
    users: int
    parts: list
    ready: float


def measure() -> list[Figure]:
    """The servers take turns, so that a busy machine slows both. A first turn, where every login is new, is left out."""
    with stand(FEW) as few:
        found = [*logins(few, 0.95), *half_load(few), *peap(few), *change(few), *kill(few)]
    with stand(MANY) as many:
        found += logins(many, 0.9)
        found.append(
            Figure(
                "radius", f"{MANY:,} users, from orders to the first answer", many.ready, "s", 10.0, "at most"
            )
        )
        memory = resident(many.host, "radius")
        found.append(
            Figure(
                "radius",
                f"{MANY:,} users, resident memory",
                memory,
                "MiB",
                1536.0,
                "at most",
                PEER,
                resident(many.host, "stock"),
            )
        )
    return found


def logins(stand: Stand, promised: float) -> list[Figure]:
    """PAP, each accepted login with its Start and the Stop of an earlier one."""
    what = f"PAP with accounting, {stand.users:,} users, full policy"
    ceiling = loaded(stand, server="echo")["rate"]
    ours, theirs = [], []
    first = warm(stand)
    for number in range(ROUNDS):
        words = {"first": first + number * 1_000_000}
        theirs.append(costed(stand, "stock", auth=STOCK_PORT, acct=STOCK_PORT + 1, **words))
        ours.append(costed(stand, "radius", auth=PORT, acct=PORT + 1, **words))
    for each in (*ours, *theirs):
        assert each["lost"] == 0 and 0.94 < each["accepted"] < 0.96, each
    rate, beside = (median(each["rate"] for each in them) for them in (ours, theirs))
    cost, beside_cost = (median(each["cost"] for each in them) for them in (ours, theirs))
    return [
        Figure("radius", f"{what}, median of {ROUNDS} x {SECONDS:g} s", rate, "auth/s", promised, "at least", PEER, beside, of_ratio=True),
        Figure("radius", f"{what}, processor time a login", cost, "us", 1 / promised, "at most", PEER, beside_cost, of_ratio=True),
        Figure("radius", f"{what}, the load's own ceiling over the peer's rate", ceiling / beside, "times", 1.0, "at least"),
    ]  # fmt: skip


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


def half_load(stand: Stand) -> list[Figure]:
    """At half of what the slower of the two can do, coming evenly whatever the answers do."""
    both = ("radius", PORT), ("stock", STOCK_PORT)
    full = min(costed(stand, each, auth=port, acct=port + 1)["rate"] for each, port in both)
    ours, theirs = [], []
    for number in range(DELAY_ROUNDS):
        words = {"rate": full / 2, "window": 1024, "first": 30_000_000 + number * 1_000_000}
        theirs.append(loaded(stand, auth=STOCK_PORT, acct=STOCK_PORT + 1, **words)["p99"])
        ours.append(loaded(stand, auth=PORT, acct=PORT + 1, **words)["p99"])
        until_idle(stand.host, "radius")
    what = f"p99 latency at half load, {full / 2:,.0f} auth/s"
    return [Figure("radius", what, median(ours), "ms", 1.2, "at most", PEER, median(theirs), of_ratio=True)]


def peap(stand: Stand) -> list[Figure]:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(peap_loaded(stand, "stock", STOCK_PORT))
        ours.append(peap_loaded(stand, "radius", PORT))
    for each in (*ours, *theirs):
        assert each["lost"] == 0 and each["accepted"] == 1.0, each
    rate, beside = (median(each["rate"] for each in them) for them in (ours, theirs))
    cost, beside_cost = (median(each["cost"] for each in them) for them in (ours, theirs))
    ceiling = (os.cpu_count() or 1) * 1e6 / median(each["own"] for each in ours)
    return [
        Figure("radius", "PEAP-MSCHAPv2", rate, "auth/s", 0.95, "at least", PEER, beside, of_ratio=True),
        Figure("radius", "PEAP, processor time a login", cost, "us", 1 / 0.95, "at most", PEER, beside_cost, of_ratio=True),
        Figure("radius", "PEAP, the load's own ceiling over the peer's rate", ceiling / beside, "times", 1.0, "at least"),
    ]  # fmt: skip


def peap_loaded(stand: Stand, program: str, port: int) -> dict[str, float]:
    argv = ["127.0.0.1", str(port), "127.0.0.2", SECRET, str(stand.users), str(SECONDS), "16", "2", REALM]
    env = ["env", f"PYTHONPATH={Path(__file__).parents[1] / 'src'}"]
    before = spent(stand.host, program)
    done = stand.host.run([*env, sys.executable, str(PEAP), *argv], timeout=60)
    assert done.code == 0, done.err
    told: dict[str, float] = json.loads(done.out)
    cost = 1e6 * (spent(stand.host, program) - before) / max(1.0, told["rate"] * SECONDS)
    return {**told, "cost": cost}


def loaded(stand: Stand, **words: object) -> dict[str, float]:
    return load.told(begun(stand, **words))


def begun(stand: Stand, **words: object) -> subprocess.Popen[str]:
    usual: dict[str, object] = {
        "server": "127.0.0.1", "source": "127.0.0.2", "secret": SECRET, "realm": REALM, "users": stand.users,
        "seconds": SECONDS, "window": WINDOW, "accounting": 1,
    }  # fmt: skip
    return load.start(["ip", "netns", "exec", stand.host.name], **{**usual, **words})


def costed(stand: Stand, program: str, **words: object) -> dict[str, float]:
    """With what each login cost the server, which a busy machine changes less than its rate; what it leaves for
    afterwards counts too, and is over before another is measured."""
    before = spent(stand.host, program)
    told = loaded(stand, **words)
    until_idle(stand.host, program)
    return {**told, "cost": 1e6 * (spent(stand.host, program) - before) / told["answers"]}


@contextmanager
def stand(users: int) -> Iterator[Stand]:
    with tempfile.TemporaryDirectory() as folder, namespace(Path(folder)) as host:
        parts = prepared(host, users)
        papers = f"{host.state('sacks')}/papers@1"
        argv = stock.prepare(Path(folder) / "stock", STOCK_PORT, SECRET, users, REALM, papers)
        host.keep_running("stock", argv)
        until_answer(host, STOCK_PORT)
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
    """Seconds of processor time."""
    fields = Path(f"/proc/{host.running()[program]}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_answer(host: LinuxHost, port: int) -> None:
    until = time.monotonic() + 60
    while not login(host, port, "u1", "password-1"):
        assert time.monotonic() < until, f"the server at {port} does not answer"


def login(host: LinuxHost, port: int, user: str, password: str) -> bool:
    argv = ["radclient", "-q", "-t", "0.2", "-r", "1", f"127.0.0.1:{port}", "auth", SECRET]
    told = f"User-Name={user}{REALM}, User-Password={password}, Packet-Src-IP-Address=127.0.0.2\n"
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
