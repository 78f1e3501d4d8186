"""A provider with two contracts of DDoS Protection and the facts of attacks on them, for tests of this folder."""

from datetime import date, datetime, timedelta
from typing import Any

from kitei.ledger import Fact
from kitei.office import Office
from kitei.services.ddos import SERVICE
from kitei.store import Party
from kitei.values import JST, JsonObject, Words

PREFIX = "203.0.113.0/24"
BEGAN = datetime(2026, 6, 10, 6, 1, 10, tzinfo=JST)


def contract(
    office: Office, id: str, item: str, customer: str = "acme", prefix: str = PREFIX, **more: Any
) -> None:
    """A contract in force since January, as its conclusion would have left it."""
    address: JsonObject = {
        "prefix": prefix,
        "designated_by": "customer",
        "since": "2026-01-01",
        "last": None,
        "cites": [],
    }
    body = {
        "service": SERVICE.name, "customer": customer, "kind": "", "item": item, "group": customer,
        "application": "a1", "edition": "2025-11-01", "addresses": [address], **more,
    }  # fmt: skip
    cites = ("ddos-protection@2025-11-01#art:5.2",)
    office.state([(f"contract:{id}", Fact("contract.concluded", body, date(2026, 1, 1), cites))])


def party(office: Office, id: str = "acme", **more: Any) -> None:
    office.shelf.put_party(Party(id, Words("アクメ", "Acme"), Words("東京", "Tokyo"), more))


def fact(kind: str, attack: str, at: datetime, **more: Any) -> Fact:
    return Fact(kind, {"attack": attack, "at": at.isoformat(), **more}, at.date(), ())


def detected(attack: str = "t1", at: datetime = BEGAN, target: str = "203.0.113.5", **more: Any) -> Fact:
    body = {
        "policy": "x1", "scope": "host", "target": target, "metric": "syn-pps", "figure": 120_000,
        "threshold": 5_000, "sources": 900, "ports": [[443, 119_000]], "source_ports": [],
        "since": (at - timedelta(seconds=2)).isoformat(), "dry_run": False, "node": "n1",
    }  # fmt: skip
    return fact("attack.detected", attack, at, **{**body, **more})


def ordered(attack: str = "t1", step: str = "divert", at: datetime = BEGAN, **more: Any) -> Fact:
    body = {
        "mitigation": f"{attack}-{step}", "step": step, "target": "203.0.113.5/32", "by": "policy",
        "until": (at + timedelta(minutes=5)).isoformat(), "metric": "syn-pps", "ports": [443],
    }  # fmt: skip
    return fact("mitigation.ordered", attack, at, **{**body, **more})


def in_force(attack: str = "t1", step: str = "divert", *, at: datetime) -> Fact:
    body = {"mitigation": f"{attack}-{step}", "step": step, "node": "speak1", "nodes": ["scrub1", "speak1"]}
    return fact("mitigation.effective", attack, at, **body)


def released(attack: str = "t1", step: str = "divert", *, at: datetime) -> Fact:
    return fact("mitigation.released", attack, at, mitigation=f"{attack}-{step}", why="over")


def over(attack: str = "t1", *, at: datetime) -> Fact:
    return fact("attack.over", attack, at)


def say(office: Office, *facts: Fact, contract: str = "x1") -> None:
    office.state([(f"contract:{contract}", each) for each in facts], "controller")
