"""Intent follows from the contracts alone, and stays put when others come and go."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.network import Bgp, Gateway, NodeIntent, Probe, Route, SecureLink
from kitei.services.managed_vpn import numbering
from kitei.services.managed_vpn.contract import Item
from kitei.services.managed_vpn.intent import Compiler, compile_sites, unplaced
from kitei.terms import Cite

sys.path.insert(0, str(Path(__file__).parents[2] / "network"))
from sample import DAY, make_estate, make_network, make_site

ITEMS: tuple[Item, ...] = ("single-star-single-edge", "dual-star-single-edge", "dual-star-dual-edge")


def kinds(node: NodeIntent, kind: type) -> list[object]:
    return [part for part in node.parts if isinstance(part, kind)]


@pytest.mark.parametrize(("item", "nodes", "links"), [(ITEMS[0], 4, 3), (ITEMS[1], 5, 6), (ITEMS[2], 8, 12)])
def test_a_network_has_the_devices_and_links_of_its_item(item: Item, nodes: int, links: int) -> None:
    sites = make_network("n", item, 3)
    made = compile_sites(sites, make_estate(sites), DAY)
    assert len(made) == nodes
    assert sum(len(kinds(node, SecureLink)) for node in made) == 2 * links


def test_a_single_star_routes_statically_and_a_dual_star_by_bgp() -> None:
    single = make_network("s", ITEMS[0], 2)
    dual = make_network("d", ITEMS[2], 2)
    for node in compile_sites(single, make_estate(single), DAY):
        assert not kinds(node, Bgp) and not kinds(node, Gateway)
        assert any(isinstance(p, Route) and p.destination.startswith("10.") for p in node.parts)
    for node in compile_sites(dual, make_estate(dual), DAY):
        assert kinds(node, Bgp) and kinds(node, Gateway)
        assert not [p for p in node.parts if isinstance(p, Route) and p.destination.startswith("10.")]


@given(st.sampled_from(ITEMS), st.integers(2, 5), st.integers(1, 5))
def test_what_serves_a_child_is_owned_by_its_contract_and_goes_with_it(
    item: Item, children: int, leaving: int
) -> None:
    leaving = min(leaving, children)
    sites = make_network("n", item, children)
    estate = make_estate(sites)
    before = {node.node: node for node in compile_sites(sites, estate, DAY)}
    after = compile_sites([site for site in sites if site.number != leaving], estate, DAY)
    for node in after:
        had = {part.key: part for part in before[node.node].parts}
        has = {part.key: part for part in node.parts}
        assert all(had[key].origin.owner == f"n-{leaving}" for key in had.keys() - has.keys())
        changed = {key for key, part in has.items() if had[key] != part}
        # the list of peers and what the twin may tell grow shorter; nothing else moves
        assert all(key == "guard:wan0" or "twin" in repr(has[key]) for key in changed)


@given(st.sampled_from(ITEMS), st.integers(1, 6), st.integers(1, 6))
def test_compiling_again_gives_what_compiling_anew_gives(item: Item, children: int, changed: int) -> None:
    sites = make_network("n", item, children)
    estate = make_estate(sites)
    compiler = Compiler()
    compiler.compile(sites, estate, DAY)
    index = min(changed, children)
    lan = replace(sites[index].lans[0], prefix="10.99.0.0/16", gateway="10.99.0.1")
    sites[index] = replace(sites[index], lans=(*sites[index].lans, lan))
    assert compiler.compile(sites, estate, DAY) == compile_sites(sites, estate, DAY)


def test_every_part_cites_provisions_of_an_edition() -> None:
    sites = make_network("n", ITEMS[2], 2)
    for node in compile_sites(sites, make_estate(sites), DAY):
        for part in node.parts:
            assert part.origin.cites
            assert all(Cite.parse(cite).service == "managed-vpn-pro" for cite in part.origin.cites)


def test_interface_names_fit_the_kernel_and_numbers_their_ranges() -> None:
    last = numbering.device_number(numbering.SITES - 1, "b")
    assert len(numbering.link_name(1, last)) <= 15
    assert numbering.link_addresses(1, last)[1].startswith("100.8")
    with pytest.raises(ValueError, match="32000"):
        numbering.device_number(numbering.SITES, "a")


@given(st.lists(st.integers(0, numbering.SITES - 1), unique=True, max_size=50))
def test_no_two_links_share_a_number_or_an_address(sites: list[int]) -> None:
    devices = [numbering.device_number(site, slot) for site in sites for slot in "ab"]
    links = [(hub, device) for hub in (0, 1) for device in devices]
    assert len({numbering.link_number(*link) for link in links}) == len(links)
    ends = [end for link in links for end in numbering.link_addresses(*link)]
    assert len(set(ends)) == len(ends)
    assert len({numbering.inner_address(device) for device in devices}) == len(devices)


def test_a_lan_too_small_for_its_devices_says_so() -> None:
    with pytest.raises(ValueError, match="no room"):
        numbering.lan_addresses("10.0.0.1", "10.0.0.0/30", 2)


def test_each_child_device_asks_its_parents_gateway_end_to_end() -> None:
    sites = make_network("n", ITEMS[2], 2)
    probes = [
        p for n in compile_sites(sites, make_estate(sites), DAY) for p in n.parts if isinstance(p, Probe)
    ]
    assert len(probes) == 4
    assert {probe.target for probe in probes} == {"10.0.0.1"}


def test_a_device_without_a_machine_is_left_out_and_named() -> None:
    sites = make_network("n", ITEMS[0], 1)
    estate = make_estate(sites[:1])
    assert [node.node for node in compile_sites(sites, estate, DAY)] == ["n1"]
    assert [device.serial for _, device in unplaced(sites, estate)] == ["n-1-a"]


def test_a_lan_ordered_later_cites_the_order() -> None:
    sites = make_network("n", ITEMS[0], 1)
    ordered = make_site("n", ITEMS[0], 1, ["10.1.0.0/16", "10.50.0.0/16"])
    order = ("managed-vpn-pro@2024-05-01#art:10.1",)
    lans = (ordered.lans[0], replace(ordered.lans[1], cites=order))
    sites[1] = replace(ordered, lans=lans)
    hub = compile_sites(sites, make_estate(sites), DAY)[0]
    routes = [p for p in hub.parts if isinstance(p, Route) and p.destination == "10.50.0.0/16"]
    assert [order[0] in route.origin.cites for route in routes] == [True]
