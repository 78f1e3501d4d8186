"""No node waits for an approval that the plan did not ask for: what a driver calls a cut, the plan names."""

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from sample import DAY, make_estate, make_network

from kitei.drivers.frr import Frr, FrrSeen
from kitei.drivers.frr.config import config_for, lines_of
from kitei.drivers.nftables import FilterSeen, Nftables, digest_of
from kitei.drivers.nftables.rules import passing_in, ruleset
from kitei.network import Part, Risk, Step
from kitei.network.plan import compare, intent_of
from kitei.services.managed_vpn.contract import Item, Site
from kitei.services.managed_vpn.intent import compile_sites

ITEMS: tuple[Item, ...] = ("single-star-single-edge", "dual-star-single-edge", "dual-star-dual-edge")


def filtered(parts: tuple[Part, ...]) -> FilterSeen:
    """What the filter's driver sees once these parts are in place."""
    text = ruleset(parts)
    comments = frozenset(told for told in re.findall(r'comment "([^"]+)"', text) if " " in told)
    passing = {comment: tuple(told) for comment, told in passing_in(parts).items()}
    return FilterSeen(True, digest_of(text), comments, passing)


def routed(node: str, parts: tuple[Part, ...]) -> FrrSeen:
    """What the routing driver sees once these parts are in place."""
    config = config_for(node, parts)
    if config is None:
        return FrrSeen(node, None, frozenset())
    return FrrSeen(node, config, frozenset({"zebra", "bfdd", "bgpd"}), lines_of(config))


def altered(sites: list[Site], what: str, which: int) -> list[Site]:
    """The sites after a child went, a LAN came, a LAN went, or a device was lost."""
    site = sites[which]
    more = replace(site.lans[0], prefix="10.99.0.0/16", gateway="10.99.0.1")
    match what:
        case "go":
            return [each for each in sites if each is not site]
        case "wider":
            return [replace(each, lans=(*each.lans, more)) if each is site else each for each in sites]
        case _:
            left = site.devices[:-1]
            return [replace(each, devices=left) if each is site else each for each in sites]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(ITEMS), st.integers(1, 3), st.integers(0, 3), st.sampled_from(["go", "wider", "lose"]))
def test_what_a_driver_calls_a_cut_the_plan_names(item: Item, children: int, which: int, what: str) -> None:
    sites = make_network("n", item, children)
    estate = make_estate(sites)
    other = altered(sites, what, min(which, children))
    for one, next_ in ((sites, other), (other, sites)):
        before = intent_of({node.node: node for node in compile_sites(one, estate, DAY)})
        after = intent_of({node.node: node for node in compile_sites(next_, estate, DAY)})
        cuts = set(compare(before, after).cuts)
        for name, node in before.nodes.items():
            parts = after.nodes[name].parts if name in after.nodes else ()
            steps: tuple[Step, ...] = (
                *Nftables().plan(parts, filtered(node.parts)),
                *Frr().plan(parts, routed(name, node.parts)),
            )
            waiting = {owner for step in steps if step.risk is Risk.OUTAGE for owner in step.owners}
            assert waiting <= cuts, (what, name, steps)
