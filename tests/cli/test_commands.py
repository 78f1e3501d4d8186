"""The command line as a person or a program meets it: words in two languages, JSON, and exit statuses."""

from pathlib import Path

import pytest
from called import ROOT, Cli

BOOK = ROOT / "examples" / "order-book"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A provider that has taken the order book of the examples."""
    provider = Cli(tmp_path_factory.mktemp("provider"))
    decided = provider.answer(["apply", str(BOOK)])
    assert [each["verdict"] for each in decided].count("refuse") == 7
    return provider


def test_help_speaks_both_languages(cli: Cli) -> None:
    assert "termination" in cli.program("--help").stdout
    assert "解約" in cli.program("--help", lang="ja").stdout
    assert "解約" in cli.program("cancel", "--help", lang="ja").stdout


def test_contracts_are_those_accepted(home: Cli) -> None:
    contracts = {each["id"]: each for each in home.answer(["contract", "--on", "2026-06-01"])}
    assert len(contracts) == 13
    assert contracts["minato-sales-3"]["customer"] == "kaede"
    assert contracts["yamato-core-0"]["term_last"] == "2029-04-30"


def test_a_refusal_names_its_article_and_ends_with_1(home: Cli) -> None:
    asked = [
        "order",
        "--by",
        "kaede",
        "--contract",
        "minato-sales-3",
        "--add-lan",
        "10.77.0.0/16",
        "--what-if",
    ]
    refused = home.answer(asked, code=1)
    assert refused["verdict"] == "refuse"
    assert any(cite.endswith("#art:10.2") for each in refused["findings"] for cite in each["cites"])
    shown = home.run(*asked, lang="ja").stdout
    assert "拒絶" in shown and "第10条第2項" in shown


def test_what_if_records_nothing(home: Cli) -> None:
    before = home.answer(["ledger", "verify"])["count"]
    asked = ["cancel", "--by", "yamato", "--contract", "yamato-core-3", "--what-if", "--on", "2026-06-10"]
    assert home.answer(asked)["dates"]["effective"] == "2026-07-10"
    assert home.answer(["ledger", "verify"]) == {
        "whole": True,
        "count": before,
        "first_bad": None,
        "why": None,
    }


def test_faults_are_all_listed_with_their_places_and_nothing_is_recorded(home: Cli, tmp_path: Path) -> None:
    book = tmp_path / "bad.toml"
    book.write_text(
        '[[apply]]\nby = "yamato"\nat = 2026-06-01T10:00:00+09:00\nfoo = 1\n'
        '[[apply.sites]]\nkind = "child"\nnetwork = "x"\nitem = "single-star-single-edge"\n'
        'lans = [{ prefix = "10.1.0.0/99" }, { prefix = "ten" }]\n'
    )
    before = home.answer(["ledger", "verify"])["count"]
    ran = home.run("apply", str(book))
    assert ran.returncode == 2
    for place in ("foo", "lans[0].prefix", "lans[1].prefix"):
        assert place in ran.stderr
    assert home.answer(["ledger", "verify"])["count"] == before


def test_a_month_is_shown_line_by_line_with_its_provisions(home: Cli) -> None:
    bills = {each["customer"]: each["invoice"] for each in home.answer(["bill", "2026-06"])}
    assert bills["kaede"]["total"] == 33_000
    assert all(line["cites"] for bill in bills.values() for line in bill["lines"])
    assert "別紙1" in home.run("bill", "2026-06", lang="ja").stdout


def test_the_plan_cuts_nobody_when_nothing_runs_yet(home: Cli) -> None:
    plan = home.answer(["plan", "--on", "2026-06-10"])
    assert plan["cuts"] == [] and len({each["node"] for each in plan["changes"]}) == 18


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["contract", "nobody"], 1, "yamato-core-0"),
        (["bill", "June"], 2, "2026-11"),
        (["why", "nobody", "x"], 1, "no node"),
        (["terms", "cite", "managed-vpn-pro", "art:99"], 2, "art:99"),
    ],
)
def test_errors_name_the_thing_and_what_would_be_right(
    home: Cli, words: list[str], code: int, told: str
) -> None:
    ran = home.run(*words)
    assert ran.returncode == code
    assert told in ran.stderr and "Traceback" not in ran.stderr


def test_provisions_and_conventions_can_be_looked_up(home: Cli) -> None:
    assert "art. 22(2)" in home.run("terms", "cite", "managed-vpn-pro", "art:22.2").stdout
    assert home.answer(["terms", "conventions"])["notice.first-day"]["default"] == "exclude"


def test_shells_can_complete_it(cli: Cli) -> None:
    assert "_KITEI_COMPLETE" in cli.run("completion", "bash").stdout


def test_a_process_of_it_ends_with_what_its_entry_ended_with(home: Cli) -> None:
    for words in (("contract", "--json"), ("contract", "nobody"), ("bill", "June"), ("bills",)):
        there, here = home.program(*words), home.run(*words)
        assert (there.returncode, there.stdout, there.stderr) == (here.returncode, here.stdout, here.stderr)
