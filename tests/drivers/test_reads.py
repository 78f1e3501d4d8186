"""What a driver says it reads is all that its plans depend on."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kitei.drivers import ALL
from kitei.drivers.frr import FrrSeen
from kitei.drivers.keepalived import VrrpSeen
from kitei.drivers.links import LinksSeen
from kitei.drivers.nftables import FilterSeen
from kitei.drivers.strongswan import IkeSeen
from kitei.network import Driver, Part
from kitei.services.managed_vpn.intent import Compiler

sys.path.insert(0, str(Path(__file__).parents[1] / "network"))

from sample import DAY, make_estate, make_network

NOTHING_SEEN: dict[str, Any] = {
    "nftables": FilterSeen(),
    "links": LinksSeen(),
    "strongswan": IkeSeen(),
    "frr": FrrSeen("a"),
    "keepalived": VrrpSeen("a"),
}


def nodes() -> Sequence[tuple[Part, ...]]:
    sites = make_network("n", "dual-star-dual-edge", 3)
    return [node.parts for node in Compiler().compile(sites, make_estate(sites), DAY)]


@pytest.mark.parametrize("driver", [each for each in ALL if each.name in NOTHING_SEEN], ids=lambda d: d.name)
def test_parts_of_other_types_change_no_plan(driver: Driver[Any]) -> None:
    seen = NOTHING_SEEN[driver.name]
    for parts in nodes():
        own = tuple(part for part in parts if isinstance(part, driver.reads))
        assert own and driver.plan(own, seen) == driver.plan(parts, seen)
        assert driver.plan(own, seen), "there is something to do"
