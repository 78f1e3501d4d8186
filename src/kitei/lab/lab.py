"""The lab from outside: open a room, give it orders, leave it; what the demo, the tests and benchmarks use."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kitei.lab import room
from kitei.lab.cabling import Cable, Way
from kitei.lab.capture import Carried
from kitei.lab.plan import Host, Segment
from kitei.lab.reach import Attempt, Outcome, honest, is_whole
from kitei.lab.space import OWN_FOLDERS, Space, enter
from kitei.lab.stream import Flow, Streamed
from kitei.network import Machine
from kitei.network.driver import Ran


class LabError(Exception):
    """An order that the lab could not carry out, in its own words."""


class Lab:
    """A line to a room. Its methods are the room's orders; see there for what each does."""

    def __init__(self, home: Path, space: Space | None = None) -> None:
        self.home = home
        self.space = space
        self.hosts: dict[str, Host] = {}
        self._line = _call(home, space)
        self._answers = self._line.makefile("rb")

    def order(self, order: str, **told: Any) -> Any:
        """Give one order and wait for its answer. Raises LabError."""
        try:
            self._line.sendall(json.dumps({"order": order, **told}).encode() + b"\n")
            line = self._answers.readline()
        except OSError as error:
            raise LabError(f"the lab at {self.home} is gone: {error}") from error
        if not line:
            raise LabError(f"the lab at {self.home} ended during {order!r}; see {self.home}/lab.log")
        answer = json.loads(line)
        if "failed" in answer:
            raise LabError(f"{order}: {answer['failed']}")
        return answer["done"]

    def lay(
        self, machines: Iterable[Machine], segments: Iterable[Segment], monitor: tuple[str, str] | None = None
    ) -> None:
        """Lay what is not yet there, and know all hosts. `monitor` is (node, closed port)."""
        told = self.order(
            "lay",
            machines=[asdict(machine) for machine in machines],
            segments=[asdict(segment) for segment in segments],
            monitor=monitor,
        )
        self.hosts = {host["name"]: Host(**host) for host in told}

    def cable(
        self,
        cables: Iterable[Cable],
        ways: Iterable[Way] = (),
        routers: Iterable[str] = (),
        switches: Iterable[str] = (),
    ) -> None:
        """Lay cables between places that are not VPN devices; see `kitei.lab.cabling`."""
        self.order(
            "cable",
            cables=[[asdict(each.one), asdict(each.other)] for each in cables],
            ways=[asdict(way) for way in ways],
            routers=list(routers),
            switches=list(switches),
        )

    def begin(self, name: str, namespace: str, command: Sequence[str]) -> None:
        """Start a program of the world outside (a server, a router, a user) until `finish` or the lab's end."""
        self.order("begin", name=name, namespace=namespace, command=list(command))

    def finish(self, name: str) -> int:
        """End such a program; its exit code, negative for a signal. What it printed is in `<name>.log`."""
        code: int = self.order("finish", name=name)
        return code

    def hosts_at(self, site: str) -> list[Host]:
        """A site's hosts, one a LAN prefix. Raises LabError for a site without."""
        found = [host for host in self.hosts.values() if host.site == site]
        if not found:
            raise LabError(
                f"no host at {site!r}; there are hosts at {sorted({h.site for h in self.hosts.values()})}"
            )
        return found

    def start_controller(self, serve: str) -> None:
        """`serve` is `'module:function'`; the function takes the home folder and returns an exit code."""
        self.order("controller", serve=serve)

    def start_nodes(self, nodes: Iterable[str]) -> None:
        self.order("nodes", nodes=list(nodes))

    def stop(self, name: str) -> None:
        self.order("stop", name=name)

    def kill_process(self, name: str) -> None:
        self.order("kill_process", name=name)

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = self.order("status")
        return told

    def pull(self, node: str) -> None:
        self.order("pull", node=node)

    def silence(self, node: str) -> None:
        self.order("silence", node=node)

    def kill(self, node: str) -> None:
        self.order("kill", node=node)

    def misconfigure(self, node: str, commands: Sequence[Sequence[str]]) -> None:
        self.order("misconfigure", node=node, commands=commands)

    def mend(self, node: str) -> list[str]:
        """Undo every harm of a node; says which there was."""
        harm: list[str] = self.order("mend", node=node)
        return harm

    @contextmanager
    def stream(self, one: Host, other: Host, interval: int = 10) -> Iterator[list[Streamed]]:
        """A stream both ways while the block runs; what became of it is then the list's one member."""
        told: list[Streamed] = []
        number = self.order("stream", one=one.name, other=other.name, interval=interval)
        try:
            yield told
        finally:
            ends = self.order("finish_stream", number=number)
            told.append(Streamed(Flow(**ends["there"]), Flow(**ends["back"])))

    @contextmanager
    def capture(self) -> Iterator[list[Carried]]:
        """Watch the WAN while the block runs; what it carried is then the list's one member."""
        told: list[Carried] = []
        number = self.order("capture")
        try:
            yield told
        finally:
            seen = self.order("finish_capture", number=number)
            told.append(Carried(seen["frames"], seen["readable"], tuple(seen["strays"])))

    def attempt(self, attempts: Sequence[Attempt], wait: float = 0.6) -> list[Outcome]:
        """Send packets, also such as no honest host would, and hear where they arrived."""
        told = self.order("attempt", attempts=[asdict(try_) for try_ in attempts], wait=wait)
        return [
            Outcome(try_, tuple(arrived), answered)
            for try_, (arrived, answered) in zip(attempts, told, strict=True)
        ]

    def wait_until_whole(self, pairs: Sequence[tuple[Host, Host]], within: float) -> list[tuple[Host, Host]]:
        """Ask each pair until all have answered or the time is over; says which pairs still do not."""
        until = time.monotonic() + within
        left = list(pairs)
        while left and time.monotonic() < until:
            seen = self.attempt([honest(one, other) for one, other in left], 0.3)
            left = [pair for pair, outcome in zip(left, seen, strict=True) if not is_whole(outcome, pair[1])]
        return left

    def run(self, namespace: str, command: Sequence[str]) -> Ran:
        """Run a command in a node or host."""
        return Ran(**self.order("run", namespace=namespace, command=list(command)))

    def hang_up(self) -> None:
        """Let go of the line; the room stays."""
        self._answers.close()
        self._line.close()

    def close(self) -> None:
        """Leave the room, if it was opened here: everything in it ends."""
        self.hang_up()
        if self.space:
            self.space.leave()


@contextmanager
def open_lab(home: Path) -> Iterator[Lab]:
    """A new room with its home folder, and its end. Raises LabError where the folder would be hidden in it."""
    home = home.resolve()
    if any(home.is_relative_to(folder) for folder in OWN_FOLDERS):
        raise LabError(
            f"{home} lies in a folder the lab has its own of ({', '.join(OWN_FOLDERS)}); choose another"
        )
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / room.SOCKET).unlink(missing_ok=True)
    space = enter([sys.executable, "-m", "kitei.lab.room", str(home)], dict(os.environ), home / "lab.log")
    try:
        lab = Lab(home, space)
        try:
            yield lab
        finally:
            lab.close()
    finally:
        space.leave()
        (home / room.SOCKET).unlink(missing_ok=True)


def join_lab(home: Path) -> Lab:
    """A line to a lab that runs already. Raises LabError when none does."""
    return Lab(home.resolve())


def _call(home: Path, space: Space | None, within: float = 10.0) -> socket.socket:
    """Connect to the room, which may still be furnishing itself. Long paths go by their folder."""
    until = time.monotonic() + within
    while True:
        line = socket.socket(socket.AF_UNIX)
        folder = os.open(home, os.O_PATH | os.O_DIRECTORY)
        try:
            line.connect(f"/proc/self/fd/{folder}/{room.SOCKET}")
            return line
        except OSError as error:
            line.close()
            if space is None:
                raise LabError(
                    f"no lab runs at {home} ({error.strerror}); `./run demo` starts one"
                ) from error
            if not space.is_open() or time.monotonic() > until:
                raise LabError(f"the lab at {home} did not start; see {home}/lab.log") from error
        finally:
            os.close(folder)
        time.sleep(0.02)
