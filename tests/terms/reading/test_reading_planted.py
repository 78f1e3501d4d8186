"""Plant one slip in clean terms, of every kind: the lint finds it there, and nothing else."""

from pathlib import Path

import pytest
from spoiling import numbers_off

from kitei.terms.reading import CHECKS, SURE, Flaw, lint_terms, read_terms

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
    ("contracts of the edition's own day treated as earlier ones", "2 令和 6 年 9 月 30 日以前に", "2 令和 6 年 10 月 1 日以前に", "date-differs", "suppl:2024-10-01.2", "medium"),
    ("an end before the edition that ends it", "2 令和 6 年 9 月 30 日以前に成立", "2 当社は、令和 6 年 8 月 1 日をもって、占有を廃止します。令和 6 年 9 月 30 日以前に成立", "deadline-past", "suppl:2024-10-01.2", "medium"),
    ("a span that ends before it begins", "(1) 利用に必要な通信環境の用意", "(1) 令和 6 年 4 月 1 日から令和 6 年 3 月 1 日までの通信環境の用意", "date-impossible", "art:5.1.1", "high"),
    ("a supplement that starts at 2", "1 この個別規程は、令和 6 年 10 月 1 日から", "この個別規程は、令和 6 年 10 月 1 日から", "unnumbered", "suppl:2024-10-01.2", "medium"),
    ("a bracket never closed", "(以下「ホスティング契約」といいます。)における", "(以下「ホスティング契約」といいます。における", "brackets", "art:3.1", "high"),
    ("a bracket closed twice", "(以下「ホスティング契約」といいます。)における", "(以下「ホスティング契約」といいます。))における", "brackets", "art:3.1", "high"),
    ("a phrase twice", "当社が別途定める仕様に基づき提供するもの\n\n(2)", "当社が別途定める別途定める仕様に基づき提供するもの\n\n(2)", "doubled", "art:7.2.1", "high"),
    ("a particle twice", "保存された情報の複製を毎日", "保存された情報の複製をを毎日", "doubled", "art:7.2.1", "high"),
    ("a verb's ending twice", "承諾しないものとします", "承諾しないものとしします", "doubled", "art:4.3", "high"),
    ("a full stop lost", "締結します。\n\n2 一の", "締結します\n\n2 一の", "sentence-end", "art:4.1", "high"),
    ("a sentence that runs on", "当社は責任を負いません。", "当社は責任を負いません、契約者が負担します。", "sentence-end", "art:5.2", "medium"),
    ("no that became yes", "当社は責任を負いません。", "複製することができないことがあり、当該複製できることについて当社は責任を負いません。", "contradiction", "art:5.2", "high"),
    ("a term used and never defined", "(3) 前 2 号の他当社が個別に指定するもの", "(3) 指定端末の用意、指定端末への接続、指定端末の管理その他当社が個別に指定するもの", "term-undefined", "art:5.1.3", "low"),
    ("a day to count from that nothing defines", "翌月の初日(以下「課金開始日」といいます。)とします", "翌月の初日とし、その起算日は、計測開始日とします", "term-undefined", "art:3.1", "low"),
    ("business hours without hours", "(1) 利用に必要な通信環境の用意", "(1) 当社の営業時間における連絡先の用意", "term-undefined", "art:5.1.1", "low"),
    ("another document", "締結することができるホスティング契約の数の上限は、10 とします", "締結することができるホスティング契約の数は、基本約款第 12 条の定めによります", "external", "art:4.2", "low"),
    ("a class called otherwise", "品目を大容量とする", "目を大容量とする", "name-varies", "art:3.2", "medium"),
    ("a document by two names", "この個別規程は、令和 3 年 4 月 1 日から", "この契約約款は、令和 3 年 4 月 1 日から", "name-varies", "suppl:2021-04-01.1", "low"),
    ("a heading that differs from its like", "(1) 基本サービス\n\n| 品目 | 料金 |\n|-----|------|\n| 小容量 | 500 円 |", "(1) 基本料金\n\n| 品目 | 料金 |\n|-----|------|\n| 小容量 | 500 円 |", "name-varies", "schedule:1.2.1", "low"),
    ("a list of one", "| 占有 | 一台のサーバを一の契約者が占有する形態により提供するもの |\n", "", "list-of-one", "art:1.1", "low"),
    ("a schedule's section without its item", "2.月額費用(1)に定める金額\n\n2 第 10 条第 2 項関係\n\n第 7 条(オプションサービス)第 3 項の規定に基づき設定された最低利用期間の残余の期間に対応する別紙 1 の 2.月額費用(2)", "2.月額費用に定める金額\n\n2 第 10 条第 2 項関係\n\n第 7 条(オプションサービス)第 3 項の規定に基づき設定された最低利用期間の残余の期間に対応する別紙 1 の 2.月額費用", "reference-vague", "schedule:2.1", "low"),
    ("a paragraph of its own without a number", "1 年とします。\n\n第 4 条", "1 年とします。\n\n前項の契約は、更新することができるものとします。\n\n第 4 条", "unnumbered", "art:3.2", "medium"),
    ("a row torn by a page", "保存できる情報の量を 200 ギガバイトまでとするもの |", "保存できる情報の量を |\n| | 200 ギガバイトまでとするもの |", "table-cut", "art:2.1.t2", "low"),
    ("a sentence torn by a page", "指定した日のいずれか遅い日に、当該契約", "指定した日\n\nのいずれか遅い日に、当該契約", "sentence-cut", "art:8.1", "low"),
    ("two spellings of a word", "効力が生じる日として指定した", "効力が生ずる日として指定した", "style", "art:8.1", "low"),
    ("a character the phrase has elsewhere", "一の変更ごとに 3,000 円", "変更に係る申込者が当社に支払う手数料の金額\n\n(2) 変更に係る申込者が当社に支払う手数料の金額\n\n(3) 変更に係る申込者が当社に支払う手数料の金額\n\n(4) 変更に係る申込が当社に支払う手数料の金額", "dropped", "schedule:1.3.4", "medium"),
    ("an amount shown apart", "| 自動複製オプション | 800 円 |", "| 自動複製オプション | 当社が別途契約者に示す金額 |", "external", "schedule:1.1.2.t1", "low"),
    ("a name of the trade misspelt", "| 標準 | 一台のサーバを", "| 標準 | Ipsec により一台のサーバを", "name-misspelt", "art:1.1.t1", "low"),
    ("a と lost", "申込を当社が承諾した時点で、月額費用", "申込を当社が承諾するともに、月額費用", "dropped", "art:9.1", "high"),
    ("an option of a minimum term that is not said", "自動複製オプション及び独自ドメインオプションの利用における", "自動複製オプションの利用における", "list-differs", "art:7.3", "low"),
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
    assert len(found) <= 5, f"one slip raises {len(found)} flaws: {found}"


def test_every_check_is_put_to_the_test() -> None:
    """But the one that needs names of a form that these terms do not have; see the test below."""
    assert set(CHECKS) - {check for _, _, _, check, _, _ in PLANTS} == {"name-broken"}


def test_a_name_that_a_table_broke() -> None:
    """The text has the names whole; the table has a piece of one and a scrap of the other."""
    text = HOSTING.replace("| 標準 | 一台", "| スティングサービス/標 | 一台").replace(
        "| 占有 | 一台", "| 3 / K | 一台"
    )
    text = text.replace(
        "(1) 利用に必要な通信環境の用意",
        "(1) あおば共用ホスティングサービス/標準及びあおば共用ホスティングサービス/占有の設定",
    )
    found = {each.place.id: each.gist.ja for each in found_in(text) if each.check == "name-broken"}
    assert "あおば共用ホスティングサービス/標準" in found["art:1.1.t1"]
    assert "あおば共用ホスティングサービス/占有" in found["art:1.1.t2"]


def test_most_slips_raise_one_flaw_and_no_more() -> None:
    """What follows from a slip (a reference to the paragraph that lost its number) may be told too."""
    counts = [len(found_in(HOSTING.replace(clean, spoiled, 1))) for _, clean, spoiled, _, _, _ in PLANTS]
    assert sum(counts) <= len(PLANTS) * 1.3, counts


def test_any_reference_that_is_off_by_one_is_told() -> None:
    every = numbers_off(HOSTING)
    quiet = [line for line, spoiled in every if not found_in(spoiled)]
    assert len(every) >= 10
    assert len(quiet) <= 0.1 * len(every), f"{len(quiet)} of {len(every)}, in lines {quiet}"


@pytest.mark.parametrize("least", ["high", "medium"])
def test_a_flaw_says_where_and_what_is_right_in_both_languages(least: str) -> None:
    for _, clean, spoiled, *_ in PLANTS:
        text = HOSTING.replace(clean, spoiled, 1)
        lines = text.split("\n")
        for flaw in found_in(text, least):
            assert 1 <= flaw.place.line <= len(lines) and lines[flaw.place.line - 1].strip()
            assert flaw.gist.ja and flaw.gist.en and flaw.quote
