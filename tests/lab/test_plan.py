"""A LAN host takes an address that neither the gateway nor the devices can have."""

from ipaddress import ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.lab.plan import Lan, Segment, hosts_of


def host_on(prefix: str, gateway: str) -> str:
    return hosts_of(Segment("tokyo", (("t-a", "lan0"),), (Lan(prefix, gateway),)))[0].ip


@given(st.integers(8, 29), st.data())
def test_a_host_is_inside_its_prefix_and_none_of_the_reserved_three(length: int, data: st.DataObject) -> None:
    network = ip_network((10 << 24, length))
    first, last = int(network.network_address) + 1, int(network.broadcast_address) - 1
    gateway = data.draw(st.integers(first, last - 2))
    host = ip_interface(host_on(str(network), str(ip_interface(gateway).ip))).ip
    assert host in network and host not in (network.network_address, network.broadcast_address)
    assert not gateway <= int(host) <= gateway + 2


def test_a_prefix_too_small_for_a_host_is_told_with_what_would_do() -> None:
    with pytest.raises(ValueError, match="no address left for a host; a /29 has"):
        host_on("10.0.0.0/30", "10.0.0.1")
