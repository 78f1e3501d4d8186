"""A month's report says what the history and the ledger say, in two languages, and the same bytes every time."""

import io
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pypdf
import pytest
from floods import BEGAN, contract, detected, ordered, over, party, released, say

from kitei.ledger import Fact
from kitei.network.events import Event
from kitei.network.sheaf import MINUTE, SUMS, SheafName, first_second, written
from kitei.office import Office, Refusal
from kitei.office.due import due
from kitei.office.floods.history import take_scrubs, up_to_date
from kitei.office.floods.report import flood_report
from kitei.office.floods.values import report_json, send_report
from kitei.office.papers.flood_report import percent, report_html, report_pdf
from kitei.store import Party
from kitei.store.history import History
from kitei.values import JST, Language, Month, Words

JUNE = Month(2026, 6)
HOST = "203.0.113.5"


class SetTime:
    def __init__(self) -> None:
        self.at = datetime(2026, 7, 2, 9, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def office(tmp_path: Path, time: SetTime) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", time, f"sqlite:///{tmp_path}/kitei.db")
    polaris = {"ja": "北極星", "en": "Polaris"}
    provider = {
        "name": polaris, "address": polaris, "registration": "T7000012050002", "contact": "b@example.jp",
    }  # fmt: skip
    opened.state(
        [("operator", Fact("operator.set", {"name": "provider", "value": provider}, date(2026, 1, 1)))]
    )
    contract(opened, "x1", "type-x")
    contract(opened, "v1", "type-v", prefix="192.0.2.0/24")
    contract(opened, "d1", "type-d", "beta", "198.51.100.0/24")
    party(opened)
    yield opened
    opened.close()


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Two days of an hour each of 10 MB a minute, and a minute of an attack by the second."""
    kept = History(tmp_path / "history")
    for day in (10, 20):
        start = first_second(date(2026, 6, day)) + 6 * 3600
        for at in range(start, start + 3600, MINUTE):
            lines = [
                row(
                    "minute",
                    at,
                    "x1",
                    "prefix",
                    "203.0.113.0/24",
                    60,
                    10_000_000,
                    20_000,
                    most=(400_000, 800),
                )
            ]
            lines.append(row("minute", at, "x1", "host", HOST, 60, 9_000_000, 18_000, most=(390_000, 790)))
            lines.append(row("minute", at, "d1", "prefix", "198.51.100.0/24", 60, 777, 7, most=(777, 7)))
            lines.append(written("port", at, "x1", "203.0.113.0/24", 443, 15_000))
            lines.append(written("note", at, "", "seconds", 60))
            if at == start + MINUTE and day == 10:
                lines += [
                    row("second", at + n, "x1", "host", HOST, None, 1_000_000 + n, 100_000 + n)
                    for n in range(60)
                ]
            kept.take("n1", str(SheafName(at, 0, "c1")), "\n".join(lines))
    kept.gather()
    return kept


def row(
    kind: str,
    at: int,
    contract: str,
    scope: str,
    target: str,
    seconds: int | None,
    size: int,
    packets: int,
    most: tuple[int, int] | None = None,
) -> str:
    sums = dict.fromkeys(SUMS, 0) | {
        "bytes": size,
        "packets": packets,
        "udp_bytes": size // 4,
        "udp": packets // 4,
    }
    counted = [] if seconds is None else [seconds]
    mosts = () if most is None else (*most, *(0 for _ in range(len(SUMS) - 2)))
    return written(kind, at, contract, scope, target, *counted, *sums.values(), 5, *mosts)


def attacked(office: Office) -> None:
    end = BEGAN + timedelta(seconds=42)
    say(office, detected(), ordered(), released(at=end), over(at=end))


def text_of(pdf: bytes) -> str:
    return "\n".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_its_numbers_are_those_of_the_history_and_the_ledger(office: Office, history: History) -> None:
    attacked(office)
    report = flood_report(office, history, "x1", JUNE)
    sql = "SELECT sum(bytes), sum(packets) FROM lines WHERE contract = 'x1' AND scope = 'prefix'"
    assert [(report.bytes, report.packets)] == history.query("minute", JUNE.first, JUNE.last, sql, {})
    assert (report.bytes, report.judged, report.meant) == (1_200_000_000, 7200, 30 * 86400)
    assert report.most is not None and (report.most.day, report.most.most_bps) == (
        date(2026, 6, 10),
        10_000_000 * 8 // 60,
    )
    (struck,) = report.attacks
    assert struck.seconds == 44 and struck.peak is not None
    assert (struck.peak.bps, struck.peak.pps) == ((1_000_000 + 52) * 8, 100_052)
    assert report.clean_mbps == 1000
    assert {each.name: each.bytes for each in report.protocols} == {
        "udp": 300_000_000,
        "tcp": 0,
        "icmp": 0,
        "other": 900_000_000,
    }
    assert [(each.name, each.bytes) for each in report.targets] == [(HOST, 1_080_000_000)]
    assert [(each.name, each.packets) for each in report.ports] == [("443", 1_800_000)]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_same_report_is_the_same_bytes_also_after_the_history_was_written_anew(
    office: Office, history: History, language: Language
) -> None:
    attacked(office)
    first = report_pdf(flood_report(office, history, "x1", JUNE), language)
    more = first_second(date(2026, 7, 1))
    for n in range(14):  # files are made one
        history.take(
            "n2",
            str(SheafName(first_second(date(2026, 6, 10)) + n * MINUTE, 0, "z")),
            written("note", first_second(date(2026, 6, 10)) + n * MINUTE, "", "seen", 1),
        )
        history.gather()
    history.take("n1", str(SheafName(more, 0, "c1")), written("port", more, "x1", "203.0.113.0/24", 443, 5))
    history.gather()
    assert report_pdf(flood_report(office, history, "x1", JUNE), language) == first
    assert len(pypdf.PdfReader(io.BytesIO(first)).pages) >= 1


def test_both_languages_say_the_numbers_and_name_the_provisions(office: Office, history: History) -> None:
    attacked(office)
    report = flood_report(office, history, "x1", JUNE)
    ja, en = text_of(report_pdf(report, "ja")), text_of(report_pdf(report, "en"))
    for text in (ja, en):
        for wanted in (
            HOST,
            "1.20 GB",
            "1,000 Mbps",
            "7,200 / 2,592,000 s",
            "0.27 %",
            "06-10 06:01:08",
            "0:00:44",
            "8.00 Mbps",
        ):
            assert wanted in text, (wanted, text)
    assert "SYN フラッド" in ja and "迂回・洗浄" in ja and "アクメ" in ja and "第1条" in ja.replace(" ", "")
    assert "SYN flood" in en and "divert and scrub" in en and "Acme" in en and "made on request" in en


def test_a_day_of_which_nothing_was_judged_has_no_figures_and_that_is_not_zero(
    office: Office, tmp_path: Path
) -> None:
    report = flood_report(office, History(tmp_path / "none"), "x1", JUNE)
    assert (report.bytes, report.most, report.judged) == (None, None, 0)
    told: tuple[tuple[Language, str], ...] = (("en", "cannot compute"), ("ja", "計算できません"))
    for language, words in told:
        html = report_html(report, language)
        assert (
            html.count(words) == 2 and "100.00 %" not in html
        )  # neither traffic nor the time it could be used


def test_outages_are_taken_off_the_time_it_could_be_used_each_second_once(
    office: Office, history: History
) -> None:
    def outage(id: str, began: str, restored: str | None) -> Fact:
        body = {
            "id": id, "contract": "x1", "began_at": began, "known_at": began, "restored_at": restored,
            "total": True, "cause": "operator",
        }  # fmt: skip
        return Fact("outage.found", body, date(2026, 6, 1))

    told = [
        outage("o1", "2026-05-31T23:00:00+09:00", "2026-06-01T01:00:00+09:00"),
        outage("o2", "2026-06-01T00:30:00+09:00", "2026-06-01T02:00:00+09:00"),
        outage("o3", "2026-07-01T00:00:00+09:00", None),
    ]
    office.state([("contract:x1", each) for each in told])
    report = flood_report(office, history, "x1", JUNE)
    assert report.unusable == 2 * 3600 and [each.id for each in report.outages] == ["o1", "o2"]
    assert "99.72 % (2,584,800 / 2,592,000 s)" in report_html(report, "en")


def scrubs(number: int, **more: object) -> Event:
    body = {
        "contract": "x1", "seconds": 5, "offered_bps": 800_000_000, "passed_bps": 40_000_000,
        "offered_pps": 100_000, "passed_pps": 5_000, "dropped": {"unproven": 90_000, "denied": 5_000, "source": 0},
    }  # fmt: skip
    at = BEGAN + timedelta(seconds=5 * number)
    return Event(number, at, "scrub.tally", {**body, **more})  # type: ignore[dict-item]


def test_what_was_scrubbed_is_told_with_its_reasons_however_often_it_came(office: Office) -> None:
    for _ in range(2):
        with office.book.writing() as transaction:
            take_scrubs(office, "scrub-1", (scrubs(1), scrubs(2, passed_bps=80_000_000)), transaction)
        found = flood_report(office, up_to_date(office.home), "x1", JUNE).scrubbed
        assert found is not None
        assert (found.offered_bytes, found.passed_bytes, found.seconds) == (1_000_000_000, 75_000_000, 10)
        assert found.most_passed_bps == 80_000_000
        assert [(each.name, each.packets) for each in found.dropped] == [
            ("unproven", 900_000),
            ("denied", 50_000),
        ]
    html = report_html(flood_report(office, up_to_date(office.home), "x1", JUNE), "en")
    assert "1.00 GB → 75.0 MB" in html and "unproven sources 900 k" in html
    assert "実在を示さない送信元 900 k" in report_html(
        flood_report(office, up_to_date(office.home), "x1", JUNE), "ja"
    )


@pytest.mark.parametrize(
    "wrong", [{"seconds": -5}, {"offered_bps": "much"}, {"dropped": {"denied": -1}}, {"passed_pps": None}]
)
def test_a_scrubbers_nonsense_is_refused_and_leaves_nothing(office: Office, wrong: dict[str, object]) -> None:
    with office.book.writing() as transaction, pytest.raises(ValueError):
        take_scrubs(office, "scrub-1", (scrubs(1, **wrong),), transaction)
    assert flood_report(office, up_to_date(office.home), "x1", JUNE).scrubbed is None


def test_what_was_not_kept_by_the_second_is_told_by_its_alarm(office: Office, tmp_path: Path) -> None:
    attacked(office)
    report = flood_report(office, History(tmp_path / "none"), "x1", JUNE)
    assert report.attacks[0].peak is None
    assert "120 kpps *" in report_html(report, "en")


def test_an_attack_belongs_to_every_month_it_lies_in(office: Office, tmp_path: Path, time: SetTime) -> None:
    late = datetime(2026, 6, 30, 23, 59, 50, tzinfo=JST)
    say(office, detected("t9", late), over("t9", at=late + timedelta(seconds=30)))
    time.at = datetime(2026, 8, 2, 9, 0, tzinfo=JST)
    history = History(tmp_path / "none")
    june, july, may = (
        flood_report(office, history, "x1", m).attacks for m in (JUNE, JUNE.plus(1), JUNE.plus(-1))
    )
    assert [each.seconds for each in june] == [None]  # at the end of June it went on
    assert [each.seconds for each in july] == [32]
    assert may == ()


def test_a_type_d_report_says_that_nothing_is_mitigated(office: Office, history: History) -> None:
    report = flood_report(office, history, "d1", JUNE)
    assert (report.mitigates, report.clean_mbps) == (False, None)
    assert "no mitigation" in report_html(report, "en")


def test_changes_of_policy_are_listed_with_their_provisions(office: Office, history: History) -> None:
    body = {
        "name": "", "prefixes": [], "watch": {"host": {"pps": 9000}}, "ladder": {}, "scrub": {}, "dry_run": False,
    }  # fmt: skip
    fact = Fact("policy.set", body, date(2026, 6, 15), ("ddos-protection@2025-11-01#art:5.2",))
    office.state([("contract:x1", fact)])
    text = report_html(flood_report(office, history, "x1", JUNE), "en")
    assert "15 June 2026 a policy was set (pps 9000)" in text


def test_names_from_outside_are_text_and_no_markup(office: Office, history: History) -> None:
    evil = "<script>alert(1)</script>&\"'"
    office.shelf.put_party(Party("acme", Words(evil, evil), Words(evil, evil)))
    say(office, detected(target=evil, policy=evil, metric=evil))
    for language in ("ja", "en"):
        html = report_html(flood_report(office, history, "x1", JUNE), language)  # type: ignore[arg-type]
        assert "<script" not in html and "&lt;script&gt;" in html


def test_only_an_item_that_includes_a_report_is_sent_one_and_then_it_is_no_longer_due(
    office: Office, history: History, time: SetTime
) -> None:
    with pytest.raises(Refusal, match="includes no monthly report"):
        send_report(office, flood_report(office, history, "x1", JUNE))
    with pytest.raises(Refusal, match="is not over"):
        time.at = datetime(2026, 6, 20, tzinfo=JST)
        send_report(office, flood_report(office, history, "v1", JUNE))
    time.at = datetime(2026, 7, 2, tzinfo=JST)
    told = [each for each in due(office, date(2026, 8, 31)) if each.kind == "monthly-report"]
    waiting = [each.about for each in told]
    assert [(each.about, each.on) for each in told[-2:]] == [
        ("2026-06", date(2026, 7, 31)),  # it can be made since yesterday, and is not late
        ("2026-07", date(2026, 8, 31)),
    ]
    send_report(office, flood_report(office, history, "v1", JUNE))
    left = [each.about for each in due(office, date(2026, 8, 31)) if each.kind == "monthly-report"]
    assert left == [each for each in waiting if each != "2026-06"]
    with pytest.raises(Refusal, match="sent before"):
        send_report(office, flood_report(office, history, "v1", JUNE))


def test_a_month_that_has_not_begun_has_no_report(office: Office, history: History) -> None:
    with pytest.raises(Refusal, match="no day of 2026-07 is over"):
        office.clock.at = datetime(2026, 7, 1, tzinfo=JST)  # type: ignore[attr-defined]
        flood_report(office, history, "x1", JUNE.plus(1))


def test_a_hundred_per_cent_is_said_of_all_alone() -> None:
    assert [percent(*each) for each in ((1, 1), (99_999, 100_000), (0, 0))] == ["100.00 %", "99.99 %", "-"]


def test_the_values_of_a_report_are_json(office: Office, history: History) -> None:
    attacked(office)
    told = json.loads(json.dumps(report_json(flood_report(office, history, "x1", JUNE))))
    assert told["attacks"][0]["peak_pps"] == 100_052 and told["days"][0]["day"] == "2026-06-10"
