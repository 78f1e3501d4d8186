"""Reading a text as provisions: every line has one home, and numbers open only what is due."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from spoiling import SPOILERS, spoil

from kitei.terms.reading import Document, lint_terms, read_terms

HERE = Path(__file__).parent
HOSTING = (HERE / "clean_hosting.ja.txt").read_text()
TRANSFER = (HERE / "clean_transfer.ja.txt").read_text()

# The stuff that terms are made of, put together at random: worse than any scanner does.
MORSELS = [
    "第 1 条(種類)", "第２条　目的", "第3条の2(特則)", "(経過措置)", "第1章 総則", "附則", "別紙 1 料金 [第 1 条関係]", "別表第二", "1 初期費用", "2 前項の規定",
    "１．契約者は", "- (1) 通信環境", "(２)", "① 甲", "(i) 乙", "ア 丙", "イ 丁", "一 戊", "|---|---|", "| 品目 | 内容 |", "| | 乙 |", "品目\t内容", "\t続き", "甲\t乙\t丙",
    "区分　　料金", "令和 6 年 10 月 1 日施行", "平成 99 年 99 月 99 日変更", "以上", "- 3 -", "3/12", "目次", "第1条(種類)........3", "当社は、前項第 3 号に定める", "(", "」", "。",
    "「種類」といいます。", "前各号のほか、第 99 条第 1 項", "同条第 2 項", "別紙 1 の 3.(2)に定める金額", "品目を甲とする", "\f", "", "　", "###", "**別紙 2**", "第百二十三条(甲)", "第0条(乙)", "第1条の2の3", "第 99 項",
]  # fmt: skip
PIECES = st.one_of(st.sampled_from(MORSELS), st.text(max_size=12))
TEXTS = st.lists(PIECES, max_size=40).map("\n".join)


def ids(document: Document) -> list[str]:
    return [each.id for each in document.walk()]


def homes(document: Document) -> list[int]:
    """The line numbers of all homes, a line once for each home it has."""
    own = [line for each in document.walk() for line in each.lines]
    return sorted([*own, *(noise.line for noise in document.noise)])


def lines_with_text(text: str) -> list[int]:
    return [line.at for line in read_terms(text).raw]


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_any_text_is_read_and_linted(text: str) -> None:
    document = read_terms(text)
    for flaw in lint_terms(document):
        assert flaw.place.line >= 1


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([HOSTING, TRANSFER]),
    st.integers(0, 2000),
    st.lists(st.tuples(st.integers(0, 1500), PIECES), max_size=12),
)
def test_terms_with_anything_spilt_into_them_are_read(
    text: str, start: int, spilt: list[tuple[int, str]]
) -> None:
    text = text[start:]
    for at, piece in spilt:
        text = text[:at] + piece + text[at + 1 :]
    document = read_terms(text)
    lint_terms(document)
    assert homes(document) == lines_with_text(text)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_every_line_with_text_has_exactly_one_home(text: str) -> None:
    document = read_terms(text)
    assert homes(document) == lines_with_text(text)


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    for text in (HOSTING, TRANSFER):
        expected = [at for at, line in enumerate(text.split("\n"), start=1) if line.strip()]
        assert homes(read_terms(text)) == expected


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(SPOILERS)), st.integers(0, 999))
def test_spoiling_loses_no_line(kind: str, seed: int) -> None:
    text = spoil(HOSTING, kind, seed=seed)
    assert homes(read_terms(text)) == [
        at for at, line in enumerate(text.split("\n"), start=1) if line.strip()
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(sorted(SPOILERS)), max_size=3, unique=True), st.integers(0, 999))
def test_a_spoiled_text_keeps_its_provisions(kinds: list[str], seed: int) -> None:
    whole = set(ids(read_terms(HOSTING)))
    kept = whole & set(ids(read_terms(spoil(HOSTING, *kinds, seed=seed))))
    assert len(kept) >= 0.95 * len(whole), sorted(whole - kept)


def test_the_scheme_of_ids() -> None:
    found = ids(read_terms(HOSTING))
    for id in (
        "art:1.1.t2", "art:3.2", "art:5.1.3", "art:7.2.1", "suppl:dates", "suppl:2024-10-01.2", "schedule:1.1.1.t3",
        "schedule:1.3.1", "schedule:2.2",
    ):  # fmt: skip
        assert id in found, id
    assert len(found) == len(set(found))


def test_terms_written_as_statutes_are() -> None:
    document = read_terms(TRANSFER)
    found = ids(document)
    for id in (
        "chapter:4",
        "art:1.2",
        "art:2.1.3",
        "art:4.2.2.ii",
        "suppl:2023-04-01.2",
        "schedule:1.t2",
        "schedule:2",
    ):
        assert id in found, id
    article = document.find("art:12")
    assert article is not None and article.heading == "利用契約の解除"
    assert [each.kind for each in document.noise] == ["end"]


def test_a_reference_at_the_start_of_a_wrapped_line_opens_nothing() -> None:
    text = "第1条(甲)\n契約者は、次に掲げる日から\n30日以内に、別紙1の3.\n(3)の費用を、\n第2条(乙)\n第1項の規定により支払うものとします。\n第2条(乙)\n丙とします。\n"
    assert ids(read_terms(text)) == ["art:1", "art:1.1", "art:2", "art:2.1"]


def test_a_paragraph_without_number_belongs_to_the_one_above_as_a_sentence_of_its_own() -> None:
    text = "第1条(甲)\n\n乙とします。\n\n2 丙とします。\n\n前項の規定にかかわらず、丁とします。\n\n3 戊とします。\n"
    document = read_terms(text)
    paragraph = document.find("art:1.2")
    assert paragraph is not None
    assert [each.id for each in paragraph.sentences] == ["art:1.2", "art:1.2.s2"]
    assert "art:1.3" in ids(document)


def test_a_row_torn_by_a_page_is_one_row_and_an_empty_first_cell_is_a_merged_one() -> None:
    text = "第1条(品目)\n\n次の品目があります。\n\n区分\t品目\t内容\nI\tタイプA\t甲の機能を\n\n\t\t提供するもの\n\tタイプB\t乙を提供するもの\n"
    article = read_terms(text).find("art:1.1")
    assert article is not None
    assert [row.cells for row in article.children] == [
        ("I", "タイプA", "甲の機能を提供するもの"),
        ("", "タイプB", "乙を提供するもの"),
    ]


def test_lists_as_markdown_writes_them() -> None:
    text = "# 規約\n## 第1条 甲\n1. 乙は、次のとおりとする。\n    1. 丙\n    1. 丁\n1. 前項の丙とする。\n"
    assert [id for id in ids(read_terms(text)) if id.startswith("art")] == [
        "art:1", "art:1.1", "art:1.1.1", "art:1.1.2", "art:1.2",
    ]  # fmt: skip


def test_pages_leave_nothing_behind() -> None:
    text = spoil(HOSTING, "pages")
    document = read_terms(text)
    assert {each.kind for each in document.noise} == {"page-number", "running-head"}
    assert [each.text for each in document.walk()] == [each.text for each in read_terms(HOSTING).walk()]


def test_a_section_whose_heading_begins_like_an_amount_is_a_section() -> None:
    """`2 月極料金` after a blank line is numbered 2; `2 ヶ月とし` in a wrapped sentence is not."""
    text = "第1条(甲)\n\n期間は、次の日から\n2 ヶ月とし、別紙1のとおりとします。\n\n別紙1 料金 [第1条関係]\n\n1 初回料金\n\n別に示す額\n\n2 月極料金\n\n別に示す額\n"
    assert [id for id in ids(read_terms(text)) if id != "art:1"] == [
        "art:1.1", "schedule:1", "schedule:1.1", "schedule:1.2",
    ]  # fmt: skip


def test_a_paragraph_that_begins_with_a_reference_opens_no_article() -> None:
    text = "第1条(甲)\n\n乙とします。\n\n第2条(存続)\n\n第1条、第3条の各規定は、なお効力を有します。\n\n第3条(丙)\n\n丁とします。\n"
    assert [id for id in ids(read_terms(text)) if id.count(".") == 0] == ["art:1", "art:2", "art:3"]
