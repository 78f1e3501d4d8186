"""An incident has its course, its figures and its evidence, as JSON and as a paper of the same bytes every time."""

import base64
import io
import json
import struct
import subprocess
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pypdf
import pytest
from floods import BEGAN, contract, detected, fact, in_force, ordered, over, party, released, say

from kitei.accounts import Recipient
from kitei.collect.excerpt import Packet, pcap
from kitei.network.events import Event
from kitei.network.sheaf import MINUTE, SUMS, SheafName, written
from kitei.office import Office
from kitei.office.floods.alert_lines import course_words, over_line
from kitei.office.floods.evidence import excerpts_of, forget_excerpts, keep_excerpt, take_excerpts, together
from kitei.office.floods.incidents import attacks, incident, incident_json
from kitei.office.papers.incident import incident_html, incident_pdf
from kitei.store.history import KEPT_CLOSE_DAYS, History
from kitei.values import Words

ACME = Recipient(Words("アクメ", "Acme"))
END = BEGAN + timedelta(seconds=50)
AT = int(BEGAN.timestamp())
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 128, 1)


class SetTime:
    at = END + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", SetTime(), f"sqlite:///{tmp_path}/kitei.db")
    contract(opened, "x1", "type-x")
    contract(opened, "d1", "type-d", "beta", "198.51.100.0/24")
    party(opened)
    say(
        opened,
        detected(),
        ordered(by="policy"),
        fact(
            "mitigation.prolonged",
            "t1",
            BEGAN + timedelta(seconds=20),
            mitigation="t1-divert",
            until=END.isoformat(),
        ),
        fact("incident.noted", "t1", BEGAN + timedelta(seconds=30), note="called Acme's desk", by="kato"),
        released(at=END),
        over(at=END),
    )
    yield opened
    opened.close()


@pytest.fixture
def history(tmp_path: Path) -> History:
    kept, minute = History(tmp_path / "history"), AT - AT % MINUTE
    lines = []
    for at in range(AT, minute + MINUTE):
        sums = dict.fromkeys(SUMS, 0) | {"bytes": 1000 + at - AT, "packets": 10 + at - AT}
        lines.append(written("second", at, "x1", "host", "203.0.113.5", *sums.values(), 900))
        flow = ("192.0.2.7", 4000, "203.0.113.5", 443, 6, 600, 10, 2, "192.0.2.254")
        lines.append(written("flow", at, "x1", *flow))
        lines.append(
            written("flow", at, "x1", "192.0.2.8", 53, "203.0.113.99", 53, 17, 6000, 10, 0, "192.0.2.254")
        )
    lines.append(written("port", minute, "x1", "203.0.113.5", 443, 9000))
    kept.take("n1", str(SheafName(minute, 0, "c1")), "\n".join(lines))
    kept.gather()
    return kept


def test_it_tells_the_course_in_order_and_the_figures_of_the_history(
    office: Office, history: History
) -> None:
    found = incident(office, history, "t1")
    assert [each.words.en for each in found.attack.happenings] == [
        "detected",
        "mitigation ordered (divert and scrub, until 06:06:10)",
        "mitigation prolonged (until 06:02:00)",
        "incident noted (called Acme's desk, by kato)",
        "mitigation released (over)",
        "over",
    ]
    assert found.peak is not None and (found.peak.bps, found.peak.pps) == ((1000 + 49) * 8, 59)
    assert found.seconds == 52 and len(found.series) == 50
    assert [(each.name, each.bytes) for each in found.sources] == [
        ("192.0.2.7", 600 * 50)
    ]  # of its target alone
    assert [(each.name, each.packets) for each in found.ports] == [("443", 9000)]
    told = json.loads(json.dumps(incident_json(found)))
    assert [each["kind"] for each in told["timeline"]][-1] == "attack.over" and len(told["flows"]) == 50


@pytest.mark.parametrize("language", ["ja", "en"])
def test_its_paper_is_the_same_bytes_every_time(office: Office, history: History, language: str) -> None:
    keep_excerpt(office.home, "x1", "203.0.113.5", AT + 2, "scrub-1", PCAP)
    first, second = (incident_pdf(incident(office, history, "t1"), ACME, None, language) for _ in range(2))  # type: ignore[arg-type]
    assert first == second
    text = "".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(first)).pages)
    for wanted in ("203.0.113.5", "192.0.2.7", "06-10 06:01:10", "8.39 kbps", "scrub-1"):
        assert wanted in text
    assert ("SYN フラッド" if language == "ja" else "SYN flood") in text


def test_an_attack_that_goes_on_is_told_up_to_now(office: Office, tmp_path: Path) -> None:
    say(office, detected("t2", at=END))
    found = incident(office, History(tmp_path / "none"), "t2")
    assert found.attack.over is None and found.upto == SetTime.at and found.peak is None


def test_attacks_are_listed_by_contract_and_an_unknown_one_names_those_there_are(
    office: Office, history: History
) -> None:
    say(office, detected("t3", at=END, target="198.51.100.9"), contract="d1")
    assert [each.id for each in attacks(office)] == ["t1", "t3"]
    assert [each.id for each in attacks(office, "d1")] == ["t3"]
    with pytest.raises(LookupError, match=r"no attack 'tx'; the latest are t1, t3"):
        incident(office, history, "tx")


def test_names_of_an_incident_are_text_and_no_markup(office: Office, history: History) -> None:
    evil = "<img src=x onerror=alert(1)>"
    say(office, detected(evil, at=END, target=evil, policy=evil), ordered(evil, at=END, by=evil))
    html = incident_html(incident(office, history, evil), Recipient(Words(evil, evil)), None, "en")
    assert "<img" not in html and "&lt;img" in html


def test_packets_are_kept_by_target_and_time(office: Office) -> None:
    for target, at in (
        ("203.0.113.5", AT),
        ("203.0.113.6", AT),
        ("2001:db8::5", AT),
        ("203.0.113.5", AT + 500),
    ):
        keep_excerpt(office.home, "x1", target, at, "scrub-1", PCAP)
    keep_excerpt(office.home, "x1", "203.0.113.5", AT, "scrub-1", PCAP)
    found = [
        (each.at - AT, each.target, each.node)
        for each in excerpts_of(office.home, "x1", "203.0.113.5", AT, AT + 60)
    ]
    assert found == [(0, "203.0.113.5/32", "scrub-1")]
    whole = excerpts_of(office.home, "x1", "203.0.113.0/24", AT, AT + 600)
    assert len(list(whole)) == 3
    assert [each.target for each in excerpts_of(office.home, "x1", "2001:db8::/48", AT, AT + 1)] == [
        "2001:db8::5/128"
    ]
    assert forget_excerpts(office.home, date(2026, 6, 10) + timedelta(days=KEPT_CLOSE_DAYS)) == 0
    assert forget_excerpts(office.home, date(2026, 6, 11) + timedelta(days=KEPT_CLOSE_DAYS)) == 4


@pytest.mark.parametrize(
    "body",
    [
        {"contract": "../x"},
        {"contract": "."},
        {"target": "nowhere"},
        {"at": 5},
        {"at": "now"},
        {"pcap": "%%%"},
        {"pcap": base64.b64encode(b"MZ\x90\0").decode()},
        {"pcap": base64.b64encode(PCAP + bytes(1 << 20)).decode()},
    ],
)
def test_what_a_node_sends_that_is_no_excerpt_is_refused_and_leaves_nothing(
    office: Office, body: dict[str, object]
) -> None:
    right = {"contract": "x1", "target": "203.0.113.5", "at": AT, "pcap": base64.b64encode(PCAP).decode()}
    with office.book.writing() as transaction:
        with pytest.raises(ValueError):
            take_excerpts(office, "n1", (Event(1, BEGAN, "flood.excerpt", right | body),), transaction)  # type: ignore[operator]
        assert (
            not list((office.home.folder / "evidence").rglob("*"))
            if (office.home.folder / "evidence").exists()
            else True
        )
        take_excerpts(office, "n1", (Event(1, BEGAN, "flood.excerpt", right),), transaction)
    assert [each.read_bytes() for each in (office.home.folder / "evidence").rglob("*.pcap")] == [PCAP]


def test_from_the_first_packet_to_the_end_in_seconds(office: Office, history: History) -> None:
    begins = BEGAN + timedelta(hours=2)
    say(
        office,
        detected("t9", begins, target="203.0.113.9"),
        ordered("t9", at=begins + timedelta(seconds=0.1)),
        in_force("t9", at=begins + timedelta(seconds=0.75)),
        ordered("t9", "blackhole", at=begins + timedelta(seconds=20)),
    )
    goes_on = attacks(office, "x1")[-1]
    assert [each.body["step"] for each in goes_on.unreported] == ["blackhole"]
    say(office, released("t9", "blackhole", at=begins + timedelta(seconds=60)))
    say(office, over("t9", at=begins + timedelta(seconds=63)))
    told = incident_json(incident(office, history, "t9"))
    assert told["course_ms"] == {
        "attack.detected": 2000, "mitigation.ordered": 2100, "mitigation.effective": 2750, "attack.over": 65_000,
    }  # fmt: skip
    attack = attacks(office, "x1")[-1]
    assert attack.unreported == ()
    assert (
        course_words(attack).en == "detected 2.0 s, ordered 2.1 s, in force 2.8 s, over 65.0 s after it began"
    )
    assert over_line(attack).en.endswith(
        "action: divert and scrub and blackhole (seen in 2.0 s, met in 2.8 s)"
    )
    page = incident_html(incident(office, history, "t9"), ACME, None, "en")
    assert "mitigation in force (divert and scrub, scrub1, speak1)" in page and "+2.8 s" in page


def test_all_packets_of_an_attack_are_one_file_that_tcpdump_reads(office: Office, tmp_path: Path) -> None:
    ip = bytes(
        (0x45, 0, 0, 28, 0, 1, 0, 0, 60, 17, 0, 0, 192, 0, 2, 66, 203, 0, 113, 5, 0, 53, 1, 187, 0, 8, 0, 0)
    )
    kept = [
        keep_excerpt(
            office.home, "x1", "203.0.113.5/32", AT + n, node, pcap([Packet((AT + n) * 10**6, 28, ip)] * 3)
        )
        for n, node in ((1, "scrub2"), (0, "scrub1"))
    ]
    whole = tmp_path / "all.pcap"
    whole.write_bytes(together(excerpts_of(office.home, "x1", "203.0.113.5", AT, AT + 9)))
    ran = subprocess.run(["tcpdump", "-nttr", str(whole)], capture_output=True, text=True, check=True)
    seconds = [int(line.partition(".")[0]) for line in ran.stdout.splitlines()]
    assert seconds == [AT] * 3 + [AT + 1] * 3
    assert "192.0.2.66.53 > 203.0.113.5.443: " in ran.stdout
    kept[0].write_bytes(kept[0].read_bytes()[:30])  # cut off
    assert len(together(excerpts_of(office.home, "x1", "203.0.113.5", AT, AT + 9))) == 24 + 3 * 44
    with pytest.raises(ValueError, match="no packets"):
        together(())
