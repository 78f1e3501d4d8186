"""FRR's configuration as text and as lines with their blocks, and the way from one to another: pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import IPv4Network
from typing import TypeAlias

from kitei.network import Bgp, BgpNeighbour, Part

Line: TypeAlias = tuple[str, ...]
"""A line of configuration after the lines of the blocks it stands in, outermost first."""

_OURS = ("router bgp ", "ip prefix-list ", "route-map ", "bfd")
_WEIGHT = 10000  # less the metric: a neighbour's weight, above the 0 of routes heard from a twin
_BFD = ["bfd", " profile kitei", "  transmit-interval 100", "  receive-interval 100"]  # ms, detected after 3


def config_for(name: str, wanted: Sequence[Part]) -> str | None:
    """frr.conf of a node, None if it does not speak BGP. As FRR itself prints it, but for the ends of blocks.

    (An `exit` after a block that one of the three daemons does not know would end its reading.)
    """
    speakers = [part for part in wanted if isinstance(part, Bgp)]
    if not speakers:
        return None
    bgp = speakers[0]
    peers = sorted((p for p in wanted if isinstance(p, BgpNeighbour)), key=lambda p: IPv4Network(p.address))
    lines = ["frr defaults traditional", f"hostname {name}", "service integrated-vtysh-config"]
    lines += _list("own", bgp.announces)
    for peer in peers:
        lines += _list(f"in-{peer.address}", peer.accepts)
        if peer.asn != bgp.asn:
            lines += [f"route-map out-{peer.address} permit 1", " match ip address prefix-list own"]
            lines += [f" set metric {peer.metric}"]
    lines += [*_BFD, f"router bgp {bgp.asn}", f" bgp router-id {bgp.router_id}", " bgp log-neighbor-changes"]
    lines += [" no bgp default ipv4-unicast", " coalesce-time 10", " bgp bestpath compare-routerid"]
    for peer in peers:
        lines += [f" neighbor {peer.address} {setting}" for setting in _session(peer)]
    family = [f"  network {prefix}" for prefix in _sorted(bgp.announces)]
    for peer in peers:
        family += [f"  neighbor {peer.address} {setting}" for setting in _routes(peer, bgp)]
    if family:  # FRR shows no empty one
        lines += [" address-family ipv4 unicast", *family, " exit-address-family"]
    return "\n".join([*lines, ""])


def _list(name: str, prefixes: Sequence[str]) -> list[str]:
    """A prefix-list that takes exactly these; its last line refuses, so that it exists when it is empty."""
    permitted = [f"permit {prefix}" for prefix in _sorted(prefixes)]
    return [f"ip prefix-list {name} seq {n} {what}" for n, what in enumerate([*permitted, "deny any"], 1)]


def _sorted(prefixes: Sequence[str]) -> list[str]:
    return [str(net) for net in sorted({IPv4Network(prefix) for prefix in prefixes})]


def _session(peer: BgpNeighbour) -> list[str]:
    return [
        f"remote-as {peer.asn}",
        f"description {peer.origin.owner}",
        "bfd",
        "bfd profile kitei",
        "timers 3 9",
        "timers connect 1",
        "advertisement-interval 0",
    ]


def _routes(peer: BgpNeighbour, bgp: Bgp) -> list[str]:
    """Weight stays on this node: it prefers its own links to what its twin tells, whatever the metrics."""
    filters = ["activate", f"prefix-list in-{peer.address} in"]
    if peer.asn == bgp.asn:
        return [*filters, "next-hop-self"]
    return [*filters, f"weight {max(1, _WEIGHT - peer.metric)}", f"route-map out-{peer.address} out"]


def lines_of(text: str) -> frozenset[Line]:
    """The lines that are ours, told by indentation. Ends and decoration of blocks do not count."""
    found: list[Line] = []
    blocks: list[tuple[int, str]] = []
    for line in text.splitlines():
        words = line.strip()
        if not words or words in ("!", "end", "exit", "exit-address-family"):
            continue
        depth = len(line) - len(line.lstrip())
        while blocks and blocks[-1][0] >= depth:
            blocks.pop()
        blocks.append((depth, words))
        found.append(tuple(block for _, block in blocks))
    return frozenset(line for line in found if line[0].startswith(_OURS))


def speaker_of(lines: Iterable[Line]) -> str | None:
    """The line that opens the BGP block."""
    return next((line[0] for line in lines if line[0].startswith("router bgp ")), None)


def neighbour_of(line: Line) -> str | None:
    """The address of the neighbour that a line is about, be it in the BGP block, a list or a route map."""
    words = line[-1].split() if line[0].startswith("router bgp ") else line[0].split()
    match words:
        case ["neighbor", address, *_]:
            return address
        case ["ip", "prefix-list", name, *_] | ["route-map", name, *_] if name.startswith(("in-", "out-")):
            return name.partition("-")[2]
        case _:
            return None


def neighbours_in(lines: Iterable[Line]) -> dict[str, str]:
    """AS number by address, of the neighbours in the BGP block."""
    sayings = (line[1].split() for line in lines if len(line) == 2 and line[0].startswith("router bgp "))
    return {words[1]: words[3] for words in sayings if words[0] == "neighbor" and words[2] == "remote-as"}


def commands(wanted: Collection[Line], seen: Collection[Line]) -> list[str]:
    """What to say in configuration mode, so that the second becomes the first.

    Lists and maps come before the neighbours that name them.
    """
    drop, make = set(seen) - set(wanted), set(wanted) - set(seen)
    for profile in {line[:2] for line in drop if line[0] == "bfd" and len(line) > 2}:
        drop.add(profile)  # what stands in a profile has no `no`
        make |= {line for line in wanted if line[:2] == profile}
    drop = {line for line in drop if not any(line[:n] in drop for n in range(1, len(line)))}
    make -= {line[:n] for line in make for n in range(1, len(line))}  # said when the block is entered
    spoken: list[str] = []
    for block in sorted(
        {line[:-1] for line in drop | make}, key=lambda block: (block[:1] > ("router",), block)
    ):
        spoken += block
        spoken += [f"no {line[-1]}" for line in sorted(drop) if line[:-1] == block]
        spoken += [line[-1] for line in sorted(make, key=_rank) if line[:-1] == block]
    return spoken


def _rank(line: Line) -> tuple[bool, bool, Line]:
    """Within a block: what makes a neighbour or activates it, before its other settings."""
    return (" remote-as " not in line[-1], not line[-1].endswith(" activate"), line)


def refreshes(wanted: Collection[Line], seen: Collection[Line]) -> Iterator[str]:
    """Commands after a change, so that it counts for routes heard and told before; no session is reset."""
    changed = set(wanted) ^ set(seen)
    stay = set(neighbours_in(wanted)) & set(neighbours_in(seen))
    for address in sorted({found for line in changed if (found := neighbour_of(line))} & stay):
        yield f"clear bgp ipv4 unicast {address} soft"
    if stay and any(line[0].startswith("ip prefix-list own ") for line in changed):
        yield "clear bgp ipv4 unicast * soft out"
