"""`kitei terms read` and `kitei terms lint` as a person or a program meets them."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLEAN = ROOT / "tests" / "terms" / "reading" / "clean_hosting.ja.txt"


def kitei(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "KITEI_LANG": "en", "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "kitei.cli", "terms", *words],
        env=env,
        input=stdin,
        capture_output=True,
        timeout=120,
    )


def spoiled(tmp_path: Path) -> Path:
    file = tmp_path / "spoiled.txt"
    file.write_text(CLEAN.read_text().replace("1 第 10 条第 1 項関係", "1 第 4 条第 1 項関係"))
    return file


def test_read_shows_the_tree() -> None:
    ran = kitei("read", str(CLEAN))
    assert ran.returncode == 0, ran.stderr
    shown = ran.stdout.decode()
    assert "art:7.2.1  [自動複製オプション]" in shown
    assert "provisions" in shown.splitlines()[-1]


def test_read_as_json_has_ids_lines_and_children() -> None:
    answer = json.loads(kitei("read", str(CLEAN), "--json").stdout)
    assert answer["as_of"] == "2024-10-01"
    article = next(each for each in answer["provisions"] if each["id"] == "art:3")
    assert article["heading"] == "最低利用期間"
    assert [child["id"] for child in article["children"]] == ["art:3.1", "art:3.2"]
    lines = CLEAN.read_text().split("\n")
    assert "第 3 条" in lines[article["lines"][0] - 1]


def test_lint_says_line_provision_confidence_and_what_is_right(tmp_path: Path) -> None:
    file = spoiled(tmp_path)
    answer = json.loads(kitei("lint", str(file), "--json").stdout)
    assert answer["count"] == 1 and answer["confidence"] == {"high": 1, "medium": 0, "low": 0}
    (flaw,) = answer["flaws"]
    assert flaw["check"] == "reference-elsewhere" and flaw["provision"] == "schedule:2.1"
    assert "第 4 条" in file.read_text().split("\n")[flaw["line"] - 1]
    assert "第10条第1項" in flaw["gist"]["ja"] and "art. 10(1)" in flaw["gist"]["en"]
    text = kitei("lint", str(file)).stdout.decode()
    assert f"{file}:{flaw['line']}: schedule:2.1: high" in text


def test_lint_ends_with_0_unless_asked_to_fail(tmp_path: Path) -> None:
    file = spoiled(tmp_path)
    assert kitei("lint", str(file)).returncode == 0
    assert kitei("lint", str(file), "--fail-on", "medium").returncode == 1
    assert kitei("lint", str(CLEAN), "--fail-on", "low").returncode == 0


def test_standard_input_and_other_encodings_are_read() -> None:
    sjis = CLEAN.read_text().encode("cp932")
    answer = json.loads(kitei("lint", "-", "--json", stdin=sjis).stdout)
    assert answer["title"].endswith("ホスティングサービス") and answer["count"] == 0


def test_what_is_no_text_is_refused_with_what_would_be(tmp_path: Path) -> None:
    file = tmp_path / "terms.bin"
    file.write_bytes(b"\xff\xfe\x00\x81\xff\xff")
    ran = kitei("lint", str(file))
    assert ran.returncode == 2 and b"UTF-8" in ran.stderr
    missing = kitei("read", str(tmp_path / "none.txt"))
    assert missing.returncode == 2 and b"none.txt" in missing.stderr
