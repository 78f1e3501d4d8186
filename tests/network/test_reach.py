"""The isolation and redundancy that contracts promise, asked of compiled intent."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample import DAY, make_estate, make_network

from kitei.network.plan import intent_of
from kitei.network.reach import Reach
from kitei.services.managed_vpn.contract import Item, Site
from kitei.services.managed_vpn.intent import compile_sites

ITEMS: tuple[Item, ...] = ("single-star-single-edge", "dual-star-single-edge", "dual-star-dual-edge")


def reach_of(*networks: list[Site]) -> Reach:
    sites = [site for network in networks for site in network]
    return Reach(intent_of({n.node: n for n in compile_sites(sites, make_estate(sites), DAY)}))


def host(site: Site) -> str:
    return site.lans[0].prefix.partition("/")[0][:-1] + "77"


@settings(deadline=None)
@given(st.sampled_from(ITEMS), st.integers(1, 3), st.sampled_from(ITEMS), st.integers(1, 3))
def test_child_and_parent_reach_one_another_and_nobody_else(a: Item, m: int, b: Item, n: int) -> None:
    """Two networks with equal prefixes side by side: 10.0/16 and up in both."""
    one, other = make_network("one", a, m), make_network("other", b, n)
    reach = reach_of(one, other)
    for network in (one, other):
        ours = {node for site in network for node in nodes_of(reach, site)}
        for source, target in product(network, network):
            if source is target:
                continue
            passage = reach.ask(source.contract, host(source), host(target))
            assert passage.arrives == ("parent" in (source.kind, target.kind)), passage
            assert set(passage.nodes) <= ours
            if passage.arrives:
                assert passage.nodes[-1] in nodes_of(reach, target)


def nodes_of(reach: Reach, site: Site) -> set[str]:
    return {
        name
        for name, node in reach.intent.nodes.items()
        if any(
            part.key.startswith("address:lan0") and part.origin.owner == site.contract for part in node.parts
        )
    }


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("source", ["192.168.7.7", "10.2.0.77", "10.0.0.77", "172.16.0.1", "8.8.8.8"])
def test_a_source_that_was_not_designated_is_dropped(item: Item, source: str) -> None:
    reach = reach_of(make_network("n", item, 3))
    passage = reach.ask("n-1", source, "10.0.0.77")
    assert not passage.arrives
    assert passage.hops[-1].lacks


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("target", ["10.2.0.77", "192.168.1.1", "8.8.8.8", "100.64.0.1", "198.18.0.2"])
def test_a_child_reaches_nothing_but_its_parents_lan(item: Item, target: str) -> None:
    assert not reach_of(make_network("n", item, 3)).ask("n-1", "10.1.0.77", target).arrives


@pytest.mark.parametrize("item", ITEMS[1:])
def test_a_dual_star_survives_the_loss_of_any_one_device_at_a_doubled_site(item: Item) -> None:
    network = make_network("n", item, 2)
    reach = reach_of(network)
    doubled = [site for site in network if len(site.devices) == 2]
    for dead in sorted(node for site in doubled for node in nodes_of(reach, site)):
        for child in network[1:]:
            assert reach.ask(child.contract, host(child), host(network[0]), without={dead}).arrives
            assert reach.ask(network[0].contract, host(network[0]), host(child), without={dead}).arrives


def test_a_single_star_does_not_survive_its_hub_and_an_edge_not_its_only_device() -> None:
    for item in ITEMS[:2]:
        network = make_network("n", item, 2)
        reach = reach_of(network)
        (edge,) = nodes_of(reach, network[1])
        assert not reach.ask("n-1", host(network[1]), host(network[0]), without={edge}).arrives
    hubs = nodes_of(reach := reach_of(network := make_network("n", ITEMS[0], 2)), network[0])
    assert not reach.ask("n-1", host(network[1]), host(network[0]), without=hubs).arrives


def test_every_hop_names_the_part_that_let_it_pass() -> None:
    network = make_network("n", ITEMS[2], 1)
    passage = reach_of(network).ask("n-1", host(network[1]), host(network[0]))
    assert passage.arrives
    assert all(hop.part is not None and hop.part.origin.cites for hop in passage.hops)
