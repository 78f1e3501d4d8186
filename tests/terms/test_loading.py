"""Editions are read from folders; every fault is told with its file and place, all at once."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from kitei.terms import Choice, FaultyTerms, Honoured, Terms, load_terms
from kitei.values import Words

PROVISIONS = """
["art:1.1"]
class = "definition"
heading = { ja = "種類", en = "Kinds" }
gist = { ja = "二つある。", en = "There are two." }
honoured = [{ by = "rule" }, { by = "value", what = "kinds" }]

["art:2.1"]
class = "minimum-term"
heading = { ja = "期間", en = "Term" }
gist = { ja = "一年。", en = "A year." }
honoured = [{ by = "note", ja = "例。", en = "An example." }, { by = "deadline", what = "end" }]
"""
VALUES = """
[term_months]
provision = "art:2.1"
title = { ja = "月", en = "Months" }
value = [12, 36]

[kinds]
provision = "art:1.1"
title = { ja = "種類", en = "Kinds" }
choices = [{ slug = "type-a", ja = "タイプA", en = "Type A", aliases = ["甲"], devices = 2, note = "x" }]
"""
TRANSITIONS = """
[[transition]]
provision = "art:2.1"
on = 2020-01-01
where = { kind = "type-b" }
sets = { kind = "type-a" }
keeps = ["price"]
"""
DEFECTS = """
[X-D01]
where = ["art:2.1"]
confidence = "M"
reading = { ja = "読み。", en = "A reading." }
treatment = { ja = "扱い。", en = "A treatment." }
"""
GOOD = {"provisions": PROVISIONS, "values": VALUES, "transitions": TRANSITIONS, "defects": DEFECTS}


def write(folder: Path, day: str = "2024-05-01", **files: str) -> Path:
    edition = folder / day
    edition.mkdir()
    for name, text in {**GOOD, **files}.items():
        (edition / f"{name}.toml").write_text(text)
    return folder


def faults(folder: Path) -> list[str]:
    with pytest.raises(FaultyTerms) as refused:
        load_terms("a-service", folder)
    return [str(each) for each in refused.value.faults]


def load(folder: Path) -> Terms:
    return load_terms("a-service", folder)


def test_an_edition_is_read_whole(tmp_path: Path) -> None:
    edition = load(write(tmp_path)).first
    assert (edition.service, edition.in_force) == ("a-service", date(2024, 5, 1))
    kinds = edition.provision("art:1.1")
    assert kinds.kind == "definition"
    assert kinds.heading == Words("種類", "Kinds")
    assert kinds.honoured == (Honoured("rule", "art:1.1"), Honoured("value", "kinds"))
    term = edition.provision("art:2.1")
    assert term.defects == ("X-D01",)
    assert term.honoured == (Honoured("note", Words("例。", "An example.")), Honoured("deadline", "end"))
    assert str(edition.cite("art:2.1")) == "a-service@2024-05-01#art:2.1"
    assert edition.value("term_months").numbers == (12, 36)
    assert edition.value("term_months").cite == edition.cite("art:2.1")
    [transition] = edition.transitions
    assert (transition.on, transition.sets, transition.keeps) == (
        date(2020, 1, 1),
        {"kind": "type-a"},
        ("price",),
    )


def test_a_closed_list_is_matched_by_any_of_its_names_whatever_their_width(tmp_path: Path) -> None:
    kinds = load(write(tmp_path)).first.value("kinds")
    for text in ("type-a", "タイプA", "タイプ Ａ", "TYPE A", "甲"):
        assert isinstance(kinds.choose(text), Choice), text
    assert kinds.choose("タイプB") is None
    assert kinds["type-a"].number("devices") == 2
    assert kinds["type-a"].text("note") == "x"
    assert not kinds["type-a"].has("weight")
    with pytest.raises(LookupError, match="type-a has no number 'weight'; it has devices, note"):
        kinds["type-a"].number("weight")
    with pytest.raises(LookupError, match=r"'type-b' is not in 'kinds' of .*; it has type-a"):
        kinds["type-b"]


def test_a_value_is_read_as_what_it_is_and_as_nothing_else(tmp_path: Path) -> None:
    months = load(write(tmp_path)).first.value("term_months")
    for wrong in ("number", "text", "day", "texts", "days", "choices"):
        with pytest.raises(TypeError, match=r"value 'term_months' of a-service@2024-05-01#art:2.1 is"):
            getattr(months, wrong)


def test_the_edition_of_a_day_is_the_youngest_that_has_begun(tmp_path: Path) -> None:
    write(tmp_path, "2024-05-01")
    terms = load(write(tmp_path, "2026-04-01"))
    assert [str(each) for each in terms.editions] == ["a-service@2024-05-01", "a-service@2026-04-01"]
    assert terms.on(date(2024, 5, 1)) is terms.first
    assert terms.on(date(2026, 3, 31)) is terms.first
    assert terms.on(date(2026, 4, 1)) is terms.editions[1]
    assert terms.named(date(2026, 4, 1)) is terms.editions[1]
    with pytest.raises(LookupError, match="in force on 2024-04-30; the first is a-service@2024-05-01"):
        terms.on(date(2024, 4, 30))
    with pytest.raises(
        LookupError, match="no edition of 2025-01-01; it has a-service@2024-05-01, a-service@"
    ):
        terms.named(date(2025, 1, 1))


def test_what_an_edition_does_not_have_is_told_with_what_is_close(tmp_path: Path) -> None:
    edition = load(write(tmp_path)).first
    with pytest.raises(
        LookupError, match=r"a-service@2024-05-01 has no provision 'art:1.2'; close ones are art"
    ):
        edition.cite("art:1.2")
    with pytest.raises(LookupError, match="has no value 'term_month'; close ones are term_months"):
        edition.value("term_month")
    with pytest.raises(LookupError, match="has no value 'xyz'; it has 2 others, none like it"):
        edition.value("xyz")


def test_the_digest_is_over_what_is_said_and_not_over_how_it_is_laid_out(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
    plain = load(write(tmp_path / "a")).first.digest
    spaced = load(
        write(tmp_path / "b", values="# a comment\n\n" + VALUES.replace(" = ", "  =  "))
    ).first.digest
    other = load(write(tmp_path / "c", values=VALUES.replace("[12, 36]", "[12, 24]"))).first.digest
    assert plain == spaced != other
    assert len(plain) == 64


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        provisions=PROVISIONS.replace('"minimum-term"', '"term"')
        .replace('en = "Kinds"', 'fr = "Genres"')
        .replace('what = "kinds"', 'what = "kind"'),
        values=VALUES.replace('provision = "art:2.1"', 'provision = "art:2.2"').replace(
            "[12, 36]", "[12, 1.5]"
        ),
        transitions=TRANSITIONS.replace("on = 2020-01-01", 'on = "2020-01-01"'),
        defects=DEFECTS.replace('"M"', '"X"').replace('"art:2.1"', '"art:9.9"'),
    )
    told = faults(folder)
    for expected in (
        "provisions.toml: art:2.1.class: 'term' is not known; write one of cancellation, change",
        "provisions.toml: art:1.1.heading.en: is missing; write a text",
        "provisions.toml: art:1.1.heading.fr: is not known here; known are en, ja",
        "provisions.toml: art:1.1.honoured[1].what: 'kind' is not in 2024-05-01/values.toml; close ones are kinds",
        "values.toml: term_months.provision: 'art:2.2' is not in 2024-05-01/provisions.toml; close ones are art:2.1",
        "values.toml: term_months.value: is [12, 1.5]; write a whole number, text, day, a list",
        "transitions.toml: transition[0].on: is '2020-01-01'; write a day such as 2024-05-01",
        "defects.toml: X-D01.confidence: 'X' is not known; write one of H, M, L",
        "defects.toml: X-D01.where: 'art:9.9' is not in 2024-05-01/provisions.toml",
    ):
        file, place_and_wrong = expected.split(": ", 1)
        lined = re.compile(rf"2024-05-01/{re.escape(file)}:[1-9]\d*: {re.escape(place_and_wrong)}")
        assert any(lined.match(each) for each in told), (expected, told)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"provisions": ""}, "provisions.toml: holds no provision; write one table a provision"),
        ({"values": "[broken"}, "values.toml: is not TOML 1.0"),
        (
            {"provisions": PROVISIONS.replace("art:2.1", "a2-1")},
            "a2-1: 'a2-1' is not a provision path such as",
        ),
        (
            {"provisions": PROVISIONS + '["art:3"]\nclass = "fee"\n'},
            "art:3.honoured: is empty; say by what it is honoured, or by a note",
        ),
        (
            {"provisions": PROVISIONS.replace('by = "deadline", ', 'by = "hope", ')},
            "art:2.1.honoured[1].by: 'hope' is not known; write one of rule, value, network, deadline, note",
        ),
        ({"provisions": PROVISIONS.replace('"一年。"', '" "')}, "art:2.1.gist.ja: is empty; write a text"),
        ({"provisions": "art = 1\n"}, "art: is 1; write a table"),
        (
            {"values": VALUES.replace("devices = 2", "devices = 2.5")},
            "kinds.choices[0].devices: is 2.5; write a whole number, a text or a day",
        ),
        (
            {
                "values": VALUES.replace(
                    "choices = [", 'choices = [{ slug = "type-a", ja = "甲", en = "A" }, '
                )
            },
            "kinds.choices: 'type-a' is there twice; keep one",
        ),
        (
            {"values": VALUES.replace("value = [12, 36]", "")},
            "term_months.value: is None; write a whole number",
        ),
        (
            {"values": VALUES.replace("value = [12, 36]", "value = true")},
            "term_months.value: is True; write a",
        ),
        ({"values": VALUES.replace("value =", "unit = 'm'\nvalue =")}, "term_months.unit: is not known here"),
        ({"transitions": TRANSITIONS + "keep = 1"}, "transition[0].keep: is not known here; known are"),
        ({"transitions": TRANSITIONS.replace('"price"', "1")}, "keeps: holds something other than texts"),
        (
            {"transitions": TRANSITIONS.replace('= "type-b"', "= 1")},
            "where: holds something other than texts",
        ),
        (
            {"transitions": TRANSITIONS + 'exception_to = ["art:8"]'},
            "transition[0].exception_to: 'art:8' is not in 2024-05-01/provisions.toml",
        ),
        ({"transitions": "transition = [1]"}, "transition: holds something other than tables; write [[...]]"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_would_be_right(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    told = faults(write(tmp_path, **files))
    assert any(expected in each for each in told), told


def test_a_file_that_is_absent_or_no_text_is_a_fault(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "2024-05-01" / "defects.toml").unlink()
    (folder / "2024-05-01" / "values.toml").write_bytes(b"x = '\xff'")
    told = faults(folder)
    assert "2024-05-01/defects.toml: is missing; an edition needs it, even if empty" in told
    assert "2024-05-01/values.toml: byte 5: is not UTF-8; save the file as UTF-8" in told


def test_a_folder_that_is_no_day_is_a_fault_and_so_is_none(tmp_path: Path) -> None:
    assert "holds no edition; add a folder such as 2024-05-01" in faults(tmp_path)[0]
    write(tmp_path)
    (tmp_path / "next").mkdir()
    assert faults(tmp_path) == ["next: is not a day; name an edition's folder such as 2024-05-01"]


def test_importing_terms_costs_no_parser() -> None:
    asked = (
        "import sys, kitei.terms; sys.exit('tomllib' in sys.modules or 'importlib.resources' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", asked], env={"PYTHONPATH": "src"}, check=False).returncode == 0
    )
