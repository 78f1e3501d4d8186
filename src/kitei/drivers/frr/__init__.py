"""BGP and BFD by FRR: zebra, bfdd and bgpd of this node's own (RFC 4271, RFC 5880).

What is ours: the three daemons with the node's path space, its folders /etc/frr/<node> and /run/frr/<node>,
and in the running configuration BGP, BFD, prefix-lists and route-maps. Daemons run in the foreground under
their keeper; one that starts again reads the whole from frr.conf.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kitei.drivers.frr.config import (
    Line,
    commands,
    config_for,
    lines_of,
    neighbour_of,
    neighbours_in,
    refreshes,
    speaker_of,
)
from kitei.network import (
    Bgp,
    BgpNeighbour,
    Host,
    Part,
    PermanentError,
    Risk,
    Step,
    TemporaryError,
)

__all__ = ["Frr", "FrrSeen", "vty_of"]

_DAEMONS = ("zebra", "bfdd", "bgpd")
_SOON = 5.0  # seconds a daemon may take to open its socket


@dataclass(frozen=True, slots=True)
class FrrSeen:
    """`file` is frr.conf; `lines` is the running configuration as far as it is ours, empty unless all run.

    `orphaned` are daemons older than the zebra that runs: theirs died.
    """

    name: str
    file: str | None = None
    running: frozenset[str] = frozenset()
    lines: frozenset[Line] = frozenset()
    orphaned: frozenset[str] = frozenset()


class Frr:
    """The driver of Bgp and BgpNeighbour."""

    name = "frr"
    reads = (Bgp, BgpNeighbour)

    def see(self, host: Host) -> FrrSeen:
        births = {name: _birth(host, pid) for name, pid in host.running().items() if name in _DAEMONS}
        running = frozenset(births)
        file = host.read(_file(host))
        if running != frozenset(_DAEMONS):
            return FrrSeen(host.name, file, running)
        # zebra has the same lists and none of the rest
        lines = lines_of(_ask(host, "bgpd", "show running-config")) | lines_of(
            _ask(host, "bfdd", "show running-config")
        )
        orphaned = frozenset(name for name, birth in births.items() if birth < births["zebra"])
        return FrrSeen(host.name, file, running, lines, orphaned)

    def plan(self, wanted: Sequence[Part], seen: FrrSeen) -> tuple[Step, ...]:
        config = config_for(seen.name, wanted)
        if config is None:
            if not seen.running and seen.file is None:
                return ()
            owners = _owners(seen.lines, seen.lines)
            return (Step(self.name, "stop BGP and BFD", "stop", {}, Risk.OUTAGE, owners),)
        steps = []
        if seen.file != config:
            steps.append(Step(self.name, "write frr.conf", "write", {"config": config}))
        if seen.running != frozenset(_DAEMONS):
            return (*steps, Step(self.name, "start zebra, bfdd and bgpd", "start"))
        if seen.orphaned:
            # they would join the new zebra only after ten seconds, and bfdd sometimes for nothing
            owners = _owners(seen.lines, seen.lines)
            do = f"start {' and '.join(sorted(seen.orphaned))} again, whose zebra died"
            return (*steps, Step(self.name, do, "start", {"stop": sorted(seen.orphaned)}, Risk.BLIP, owners))
        return (*steps, *self._live(lines_of(config), seen.lines))

    def _live(self, right: frozenset[Line], there: frozenset[Line]) -> Iterator[Step]:
        """Changes to daemons that run. Each neighbour that leaves is a step of its own."""
        speaker = speaker_of(there)
        if speaker and speaker != speaker_of(right):
            with_ = {"commands": [f"no {speaker}"], "after": []}
            yield Step(
                self.name, "speak with another AS number", "say", with_, Risk.OUTAGE, _owners(there, there)
            )
            there = frozenset(line for line in there if line[0] != speaker)
        stay = neighbours_in(right).items()
        for address, asn in sorted(neighbours_in(there).items()):
            if (address, asn) in stay:
                continue
            about = frozenset(line for line in there if neighbour_of(line) == address)
            lists = frozenset(line for line in about if line[0] != speaker)
            said = [speaker or "", f"no neighbor {address}", "exit", *commands((), lists)]
            do = f"end the session with {address}"
            with_ = {"commands": said, "after": []}
            yield Step(self.name, do, "say", with_, Risk.OUTAGE, _owners(about, there))
            there -= about
        said = commands(right, there)
        if said:
            twins = _twins(right) | _twins(there)  # a prefix is cut off where its own links' lists lose it
            kept = {_unnumbered(line) for line in right}  # a permit that only moves within its list stays
            gone = [
                line
                for line in there - right
                if neighbour_of(line) not in twins and _unnumbered(line) not in kept
            ]
            cut = [line for line in gone if "permit" in line[-1] or line[-1].startswith("network ")]
            with_ = {"commands": said, "after": list(refreshes(right, there))}
            yield Step(self.name, _sentence(right, there), "say", with_, *_risk(cut, there))

    def apply(self, host: Host, step: Step) -> None:
        match step.act:
            case "write":
                _write(host, step.with_["config"])
            case "start":
                for daemon in step.with_.get("stop", ()):
                    host.stop(daemon)
                _start(host)
            case "say":
                _say(host, step)
            case "stop":
                _stop(host)
            case _:
                raise ValueError(f"{step.act!r} is not an act of frr such as 'say'")


def _unnumbered(line: Line) -> Line:
    """A line without its place in a prefix-list."""
    return (*line[:-1], re.sub(r" seq \d+ ", " ", line[-1]))


def _sentence(right: frozenset[Line], there: frozenset[Line]) -> str:
    fresh = sorted(set(neighbours_in(right)) - set(neighbours_in(there)))
    if fresh:
        return f"open sessions with {', '.join(fresh)}"
    about = sorted({neighbour_of(line) or "this node" for line in right ^ there})
    return f"alter what holds for {', '.join(about)}"


def _twins(lines: frozenset[Line]) -> frozenset[str]:
    """Neighbours of this node's own AS: the other device of its site."""
    own = (speaker_of(lines) or "").rpartition(" ")[2]
    return frozenset(address for address, asn in neighbours_in(lines).items() if asn == own)


def _risk(cut: Sequence[Line], there: frozenset[Line]) -> tuple[Risk, tuple[str, ...]]:
    """A prefix no longer taken in or announced is cut off; whose it was, the neighbours' descriptions tell."""
    if not cut:
        return (Risk.NONE, ())
    everyone = any(neighbour_of(line) is None for line in cut)
    return (Risk.OUTAGE, _owners(there if everyone else cut, there))


def _owners(lines: Sequence[Line] | frozenset[Line], there: frozenset[Line]) -> tuple[str, ...]:
    """Owners of the neighbours that these lines are about, from the descriptions that FRR has."""
    about = {neighbour_of(line) for line in lines}
    said = (line[-1].split(" ", 3) for line in there if len(line) == 2)
    return tuple(sorted({w[3] for w in said if len(w) == 4 and w[2] == "description" and w[1] in about}))


def _birth(host: Host, pid: int) -> int:
    """When a process began, in clock ticks since boot (proc(5), field 22); 0 for one that has gone."""
    told = (host.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return int(told[19]) if len(told) > 19 else 0


def _space(host: Host) -> str:
    """FRR's path space of this node; it takes neither dots nor slashes."""
    return host.name.replace(".", "_").replace("/", "_")


def _file(host: Host) -> str:
    return f"/etc/frr/{_space(host)}/frr.conf"


def vty_of(host: Host, daemon: str) -> str:
    """The socket at which a daemon of this node answers, as vtysh asks it."""
    return _socket(host, f"{daemon}.vty")


def _socket(host: Host, name: str) -> str:
    return f"/run/frr/{_space(host)}/{name}"


def _write(host: Host, config: str) -> None:
    """The daemons give up root early, so folders are frr's; the file holds nothing secret."""
    space = _space(host)
    made = host.run(["install", "-d", "-o", "frr", "-g", "frr", f"/etc/frr/{space}", f"/run/frr/{space}"])
    if made.code != 0:
        raise PermanentError(f"{host.name} cannot hold FRR's folders: {made.err.strip()}")
    host.write(f"/etc/frr/{space}/vtysh.conf", "service integrated-vtysh-config\n", 0o644)
    host.write(_file(host), config, 0o644)


def _start(host: Host) -> None:
    """zebra first: a daemon that does not find it tries again only after ten seconds."""
    for daemon, opens in (("zebra", "zserv.api"), ("bfdd", "bfdd.vty"), ("bgpd", "bgpd.vty")):
        # after a death of zebra the kernel keeps its routes until bgpd has told them again
        keeps = ["-K", "60"] if daemon == "zebra" else []
        argv = [f"/usr/lib/frr/{daemon}", "-N", _space(host), "-f", _file(host), *keeps]
        host.keep_running(daemon, argv)
        if daemon == "zebra":
            _await(host, opens)
    for opens in ("zebra.vty", "bfdd.vty", "bgpd.vty"):
        _await(host, opens)


def _await(host: Host, socket: str) -> None:
    until = time.monotonic() + _SOON
    while True:
        try:
            host.connect(_socket(host, socket)).close()
            return
        except TemporaryError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _ask(host: Host, daemon: str, saying: str) -> str:
    """A daemon's answer, by the wire that vtysh uses: a word ends with NUL, an answer with 3 NUL and a code."""
    line = host.connect(_socket(host, f"{daemon}.vty"))
    try:
        for word in ("enable", saying):
            line.sendall(word.encode() + b"\0")
            told = b""
            while told[-4:-1] != bytes(3):
                piece = line.recv(1 << 16)
                if not piece:
                    raise TemporaryError(f"{daemon} on {host.name} ended while it answered", 0.2)
                told += piece
    except OSError as fault:
        raise TemporaryError(f"{daemon} on {host.name} does not answer: {fault}", 0.2) from fault
    finally:
        line.close()
    if told[-1] != 0:
        raise PermanentError(f"{daemon} on {host.name} refuses {saying!r}: {told[:-4].decode().strip()}")
    return told[:-4].decode()


def _tell(host: Host, *sayings: str) -> str:
    argv = ["vtysh", "-N", _space(host)]
    for saying in sayings:
        argv += ["-c", saying]
    done = host.run(argv)
    if done.code != 0 and "%" not in done.out:
        raise TemporaryError(f"FRR on {host.name} does not answer: {(done.err or done.out).strip()}", 0.2)
    if done.code != 0:
        wrong = [line for line in done.out.splitlines() if line.startswith("%")]
        raise PermanentError(f"FRR on {host.name} refuses: {'; '.join(wrong)}")
    return done.out


def _say(host: Host, step: Step) -> None:
    _tell(host, "configure terminal", *step.with_["commands"], "end", *step.with_["after"])


def _stop(host: Host) -> None:
    for daemon in reversed(_DAEMONS):
        host.stop(daemon)
    space = _space(host)
    host.run(["rm", "-rf", f"/run/frr/{space}", f"/etc/frr/{space}"])
