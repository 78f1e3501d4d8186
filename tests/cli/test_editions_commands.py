"""`kitei terms diff` and `publish`: editions compared in text and on paper, and faults with their lines."""

import shutil
from io import BytesIO
from pathlib import Path

import pytest
from called import ROOT, Cli
from pypdf import PdfReader

PUBLISHED = ROOT / "src" / "kitei" / "services" / "managed_vpn" / "terms" / "2024-05-01"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The edition in force with another term of notice, as a draft for 2027."""
    folder = tmp_path / "2027-01-01"
    shutil.copytree(PUBLISHED, folder)
    values = folder / "values.toml"
    before, mark, after = values.read_text().partition("[notice_days]")
    values.write_text(before + mark + after.replace("value = 30", "value = 45", 1))
    return folder


def test_an_edition_is_compared_with_a_draft_in_both_languages(cli: Cli, draft: Path) -> None:
    asked = ["terms", "diff", "managed-vpn-pro@2024-05-01", str(draft)]
    (row,) = cli.answer(asked)["rows"]
    assert row["new"] == "managed-vpn-pro@2027-01-01#art:18.1"
    assert (row["said"][0]["says"]["en"], row["says"][0]["says"]["en"]) == ("30", "45")
    assert "改正後 2027-01-01" in cli.run(*asked, lang="ja").stdout
    assert "new 2027-01-01" in cli.run(*asked).stdout


@pytest.mark.parametrize(("lang", "told"), [("ja", "新旧対照表"), ("en", "Editions compared")])
def test_the_table_is_printed_on_paper(cli: Cli, draft: Path, tmp_path: Path, lang: str, told: str) -> None:
    paper = tmp_path / "table.pdf"
    ran = cli.run("terms", "diff", str(PUBLISHED), str(draft), "--pdf", str(paper), lang=lang)
    assert ran.returncode == 0, ran.stderr
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(paper.read_bytes())).pages)
    assert told.replace(" ", "") in text.replace(" ", "") and "45" in text


def test_every_fault_of_a_draft_is_told_with_file_line_and_what_would_be_right(cli: Cli, draft: Path) -> None:
    values, transitions = draft / "values.toml", draft / "transitions.toml"
    values.write_text(values.read_text().replace('provision = "art:18.1"', 'provision = "art:18.9"', 1))
    transitions.write_text('[[transition]]\non = "soon"\nprovision = "suppl:2010-02-01.2"\n')
    ran = cli.run("terms", "diff", "managed-vpn-pro@2024-05-01", str(draft))
    assert ran.returncode == 2
    line = values.read_text()[: values.read_text().index('"art:18.9"')].count("\n") + 1
    assert f"values.toml:{line}: notice_days.provision: 'art:18.9' is not in" in ran.stderr
    assert "transitions.toml:2: transition[0].on: is 'soon'; write a day" in ran.stderr


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("managed-vpn-pro@2023-01-01", "managed-vpn-pro@2024-05-01", "it has managed-vpn-pro@2024-05-01"),
        ("nonsense", "managed-vpn-pro@2024-05-01", "neither a folder nor an edition"),
        ("telegraph@2024-05-01", "managed-vpn-pro@2024-05-01", "there are managed-vpn-pro"),
    ],
)
def test_what_is_no_edition_is_named_with_what_would_be(cli: Cli, old: str, new: str, told: str) -> None:
    ran = cli.run("terms", "diff", old, new)
    assert ran.returncode == 2 and told in ran.stderr


def test_a_folder_of_no_service_asks_which(cli: Cli, draft: Path) -> None:
    ran = cli.run("terms", "diff", str(draft), str(draft))
    assert ran.returncode == 2 and "--service" in ran.stderr
    assert cli.answer(["terms", "diff", str(draft), str(draft), "--service", "managed-vpn-pro"])["rows"] == []


def test_publishing_records_each_hash_once(cli: Cli) -> None:
    first = cli.answer(["terms", "publish"])
    assert "managed-vpn-pro" in [each["service"] for each in first]
    assert all(len(each["digest"]) == 64 for each in first)
    assert cli.answer(["terms", "publish"]) == []
