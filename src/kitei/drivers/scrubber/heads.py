"""The beginnings of packets that the XDP program put aside: evidence of what it drops, which nothing else here sees.

One of so many packets of each contract and reason is kept (`ONE_OF` in `native/maps.h`), until somebody takes it or the
queue is full. What the program drops never reaches a packet socket.
"""

from kitei.drivers.scrubber import layout, port
from kitei.drivers.scrubber.bpf import Program, running
from kitei.drivers.scrubber.layout import Head
from kitei.network import Host


def take_heads(host: Host) -> tuple[Head, ...] | None:
    """All that is there, once; None where no XDP program of ours runs. PermanentError where it cannot be read."""
    ours = [each for each in port.attached(host) if each.is_current]
    program = running(ours[0].number) if ours else None
    if program is None:
        return None
    with program:
        return heads_of(program)


def heads_of(program: Program) -> tuple[Head, ...]:
    """Oldest first; no more than the queue holds, however fast others come."""
    found = []
    for _ in range(layout.HEADS):
        value = program.maps["heads"].pop()
        if value is None:
            break
        found.append(layout.head_of(value))
    return tuple(found)
