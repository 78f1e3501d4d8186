"""A gateway's filter as one nft table: pure.

A flow is judged by its first packet, in whichever direction it is looked at: rules speak of `ct original`, and what
they allow is marked with the rules' own digest. So packets of flows that were judged pass by one look; and when the
rules change, every flow is judged anew with its next packet of either direction, while those still allowed go on
without a gap. What is denied is refused to inner neighbours and passed over in silence outside.

What an appliance is to look into has the number of its profile in the high bits of the mark. Whoever looks marks the
packet; one without that mark ends here, unless its profile lets pass what nobody can see.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Final

from kitei.network import Appliance, Egress, Filter, FilterRule
from kitei.network.access_filter import in_order
from kitei.values import digest_of

TABLE: Final = "inet kitei_access"
GROUP: Final = 108
"""The nflog group that hears what was denied; the prefix of each is the rule's id and the policy's version."""

DEFAULT: Final = "default"
PROFILE: Final = 28
"""From this bit on the mark of a flow (`ct mark`) is the number of its profile."""

LOOKED: Final = 0x10000
"""The mark of a packet that was looked into."""

_RULES: Final = (1 << PROFILE) - 1  # the bits that say by which rules a flow was judged
_FAMILIES: Final = {4: ("ip", "ipv4"), 6: ("ip6", "ipv6")}
_LOGGED: Final = "limit rate 100/second burst 200 packets"
_ICMP: Final = "meta l4proto { icmp, ipv6-icmp }"


def table(
    gate: Filter, rules: Iterable[FilterRule], egress: Egress | None, appliances: Iterable[Appliance] = ()
) -> str:
    """The whole table. The same parts in another order give the same text."""
    ordered = in_order(rules)
    judged = list(_judge(ordered))
    mark = 1 + int(digest_of([*judged, *gate.zones])[:7], 16) % _RULES
    open_ = {each.number for each in appliances if each.blind == "allow"}
    closed = sorted({each.profile for each in ordered} - open_ - {0})
    chains = [
        *(f"counter {counter_of(each.name)} {{\n}}\n" for each in ordered),
        f"counter {counter_of(DEFAULT)} {{\n}}\n",
        _chain("refuse", _refuse(gate)),
        *(
            _chain(f"deny_{each.name}", _deny(each.name, gate.version))
            for each in ordered
            if each.action == "deny"
        ),
        _chain(f"deny_{DEFAULT}", _deny(DEFAULT, gate.version)),
        _chain("judge", (_marked(line, mark) for line in judged)),
        _chain(
            "forward",
            _forward(gate, egress, mark),
            "filter hook forward priority filter; policy drop;",
        ),
        *([_chain("looked", _looked(closed), _AFTER_ALL)] if closed else ()),
        _chain("input", _input(gate), "filter hook input priority filter; policy accept;"),
        _chain("leave", _leave(egress), "nat hook postrouting priority srcnat; policy accept;"),
    ]
    return f"table {TABLE} {{\n{''.join(chains)}}}\n"


def counter_of(rule: str) -> str:
    return f"rule_{rule}"


def _chain(name: str, lines: Iterable[str], hook: str = "") -> str:
    head = [f"type {hook}"] if hook else []
    return f"chain {name} {{\n{''.join(f'	{line}' + chr(10) for line in [*head, *lines])}}}\n"


# -- judging -----------------------------------------------------------------------------------------

_MARK: Final = "@mark"
_AFTER_ALL: Final = "filter hook forward priority 160; policy accept;"  # after where packets are handed over


def _marked(line: str, mark: int) -> str:
    """`@mark2` is the mark of these rules with the number 2 above it."""
    head, found, number = line.partition(f"{_MARK}")
    if not found:
        return line
    profile, _, tail = number.partition(" ")
    return f"{head}{mark | int(profile) << PROFILE} {tail}"


def _looked(closed: Iterable[int]) -> Iterator[str]:
    for number in closed:
        held = f"ct mark and {_ABOVE:#x} == {number << PROFILE:#x}"
        yield f"{held} meta mark and {LOOKED:#x} == 0 counter drop"


_ABOVE: Final = 0xF << PROFILE


def _judge(rules: Sequence[FilterRule]) -> Iterator[str]:
    for rule in rules:
        to = (
            f"counter name {counter_of(rule.name)} ct mark set {_MARK}{rule.profile} accept"
            if rule.action == "allow"
            else f"goto deny_{rule.name}"
        )
        for ends in _ends(rule):
            for service in _services(rule.services):
                yield " ".join(filter(None, (*ends, service, to)))
    yield f"goto deny_{DEFAULT}"


def _deny(name: str, version: int) -> Iterator[str]:
    yield f'{_LOGGED} log prefix "{name} {version}" group {GROUP} snaplen 128'
    yield f"counter name {counter_of(name)} goto refuse"


def _refuse(gate: Filter) -> Iterator[str]:
    yield f'iifname "{gate.outside}" drop'
    yield "meta l4proto tcp reject with tcp reset"
    yield "reject with icmpx type admin-prohibited"


def _ends(rule: FilterRule) -> Iterator[tuple[str, str]]:
    """Source and destination, family by family; both at once where a rule speaks of neither."""
    if not rule.sources and not rule.destinations:
        yield "", ""
        return
    for version in _FAMILIES:
        source, destination = (
            _end(version, word, told)
            for word, told in (("saddr", rule.sources), ("daddr", rule.destinations))
        )
        if source is not None and destination is not None:
            family = "" if source or destination else f"meta nfproto {_FAMILIES[version][1]}"
            yield source or family, destination


def _end(version: int, word: str, prefixes: Sequence[str]) -> str | None:
    """None: nothing of this family is meant."""
    if not prefixes:
        return ""
    excludes = prefixes[0].startswith("!")
    found = _set(version, (each.removeprefix("!") for each in prefixes))
    if found is None:
        return "" if excludes else None
    return f"ct original {_FAMILIES[version][0]} {word} {'!= ' if excludes else ''}{found}"


def _set(version: int, prefixes: Iterable[str]) -> str | None:
    """Prefixes of one family as a set of which none overlap; None where there are none."""
    nets = [ip_network(each) for each in prefixes]
    if version == 4:
        found = [*map(str, collapse_addresses(net for net in nets if isinstance(net, IPv4Network)))]
    else:
        found = [*map(str, collapse_addresses(net for net in nets if isinstance(net, IPv6Network)))]
    return f"{{ {', '.join(found)} }}" if found else None


def _services(services: Sequence[str]) -> Iterator[str]:
    if not services:
        yield ""
    for name in ("tcp", "udp"):
        ports = [each.partition("/")[2] for each in services if each.partition("/")[0] == name]
        if ports:
            which = "" if "" in ports else f" ct original proto-dst {{ {', '.join(_joined(ports))} }}"
            yield f"meta l4proto {name}{which}"
    if "icmp" in services:
        yield _ICMP
    numbers = [each.partition("/")[2] for each in services if each.startswith("proto/")]
    if numbers:
        yield f"meta l4proto {{ {', '.join(sorted(set(numbers), key=int))} }}"


def _joined(ports: Iterable[str]) -> Iterator[str]:
    """Port ranges of which none overlap, in order."""
    ranges = sorted((int(low), int(high or low)) for low, _, high in (each.partition("-") for each in ports))
    low, high = ranges[0]
    for first, last in ranges[1:]:
        if first > high + 1:
            yield _range(low, high)
            low, high = first, last
        else:
            high = max(high, last)
    yield _range(low, high)


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


# -- around it ---------------------------------------------------------------------------------------


def _forward(gate: Filter, egress: Egress | None, mark: int) -> Iterator[str]:
    yield "ct state invalid counter drop"
    yield from _guards(gate)
    yield "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu"
    yield f"ct mark and {_RULES:#x} == {mark} accept"
    yield f"ct state related {_ICMP} accept"
    leaving = {ip_address(each).version for each in egress.addresses} if egress else set()
    for version, (_, family) in _FAMILIES.items():
        if version not in leaving:
            yield f'ct direction original oifname "{gate.outside}" meta nfproto {family} counter goto refuse'
    yield "jump judge"


def _guards(gate: Filter) -> Iterator[str]:
    """Nobody sends as somebody of another zone."""
    zones = [zone.split(" ") for zone in gate.zones]
    inner = [prefix for _, *prefixes in zones for prefix in prefixes]
    for port, *prefixes in (*zones, [gate.outside]):
        others = [each for each in inner if each not in prefixes]
        for version, (word, family) in _FAMILIES.items():
            own, foreign = _set(version, prefixes), _set(version, others)
            if own is not None:
                yield f'iifname "{port}" {word} saddr != {own} counter drop'
            elif prefixes:
                yield f'iifname "{port}" meta nfproto {family} counter drop'
            elif foreign is not None:
                yield f'iifname "{port}" {word} saddr {foreign} counter drop'


def _input(gate: Filter) -> Iterator[str]:
    """The node's own: nothing new comes to the addresses that flows leave by; users in tunnels reach what serves them."""
    yield "ct state { established, related } accept"
    yield "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept"
    if gate.listen:
        yield f'iifname "{gate.outside}" udp dport {gate.listen} accept'
    for version, (word, _) in _FAMILIES.items():
        guarded = _set(version, (each for each in gate.guarded if ip_address(each).version == version))
        if guarded is not None:
            yield f'iifname "{gate.outside}" {word} daddr {guarded} counter drop'
    yield f'iifname "kw*" fib daddr type local {_ICMP} accept'
    for service in _services(gate.serves) if gate.serves else ():
        yield f'iifname "kw*" fib daddr type local {service} accept'
    yield 'iifname "kw*" fib daddr type local counter drop'


def _leave(egress: Egress | None) -> Iterator[str]:
    """What is the node's own leaves as it is."""
    if egress is None:
        return
    for each in egress.addresses:
        word, family = _FAMILIES[ip_address(each).version]
        out = f'oifname "{egress.port}" fib saddr type != local meta nfproto {family}'
        if egress.ports:
            yield f"{out} meta l4proto {{ tcp, udp, icmp, ipv6-icmp }} snat {word} to {_at(each)}:{egress.ports}"
        else:
            yield f"{out} snat {word} to {each}"


def _at(address: str) -> str:
    return f"[{address}]" if ":" in address else address
