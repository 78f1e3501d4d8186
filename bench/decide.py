"""Decisions a second, pure, on one core: acts and situations are ready, nothing is read or recorded.

Two customers, two VPN networks of four sites each. Every kind of act that customers ask daily is decided in
turn; the figure is over all of them.
"""

import importlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from figure import Figure

from kitei.catalogue import SERVICES, packages
from kitei.clauses.acts import Act
from kitei.desk import Decision, Situation, operator_of
from kitei.desk.cases import Case, case_of
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.application import read_act
from kitei.services.managed_vpn.conclusion import conclude
from kitei.services.managed_vpn.contract import fold
from kitei.services.managed_vpn.decision import decide
from kitei.services.managed_vpn.edition import TERMS
from kitei.values import day_of

PROMISED = 20_000
CASES = Path(__file__).parents[1] / "tests" / "cases"
SECONDS = 2.0
EACH = 24
AT = "2026-06-10T10:00:00+09:00"


def act(name: str, **written: Any) -> Act:
    return read_act(name, {"by": "acme", "at": AT, **written}, TERMS.editions[-1])


def site(network: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "child" if number else "parent",
        "network": network,
        "item": "single-star-single-edge",
        "name": f"{network} {number}",
        "models": ["Cisco 891FJ"],
        "lans": [{"prefix": f"10.{number}.0.0/16"}],
        **more,
    }


class Desk:
    """A ledger in memory, with a price for everything."""

    def __init__(self) -> None:
        self.contracts: dict[str, Contract] = {}
        quotes = [
            Entry(
                n,
                "customer:acme",
                n,
                Fact("quote.recorded", body, date(2026, 1, 1)),
                datetime(2026, 1, 1, tzinfo=UTC),
                "",
                "",
                "",
            )
            for n, body in enumerate(
                {"fee": fee, "amount": 1000, "first": "2026-01-01", "last": None}
                for fee in (
                    "initial",
                    "monthly",
                    "option-initial",
                    "option-monthly",
                    "device-change",
                    "lost-device",
                )
            )
        ]
        self.operator = operator_of(quotes, TERMS.service)

    def situation(self, on: date) -> Situation:
        return Situation.of(on, TERMS, self.contracts, self.operator)

    def take(self, asked: Act) -> None:
        """Conclude an act, which has to be accepted."""
        s = self.situation(day_of(asked.at))
        for stream, fact in conclude(asked, decide(asked, s, asked.at), s):
            self.record(stream.removeprefix("contract:"), fact, asked.at)

    def record(self, name: str, fact: Fact, at: datetime) -> None:
        before = self.contracts.get(name)
        version = before.version + 1 if before else 1
        self.contracts[name] = fold(before, Entry(version, f"contract:{name}", version, fact, at, "", "", ""))


def workload() -> tuple[Situation, dict[str, Act]]:
    """The situation, and the acts by name."""
    desk = Desk()
    start = datetime.fromisoformat("2026-04-01T10:00:00+09:00")
    for network in ("n1", "n2"):
        desk.take(replace(act("apply", sites=[site(network, number) for number in range(4)]), at=start))
        for number in range(4):
            asked = act(
                "start-billing", by="operator", contract=f"{network}-{number}", billing_start="2026-04-10"
            )
            desk.take(replace(asked, at=start))
    down: dict[str, Any] = {
        "id": "o1",
        "contract": "n1-1",
        "known_at": "2026-06-01T00:00:00+09:00",
        "restored_at": "2026-06-03T01:00:00+09:00",
        "total": True,
        "cause": "operator",
    }
    desk.record("n1-1", Fact("outage.found", down, date(2026, 6, 3)), start)
    acts = {
        "apply, parent and child": act("apply", sites=[site("n3", 0), site("n3", 1)]),
        "apply, one more child": act("apply", sites=[site("n1", 9)]),
        "apply, refused": act("apply", sites=[site("n1", 9, lans=[{"prefix": "203.0.113.0/24"}])]),
        "add-option": act("add-option", contract="n1-1", option="cold-standby"),
        "work-order": act("work-order", contract="n1-1", add_lans=[{"prefix": "10.77.0.0/16"}]),
        "work-order, refused": act("work-order", by="other", contract="n1-1", wan_address="198.18.0.9"),
        "change, refused": act("change", contract="n1-1", item="dual-star-dual-edge"),
        "cancel": act("cancel", contract="n1-2", designated="2026-08-31"),
        "claim-credit": act("claim-credit", contract="n1-1"),
        "device lost": act("device-event", contract="n1-3", event="lost-reported"),
    }
    return desk.situation(date(2026, 6, 10)), acts


def rate(situation: Situation, acts: list[Act], seconds: float) -> float:
    """Decisions a second of the process's own time."""
    rounds, count, began = 50, 0, time.process_time()
    while (spent := time.process_time() - began) < seconds:
        for _ in range(rounds):
            for asked in acts:
                decide(asked, situation, asked.at)
        count += rounds * len(acts)
    return count / spent


def measure() -> list[Figure]:
    situation, acts = workload()
    rate(situation, list(acts.values()), 0.2)  # caches are warm in an office, too
    value = rate(situation, list(acts.values()), SECONDS)
    figures = [Figure("decide", "decisions, all acts in turn", value, "1/s", PROMISED, "at least")]
    asked = [translated(case) for case in decided()]
    mixed_rate(asked, 0.2)
    value, what = mixed_rate(asked, SECONDS), f"mixed services, {len(asked)} decided cases in turn"
    return [*figures, Figure("decide", what, value, "1/s", PROMISED, "at least")]


def decided() -> list[Case]:
    """Decided cases of every service, as many of each, spread over its articles, whatever their verdict."""
    by_service: dict[str, list[Case]] = {}
    for place in sorted(CASES.glob("*.json")):
        for case in map(case_of, json.loads(place.read_text())):
            by_service.setdefault(case.service, []).append(case)
    return [case for cases in by_service.values() for case in cases[:: len(cases) // EACH][:EACH]]


def translated(case: Case) -> tuple[Callable[..., Decision], Act, Situation]:
    """A case's service's decide, its act and its situation."""
    package = packages()[case.service]
    translate = importlib.import_module(f"{package}.cases").translate
    return SERVICES[case.service].decide, *translate(case)


def mixed_rate(asked: list[tuple[Callable[..., Decision], Act, Situation]], seconds: float) -> float:
    """Decisions a second of the process's own time, each in its own situation, met again and again."""
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < seconds:
        for decide_it, act, situation in asked:
            decide_it(act, situation, act.at)
        count += len(asked)
    return count / spent


if __name__ == "__main__":
    situation, acts = workload()
    for name, asked in acts.items():
        print(
            f"{rate(situation, [asked], 0.3):>10,.0f}/s  {len(decide(asked, situation, asked.at).findings):>2} findings  {name}"
        )
    print(*measure(), sep="\n")
