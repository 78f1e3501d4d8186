"""The referral queue: what waits is told with who asked and what is proposed; the answer is a fact."""

from pathlib import Path
from typing import Any

import pytest
from called import ROOT, Cli

BOOK = ROOT / "examples" / "order-book"


@pytest.fixture
def queue(cli: Cli, tmp_path: Path) -> Cli:
    """A provider that took the order book, and a claim for an outage of unknown cause waits."""
    cli.answer(["apply", str(BOOK)])
    from datetime import date

    from kitei.ledger import Fact
    from kitei.office import Office

    office = Office.open(cli.home)
    body = {
        "id": "o1",
        "contract": "minato-sales-1",
        "known_at": "2026-06-01T00:00:00+09:00",
        "restored_at": "2026-06-03T02:00:00+09:00",
        "total": True,
        "cause": None,
    }
    office.state([("contract:minato-sales-1", Fact("outage.found", body, date(2026, 6, 3)))], "controller")
    office.close()
    book = tmp_path / "claim.toml"
    book.write_text(
        '[[claim-credit]]\nid = "Q-1"\nby = "minato"\nat = 2026-06-10T10:00:00+09:00\n'
        'contract = "minato-sales-1"\nexpect = "refer"\n'
    )
    assert cli.answer(["apply", str(book)])[0]["verdict"] == "refer"
    return cli


def facts(cli: Cli) -> list[Any]:
    return [each["kind"] for each in cli.answer(["ledger", "show", "application:Q-1"])]


def test_what_waits_is_told_with_citations_proposal_and_who_asked(queue: Cli) -> None:
    (waiting,) = queue.answer(["answer"])
    assert (waiting["application"], waiting["by"], waiting["since"]) == ("Q-1", "minato", "2026-06-10")
    assert (waiting["proposed"], waiting["service"]) == ("refuse", "managed-vpn-pro")
    assert waiting["asked"]["contract"] == "minato-sales-1"
    assert any(cite.endswith("#art:21.1") for each in waiting["findings"] for cite in each["cites"])
    shown = queue.run("answer").stdout
    assert "asked by minato on 2026-06-10" in shown and "propose to refuse" in shown
    assert "規程の案: 拒絶" in queue.run("answer", lang="ja").stdout


def test_an_answer_is_a_fact_and_empties_the_queue(queue: Cli) -> None:
    answered = queue.answer(["answer", "Q-1", "--refuse", "--by", "suzuki"])
    assert answered["verdict"] == "refuse"
    assert facts(queue) == ["application.received", "application.decided", "application.answered"]
    assert queue.answer(["answer"]) == []
    again = queue.run("answer", "Q-1", "--refuse")
    assert again.returncode == 1 and "waits for no answer" in again.stderr


def test_an_answer_against_the_proposal_needs_a_reason(queue: Cli) -> None:
    ran = queue.run("answer", "Q-1", "--accept")
    assert ran.returncode == 2 and "--why" in ran.stderr
    assert "application.answered" not in facts(queue)
    accepted = queue.answer(["answer", "Q-1", "--accept", "--why", "our own works cut it"])
    assert accepted["verdict"] == "accept" and accepted["contracts"] == ["minato-sales-1"]
    (said,) = [
        each
        for each in queue.answer(["ledger", "show", "application:Q-1"])
        if each["kind"] == "application.answered"
    ]
    assert said["body"]["why"] == "our own works cut it" and said["cites"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["answer", "--accept"], 2, "which application"),
        (["answer", "Q-1"], 2, "--accept or --refuse"),
        (["answer", "Q-9", "--accept"], 1, "Q-9 waits for no answer"),
    ],
)
def test_what_is_no_answer_says_what_would_be(queue: Cli, words: list[str], code: int, told: str) -> None:
    ran = queue.run(*words)
    assert ran.returncode == code and told in ran.stderr
    assert len(queue.answer(["answer"])) == 1
