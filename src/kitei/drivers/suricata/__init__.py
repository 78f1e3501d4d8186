"""Suricata 7 as the appliance of a firewall of type 2: it stands in for Fortinet's, which is not to be had here.

What is ours: a folder `appliance` below the node's state and one of /run, the programs `inspect-<profile>` and
`inspected`, and iptables' table `security`, which hands packets over (NFQUEUE; nft's own statement for that is not in
every kernel). A change of policy or signatures is taken up by an engine that runs; it is tried beforehand, and one
that is refused leaves the one before in force. What passes without having been looked into, the gateway's filter ends.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import kitei
from kitei.drivers.suricata.config import Place, engine_config, events, queue_of, queue_rules
from kitei.drivers.suricata.recorder import LANE
from kitei.drivers.suricata.rules import profile_rules
from kitei.network import Appliance, Host, Part, PermanentError, Risk, Step, TemporaryError
from kitei.network.signatures import CATEGORIES, Signature, read_signatures
from kitei.values import digest_of

__all__ = ["LANE", "Suricata", "SuricataSeen", "inspects"]

_MEMORY: Final = "appliance.json"
_RECORDER: Final = "inspected"
_TABLES: Final = ("iptables-nft", "ip6tables-nft")
# It reads what strangers send: of root's powers it has those to hear packets and to end flows, and no way to more.
_BOUND: Final = ("setpriv", "--no-new-privs", "--bounding-set=-all,+net_admin,+net_raw", "--inh-caps=-all")
_STARTS: Final = 30.0  # seconds an engine may take until it looks
_LONGEST: Final = 120.0  # seconds it may take to take up signatures


@dataclass(frozen=True, slots=True)
class SuricataSeen:
    """`loaded` says by profile what each engine was told last, as far as it runs; `queues` are the rules of both
    families that hand packets over, None where they differ; `sacks` what has reached the node."""

    owners: tuple[str, ...] = ()
    loaded: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    queues: tuple[str, ...] | None = ()
    sacks: frozenset[str] = frozenset()
    records: bool = False


class Suricata:
    """The driver of Appliance."""

    name = "suricata"
    reads = (Appliance,)

    def see(self, host: Host) -> SuricataSeen:
        memory = host.read(host.state(_MEMORY))
        sacks = frozenset(host.run(["ls", "-1A", host.state("sacks")]).out.split())
        if memory is None:
            return SuricataSeen(sacks=sacks)
        told = json.loads(memory)
        running = host.running()
        queues = {_queues(host, tool) for tool in _TABLES}
        return SuricataSeen(
            tuple(told["owners"]),
            {name: digest for name, digest in told["loaded"].items() if _program(name) in running},
            frozenset(told["loaded"]),
            queues.pop() if len(queues) == 1 else None,
            sacks,
            _RECORDER in running,
        )

    def plan(self, wanted: Sequence[Part], seen: SuricataSeen) -> tuple[Step, ...]:
        parts = tuple(part for part in wanted if isinstance(part, Appliance))
        if not parts:
            return tuple(self._end(seen))
        return tuple(self._steps(parts, seen))

    def _end(self, seen: SuricataSeen) -> Iterator[Step]:
        if seen.owners:
            yield Step(self.name, "look into nothing any more", "end", {}, Risk.NONE, seen.owners)

    def _steps(self, parts: tuple[Appliance, ...], seen: SuricataSeen) -> Iterator[Step]:
        owners = sorted({part.origin.owner for part in parts})
        if not seen.records:
            yield Step(self.name, "write down what is seen inside flows", "record", {"owners": owners})
        for part in parts:
            if part.sack is not None and part.sack not in seen.sacks:
                if part.name not in seen.loaded:  # better without signatures than not at all
                    yield self._load(part, None)
                yield Step(self.name, f"wait for the signatures {part.sack}", "await", {"sack": part.sack})
            elif seen.loaded.get(part.name) != digest_told(part, part.sack):
                yield self._load(part, part.sack)
        if seen.queues != (rules := queue_rules(parts)):
            yield Step(self.name, "hand over what is to be looked into", "queues", {"rules": rules})
        for name in sorted(seen.known - {part.name for part in parts}):
            yield Step(self.name, f"end the engine of {name}", "retire", {"name": name})

    def _load(self, part: Appliance, sack: str | None) -> Step:
        do = f"look into flows by version {part.version} of {part.name}"
        return Step(self.name, do, "load", {"part": part, "sack": sack})

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        match step.act:
            case "record":
                _remember(host, owners=told["owners"])
                _record(host)
            case "load":
                _load(host, told["part"], told["sack"])
            case "queues":
                _hand_over(host, told["rules"])
            case "retire":
                _retire(host, str(told["name"]))
            case "await":
                raise TemporaryError(f"{told['sack']} has not reached {host.name} yet")
            case "end":
                _end(host)
            case _:
                raise ValueError(f"{step.act!r} is not an act of suricata such as 'load'")


def digest_told(part: Appliance, sack: str | None) -> str:
    """Of all that an engine is told; a package's name says what is in it."""
    return digest_of([part.name, part.number, part.version, part.blind, part.text, sack])


def inspects(host: Host, part: Appliance) -> bool:
    """Whether an engine is there, answers, and hears what is handed over."""
    try:
        _command(host, part.name, "uptime", 3.0)
    except TemporaryError:
        return False
    return queue_of(part.number) in _listening(host)


# -- an engine ---------------------------------------------------------------------------------------


def _load(host: Host, part: Appliance, sack: str | None) -> None:
    """Try it, put it in place, and have the engine take it up or begin."""
    place = _place(host, part.name)
    rules, files = profile_rules(part, _signatures(host, sack))
    trial = Place(f"{place.kept}/trial", place.run)
    for each in (trial, place):
        host.run(["mkdir", "-p", "-m", "700", each.kept, each.run])
    _write(host, part, trial, rules, files)
    tried = host.run(["suricata", "-T", "-c", trial.config(), "-l", trial.kept], timeout=_LONGEST)
    if tried.code != 0:
        why = (tried.out + tried.err).strip()[-600:]
        raise PermanentError(f"Suricata on {host.name} refuses what {part.name} is to look by: {why}")
    _write(host, part, place, rules, files)
    argv = [*_BOUND, "suricata", "-c", place.config(), "-q", str(queue_of(part.number)), "-l", place.kept]
    before = host.running().get(_program(part.name))
    config = digest_of([engine_config(part, place), *argv])
    if before is not None and _remembered(host, "configs").get(part.name) == config:
        _command(host, part.name, "reload-rules", _LONGEST)
    else:
        host.stop(_program(part.name))
        host.keep_running(_program(part.name), argv)
        _await(host, part)
    loaded = {**_remembered(host, "loaded"), part.name: digest_told(part, sack)}
    _remember(host, loaded=loaded, configs={**_remembered(host, "configs"), part.name: config})


def _write(host: Host, part: Appliance, place: Place, rules: str, files: Mapping[str, str]) -> None:
    host.write(place.config(), engine_config(part, place))
    host.write(f"{place.kept}/classification", _CLASSES)
    host.write(f"{place.kept}/references", "config reference: url http://\n")
    for name, text in files.items():
        host.write(f"{place.kept}/{name}", text)
    host.write(f"{place.kept}/profile.rules", rules or "# nothing is denied or noted\n")


def _signatures(host: Host, sack: str | None) -> tuple[Signature, ...]:
    text = host.read(host.state("sacks", sack)) if sack else ""
    found, faults = read_signatures(text or "")
    if faults or text is None:
        raise PermanentError(f"the signatures {sack} on {host.name} are not as they were handed out")
    return found


def _await(host: Host, part: Appliance) -> None:
    until = time.monotonic() + _STARTS
    while queue_of(part.number) not in _listening(host):
        if time.monotonic() > until:
            log = host.read(host.state("programs", f"{_program(part.name)}.log")) or ""
            raise TemporaryError(f"Suricata on {host.name} does not start: {log[-300:].strip()}", 2.0)
        time.sleep(0.05)


def _listening(host: Host) -> frozenset[int]:
    """The queues that somebody hears."""
    told = host.run(["cat", "/proc/net/netfilter/nfnetlink_queue"]).out.splitlines()
    return frozenset(int(line.split()[0]) for line in told)


def _command(host: Host, name: str, command: str, patience: float) -> None:
    """Ask an engine by its own socket. TemporaryError where it does not answer, or not well."""
    line = host.connect(_place(host, name).commands(name))
    with line:
        line.settimeout(patience)
        try:
            for asked in ({"version": "0.2"}, {"command": command}):
                line.sendall(json.dumps(asked).encode() + b"\n")
                answer = _answer(line)
        except (OSError, ValueError) as fault:
            raise TemporaryError(f"Suricata on {host.name} does not answer {command}: {fault}") from fault
    if answer.get("return") != "OK":
        raise TemporaryError(f"Suricata on {host.name} does not {command}: {answer.get('message')}", 5.0)


def _answer(line: Any) -> dict[str, Any]:
    told = b""
    while piece := line.recv(65536):
        told += piece
        if told.endswith(b"\n") or told.endswith(b"}"):
            try:
                found: dict[str, Any] = json.loads(told)
            except ValueError:
                continue
            return found
    raise ConnectionResetError("it hung up")


def _retire(host: Host, name: str) -> None:
    host.stop(_program(name))
    host.run(["rm", "-rf", _place(host, name).kept, _place(host, name).commands(name)])
    _remember(host, **{key: _without(_remembered(host, key), name) for key in ("loaded", "configs")})


def _end(host: Host) -> None:
    """Last of all it is forgotten that there was anything."""
    for tool in _TABLES:
        _restore(host, tool, ())
        family = "ip6" if tool.startswith("ip6") else "ip"
        host.run(["nft", "delete", "table", family, "security"])
    for program in [each for each in host.running() if each == _RECORDER or each.startswith(_program(""))]:
        host.stop(program)
    place = _place(host, "")
    host.run(["rm", "-rf", host.state("appliance"), place.run])
    host.remove(host.state(_MEMORY))


# -- around it ---------------------------------------------------------------------------------------


def _record(host: Host) -> None:
    """Until it listens: what engines tell before is lost."""
    run = _place(host, "").run
    host.run(["mkdir", "-p", "-m", "700", run])
    host.run(["rm", "-f", events(run)])
    argv = [sys.executable, "-m", "kitei.drivers.suricata.recorder", events(run), host.state("events", LANE)]
    code = os.path.dirname(os.path.dirname(os.path.abspath(kitei.__file__)))
    host.keep_running(_RECORDER, argv, {"PYTHONPATH": code})
    until = time.monotonic() + _STARTS
    while host.run(["test", "-S", events(run)]).code != 0:
        if time.monotonic() > until:
            raise TemporaryError(f"nothing on {host.name} writes down what engines see")
        time.sleep(0.05)


def _hand_over(host: Host, rules: Sequence[str]) -> None:
    for tool in _TABLES:
        _restore(host, tool, rules)


def _restore(host: Host, tool: str, rules: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in ("*security", ":FORWARD ACCEPT [0:0]", *rules, "COMMIT"))
    done = host.run([f"{tool}-restore"], stdin=text)
    if done.code != 0:
        raise PermanentError(f"{tool} on {host.name} refuses to hand packets over: {done.err.strip()}")


def _queues(host: Host, tool: str) -> tuple[str, ...]:
    lines = host.run([f"{tool}-save", "-t", "security"]).out.splitlines()
    return tuple(line for line in lines if line.startswith("-A"))


def _remembered(host: Host, key: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(host.read(host.state(_MEMORY)) or "{}").get(key, {})
    return found


def _remember(host: Host, **more: Any) -> None:
    told = json.loads(host.read(host.state(_MEMORY)) or '{"owners": [], "loaded": {}, "configs": {}}')
    host.write(host.state(_MEMORY), json.dumps({**told, **more}))


def _without(told: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in told.items() if key != name}


def _place(host: Host, name: str) -> Place:
    """One folder for all engines' sockets: a socket's name has 107 bytes."""
    return Place(
        host.state("appliance", name), f"/run/kitei-appliance/{digest_of(host.state('appliance'))[:16]}"
    )


def _program(profile: str) -> str:
    return f"inspect-{profile}"


_CLASSES: Final = "".join(
    f"config classification: {name},{name},{severity + 1}\n" for name, severity in CATEGORIES.items()
)
