"""Five real texts, read and linted by a program that knows none of them, beside what readers found by hand."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from spoiling import numbers_off, spoil

from kitei.terms.reading import Document, Flaw, lint_terms, read_terms
from kitei.terms.reading.survey import survey_of

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "terms"
SERVICES = ("managed-vpn-pro", "secure-access", "gio-remote-access", "auth-outsource", "ddos-protection")
CODE = ROOT / "src" / "kitei" / "terms" / "reading"
JUDGED = tomllib.loads((Path(__file__).parent / "judged.toml").read_text())["judged"]

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the texts of ../shared/terms are not here")

# What any reader must be told: a reference to the wrong place, a name that is none, a date that cannot hold.
MUST = [
    ("managed-vpn-pro", "reference-elsewhere", "schedule:2.1", "第20条第1項"),
    ("managed-vpn-pro", "reference-form", "schedule:4", "第9条第1項"),
    ("secure-access", "fee-without-schedule", "art:12.1", "一時費用"),
    ("secure-access", "deadline-past", "suppl:2026-04-01.2", "2026-04-01"),
    ("secure-access", "unnumbered", "suppl:2026-04-01.2", "1"),
    ("secure-access", "brackets", "art:3.1", ")"),
    ("gio-remote-access", "name-broken", "art:1.1.t1", "IIJ GIOリモートアクセスサービス/ゲートウェイ"),
    ("gio-remote-access", "name-broken", "art:1.1.t2", "IIJ GIOリモートアクセスサービス/ネットワーク"),
    ("gio-remote-access", "name-misspelt", "art:9.4", "SSLサーバ証明書変更オプション"),
    ("gio-remote-access", "doubled", "schedule:1.3.1", "に定める"),
    ("gio-remote-access", "dropped", "schedule:1.1.2", "契約者に示す"),
    ("ddos-protection", "reference-elsewhere", "schedule:1.3.4", "第10条第2項第8号"),
    ("ddos-protection", "reference-topic", "art:10.5", "第10条第3項"),
    ("ddos-protection", "reference-form", "schedule:2.2", "第5項"),
    ("ddos-protection", "term-undefined", "art:4.1.1", "指定装置"),
    ("ddos-protection", "name-misspelt", "schedule:1.3.5", "トンネルルータオプション"),
    ("ddos-protection", "name-varies", "art:1.1.t7", "品目"),
    ("ddos-protection", "contradiction", "art:4.3", "できないこと"),
]  # fmt: skip


@cache
def text_of(service: str) -> str:
    return (SHARED / f"{service}.ja.txt").read_text()


@cache
def read(service: str) -> Document:
    return read_terms(text_of(service))


@cache
def linted(service: str) -> tuple[Flaw, ...]:
    return lint_terms(read(service))


def plain(id: str) -> str:
    """Cut to what the structure of a text alone can give: no sentences, no rules within a sentence."""
    return re.split(r"\.[as]\d+", id)[0]


def wanted(service: str) -> set[str]:
    index = json.loads((SHARED / "provisions.json").read_text())
    return {plain(each["provision"]) for each in index if each["service"] == service}


def judgement(service: str, flaw: Flaw) -> str:
    """The defect readers know it as, or '' where they know none."""
    key = (service, flaw.check, plain(flaw.place.id))
    judged = [each for each in JUDGED if (each["service"], each["check"], each["provision"]) == key]
    judged.sort(key=lambda each: each.get("quote") != flaw.quote)
    return next((each["defect"] for each in judged if each.get("quote", flaw.quote) == flaw.quote), "")


@pytest.mark.parametrize("service", SERVICES)
def test_every_provision_of_the_index_is_found(service: str) -> None:
    found = {each.id for each in read(service).walk()}
    missing = wanted(service) - found
    assert not missing, f"{len(missing)} of {len(wanted(service))}: {sorted(missing)}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_line_has_one_home(service: str) -> None:
    document = read(service)
    homes = [line for each in document.walk() for line in each.lines] + [each.line for each in document.noise]
    assert sorted(homes) == [at for at, line in enumerate(text_of(service).split("\n"), 1) if line.strip()]


@pytest.mark.parametrize("must", MUST, ids=lambda must: f"{must[0]} {must[2]} {must[1]}")
def test_what_any_reader_must_be_told(must: tuple[str, str, str, str]) -> None:
    service, check, provision, right = must
    found = [each for each in linted(service) if (each.check, plain(each.place.id)) == (check, provision)]
    assert found, f"{check} at {provision} is not found"
    assert found[0].confidence in ("high", "medium")
    assert right in found[0].gist.ja + found[0].quote


def test_few_false_alarms_and_what_is_found_of_all_that_readers_found() -> None:
    """Prints precision and recall (`pytest -s`)."""
    known = set(re.findall(r"^\| ([A-Z]+-D\d\d) \|", (SHARED / "defects.md").read_text(), re.MULTILINE))
    every = [(service, flaw, judgement(service, flaw)) for service in SERVICES for flaw in linted(service)]
    alarms = [(service, flaw) for service, flaw, defect in every if not defect]
    found = {defect for _, _, defect in every if defect}
    assert found <= known
    sure = [each for each in every if each[1].confidence != "low"]
    print(
        f"\n{len(every)} flaws, {len(alarms)} that readers did not list; {len(found)} of {len(known)} defects"
    )
    for service, flaw in alarms:
        print(f"  not listed: {service} {flaw.place.id} {flaw.check} ({flaw.confidence}) {flaw.quote}")
    assert all(defect for _, _, defect in sure), "a sure flaw that no reader found"
    assert len(alarms) <= 0.05 * len(every)
    assert len(found) >= 52


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "kinds",
    [("widths", "spaces"), ("no spaces",), ("wraps",), ("pages",), ("no blanks",), ("marks",), ("numerals", "circles"), ("form feeds",), ("wraps", "pages", "widths")],
    ids=" ".join,
)  # fmt: skip
def test_noise_hides_little(service: str, kinds: tuple[str, ...]) -> None:
    """Provisions are found, and no noise makes a sure false alarm or hides a wrong reference."""
    for seed in (1, 2):
        document = read_terms(spoil(text_of(service), *kinds, seed=seed))
        found = {each.id for each in document.walk()}
        missing = wanted(service) - found
        assert len(missing) <= 0.05 * len(wanted(service)), sorted(missing)
        flaws = {
            (each.check, plain(each.place.id)) for each in lint_terms(document) if each.confidence != "low"
        }
        clean = {(each.check, plain(each.place.id)) for each in linted(service) if each.confidence != "low"}
        assert len(flaws - clean) <= 1, sorted(flaws - clean)
        assert len(clean - flaws) <= 1, sorted(clean - flaws)


@pytest.mark.parametrize("service", SERVICES)
def test_a_number_that_is_off_by_one_is_noticed(service: str) -> None:
    """Every third reference of the text, one at a time: nine of ten are told, by a flaw that was not there."""
    before = {(each.check, each.quote) for each in linted(service)}
    every = numbers_off(text_of(service))[::3]
    quiet = [
        line
        for line, text in every
        if not any(
            (f.check, f.quote) not in before for f in lint_terms(read_terms(text)) if f.confidence != "low"
        )
    ]
    assert len(quiet) <= 0.15 * len(every), f"{len(quiet)} of {len(every)}, in lines {quiet}"


def test_the_code_was_taught_none_of_these_texts() -> None:
    """No name of a service, kind, item or option of theirs stands in the code that reads them."""
    code = "\n".join(path.read_text() for path in sorted(CODE.rglob("*.py")))
    for service in SERVICES:
        names = survey_of(read(service)).names
        listed = {name for each in names.lists for name in each.names if len(name) >= 4}
        for name in {*listed, read(service).title, "IIJ", "指定装置", service}:
            assert name not in code, f"{name} of {service}"


# The vocabulary of the five texts, and words that stand in for it.
OTHERWISE = {
    "IIJ": "ABC", "GIO": "XYZ", "DDoS": "QoS", "指定装置": "指定端末", "トンネルルータ": "中継ゲートウェイ", "マルチ": "メガ", "サーバ": "ホスト",
    "証明書": "認証書", "証明証": "認証証", "契約者": "加入者", "個別規程": "利用規則", "最低利用期間": "最短契約期間", "オプション": "アドオン",
    "品目": "区別", "種類": "系統", "タイプ": "クラス", "一時費用": "随時費用", "月額": "月極",
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_other_words_make_no_difference(service: str) -> None:
    """What is found does not hang on these texts' words (but where two words grew more alike or less)."""
    text = text_of(service)
    for word, other in OTHERWISE.items():
        text = text.replace(word, other)
    found = {(each.check, each.place, each.confidence) for each in lint_terms(read_terms(text))}
    before = {(each.check, each.place, each.confidence) for each in linted(service)}
    assert not found - before
    assert len(before - found) <= 2, before - found
