"""What runs in the room: wires, provider, faults, streams and captures, by order over `lab.sock`.

An order is one line of JSON, `{"order": "silence", "node": "tokyo-a"}`; its answer is one line,
`{"done": …}` or `{"failed": "…"}`. One order at a time: the room is one process with one thread, because
it forks agents all the time.
"""

import contextlib
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kitei.lab import capture, reach, stream
from kitei.lab.cabling import Cable, Cabling, End, Way
from kitei.lab.faults import Faults
from kitei.lab.inside import NAMESPACES
from kitei.lab.plan import Lan, Segment
from kitei.lab.provider import Provider
from kitei.lab.wire import Wires
from kitei.network import Machine

SOCKET = "lab.sock"


class Room:
    """The lab's state, and one method for each order (their names without the leading `order_`)."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.wires = Wires()
        self.cabling = Cabling()
        self.faults = Faults(self.wires)
        self.provider = Provider(home)
        self.streams: dict[int, stream.Stream] = {}
        self.captures: dict[int, capture.Capture] = {}
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self.numbers = 0

    def obey(self, told: dict[str, Any]) -> Any:
        order: Callable[..., Any] | None = getattr(self, f"order_{told.pop('order', '')}", None)
        if order is None:
            known = sorted(name.removeprefix("order_") for name in dir(self) if name.startswith("order_"))
            raise ValueError(f"no such order; there are {', '.join(known)}")
        return order(**told)

    def order_lay(self, machines: list[Any], segments: list[Any], monitor: list[str] | None) -> list[Any]:
        """Lay the wires that are not there yet; answers all hosts."""
        self.wires.lay(
            [Machine(**machine) for machine in machines],
            [
                Segment(
                    s["site"], tuple((n, p) for n, p in s["ports"]), tuple(Lan(**lan) for lan in s["lans"])
                )
                for s in segments
            ],
            (monitor[0], monitor[1]) if monitor else None,
        )
        self.faults.prepare()
        return [asdict(host) for host in self.wires.hosts.values()]

    def order_cable(
        self, cables: list[Any], ways: list[Any], routers: list[str], switches: list[str]
    ) -> None:
        """Lay cables, ways, routers and switches that are not there yet."""
        self.cabling.lay(
            [Cable(*(End(e["place"], e["port"], tuple(e["addresses"])) for e in ends)) for ends in cables],
            [Way(**way) for way in ways],
            routers,
            switches,
        )

    def order_begin(self, name: str, namespace: str, command: list[str]) -> None:
        """Start a program of the world outside, until `finish` or the room's end; it prints to `<name>.log`."""
        if name in self.programs and self.programs[name].poll() is None:
            raise ValueError(f"{name!r} runs already")
        argv = ["nsenter", f"--net={NAMESPACES}/{namespace}", "--", *command]
        with open(self.home / f"{name}.log", "ab") as log:
            self.programs[name] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def order_finish(self, name: str) -> int:
        """End a program and its children (SIGTERM, after 5 s SIGKILL) and say its exit code."""
        program = self.programs.pop(name)
        for end in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(program.pid, end)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return program.wait(5)
        raise TimeoutError(f"{name!r} does not end")

    def order_controller(self, serve: str) -> None:
        """Start the controller: `serve` is `module:function`, called with the home folder."""
        module, _, name = serve.partition(":")
        self.provider.start_controller(getattr(importlib.import_module(module), name))

    def order_nodes(self, nodes: list[str]) -> None:
        self.provider.start_nodes(nodes)

    def order_stop(self, name: str) -> None:
        self.provider.stop(name)

    def order_kill_process(self, name: str) -> None:
        """`kill -9` of the controller or one agent; it is started again."""
        self.provider.kill(name)

    def order_status(self) -> dict[str, Any]:
        return {
            "running": {name: kept.pid for name, kept in self.provider.kept.items()},
            "lost": self.provider.lost,
            "harmed": {node: sorted(harm) for node, harm in self.faults.harmed.items()},
        }

    def order_pull(self, node: str) -> None:
        self.faults.pull(node)

    def order_silence(self, node: str) -> None:
        self.faults.silence(node)

    def order_kill(self, node: str) -> None:
        """`kill -9` of every process in the node, its agent too, which stays dead until mended."""
        self.provider.forget(node)
        self.faults.kill(node)

    def order_misconfigure(self, node: str, commands: list[list[str]]) -> None:
        """Halt the node's agent, so that it repairs nothing, and run commands in the node."""
        if node in self.provider.kept:
            self.provider.freeze(node)
        self.faults.misconfigure(node, commands)

    def order_mend(self, node: str) -> list[str]:
        harm = self.faults.mend(node)
        if "processes killed" in harm:
            self.provider.start_nodes([node])
        if "misconfigured" in harm and node in self.provider.kept:
            self.provider.thaw(node)
        return sorted(harm)

    def order_stream(self, one: str, other: str, interval: int) -> int:
        self.numbers += 1
        ends = (self.wires.hosts[one], self.wires.hosts[other])
        self.streams[self.numbers] = stream.start(*ends, interval, self.numbers)
        return self.numbers

    def order_finish_stream(self, number: int) -> dict[str, Any]:
        return asdict(self.streams.pop(number).finish())

    def order_capture(self) -> int:
        self.numbers += 1
        self.captures[self.numbers] = capture.start()
        return self.numbers

    def order_finish_capture(self, number: int) -> dict[str, Any]:
        return asdict(self.captures.pop(number).finish())

    def order_attempt(self, attempts: list[Any], wait: float) -> list[Any]:
        tries = [reach.Attempt(**try_) for try_ in attempts]
        outcomes = reach.attempt(tries, self.wires.hosts.values(), wait)
        return [[list(outcome.arrived), outcome.answered] for outcome in outcomes]

    def order_run(self, namespace: str, command: list[str]) -> dict[str, Any]:
        """Run a command in a node or host and say what it printed."""
        argv = ["nsenter", f"--net={NAMESPACES}/{namespace}", "--", *command]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=30)
        return {"code": ran.returncode, "out": ran.stdout, "err": ran.stderr}

    def order_iperf(self, sender: str, receiver: str, address: str, seconds: int) -> float:
        """Mbit/s of one TCP stream between two namespaces, as the receiver counts it."""
        enter = ["nsenter", f"--net={NAMESPACES}/{receiver}", "--"]
        with subprocess.Popen([*enter, "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL) as server:
            time.sleep(0.3)
            told = self.order_run(sender, ["iperf3", "-c", address, "-t", str(seconds), "-J"])
            server.terminate()
        if told["code"]:
            raise RuntimeError(f"iperf3 from {sender} to {address}: {told['out'][-300:]}")
        return float(json.loads(told["out"])["end"]["sum_received"]["bits_per_second"]) / 1e6

    def order_end(self) -> None:
        """End the room and everything in it."""
        raise SystemExit(0)


def serve(home: Path) -> None:
    """Obey orders until the room ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    room = Room(home)
    place = home / SOCKET
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as door, selectors.DefaultSelector() as selector:
        before = os.umask(0o177)
        door.bind(str(place))
        os.umask(before)
        door.listen()
        selector.register(door, selectors.EVENT_READ)
        guests: dict[socket.socket, bytearray] = {}
        while True:
            for key, _ in selector.select(0.05):
                if key.fileobj is door:
                    guest, _ = door.accept()
                    guests[guest] = bytearray()
                    selector.register(guest, selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket):
                    _listen(room, key.fileobj, guests, selector)
            room.provider.tend()


def _listen(
    room: Room, guest: socket.socket, guests: dict[socket.socket, bytearray], selector: selectors.BaseSelector
) -> None:
    """Take what a guest said, obey each whole line, and let go of a guest who has left."""
    with contextlib.suppress(OSError):
        if told := guest.recv(1 << 20):
            guests[guest] += told
            while b"\n" in guests[guest]:
                line, _, rest = bytes(guests[guest]).partition(b"\n")
                guests[guest] = bytearray(rest)
                guest.sendall(_answer(room, line) + b"\n")
            return
    selector.unregister(guest)
    del guests[guest]
    guest.close()


def _answer(room: Room, line: bytes) -> bytes:
    try:
        done = room.obey(json.loads(line))
    except Exception as error:  # an order that fails must not end the lab; who gave it is told
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        return json.dumps({"failed": f"{type(error).__name__}: {message}"}).encode()
    return json.dumps({"done": done}).encode()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
