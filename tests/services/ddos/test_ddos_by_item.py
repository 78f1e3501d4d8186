"""What a contract of each item may have done for it, from the application to what a scrubber is told."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.network import Estate, Part, Scrubbing
from kitei.network.ddos_estate import DefencePlaces, ScrubberPlace, SpeakerPlace, UpstreamPlace
from kitei.office import Office
from kitei.services.ddos import SERVICE
from kitei.services.ddos.defending import CONTROLLER, STEPS
from kitei.services.ddos.intent import compile_contracts
from kitei.values import JST, JsonObject

START = datetime(2026, 1, 14, 10, 0, tzinfo=JST)
ESTATE = Estate(
    defence=DefencePlaces(
        scrubbers=(ScrubberPlace("scrub1", "eth1", next_hops=("192.0.2.20",)),),
        speakers=(SpeakerPlace("speak1", 64500, "192.0.2.30"),),
        upstreams=(UpstreamPlace("border1", "speak1", "192.0.2.40", 64500, ("ipv4", "ipv4-flowspec")),),
    )
)
HELD = (
    ("インターネット接続サービス", {}),
    ("IIJ Webハイグレード2サービス", {}),
    ("IIJ GIOコンテンツアクセラレーションサービス", {"options": "DDoSプロテクション連携オプション"}),
)
LADDER = dict.fromkeys(STEPS, "automatic")
CLEAN = {"E": 500_000_000, "X": 10**9, "P": 10**9, "W": 10**8 - 1, "V": 0}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", lambda: START, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    for number, (service, more) in enumerate(HELD):
        body: JsonObject = {"holds": service, "id": f"H{number}", "first": "2020-01-01", "last": None, **more}
        opened.state([("customer:acme", Fact("service.held", body, date(2020, 1, 1)))])
    yield opened
    opened.close()


def ask(office: Office, act: str, by: str = "operator", **written: Any) -> Any:
    return office.apply(act, {"by": by, **written}, service=SERVICE.name).decision


def opened(office: Office, item: str, network: int, **more: Any) -> str:
    """A contract of an item, with a prefix and every step of its ladder automatic; its id."""
    prefix = f"203.0.{network}.0/24"
    named = {} if item in "WV" else {"addresses": [prefix]}
    before = set(office.contracts())
    decided = ask(office, "apply", "acme", services=[{"item": item, **named, **more}])
    assert decided.verdict is Verdict.ACCEPT, [f.why.en for f in decided.findings]
    (name,) = set(office.contracts()) - before
    if not named:
        assert ask(office, "designate-addresses", contract=name, prefixes=[prefix]).verdict is Verdict.ACCEPT
    policy = ask(office, "set-policy", contract=name, host={"bps": "1M"}, ladder=LADDER)
    assert policy.verdict is Verdict.ACCEPT, [f.why.en for f in policy.findings]
    return name


def parts(office: Office) -> tuple[Part, ...]:
    contracts = list(office.contracts().values())
    nodes = compile_contracts(contracts, ESTATE, office.today())
    return tuple(part for node in nodes for part in node.parts)


def steps(office: Office, contract: str, network: int) -> set[tuple[str, str]]:
    """Every step by everyone, each on a target of its own: what was accepted. A refusal names its article."""
    taken = set()
    for at, (step, by) in enumerate((s, b) for s in STEPS for b in ("acme", "operator", CONTROLLER)):
        target = f"203.0.{network}.{at + 1}"
        seen = {
            "policy": contract, "scope": "host", "target": target, "metric": "udp-bps", "figure": 10**9,
            "threshold": 10**6, "since": START, "node": "collector1",
        }  # fmt: skip
        assert ask(office, "attack-detected", CONTROLLER, contract=contract, **seen).verdict is Verdict.ACCEPT
        decided = ask(office, "mitigate", by, contract=contract, target=target, step=step)
        if decided.verdict is Verdict.ACCEPT:
            taken.add((step, by))
        else:
            assert {cite.path for cite in decided.cites} & {"art:1.1.t4"}, decided.findings
    return taken


@pytest.mark.parametrize("item", CLEAN)
def test_a_defended_item_has_every_step_and_its_own_clean_rate(office: Office, item: str) -> None:
    name = opened(office, item, 113)
    assert len(steps(office, name, 113)) == 3 * len(STEPS)
    cleaned = [part for part in parts(office) if isinstance(part, Scrubbing)]
    assert len(cleaned) == 3 and {part.clean_bps for part in cleaned} == {CLEAN[item]}


def test_a_type_d_has_none_and_a_type_m_has_what_its_base_has(office: Office) -> None:
    d, x = opened(office, "D", 113), opened(office, "X", 114)
    on_d, on_x = opened(office, "M", 115, base=d), opened(office, "M", 116, base=x)
    assert steps(office, d, 113) == steps(office, on_d, 115) == set()
    assert len(steps(office, on_x, 116)) == 3 * len(STEPS)
    cleaned = {(part.contract, part.clean_bps) for part in parts(office) if isinstance(part, Scrubbing)}
    assert cleaned == {(x, 10**9)}


@pytest.mark.parametrize(("item", "most"), [("E", 2 * 10**9), ("X", 2_500_000_000), ("P", 2_500_000_000)])
def test_bandwidth_is_bought_in_steps(office: Office, item: str, most: int) -> None:
    name = opened(office, item, 113)
    assert (
        ask(office, "mitigate", contract=name, target="203.0.113.7", step="divert").verdict is Verdict.ACCEPT
    )
    assert (
        ask(office, "add-option", "acme", contract=name, option="bandwidth", mbps=700).verdict
        is Verdict.REFUSE
    )
    assert (
        ask(office, "add-option", "acme", contract=name, option="bandwidth", mbps=1500).verdict
        is Verdict.ACCEPT
    )
    (cleaned,) = (part for part in parts(office) if isinstance(part, Scrubbing))
    assert cleaned.clean_bps == most and any("art:10.2.5" in cite for cite in cleaned.origin.cites)
