"""The scrubber: an XDP program on the dirty port, its tables changed in place; nftables where there is no XDP.

Once attached it needs nobody: an agent that dies leaves it cleaning, and the next one finds it by the port. What
is past its `until` is not wanted any more, by the host's own time.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from kitei.drivers.scrubber import layout, port, tables
from kitei.drivers.scrubber.bpf import NoXdp, Program, libbpf, loaded, running
from kitei.drivers.scrubber.fallback import load_filter, ruleset, see_filter, take_filter
from kitei.drivers.scrubber.program import built, check, digest
from kitei.drivers.scrubber.seen import Attached, ScrubberSeen
from kitei.drivers.scrubber.wanted import Cleaning, Lists, Wanted, wanted_of
from kitei.network import Host, Part, PermanentError, Risk, Step, TemporaryError
from kitei.network.ddos import Scrubber as ScrubberPart
from kitei.network.ddos import Scrubbing
from kitei.values import digest_of

__all__ = ["Scrubber", "ScrubberSeen"]

_MEMORY: Final = "scrubber.json"


class Scrubber:
    """The driver of Scrubber and Scrubbing."""

    name = "scrubber"
    reads = (ScrubberPart, Scrubbing)

    def see(self, host: Host) -> ScrubberSeen:
        at, table = host.now(), see_filter(host)
        no_xdp = _why_no_xdp(host)
        ours = tuple(port.attached(host)) if _has_libbpf() else ()
        current = next((each for each in ours if each.is_current), None)
        program = running(current.number) if current else None
        if program is None:
            return ScrubberSeen(at, no_xdp, ours, filter=table)
        with program:
            return ScrubberSeen(
                at,
                no_xdp,
                ours,
                tables.cleanings(program),
                {name: (told.cost, told.burst) for name, (_, told) in tables.contracts(program).items()},
                frozenset(tables.lists(program)),
                tables.is_littered(program),
                table,
            )

    def plan(self, wanted: Sequence[Part], seen: ScrubberSeen) -> tuple[Step, ...]:
        asked = wanted_of(wanted, seen.at)
        if asked is None:
            return (*self._without_xdp(seen), *self._without_filter(seen))
        if asked.engine == "nftables" or (asked.engine == "auto" and seen.no_xdp is not None):
            return (*self._filtering(asked, seen), *self._without_xdp(seen))
        if seen.no_xdp is not None:
            raise PermanentError(f"XDP is wanted and cannot be: {seen.no_xdp}")
        return (*self._cleaning(asked, seen), *self._without_filter(seen))

    def _cleaning(self, asked: Wanted, seen: ScrubberSeen) -> list[Step]:
        there = next((each for each in seen.attached if each.port == asked.port), None)
        others = [each for each in seen.attached if each.port != asked.port]
        if there is None or not there.is_current:
            what = "renew the scrubber" if there else "put the scrubber"
            with_ = {
                "port": asked.port,
                "instead": asdict(there) if there else None,
                "may_fall_back": asked.engine == "auto",
                "ceilings": dict(asked.ceilings),
                "lists": [asdict(each) for each in asked.lists.values()],
                "cleanings": {prefix: asdict(each) for prefix, each in asked.cleanings.items()},
            }
            first = [Step(self.name, f"{what} on {asked.port}", "attach", with_, Risk.BLIP, _owners(asked))]
            return first + [self._detach(each) for each in others]
        return self._changes(asked, seen, there) + [self._detach(each) for each in others]

    def _changes(self, asked: Wanted, seen: ScrubberSeen, there: Attached) -> list[Step]:
        """What is to be changed in the tables of a program that runs: new things first, then old ones go."""

        def step(do: str, act: str, owners: Sequence[str] = (), **with_: Any) -> Step:
            return Step(self.name, do, act, {"program": there.number, **with_}, Risk.NONE, tuple(owners))

        steps = []
        for contract, ceiling in asked.ceilings.items():
            if seen.ceilings.get(contract) != ceiling:
                do = f"set the clean rate of {contract}"
                steps.append(step(do, "ceiling", [contract], contract=contract, ceiling=ceiling))
        for digest_, each in asked.lists.items():
            if digest_ not in seen.lists:
                do = f"fill lists with {len(each.allow)} allowed and {len(each.deny)} denied"
                steps.append(step(do, "lists", **asdict(each)))
        for prefix, cleaning in asked.cleanings.items():
            if seen.cleanings.get(prefix) != cleaning:
                steps.append(
                    step(
                        f"clean {prefix} for {cleaning.contract}",
                        "clean",
                        [cleaning.contract],
                        prefix=prefix,
                        cleaning=asdict(cleaning),
                    )
                )
        for prefix in sorted(set(seen.cleanings) - set(asked.cleanings)):
            owner = seen.cleanings[prefix].contract
            steps.append(step(f"leave {prefix} as it comes", "leave", [owner], prefix=prefix))
        for contract in sorted(set(seen.ceilings) - set(asked.ceilings)):
            steps.append(step(f"forget {contract}", "forget", [contract], contract=contract))
        if seen.is_littered or seen.lists - set(asked.lists):
            steps.append(step("empty lists that are not used", "sweep", keep=sorted(asked.lists)))
        return steps

    def _filtering(self, asked: Wanted, seen: ScrubberSeen) -> list[Step]:
        text = ruleset(asked)
        if seen.filter is not None and seen.filter.loaded == digest_of(text):
            return []
        do = f"filter on {asked.port} by nftables"
        return [Step(self.name, do, "filter", {"text": text}, Risk.NONE, _owners(asked))]

    def _without_xdp(self, seen: ScrubberSeen) -> list[Step]:
        return [self._detach(each) for each in seen.attached]

    def _detach(self, each: Attached) -> Step:
        with_ = {"port": each.port, "mode": each.mode}
        return Step(self.name, f"take the scrubber off {each.port}", "detach", with_, Risk.BLIP)

    def _without_filter(self, seen: ScrubberSeen) -> list[Step]:
        if seen.filter is None:
            return []
        return [Step(self.name, "remove the filter by nftables", "unfilter")]

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        match step.act:
            case "attach":
                _attach(host, told)
            case "detach":
                port.detach(host, told["port"], told["mode"])
            case "filter":
                load_filter(host, told["text"])
            case "unfilter":
                take_filter(host)
            case _:
                program = running(told["program"])
                if program is None:
                    raise TemporaryError(f"the scrubber on {host.name} has been taken away", 0.1)
                with program:
                    _change(program, step.act, told)


def _change(program: Program, act: str, told: Mapping[str, Any]) -> None:
    match act:
        case "ceiling":
            tables.put_contract(program, told["contract"], told["ceiling"])
        case "lists":
            tables.put_lists(program, Lists(told["allow"], told["deny"], told["reflectors"]))
        case "clean":
            tables.put_cleaning(program, told["prefix"], Cleaning(**told["cleaning"]))
        case "leave":
            tables.take_cleaning(program, told["prefix"])
        case "forget":
            tables.take_contract(program, told["contract"])
        case "sweep":
            tables.sweep(program, told["keep"])


def _attach(host: Host, told: Mapping[str, Any]) -> None:
    """Load, fill, and only then put on the port. What the kernel refuses is remembered where it may fall back."""
    instead = Attached(**told["instead"]) if told["instead"] else None
    lists = [Lists(**each) for each in told["lists"]]
    cleanings = {prefix: Cleaning(**each) for prefix, each in told["cleanings"].items()}
    try:
        with loaded(built(), "scrub") as program:
            settings = layout.settings(os.urandom(16), digest(), is_veth=port.is_veth(host, told["port"]))
            tables.fill(program, settings, told["ceilings"], {each.digest: each for each in lists}, cleanings)
            port.attach(host, told["port"], program, instead)
    except NoXdp as refused:
        if not told["may_fall_back"]:
            raise
        memory = {"refused": str(refused), "made": digest().hex(), "boot": _boot(host)}
        host.write(host.state(_MEMORY), json.dumps(memory))
        raise TemporaryError(f"no XDP on {host.name}, so nftables: {refused}", 0.1) from refused
    host.remove(host.state(_MEMORY))


def _why_no_xdp(host: Host) -> str | None:
    """The library, the compiler, and what this kernel said of this program the last time."""
    try:
        libbpf()
        check()
    except NoXdp as absent:
        return str(absent)
    memory = json.loads(host.read(host.state(_MEMORY)) or "{}")
    if memory.get("made") == digest().hex() and memory.get("boot") == _boot(host):
        return str(memory["refused"])
    return None


def _has_libbpf() -> bool:
    try:
        libbpf()
    except NoXdp:
        return False
    return True


def _boot(host: Host) -> str:
    return (host.read("/proc/sys/kernel/random/boot_id") or "").strip()


def _owners(asked: Wanted) -> tuple[str, ...]:
    return tuple(sorted(asked.ceilings))
