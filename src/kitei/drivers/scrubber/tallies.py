"""What a scrubber has counted for each contract, read without disturbing it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from mmap import mmap

from kitei.drivers.scrubber import layout, port, tables
from kitei.drivers.scrubber.bpf import Program, running
from kitei.drivers.scrubber.fallback import counted
from kitei.drivers.scrubber.program import cores
from kitei.network import Host, PermanentError
from kitei.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Count:
    packets: int = 0
    bytes: int = 0  # of IP

    def __add__(self, other: "Count") -> "Count":
        return Count(self.packets + other.packets, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Tally:
    """Since a contract's first prefix came under the scrubber. `unproven` were answered by a challenge.

    It begins anew with a new program, and in nftables with each change.
    """

    contract: str
    passed: Count = Count()
    dropped: Mapping[str, Count] = field(default_factory=dict)

    @property
    def offered(self) -> Count:
        return sum(self.dropped.values(), self.passed)


def read_tallies(host: Host) -> tuple[Tally, ...]:
    """By contract; of the XDP program where one runs, else of the filter. PermanentError where neither can be read."""
    try:
        ours = [each for each in port.attached(host) if each.is_current]
    except PermanentError:
        ours = []  # no libbpf here, so no XDP either
    program = running(ours[0].number) if ours else None
    if program is not None:
        with program:
            return tallies_of(program)
    found: dict[str, dict[str, Count]] = {}
    for contract, reason, packets, size in counted(host):
        found.setdefault(contract, {})[reason] = Count(packets, size)
    return tuple(
        Tally(contract, counts.pop("passed", Count()), counts) for contract, counts in sorted(found.items())
    )


def tallies_of(program: Program) -> tuple[Tally, ...]:
    places = sorted((name, place) for name, (place, _) in tables.contracts(program).items())
    with program.maps[layout.GLOBAL].memory() as memory:
        return tuple(_tally(memory, name, place) for name, place in places)


def _tally(memory: mmap, name: str, place: int) -> Tally:
    counts = dict.fromkeys(layout.REASONS, Count())
    for core in range(cores()):
        for reason, told in layout.tallies_of(memory[layout.tallies_at(core, place)]).items():
            counts[reason] += Count(*told)
    return Tally(name, counts.pop("passed"), counts)


def since(now: Tally, before: Tally | None, seconds: int) -> JsonObject:
    """What came and what passed between two readings, in whole packets and bits a second."""
    if before is None or now.offered.packets < before.offered.packets:
        before = Tally(now.contract)  # it began anew
    body: dict[str, Json] = {"contract": now.contract, "seconds": seconds}
    for name, one, other in (
        ("offered", now.offered, before.offered),
        ("passed", now.passed, before.passed),
    ):
        body[f"{name}_bps"] = round((one.bytes - other.bytes) * 8 / seconds)
        body[f"{name}_pps"] = round((one.packets - other.packets) / seconds)
    more = {
        reason: count.packets - before.dropped.get(reason, Count()).packets
        for reason, count in sorted(now.dropped.items())
    }
    body["dropped"] = {reason: round(packets / seconds) for reason, packets in more.items() if packets}
    return body
