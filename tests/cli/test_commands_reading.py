"""`kitei terms read` and `kitei terms lint` as a person or a program meets them."""

import json
from pathlib import Path

from called import ROOT, Cli

CLEAN = ROOT / "tests" / "terms" / "reading" / "clean_hosting.ja.txt"


def spoiled(tmp_path: Path) -> Path:
    file = tmp_path / "spoiled.txt"
    file.write_text(CLEAN.read_text().replace("1 第 10 条第 1 項関係", "1 第 4 条第 1 項関係"))
    return file


def test_read_shows_the_tree(cli: Cli) -> None:
    ran = cli.run("terms", "read", str(CLEAN))
    assert ran.returncode == 0, ran.stderr
    shown = ran.stdout
    assert "art:7.2.1  [自動複製オプション]" in shown
    assert "provisions" in shown.splitlines()[-1]


def test_read_as_json_has_ids_lines_and_children(cli: Cli) -> None:
    answer = cli.answer(["terms", "read", str(CLEAN)])
    assert answer["as_of"] == "2024-10-01"
    article = next(each for each in answer["provisions"] if each["id"] == "art:3")
    assert article["heading"] == "最低利用期間"
    assert [child["id"] for child in article["children"]] == ["art:3.1", "art:3.2"]
    lines = CLEAN.read_text().split("\n")
    assert "第 3 条" in lines[article["lines"][0] - 1]


def test_lint_says_line_provision_confidence_and_what_is_right(cli: Cli, tmp_path: Path) -> None:
    file = spoiled(tmp_path)
    answer = cli.answer(["terms", "lint", str(file)])
    assert answer["count"] == 1 and answer["confidence"] == {"high": 1, "medium": 0, "low": 0}
    (flaw,) = answer["flaws"]
    assert flaw["check"] == "reference-elsewhere" and flaw["provision"] == "schedule:2.1"
    assert "第 4 条" in file.read_text().split("\n")[flaw["line"] - 1]
    assert "第10条第1項" in flaw["gist"]["ja"] and "art. 10(1)" in flaw["gist"]["en"]
    text = cli.run("terms", "lint", str(file)).stdout
    assert f"{file}:{flaw['line']}: schedule:2.1: high" in text


def test_lint_ends_with_0_unless_asked_to_fail(cli: Cli, tmp_path: Path) -> None:
    file = spoiled(tmp_path)
    assert cli.run("terms", "lint", str(file)).returncode == 0
    assert cli.run("terms", "lint", str(file), "--fail-on", "medium").returncode == 1
    assert cli.run("terms", "lint", str(CLEAN), "--fail-on", "low").returncode == 0


def test_standard_input_and_other_encodings_are_read(cli: Cli) -> None:
    sjis = CLEAN.read_text().encode("cp932")
    answer = json.loads(cli.run("terms", "lint", "-", "--json", given=sjis).stdout)
    assert answer["title"].endswith("ホスティングサービス") and answer["count"] == 0


def test_what_is_no_text_is_refused_with_what_would_be(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "terms.bin"
    file.write_bytes(b"\xff\xfe\x00\x81\xff\xff")
    ran = cli.run("terms", "lint", str(file))
    assert ran.returncode == 2 and "UTF-8" in ran.stderr
    missing = cli.run("terms", "read", str(tmp_path / "none.txt"))
    assert missing.returncode == 2 and "none.txt" in missing.stderr
