"""Compile contracts' sites into intent and plan the change: whole, and after one site changed."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "network"))

from figure import Figure
from sample import DAY, make_estate, make_network

from kitei.network import Intent
from kitei.network.plan import Plan, compare, intent_of
from kitei.services.managed_vpn.contract import Site
from kitei.services.managed_vpn.intent import Compiler

EMPTY = intent_of({})
CHANGES = 5


def order_of(sites: int, a_network: int) -> list[Site]:
    return [
        site
        for index in range(sites // a_network)
        for site in make_network(f"n{index}", "dual-star-single-edge", a_network - 1)
    ]


def measure() -> list[Figure]:
    found: list[Figure] = []
    for count, a_network, promised in ((1_000, 50, 1.0), (1_000, 1_000, 1.0), (10_000, 50, 10.0)):
        sites = order_of(count, a_network)
        estate = make_estate(sites)
        compiler = Compiler()

        def plan(
            before: Intent, sites: list[Site] = sites, compiler: Compiler = compiler, estate=estate
        ) -> Plan:
            nodes = compiler.compile(sites, estate, DAY)
            return compare(before, intent_of({node.node: node for node in nodes}))

        begun = time.perf_counter()
        first = plan(EMPTY)
        whole = time.perf_counter() - begun
        now, took = first.after, []
        for order in range(CHANGES):
            lan = replace(sites[-1].lans[0], prefix=f"192.168.{order}.0/24", gateway=f"192.168.{order}.1")
            sites[-1] = replace(sites[-1], lans=(*sites[-1].lans, lan))
            begun = time.perf_counter()
            changed = plan(now)
            took.append(time.perf_counter() - begun)
            assert changed.changes and changed.cuts == ()
            now = changed.after
        one = median(took)
        what = f"{count:,} sites in networks of {a_network:,}"
        found.append(Figure("compile", f"{what}: compile and plan", whole, "s", promised, "at most"))
        found.append(
            Figure("compile", f"{what}: one site changed (median of {CHANGES})", one, "s", 0.1, "at most")
        )
    return found
