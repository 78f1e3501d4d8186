"""The command line as a person or a program meets it: words in two languages, JSON, and exit statuses."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "examples" / "order-book"


def kitei(home: Path, *words: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "KITEI_HOME": str(home), "KITEI_LANG": lang, "PYTHONPATH": str(ROOT / "src")}
    env.pop("KITEI_DATABASE", None)
    return subprocess.run(
        [sys.executable, "-m", "kitei.cli", *words], env=env, capture_output=True, text=True, timeout=120
    )


def answer(home: Path, words: Sequence[str], code: int = 0) -> Any:
    ran = kitei(home, *words, "--json")
    assert ran.returncode == code, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A provider that has taken the order book of the examples."""
    folder = Path(tmp_path_factory.mktemp("provider"))
    decided = answer(folder, ["apply", str(BOOK)])
    assert [each["verdict"] for each in decided].count("refuse") == 7
    return folder


def test_help_speaks_both_languages(tmp_path: Path) -> None:
    assert "termination" in kitei(tmp_path, "--help").stdout
    assert "解約" in kitei(tmp_path, "--help", lang="ja").stdout
    assert "解約" in kitei(tmp_path, "cancel", "--help", lang="ja").stdout


def test_contracts_are_those_accepted(home: Path) -> None:
    contracts = {each["id"]: each for each in answer(home, ["contract", "--on", "2026-06-01"])}
    assert len(contracts) == 13
    assert contracts["minato-sales-3"]["customer"] == "kaede"
    assert contracts["yamato-core-0"]["term_last"] == "2029-04-30"


def test_a_refusal_names_its_article_and_ends_with_1(home: Path) -> None:
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
    refused = answer(home, asked, code=1)
    assert refused["verdict"] == "refuse"
    assert any(cite.endswith("#art:10.2") for each in refused["findings"] for cite in each["cites"])
    shown = kitei(home, *asked, lang="ja").stdout
    assert "拒絶" in shown and "第10条第2項" in shown


def test_what_if_records_nothing(home: Path) -> None:
    before = answer(home, ["ledger", "verify"])["count"]
    asked = ["cancel", "--by", "yamato", "--contract", "yamato-core-3", "--what-if", "--on", "2026-06-10"]
    assert answer(home, asked)["dates"]["effective"] == "2026-07-10"
    assert answer(home, ["ledger", "verify"]) == {
        "whole": True,
        "count": before,
        "first_bad": None,
        "why": None,
    }


def test_faults_are_all_listed_with_their_places_and_nothing_is_recorded(home: Path, tmp_path: Path) -> None:
    book = tmp_path / "bad.toml"
    book.write_text(
        '[[apply]]\nby = "yamato"\nat = 2026-06-01T10:00:00+09:00\nfoo = 1\n'
        '[[apply.sites]]\nkind = "child"\nnetwork = "x"\nitem = "single-star-single-edge"\n'
        'lans = [{ prefix = "10.1.0.0/99" }, { prefix = "ten" }]\n'
    )
    before = answer(home, ["ledger", "verify"])["count"]
    ran = kitei(home, "apply", str(book))
    assert ran.returncode == 2
    for place in ("foo", "lans[0].prefix", "lans[1].prefix"):
        assert place in ran.stderr
    assert answer(home, ["ledger", "verify"])["count"] == before


def test_a_month_is_shown_line_by_line_with_its_provisions(home: Path) -> None:
    bills = {each["customer"]: each["invoice"] for each in answer(home, ["bill", "2026-06"])}
    assert bills["kaede"]["total"] == 33_000
    assert all(line["cites"] for bill in bills.values() for line in bill["lines"])
    assert "別紙1" in kitei(home, "bill", "2026-06", lang="ja").stdout


def test_the_plan_cuts_nobody_when_nothing_runs_yet(home: Path) -> None:
    plan = answer(home, ["plan", "--on", "2026-06-10"])
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
    home: Path, words: list[str], code: int, told: str
) -> None:
    ran = kitei(home, *words)
    assert ran.returncode == code
    assert told in ran.stderr and "Traceback" not in ran.stderr


def test_provisions_and_conventions_can_be_looked_up(home: Path) -> None:
    assert "art. 22(2)" in kitei(home, "terms", "cite", "managed-vpn-pro", "art:22.2").stdout
    assert answer(home, ["terms", "conventions"])["notice.first-day"]["default"] == "exclude"


def test_shells_can_complete_it(tmp_path: Path) -> None:
    assert "_KITEI_COMPLETE" in kitei(tmp_path, "completion", "bash").stdout
