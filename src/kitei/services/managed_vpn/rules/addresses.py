"""Articles 7 and 22(2): which addresses a LAN may have, and that no two are the same in one VPN network."""

from bisect import bisect
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from kitei.clauses.contract import tables
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.application import Apply, Lan, WorkOrder
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.rules.sites import devices_needed, item_of, place_of
from kitei.values import Words


@lru_cache(4096)
def network_of(prefix: str) -> IPv4Network | IPv6Network:
    """A prefix as a value; parsing one takes longer than most rules do."""
    return ip_network(prefix)


@lru_cache(4096)
def is_within(prefix: str, space: tuple[str, ...]) -> bool:
    """Whether a prefix lies wholly inside one of `space`."""
    network = network_of(prefix)
    return any(
        isinstance(network, IPv4Network) and isinstance(each, IPv4Network) and network.subnet_of(each)
        for each in map(network_of, space)
    )


def is_ipv6(address: str) -> bool:
    return ":" in address


@lru_cache(4096)
def span_of(prefix: str) -> tuple[int, int] | None:
    """First and last address of an IPv4 prefix as numbers, None for IPv6."""
    network = network_of(prefix)
    if not isinstance(network, IPv4Network):
        return None
    return int(network.network_address), int(network.broadcast_address)


@lru_cache(4096)
def first_host(prefix: str) -> str:
    """The first address of a prefix that a host can have."""
    network = network_of(prefix)
    return str(network[min(1, network.num_addresses - 1)])


def gateway_of(lan: Lan) -> str:
    """The gateway as designated, else the first host address of the prefix."""
    return lan.gateway or first_host(lan.prefix)


@lru_cache(4096)
def has_room(prefix: str, gateway: str, devices: int) -> bool:
    """Whether the gateway is a host of the prefix, with room after it for devices where there are two."""
    span, at = span_of(prefix), int(ip_address(gateway))
    return span is not None and span[0] < at and at + (devices if devices > 1 else 0) < span[1]


def family_finding(s: Situation, address: str, place: str) -> Finding:
    """Art. 7.1: IPv6 is not for use here."""
    return s.refuse(
        "art:7.1",
        why=Words(
            f"{address} は IPv6 です。使えるのは IPv4 だけです", f"{address} is IPv6; only IPv4 may be used"
        ),
        place=place,
        remedy=Words("IPv4 で指定してください", "give an IPv4 address"),
    )


def lan_findings(s: Situation, lan: Lan, place: str, devices: int) -> Iterator[Finding]:
    """What articles 7 and 22(2) have against one LAN. `devices` stand in it beside its gateway, if two."""
    if is_ipv6(lan.prefix) or (lan.gateway and is_ipv6(lan.gateway)):
        yield family_finding(s, lan.prefix, f"{place}.prefix")
        return
    space = s.listed("private_prefixes")
    if not is_within(lan.prefix, space):
        yield s.refuse(
            "art:22.2",
            why=Words(
                f"{lan.prefix} は RFC 1918 の範囲にありません", f"{lan.prefix} is not inside RFC 1918 space"
            ),
            place=f"{place}.prefix",
            remedy=Words(
                f"{'、'.join(space)} の中から選んでください", f"choose a prefix inside {', '.join(space)}"
            ),
        )
        return
    gateway = gateway_of(lan)
    if not has_room(lan.prefix, gateway, devices):
        yield s.refuse(
            "art:7.2",
            why=Words(
                f"ゲートウェイ {gateway} は {lan.prefix} のホストではないか、続く {devices} 台の余地がありません",
                f"gateway {gateway} is no host of {lan.prefix}, or leaves no room for {devices} devices after it",
            ),
            place=f"{place}.gateway",
            remedy=Words(
                "プレフィックスの中のホストを選び、後に機器の分を空けてください",
                "choose a host address inside the prefix with room after it for the devices",
            ),
        )


def lans_of_network(contracts: Iterable[Contract], s: Situation) -> Iterator[tuple[str, str]]:
    """(contract, prefix) of each LAN that these sites, all in force, have on the day."""
    day = s.on.isoformat()
    for contract in contracts:
        if is_site(contract):
            for each in tables(contract.body, "lans"):
                if each.get("last") is None or day <= each["last"]:
                    yield contract.id, each["prefix"]


def overlap_findings(
    s: Situation, wanted: Iterable[tuple[str, str]], there: Iterable[tuple[str, str]]
) -> Iterator[Finding]:
    """Art. 7.2 and 7.3: one address cannot be designated for two sites of a VPN network.

    `wanted` are (place, prefix), `there` (contract, prefix). The terms do not speak of overlaps; but an
    address designated at one site is not carried from another, so the second designation could never be
    honoured. Other VPN networks may use the same prefixes.
    """
    taken = sorted(
        (span[0], span[1], owner, prefix) for owner, prefix in there if (span := span_of(prefix)) is not None
    )
    for place, prefix in wanted:
        found = span_of(prefix)
        if found is None:
            continue
        first, last = found
        at = bisect(taken, (first, last, "\uffff", ""))
        near = [*taken[max(0, at - 1) : at + 1]]  # blocks nest or lie apart, and those taken lie apart
        clash = next(((who, what) for a, b, who, what in near if a <= last and first <= b), None)
        if clash:
            yield s.refuse(
                "art:7.2",
                "art:7.3",
                why=Words(
                    f"{prefix} は {clash[0]} の {clash[1]} と重なります。同じ VPN 網で一つのアドレスを二か所に"
                    "指定することはできません",
                    f"{prefix} overlaps {clash[1]} of {clash[0]}; within one VPN network an address cannot be "
                    "designated in two places",
                ),
                place=place,
                remedy=Words(
                    "重ならないプレフィックスにしてください", "choose a prefix that overlaps no other"
                ),
            )
        else:
            taken.insert(at, (first, last, place, prefix))


def ipv4_only(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 7.1, 7.2 and 22.2 for every LAN of an application."""
    any_lan = False
    for index, site in enumerate(asked.sites):
        item = item_of(site, s)
        devices = (devices_needed(item, site.kind) if item else None) or 1
        for at, lan in enumerate(site.lans):
            any_lan = True
            yield from lan_findings(s, lan, f"{place_of(index)}.lans[{at}]", devices)
    if any_lan:
        yield s.confirm(_LANS, "art:7.1", "art:7.2", "art:22.2")


_LANS = Words(
    "LAN は RFC 1918 の IPv4 で、指定した者とともに記録します",
    "LANs are IPv4 inside RFC 1918 space, recorded with who designated them",
)


def no_overlap(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 7.3: the LANs of one VPN network are all different."""
    networks = {site.network[0] for site in asked.sites if site.lans}
    for network in sorted(networks):
        wanted = [
            (f"{place_of(index)}.lans[{at}].prefix", lan.prefix)
            for index, site in enumerate(asked.sites)
            if site.network[0] == network
            for at, lan in enumerate(site.lans)
        ]
        yield from overlap_findings(s, wanted, lans_of_network(s.in_force(network), s))


def work_addresses(asked: WorkOrder, s: Situation) -> Iterator[Finding]:
    """Articles 7 and 22(2) for what a work order sets."""
    if asked.wan_address is not None and is_ipv6(asked.wan_address):
        yield family_finding(s, asked.wan_address, "work-order.wan_address")
    if not asked.add_lans or asked.contract is None:
        return
    contract = s.contract(asked.contract)
    devices = 2 if len({d.slot for d in contract.devices if d.slot in ("a", "b")}) > 1 else 1
    for at, lan in enumerate(asked.add_lans):
        yield from lan_findings(s, lan, f"work-order.add_lans[{at}]", devices)
    there = [
        pair
        for pair in lans_of_network(s.in_force(contract.group), s)
        if pair[0] != contract.id or pair[1] not in asked.remove_lans
    ]
    wanted = [(f"work-order.add_lans[{at}].prefix", lan.prefix) for at, lan in enumerate(asked.add_lans)]
    yield from overlap_findings(s, wanted, there)
    yield s.confirm(_LANS, "art:7.1", "art:7.2", "art:22.2")
