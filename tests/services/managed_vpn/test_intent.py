"""Intent follows from the contracts alone, and stays put when others come and go."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.ledger.contracts import Contract, Device
from kitei.network import Bgp, Gateway, NodeIntent, Probe, Route, SecureLink
from kitei.network.plan import compare, intent_of
from kitei.services.managed_vpn import numbering
from kitei.services.managed_vpn.contract import Item, site
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


def device(serial: str, slot: str, state: Any) -> Device:
    return Device(serial, "Kitei Linux Router", slot, state, DAY)


@pytest.mark.parametrize(
    ("held", "serving"),
    [
        ([("old", "a", "failed"), ("new", "a", "ordered")], ["old"]),
        ([("old", "a", "failed"), ("new", "a", "installed")], ["new"]),
        ([("old", "a", "replaced"), ("new", "a", "ordered"), ("twin", "b", "installed")], ["new", "twin"]),
        ([("one", "a", "installed"), ("spare", "spare-a", "installed")], ["one"]),
        ([("one", "a", "lost")], []),
    ],
)
def test_a_slot_is_served_by_one_device_and_a_spare_by_none(
    held: list[tuple[str, str, str]], serving: list[str]
) -> None:
    contract = Contract(
        id="n-1",
        service="managed-vpn-pro",
        customer="c",
        kind="child",
        item=ITEMS[2],
        group="n",
        application="a",
        edition=date(2024, 5, 1),
        concluded_on=DAY,
        billing_start=None,
        term=None,
        ending=None,
        options=(),
        devices=tuple(device(*each) for each in held),
        quotes=(),
        charges=(),
        credits=(),
        body={"name": "n 1", "number": 1, "lans": []},
        cites=(),
        version=1,
        seq=1,
    )
    assert [each.serial for each in site(contract, DAY).devices] == serving


@pytest.mark.parametrize("lost", ["a", "b"])
def test_a_doubled_site_that_loses_a_device_changes_nothing_on_the_other(lost: str) -> None:
    sites = make_network("n", ITEMS[2], 2)
    estate = make_estate(sites)
    before = {node.node: node for node in compile_sites(sites, estate, DAY)}
    left = tuple(each for each in sites[1].devices if each.slot != lost)
    sites[1] = replace(sites[1], devices=left)
    twin = estate.machines[left[0].serial].node
    after = {node.node: node for node in compile_sites(sites, estate, DAY)}
    assert after[twin] == before[twin]


def test_children_ask_end_to_end_while_the_first_hub_has_no_device() -> None:
    sites = make_network("n", ITEMS[1], 2)
    sites[0] = replace(sites[0], devices=sites[0].devices[1:])
    made = compile_sites(sites, make_estate(sites), DAY)
    assert len([part for node in made for part in node.parts if isinstance(part, Probe)]) == 2


def test_what_closed_monitoring_needs_goes_with_its_own_contract_and_cuts_nobody_else() -> None:
    sites = make_network("n", ITEMS[0], 1)
    estate = make_estate(sites)
    serial = sites[0].devices[0].serial
    closed = replace(estate.machines[serial], closed_port="cls0", closed_address="203.0.113.5/24")
    estate = replace(
        estate, machines={**estate.machines, serial: closed}, monitor="m", monitor_address="203.0.113.1/24"
    )
    watched = [replace(sites[0], monitored=("a",), watchers=(("a", "n-2"),)), sites[1]]
    before = intent_of({node.node: node for node in compile_sites(watched, estate, DAY)})
    after = intent_of({node.node: node for node in compile_sites(sites, estate, DAY)})
    assert set(before.nodes) - set(after.nodes) == {"m"}
    assert set(compare(before, after).cuts) <= {"n-2", "operator"}
