"""Trouble that people tell, who caused it, and what it comes to: from the command line to the credit on the bill."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from called import Cli

from kitei.values import JST

BOOK = """
service = "auth-outsource"

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "東京都", en = "Tokyo" }

[[quote]]
customer = "acme"
fee = "initial"
amount = 40000
first = 2020-01-01

[[quote]]
customer = "acme"
fee = "monthly"
amount = 30000
first = 2020-01-01

[[apply]]
id = "opening"
by = "acme"
at = 2026-03-20T10:00:00+09:00
services = [
  { kind = "client", ip = "192.0.2.10" },
  { kind = "group", accounts = 2, realm = "acme.example" },
]

[[start-billing]]
id = "bill-group"
by = "operator"
at = 2026-03-20T12:00:00+09:00
contract = "acme-group-1"
billing_start = 2026-04-01
"""
NOW = datetime.now(JST).replace(microsecond=0)
TOTAL = ("--state", "total", "--from", "customer-report")


@pytest.fixture
def opened(cli: Cli, tmp_path: Path) -> Cli:
    (tmp_path / "book.toml").write_text(BOOK)
    done = cli.run("apply", str(tmp_path / "book.toml"))
    assert done.returncode == 0, done.stderr
    return cli


def at(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).isoformat()


def test_what_a_customer_told_becomes_an_outage_a_cause_a_credit(opened: Cli) -> None:
    told = opened.answer(["trouble", "acme-group-1", "T-1", "--at", at(-60), *TOTAL])
    assert [each["restored_at"] for each in told] == [None], "it lasts"
    told = opened.answer(["trouble", "acme-group-1", "T-1", "--at", at(-60), *TOTAL, "--until", at(-10)])
    (outage,) = told
    assert (outage["known_at"], outage["restored_at"], outage["cause"]) == (at(-60), at(-10), None)
    assert "T-1" in outage["evidence"][0]["en"]
    (found,) = opened.answer(["cause", outage["id"], "operator", "--ja", "当社の故障", "--en", "our fault"])
    assert found["cause"] == "operator" and {"ja": "当社の故障", "en": "our fault"} in found["evidence"]
    assert opened.answer(["outages", "acme-group-1"]) == [found] != []
    assert opened.answer(["outages", "acme-client-1"]) == []
    claimed = opened.answer(["claim", "--by", "acme", "--contract", "acme-group-1"])
    assert claimed["verdict"] == "accept", claimed
    assert claimed["amounts"]["credit"] == 2000, "two whole days of 30,000 yen by thirty"


def test_every_fault_of_a_report_is_told_and_nothing_recorded(opened: Cli) -> None:
    before = opened.run("ledger", "show").stdout
    done = opened.run("trouble", "nobody", " ", "--at", "noon", "--until", at(5))
    assert done.returncode == 2
    for place in ("CONTRACT", "REFERENCE", "--at", "--until"):
        assert f"\n{place}: " in done.stderr, done.stderr
    assert "acme-group-1" in done.stderr, "what would be right"
    done = opened.run("trouble", "acme-group-1", "T-1", "--at", at(-1), *TOTAL, "--until", at(-2))
    assert done.returncode == 2 and "--until" in done.stderr
    done = opened.run("cause", "no-such", "operator", "--ja", " ", "--en", "x")
    assert done.returncode == 2 and "OUTAGE" in done.stderr and "--ja" in done.stderr
    assert opened.run("cause", "no-such", "nobody", "--ja", "x", "--en", "x").returncode == 2
    assert opened.run("ledger", "show").stdout == before


def test_a_ticket_that_is_not_confirmed_makes_no_outage(opened: Cli) -> None:
    assert opened.answer(["trouble", "acme-group-1", "T-2", "--at", at(-1)[:16]]) == []
    as_bad = opened.answer(["trouble", "acme-group-1", "T-2", "--at", at(-2), "--state", "equally-bad"])
    assert [(each["total"], each["equally_bad"]) for each in as_bad] == [(False, True)], (
        "corrected by its number"
    )


WITHDRAW = ("withdraw", "acme-group-1", "T-1", "--by", "suzuki")
MISTAKEN = ("--ja", "別の契約の申告でした", "--en", "it was told of another contract")


def test_what_was_told_by_mistake_is_withdrawn_with_its_outage_and_credit(opened: Cli) -> None:
    until = ("--until", at(-10))
    (outage,) = opened.answer(["trouble", "acme-group-1", "T-1", "--at", at(-60), *TOTAL, *until])
    opened.answer(["cause", outage["id"], "operator", "--ja", "当社", "--en", "ours"])
    assert opened.answer(["claim", "--by", "acme", "--contract", "acme-group-1"])["amounts"]["credit"] == 2000
    assert [each["amount"] for each in credits(opened)] == [2000]
    told = opened.answer([*WITHDRAW, *MISTAKEN])
    assert told["outages"] == []
    (credit,) = told["credits"]
    assert (credit["outage"], credit["before"], credit["after"]) == (outage["id"], 2000, 0)
    assert opened.answer(["outages", "acme-group-1"]) == []
    assert credits(opened) == []
    (taken,) = [line for line in ledger(opened) if line["kind"] == "trouble.withdrawn"]
    assert (taken["actor"], taken["body"]["by"], taken["body"]["reference"]) == ("suzuki", "suzuki", "T-1")
    assert taken["body"]["why"] == {"ja": MISTAKEN[1], "en": MISTAKEN[3]} and taken["body"]["at"]
    assert [line["kind"] for line in ledger(opened)].count("trouble.reported") == 1, "nothing is erased"
    assert opened.run("ledger", "verify").returncode == 0
    head = len(ledger(opened))
    assert opened.answer([*WITHDRAW, *MISTAKEN]) == {"outages": [], "credits": []}
    assert len(ledger(opened)) == head, "done again, there is nothing left to do"


def test_of_an_outage_that_another_told_of_too_the_rest_stays_and_its_credit_is_less(opened: Cli) -> None:
    opened.answer(["trouble", "acme-group-1", "T-1", "--at", at(-100), *TOTAL, "--until", at(-10)])
    (outage,) = opened.answer(["trouble", "acme-group-1", "T-2", "--at", at(-40), *TOTAL, "--until", at(-10)])
    opened.answer(["cause", outage["id"], "operator", "--ja", "当社", "--en", "ours"])
    assert opened.answer(["claim", "--by", "acme", "--contract", "acme-group-1"])["amounts"]["credit"] == 3000
    told = opened.answer([*WITHDRAW, *MISTAKEN])
    assert [(each["id"], each["known_at"], each["cause"]) for each in told["outages"]] == [
        (outage["id"], at(-40), "operator")
    ]
    assert [(each["before"], each["after"], each["verdict"]) for each in told["credits"]] == [
        (3000, 1000, "accept")
    ]
    assert [each["amount"] for each in credits(opened)] == [1000]


def test_what_is_withdrawn_can_be_told_again(opened: Cli) -> None:
    report = ["trouble", "acme-group-1", "T-1", "--at", at(-60), *TOTAL, "--until", at(-10)]
    opened.answer(report)
    assert opened.answer([*WITHDRAW, *MISTAKEN])["outages"] == []
    assert [each["known_at"] for each in opened.answer(report)] == [at(-60)]


def test_every_fault_of_a_withdrawal_is_told_and_nothing_recorded(opened: Cli) -> None:
    opened.answer(["trouble", "acme-group-1", "T-1", "--at", at(-60), *TOTAL])
    before = opened.run("ledger", "show").stdout
    done = opened.run("withdraw", "acme-group-1", "T-9", "--by", " ", "--ja", " ", "--en", "x")
    assert done.returncode == 2
    for place in ("REFERENCE", "--by", "--ja"):
        assert f"\n{place}: " in done.stderr, done.stderr
    assert "T-1" in done.stderr, "what would be right"
    done = opened.run("withdraw", "nobody", "T-1", "--by", "suzuki", *MISTAKEN)
    assert done.returncode == 2 and "acme-group-1" in done.stderr
    assert opened.run("ledger", "show").stdout == before


def ledger(opened: Cli) -> list[dict[str, Any]]:
    return opened.answer(["ledger", "show"])


def credits(opened: Cli) -> list[dict[str, Any]]:
    """The grants that stand."""
    lines = ledger(opened)
    struck = {line["body"]["seq"] for line in lines if line["kind"] == "entry.struck"}
    return [line["body"] for line in lines if line["kind"] == "credit.granted" and line["seq"] not in struck]
