"""Work orders and endings, live: who is not concerned loses no packet."""

import time

import estate
import pytest
from provided import Provider

from kitei.lab.reach import honest, is_whole

pytestmark = pytest.mark.lab


def test_a_lan_is_added_while_traffic_flows(provider: Provider) -> None:
    lab = provider.lab
    parent = provider.host("beta-0")
    with (
        lab.stream(provider.host("beta-1"), parent) as own,
        lab.stream(provider.host("beta-2"), parent) as other,
    ):
        time.sleep(0.3)
        provider.publish(estate.with_lan(provider.sites, "beta-1", "10.151.0.0/24"))
        new = lab.hosts_at("beta-1")[-1]
        left = lab.wait_until_whole([(new, parent)], 20)
        time.sleep(0.5)
    assert left == []
    assert new.ip.startswith("10.151.0.")
    assert (own[0].lost, other[0].lost) == (0, 0)
    for device in ("beta-2a", "alpha-1a"):
        assert "10.151.0" not in lab.run(device, ["ip", "route"]).out


def test_an_ended_child_is_gone_and_its_certificate_is_worth_nothing(provider: Provider) -> None:
    """Even when its device keeps its orders, its key and its certificate, and goes on dialling."""
    lab, before = provider.lab, provider.sites
    gone, parent = provider.host("gamma-3"), provider.host("gamma-0")
    for slot in "ab":
        lab.stop(f"gamma-3{slot}")
    with (
        lab.stream(provider.host("gamma-1"), parent) as kept,
        lab.stream(provider.host("alpha-1"), provider.host("alpha-0")) as far,
    ):
        time.sleep(0.3)
        provider.publish(estate.without(provider.sites, "gamma-3"), may_cut=["gamma-3"])
        until = time.monotonic() + 20
        while (
            "kt0-6" in links(provider, "gamma-0a") + links(provider, "gamma-0b") and time.monotonic() < until
        ):
            time.sleep(0.2)
        time.sleep(4.0)  # it dials again and again in this time
    assert (kept[0].lost, far[0].lost) == (0, 0)
    for hub in ("gamma-0a", "gamma-0b"):
        word = provider.reports()[hub]
        assert (word["applied"], word["waiting"], word["faults"]) == (True, [], [])
        for trace in ("kt0-6", "kt0-7", "kt1-6", "kt1-7"):
            assert trace not in links(provider, hub)
        assert "gamma-3" not in lab.run(hub, ["nft", "list", "ruleset"]).out
        assert "10.3.0.0/24" not in lab.run(hub, ["ip", "route", "show", "table", "all"]).out
        socket = lab.home / "nodes" / hub / "strongswan" / "charon.vici"
        told = lab.run(hub, ["swanctl", "--list-sas", "--uri", f"unix://{socket}"]).out
        assert "gamma-1a.gamma" in told and "gamma-3" not in told
    outcomes = lab.attempt([honest(gone, parent), honest(parent, gone), honest(gone, parent, "udp")])
    assert [outcome.arrived for outcome in outcomes] == [(), (), ()]
    survivors = [(provider.host(f"gamma-{n}"), parent) for n in (1, 2)]
    assert all(is_whole(o, parent) for o in lab.attempt([honest(one, other) for one, other in survivors]))
    provider.publish(before)  # concluded anew: a new certificate, and it is one of them again
    lab.start_nodes(["gamma-3a", "gamma-3b"])
    provider.wait_until_settled()


def links(provider: Provider, node: str) -> str:
    return provider.lab.run(node, ["ip", "-o", "link"]).out
