"""Plant one slip in clean terms, of every kind: the lint finds it there, and nothing else."""

from pathlib import Path

import pytest

from kitei.terms.reading import SURE, Flaw, lint_terms, read_terms

HERE = Path(__file__).parent
HOSTING = (HERE / "clean_hosting.ja.txt").read_text()
TRANSFER = (HERE / "clean_transfer.ja.txt").read_text()

# (what is planted, the clean words, the words planted, the check, where it must be found, how sure at least)
PLANTS = [
    ("an article that is not there", "第 6 条(契約内容の変更)第 1 項に基づく", "第 16 条(契約内容の変更)第 1 項に基づく", "reference-missing", "schedule:1.3.1", "high"),
    ("a paragraph that is not there", "第 7 条(オプションサービス)第 3 項", "第 7 条(オプションサービス)第 8 項", "reference-missing", "schedule:2.2", "high"),
    ("an item that is not there", "前項第 2 号の複製", "前項第 5 号の複製", "reference-missing", "art:5.2", "high"),
    ("a schedule that is not there", "料金の額は、別紙 1 のとおり", "料金の額は、別紙 7 のとおり", "reference-missing", "art:9.1", "high"),
    ("a preceding paragraph in a first one", "契約者は、品目の変更を請求", "前項のほか契約者は、品目の変更を請求", "reference-missing", "art:6.1", "high"),
    ("a heading that is another article's", "第 6 条(契約内容の変更)第 1 項に基づく", "第 5 条(契約内容の変更)第 1 項に基づく", "reference-heading", "schedule:1.3.1", "high"),
    ("a heading misquoted", "第 3 条(最低利用期間)の規定", "第 3 条(最短利用期間)の規定", "reference-heading", "schedule:2.1", "medium"),
    ("a section misnamed", "別紙 1 の 2.月額費用(1)", "別紙 1 の 1.月額費用(1)", "reference-heading", "schedule:2.1", "high"),
    ("a schedule's part of another article", "1 第 10 条第 1 項関係", "1 第 4 条第 1 項関係", "reference-elsewhere", "schedule:2.1", "high"),
    ("a schedule of another article", "解除調定金 [第 10 条関係]", "解除調定金 [第 4 条関係]", "reference-elsewhere", "schedule:2", "high"),
    ("an item that is another", "前項第 2 号の複製の作成", "前項第 1 号の複製の作成", "reference-topic", "art:5.2", "high"),
    ("a paragraph that speaks of something else", "3 前項の上限を超えて", "3 第 1 項の上限を超えて", "reference-topic", "art:4.3", "high"),
    ("a paragraph that cites itself", "3 前項の上限を超えて", "3 第 3 項の上限を超えて", "reference-elsewhere", "art:4.3", "medium"),
    ("an ordinal without 第", "第 7 条(オプションサービス)第 3 項", "第 7 条(オプションサービス)3 項", "reference-form", "schedule:2.2", "high"),
    ("too many items left over", "(3) 前 2 号の他当社が", "(3) 前 1 号の他当社が", "reference-elsewhere", "art:5.1.3", "medium"),
    ("a fee without a place", "一時費用の支払義務は当該一時費用の", "移転費用の支払義務は当該移転費用の", "fee-without-schedule", "art:9.1", "high"),
    ("an item no list has", "品目を大容量とする", "品目を特大容量とする", "name-unknown", "art:3.2", "medium"),
    ("an option misspelt", "自動複製オプション及び独自", "自動復製オプション及び独自", "name-misspelt", "art:7.3", "high"),
    ("an option misspelt in katakana", "及び独自ドメインオプションの利用", "及び独自ドメイオプションの利用", "name-misspelt", "art:7.3", "high"),
    ("a price for an item no list has", "| 大容量 | 4,000 円 |", "| 巨大容量 | 4,000 円 |", "name-unknown", "schedule:1.1.1.t3", "high"),
    ("an item without a price", "| 大容量 | 5,000 円 |\n", "", "list-differs", "schedule:1.2.1", "medium"),
    ("an article left out", "第 6 条(契約内容の変更)\n", "第 60 条(契約内容の変更)\n", "numbering", "art:60", "high"),
    ("a paragraph left out", "3 前項の上限を超えて", "4 前項の上限を超えて", "numbering", "art:4.4", "high"),
    ("a paragraph twice", "2 一の契約者が締結", "1 一の契約者が締結", "numbering", "art:4.1", "high"),
    ("an item left out", "- (2) 保存する情報の複製", "- (4) 保存する情報の複製", "numbering", "art:5.1.4", "high"),
    ("a day no calendar has", "令和 6 年 9 月 30 日以前", "令和 6 年 9 月 31 日以前", "date-impossible", "suppl:2024-10-01.2", "high"),
    ("a day of an era that was over", "令和 3 年 4 月 1 日施行\n\nこの個別規程は、令和 3 年", "平成 33 年 4 月 1 日施行\n\nこの個別規程は、平成 33 年", "date-impossible", "suppl:2021-04-01", "medium"),
    ("an edition that takes effect on another day", "1 この個別規程は、令和 6 年 10 月 1 日から", "1 この個別規程は、令和 6 年 11 月 1 日から", "date-differs", "suppl:2024-10-01.1", "high"),
    ("editions out of order", "令和 3 年 4 月 1 日施行\n\nこの個別規程は、令和 3 年", "令和 9 年 4 月 1 日施行\n\nこの個別規程は、令和 9 年", "date-differs", "suppl:2024-10-01", "high"),
    ("a title page older than the last edition", "令和 6 年 10 月 1 日現在", "令和 5 年 10 月 1 日現在", "date-differs", "front", "medium"),
    ("a deadline before the edition", "令和 7 年 3 月 31 日までの間、なお従前の料金の額によるものとします", "令和 6 年 3 月 31 日までに届け出た場合を除き、従前の料金の額によるものとします", "deadline-past", "suppl:2024-10-01.2", "medium"),
    ("a supplement that starts at 2", "1 この個別規程は、令和 6 年 10 月 1 日から", "この個別規程は、令和 6 年 10 月 1 日から", "unnumbered", "suppl:2024-10-01.2", "medium"),
    ("a bracket never closed", "(以下「ホスティング契約」といいます。)における", "(以下「ホスティング契約」といいます。における", "brackets", "art:3.1", "high"),
    ("a bracket closed twice", "(以下「ホスティング契約」といいます。)における", "(以下「ホスティング契約」といいます。))における", "brackets", "art:3.1", "high"),
    ("a phrase twice", "当社が別途定める仕様に基づき提供するもの\n\n(2)", "当社が別途定める別途定める仕様に基づき提供するもの\n\n(2)", "doubled", "art:7.2.1", "high"),
    ("a particle twice", "保存された情報の複製を毎日", "保存された情報の複製をを毎日", "doubled", "art:7.2.1", "high"),
    ("a verb's ending twice", "承諾しないものとします", "承諾しないものとしします", "doubled", "art:4.3", "high"),
    ("a full stop lost", "締結します。\n\n2 一の", "締結します\n\n2 一の", "sentence-end", "art:4.1", "high"),
    ("a sentence that runs on", "当社は責任を負いません。", "当社は責任を負いません、契約者が負担します。", "sentence-end", "art:5.2", "medium"),
    ("no that became yes", "当社は責任を負いません。", "複製することができないことがあり、当該複製できることについて当社は責任を負いません。", "contradiction", "art:5.2", "high"),
]  # fmt: skip


def found_in(text: str, least: str = "medium") -> list[Flaw]:
    flaws = lint_terms(read_terms(text))
    return [each for each in flaws if SURE.index(each.confidence) <= [*SURE].index(least)]  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [HOSTING, TRANSFER], ids=["hosting", "transfer"])
def test_clean_terms_raise_nothing_at_all(text: str) -> None:
    assert found_in(text, "low") == []


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant[0])
def test_a_planted_slip_is_found_where_it_is(plant: tuple[str, str, str, str, str, str]) -> None:
    _, clean, spoiled, check, provision, least = plant
    assert HOSTING.count(clean) >= 1
    found = found_in(HOSTING.replace(clean, spoiled, 1), least)
    assert (check, provision) in {(each.check, each.place.id.split(".s")[0]) for each in found}, found
    assert len(found) <= 4, f"one slip raises {len(found)} flaws: {found}"


def test_most_slips_raise_one_flaw_and_no_more() -> None:
    """What follows from a slip (a reference to the paragraph that lost its number) may be told too."""
    counts = [len(found_in(HOSTING.replace(clean, spoiled, 1))) for _, clean, spoiled, _, _, _ in PLANTS]
    assert sum(counts) <= len(PLANTS) * 1.3, counts


@pytest.mark.parametrize("least", ["high", "medium"])
def test_a_flaw_says_where_and_what_is_right_in_both_languages(least: str) -> None:
    for _, clean, spoiled, *_ in PLANTS:
        text = HOSTING.replace(clean, spoiled, 1)
        lines = text.split("\n")
        for flaw in found_in(text, least):
            assert 1 <= flaw.place.line <= len(lines) and lines[flaw.place.line - 1].strip()
            assert flaw.gist.ja and flaw.gist.en and flaw.quote
