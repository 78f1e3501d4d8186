"""Return tunnels: from any ends and routes to those that are wanted, by the law of drivers."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitei.drivers.tunnels.clamp import clamp_text
from kitei.drivers.tunnels.plan import plan_tunnels
from kitei.drivers.tunnels.seen import End, TunnelsSeen, link_local_of
from kitei.network import Origin, ReturnTunnel, Risk, Step
from kitei.values import digest_of

NOTHING = TunnelsSeen()


def tunnel(number: int, **other) -> ReturnTunnel:
    part = ReturnTunnel(
        Origin(f"contract-{number}", ()),
        f"contract-{number}",
        "gre",
        "10.1.0.2",
        f"10.2.0.{number}",
        number,
        f"100.64.{number}.0/31",
        f"100.64.{number}.1",
        (f"198.51.{number}.0/24",),
        1400,
    )
    return replace(part, **other)


def told(step: Step, seen: TunnelsSeen, has_gre: bool) -> TunnelsSeen:
    """What the kernel has after a step: what each act means, said a second time."""
    with_ = step.with_
    match step.act:
        case "make" | "set":
            part = with_["part"]
            asked = part.encapsulation if step.act == "make" else with_["kind"]
            kind = "vxlan" if asked == "gre" and not has_gre else asked
            end = End(
                kind,
                part.number,
                part.local,
                part.remote,
                part.mtu,
                part.origin.owner,
                kind != part.encapsulation,
                True,
                frozenset({part.address, f"{link_local_of(part.local)}/64"}),
            )
            return replace(seen, ends={**seen.ends, f"kr{part.number}": end})
        case "delete":
            gone = with_["device"]
            left = frozenset(route for route in seen.routes if route.device != gone)
            return replace(seen, ends={n: e for n, e in seen.ends.items() if n != gone}, routes=left)
        case "route":
            left = {route for route in seen.routes if route.prefix != with_["route"].prefix}
            return replace(seen, routes=frozenset(left | {with_["route"]}))
        case "unroute":
            return replace(seen, routes=seen.routes - {with_["route"]})
        case "clamp":
            return replace(seen, clamp=digest_of(with_["text"]), present=True)
        case "clear":
            return NOTHING
        case _:
            return seen


def brought_about(wanted, seen: TunnelsSeen, has_gre: bool = False) -> tuple[TunnelsSeen, list[Step]]:
    steps = plan_tunnels(wanted, seen)
    for step in steps:
        seen = told(step, seen, has_gre)
    return seen, list(steps)


numbers = st.integers(1, 4)
tunnels = st.lists(
    st.builds(
        lambda number, kind, mtu, carries, peer: tunnel(
            number, encapsulation=kind, mtu=mtu, carries=carries, peer=peer.format(number)
        ),
        numbers,
        st.sampled_from(["gre", "vxlan"]),
        st.sampled_from([1300, 1400, 60]),
        st.lists(
            st.sampled_from(["198.51.100.0/24", "2001:db8:7::/48", "203.0.113.0/25", "10.0.0.0/8", "x"]),
            unique=True,
        ).map(tuple),
        st.sampled_from(["100.64.{}.1", "100.64.{}.9"]),
    ),
    max_size=4,
    unique_by=lambda part: part.name,
)


@settings(max_examples=150, deadline=None)
@given(tunnels, tunnels, st.booleans())
def test_after_its_plan_nothing_is_left_to_do(before, wanted, has_gre) -> None:
    seen, _ = brought_about(before, NOTHING, has_gre)
    after, _ = brought_about(wanted, seen, has_gre)
    assert [step for step in plan_tunnels(wanted, after) if step.act != "refuse"] == []
    assert plan_tunnels((), brought_about((), after, has_gre)[0]) == ()


def test_where_there_is_no_gre_vxlan_is_right_and_stays() -> None:
    seen, _ = brought_about((tunnel(1),), NOTHING, has_gre=False)
    assert seen.ends["kr1"].kind == "vxlan" and seen.ends["kr1"].stands_in
    assert plan_tunnels((tunnel(1),), seen) == ()
    _, steps = brought_about((tunnel(1, encapsulation="vxlan"),), seen)
    assert [step.act for step in steps] == ["set"], "the same device, which now is what was asked for"


def test_ending_a_tunnel_is_an_outage_of_its_owner_alone() -> None:
    seen, _ = brought_about((tunnel(1), tunnel(2)), NOTHING)
    steps = plan_tunnels((tunnel(1),), seen)
    outages = [step for step in steps if step.risk is Risk.OUTAGE]
    assert outages and {owner for step in outages for owner in step.owners} == {"contract-2"}


@pytest.mark.parametrize(
    ("part", "flaw"),
    [
        (tunnel(1, mtu=1279), "mtu 1279 is not between 1280 and 9000"),
        (replace(tunnel(1), number=0), "number 0 is not between"),
        (tunnel(1, remote="10.1.0.2"), "are not two outer addresses of one family"),
        (tunnel(1, remote="2001:db8::1"), "are not two outer addresses of one family"),
        (tunnel(1, peer="100.64.2.1"), "100.64.2.1 is not the other address of 100.64.1.0/31"),
        (tunnel(1, carries=("10.2.0.0/16",)), "10.2.0.0/16 would carry the tunnel's own way to 10.2.0.1"),
        (tunnel(1, carries=("198.51.100.1/24",)), "has host bits set"),
        (tunnel(1, local="here"), "'here' does not appear to be"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_with_its_reason(part: ReturnTunnel, flaw: str) -> None:
    after, steps = brought_about((part,), NOTHING)
    assert flaw in steps[-1].with_["flaws"][0] and steps[-1].with_["flaws"][0].startswith(
        "return-tunnel:contract-1"
    )
    assert not after.ends and not after.routes


def test_two_tunnels_of_one_number_are_one_and_a_refusal() -> None:
    after, steps = brought_about((tunnel(1), tunnel(1, name="twin")), NOTHING)
    assert (
        len(after.ends) == 1
        and "return-tunnel:twin:1: number 1 is that of contract-1" in steps[-1].with_["flaws"]
    )


def test_a_prefix_is_carried_by_one_tunnel() -> None:
    twice = tunnel(2, carries=("198.51.1.0/24",))
    after, steps = brought_about((tunnel(1), twice), NOTHING)
    assert {route.device for route in after.routes} == {"kr1"}
    assert "return-tunnel:contract-2:2: 198.51.1.0/24 is carried by contract-1" in steps[-1].with_["flaws"]


def test_the_customers_end_clamps_all_that_it_forwards_and_the_scrubbers_only_its_tunnel() -> None:
    near, far = clamp_text((tunnel(7),)), clamp_text((tunnel(7, carries=()),))
    assert 'oifname "kr7"' in near and "maxseg size set 1360" in near and "maxseg size set 1340" in near
    assert "ifname" not in far and "maxseg size set 1360" in far


def test_only_the_other_end_may_send_tunnel_packets() -> None:
    text = clamp_text((tunnel(1), tunnel(2)))
    assert "ip daddr 10.1.0.2 udp dport 4789 ip saddr != { 10.2.0.1, 10.2.0.2 }" in text


def test_an_ends_link_local_address_follows_from_its_outer_one() -> None:
    assert ip_address(link_local_of("10.1.0.2")).is_link_local
    assert link_local_of("10.1.0.2") == "fe80::6c:aff:fe01:2" != link_local_of("10.1.0.3")
