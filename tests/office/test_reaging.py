"""Thresholds learned anew by order: the same history says the same, and only an approval changes anything."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from floods import PREFIX, contract

from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.network import FloodWatch
from kitei.network.sheaf import SUMS, SheafName, first_second, written
from kitei.office import Office
from kitei.office.floods.reaging import approve, pending, relearned, report, report_json, reports, told_of
from kitei.office.floods.why import facts_behind
from kitei.office.office import Refusal
from kitei.services.ddos import SERVICE
from kitei.services.ddos.defence import policies, reagings
from kitei.services.ddos.means import all_means, edition_on
from kitei.services.ddos.watching import watch_parts
from kitei.store.history import History
from kitei.values import JST

DAY = date(2026, 6, 10)
FIRST = first_second(DAY)
HOST = "203.0.113.5"
MINUTES = 300
OPTION = {"option": "re-aging", "months": 0}
LIMITS = {"bps": "400M", "syn-pps": "20k"}


class SetTime:
    def __init__(self) -> None:
        self.at = datetime(2026, 6, 11, 10, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", SetTime(), f"sqlite:///{tmp_path}/kitei.db")
    contract(opened, "e1", "type-e")
    contract(opened, "d1", "type-d", "beta", "198.51.100.0/24")
    take_option(opened)
    policy: dict[str, Any] = {"by": "operator", "contract": "e1", "at": "2026-06-01T10:00:00+09:00"}
    policy |= {"host": LIMITS, "prefix": {"bps": "2G"}, "ladder": {"blackhole": "by-hand", "hold": 90}}
    assert opened.apply("set-policy", policy, service=SERVICE.name).decision.verdict is Verdict.ACCEPT
    yield opened
    opened.close()


def take_option(office: Office, id: str = "e1") -> None:
    office.state([(f"contract:{id}", Fact("option.added", OPTION, date(2026, 6, 1), ()))])


@pytest.fixture
def history(office: Office) -> History:
    """Five hours of a host at 32 to 48 Mbps, in a minute an attack that was seen second by second."""
    kept = History(office.home.folder / "history")
    for number, (name, text) in enumerate(sheaves()):
        assert kept.take("n1", name, text)
        if number % 100 == 0:
            kept.gather()  # in how many files it lies says nothing
    kept.gather()
    return kept


def sheaves(seed: int = 1) -> Iterator[tuple[str, str]]:
    chance = Random(seed)
    for n in range(MINUTES):
        at, attacked = FIRST + n * 60, n == 200
        each = chance.randrange(4_000_000, 6_000_000)
        lines = [row("minute", at, "prefix", PREFIX, each, each * 2)]
        if attacked:
            lines += [row("minute", at, "host", HOST, 200_000_000, 200_000_000)]
            lines += [row("second", at + s, "host", HOST, 200_000_000) for s in range(4, 60)]
            for kind, second in (("alarm", at + 3), ("release", at + 59)):
                decided = ("e1", "e1", "-", "host", HOST, "bps", 1_600_000_000, 400_000_000)
                lines.append(written("decision", second, kind, *decided, at + 1, 90, 0, None))
        lines.append(written("note", at, "n1", "seconds", 60))
        yield str(SheafName(at, 0, "n1")), "".join(f"{line}\n" for line in lines)


def row(kind: str, at: int, scope: str, target: str, each: int, most: int | None = None) -> str:
    """So many bytes in each second, `most` in the fullest."""
    lasted = 1 if most is None else 60
    sums = dict.fromkeys(SUMS, 0) | {"bytes": each * lasted, "packets": each * lasted // 1000}
    sums |= {"udp_bytes": sums["bytes"], "udp": sums["packets"]}
    if most is None:
        return written(kind, at, "e1", scope, target, *sums.values(), 90)
    mosts = dict.fromkeys(SUMS, 0) | {"bytes": most, "packets": most // 1000, "udp_bytes": most}
    return written(kind, at, "e1", scope, target, 60, *sums.values(), 90, *mosts.values())


def order(office: Office, by: str = "acme", **more: Any) -> Any:
    asked = {"by": by, "contract": "e1", "from": str(DAY), "to": str(DAY), **more}
    return office.apply("reage", asked, service=SERVICE.name)


def test_it_is_for_those_who_have_the_option_and_once_for_each_fee(office: Office) -> None:
    refused = office.apply("reage", {"by": "operator", "contract": "d1"}, service=SERVICE.name)
    assert refused.decision.verdict is Verdict.REFUSE
    assert "art:10.2.4" in {cite.path for cite in refused.decision.cites}
    stranger = order(office, by="beta")
    assert stranger.decision.verdict is Verdict.REFUSE
    done = order(office)
    assert done.decision.verdict is Verdict.ACCEPT
    assert {"art:10.2.4", "art:10.2.4.a2", "schedule:1.1.2"} <= {c.path for c in done.decision.cites}
    again = order(office)
    assert again.decision.verdict is Verdict.REFER
    take_option(office)
    assert order(office).decision.verdict is Verdict.ACCEPT
    assert len(reagings(office.contract("e1"))) == 2


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-06-11", "2026-06-10"), ("2026-06-10", "2026-06-12"), ("2025-12-31", "2026-01-05"),
     ("2026-01-01", "2026-06-10")],
)  # fmt: skip
def test_days_that_cannot_be_learned_from_are_refused(office: Office, first: str, last: str) -> None:
    assert order(office, **{"from": first, "to": last}).decision.verdict is Verdict.REFUSE
    assert pending(office.contract("e1")) is None


def test_relearning_twice_from_the_same_history_says_the_same(office: Office, history: History) -> None:
    waiting = ordered(office)
    found = report_json(relearned(office, history, "e1", waiting))
    assert report_json(relearned(office, history, "e1", waiting)) == found
    other = History(history.folder.parent / "at-once")
    for name, text in sheaves():
        other.take("n1", name, text)
        other.take("n1", name, text)
    other.gather()
    assert report_json(relearned(office, other, "e1", waiting)) == found


def ordered(office: Office) -> Any:
    order(office)
    waiting = pending(office.contract("e1"))
    assert waiting is not None
    return waiting


def test_the_report_sets_recommended_beside_present_thresholds_with_their_alarms(
    office: Office, history: History
) -> None:
    found = report_json(relearned(office, history, "e1", ordered(office)))
    lines: Any = found["lines"]
    told = {(each["scope"], each["metric"]): each for each in lines}
    assert found["minutes"] == MINUTES and found["left_out"] == 1 and found["alarms_given"] == 1
    whole = told["prefix", "bps"]
    assert whole["present"] == 2_000_000_000 and 64_000_000 < whole["usual_high"] <= 96_500_000
    assert whole["recommended"] == pytest.approx(whole["usual_high"] * 1.5, rel=0.1)
    host = told["host", "bps"]
    assert host["recommended"] == whole["recommended"]  # no host was told: none had more than its prefix
    assert host["present_alarms"] == host["recommended_alarms"] == 1  # the attack, by either
    assert told["host", "syn-pps"]["recommended"] == 500  # none at all was seen: the floor
    alarms: Any = found["alarms"]
    assert [(each["under"], each["target"], each["metric"]) for each in alarms] == [
        ("present", HOST, "bps"),
        ("recommended", HOST, "bps"),
    ]
    assert {each["at"] // 60 for each in alarms} == {(FIRST + 200 * 60) // 60}
    assert (found["alarms_present"], found["alarms_recommended"]) == (1, 1)


def test_nothing_changes_until_it_is_approved_and_then_by_the_ordinary_act(
    office: Office, history: History
) -> None:
    before = policies(office.contract("e1"))
    waiting = ordered(office)
    with pytest.raises(Refusal, match="no report to approve"):
        approve(office, "e1", None, by="acme")
    found = relearned(office, history, "e1", waiting)
    report(office, told_of(office, found))
    (told,) = reports(office, "e1")
    assert told.cites == ("ddos-protection@2025-11-01#art:10.2.4.a2",)
    assert policies(office.contract("e1")) == before and pending(office.contract("e1")) is None
    stranger = approve(office, "e1", None, by="beta")
    assert stranger[0].decision.verdict is Verdict.REFUSE and policies(office.contract("e1")) == before
    (decided,) = approve(office, "e1", waiting.id, by="operator")
    assert decided.decision.verdict is Verdict.ACCEPT
    assert "art:10.2.4.a2" in {cite.path for cite in decided.decision.cites}
    (after,) = policies(office.contract("e1"))
    recommended: Any = report_json(found)["recommended"]
    assert after.watch["host"] == recommended[0]["host"]
    assert after.ladder == before[0].ladder and after.scrub == before[0].scrub
    assert [each.applied for each in reagings(office.contract("e1"))] == [True]
    assert reports(office, "e1") == (told,)


def test_what_was_approved_stands_whatever_the_history_says_later(office: Office, history: History) -> None:
    waiting = ordered(office)
    told = told_of(office, relearned(office, history, "e1", waiting))
    report(office, told)
    shutil.rmtree(history.folder)
    approve(office, "e1", None, by="operator")
    recommended: Any = told.body["recommended"]
    assert policies(office.contract("e1"))[0].watch["host"] == recommended[0]["host"]


def test_without_history_there_is_nothing_to_say(office: Office) -> None:
    with pytest.raises(Refusal, match="nothing to learn from"):
        relearned(office, History(office.home.folder / "none"), "e1", ordered(office))
    assert pending(office.contract("e1")) is not None


def test_a_policy_rests_on_no_reaging_that_was_not_reported(office: Office) -> None:
    waiting = ordered(office)
    asked = {"by": "operator", "contract": "e1", "host": {"bps": "1G"}, "reaging": waiting.id}
    assert office.apply("set-policy", asked, service=SERVICE.name).decision.verdict is Verdict.REFUSE


def test_minutes_before_the_contract_changed_its_levels_are_read_by_those_that_held(
    office: Office, history: History
) -> None:
    waiting = ordered(office)
    before = thresholds(report_json(relearned(office, history, "e1", waiting)))
    low = {"by": "operator", "contract": "e1", "host": {"bps": "20M"}, "prefix": {"bps": "2G"}}
    office.apply("set-policy", low, service=SERVICE.name)
    after = thresholds(report_json(relearned(office, history, "e1", waiting)))
    assert after["bps"] == before["bps"] > 20_000_000


def thresholds(found: Any) -> dict[str, int]:
    return dict(found["recommended"][0]["host"])


def test_the_watch_leads_back_to_the_order_that_it_rests_on(office: Office, history: History) -> None:
    waiting = ordered(office)
    report(office, told_of(office, relearned(office, history, "e1", waiting)))
    approve(office, "e1", None, by="operator")
    bought = all_means((office.contract("e1"),), DAY)
    parts = watch_parts(office.contracts(), tuple(bought.values()), edition_on(DAY))
    (watch,) = (each for each in parts if isinstance(each, FloodWatch))
    assert "ddos-protection@2025-11-01#art:10.2.4.a2" in watch.origin.cites
    behind = facts_behind(watch, office.contract("e1"), office.book.read("contract:e1"))
    assert [each.fact.kind for each in behind] == [
        "option.added", "reaging.ordered", "reaging.reported", "policy.set",
    ]  # fmt: skip
