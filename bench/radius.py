"""PAP logins by our server, full policy, beside a stock FreeRADIUS with a users file; and a change seen live."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from figure import Figure
from radius_beside import stock

from kitei.drivers.freeradius import Freeradius
from kitei.drivers.host import LinuxHost
from kitei.network import Origin, RadiusClient, RadiusGroup, RadiusServer
from kitei.radius.document import user_record
from kitei.radius.policy import User
from kitei.radius.table import write_changes, write_table

USERS, ROUNDS, SECONDS, WINDOW = 100_000, 3, 2.0, 64
REALM, SECRET, STOCK_PORT = "@shop.example", "the secret of the load", 21812
FOR = Origin("contract-1", ())
LOAD = Path(__file__).parent / "radius_beside" / "load.py"


def measure() -> list[Figure]:
    """The servers take turns, so that a busy machine slows both. A first turn, where every login is new, is left out."""
    with tempfile.TemporaryDirectory() as folder, namespace(Path(folder)) as host:
        host.keep_running("stock", stock.prepare(Path(folder) / "stock", STOCK_PORT, SECRET, USERS, REALM))
        started = time.monotonic()
        parts = serve(host, USERS)
        until_answer(host)
        ready = time.monotonic() - started
        ceiling = load(host, "echo", 0)["rate"]
        ours, theirs = [], []
        load_of(host, "radius", 1812)
        for _ in range(ROUNDS):
            theirs.append(load_of(host, "stock", STOCK_PORT))
            ours.append(load_of(host, "radius", 1812))
        memory, beside_memory = resident(host, "radius"), resident(host, "stock")
        seen, lost = change(host, parts)
    for each in (*ours, *theirs):
        assert each["lost"] == 0 and 0.94 < each["accepted"] < 0.96, each
    what = f"PAP, {USERS:,} users, full policy, median of {ROUNDS} x {SECONDS:g} s"
    peer = "stock FreeRADIUS"
    rate, beside = (median(each["rate"] for each in them) for them in (ours, theirs))
    cost, beside_cost = (median(each["cost"] for each in them) for them in (ours, theirs))
    slow, beside_slow = (median(each["p99"] for each in them) for them in (ours, theirs))
    return [
        Figure("radius", what, rate, "auth/s", 0.95, "at least", peer, beside, of_ratio=True),
        Figure(
            "radius", "processor time a login", cost, "us", 1.05, "at most", peer, beside_cost, of_ratio=True
        ),
        Figure(
            "radius", "p99 latency at full load", slow, "ms", 1.2, "at most", peer, beside_slow, of_ratio=True
        ),
        Figure(
            "radius",
            "the load's own ceiling over the peer's rate",
            ceiling / beside,
            "times",
            1.0,
            "at least",
        ),
        Figure("radius", "from orders to the first answer", ready, "s", 10.0, "at most"),
        Figure(
            "radius", "resident memory", memory, "MiB", 1.0, "at most", peer, beside_memory, of_ratio=True
        ),
        Figure("radius", "a changed user is seen by a request", seen, "s", 1.0, "at most"),
        Figure("radius", "requests lost by the change", lost, "requests", 0, "at most"),
    ]


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


def serve(host: LinuxHost, users: int) -> list:
    reply = (("Framed-IP-Address", "10.1.2.3"),)
    table = write_table(
        (f"u{n}", user_record(User(clear=f"password-{n}", reply=reply))) for n in range(users)
    )
    put(host, "users@1", table)
    put(host, "load@1", SECRET.encode())
    parts = [
        RadiusServer(FOR, ("127.0.0.1",), 1812, 1813, None),
        RadiusClient(FOR, "127.0.0.2", "load@1", ("shop.example",), "", False, 0),
        RadiusGroup(FOR, "shop.example", "users@1", None, ("pap", "chap"), users, ""),
    ]
    converge(host, parts)
    return parts


def put(host: LinuxHost, sack: str, content: bytes) -> None:
    folder = Path(host.state("sacks"))
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / sack).write_bytes(content)


def converge(host: LinuxHost, parts: list) -> None:
    driver = Freeradius()
    for step in driver.plan(parts, driver.see(host)):
        driver.apply(host, step)


def load(
    host: LinuxHost, server: str, port: int, seconds: float = SECONDS, window: int = WINDOW
) -> dict[str, float]:
    argv = [server, str(port), "127.0.0.2", SECRET, str(USERS), str(seconds), str(window), REALM]
    told: dict[str, float] = json.loads(host.run([sys.executable, str(LOAD), *argv], timeout=60).out)
    return told


def load_of(host: LinuxHost, program: str, port: int) -> dict[str, float]:
    """With what each answer cost the server, which a busy machine changes less than its rate."""
    before = spent(host, program)
    told = load(host, "127.0.0.1", port)
    return {**told, "cost": 1e6 * (spent(host, program) - before) / (told["rate"] * SECONDS)}


def spent(host: LinuxHost, program: str) -> float:
    """Seconds of processor time."""
    fields = Path(f"/proc/{host.running()[program]}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_answer(host: LinuxHost) -> None:
    until = time.monotonic() + 30
    while not login(host, "u1", "password-1"):
        assert time.monotonic() < until, "the server does not answer"


def login(host: LinuxHost, user: str, password: str) -> bool:
    argv = ["radclient", "-q", "-t", "0.2", "-r", "1", "127.0.0.1:1812", "auth", SECRET]
    told = f"User-Name={user}{REALM}, User-Password={password}, Packet-Src-IP-Address=127.0.0.2\n"
    return host.run(argv, stdin=told).code == 0


def change(host: LinuxHost, parts: list) -> tuple[float, float]:
    """How long until a new user's login is accepted, under half the load; and what the load lost meanwhile."""
    argv = ["127.0.0.1", "1812", "127.0.0.2", SECRET, str(USERS), "3", "16", REALM]
    busy = subprocess.Popen(
        ["ip", "netns", "exec", host.name, sys.executable, str(LOAD), *argv],
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    put(host, "changes@1", write_changes({"newcomer": user_record(User(clear="a-password"))}).encode())
    begun = time.monotonic()
    group = parts[-1]
    converge(host, [*parts[:-1], RadiusGroup(FOR, group.realm, group.users, "changes@1", *rest_of(group))])
    while not login(host, "newcomer", "a-password"):
        assert time.monotonic() - begun < 10
    seen = time.monotonic() - begun
    out, _ = busy.communicate()
    return seen, json.loads(out)["lost"]


def rest_of(group: RadiusGroup) -> tuple:
    return group.methods, group.accounts, group.authority


def resident(host: LinuxHost, program: str) -> float:
    status = Path(f"/proc/{host.running()[program]}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
