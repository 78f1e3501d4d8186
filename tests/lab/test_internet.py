"""The world around flood protection: visits come through, floods arrive and hurt, routers tell of both."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitei.lab import internet as net
from kitei.lab.attacks import KINDS, Attack, start_attack, stop_attack
from kitei.lab.lab import Lab, open_lab
from kitei.lab.visitors import visits

SITES = (
    net.Site("e", net.ISP_A, "198.51.100.0/26", "100.64.2.1/30", "100.64.2.2/30", 100),
    net.Site("m", net.ISP_B, "203.0.113.0/26", "100.64.2.5/30", "100.64.2.6/30", 100),
)
COLLECTOR = net.Stand("col", "ix0", "100.64.9.5/24")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(Path(tmp_path_factory.mktemp("internet"))) as lab:
        net.lay(lab, SITES, [COLLECTOR])
        for provider in net.PROVIDERS:
            net.start_router(lab, provider, SITES, "100.64.9.4", 64500)
        for site in SITES:
            serve = ["-m", "kitei.lab.visitors", "serve", site.ip]
            lab.begin(site.server, site.server, [sys.executable, *serve])
        yield lab


@pytest.mark.lab
def test_visits_come_through_until_a_flood_fills_the_line(world: Lab) -> None:
    logs = {site.name: world.home / f"visits-{site.name}" for site in SITES}
    users = [address.partition("/")[0] for address in net.USER_ADDRESSES]
    for site in SITES:
        asking = ["-m", "kitei.lab.visitors", "visit", site.ip, str(logs[site.name]), *users]
        world.begin(f"visits-{site.name}", net.USERS, [sys.executable, *asking])
    until = time.monotonic() + 30
    while time.monotonic() < until and not all(good(log) > 20 for log in logs.values()):
        time.sleep(0.1)
    assert all(good(log) > 20 for log in logs.values())
    flood = Attack("flood", "udp", SITES[0].ip, 60_000)
    began = time.time()
    start_attack(world, flood, net.BOTS, (net.CORE, "bots"))
    time.sleep(4)
    stop_attack(world, flood)
    ended = time.time()
    time.sleep(1.5)
    hit, spared = (visits(logs[site.name], began + 0.5, ended) for site in SITES)
    assert hit.slowest > 0.2 > spared.slowest
    assert spared.lost == 0


@pytest.mark.lab
def test_both_routers_tell_what_came_in(world: Lab) -> None:
    net.start_netflow(world, net.ISP_A, "100.64.9.5", 2055)
    net.start_sflow(world, net.ISP_B, "100.64.9.5", 6343, 10)
    world.begin("listen", "col", ["tcpdump", "-lni", "ix0", "udp", "port", "2055", "or", "port", "6343"])
    time.sleep(1)
    for site in SITES:
        for kind in KINDS:
            flood = Attack(f"{kind}-{site.name}", kind, site.ip, 2_000)
            start_attack(world, flood, net.BOTS, (net.CORE, "bots"))
            time.sleep(0.3)
            stop_attack(world, flood)
    until = time.monotonic() + 20
    told = ""
    while time.monotonic() < until and not (".2055" in told and ".6343: sFlowv5" in told):
        told = (world.home / "listen.log").read_text()
        time.sleep(0.1)
    assert "100.64.9.1." in told and ".2055" in told
    assert "100.64.9.2." in told and ".6343: sFlowv5" in told


def good(log: Path) -> int:
    seen = visits(log) if log.exists() else None
    return seen.made - seen.lost if seen else 0
