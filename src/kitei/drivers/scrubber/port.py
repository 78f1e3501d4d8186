"""Programs on ports: which interface runs one of ours, and putting one there, by netlink.

What is attached this way stays with the interface whoever dies, until another takes its place or it is removed.
"""

import os
from collections.abc import Iterator
from typing import Any, Final

from pyroute2.netlink.exceptions import NetlinkError

from kitei.drivers.scrubber.bpf import NoXdp, Program, running
from kitei.drivers.scrubber.layout import GLOBAL, SIZES, made_of, memory_size, slot
from kitei.drivers.scrubber.program import cores, digest
from kitei.drivers.scrubber.seen import Attached, Mode
from kitei.network import Host, PermanentError

_MODES: Final[dict[Mode, int]] = {
    "native": 1 << 2,
    "generic": 1 << 1,
}  # XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE
_IF_NONE: Final = 1 << 0  # XDP_FLAGS_UPDATE_IF_NOEXIST
_MODE_OF: Final[dict[object, Mode]] = {1: "native", "xdp": "native", 2: "generic", "xdpgeneric": "generic"}


def attached(host: Host) -> Iterator[Attached]:
    """Programs of ours on this node's interfaces. Those of others are not looked into."""
    with host.netlink() as line:
        links = [(link.get_attr("IFLA_IFNAME"), link.get_attr("IFLA_XDP")) for link in line.get_links()]
    for name, xdp in links:
        number = xdp.get_attr("IFLA_XDP_PROG_ID") if xdp is not None else None
        mode = _MODE_OF.get(xdp.get_attr("IFLA_XDP_ATTACHED")) if number else None
        if number and mode is not None:
            program = running(number)
            if program is None:
                continue
            with program:
                if is_ours(program):
                    told = program.maps["settings"].get(slot(0)) or b""
                    made = made_of(told) if len(told) == SIZES["settings"][1] else b""
                    yield Attached(str(name), mode, number, made == digest() and has_our_layout(program))


def is_ours(program: Program) -> bool:
    return {"settings", "protected4", "contracts", "proven"} <= set(program.maps)


def has_our_layout(program: Program) -> bool:
    sizes = {name: (each.key_size, each.value_size) for name, each in program.maps.items()}
    return sizes == {**SIZES, GLOBAL: (4, memory_size(cores()))}


def attach(host: Host, port: str, program: Program, instead: Attached | None) -> Mode:
    """Put a program on a port, at one instant `instead` of one of ours; native if the port's driver can."""
    modes: tuple[Mode, ...] = (instead.mode,) if instead else ("native", "generic")
    refusals = []
    for mode in modes:
        try:
            _set(host, port, program.handle, _MODES[mode] | (0 if instead else _IF_NONE))
        except NetlinkError as refused:
            refusals.append(f"{mode}: {os.strerror(refused.code)}")
        else:
            return mode
    raise NoXdp(f"{port} on {host.name} takes no XDP program ({'; '.join(refusals)})")


def detach(host: Host, port: str, mode: Mode) -> None:
    _set(host, port, -1, _MODES[mode])


def is_veth(host: Host, port: str) -> bool:
    with host.netlink() as line:
        links = line.get_links(ifname=port)
        return any(link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") == "veth" for link in links)


def _set(host: Host, port: str, handle: int, flags: int) -> None:
    with host.netlink() as line:
        found = line.link_lookup(ifname=port)
        if not found:
            raise PermanentError(f"there is no interface {port} on {host.name}")
        told: Any = {"attrs": [["IFLA_XDP_FD", handle], ["IFLA_XDP_FLAGS", flags]]}
        line.link("set", index=found[0], xdp=told)
