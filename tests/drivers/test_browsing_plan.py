"""A browsers' gateway is planned if and only if something is wrong, and no more than that."""

from dataclasses import replace
from typing import Any

import pytest

from kitei.drivers.browsing import SQUID, VISITS, Browsing, BrowsingSeen
from kitei.drivers.browsing.config import Folders, squid_config, table
from kitei.entrance.door import hosts_text
from kitei.network import BrowserGateway, NetworkRelay, Origin, Part, ReachedHosts, Risk
from kitei.values import digest_of

FOR = Origin("c-1", ("gio-remote-access@2025-07-01#art:1.1.t1",))
FOLDERS = Folders("/state", "/run/x", "/state/sacks", "/state/events", "/code", "python", "/lib/helpers.pyz")
GATEWAY = BrowserGateway(
    FOR, "web.example.jp", ("192.0.2.1", "2001:db8::1"), 443, ("10.1.0.53",), "papers@1", "nas@1"
)
HOSTS, RELAY = ReachedHosts(FOR, ("10.1.0.0/24",), ("app.example",)), NetworkRelay(FOR, "lan0")


def standing(gateway: BrowserGateway, hosts: ReachedHosts, relay: NetworkRelay) -> BrowsingSeen:
    return BrowsingSeen(
        FOLDERS,
        frozenset({gateway.papers, gateway.sack, "papers@2", "nas@2"}),
        True,
        frozenset({SQUID, VISITS}),
        digest_of(table(gateway, hosts.prefixes, hosts.names, relay)),
        digest_of(squid_config(gateway, FOLDERS)),
        f"{gateway.sack} {gateway.asks_from} {gateway.port}",
        hosts_text(hosts.prefixes, hosts.names, "c-1", FOR.cites),
        ("c-1",),
    )


SEEN = standing(GATEWAY, HOSTS, RELAY)


def acts(seen: BrowsingSeen, *parts: Part) -> list[str]:
    return [step.act for step in Browsing().plan(parts, seen)]


def test_nothing_is_done_where_nothing_is_wrong() -> None:
    assert acts(SEEN, GATEWAY, HOSTS, RELAY) == []
    assert acts(BrowsingSeen(FOLDERS)) == [] == acts(BrowsingSeen(FOLDERS), HOSTS, RELAY)


def test_the_filter_stands_before_anybody_comes_in() -> None:
    fresh = BrowsingSeen(FOLDERS, SEEN.sacks)
    assert acts(fresh, GATEWAY, HOSTS, RELAY) == ["load", "hosts", "visits", "start"]
    assert acts(BrowsingSeen(FOLDERS), GATEWAY, HOSTS, RELAY) == ["load", "hosts", "await", "await"]


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"hosts": replace(HOSTS, prefixes=("10.1.0.0/25",))}, ["load", "hosts"]),
        ({"hosts": replace(HOSTS, names=("app.example", "b.example"))}, ["hosts"]),
        ({"gateway": replace(GATEWAY, papers="papers@2")}, ["reload"]),
        ({"gateway": replace(GATEWAY, sack="nas@2")}, ["visits", "reload"]),
        ({"gateway": replace(GATEWAY, resolvers=("10.1.0.54",))}, ["load", "reload"]),
        ({"gateway": replace(GATEWAY, port=8443)}, ["visits", "reload"]),
        ({"relay": replace(RELAY, port="lan1")}, ["load"]),
    ],
)
def test_a_change_does_what_it_takes_and_no_more(changed: dict[str, Any], wanted: list[str]) -> None:
    parts = {"gateway": GATEWAY, "hosts": HOSTS, "relay": RELAY, **changed}
    assert acts(SEEN, *parts.values()) == wanted
    assert acts(standing(**parts), *parts.values()) == []


@pytest.mark.parametrize(
    ("broken", "wanted"),
    [
        ({"loaded": None}, ["load"]),
        ({"hosts": None}, ["hosts"]),
        ({"running": frozenset({VISITS})}, ["start"]),
        ({"running": frozenset({SQUID})}, ["visits"]),
        ({"owners": ("c-0",)}, ["load"]),
    ],
)
def test_what_was_broken_by_another_hand_is_mended(broken: dict[str, Any], wanted: list[str]) -> None:
    assert acts(replace(SEEN, **broken), GATEWAY, HOSTS, RELAY) == wanted


def test_to_take_it_away_cuts_its_contracts() -> None:
    (step,) = Browsing().plan((), SEEN)
    assert (step.act, step.risk, step.owners) == ("end", Risk.OUTAGE, ("c-1",))


def test_without_its_network_nothing_is_let_through_to_hosts() -> None:
    text = table(GATEWAY, HOSTS.prefixes, HOSTS.names, None)
    assert "lan0" not in text and "@host4 accept" not in text
    named = table(GATEWAY, HOSTS.prefixes, HOSTS.names, RELAY)
    assert 'oifname "lan0" accept' in named, "a designated name may have any address there"
    assert "@host4 accept" in table(GATEWAY, HOSTS.prefixes, (), RELAY)
