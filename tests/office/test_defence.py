"""From an alarm to orders and back: heard, decided, published, prolonged, released; killed and begun again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.network import Announcement, FloodWatch, Part, RouteLeave, Scrubbing
from kitei.network.detection import Detection, Word
from kitei.network.events import Event
from kitei.network.report import Report
from kitei.office import Office
from kitei.office.dispatch import Dispatch
from kitei.office.floods.defence import Defence
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.why import why_part
from kitei.services.ddos.defence import attacks, mitigations
from kitei.values import JST, JsonObject

SERVICE = "ddos-protection"
START = datetime(2026, 1, 10, 10, 0, tzinfo=JST)
POLICY = {"host": {"bps": "1G", "udp-bps": "100M"}, "ladder": {"hold": 300, "linger": 60, "blind": 600}}
BOOK: dict[str, Any] = {
    "service": SERVICE,
    "collector": [{"node": "see1", "addresses": ["192.0.2.10"]}, {"node": "see2", "addresses": ["192.0.2.11"]}],
    "scrubber": [{"node": "scrub1", "dirty_port": "d0", "next_hops": ["192.0.2.20"]}],
    "speaker": [{"node": "speak1", "asn": 64500, "router_id": "192.0.2.30"}],
    "upstream": [
        {"name": "border1", "speaker": "speak1", "address": "192.0.2.40", "asn": 64500, "families": ["ipv4", "ipv6"]}
    ],
    "holding": [{"customer": "acme", "holds": "インターネット接続サービス", "id": "I1", "first": "2020-01-01"}],
}  # fmt: skip


class Clock:
    """The office's calendar and the process's own seconds, going together."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    list(take_book(opened, read_book(BOOK, opened)))
    for item, prefix in (("E", "203.0.113.0/24"), ("D", "198.51.100.0/24")):
        asked = {"by": "acme", "services": [{"item": item, "addresses": [prefix]}]}
        assert opened.apply("apply", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    opened.apply("set-policy", {"by": "operator", "contract": E, **POLICY}, service=SERVICE)
    Publishing.of(opened).apply_plan()
    yield opened
    opened.close()


E, D = "acme-ddos-1", "acme-ddos-2"


@pytest.fixture
def defence(office: Office, clock: Clock) -> Defence:
    return Defence(office, clock.now)


def seen(kind: Any = "alarm", target: str = "203.0.113.7", contract: str = E, **more: Any) -> Detection:
    told: dict[str, Any] = {
        "at": 1790000000, "kind": kind, "policy": contract, "version": "", "scope": "host", "target": target,
        "metric": "udp-bps", "figure": 900_000_000, "threshold": 100_000_000, "since": 1789999999,
        "sources": 9, "ports": ((53, 9),), "dry_run": False,
    }  # fmt: skip
    return Detection(**{**told, **more})


def word(*detections: Detection, node: str = "see1", standing: Sequence[Detection] | None = None) -> Word:
    return Word(node, START, detections, None if standing is None else tuple(standing))


def hear(defence: Defence, *words: Word) -> bool:
    defence.hear(*words)
    changed = defence.work()
    return obey(defence) or changed


def obey(defence: Defence) -> bool:
    """Scrubbers do what they are told and say so; whether something waited for that and went out."""
    done = [
        Report(node, START, each.generation, each.intent.digest, True, right=("scrubber",))
        for node, each in defence.published().items()
    ]
    return any([defence.refreshing.take(each) for each in done]) and defence.refreshing.publish()


def test_many_alarms_at_once_are_answered_in_parts(office: Office, clock: Clock) -> None:
    slow = iter(range(10**6))
    defence = Defence(
        office, lambda: next(slow) * 0.01
    )  # every look at the clock costs a hundredth of a second
    defence.hear(word(*(seen(target=f"203.0.113.{n}") for n in range(40))))
    grown = [0]
    for _ in range(200):
        defence.work()
        obey(defence)
        grown.append(len(on_nodes(office, Announcement)))
        if grown[-1] == 40:
            break
    assert grown[-1] == 40
    assert len(set(grown)) > 4, "the first were told while the last were still to be decided"


def on_nodes(office: Office, kind: type[Part] | Any = (Announcement, Scrubbing)) -> list[Any]:
    nodes = Publishing.of(office).published_intent().nodes.values()
    return [part for node in nodes for part in node.parts if isinstance(part, kind)]


def pass_(clock: Clock, defence: Defence, seconds: float, *, word: Word | None = None) -> None:
    """Let time go by, a second at a time; a word is heard every five."""
    for n in range(int(seconds)):
        clock.seconds += 1
        if word is not None and n % 5 == 0:
            defence.hear(word)
        defence.work()
        obey(defence)


def test_an_alarm_is_orders_at_once(office: Office, defence: Defence) -> None:
    assert on_nodes(office) == []
    assert hear(defence, word(seen()))
    route, clean = sorted(on_nodes(office), key=lambda part: part.key)
    assert (route.prefix, route.action, clean.prefix) == ("203.0.113.7/32", "divert", "203.0.113.7/32")
    assert clean.until == (START + timedelta(seconds=300)).isoformat()
    assert not hear(defence, word(seen()))  # told again, it is the same attack
    assert len(attacks(office.contract(E))) == len(mitigations(office.contract(E))) == 1
    assert office.verify().is_whole


def test_a_type_d_is_only_alarmed(office: Office, defence: Defence) -> None:
    assert not hear(defence, word(seen(target="198.51.100.9", contract=D)))
    (attack,) = attacks(office.contract(D))
    assert attack.stands
    assert (on_nodes(office), mitigations(office.contract(D))) == ([], ())
    assert {each.origin.owner for each in on_nodes(office, RouteLeave)} == {E}
    assert {each.origin.owner for each in on_nodes(office, FloodWatch)} == {E, D}


def test_a_dry_run_and_a_doubt_are_never_acted_upon(office: Office, defence: Defence) -> None:
    hear(defence, word(seen(dry_run=True)), word(seen("held", target="203.0.113.8", why="crowd")))
    assert on_nodes(office) == []
    assert [each.dry_run for each in attacks(office.contract(E))] == [True]


def test_what_is_no_contract_or_not_protected_changes_nothing(office: Office, defence: Defence) -> None:
    before = office.book.head()
    assert not hear(defence, word(seen(contract="nobody"), seen(target="192.0.2.1")))
    refused = [entry.fact.kind for entry in office.book.read(after=before)]
    assert refused == ["application.received", "application.decided"]  # that it was refused is known
    assert not hear(defence, word(seen(target="192.0.2.1")))
    assert office.book.head() == before + 2  # and not asked again and again


def test_it_is_prolonged_while_the_attack_stands_and_released_after(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    pass_(clock, defence, 149, word=word(standing=[seen()]))
    assert len(list(facts(office, "mitigation.prolonged"))) == 0
    pass_(clock, defence, 3, word=word(standing=[seen()]))
    assert len(list(facts(office, "mitigation.prolonged"))) == 1
    (route,) = on_nodes(office, Announcement)
    assert route.until == (START + timedelta(seconds=450)).isoformat()
    hear(defence, word(seen("release")))
    assert not attacks(office.contract(E))[0].stands
    assert on_nodes(office, Announcement)  # it lingers
    pass_(clock, defence, 58, word=word(standing=[]))
    assert on_nodes(office, Announcement)
    pass_(clock, defence, 3, word=word(standing=[]))
    assert not on_nodes(office, Announcement)
    assert on_nodes(office, Scrubbing)  # no route leads there any more: a moment later it goes
    pass_(clock, defence, 6, word=word(standing=[]))
    assert on_nodes(office) == []


def test_a_route_waits_for_the_word_of_the_scrubber_that_it_leads_to(
    office: Office, defence: Defence
) -> None:
    defence.hear(word(seen()))
    assert defence.work()
    (clean,) = on_nodes(office)
    assert isinstance(clean, Scrubbing)
    orders = defence.published()["scrub1"]
    begun = Report("scrub1", START, orders.generation, orders.intent.digest, False, right=("links",))
    defence.take_report(begun)
    assert not defence.work() and not on_nodes(office, Announcement)
    defence.take_report(replace(begun, right=("links", "scrubber")))  # whatever else is wrong on that node
    assert defence.work() and on_nodes(office, Announcement)


def test_an_attack_that_comes_back_is_believed_to_be_over_later_each_time(
    office: Office, defence: Defence, clock: Clock
) -> None:
    lingered = []
    for _ in range(3):
        hear(defence, word(seen()))
        assert on_nodes(office, Announcement)
        pass_(clock, defence, 10, word=word(standing=[seen()]))
        hear(defence, word(seen("release")))
        ended = clock.seconds
        while on_nodes(office, Announcement) and clock.seconds < ended + 1000:
            pass_(clock, defence, 5, word=word(standing=[]))
        lingered.append(clock.seconds - ended)
    assert lingered == [60, 120, 240]


def test_a_lost_release_heals_by_what_the_collector_says_stands(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    hear(defence, word(standing=[seen()]))
    assert attacks(office.contract(E))[0].stands
    hear(defence, word(standing=[]))
    assert not attacks(office.contract(E))[0].stands


def test_a_lost_alarm_heals_too(office: Office, defence: Defence) -> None:
    hear(defence, word(standing=[seen()]))
    assert on_nodes(office, Announcement)


def test_an_attack_is_over_when_the_last_collector_says_so(office: Office, defence: Defence) -> None:
    hear(defence, word(seen()), word(seen(), node="see2"))
    hear(defence, word(seen("release")))
    assert attacks(office.contract(E))[0].stands
    hear(defence, word(seen("release"), node="see2"))
    assert not attacks(office.contract(E))[0].stands


def test_a_collector_that_died_neither_ends_an_attack_nor_keeps_it_for_ever(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()), word(seen(), node="see2"))
    pass_(clock, defence, 900, word=word(standing=[seen()], node="see2"))  # of see1 no word any more
    assert on_nodes(office, Announcement)
    assert len(attacks(office.contract(E))) == len(mitigations(office.contract(E))) == 1
    hear(defence, word(seen("release"), node="see2"))
    assert not attacks(office.contract(E))[0].stands
    pass_(clock, defence, 75, word=word(standing=[], node="see2"))
    assert on_nodes(office) == []
    hear(defence, word(seen(), node="see2"))  # it comes back, and the end before is no end of it
    pass_(clock, defence, 30, word=word(standing=[seen()], node="see2"))
    assert [each.stands for each in attacks(office.contract(E))] == [False, True]


def test_while_a_silent_collector_may_be_back_soon_its_alarm_stands(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()), word(standing=[seen()], node="see2"))
    pass_(clock, defence, 300, word=word(standing=[], node="see2"))
    assert attacks(office.contract(E))[0].stands
    pass_(clock, defence, 310, word=word(standing=[], node="see2"))
    assert not attacks(office.contract(E))[0].stands


def test_with_no_word_from_collectors_nothing_is_prolonged_for_ever(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    other = word(standing=[], node="see2")  # one that sees nothing of it is no witness
    pass_(clock, defence, 600, word=other)
    assert on_nodes(office, Announcement)
    pass_(clock, defence, 320, word=other)
    assert on_nodes(office) == []
    hear(defence, word(standing=[seen()]))
    assert on_nodes(office, Announcement)


def test_killed_and_begun_again_it_goes_on_from_the_ledger(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    again = Defence(office, clock.now)
    assert not again.work()
    pass_(clock, again, 160)  # not heard of the attack yet, and not told that it is over
    assert len(list(facts(office, "mitigation.prolonged"))) == 1
    hear(again, word(standing=[]))
    pass_(clock, again, 68, word=word(standing=[]))
    assert on_nodes(office) == []


def test_killed_between_alarm_and_order_it_makes_the_order(
    office: Office, defence: Defence, clock: Clock
) -> None:
    written = {
        "by": "controller", "contract": E, "policy": E, "scope": "host", "target": "203.0.113.7",
        "metric": "udp-bps", "figure": 9, "threshold": 5, "since": clock(), "node": "see1",
    }  # fmt: skip
    office.apply("attack-detected", written, service=SERVICE)
    assert on_nodes(office) == []
    assert hear(defence)
    assert on_nodes(office, Announcement)


def test_dead_for_longer_than_the_hold_it_takes_up_or_takes_back(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    clock.seconds += 3600
    again = Defence(office, clock.now)
    again.work()
    (route,) = on_nodes(office, Announcement)
    assert route.until == (clock() + timedelta(seconds=300)).isoformat()
    office.apply(
        "attack-over",
        {"by": "controller", "contract": E, "attack": attacks(office.contract(E))[0].id},
        service=SERVICE,
    )
    clock.seconds += 3600
    Defence(office, clock.now).work()
    assert on_nodes(office) == []


def test_the_ladder_is_climbed_while_the_alarm_stands_and_grows(
    office: Office, defence: Defence, clock: Clock
) -> None:
    ladder = {"rate-limit": "automatic", "blackhole": "automatic", "blackhole_above": "5G", "climb": 30}
    asked = {"by": "operator", "contract": E, "host": {"udp-bps": "100M"}, "ladder": ladder}
    assert office.apply("set-policy", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    hear(defence, word(seen()))

    def steps() -> list[str]:
        return [each.step for each in mitigations(office.contract(E)) if each.stands]

    assert steps() == ["rate-limit"]
    pass_(clock, defence, 29, word=word(standing=[seen()]))
    assert steps() == ["rate-limit"]
    pass_(clock, defence, 2, word=word(standing=[seen()]))
    assert steps() == ["rate-limit", "divert"]
    pass_(clock, defence, 60, word=word(standing=[seen()]))
    assert steps() == ["rate-limit", "divert"]  # 0.9 Gbps are no reason to give the target up
    pass_(clock, defence, 2, word=word(standing=[seen(figure=6 * 10**9)]))
    assert steps() == ["rate-limit", "divert", "blackhole"]
    hear(defence, word(standing=[]))
    pass_(clock, defence, 62, word=word(standing=[]))
    assert steps() == []


def test_a_persons_order_is_published_and_runs_out(office: Office, defence: Defence, clock: Clock) -> None:
    asked = {"by": "acme", "contract": E, "target": "203.0.113.9", "step": "divert", "hold": 120}
    assert office.apply("mitigate", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    clock.seconds += 1
    assert defence.work()
    assert {each.prefix for each in on_nodes(office)} == {"203.0.113.9/32"}
    pass_(clock, defence, 118)
    assert on_nodes(office)
    pass_(clock, defence, 3)
    assert on_nodes(office) == []
    assert [entry.fact.body["why"] for entry in facts(office, "mitigation.released")]


def test_what_a_person_takes_back_stays_back_for_that_attack(
    office: Office, defence: Defence, clock: Clock
) -> None:
    hear(defence, word(seen()))
    asked = {"by": "acme", "contract": E, "target": "203.0.113.7", "why": "it is a test of ours"}
    assert office.apply("release", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    pass_(clock, defence, 120, word=word(standing=[seen()]))
    assert on_nodes(office) == []
    hear(defence, word(standing=[]))
    clock.seconds += 5
    hear(defence, word(seen()))
    assert on_nodes(office, Announcement)  # another attack is another matter


def test_it_never_undoes_what_somebody_else_published(office: Office, defence: Defence, clock: Clock) -> None:
    defence.work()
    asked = {"by": "acme", "contract": E, "prefixes": ["203.0.112.0/24"]}
    assert office.apply("designate-addresses", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    clock.seconds += 1
    assert not defence.work()  # that waits for the operator's plan
    Publishing.of(office).apply_plan()
    hear(defence, word(seen()))
    (leave,) = on_nodes(office, RouteLeave)
    assert leave.prefixes == ("203.0.112.0/24", "203.0.113.0/24")
    assert on_nodes(office, Announcement)
    assert Publishing.of(office).plan().is_empty


def test_why_leads_from_a_route_to_alarm_policy_contract_and_provision(
    office: Office, defence: Defence
) -> None:
    hear(defence, word(seen()))
    for node, key in (
        ("speak1", "announcement:divert:203.0.113.7/32"),
        ("scrub1", "scrubbing:203.0.113.7/32"),
    ):
        (why,) = why_part(office, node, key)
        told = " ".join(step.name for step in why.steps)
        for kind in ("mitigation.ordered", "attack.detected", "policy.set"):
            assert kind in told, (key, told)
        assert E in told
        paths = {each.cite.partition("#")[2] for each in why.provisions}
        assert {"art:1.1.t1", "art:5.2"} <= paths


def test_a_third_partys_complaint_takes_routes_from_the_other_carrier_at_once(
    office: Office, defence: Defence, clock: Clock
) -> None:
    other = {
        "name": "other1",
        "speaker": "speak1",
        "address": "192.0.2.50",
        "asn": 64510,
        "families": ["ipv4"],
    }
    list(
        take_book(office, read_book({"service": SERVICE, "upstream": {**other, "carrier": "Other"}}, office))
    )
    option = {
        "by": "acme", "contract": E, "option": "multi-isp", "multihomed_with": "Other", "route_control": True,
        "accepts": ["limits", "no-warranty", "explanation"], "known": {"operable": True},
    }  # fmt: skip
    assert office.apply("add-option", option, service=SERVICE).decision.verdict is Verdict.ACCEPT
    Publishing.of(office).apply_plan()
    hear(defence, word(seen()))
    routed = (Announcement, RouteLeave)
    assert {each.upstreams for each in on_nodes(office, routed)} == {("border1", "other1")}
    complaint = {
        "by": "operator",
        "contract": E,
        "complainant": "neighbour",
        "known": {"instruction": "stop"},
    }
    assert (
        office.apply("route-control-complaint", complaint, service=SERVICE).decision.verdict is Verdict.ACCEPT
    )
    clock.seconds += 1
    assert defence.work()
    assert {each.upstreams for each in on_nodes(office, routed)} == {("border1",)}


def test_words_come_as_events_of_a_lane(office: Office, defence: Defence) -> None:
    from kitei.network.detection import detection_json

    body: JsonObject = {"begun": START.isoformat(), "detection": detection_json(seen())}
    defence.take(office, "see1", (Event(1, datetime.now(UTC), "flood.decided", body),), None)
    assert hear(defence)
    assert on_nodes(office, Announcement)


def facts(office: Office, kind: str) -> Iterator[Any]:
    return (entry for entry in office.book.read(f"contract:{E}") if entry.fact.kind == kind)


def test_what_stands_against_floods_is_stated_with_every_fault_in_its_place(office: Office) -> None:
    from kitei.desk import Unreadable

    wrong = {
        "service": SERVICE,
        "speaker": {"node": "s p", "asn": 0, "router_id": "x"},
        "upstream": {"name": "u", "speaker": "speak1", "address": "::g", "asn": 1, "families": ["ipv5"]},
        "scrubber": {"node": "scrub1", "dirty_port": "d0", "next_hops": ["192.0.2.1", "192.0.2.2"]},
    }
    with pytest.raises(Unreadable) as caught:
        read_book(wrong, office)
    places = {fault.place.removeprefix("-: ") for fault in caught.value.faults}
    assert {
        "speaker.node",
        "speaker.asn",
        "speaker.router_id",
        "upstream.families[0]",
        "scrubber.next_hops",
    } <= places


def test_a_fault_of_the_defence_is_told_and_leaves_no_node_without_orders(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    publishing = Publishing.of(office)
    dispatch = Dispatch(office, publishing, Hearing(office, publishing))
    dispatch.published()
    broken = {"by": "operator", "contract": E, "target": "203.0.113.9", "step": "divert"}
    assert office.apply("mitigate", broken, service=SERVICE).decision.verdict is Verdict.ACCEPT
    unreadable: JsonObject = {"mitigation": "m0"}  # what no act would have recorded
    office.state([(f"contract:{E}", Fact("mitigation.ordered", unreadable, START.date()))])
    dispatch.defence.hear(word(standing=[]))
    assert dispatch.published() == publishing.published()
    assert "the defence against floods failed" in caplog.text
    assert dispatch.orders_for("speak1") is not None
