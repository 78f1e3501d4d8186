"""What falls due is listed from the ledger, and customers are told once before a right is lost."""

from collections.abc import Iterator
from datetime import date, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from mailserver import mail_server

from kitei.desk import Deadline, Verdict
from kitei.ledger import Fact
from kitei.office import Office
from kitei.office.due import crossings, due
from kitei.office.orderbook import read_book, take_book
from kitei.office.post import Outbox, Smtp, Undelivered, post_of
from kitei.office.reminding import remind
from kitei.services.managed_vpn.edition import TERMS
from kitei.values import JST

BOOK = Path(__file__).parents[2] / "examples" / "order-book"
SITE = "minato-sales-1"


class SetTime:
    def __init__(self) -> None:
        self.at = datetime(2026, 5, 2, 9, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def provider(tmp_path: Path, time: SetTime) -> Iterator[Office]:
    office = Office.open(tmp_path / "home", time, f"sqlite:///{tmp_path}/kitei.db")
    list(take_book(office, read_book(BOOK, office)))
    yield office
    office.close()


def outage(office: Office, hours: int = 50, cause: str = "operator") -> None:
    """An outage of a site in June, from the 1st, of so many hours."""
    body = {
        "id": "o1",
        "contract": SITE,
        "known_at": "2026-06-01T00:00:00+09:00",
        "restored_at": f"2026-06-{1 + hours // 24:02}T{hours % 24:02}:00:00+09:00",
        "total": True,
        "cause": cause,
    }
    office.state([(f"contract:{SITE}", Fact("outage.found", body, date(2026, 6, 3)))], "controller")


def of_kind(office: Office, kind: str, until: date = date(2030, 1, 1)) -> list[Deadline]:
    return [each for each in due(office, until) if each.kind == kind]


def test_a_credit_nobody_claimed_lapses_on_the_day_its_claim_would_be_too_late(
    provider: Office, time: SetTime
) -> None:
    outage(provider)
    time.at = datetime(2026, 6, 10, 9, 0, tzinfo=JST)
    (claim,) = of_kind(provider, "claim")
    assert (claim.contract, claim.about, claim.loses) == (SITE, "o1", "right")
    asked = {"by": claim.customer, "contract": SITE}

    def claimed_on(day: date) -> Verdict:
        return provider.decide("claim-credit", asked, on=day).decision.outcome

    assert claimed_on(claim.on) is Verdict.ACCEPT
    assert claimed_on(date.fromordinal(claim.on.toordinal() + 1)) is Verdict.REFUSE
    provider.apply("claim-credit", asked)
    assert of_kind(provider, "claim") == []


def test_an_outage_that_earns_nothing_is_no_deadline(provider: Office, time: SetTime) -> None:
    outage(provider, hours=3)
    time.at = datetime(2026, 6, 10, 9, 0, tzinfo=JST)
    assert of_kind(provider, "claim") == []


def test_what_is_overdue_is_told_until_it_is_done(provider: Office, time: SetTime) -> None:
    provider.apply("cancel", {"by": "minato", "contract": SITE, "form": "prescribed"})
    back = of_kind(provider, "device-return")
    assert back and all(each.loses == "duty" for each in back)
    time.at = datetime(2026, 12, 1, 9, 0, tzinfo=JST)
    late = [each for each in due(provider, date(2026, 12, 1)) if each.kind == "device-return"]
    assert [each.key for each in late] == [each.key for each in back]
    serial = late[0].about
    provider.state([(f"contract:{SITE}", Fact("device.returned", {"serial": serial}, date(2026, 12, 1)))])
    assert serial not in [each.about for each in due(provider, date(2026, 12, 1))]


def quote(office: Office, last: str, fee: str = "option-monthly", first: str = "2026-04-01") -> None:
    body = {"fee": fee, "amount": 900, "first": first, "last": last, "scope": {"option": "cold-standby"}}
    office.state([("customer:minato", Fact("quote.recorded", body, date(2026, 4, 1)))])


def test_a_quote_runs_out_unless_another_goes_on_from_it(provider: Office) -> None:
    quote(provider, "2026-06-30")
    (found,) = [each for each in of_kind(provider, "quote") if "cold-standby" in each.about]
    assert (found.on, found.customer) == (date(2026, 6, 30), "minato")
    quote(provider, "2026-09-30", first="2026-07-01")
    (found,) = [each for each in of_kind(provider, "quote") if "cold-standby" in each.about]
    assert found.on == date(2026, 9, 30)


def test_what_waits_for_an_answer_is_told_with_who_asked(provider: Office, time: SetTime) -> None:
    outage(provider)
    time.at = datetime(2026, 6, 10, 9, 0, tzinfo=JST)
    body = {**provider.contract(SITE).outages[0], "cause": None}
    provider.state([(f"contract:{SITE}", Fact("outage.found", body, date(2026, 6, 3)))], "controller")
    asked = provider.apply("claim-credit", {"id": "Q-1", "by": "minato", "contract": SITE})
    assert asked.decision.verdict is Verdict.REFER
    time.at = datetime(2026, 6, 20, 9, 0, tzinfo=JST)
    (waiting,) = of_kind(provider, "referral")
    assert (waiting.about, waiting.customer, waiting.on) == ("Q-1", "minato", date(2026, 6, 10))
    assert waiting.cites
    provider.answer("Q-1", Verdict.REFUSE, by="operator", why="no")
    assert of_kind(provider, "referral") == []


def test_the_last_day_before_a_transition_is_told_with_its_provision(provider: Office) -> None:
    from dataclasses import replace

    old = replace(
        provider.contract(SITE),
        concluded_on=date(2009, 1, 1),
        body={"maintenance": "type-1", "device_type": "cisco"},
    )
    found = list(crossings(old, TERMS.editions[-1].transitions))
    assert found[0].on == date(2010, 1, 31)
    assert any("suppl:2010-02-01.3" in cite for cite in found[0].cites)
    assert "maintenance=type-2" in found[0].what.en


# -- reminders ---------------------------------------------------------------------------------------


def near(provider: Office, time: SetTime) -> Deadline:
    """A claim whose last day is within the fortnight."""
    outage(provider)
    time.at = datetime(2026, 8, 25, 9, 0, tzinfo=JST)
    (claim,) = of_kind(provider, "claim", date(2026, 9, 8))
    return claim


def sent(office: Office) -> list[Any]:
    return [e.fact.body for e in office.book.read("customer:minato") if e.fact.kind == "reminder.sent"]


def test_a_customer_is_told_once_and_it_is_on_record(provider: Office, time: SetTime, tmp_path: Path) -> None:
    claim = near(provider, time)
    outbox = Outbox(tmp_path / "outbox")
    assert [each.deadline.key for each in remind(provider, outbox)] == [claim.key]
    assert remind(provider, outbox) == ()
    (fact,) = sent(provider)
    assert (fact["kind"], fact["contract"], fact["on"]) == ("claim", SITE, claim.on.isoformat())
    (file,) = (tmp_path / "outbox").iterdir()
    letter = message_from_bytes(file.read_bytes(), policy=default)
    text = letter.get_content()
    assert str(claim.on) in letter["Subject"]
    for told in (SITE, "権利が失われます", "the right is lost"):
        assert told in text


def test_nobody_is_told_long_before(provider: Office, time: SetTime, tmp_path: Path) -> None:
    outage(provider)
    time.at = datetime(2026, 6, 10, 9, 0, tzinfo=JST)
    assert remind(provider, Outbox(tmp_path)) == ()
    days = Fact("operator.set", {"name": "reminder-days", "value": 120}, date(2026, 6, 1))
    provider.state([("operator", days)])
    assert len(remind(provider, Outbox(tmp_path))) == 1


def test_a_letter_that_did_not_go_out_is_sent_the_next_time(
    provider: Office, time: SetTime, tmp_path: Path
) -> None:
    near(provider, time)
    (failed,) = remind(provider, Outbox(Path("/proc/nowhere")))
    assert failed.failed and "/proc/nowhere" in failed.failed.en and sent(provider) == []
    (again,) = remind(provider, Outbox(tmp_path))
    assert again.failed is None and len(sent(provider)) == 1


def test_mail_goes_to_the_address_that_is_known(provider: Office, time: SetTime) -> None:
    from dataclasses import replace

    near(provider, time)
    party = provider.shelf.party("minato")
    assert party is not None
    with mail_server() as box:
        post = post_of(f"smtp://127.0.0.1:{box.port}?from=desk@polaris.example", Path("unused"))
        (without,) = remind(provider, post)
        assert without.failed and "more.email" in without.failed.en and box.letters == []
        with provider.book.writing() as transaction:
            more = {"email": "it@minato.example", "language": "ja"}
            provider.shelf.put_party(replace(party, more=more), within=transaction)
        box.refuses = {"it@minato.example"}
        (refused,) = remind(provider, post)
        assert refused.failed and sent(provider) == []
        box.refuses = set()
        (told,) = remind(provider, post)
        assert told.failed is None
        (letter,) = box.letters
    assert letter["To"] and "it@minato.example" in letter["To"] and letter["From"] == "desk@polaris.example"
    assert "権利が失われます" in letter.get_content() and "the right is lost" not in letter.get_content()


def test_a_server_that_is_not_there_is_told_and_nothing_recorded(provider: Office, time: SetTime) -> None:
    from dataclasses import replace

    near(provider, time)
    party = provider.shelf.party("minato")
    assert party is not None
    with provider.book.writing() as transaction:
        provider.shelf.put_party(replace(party, more={"email": "it@minato.example"}), within=transaction)
    (failed,) = remind(provider, Smtp("127.0.0.1", 1, "desk@polaris.example"))
    assert failed.failed and "127.0.0.1:1" in failed.failed.en and sent(provider) == []


@pytest.mark.parametrize("url", ["smtp://host", "ftp://host/x", "outbox:", "smtp:///?from=a@b"])
def test_what_is_no_post_says_what_would_be(url: str) -> None:
    with pytest.raises(Undelivered, match="outbox:///folder"):
        post_of(url, Path("unused"))
