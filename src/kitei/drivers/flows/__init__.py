"""Kitei's flow collector as a program of a node: it reads what it is to do from one file, and outlives its keeper.

What is ours: the folder `flows` below the node's state, and the program `flows`. A changed policy, exporter or
address restarts nothing; what is decided leaves by the lanes `floods` and `counters` of the node's events.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

import kitei
from kitei.network import (
    FloodWatch,
    FlowCollector,
    Host,
    Part,
    PermanentError,
    Risk,
    Step,
    TemporaryError,
)

__all__ = ["Flows", "FlowsSeen", "assignment_text"]

_PROGRAM: Final = "flows"
_STARTS: Final = 15.0  # seconds; at its very first start the collector compiles what counts


@dataclass(frozen=True, slots=True)
class FlowsSeen:
    """`assignment` is the file, `loaded` the digest of the one in force, `faults` what of that is not in force."""

    name: str
    assignment: str | None = None
    loaded: str | None = None
    faults: tuple[str, ...] = ()
    running: bool = False


def assignment_text(name: str, wanted: Sequence[Part]) -> str | None:
    """What the collector of a node is to do, None where it has none."""
    collector = next((part for part in wanted if isinstance(part, FlowCollector)), None)
    if collector is None:
        return None
    watches = sorted((part for part in wanted if isinstance(part, FloodWatch)), key=lambda part: part.name)
    ports = (collector.netflow_port, collector.sflow_port)
    written = {
        "name": name,
        "listen": [_place(address, port) for address in collector.addresses for port in ports],
        "exporters": list(collector.exporters),
        "policies": [_policy(watch) for watch in watches],
    }
    return json.dumps(written, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ip_address(address).version == 6 else f"{address}:{port}"


def _policy(watch: FloodWatch) -> dict[str, Any]:
    """The name and the prefixes are the part's own, whatever stands in the text. What cannot be read goes to the
    collector as it is, which tells it as it tells every fault."""
    try:
        policy = json.loads(watch.policy)
    except ValueError:
        policy = None
    table = policy if isinstance(policy, dict) else {"policy": watch.policy}
    return {**table, "name": watch.name, "prefixes": list(watch.prefixes)}


class Flows:
    """The driver of FlowCollector and FloodWatch."""

    name = "flows"
    reads = (FlowCollector, FloodWatch)

    def see(self, host: Host) -> FlowsSeen:
        status = _status(host)
        return FlowsSeen(
            name=host.name,
            assignment=host.read(_path(host, "assignment.json")),
            loaded=status.get("digest"),
            faults=tuple(status.get("faults", ())),
            running=_PROGRAM in host.running(),
        )

    def plan(self, wanted: Sequence[Part], seen: FlowsSeen) -> tuple[Step, ...]:
        text = assignment_text(seen.name, wanted)
        if text is None:
            if seen.assignment is None and not seen.running:
                return ()
            return (Step(self.name, "stop receiving flows", "stop"),)
        if seen.running and seen.assignment == text and seen.loaded == _digest(text) and not seen.faults:
            return ()
        do = "change which flows are received and what is watched" if seen.running else "receive flows"
        return (Step(self.name, do, "load", {"text": text}, Risk.NONE),)

    def apply(self, host: Host, step: Step) -> None:
        match step.act:
            case "load":
                _load(host, str(step.with_["text"]))
            case "stop":
                host.stop(_PROGRAM)
                if host.run(["rm", "-rf", _path(host)]).code != 0:
                    raise TemporaryError(f"{_path(host)} cannot be removed on {host.name}", 5.0)
            case _:
                raise ValueError(f"{step.act!r} is not an act of flows such as 'load'")


def _load(host: Host, text: str) -> None:
    """Write it, have it running, and wait until the collector says that this is in force."""
    if host.read(_path(host, "assignment.json")) != text:
        host.write(_path(host, "assignment.json"), text)
    argv = [sys.executable, "-m", "kitei.collect.station", _path(host), host.state("events")]
    code = os.path.dirname(os.path.dirname(os.path.abspath(kitei.__file__)))
    host.keep_running(_PROGRAM, argv, {"PYTHONPATH": code})
    until = time.monotonic() + _STARTS
    while (status := _status(host)).get("digest") != _digest(text) or not _is_of(status, host):
        if time.monotonic() > until:
            raise TemporaryError(f"the collector on {host.name} does not take up its assignment", 2.0)
        time.sleep(0.05)
    if status["faults"]:
        raise PermanentError("; ".join(status["faults"]))


def _is_of(status: dict[str, Any], host: Host) -> bool:
    """Whether the status is of the program that runs, and not of one before it."""
    return bool(status.get("pid") == host.running().get(_PROGRAM))


def _status(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.read(_path(host, "status.json")) or "{}")
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _path(host: Host, *file: str) -> str:
    return host.state("flows", *file)
