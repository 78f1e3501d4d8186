"""`kitei cases`: disagreements, faults of the file with their lines, disputes, and the exit status."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from called import Cli

CASE: dict[str, Any] = {
    "id": "ONE",
    "service": "managed-vpn-pro",
    "given": {
        "contracts": [
            {
                "id": "P1",
                "customer": "C1",
                "kind": "親拠点",
                "vpn_network": "N1",
                "item": "シングルスターシングルエッジ",
                "billing_start": "2025-04-01",
                "minimum_term": "1y",
                "monthly_fee_jpy": 30000,
            }
        ]
    },
    "when": {
        "action": "cancel",
        "at": "2026-06-10T10:00:00+09:00",
        "contract": "P1",
        "form": "prescribed",
        "arrived": "2026-06-10",
    },
    "then": {"decision": "accept", "provisions": ["art:18.1"], "effective_date": "2026-07-10"},
}


def changed(id: str, **then: Any) -> dict[str, Any]:
    found = deepcopy(CASE)
    found["id"] = id
    found["then"] |= then
    return found


@pytest.fixture
def book(tmp_path: Path) -> Path:
    file = tmp_path / "cases.json"
    three = [CASE, changed("TWO", effective_date="2026-07-09"), changed("THREE", decision="refuse")]
    file.write_text(json.dumps(three, ensure_ascii=False, indent=1))
    return file


def test_each_disagreement_is_told_with_what_was_expected_and_what_came(cli: Cli, book: Path) -> None:
    ran = cli.run("cases", str(book))
    assert ran.returncode == 1
    assert ran.stdout.endswith("1 passed, 2 failed\n")
    assert "effective_date: 2026-07-09 expected, 2026-07-10 found" in ran.stdout
    assert "decision: refuse expected, accept found" in ran.stdout
    assert "2026-07-09 のはずが" in cli.run("cases", str(book), lang="ja").stdout


def test_what_agrees_ends_well_and_only_chooses(cli: Cli, book: Path) -> None:
    ran = cli.run("cases", str(book), "--only", "ONE")
    assert (ran.returncode, ran.stdout) == (0, "1 passed, 0 failed\n")
    wrong = cli.run("cases", str(book), "--only", "ONEE")
    assert wrong.returncode == 2 and "ONE" in wrong.stderr


def test_a_dispute_is_told_and_fails_nothing(cli: Cli, book: Path, tmp_path: Path) -> None:
    disputed = tmp_path / "disputed.toml"
    disputed.write_text(
        '[[disputed]]\nid = "TWO"\nservice = "managed-vpn-pro"\nprovision = "art:18.1"\n'
        'why = { ja = "初日は数えない", en = "the first day does not count" }\n'
        '[[disputed]]\nid = "ONE"\nservice = "managed-vpn-pro"\nprovision = "art:18.1"\n'
        'why = { ja = "誤り", en = "wrong" }\n'
    )
    asked = ["cases", str(book), "--disputed", str(disputed), "--only", "ONE", "--only", "TWO"]
    ran = cli.run(*asked)
    assert ran.returncode == 0
    assert ran.stdout.endswith("1 disputed\n1 passed, 0 failed\n")
    assert "the first day does not count" in ran.stdout
    assert "need not be disputed" in ran.stdout
    assert cli.answer(asked)["disputed"] == 1


def test_faults_of_a_dispute_are_all_told(cli: Cli, book: Path, tmp_path: Path) -> None:
    disputed = tmp_path / "disputed.toml"
    disputed.write_text(
        '[[disputed]]\nid = "TWO"\nservice = "managed-vpn-pro"\nprovision = "art:18.11"\n[[disputed]]\nid = 1\n'
    )
    ran = cli.run("cases", str(book), "--disputed", str(disputed))
    assert ran.returncode == 2
    for told in ("disputed[0].provision", "art:18.1", "disputed[1].id", "disputed[1].why"):
        assert told in ran.stderr


def test_every_fault_of_a_file_is_told_with_case_line_and_what_would_be_right(
    cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "bad.json"
    unknown_then = changed("A", colour="red", amount_jpy="many")
    unknown_given = deepcopy(CASE) | {"id": "B"}
    unknown_given["given"]["weather"] = "fine"
    lines = [json.dumps(each, ensure_ascii=False) for each in (unknown_then, unknown_given, CASE)]
    nobody = {"id": "C", "service": "telegraph", "given": {}, "when": CASE["when"], "then": CASE["then"]}
    lines += [json.dumps(nobody), '{"id": "D", "more": 1}', json.dumps(changed("ONE")), '"text"']
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    ran = cli.run("cases", str(file))
    assert ran.returncode == 1
    assert ran.stdout.endswith("1 passed, 6 failed\n")
    for told in (
        "A (bad.json:2)",
        "then.colour: is not known; known are decision",
        "then.amount_jpy: 'many' is not whole yen, or null",
        "B (bad.json:3)",
        "given.weather: is not known here",
        "service: 'telegraph' is not one of managed-vpn-pro",
        "D (bad.json:6)",
        "more: is not known; known are id",
        "given: is missing",
        "ONE (bad.json:7)",
        "id of line 4",
        "? (bad.json:8)",
    ):
        assert told in ran.stdout


def test_what_is_no_table_says_where_and_spares_the_others(cli: Cli, tmp_path: Path) -> None:
    number, text, inner = deepcopy(CASE) | {"id": "A"}, deepcopy(CASE) | {"id": "B"}, deepcopy(CASE)
    number["given"] = {"contracts": 5}
    text["given"]["contracts"] = ["P1"]
    inner["id"], inner["given"]["facts"] = "C", "fine"
    file = tmp_path / "bad.json"
    file.write_text(json.dumps([number, text, inner, CASE], ensure_ascii=False), encoding="utf-8-sig")
    ran = cli.run("cases", str(file))
    assert ran.returncode == 1 and ran.stdout.endswith("1 passed, 3 failed\n")
    for told in (
        "given.contracts: 5 is not a list of tables",
        "given.contracts[0]: 'P1' is not a table",
        "given.facts: 'fine' is not a table",
    ):
        assert told in ran.stdout


def test_the_value_that_nothing_can_be_decided_with_is_found(cli: Cli, tmp_path: Path) -> None:
    day, name, yen = deepcopy(CASE) | {"id": "A"}, deepcopy(CASE) | {"id": "B"}, deepcopy(CASE) | {"id": "C"}
    day["given"]["contracts"][0]["billing_start"] = "2025-02-30"
    name["given"]["contracts"][0]["kind"] = 3
    yen["given"]["contracts"][0]["monthly_fee_jpy"] = "30000"
    file = tmp_path / "bad.json"
    file.write_text(json.dumps([day, name, yen], ensure_ascii=False))
    told = {each["id"]: each["faults"] for each in cli.answer(["cases", str(file)], code=1)["cases"]}
    assert "given.contracts[0].billing_start" in [each["place"] for each in told["A"]]
    assert told["B"][0]["place"] == "given.contracts[0].kind"
    assert told["C"][0]["wrong"]["en"] == "'30000' is not whole yen"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: write a JSON list"),
        ("[\n{]", "line 2, column 2"),
        ("[] x", "behind the last case"),
        ("nothing", "write a JSON list"),
    ],
)
def test_what_is_no_file_of_cases_says_where(cli: Cli, tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    ran = cli.run("cases", str(file))
    assert ran.returncode == 2 and told in ran.stderr
