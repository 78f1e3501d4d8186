"""The program's tables: read back as what is wanted, and changed in place, one entry at an instant.

What a packet is judged by is always whole: lists are filled before a prefix's policy names them, and emptied when
none does any more; a policy takes another's place as one.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import Final

from kitei.drivers.scrubber import layout
from kitei.drivers.scrubber.bpf import Map, Program
from kitei.drivers.scrubber.layout import Contract, Policy
from kitei.drivers.scrubber.program import cores
from kitei.drivers.scrubber.wanted import Cleaning, Lists
from kitei.network import PermanentError

_ALLOWED, _DENIED = layout.slot(1), layout.slot(0)
_NO_LIST: Final = 0


def contracts(program: Program) -> dict[str, tuple[int, Contract]]:
    """Each contract's place and what it says, by name."""
    told = ((layout.slot_of(k), layout.contract_of(v)) for k, v in program.maps["contracts"].entries())
    return {contract.name: (number, contract) for number, contract in told if contract.name}


def cleanings(program: Program) -> dict[str, Cleaning]:
    names = {number: name for name, (number, _) in contracts(program).items()}
    digests = {number: digest for digest, number in lists(program).items()}
    found = {}
    for prefix, policy in _policies(program):
        found[prefix] = Cleaning(
            names.get(policy.contract, ""),
            policy.flags,
            policy.source_cost,
            digests.get(policy.list, "?") if policy.list != _NO_LIST else "",
        )
    return found


def lists(program: Program) -> dict[str, int]:
    """The places of the lists that are whole, by digest."""
    return {
        digest.hex(): number
        for number, digest in _digests(program)
        if digest not in (layout.FREE, layout.DIRTY)
    }


def is_littered(program: Program) -> bool:
    return any(digest == layout.DIRTY for _, digest in _digests(program))


def put_contract(program: Program, name: str, ceiling: tuple[int, int]) -> None:
    """Give a contract its ceiling; one that is new gets a place with empty counters."""
    known = contracts(program)
    place = known[name][0] if name in known else None
    if place is None:
        taken = {number for number, _ in known.values()}
        place = _free(range(layout.CONTRACTS), taken, "contracts")
        with program.maps[layout.GLOBAL].memory() as memory:
            for core in range(cores()):
                at = layout.tallies_at(core, place)
                memory[at] = bytes(at.stop - at.start)
    program.maps["contracts"].put(layout.slot(place), Contract(name, *ceiling).packed())


def take_contract(program: Program, name: str) -> None:
    place = contracts(program).get(name)
    if place is not None:
        program.maps["contracts"].put(layout.slot(place[0]), Contract("", 0, 0).packed())


def put_lists(program: Program, wanted: Lists) -> None:
    """Fill a free place with these lists, unless they are there already."""
    if not wanted.digest or wanted.digest in lists(program):
        return
    taken = {number for number, digest in _digests(program) if digest != layout.FREE}
    place = _free(range(1, layout.LISTS_MOST), taken, "lists")
    program.maps["lists"].put(layout.slot(place), layout.DIRTY)
    for prefixes, verdict in ((wanted.allow, _ALLOWED), (wanted.deny, _DENIED)):
        keys = sorted(layout.listed_key(place, prefix) for prefix in prefixes)
        for name, group in groupby(keys, key=lambda pair: pair[0]):
            program.maps[name].put_all([key for _, key in group], verdict)
    with program.maps[layout.GLOBAL].memory() as memory:
        memory[layout.ports_at(cores(), place)] = layout.ports_of(wanted.reflectors)
    program.maps["lists"].put(layout.slot(place), bytes.fromhex(wanted.digest))


def sweep(program: Program, keep: Collection[str]) -> None:
    """Empty all lists but these, and those begun and not ended. No prefix may lead to them any more."""
    doomed = {
        number
        for number, digest in _digests(program)
        if digest != layout.FREE and (digest == layout.DIRTY or digest.hex() not in keep)
    }
    for number in doomed:
        program.maps["lists"].put(layout.slot(number), layout.DIRTY)
    for name in layout.LISTED:
        table = program.maps[name]
        table.take_all([key for key, _ in table.entries() if layout.list_in(name, key) in doomed])
    for number in doomed:
        program.maps["lists"].put(layout.slot(number), layout.FREE)


def put_cleaning(program: Program, prefix: str, cleaning: Cleaning) -> None:
    """Clean a prefix so from now on. Its contract and lists are there already."""
    policy = Policy(
        contracts(program)[cleaning.contract][0],
        lists(program)[cleaning.lists] if cleaning.lists else _NO_LIST,
        cleaning.flags,
        cleaning.source_cost,
    )
    table, key = _protected(program, prefix)
    with program.maps[layout.GLOBAL].memory() as memory:
        ports = memory[layout.ports_at(cores(), policy.list)]
    table.put(key, policy.packed(ports))
    _count_change(program)


def take_cleaning(program: Program, prefix: str) -> None:
    table, key = _protected(program, prefix)
    table.take(key)
    _count_change(program)


def fill(
    program: Program,
    settings: bytes,
    ceilings: Mapping[str, tuple[int, int]],
    all_lists: Mapping[str, Lists],
    wanted: Mapping[str, Cleaning],
) -> None:
    """All of a program that is new."""
    program.maps["settings"].put(layout.slot(0), settings)
    _count_change(program)
    for name, ceiling in ceilings.items():
        put_contract(program, name, ceiling)
    for each in all_lists.values():
        put_lists(program, each)
    for prefix, cleaning in wanted.items():
        put_cleaning(program, prefix, cleaning)


def _digests(program: Program) -> Iterator[tuple[int, bytes]]:
    return ((layout.slot_of(key), value) for key, value in program.maps["lists"].entries())


def _policies(program: Program) -> Iterator[tuple[str, Policy]]:
    for name in ("protected4", "protected6"):
        for key, value in program.maps[name].entries():
            yield layout.prefix_of(key), layout.policy_of(value)


def _protected(program: Program, prefix: str) -> tuple[Map, bytes]:
    name, key = layout.protected_key(prefix)
    return program.maps[name], key


def _count_change(program: Program) -> None:
    """From now on nobody goes by what was protected before."""
    changes = program.maps[".data.changes"]
    changes.put(layout.slot(0), layout.count(layout.count_of(changes.get(layout.slot(0)) or b"") + 1))


def _free(places: range, taken: Collection[int], what: str) -> int:
    for place in places:
        if place not in taken:
            return place
    raise PermanentError(f"a scrubber holds {len(places)} {what}, and all are taken")
