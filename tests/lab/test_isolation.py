"""Every child LAN reaches its parent's LAN and nothing else: proven with packets, honest and not."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from provided import Provider

from kitei.lab.plan import Host
from kitei.lab.reach import Attempt, Outcome, honest, is_whole

pytestmark = pytest.mark.lab


def arrivals(outcomes: list[Outcome]) -> list[str]:
    """Where packets got that should have got nowhere, in words."""
    return [
        f"{o.attempt.origin} as {o.attempt.source} to {o.attempt.destination} ({o.attempt.protocol}): {o.arrived}"
        for o in outcomes
        if o.arrived or o.answered
    ]


def everyone(provider: Provider) -> list[Host]:
    return list(provider.lab.hosts.values())


def test_every_child_reaches_its_parent_and_is_reached_by_every_protocol(provider: Provider) -> None:
    ways = [*provider.pairs(), *((parent, child) for child, parent in provider.pairs())]
    tries = [(honest(one, other, p), other) for one, other in ways for p in ("icmp", "udp", "tcp")]
    outcomes = provider.lab.attempt([attempt for attempt, _ in tries])
    assert [o for o, (_, target) in zip(outcomes, tries, strict=True) if not is_whole(o, target)] == []


def test_no_packet_reaches_anyone_else(provider: Provider) -> None:
    """From every host to every address there is: only a child and its own parent hear one another.

    Alpha and gamma use the same prefixes, so most addresses exist twice, and only one's own may be reached.
    """
    allowed = {frozenset((one.name, other.name)) for one, other in provider.pairs()}
    addresses = sorted({host.ip for host in everyone(provider)})
    tries = [
        Attempt(host.name, host.ip, address, "udp")
        for host in everyone(provider)
        for address in addresses
        if address != host.ip
    ]
    wrong = []
    reached = 0
    for outcome in provider.lab.attempt(tries, 1.0):
        for place in outcome.arrived:
            reached += 1
            if frozenset((outcome.attempt.origin, place)) not in allowed:
                wrong.append(f"{outcome.attempt} reached {place}")
    assert wrong == []
    assert reached == 2 * len(allowed)


def spoofed(host: Host, target: str, sources: list[str]) -> Iterator[Attempt]:
    for source in sources:
        yield Attempt(host.name, source, target, "udp")
        yield Attempt(host.name, source, target, "icmp")


LOOPBACK = "127.0.0.1"
FOREIGN = [
    "192.168.7.7",
    "172.16.0.9",
    "8.8.8.8",
    "198.18.0.10",
    "100.64.0.1",
    "100.80.0.4",
    LOOPBACK,
    "10.200.0.1",
]


def test_no_spoofed_or_undesignated_source_passes(provider: Provider) -> None:
    """Nor another child's address, nor the parent's own."""
    tries: list[Attempt] = []
    for child, parent in provider.pairs():
        others = [host.ip for host in everyone(provider) if host.ip not in (child.ip, parent.ip)]
        tries += spoofed(child, parent.ip, [*FOREIGN, parent.ip, *others[:3]])
    assert arrivals(provider.lab.attempt(tries, 1.0)) == []


def test_no_undesignated_destination_is_reached(provider: Provider) -> None:
    tries = [
        Attempt(h.name, h.ip, target, "udp")
        for h in everyone(provider)
        for target in FOREIGN
        if target != LOOPBACK
    ]
    assert arrivals(provider.lab.attempt(tries, 0.6)) == []


def test_no_ipv6_passes(provider: Provider) -> None:
    """Neighbours on one's own segment may hear it; it goes no further."""
    tries = [
        Attempt(host.name, "fd00::1", target)
        for host in everyone(provider)
        for target in ("fd00::2", "2001:db8::1", "::ffff:10.0.0.254")
    ]
    outcomes = provider.lab.attempt(tries, 0.6)
    sites = {host.name: host.site for host in everyone(provider)}
    far = [(o.attempt, p) for o in outcomes for p in o.arrived if sites[p] != sites[o.attempt.origin]]
    assert far == []
    assert not any(outcome.answered for outcome in outcomes)


def test_the_wan_carries_ike_and_esp_only(provider: Provider) -> None:
    """While customers talk, and while they try what is not allowed."""
    child, parent = provider.pairs()[-1]
    with provider.lab.capture() as carried, provider.lab.stream(child, parent) as streamed:
        time.sleep(1.0)
        for host in everyone(provider)[:4]:
            provider.lab.attempt(
                [Attempt(host.name, host.ip, "8.8.8.8"), Attempt(host.name, "1.2.3.4", parent.ip)], 0.1
            )
    assert carried[0].is_protected, carried[0]
    assert carried[0].encrypted >= streamed[0].sent
    assert streamed[0].lost == 0


@pytest.mark.parametrize("node", ["alpha-1a", "beta-2a", "gamma-3a"])
def test_a_misconfigured_child_is_refused_by_its_hub(
    provider: Provider, mended: Callable[[str], None], node: str
) -> None:
    """Its filter gone, foreign addresses on it, routes to everywhere: nothing of it gets past the hub."""
    site = node[:-1]
    network = site.partition("-")[0]
    parent, child = provider.host(f"{network}-0"), provider.host(site)
    told = provider.lab.run(node, ["ip", "-o", "-4", "address", "show"]).out
    overlays = [line.split()[1] for line in told.splitlines() if line.split()[1].startswith("kt")]
    assert overlays
    foreign = ["10.2.0.0/24", "10.101.0.0/24", "10.103.0.0/24", "172.16.0.0/16"]
    mended(node)
    provider.lab.misconfigure(
        node,
        [
            ["nft", "flush", "ruleset"],
            ["sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv6.conf.all.disable_ipv6=0"],
            ["ip", "address", "add", "172.16.0.9/16", "dev", "lan0"],
            *(["ip", "route", "replace", prefix, "dev", overlays[0]] for prefix in foreign[:-1]),
        ],
    )
    others = [h for h in everyone(provider) if h.name not in (parent.name, child.name)]
    tries = [
        *spoofed(child, parent.ip, [*FOREIGN, *(host.ip for host in others if host.ip != child.ip)]),
        *(Attempt(child.name, child.ip, host.ip, "udp") for host in others if host.ip != parent.ip),
        *(Attempt(node, source, parent.ip, "udp") for source in ("172.16.0.9", "8.8.8.8", "10.200.0.1")),
    ]
    tries = [t for t in tries if t.destination != child.ip]
    before = refused(provider, network)
    assert arrivals(provider.lab.attempt(tries, 1.0)) == []
    assert refused(provider, network) > before, "nothing came to the hub: the child was not misconfigured"
    assert is_whole(provider.lab.attempt([honest(child, parent)])[0], parent)


def refused(provider: Provider, network: str) -> int:
    """Packets that a network's hubs have dropped so far."""
    hubs = [machine.node for machine in provider.machines if machine.node.startswith(f"{network}-0")]
    told = "".join(provider.lab.run(hub, ["nft", "list", "table", "inet", "kitei"]).out for hub in hubs)
    return sum(int(count) for count in re.findall(r'packets (\d+) bytes \d+ drop comment "refused"', told))
