"""VPDN from a phone to the customer's site: our answer, a real terminator, and packets both ways."""

import os
from collections.abc import Iterator

import pytest
from test_freeradius_lab import eventually
from vpdn_stand import ASKS, FOR, LNS, SITE, STAFF, Ground, doors

from conftest import Bench, make_right
from kitei.network import RadiusVpdn

pytestmark = pytest.mark.lab

VPDN = RadiusVpdn(FOR, "vpn.example", "D", True)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    if os.geteuid() != 0:
        pytest.skip("real engines need root and network namespaces")
    bench = Bench(tmp_path_factory.mktemp("vpdn"))
    try:
        ground = Ground(bench, make_right)
        ground.make(ASKS, *LNS, STAFF, VPDN, *doors())
        yield ground
        ground.carrier.end()
    finally:
        bench.end()


def test_a_session_comes_up_and_passes_traffic_both_ways(ground) -> None:
    phone = ground.phone("p1")
    assert eventually(lambda: len(ground.carrier.doors("phone@vpn.example", "x")) == 2)
    call = ground.carrier.dial("phone@vpn.example", "pw-phone", phone)
    assert call.address.startswith("10.99.")
    pinged = ground.bench.hosts["p1"].run(["ping", "-c", "3", "-i", "0.05", "-W", "2", SITE])
    assert pinged.code == 0, pinged.out
    pinged = ground.site.run(["ping", "-c", "3", "-i", "0.05", "-W", "2", call.address])
    assert pinged.code == 0, pinged.out
    ground.carrier.hang_up(call)
