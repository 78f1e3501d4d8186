"""VPDN from a phone to the customer's site: our answer, a real terminator, and packets both ways."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from radius_stand import put_sack, record
from test_freeradius_lab import eventually
from vpdn_stand import (
    ASKS,
    CARRIER,
    CARRIER_SECRET,
    FOR,
    LNS,
    LNS_SECRET,
    SITE,
    SITE6,
    STAFF,
    Ground,
    ask_udp,
    doors,
    ping,
)

from kitei.lab.mobile.asking import Refused
from kitei.network import RadiusCaps, RadiusVpdn
from kitei.radius.leaving import Heard
from kitei.radius.names import shown
from kitei.radius.packet import Attribute
from kitei.radius.sessions import Session
from kitei.radius.table import write_changes

pytestmark = pytest.mark.lab

USER = "phone@vpn.example"
VPDN = RadiusVpdn(FOR, "vpn.example/d", "D", True)


@pytest.fixture(scope="module")
def ground(shared_bench, make_right) -> Iterator[Ground]:
    ground = Ground(shared_bench, make_right)
    ground.make(ASKS, *LNS, STAFF, VPDN, *doors())
    yield ground
    ground.carrier.end()


@pytest.fixture(autouse=True)
def nobody_is_left(ground) -> Iterator[None]:
    yield
    for call in ground.carrier.calls():
        ground.carrier.hang_up(call)


def test_a_session_comes_up_and_passes_traffic_both_ways(ground) -> None:
    phone, host = ground.phone("p1"), ground.bench.hosts["p1"]
    assert eventually(lambda: len(ground.named(USER)) == 2)
    for method in ("chap", "pap"):
        call = ground.carrier.dial(USER, "pw-phone", phone, method)
        assert call.address.startswith("10.99.") and ground.has_ipv6(call)
        assert ping(host, SITE) and ping(ground.site, call.address)
        assert ask_udp(host, SITE) == ask_udp(ground.site, call.address) == 20
        assert ping(host, SITE6) and ping(ground.site, call.address6)
        assert ask_udp(host, SITE6) == ask_udp(ground.site, call.address6) == 20
        ground.carrier.hang_up(call)
        assert eventually(lambda: not ground.open_sessions())
    with pytest.raises(Refused, match=r"refused the user|terminator ended it"):
        ground.carrier.dial(USER, "not the password")
    with pytest.raises(Refused, match="rejected"):
        ground.carrier.dial("phone@staff.example", "pw-phone")


def test_sessions_are_spread_by_weight(ground) -> None:
    assert eventually(lambda: ground.is_told_two(USER, ground.carrier))
    calls = [ground.carrier.dial(USER, "pw-phone", calling=f"0901{n}") for n in range(12)]
    taken = Counter(call.endpoint for call in calls)
    asked = Counter(ground.carrier.doors(USER, "x", f"0902{n}")[0].endpoint for n in range(60))
    assert 0 < taken["10.0.0.11"] < taken["10.0.0.12"] and 0.2 < asked["10.0.0.11"] / 60 < 0.5, (taken, asked)
    assert len({call.address for call in calls}) == 12


def test_a_dead_terminator_is_left_out_and_taken_again(ground) -> None:
    ground.make(ASKS, *LNS, STAFF, VPDN, *doors(preferences=(1, 2)))

    def first() -> str:
        return ground.carrier.dial(USER, "pw-phone").endpoint

    both = ["10.0.0.11", "10.0.0.12"]
    assert eventually(lambda: ground.named(USER) == both)
    assert first() == both[0]
    ground.ends[0].stop()
    assert first() == both[1], "the concentrator tries the next that it was told"
    assert eventually(lambda: ground.named(USER) == both[1:])
    ground.ends[0].start()
    assert eventually(lambda: ground.named(USER) == both)
    assert first() == both[0]


def test_without_the_option_one_terminator_is_named(ground) -> None:
    ground.make(ASKS, *LNS, STAFF, replace(VPDN, spread=False), *doors(preferences=(2, 1)))
    assert eventually(lambda: ground.named(USER) == ["10.0.0.12"])
    assert ground.carrier.dial(USER, "pw-phone").endpoint == "10.0.0.12"


def test_each_type_of_line_has_its_own_carrier(ground) -> None:
    realms = [replace(VPDN, realm=f"{item.lower()}.example/{item.lower()}", item=item) for item in "DKI"]
    ends = [end for each in realms for end in doors(each.realm)]
    asks = [replace(ASKS, address=f"10.0.0.{4 + n}", carries=item) for n, item in enumerate("DKI")]
    carriers = {
        "D": ground.carrier,
        "K": ground.another_carrier("10.0.0.5"),
        "I": ground.another_carrier("10.0.0.6"),
    }
    ground.make(*asks, *LNS, STAFF, *realms, *ends)
    for item, carrier in carriers.items():
        for realm in "dki":
            name = f"phone@{realm}.example"
            if realm == item.lower():
                assert eventually(partial(ground.is_told_two, name, carrier))
                assert carrier.dial(name, "pw-phone").address.startswith("10.99.")
            else:
                with pytest.raises(Refused, match="rejected"):
                    carrier.dial(name, "pw-phone")
    for carrier in carriers.values():
        for call in carrier.calls():
            carrier.hang_up(call)
    carriers["K"].end()
    carriers["I"].end()


def test_sessions_and_traffic_beyond_the_caps_are_kept_out_and_ended(ground) -> None:
    caps = RadiusCaps(FOR, "vpn.example/d", 2, 0, 5_000_000, 0)
    ground.make(ASKS, *LNS, STAFF, VPDN, *doors(), caps)
    assert eventually(lambda: ground.is_told_two(USER, ground.carrier))
    calls = [ground.carrier.dial(USER, "pw-phone") for _ in range(2)]
    assert eventually(lambda: not ground.named(USER)), "two sessions are open"
    ground.carrier.hang_up(calls[0])
    assert eventually(lambda: ground.is_told_two(USER, ground.carrier))
    ground.carrier.report(calls[1], used=6_000_000)
    assert calls[1].over.wait(10) and calls[1].why == "RADIUS asked for it"
    assert not ground.named(USER), "this month's traffic is used up"
    assert eventually(lambda: "too-much-traffic" in ground.reasons())


def test_traffic_that_the_customers_terminator_tells_of_ends_the_session_there(ground) -> None:
    """The users are a group's of ours, so the customer's terminator is the access server that is asked."""
    phone, host = ground.phone("p1"), ground.bench.hosts["p1"]
    caps = RadiusCaps(FOR, "staff.example", 0, 0, 0, 1_000_000)
    ground.make(ASKS, *LNS, replace(STAFF, users="others@1"), VPDN, *doors(), caps)
    assert eventually(lambda: ground.is_told_two(USER, ground.carrier))
    call = ground.carrier.dial("other@vpn.example", "pw-other", phone)
    other = ground.carrier.dial(USER, "pw-phone")
    assert ask_udp(host, SITE, 600) > 400
    assert call.over.wait(15) and call.why == "the terminator ended it"
    assert not other.over.is_set(), "nobody else's"
    with pytest.raises(Refused):
        ground.carrier.dial("other@vpn.example", "pw-other")


def test_a_session_that_is_up_is_changed_and_ended_where_it_is(ground) -> None:
    phone, host = ground.phone("p1"), ground.bench.hosts["p1"]
    ground.make(ASKS, *LNS, STAFF, VPDN, *doors())
    assert eventually(lambda: ground.is_told_two(USER, ground.carrier))
    call = ground.carrier.dial(USER, "pw-phone", phone)
    place = ("staff.example", "phone", "", call.address, 0.0, 0.0, 0.0, 0, 0, "phone")
    there = Session(call.endpoint, "unknown to it", *place)
    assert ask_udp(host, SITE, 3) == 3
    assert ground.tell(there, LNS_SECRET, (("Filter-Id", "quiet.in"),)) is Heard.DONE
    assert ask_udp(host, SITE, 1) == 0 and ping(host, SITE), "as the customer's terminator has it"
    assert ground.tell(there, LNS_SECRET, ()) is Heard.DONE
    assert ask_udp(host, SITE, 3) == 3
    assert ground.tell(there._replace(address="10.99.1.99"), LNS_SECRET, None) is Heard.REFUSED
    assert ground.tell(there, "not the secret", None) is Heard.NOTHING
    assert not call.over.is_set()

    here = Session(CARRIER, call.id, "vpn.example/d", "phone", "", "", 0.0, 0.0, 0.0, 0, 0, USER)
    assert (
        ground.tell(here, CARRIER_SECRET, (("Session-Timeout", "3600"), ("Filter-Id", "slow"))) is Heard.DONE
    )
    assert call.filters == ("slow",) and not call.over.wait(0.3)
    assert ground.tell(here, CARRIER_SECRET, (("Session-Timeout", "1"),)) is Heard.DONE
    assert call.over.wait(10) and call.why == "its time is over"
    assert ground.tell(here, CARRIER_SECRET, None) is Heard.REFUSED, "it is gone"


def test_a_contract_that_ends_is_refused_and_its_sessions_are_over(ground) -> None:
    """As our node does it by itself: the orders that no longer name a contract are all it needs."""
    other = replace(VPDN, realm="other.example/d")
    ground.make(ASKS, *LNS, STAFF, VPDN, *doors(), other, *doors("other.example/d"))
    assert eventually(lambda: ground.is_told_two("phone@other.example", ground.carrier))
    ending, staying = (ground.carrier.dial(name, "pw-phone") for name in (USER, "phone@other.example"))
    assert eventually(lambda: ground.open_sessions() >= 4), (
        "the mobile network and the terminators told of both"
    )
    ground.make(ASKS, *LNS, STAFF, other, *doors("other.example/d"))
    assert ending.over.wait(10) and ending.why == "RADIUS asked for it"
    with pytest.raises(Refused, match="rejected"):
        ground.carrier.dial(USER, "pw-phone")
    assert not staying.over.is_set() and "not-your-realm" in ground.reasons()
    ground.make(*LNS, STAFF)
    assert staying.over.wait(10), "with its last contract a mobile network is no client any more, but is told"
    with pytest.raises(Refused, match="no RADIUS server answers"):
        ground.carrier.dial(USER, "pw-phone")


def test_users_who_change_are_told_to_whoever_has_their_session(ground) -> None:
    phone, host = ground.phone("p1"), ground.bench.hosts["p1"]
    group = replace(STAFF, users="others@1")
    parts = (ASKS, *LNS, VPDN, *doors())
    ground.make(*parts, group)
    assert eventually(lambda: ground.is_told_two(USER, ground.carrier))
    call = ground.carrier.dial(USER, "pw-phone", phone)
    other = ground.carrier.dial("other@vpn.example", "pw-other")
    assert ask_udp(host, SITE, 3) == 3 and eventually(lambda: ground.open_sessions() >= 4)
    quiet = record("pw-phone", ["pap", "chap"], reply=(("Filter-Id", "quiet.in"),))
    put_sack(ground.radius, "changes@1", write_changes({"phone": quiet}))
    ground.make(*parts, replace(group, changes="changes@1"))
    assert eventually(lambda: ask_udp(host, SITE, 1) == 0) and ping(host, SITE)
    off = record("pw-other", ["pap", "chap"], off=True)
    put_sack(ground.radius, "changes@2", write_changes({"other": off}))
    ground.make(*parts, replace(group, changes="changes@2"))
    assert other.over.wait(10) and other.why == "the terminator ended it"
    assert eventually(lambda: ask_udp(host, SITE, 1) == 1), "what the change before it had said is taken back"
    assert not call.over.is_set()


def test_names_that_are_no_text_come_through_from_end_to_end(ground) -> None:
    """Latin-1, Shift_JIS and zero bytes: in the name, in the access server's own, and in a Class."""
    caps = RadiusCaps(FOR, "vpn.example/d", 0, 1, 0, 0)
    ground.make(ASKS, *LNS, STAFF, VPDN, *doors(), caps)
    marks = [
        Attribute(32, b"nas\xff\0"),
        Attribute(25, b"\x80\0class"),
        Attribute(30, "携帯".encode("shift_jis")),
    ]
    names = [b"ph\xf6ne@vpn.example", "電話".encode("shift_jis") + b"@vpn.example", b"pho\0ne@vpn.example"]
    for name in names:
        assert eventually(lambda: ground.carrier.doors(USER, "x") != ())
        with pytest.raises(Refused, match="terminator"):
            ground.carrier.dial(name, b"\xff\0\x80", marks=marks)
    call = ground.carrier.dial(USER, "pw-phone", marks=marks)
    call.user = names[0]
    ground.carrier.report(call)
    assert eventually(lambda: b"ph\\udcf6ne" in ground.written("sessions.*")), "accounting of it is on disk"
    assert eventually(lambda: "ph\\udcf6ne" in ground.reasons() and "pho\\u0000ne" in ground.reasons())
    read = {shown(row[2]) for line in ground.reasons().splitlines() for row in json.loads(line)}
    assert {"ph\\xf6ne@vpn.example", "pho\\x00ne@vpn.example"} <= read
    state = json.loads(ground.radius.read(ground.radius.state("radius", "state.json")) or "")
    assert state["trouble"] == "" and "trouble" not in state["counts"]
    assert ground.radius.running()["radius"] == ground.server, "and it is the very same server"
