"""Route control with real engines: GoBGP tells, BIRD hears, the kernel forwards or discards real packets.

attacker - border - victim          border: the operator's own, BIRD, same AS
             |  |       |           other: another provider's, BIRD, its own AS
        speaker scrubber            speaker - other, too
"""

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from routes_stand import LEAVE, Stand, announce, border, by_ipv6, eventually, limit, other, speaker

from kitei.drivers.gobgp import Gobgp, established
from kitei.drivers.gobgp.upstreams import tag_of
from kitei.network import PermanentError

pytestmark = pytest.mark.lab
PARTS = (speaker(), border(), other(), LEAVE)
SET = f"tag 1 {tag_of('border', 'blackhole').number}"
STATEMENT = f"{SET.removeprefix('tag ')} ipv4 10.98.0.2"


@pytest.fixture
def stand(bench, make_right, tmp_path: Path) -> Stand:
    return Stand(bench, make_right, tmp_path)


def test_a_blackhole_discards_real_packets_at_those_named_and_at_no_other(stand) -> None:
    stand.want(*PARTS)
    assert eventually(lambda: stand.pings("198.51.100.7") and stand.pings("198.51.100.8"))
    stand.want(*PARTS, announce("198.51.100.7/32"))
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    assert not stand.pings("198.51.100.7") and stand.pings("198.51.100.8")
    heard = stand.heard("border", "198.51.100.7/32")
    assert "(65535,666) (65535,65281)" in heard and "BGP.next_hop: 192.0.2.1" in heard
    assert "large_community" not in heard, "our own mark went out"
    assert "198.51.100.7" not in stand.heard("other")
    stand.want(*PARTS)
    assert eventually(lambda: stand.pings("198.51.100.7"))
    assert "198.51.100.7" not in stand.heard("border")


def test_each_upstream_hears_it_in_its_own_dress(stand) -> None:
    stand.want(*PARTS, announce("198.51.100.7/32", to=("border", "other")), announce("2001:db8:7::/64"))
    assert eventually(lambda: "198.51.100.7/32" in stand.heard("other"))
    theirs = stand.heard("other", "198.51.100.7/32")
    assert "BGP.large_community: (64499, 666, 0)" in theirs and "BGP.community: (65535,65281)" in theirs
    assert "BGP.as_path: 64500" in theirs and "BGP.next_hop: 10.97.0.1" in theirs
    assert eventually(lambda: "blackhole 2001:db8:7::/64" in stand.kernel("border", "-6"))
    assert "BGP.next_hop: 100::1" in stand.heard("border", "2001:db8:7::/64", "master6")


def test_ipv6_goes_over_a_session_by_ipv6(stand) -> None:
    leave = replace(LEAVE, upstreams=("border", "other", "other6"))
    wanted = (speaker(), border(), other(), by_ipv6(), leave)
    rule = limit("six", "2001:db8:7::/64", protocol=17, source_ports=(53,), to=("other6",))
    stand.want(*wanted, announce("2001:db8:7::/64", to=("other6",)), rule)
    assert eventually(lambda: "blackhole 2001:db8:7::/64" in stand.kernel("other", "-6"))
    told = stand.heard("other", "2001:db8:7::/64", "master6", "_by_ipv6")
    assert "BGP.next_hop: 2001:db8:97::1" in told and "(65535,666) (65535,65281)" in told
    assert "sport 53" in stand.heard("other", table="f6", by="_by_ipv6")
    stand.want(*wanted)
    assert eventually(lambda: "2001:db8:7::" not in stand.kernel("other", "-6"))


def test_a_route_that_goes_to_fewer_upstreams_is_withdrawn_from_the_others(stand) -> None:
    stand.want(*PARTS, announce("198.51.100.7/32", to=("border", "other")))
    assert eventually(lambda: all("198.51.100.7" in stand.heard(name) for name in ("border", "other")))
    stand.want(*PARTS, announce("198.51.100.7/32"))
    assert eventually(lambda: "198.51.100.7" not in stand.heard("other"))
    assert "198.51.100.7" in stand.heard("border")
    stand.want(*PARTS, announce("198.51.100.7/32", to=("other",)))
    assert eventually(lambda: "198.51.100.7" in stand.heard("other"))
    assert eventually(lambda: "198.51.100.7" not in stand.heard("border"))


def test_a_diversion_moves_real_traffic_through_the_scrubber_and_back(stand) -> None:
    stand.want(*PARTS)
    assert eventually(lambda: stand.pings("198.51.100.7"))
    before = stand.scrubbed()
    assert stand.pings("198.51.100.7") and stand.scrubbed() == before
    stand.want(*PARTS, announce("198.51.100.7/32", "divert", hop="10.9.0.9"))
    assert eventually(lambda: "198.51.100.7 via 10.9.0.9" in stand.kernel("border"))
    assert stand.pings("198.51.100.7") and stand.scrubbed() > before
    stand.want(*PARTS)
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border"))
    after = stand.scrubbed()
    assert stand.pings("198.51.100.7") and stand.scrubbed() == after


def test_one_upstream_may_divert_what_another_discards(stand) -> None:
    divert = announce("198.51.100.7/32", "divert", to=("other",), hop="10.97.0.9")
    stand.want(*PARTS, divert)
    assert eventually(lambda: "BGP.next_hop: 10.97.0.9" in stand.heard("other", "198.51.100.7/32"))
    stand.want(*PARTS, divert, announce("198.51.100.7/32"))
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    assert "BGP.next_hop: 10.97.0.9" in stand.heard("other", "198.51.100.7/32")
    stand.want(*PARTS, divert, announce("198.51.100.7/32", to=("border", "other")))
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("other"))


def test_flow_rules_are_received_and_what_they_say_can_be_enforced(stand) -> None:
    stand.want(*PARTS)
    assert eventually(lambda: stand.echoes(53) and stand.echoes(123))
    stand.want(
        *PARTS,
        limit("ntp", "198.51.100.7/32", protocol=17, destination_ports=(123,), to=("border", "other")),
        limit("syn", "198.51.100.8/32", protocol=6, syn=True, source="192.0.2.0/24", rate=125_000),
        limit("pieces", "198.51.100.9/32", fragments=True),
        limit("six", "2001:db8:7::/64", protocol=17, source_ports=(53,)),
    )
    assert eventually(lambda: "next header 17; sport 53;" in stand.heard("border", table="f6"))
    told = stand.heard("border", table="f4")
    assert "dst 198.51.100.7/32; proto 17; dport 123;" in told and "(generic, 0x8006fbf4, 0x0)" in told
    assert "src 192.0.2.0/24; proto 6; tcp flags 0x2/0x2 && 0x0/0x10;" in told and "0x47f42400" in told
    assert "dst 198.51.100.9/32; fragment !0x0/0xe;" in told
    assert "dport 123" in stand.heard("other", table="f4") and "tcp" not in stand.heard("other", table="f4")
    stand.enforce("border")
    assert stand.echoes(53) and not stand.echoes(123)
    stand.want(*PARTS)
    assert eventually(lambda: "198.51.100" not in stand.heard("border", table="f4"))
    stand.enforce("border")
    assert stand.echoes(123)


def test_what_an_upstream_says_is_not_taken(stand) -> None:
    stand.want(*PARTS)
    assert eventually(lambda: len(established(stand.speaker)) == 2)
    assert stand.kernel("speaker").count("198.51.100") == 0
    assert eventually(lambda: "198.51.100.0/24" in stand.gobgp("neighbor", "10.98.0.2", "adj-in")), (
        "it was told"
    )
    assert "Network not in table" in stand.gobgp("global", "rib")


def test_more_than_the_leave_allows_is_not_announced(stand) -> None:
    many = [announce(f"198.51.100.{n}/32", to=("border", "other")) for n in range(10, 22)]
    with pytest.raises(PermanentError, match=r"contract-1 may have 8 at a time"):
        stand.want(*PARTS, *many)
    assert eventually(lambda: stand.heard("border").count("[to_border ") == LEAVE.most)
    assert eventually(lambda: stand.heard("other").count("[to_other ") == other().most)
    with pytest.raises(PermanentError, match=r"203.0.113.0/24 is outside"):
        stand.want(*PARTS, announce("203.0.113.0/24"))
    assert "203.0.113" not in stand.heard("border")


def test_what_has_run_out_is_not_announced_again(stand) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=4)
    parts = (*PARTS, announce("198.51.100.7/32", until=soon.isoformat()))
    stand.want(*parts)
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    assert eventually(lambda: datetime.now(UTC) > soon)
    assert stand.want(*parts), "there is something to withdraw"
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border"))
    assert not stand.want(*parts)


def test_a_killed_speaker_leaves_nothing_and_is_told_all_again(stand) -> None:
    stand.want(*PARTS, announce("198.51.100.7/32"), announce("198.51.100.8/32"))
    assert eventually(lambda: "blackhole 198.51.100.8" in stand.kernel("border"))
    before = stand.speaker.running()["gobgp"]
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border")), (
        "the session broke: nobody keeps them"
    )
    assert eventually(lambda: stand.speaker.running().get("gobgp", before) != before)
    stand.want(*PARTS, announce("198.51.100.8/32"))
    assert eventually(lambda: "blackhole 198.51.100.8" in stand.kernel("border"))
    assert "198.51.100.7" not in stand.heard("border"), "withdrawn while it was down"


def test_the_next_keeper_takes_over_without_touching_a_session(stand) -> None:
    parts = (*PARTS, announce("198.51.100.7/32"), limit("a", "198.51.100.8/32", protocol=17))
    stand.want(*parts)
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    since, pid = stand.since("border"), stand.speaker.running()["gobgp"]
    stand.forget_keeper()
    assert stand.speaker.running()["gobgp"] == pid and not stand.want(*parts)
    stand.want(*PARTS, announce("198.51.100.9/32"))
    assert eventually(
        lambda: "198.51.100.9" in stand.kernel("border") and "100.7" not in stand.kernel("border")
    )
    assert stand.since("border") == since


def test_a_silent_path_costs_the_routes_after_the_hold_time_and_leaves_none_behind(stand) -> None:
    parts = (speaker(hold=3), border(), other(), LEAVE)
    stand.want(*parts, announce("198.51.100.7/32"), announce("198.51.100.8/32"))
    assert eventually(lambda: "blackhole 198.51.100.8" in stand.kernel("border"))
    stand.cut("border")
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border")), "the hold time passed"
    stand.want(*parts, announce("198.51.100.8/32"))
    stand.mend("border")
    assert eventually(lambda: "blackhole 198.51.100.8" in stand.kernel("border"), 60.0)
    assert "198.51.100.7" not in stand.heard("border")


TAMPERINGS = (
    ("global", "rib", "add", "203.0.113.0/24", "nexthop", "10.98.0.1"),
    ("global", "rib", "del", "198.51.100.7/32"),
    ("global", "rib", "add", "198.51.100.7/32", "nexthop", "10.9.0.9"),
    ("global", "policy", "export", "del"),
    ("global", "policy", "import", "set", "kitei-in", "default", "accept"),
    ("neighbor", "del", "10.98.0.2"),
    ("neighbor", "add", "10.96.0.2", "as", "64496"),
    ("policy", "statement", STATEMENT, "del", "action", "next-hop", "192.0.2.1"),
    ("policy", "statement", STATEMENT, "del", "condition", "large-community", SET, "any"),
    ("policy", "large-community", "add", SET, "^.*$"),
)


def test_tampering_is_repaired(stand) -> None:
    parts = (*PARTS, announce("198.51.100.7/32"))
    stand.want(*parts)
    for tampering in TAMPERINGS:
        assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border")), tampering
        said = stand.gobgp(*tampering)
        assert stand.want(*parts), f"{tampering} went unnoticed: {said}"
        assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border")), tampering
        assert "203.0.113" not in stand.heard("border"), tampering
        assert not stand.want(*parts), f"{tampering} was not repaired at once"


def test_nothing_wanted_leaves_nothing(stand) -> None:
    stand.want(*PARTS, announce("198.51.100.7/32"))
    assert eventually(lambda: "blackhole 198.51.100.7" in stand.kernel("border"))
    stand.want()
    assert eventually(lambda: "198.51.100.7" not in stand.kernel("border"))
    assert not stand.speaker.running() and not os.path.exists(stand.speaker.state("gobgp"))
    assert not Gobgp().see(stand.speaker).present
