"""What nodes are told: only what was bought, only for protected addresses, whatever facts there are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as some

from kitei.drivers.flows import Flows
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Contract
from kitei.network import (
    Announcement,
    Estate,
    FloodWatch,
    FlowRule,
    NodeIntent,
    Part,
    ReturnTunnel,
    RouteLeave,
    Scrubbing,
)
from kitei.network.ddos_estate import (
    CollectorPlace,
    DefencePlaces,
    ScrubberPlace,
    SpeakerPlace,
    TunnelPlace,
    UpstreamPlace,
)
from kitei.network.plan import compare, intent_of
from kitei.network.uniting import Contradiction
from kitei.services.ddos.contract import fold
from kitei.services.ddos.intent import compile_contracts, is_dynamic, refreshed
from kitei.services.ddos.observation import COLLECTOR, availabilities
from kitei.services.ddos.spoken import NETWORK
from kitei.watch import Observation, history_of, stretches

ON = date(2026, 1, 10)
NOW = datetime(2026, 1, 10, 1, tzinfo=UTC)
ALL: Any = ("ipv4", "ipv6", "ipv4-flowspec", "ipv6-flowspec")
PLACES = DefencePlaces(
    (CollectorPlace("see1", ("192.0.2.10",)),),
    (ScrubberPlace("scrub1", "dirty0", "auto", ("192.0.2.20", "2001:db8::20")),),
    (SpeakerPlace("speak1", 64500, "192.0.2.30"),),
    (
        UpstreamPlace("border1", "speak1", "192.0.2.40", 64500, ALL),
        UpstreamPlace("other1", "speak1", "192.0.2.50", 64510, ALL, carrier="other-isp"),
        UpstreamPlace("third1", "speak1", "192.0.2.60", 64520, ALL, carrier="third-isp"),
    ),
    (
        TunnelPlace(
            "c1", "scrub1", "192.0.2.20", "198.18.0.1", 7, "10.255.0.0/31", "10.255.0.1", far_node="cpe1"
        ),
    ),
)
ESTATE = Estate(defence=PLACES)
FORBIDDEN = (Announcement, FlowRule, Scrubbing, RouteLeave, ReturnTunnel)


def entry(
    stream: str, version: int, kind: str, body: Mapping[str, Any], on: date = date(2026, 1, 1)
) -> Entry:
    return Entry(version, f"contract:{stream}", version, Fact(kind, body, on), NOW, "test", "", "")


def concluded(id: str, item: str, prefixes: Sequence[str], **more: Any) -> Contract:
    addresses = [
        {"prefix": each, "designated_by": "customer", "since": "2026-01-01", "last": None}
        for each in prefixes
    ]
    body = {
        "service": "ddos-protection", "customer": "acme", "item": item, "group": "acme", "application": "a1",
        "edition": "2025-11-01", "addresses": addresses, "base": None, "changed": [], "policies": [], **more,
    }  # fmt: skip
    return fold(None, entry(id, 1, "contract.concluded", body))


def grown(contract: Contract, kind: str, **body: Any) -> Contract:
    return fold(contract, entry(contract.id, contract.version + 1, kind, body))


def with_option(contract: Contract, option: str, **body: Any) -> Contract:
    return grown(contract, "option.added", option=option, **body)


def mitigated(
    contract: Contract, step: str, target: str, id: str = "m1", metric: str = "udp-bps", hours: int = 1
) -> Contract:
    return grown(
        contract, "mitigation.ordered", mitigation=id, attack=None, step=step, target=target, by="controller",
        why="", at=NOW.isoformat(), until=(NOW + timedelta(hours=hours)).isoformat(), metric=metric, ports=[53],
    )  # fmt: skip


def free(contract: Contract) -> Contract:
    """Every step allowed."""
    ladder = dict.fromkeys(("rate_limit", "filter", "divert", "blackhole"), "automatic")
    return grown(
        contract, "policy.set", name="", prefixes=[], watch={"host": {"bps": 1}}, ladder=ladder, scrub={}, dry_run=False
    )  # fmt: skip


def parts(nodes: Sequence[NodeIntent]) -> list[Part]:
    return [part for node in nodes for part in node.parts]


def compiled(*contracts: Contract) -> list[Part]:
    return parts(compile_contracts(contracts, ESTATE, ON))


def had_together(contracts: Sequence[Contract], estate: Estate = ESTATE) -> tuple[NodeIntent, ...]:
    """The nodes of contracts that can be had at once: the one thing that cannot is one prefix always cleaned for two."""
    try:
        return compile_contracts(contracts, estate, ON)
    except Contradiction:
        assert all(any(each.name == "always-on" for each in contract.options) for contract in contracts)
        reject()


def of(kind: Any, found: Sequence[Part]) -> list[Any]:
    return [part for part in found if isinstance(part, kind)]


CONSENT = {"multihomed_with": "other-isp", "accepts": ["limits", "no-warranty", "explanation"]}


def test_a_diversion_is_a_route_and_how_it_is_cleaned() -> None:
    found = compiled(
        mitigated(free(concluded("c1", "type-e", ["203.0.113.0/24"])), "divert", "203.0.113.7/32")
    )
    (route,), (clean,) = of(Announcement, found), of(Scrubbing, found)
    assert (route.prefix, route.action, route.next_hop, route.upstreams) == (
        "203.0.113.7/32", "divert", "192.0.2.20", ("border1",)
    )  # fmt: skip
    assert (clean.prefix, clean.clean_bps, clean.contract) == ("203.0.113.7/32", 500_000_000, "c1")
    assert route.until == clean.until == NOW.replace(hour=2).isoformat()
    assert any(cite.endswith("#art:1.1.t1") for cite in clean.origin.cites)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("udp-bps", (17, (), False, False)),
        ("amplified-bps", (17, (53,), False, False)),
        ("icmp-pps", (1, (), False, False)),
        ("fragment-pps", (None, (), True, False)),
    ],
)
def test_a_filter_drops_what_the_alarm_is_about(metric: str, expected: tuple[Any, ...]) -> None:
    contract = mitigated(
        free(concluded("c1", "type-e", ["203.0.113.0/24"])), "filter", "203.0.113.7/32", metric=metric
    )
    (rule,) = of(FlowRule, compiled(contract))
    assert (rule.protocol, rule.source_ports, rule.fragments, rule.syn) == expected
    assert rule.rate == 0


def test_a_filter_with_nothing_to_filter_by_is_none() -> None:
    contract = free(concluded("c1", "type-e", ["203.0.113.0/24"]))
    assert of(FlowRule, compiled(mitigated(contract, "filter", "203.0.113.7/32", metric="bps"))) == []
    (rule,) = of(FlowRule, compiled(mitigated(contract, "rate-limit", "203.0.113.7/32", metric="bps")))
    assert (rule.rate, rule.protocol) == (100_000_000 // 8, None)


def test_always_on_stands_without_an_attack_and_has_no_end() -> None:
    found = compiled(with_option(concluded("c1", "type-e", ["203.0.113.0/24"]), "always-on"))
    (clean,), (route,) = of(Scrubbing, found), of(Announcement, found)
    assert (clean.until, route.until, route.prefix) == (None, None, "203.0.113.0/24")
    assert any(cite.endswith("#art:10.2.1.a2") for cite in clean.origin.cites)
    assert (
        of(Scrubbing, compiled(with_option(concluded("c1", "type-x", ["203.0.113.0/24"]), "always-on"))) == []
    )


def test_clean_traffic_goes_back_by_the_tunnel_of_those_who_have_one() -> None:
    contract = concluded("c1", "type-e", ["203.0.113.0/24"])
    assert of(ReturnTunnel, compiled(contract)) == []
    nodes = {
        n.node: n for n in compile_contracts([with_option(contract, "tunnel-router", item="own")], ESTATE, ON)
    }
    (near,), (far,) = (of(ReturnTunnel, nodes[name].parts) for name in ("scrub1", "cpe1"))
    assert (near.address, near.peer, near.carries) == ("10.255.0.0/31", "10.255.0.1", ("203.0.113.0/24",))
    assert (far.address, far.peer, far.carries, far.local) == (
        "10.255.0.1/31",
        "10.255.0.0",
        (),
        "198.18.0.1",
    )


def test_a_customers_router_has_the_far_end_of_a_tunnel_from_each_scrubber() -> None:
    (first,), second = PLACES.tunnels, ScrubberPlace("scrub2", "dirty0", "auto", ("192.0.2.21",))
    more = replace(
        first, scrubber="scrub2", local="192.0.2.21", number=8, address="10.255.0.2/31", peer="10.255.0.3"
    )
    places = replace(PLACES, scrubbers=(*PLACES.scrubbers, second), tunnels=(first, more))
    contract = with_option(concluded("c1", "type-e", ["203.0.113.0/24"]), "tunnel-router", item="own")
    nodes = {n.node: n for n in compile_contracts([contract], replace(ESTATE, defence=places), ON)}
    far = of(ReturnTunnel, nodes["cpe1"].parts)
    assert [(each.number, each.remote) for each in far] == [(7, "192.0.2.20"), (8, "192.0.2.21")]
    assert [each.number for each in of(ReturnTunnel, nodes["scrub2"].parts)] == [8]


def test_a_type_m_watches_more_under_the_one_clean_rate_of_its_base() -> None:
    base = concluded("c1", "type-x", ["203.0.113.0/24"])
    more = mitigated(free(concluded("c2", "type-m", [], base="c1")), "divert", "203.0.113.9/32")
    found = compiled(base, more)
    (clean,) = of(Scrubbing, found)
    assert (clean.contract, clean.origin.owner, clean.clean_bps) == ("c1", "c2", 10**9)
    assert {each.name for each in of(FloodWatch, found)} == {"c1", "c2"}
    assert of(Scrubbing, compiled(more)) == []  # without its base it is nothing


@pytest.mark.parametrize("taken_back", [{"route_control": "stopped"}, {"accepts": ["limits", "no-warranty"]}])
def test_consent_that_is_gone_ends_what_rests_on_it_at_once(taken_back: dict[str, Any]) -> None:
    contract = with_option(
        free(concluded("c1", "type-e", ["203.0.113.0/24"])), "multi-isp", route_control="operator", **CONSENT
    )
    contract = mitigated(contract, "divert", "203.0.113.7/32")
    before = compile_contracts([contract], ESTATE, ON)
    assert {each.upstreams for each in of((Announcement, RouteLeave), parts(before))} == {
        ("border1", "other1")
    }
    contract = grown(contract, "option.amended", option="multi-isp", **taken_back)
    after = refreshed(before, [contract], ESTATE, ON)
    assert {each.upstreams for each in of((Announcement, RouteLeave), parts(after))} == {("border1",)}


def test_what_is_ordered_is_published_alone_and_only_for_what_was_published() -> None:
    known, new = (
        free(concluded(id, "type-e", [p])) for id, p in (("c1", "203.0.113.0/24"), ("c2", "198.51.100.0/24"))
    )
    before = compile_contracts([known], ESTATE, ON)
    both = [mitigated(known, "divert", "203.0.113.7/32"), mitigated(new, "divert", "198.51.100.7/32")]
    after = refreshed(before, both, ESTATE, ON)
    assert {node.node for node in after} == {"speak1", "scrub1"}
    assert {each.prefix for each in of((Announcement, Scrubbing), parts(after))} == {"203.0.113.7/32"}
    released = grown(both[0], "mitigation.released", mitigation="m1", at=NOW.isoformat())
    again = {node.node: node.digest for node in refreshed(after, [released], ESTATE, ON)}
    assert again == {node.node: node.digest for node in before if node.node in again}
    assert refreshed(before, [known], ESTATE, ON) == ()


def test_what_several_contracts_order_for_one_prefix_is_done_once_and_as_long_as_the_last_of_them() -> None:
    base = mitigated(free(concluded("c1", "type-x", ["203.0.113.0/24"])), "divert", "203.0.113.9/32")
    more = free(concluded("c2", "type-m", [], base="c1"))
    for id, hours in (("m2", 3), ("m3", 2)):
        more = mitigated(more, "divert", "203.0.113.9/32", id, hours=hours)
    found = compiled(base, more)
    (clean,), (route,) = of(Scrubbing, found), of(Announcement, found)
    assert clean.origin.owner == route.contract == "c1"
    assert clean.until == route.until == NOW.replace(hour=4).isoformat()


def test_what_stands_always_is_not_ordered_again() -> None:
    contract = with_option(free(concluded("c1", "type-e", ["203.0.113.0/24"])), "always-on")
    found = compiled(mitigated(contract, "divert", "203.0.113.0/24"))
    assert [each.until for each in of((Announcement, Scrubbing), found)] == [None, None]


def test_two_contracts_that_always_want_one_prefix_cleaned_unlike_are_both_told() -> None:
    one = with_option(concluded("c1", "type-e", ["203.0.113.0/24"]), "always-on")
    two = with_option(
        with_option(concluded("c2", "type-e", ["203.0.113.0/24"]), "always-on"), "bandwidth", mbps=500
    )
    with pytest.raises(Contradiction) as told:
        compiled(one, two)
    words, _ = told.value.told  # and the route that leads there
    for said in ("scrub1", "scrubbing:203.0.113.0/24", "c1", "c2", "clean_bps: 500000000 / 1000000000"):
        assert said in words.en and said in words.ja


# -- laws --------------------------------------------------------------------------------------------

PREFIXES = ("203.0.113.0/24", "198.51.100.0/25", "2001:db8:7::/48")
TARGETS = some.sampled_from(
    ("203.0.113.7/32", "203.0.113.0/24", "198.51.100.9/32", "198.51.100.200/32", "2001:db8:7::1/128", "2001:db8:8::1/128", "0.0.0.0/0", "192.0.2.1/32")
)  # fmt: skip
OPTIONS = some.sampled_from(
    (
        ("always-on", {}),
        ("dual-stack", {}),
        ("bandwidth", {"mbps": 500}),
        ("bandwidth", {"mbps": 1500}),
        ("tunnel-router", {"item": "own"}),
        ("multi-isp", {"route_control": "operator", **CONSENT}),
        ("multi-isp", {"route_control": "customer", **CONSENT}),
        ("multi-isp", {"route_control": "operator", **CONSENT, "accepts": ["limits"]}),
        ("multi-isp", {"route_control": "operator", "accepts": CONSENT["accepts"]}),
    )
)
STEPS = some.sampled_from(("rate-limit", "filter", "divert", "blackhole"))
METRICS = some.sampled_from(("udp-bps", "syn-pps", "fragment-pps", "amplified-bps", "bps", "", "icmp-pps"))
ANY_ITEM = some.sampled_from([f"type-{letter}" for letter in "expdwvm"])


@some.composite
def contracts(draw: Any, items: Any = ANY_ITEM, id: str = "c1") -> Contract:
    prefixes = draw(some.lists(some.sampled_from(PREFIXES), unique=True))
    contract = concluded(id, draw(items), prefixes, base=draw(some.sampled_from((None, "c1", "c2", "c9"))))
    if draw(some.booleans()):
        contract = free(contract)
    for option, body in draw(some.lists(OPTIONS, max_size=4)):
        contract = with_option(contract, option, **body)
    for n, (step, target, metric) in enumerate(
        draw(some.lists(some.tuples(STEPS, TARGETS, METRICS), max_size=4))
    ):
        contract = mitigated(contract, step, target, f"{id}m{n}", metric)
    return contract


@settings(max_examples=150, deadline=None)
@given(contracts(some.sampled_from(["type-d"])), contracts(some.sampled_from(["type-m"]), "c2"))
def test_no_facts_whatever_make_a_type_d_do_anything_but_watch(one: Contract, added: Contract) -> None:
    found = compiled(one, added)
    assert of(FORBIDDEN, found) == []
    before = compile_contracts([one], ESTATE, ON)
    assert of(FORBIDDEN, parts(refreshed(before, [one, added], ESTATE, ON))) == []


@settings(max_examples=300, deadline=None)
@given(contracts(), contracts(id="c2"))
def test_laws_of_whatever_is_bought(one: Contract, two: Contract) -> None:
    found = parts(had_together([one, two]))
    by_id = {"c1": one, "c2": two}
    for part in of((Announcement, FlowRule, Scrubbing, RouteLeave), found):
        owner = by_id[part.origin.owner]
        base = by_id.get(str(owner.body["base"])) if owner.item == "type-m" else None
        treating = base or owner
        assert treating.item != "type-d"
        protected = [
            ip_network(each["prefix"]) for each in (owner.body["addresses"] or treating.body["addresses"])
        ]  # type: ignore[index, union-attr, call-overload]
        for text in getattr(part, "prefixes", None) or [getattr(part, "prefix", "") or part.destination]:
            inside = [
                each
                for each in protected
                if each.version == ip_network(text).version and ip_network(text).subnet_of(each)
            ]  # type: ignore[arg-type]
            assert inside, (text, protected)
        if "other1" in getattr(part, "upstreams", ()):
            taken = next(each.body for each in treating.options if each.name == "multi-isp")
            assert taken["route_control"] == "operator"
            assert set(CONSENT["accepts"]) <= set(taken["accepts"])  # type: ignore[arg-type]
            assert taken["multihomed_with"] == "other-isp"
        assert "third1" not in getattr(part, "upstreams", ())
    for part in of(Scrubbing, found):
        treating = by_id[part.contract]
        extra = sum(int(each.body["mbps"]) for each in treating.options if each.name == "bandwidth")  # type: ignore[arg-type]
        most = {"type-e": 500 + extra, "type-x": 1000 + extra, "type-p": 1000 + extra, "type-w": 100}
        if treating.item in most:
            assert 0 < part.clean_bps <= most[treating.item] * 10**6
    for part in found:
        if is_dynamic(part):
            assert part.until is not None  # type: ignore[union-attr]


OVER_OTHER = CollectorPlace("see9", ("192.0.2.99",), carrier="other-isp")
WITH_OTHER = Estate(defence=replace(PLACES, collectors=(*PLACES.collectors, OVER_OTHER)))


@settings(max_examples=150, deadline=None)
@given(contracts(), contracts(id="c2"))
def test_over_another_providers_path_only_who_has_the_option_is_watched(one: Contract, two: Contract) -> None:
    nodes = {node.node: of(FloodWatch, node.parts) for node in had_together([one, two], WITH_OTHER)}
    assert {each.name for each in nodes.get("see9", [])} <= {each.name for each in nodes.get("see1", [])}
    by_id = {"c1": one, "c2": two}
    for watch in nodes.get("see9", []):
        owner = by_id[watch.origin.owner]
        base = by_id.get(str(owner.body["base"])) if owner.item == "type-m" else None
        taken = [each.body for each in (base or owner).options if each.name == "multi-isp"]
        assert "other-isp" in [each.get("multihomed_with") for each in taken]


def test_to_be_watched_over_another_path_needs_no_consent_to_route_control() -> None:
    told = {"route_control": "customer", "multihomed_with": "other-isp"}
    mine = with_option(concluded("c1", "type-e", ["203.0.113.0/24"]), "multi-isp", **told)
    other = concluded("c2", "type-e", ["198.51.100.0/24"])
    nodes = {
        node.node: of(FloodWatch, node.parts) for node in compile_contracts([mine, other], WITH_OTHER, ON)
    }
    assert [each.name for each in nodes["see9"]] == ["c1"]
    assert [each.name for each in nodes["see1"]] == ["c1", "c2"]


@settings(max_examples=60, deadline=None)
@given(contracts(), contracts(id="c2"))
def test_publishing_what_changed_comes_to_the_same_as_publishing_all(one: Contract, two: Contract) -> None:
    before = {node.node: node for node in had_together([calm(one), calm(two)])}
    after = {node.node: node for node in refreshed(before.values(), [one, two], ESTATE, ON)}
    whole = {node.node: node for node in compile_contracts([one, two], ESTATE, ON)}
    assert {**before, **after} == whole
    back = {node.node: node for node in refreshed(whole.values(), [calm(one), calm(two)], ESTATE, ON)}
    assert {**whole, **back} == before


def calm(contract: Contract) -> Contract:
    """As it would be without any attack."""
    defence: Any = contract.body.get("defence") or {}
    return replace(contract, body={**contract.body, "defence": {**defence, "mitigations": {}}})


def test_what_the_service_says_its_parts_cite_is_what_they_cite() -> None:
    found: set[str] = set()
    for item in "expwv":
        contract = mitigated(free(concluded("c1", f"type-{item}", PREFIXES[::2])), "divert", "203.0.113.7/32")
        for option, body in (
            ("always-on", {}),
            ("dual-stack", {}),
            ("bandwidth", {"mbps": 500}),
            ("tunnel-router", {"item": "own"}),
            ("multi-isp", {"route_control": "operator", **CONSENT}),
        ):
            contract = with_option(contract, option, **body)
        added = concluded("c2", "type-m", [], base="c1")
        for part in compiled(contract, added, concluded("c3", "type-d", ["192.0.2.0/24"])):
            found |= {cite.partition("#")[2] for cite in part.origin.cites}
    assert found >= NETWORK


def test_a_contract_can_be_used_as_long_as_one_collector_watches_it() -> None:
    two = replace(PLACES, collectors=(*PLACES.collectors, CollectorPlace("see2", ("192.0.2.11",))))
    contracts = (
        concluded("c1", "type-e", ["203.0.113.0/24"]),
        concluded("c2", "type-d", ["198.51.100.0/24"]),
    )
    nodes = compile_contracts(contracts, Estate(defence=two), ON)
    told = availabilities(contracts, nodes, ON)
    for each in ("c1", "c2"):
        assert [(point.source, point.what) for point in told[each].paths] == [
            ("see1", "engine"),
            ("see2", "engine"),
        ]
    assert [(p.source, p.what, p.subject) for p in told["c1"].states] == [
        ("speak1", "engine", "gobgp"),
        ("speak1", "upstream", "border1"),
    ]
    assert told["c2"].states == ()
    always = with_option(contracts[0], "always-on")
    states = availabilities([always], compile_contracts([always], ESTATE, ON), ON)["c1"].states
    assert ("scrub1", "scrubbing", "c1") in [(p.source, p.what, p.subject) for p in states]
    down = [
        Observation(NOW.replace(hour=hour), node, "flows", "engine", up)
        for hour, node, up in (
            (1, "see1", True),
            (1, "see2", True),
            (2, "see1", False),
            (3, "see2", False),
            (4, "see1", True),
        )
    ]
    found = [(each.interval.start.hour, each.up) for each in stretches(told["c1"].paths, history_of(down))]
    assert found == [(1, True), (3, False), (4, True)]
    assert Flows.name == COLLECTOR


def test_a_tunnel_that_goes_cuts_its_owner_and_one_that_carries_more_cuts_nobody() -> None:
    def plan(before: Contract, after: Contract) -> Any:
        old, new = (compile_contracts([each], ESTATE, ON) for each in (before, after))
        return compare(intent_of({n.node: n for n in old}), intent_of({n.node: n for n in new}))

    narrow, wide = (
        with_option(concluded("c1", "type-e", prefixes), "tunnel-router", item="own")
        for prefixes in (["203.0.113.0/24"], ["203.0.113.0/24", "198.51.100.0/24"])
    )
    assert plan(narrow, wide).cuts == ()
    assert plan(wide, narrow).cuts == ("c1",)
    assert plan(narrow, concluded("c1", "type-e", ["203.0.113.0/24"])).cuts == ("c1",)


def test_a_router_that_discards_nothing_is_not_asked_to() -> None:
    places = replace(
        PLACES, upstreams=(*PLACES.upstreams, replace(PLACES.upstreams[0], name="border2", blackhole="none"))
    )
    contract = free(concluded("c1", "type-e", ["203.0.113.0/24"]))
    for step, expected in (("blackhole", ("border1",)), ("divert", ("border1", "border2"))):
        nodes = compile_contracts([mitigated(contract, step, "203.0.113.7/32")], Estate(defence=places), ON)
        assert [each.upstreams for each in of(Announcement, parts(nodes))] == [expected]
