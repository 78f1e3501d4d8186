"""A hub or an edge is lost, in three ways: traffic goes on by the other, and comes back without loss."""

import time
from collections.abc import Callable

import pytest
from provided import Provider

from kitei.lab.stream import Streamed

pytestmark = pytest.mark.lab

WAYS = ["pull", "silence", "kill"]
BOUND = 80
"""Datagrams of a 10 ms stream that may be lost one way; detection takes 30 of them."""


def harm(provider: Provider, way: str, node: str, site: str, parent: str) -> Streamed:
    with provider.lab.stream(provider.host(site), provider.host(parent)) as streamed:
        time.sleep(0.8)
        getattr(provider.lab, way)(node)
        time.sleep(2.0)
    return streamed[0]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("node", "site", "parent"),
    [("beta-0a", "beta-1", "beta-0"), ("gamma-1a", "gamma-1", "gamma-0")],
    ids=["hub", "edge"],
)
def test_a_lost_device_costs_a_moment_and_its_return_nothing(
    provider: Provider, mended: Callable[[str], None], way: str, node: str, site: str, parent: str
) -> None:
    provider.wait_until_settled()
    mended(node)
    harmed = harm(provider, way, node, site, parent)
    assert harmed.lost > 0, "the harm was not felt: the stream did not go by this device"
    assert harmed.there.lost <= BOUND and harmed.back.lost <= BOUND, harmed
    with provider.lab.stream(provider.host(site), provider.host(parent)) as restored:
        provider.lab.mend(node)
        time.sleep(2.5)
        provider.wait_until_settled()
        time.sleep(1.0)
    assert restored[0].lost == 0, restored[0]


def test_a_single_star_has_nothing_to_fail_over_to(provider: Provider, mended: Callable[[str], None]) -> None:
    mended("alpha-0a")
    harmed = harm(provider, "pull", "alpha-0a", "alpha-1", "alpha-0")
    assert harmed.there.lost > 150 and harmed.back.lost > 150


@pytest.mark.parametrize("process", ["controller", "beta-0a", "beta-1a"])
def test_killing_controller_or_agent_costs_no_packet(provider: Provider, process: str) -> None:
    provider.wait_until_settled()
    before = provider.lab.status()["running"][process]
    with provider.lab.stream(provider.host("beta-1"), provider.host("beta-0")) as streamed:
        time.sleep(0.3)
        provider.lab.kill_process(process)
        time.sleep(2.0)
    assert streamed[0].lost == 0
    assert provider.lab.status()["running"][process] not in (None, before)


@pytest.mark.parametrize("engine", ["charon-systemd", "bgpd", "bfdd", "zebra", "keepalived"])
def test_a_killed_engine_is_started_again_and_everything_converges(provider: Provider, engine: str) -> None:
    provider.wait_until_settled()
    lab = provider.lab
    killed = lab.run(
        "beta-0a",
        [
            "sh",
            "-c",
            f"kill -9 $(ip netns pids beta-0a | xargs ps -o pid=,comm= -p | awk '$2 ~ /^{engine}/ {{print $1}}')",
        ],
    )
    assert killed.code == 0, killed
    time.sleep(1.5)
    provider.wait_until_settled()
