"""The packet filter a node's parts ask for, as one nft table (nft(8)): pure.

No connection is tracked: what may go one way may come back the other, each direction by its own rule. So a
flow may move to another hub in the middle, and what is no longer allowed stops at once.
Rules carry the comment `<owner> <part key>`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, collapse_addresses

from kitei.network import (
    Address,
    Allow,
    BgpNeighbour,
    Forwarding,
    Gateway,
    Guard,
    Overlay,
    Part,
    PermanentError,
    Port,
    SecureLink,
)

TABLE = "inet kitei"
_COMMENT = 120  # bytes; the kernel takes 128
_REFUSED = 'counter drop comment "refused"'


@dataclass(frozen=True, slots=True)
class Places:
    """Where a node's own addresses are: by port, and the port by subnet (its leading bits, and their number)."""

    addresses: Mapping[str, tuple[IPv4Interface, ...]]
    subnets: Mapping[tuple[int, int], str]
    lengths: tuple[int, ...]
    ports: Mapping[str, Port]
    overlays: Mapping[str, Overlay]

    def at(self, port: str, within: Sequence[str]) -> list[str]:
        """Own host addresses on a port that lie in one of these prefixes."""
        own = self.addresses.get(port, ())
        nets = _networks(tuple(within)) if own else ()
        return sorted({str(a.ip) for a in own if any(a.ip in net for net in nets)})

    def port_of(self, address: str) -> str | None:
        """The port on whose subnet a neighbour lies."""
        number = int(IPv4Address(address))
        ports = (self.subnets.get((number >> 32 - length, length)) for length in self.lengths)
        return next((port for port in ports if port is not None), None)


def places_of(parts: Sequence[Part]) -> Places:
    own: dict[str, list[IPv4Interface]] = defaultdict(list)
    for part in parts:
        match part:
            case Address(port=port, address=address) | Gateway(port=port, address=address):
                own[port].append(IPv4Interface(address))
            case Overlay(name=port, address=address):
                own[port].append(IPv4Interface(address if "/" in address else f"{address}/31"))
    subnets = {
        (int(a.network.network_address) >> 32 - a.network.prefixlen, a.network.prefixlen): port
        for port, addresses in own.items()
        for a in addresses
    }
    return Places(
        {port: tuple(sorted(set(addresses))) for port, addresses in sorted(own.items())},
        subnets,
        tuple(sorted({length for _, length in subnets}, reverse=True)),
        {part.name: part for part in parts if isinstance(part, Port) and part.role != "loopback"},
        {part.name: part for part in parts if isinstance(part, Overlay)},
    )


def concerns(part: Part) -> bool:
    """Does this part alone call for a filter?"""
    return isinstance(part, Port | Guard | Allow | Overlay | Forwarding | SecureLink)


def ruleset(parts: Sequence[Part]) -> str:
    """The whole table as nft text. The same parts in another order give the same text."""
    parts = sorted(parts, key=lambda part: part.key)
    places = places_of(parts)
    ways = _ways([part for part in parts if isinstance(part, Allow)])
    links = [part for part in parts if isinstance(part, SecureLink)]
    chains = [
        _chain("early", "prerouting", "raw", "accept", ["meta nfproto ipv6 " + _REFUSED]),
        _chain("input", "input", "filter", "accept", _input(parts, places, links)),
        *(f"chain {_name(*way)} {{\n{_lines(rules)}}}\n" for way, rules in ways.items()),
        _chain("forward", "forward", "filter", "drop", _forward(ways)),
        _chain("output", "output", "filter", "accept", _output(parts, places, links)),
    ]
    return f"table {TABLE} {{\n{''.join(chains)}}}\n"


def passing_in(parts: Sequence[Part]) -> dict[str, list[str]]:
    """The prefixes that each Allow lets pass, in and out, by its comment: with fewer, somebody is cut off."""
    return {
        _owned(part): [*(f"in {p}" for p in part.sources), *(f"out {p}" for p in part.destinations)]
        for part in parts
        if isinstance(part, Allow)
    }


def _chain(name: str, hook: str, priority: str, policy: str, rules: Iterable[str]) -> str:
    head = f"type filter hook {hook} priority {priority}; policy {policy};"
    return f"chain {name} {{\n{_lines([head, *rules])}}}\n"


def _lines(rules: Iterable[str]) -> str:
    return "".join(f"\t{rule}\n" for rule in rules)


def _input(parts: Sequence[Part], places: Places, links: Sequence[SecureLink]) -> Iterator[str]:
    """What may reach the node itself. Ports that no part names are not our business, but never forward."""
    yield 'iifname "lo" accept'
    for part in parts:
        if isinstance(part, Guard) and part.peers:
            come = f'iifname "{part.port}" ip saddr {_set(part.peers)}'
            yield f"{come} udp dport {{ 500, 4500 }} counter accept {_comment(part)}"
            yield f"{come} ip protocol esp counter accept {_comment(part)}"
    if links:
        inner = _vxlan((link.remote_inner, link.local_inner) for link in links)
        yield f'iifname "ipsec0" {inner}'  # userspace ESP hands it in here
        yield f"meta ipsec exists {inner}"  # the kernel's ESP marks it
    for part in parts:
        match part:
            case BgpNeighbour(address=address) if port := places.port_of(address):
                come = f'iifname "{port}" ip saddr {address}'
                for what in ("tcp dport 179", "tcp sport 179", "udp dport 3784"):
                    yield f"{come} {what} counter accept {_comment(part)}"
            case Overlay(name=name, address=address):
                far = _far_end(address)
                yield f'iifname "{name}" ip saddr {far} ip protocol icmp counter accept {_comment(part)}'
            case Gateway(port=port, address=address):
                near = IPv4Interface(address).network
                yield (
                    f'iifname "{port}" ip saddr {near} ip daddr 224.0.0.18 ip protocol vrrp counter accept '
                    f"{_comment(part)}"
                )
            case Allow():
                yield from _pings(part, places)
            case Port(name=name, role="lan" | "closed") if own := places.addresses.get(name):
                near_by = _set(str(a.network) for a in own)
                here = _set(str(a.ip) for a in own)
                yield (
                    f'iifname "{name}" ip saddr {near_by} ip daddr {here} ip protocol icmp counter accept '
                    f"{_comment(part)}"
                )
    if places.ports:
        yield f"iifname {_names(places.ports)} {_REFUSED}"
    yield f'iifname "kt*" {_REFUSED}'
    yield f'iifname "ipsec*" {_REFUSED}'


def _vxlan(pairs: Iterable[tuple[str, str]]) -> str:
    """VXLAN between inner addresses: one look-up, for every packet of every link comes through here."""
    known = ", ".join(f"{source} . {target}" for source, target in sorted(set(pairs)))
    return f'udp dport 4789 ip saddr . ip daddr {{ {known} }} counter accept comment "protected"'


def _pings(allow: Allow, places: Places) -> Iterator[str]:
    """Who may cross the node may also ask the node's own addresses over there, and they may answer."""
    for inbound, sources, outbound, destinations in (
        (allow.inbound, allow.sources, allow.outbound, allow.destinations),
        (allow.outbound, allow.destinations, allow.inbound, allow.sources),
    ):
        for port in dict.fromkeys((outbound, inbound)):
            own = places.at(port, destinations if port == outbound else sources)
            if own and sources and port in places.ports:
                yield (
                    f'iifname "{inbound}" ip saddr {_set(sources)} ip daddr {_set(own)} '
                    f"ip protocol icmp counter accept {_comment(allow)}"
                )


def _ways(allows: Sequence[Allow]) -> dict[tuple[str, str], list[str]]:
    """The rules of each pair of interfaces, one chain a pair, found by one look-up in a map."""
    ways: dict[tuple[str, str], list[str]] = defaultdict(list)
    for allow in allows:
        if not allow.sources or not allow.destinations:
            continue
        there, back = _set(allow.sources), _set(allow.destinations)
        comment = _comment(allow)
        ways[allow.inbound, allow.outbound].append(
            f"ip saddr {there} ip daddr {back} counter accept {comment}"
        )
        ways[allow.outbound, allow.inbound].append(
            f"ip saddr {back} ip daddr {there} counter accept {comment}"
        )
    return {way: list(dict.fromkeys(rules)) for way, rules in sorted(ways.items())}


def _forward(ways: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[str]:
    if ways:
        yield 'oifname "kt*" tcp flags syn / syn,rst tcp option maxseg size set rt mtu'
        jumps = ", ".join(f'"{way[0]}" . "{way[1]}" : jump {_name(*way)}' for way in ways)
        yield f"meta iifname . meta oifname vmap {{ {jumps} }}"
    yield _REFUSED


def _output(parts: Sequence[Part], places: Places, links: Sequence[SecureLink]) -> Iterator[str]:
    """What the node itself may send. VXLAN leaves only into ESP: with charon dead it must not leave at all."""
    yield "meta nfproto ipv6 " + _REFUSED
    yield 'oifname "lo" accept'
    if links:
        inner = _vxlan((link.local_inner, link.remote_inner) for link in links)
        yield f'oifname "ipsec0" {inner}'
        yield f"rt ipsec exists {inner}"
    yield f"udp dport 4789 {_REFUSED}"
    yield f'oifname "ipsec*" {_REFUSED}'
    for part in parts:
        if isinstance(part, Guard) and part.peers:
            go = f'oifname "{part.port}" ip daddr {_set(part.peers)}'
            yield f"{go} udp sport {{ 500, 4500 }} counter accept {_comment(part)}"
            yield f"{go} ip protocol esp counter accept {_comment(part)}"
    guarded = {name for name, port in places.ports.items() if port.role == "wan"}
    guarded |= {part.port for part in parts if isinstance(part, Guard)}
    if guarded:
        yield f"oifname {_names(guarded)} {_REFUSED}"


def _far_end(address: str) -> str:
    """The other address of a /31 (RFC 3021)."""
    near = IPv4Interface(address if "/" in address else f"{address}/31")
    return str(next(host for host in near.network if host != near.ip))


def _set(prefixes: Iterable[str]) -> str:
    """An nft set of prefixes that do not overlap, or the single one."""
    texts = _apart(tuple(prefixes))
    return texts[0] if len(texts) == 1 else f"{{ {', '.join(texts)} }}"


@lru_cache(maxsize=1024)  # a hub names its own prefixes once a child
def _apart(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(net).removesuffix("/32") for net in collapse_addresses(_networks(prefixes)))


@lru_cache(maxsize=1024)
def _networks(prefixes: tuple[str, ...]) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(prefix) for prefix in prefixes)


def _names(names: Iterable[str]) -> str:
    return "{ " + ", ".join(f'"{name}"' for name in sorted(names)) + " }"


def _name(inbound: str, outbound: str) -> str:
    """A chain's name; nft takes letters, digits, `_`, `.` and `/`, so any other sign goes as its number."""
    plain = (re.sub(r"[^A-Za-z0-9.]", lambda m: f"_{ord(m[0]):x}_", name) for name in (inbound, outbound))
    return "/".join(("way", *plain))


def _comment(part: Part) -> str:
    return f'comment "{_owned(part)}"'


def _owned(part: Part) -> str:
    text = f"{part.origin.owner} {part.key}"
    if '"' in text or "\n" in text:
        raise PermanentError(
            f"{part.key!r} has a sign that no nft comment can hold; letters, digits and -:./ can"
        )
    return text.encode()[:_COMMENT].decode(errors="ignore")
