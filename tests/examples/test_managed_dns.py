"""A sixth service by its provider: outside kitei, with public names alone, from terms to invoice."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "managed-dns"
GUIDE = ROOT / "docs" / "new-service.md"


def kitei(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "KITEI_HOME": str(home),
        "KITEI_LANG": "en",
        "KITEI_SERVICES": "managed-dns=managed_dns",
        "PYTHONPATH": f"{ROOT / 'src'}:{EXAMPLE}",
    }
    env.pop("KITEI_DATABASE", None)
    return subprocess.run(
        [sys.executable, "-m", "kitei.cli", *words], env=env, capture_output=True, text=True, timeout=120
    )


def answer(home: Path, *words: str) -> Any:
    ran = kitei(home, *words, "--json")
    assert ran.returncode == 0, ran.stderr or ran.stdout
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A provider that took the example's orders."""
    folder = Path(tmp_path_factory.mktemp("dns"))
    verdicts = [each["verdict"] for each in answer(folder, "apply", str(EXAMPLE / "orders"))]
    assert verdicts == ["accept", "accept", "accept", "refuse", "refer"]
    return folder


def imported() -> Iterator[tuple[str, str]]:
    """(module, name) of everything the example takes from kitei."""
    for file in EXAMPLE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kitei"):
                yield from ((node.module or "", each.name) for each in node.names)
            elif isinstance(node, ast.Import):
                assert not [each.name for each in node.names if each.name.startswith("kitei")]


def test_it_uses_only_public_names_that_the_guide_lists() -> None:
    listed = set(re.findall(r"^\| `(kitei\.[a-z._]+)` \|", GUIDE.read_text(), re.MULTILINE))
    found = list(imported())
    assert found
    for module, name in found:
        assert module in listed or f"{module}.{name}" in listed, f"{module} is not among the guide's modules"
        assert not name.startswith("_")
    assert not any(part.startswith("_") for module in listed for part in module.split("."))


def test_every_module_the_guide_lists_is_there() -> None:
    import importlib

    for module in re.findall(r"^\| `(kitei\.[a-z._]+)` \|", GUIDE.read_text(), re.MULTILINE):
        importlib.import_module(module)


def test_its_terms_are_accounted_for(tmp_path: Path) -> None:
    found = answer(tmp_path, "terms", "coverage", "managed-dns")
    assert (found["total"], found["honoured"], found["open"], found["stray"]) == (24, 24, [], [])
    everything = answer(tmp_path, "terms", "coverage")
    assert "managed-dns" in everything["services"] and "managed-vpn-pro" in everything["services"]


def test_its_decided_cases_pass(tmp_path: Path) -> None:
    ran = kitei(tmp_path, "cases", str(EXAMPLE / "cases.json"))
    assert (ran.returncode, ran.stdout) == (0, "12 passed, 0 failed\n")


def test_a_wrong_word_in_a_case_of_its_own_is_named(tmp_path: Path) -> None:
    case = json.loads((EXAMPLE / "cases.json").read_text())[4]
    case["given"]["zones"][0]["colour"] = "red"
    (tmp_path / "cases.json").write_text(json.dumps([case]))
    ran = kitei(tmp_path, "cases", str(tmp_path / "cases.json"))
    assert ran.returncode == 1 and "given.zones[0].colour: is not known here" in ran.stdout


def test_a_month_is_billed_by_its_own_tariff(home: Path) -> None:
    (bill,) = answer(home, "bill", "2026-12")
    assert bill["invoice"]["total"] == 1_100
    (line,) = bill["invoice"]["lines"]
    assert any(cite.endswith("#schedule:1.2") for cite in line["cites"])


def test_its_own_deadline_is_due_beside_the_common_ones(home: Path) -> None:
    kinds = {
        each["kind"]: each for each in answer(home, "due", "--on", "2026-11-03", "--until", "2027-12-31")
    }
    assert kinds["delegation"]["on"] == "2026-11-16" and kinds["delegation"]["loses"] == "duty"
    assert kinds["term"]["on"] == "2027-05-31"


def test_what_its_terms_leave_to_a_person_waits_with_its_proposal(home: Path) -> None:
    (waiting,) = answer(home, "answer")
    assert (waiting["application"], waiting["service"], waiting["proposed"]) == (
        "D-005",
        "managed-dns",
        "refuse",
    )


def test_a_common_command_goes_by_the_terms_of_the_contract_it_names(home: Path) -> None:
    asked = ["cancel", "--by", "hana", "--contract", "hana.example", "--on", "2026-12-15", "--what-if"]
    decided = answer(home, *asked)
    assert decided["dates"]["effective"] == "2027-01-04"
    assert all("managed-dns@" in cite for each in decided["findings"] for cite in each["cites"])


def test_the_effect_of_a_new_edition_is_weighed(home: Path, tmp_path: Path) -> None:
    old = EXAMPLE / "managed_dns" / "terms" / "2026-10-01"
    draft = tmp_path / "managed_dns" / "2027-01-01"
    draft.mkdir(parents=True)
    for file in old.iterdir():
        text = file.read_text()
        if file.name == "values.toml":
            text = re.sub(r"(\[notice_days\][^[]*value = )20", r"\g<1>30", text)
        (draft / file.name).write_text(text)
    (row,) = answer(home, "terms", "diff", "managed-dns@2026-10-01", str(draft))["rows"]
    assert row["new"].endswith("#art:6.1")
    found = answer(home, "terms", "impact", str(draft))
    assert found["touched"] == ["hana.example"] and found["failed"] == {}
    (change,) = found["changes"]
    assert (change["act"], change["old"]["dates"]["effective"]) == ("cancel", "2027-01-21")
    assert change["new"]["dates"]["effective"] == "2027-01-31"


def test_without_its_name_kitei_does_not_know_it(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "KITEI_HOME": str(tmp_path)}
    env.pop("KITEI_SERVICES", None)
    ran = subprocess.run(
        [sys.executable, "-m", "kitei.cli", "terms", "coverage", "managed-dns"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2 and "there is no service 'managed-dns'" in ran.stderr
