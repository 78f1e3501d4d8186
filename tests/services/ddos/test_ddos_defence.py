"""What may be done against an attack, by the terms: asked, decided and folded like any act."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from kitei.collect import following
from kitei.collect import policy as collected
from kitei.collect.counters import METRICS as COLLECTED
from kitei.collect.counters import quantity
from kitei.collect.policies import read_policies
from kitei.desk import Unreadable, Verdict
from kitei.ledger import Fact
from kitei.office import Office
from kitei.services.ddos import SERVICE, defending
from kitei.services.ddos.defence import attacks, mitigations, policies
from kitei.services.ddos.rules.policies import METRICS
from kitei.values import JST, JsonObject

NAME = SERVICE.name
START = datetime(2026, 1, 10, 10, 0, tzinfo=JST)


class SetTime:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def office(tmp_path: Path, time: SetTime) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", time, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    body: JsonObject = {
        "holds": "インターネット接続サービス",
        "id": "I1",
        "first": "2020-01-01",
        "last": None,
    }
    opened.state([("customer:acme", Fact("service.held", body, date(2020, 1, 1)))])
    wanted = [
        {"item": "E", "addresses": ["203.0.113.0/24"]},
        {"item": "D", "addresses": ["198.51.100.0/24"]},
        {"item": "P", "addresses": ["192.0.2.0/24", "2001:db8:7::/48"]},
        {"item": "M", "base": "acme-ddos-3"},
        {"item": "M", "base": "acme-ddos-2"},
    ]
    for each in wanted:
        decided = opened.apply("apply", {"by": "acme", "services": [each]}, service=NAME)
        assert decided.decision.verdict is Verdict.ACCEPT, [f.why.en for f in decided.decision.findings]
    yield opened
    opened.close()


E, D, P, M, MD = (f"acme-ddos-{n}" for n in range(1, 6))


def ask(office: Office, act: str, by: str = "operator", **written: Any) -> Any:
    return office.apply(act, {"by": by, **written}, service=NAME)


def verdict(office: Office, act: str, by: str = "operator", **written: Any) -> Verdict:
    verdict: Verdict = ask(office, act, by, **written).decision.verdict
    return verdict


def refusals(decided: Any) -> str:
    assert decided.decision.verdict is Verdict.REFUSE
    refused = [f for f in decided.decision.findings if f.verdict is Verdict.REFUSE]
    return " | ".join(f"{f.cites[0].path} {f.why.en}" for f in refused)


def alarm(office: Office, contract: str, target: str, **more: Any) -> Any:
    told: dict[str, Any] = {
        "policy": contract,
        "scope": "host",
        "target": target,
        "metric": "udp-bps",
        "figure": 900_000_000,
        "threshold": 100_000_000,
        "since": office.clock(),
        "source_ports": [[53, 1000]],
        "node": "collector1",
    }
    return ask(office, "attack-detected", "controller", contract=contract, **{**told, **more})


def test_an_alarm_becomes_an_attack_and_its_end_ends_it(office: Office) -> None:
    decided = alarm(office, E, "203.0.113.7")
    assert decided.decision.verdict is Verdict.ACCEPT
    (attack,) = attacks(office.contract(E))
    assert (attack.id, attack.target, attack.stands) == (decided.application, "203.0.113.7/32", True)
    assert "treated as" in refusals(alarm(office, E, "203.0.113.7"))
    assert verdict(office, "attack-over", "controller", contract=E, attack=attack.id) is Verdict.ACCEPT
    assert not attacks(office.contract(E))[0].stands
    assert alarm(office, E, "203.0.113.7").decision.verdict is Verdict.ACCEPT


def test_a_step_is_ordered_prolonged_and_released(office: Office, time: SetTime) -> None:
    attack = alarm(office, E, "203.0.113.7").application
    ordered = ask(office, "mitigate", "controller", contract=E, target="203.0.113.7", step="divert")
    assert ordered.decision.verdict is Verdict.ACCEPT
    assert {"art:1.1.t1", "art:5.1"} <= {cite.path for cite in ordered.decision.cites}
    (one,) = mitigations(office.contract(E))
    assert (one.attack, one.step, one.metric, one.ports) == (attack, "divert", "udp-bps", (53,))
    assert one.until == START + timedelta(seconds=300)
    assert "does that already" in refusals(
        ask(office, "mitigate", contract=E, target="203.0.113.7", step="divert")
    )
    time.pass_(200)
    assert verdict(office, "prolong", "controller", contract=E, mitigation=one.id) is Verdict.ACCEPT
    (one,) = mitigations(office.contract(E))
    assert (one.prolonged_at, one.until) == (time.at, time.at + timedelta(seconds=300))
    assert verdict(office, "release", "acme", contract=E) is Verdict.ACCEPT
    assert not mitigations(office.contract(E))[0].stands
    assert "is nothing" in refusals(ask(office, "release", contract=E))


@pytest.mark.parametrize("contract", [D, MD])
@pytest.mark.parametrize("by", ["operator", "controller", "acme"])
@pytest.mark.parametrize("step", defending.STEPS)
def test_a_type_d_and_what_is_added_to_it_is_never_mitigated(
    office: Office, contract: str, by: str, step: str
) -> None:
    ladder = dict.fromkeys(("rate-limit", "filter", "divert", "blackhole"), "automatic")
    ask(office, "set-policy", contract=contract, host={"bps": "1G"}, ladder=ladder)
    assert alarm(office, contract, "198.51.100.9").decision.verdict is Verdict.ACCEPT
    decided = ask(office, "mitigate", by, contract=contract, target="198.51.100.9", step=step)
    assert "never mitigates" in refusals(decided)
    assert "art:1.1.t4" in {cite.path for cite in decided.decision.cites}
    assert mitigations(office.contract(contract)) == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"target": "198.51.100.9"}, "art:5.2 198.51.100.9/32 is not protected"),
        ({"target": "203.0.112.0/23"}, "art:5.2"),
        ({"target": "2001:db8::1"}, "art:5.2"),
        ({"step": "blackhole"}, "art:1.1.t1 the contract's policy forbids"),
        ({"hold": 5}, "10 and 86400"),
        ({"hold": 10**9}, "10 and 86400"),
        ({"by": "somebody"}, "not the customer"),
    ],
)
def test_what_was_not_bought_or_not_allowed_is_refused(
    office: Office, written: dict[str, Any], said: str
) -> None:
    asked = {"by": "operator", "target": "203.0.113.7", "step": "divert", **written}
    assert said in refusals(ask(office, "mitigate", contract=E, **asked))


def test_the_ladder_says_which_steps_are_taken_by_whom(office: Office) -> None:
    ladder = {"rate-limit": "forbidden", "filter": "by-hand", "divert": "automatic", "blackhole": "by-hand"}
    assert verdict(office, "set-policy", contract=E, host={"bps": "1G"}, ladder=ladder) is Verdict.ACCEPT
    for step, by, expected in (
        ("rate-limit", "operator", Verdict.REFUSE),
        ("filter", "controller", Verdict.REFUSE),
        ("filter", "operator", Verdict.REFUSE),  # without an alarm there is nothing to filter by
        ("divert", "controller", Verdict.ACCEPT),
        ("blackhole", "controller", Verdict.REFUSE),
        ("blackhole", "acme", Verdict.ACCEPT),
    ):
        assert verdict(office, "mitigate", by, contract=E, target="203.0.113.7", step=step) is expected, step


def test_a_filter_is_of_what_an_alarm_is_about(office: Office) -> None:
    alarm(office, E, "203.0.113.7", metric="amplified-bps")
    alarm(office, E, "203.0.113.8", metric="syn-pps")
    asked = {"contract": E, "step": "filter"}
    assert verdict(office, "mitigate", target="203.0.113.7", **asked) is Verdict.ACCEPT
    assert "no alarm says what to drop" in refusals(ask(office, "mitigate", target="203.0.113.8", **asked))


def test_a_customer_alone_cannot_stop_what_another_designated_too(office: Office) -> None:
    body: JsonObject = {
        "holds": "インターネット接続サービス",
        "id": "I2",
        "first": "2020-01-01",
        "last": None,
    }
    office.state([("customer:other", Fact("service.held", body, date(2020, 1, 1)))])
    wanted = [{"item": "E", "addresses": ["203.0.113.0/25"]}]
    assert verdict(office, "apply", "other", services=wanted) is Verdict.ACCEPT
    asked = {"contract": E, "step": "divert"}
    assert verdict(office, "mitigate", "acme", target="203.0.113.7", **asked) is Verdict.REFER
    assert verdict(office, "mitigate", "acme", target="203.0.113.200", **asked) is Verdict.ACCEPT
    assert verdict(office, "mitigate", "operator", target="203.0.113.7", **asked) is Verdict.ACCEPT


def test_no_more_than_the_policy_allows_is_in_force_at_once(office: Office) -> None:
    ask(office, "set-policy", contract=E, host={"bps": "1G"}, ladder={"most": 2})
    for last in (1, 2):
        assert (
            verdict(office, "mitigate", contract=E, target=f"203.0.113.{last}", step="divert")
            is Verdict.ACCEPT
        )
    decided = ask(office, "mitigate", contract=E, target="203.0.113.3", step="divert")
    assert "no more than 2" in refusals(decided)


def test_an_incident_of_a_type_p_has_named_steps(office: Office) -> None:
    listed: JsonObject = {"service": NAME, "list": "incident-steps", "entries": ["call customer"]}
    office.state([("operator", Fact("operator.listed", listed, date(2025, 1, 1)))])
    attack = alarm(office, P, "2001:db8:7::9").application
    step = {"contract": P, "attack": attack, "note": "spoke to the duty officer", "notified": ["noc@acme"]}
    assert verdict(office, "incident-step", step="call customer", **step) is Verdict.ACCEPT
    assert "no step" in refusals(ask(office, "incident-step", step="panic", **step))
    ask(office, "attack-over", "controller", contract=P, attack=attack)
    kinds = [entry.fact.kind for entry in office.book.read(f"contract:{P}")]
    assert kinds[-5:] == [
        "attack.detected", "incident.opened", "incident.noted", "attack.over", "incident.closed"
    ]  # fmt: skip
    other = alarm(office, E, "203.0.113.7").application
    assert "type P" in refusals(ask(office, "incident-step", contract=E, attack=other, step="call customer"))
    assert "incident.opened" not in [entry.fact.kind for entry in office.book.read(f"contract:{E}")]


# -- policies ----------------------------------------------------------------------------------------


def test_what_may_be_measured_is_what_a_collector_measures() -> None:
    assert tuple(COLLECTED) == METRICS
    for ours, theirs in ((defending.Timing, collected.Timing), (defending.Guards, collected.Guards)):
        assert [f.name for f in fields(ours)] == [f.name for f in fields(theirs)]


def test_what_follows_an_alarm_has_the_shape_that_a_collector_checks() -> None:
    ladder = {f.metadata.get("key", f.name) for f in fields(defending.Ladder)} | {
        f.name for f in fields(defending.Ladder) if f.name in following.STEPS
    }
    assert ladder == set(following.LADDER)
    assert {f.name for f in fields(defending.Scrub)} == set(following.SCRUB)
    assert get_args(defending.Mode) == following.MODES and following.STEPS == defending.STEPS


@pytest.mark.parametrize("text", ["20k", "500M", "1.5G", "2T", "0", "20000", "0.125M"])
def test_quantities_read_as_a_collector_reads_them(office: Office, text: str) -> None:
    ask(office, "set-policy", contract=E, host={"bps": text, "pps": 1})
    (policy,) = policies(office.contract(E))
    assert policy.watch["host"] == {"bps": quantity(text), "pps": 1}


@pytest.mark.parametrize("text", ["", "5m", "1.5", "-1", "1.2345G", "M"])
def test_what_is_no_quantity_is_told_with_its_place(office: Office, text: str) -> None:
    with pytest.raises(Unreadable, match=r"set-policy\.host\.bps"):
        ask(office, "set-policy", contract=E, host={"bps": text})


def test_a_policy_is_kept_whole_and_read_back(office: Office) -> None:
    written: dict[str, Any] = {
        "host": {"bps": "500M", "syn-pps": "20k"},
        "prefix": {"bps": "2G"},
        "override": [{"network": "203.0.113.53/32", "host": {"udp-pps": "200k", "syn-pps": 0}}],
        "timing": {"rise": 1, "calm": 120},
        "guards": {"services": [80, 443]},
        "ladder": {"blackhole": "automatic", "blackhole_above": "5G", "hold": 120},
        "scrub": {"source_pps": "2k", "allow": ["192.0.2.0/28"], "syn_proof": False},
    }
    decided = ask(office, "set-policy", contract=E, **written)
    assert decided.decision.verdict is Verdict.ACCEPT
    (policy,) = policies(office.contract(E))
    assert (policy.ladder.blackhole_above, policy.ladder.hold, policy.ladder.mode("divert")) == (
        5 * 10**9,
        120,
        "automatic",
    )
    assert (policy.scrub.source_pps, policy.scrub.allow, policy.scrub.syn_proof) == (
        2000,
        ("192.0.2.0/28",),
        False,
    )
    assert policy.watch["timing"] == {"rise": 1, "calm": 120}
    assert set(policy.cites) == {str(cite) for cite in decided.decision.cites}


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ({"host": {}}, "set-policy.host"),
        ({"host": {"bps": 0}}, "set-policy.host"),
        ({"host": {"bits": 5}}, "set-policy.host.bits"),
        ({"prefixes": ["198.51.100.0/24"]}, "set-policy.prefixes[0]"),
        ({"prefixes": ["203.0.113.0/25"], "override": [{"network": "203.0.113.200/32", "host": {"bps": 1}}]}, "set-policy.override[0].network"),
        ({"timing": {"rise": 9}}, "set-policy.timing"),
        ({"timing": {"rise": 0}}, "set-policy.timing"),
        ({"timing": {"calm": -1}}, "set-policy.timing.calm"),
        ({"guards": {"services": [0]}}, "set-policy.guards.services"),
        ({"ladder": {"hold": 1}}, "set-policy.ladder.hold"),
        ({"ladder": {"most": 0}}, "set-policy.ladder.most"),
        ({"name": "web"}, "set-policy.name"),
    ],
)  # fmt: skip
def test_a_policy_that_nothing_could_be_watched_by_is_refused(
    office: Office, written: dict[str, Any], place: str
) -> None:
    decided = ask(office, "set-policy", contract=E, **{"host": {"bps": 1}, **written})
    assert decided.decision.verdict is Verdict.REFUSE
    assert place in {f.place for f in decided.decision.findings}


def test_a_type_m_adds_policies_by_name(office: Office) -> None:
    for name in ("web", "mail"):
        assert verdict(office, "set-policy", contract=M, name=name, host={"bps": 1}) is Verdict.ACCEPT
    assert [each.name for each in policies(office.contract(M))] == ["mail", "web"]


def test_settings_change_in_hours_or_with_the_option(office: Office, time: SetTime) -> None:
    asked = {"contract": E, "host": {"bps": 1}}
    assert verdict(office, "set-policy", "acme", **asked) is Verdict.REFER
    for name, value in (("support-hours-from", 9), ("support-hours-until", 17)):
        body: JsonObject = {"service": NAME, "name": name, "value": value}
        office.state([("operator", Fact("operator.set", body, date(2025, 1, 1)))])
    assert verdict(office, "set-policy", "acme", **asked) is Verdict.ACCEPT
    time.pass_(10 * 3600)
    assert "out-of-hours" in refusals(ask(office, "set-policy", "acme", **asked))
    assert verdict(office, "set-policy", "operator", **asked) is Verdict.ACCEPT
    ask(office, "add-option", "acme", contract=E, option="out-of-hours-work")
    assert verdict(office, "set-policy", "acme", **asked) is Verdict.ACCEPT


def test_the_recommended_reading_of_a_collector_takes_what_the_terms_took(office: Office) -> None:
    from kitei.services.ddos.intent import watched_line

    ask(office, "set-policy", contract=E, host={"bps": "500M"}, timing={"rise": 1}, guards={"services": [25]})
    import json

    row = json.loads(watched_line(office.contract(E), policies(office.contract(E))[0], ("203.0.113.0/24",)))
    toml = "\n".join(
        ["[[policy]]"]
        + [f"{key} = {json.dumps(value)}" for key, value in row.items() if not isinstance(value, dict)]
        + [f"[policy.{key}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) for key, value in row.items() if isinstance(value, dict)]
    )  # fmt: skip
    (policy,) = read_policies(toml).policies
    assert (policy.name, dict(policy.host), policy.timing.rise, policy.guards.services) == (
        E,
        {"bps": 5 * 10**8},
        1,
        (25,),
    )
