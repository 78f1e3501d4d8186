"""A plan says exactly what changes, and whose traffic it cuts."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from sample import DAY, make_estate, make_network

from kitei.network import Intent, Risk
from kitei.network.plan import compare, intent_of
from kitei.services.managed_vpn.contract import Item, Site
from kitei.services.managed_vpn.intent import compile_sites

ITEMS: tuple[Item, ...] = ("single-star-single-edge", "dual-star-single-edge", "dual-star-dual-edge")


def intent(sites: list[Site], of: list[Site]) -> Intent:
    return intent_of({node.node: node for node in compile_sites(sites, make_estate(of), DAY)})


@given(st.sampled_from(ITEMS), st.integers(1, 4))
def test_nothing_changed_is_an_empty_plan(item: Item, children: int) -> None:
    sites = make_network("n", item, children)
    assert compare(intent(sites, sites), intent(sites, sites)).is_empty


@given(st.sampled_from(ITEMS), st.integers(2, 4))
def test_a_new_child_cuts_nobody(item: Item, children: int) -> None:
    sites = make_network("n", item, children)
    plan = compare(intent(sites[:-1], sites), intent(sites, sites))
    assert plan.changes and plan.cuts == ()


@given(st.sampled_from(ITEMS), st.integers(2, 4), st.integers(1, 4))
def test_a_child_that_goes_is_cut_and_no_other(item: Item, children: int, leaving: int) -> None:
    leaving = min(leaving, children)
    sites = make_network("n", item, children)
    staying = [site for site in sites if site.number != leaving]
    assert compare(intent(sites, sites), intent(staying, sites)).cuts == (f"n-{leaving}",)


@given(st.sampled_from(ITEMS), st.integers(1, 4))
def test_a_lan_that_is_added_cuts_nobody_and_one_that_is_taken_away_cuts_its_site(
    item: Item, children: int
) -> None:
    sites = make_network("n", item, children)
    lan = replace(sites[1].lans[0], prefix="10.99.0.0/16", gateway="10.99.0.1")
    wider = [sites[0], replace(sites[1], lans=(*sites[1].lans, lan)), *sites[2:]]
    assert compare(intent(sites, sites), intent(wider, sites)).cuts == ()
    assert "n-1" in compare(intent(wider, sites), intent(sites, sites)).cuts


def test_a_plan_and_its_digest_depend_on_both_ends() -> None:
    sites = make_network("n", ITEMS[0], 3)
    one = compare(intent(sites[:2], sites), intent(sites, sites))
    other = compare(intent(sites[:3], sites), intent(sites, sites))
    assert one.digest != other.digest and one.after == other.after
    assert all(change.risk is Risk.NONE for change in one.changes)
