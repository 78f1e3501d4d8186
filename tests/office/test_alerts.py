"""An attack is told once, in one line, to whom it concerns; nothing is lost by a crash, a dead server or a storm."""

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from time import monotonic, sleep

import pytest
from floods import BEGAN, contract, detected, fact, ordered, over, party, released, say
from mailserver import mail_server
from webhooks import hook

from kitei.office import Office
from kitei.office import bell as ringing
from kitei.office.bell import Bell, webhook_secret
from kitei.office.delivery import PATIENCE, Secret, deliver, signature, wait_after
from kitei.office.floods.alerting import take_alerts
from kitei.office.hearing import Hearing
from kitei.office.post import Letter, Post, Smtp, Undelivered
from kitei.office.post import Outbox as Folder
from kitei.store.outbox import Outbox
from kitei.values import JST, Words


class SetTime:
    def __init__(self) -> None:
        self.at = BEGAN

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def office(tmp_path: Path, time: SetTime, url: str) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", time, url)
    contract(opened, "x1", "type-x")
    contract(opened, "d1", "type-d", "beta", "198.51.100.0/24")
    yield opened
    opened.close()


class Kept:
    """A post that keeps letters; a stand-in for where the way they go is not what is tested."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.fails = 0

    def send(self, letter: Letter) -> None:
        if self.fails:
            self.fails -= 1
            raise Undelivered(Words("閉", "closed"))
        self.letters.append(letter)


def secret(_: str) -> str:
    return "whsec_" + base64.b64encode(b"k" * 32).decode()


def ring(office: Office, outbox: Outbox, post: Post, key: Secret) -> None:
    """Take in and send; where something came in, also what waits a moment for an order that may follow."""
    taken, _ = ringing.ring(office, outbox, post, key)
    if taken:
        assert isinstance(office.clock, SetTime)
        office.clock.at += timedelta(seconds=1)
        ringing.ring(office, outbox, post, key)


def lines(post: Kept) -> list[str]:
    return [each.text.splitlines()[0] for each in post.letters]


def test_an_attack_is_told_in_one_line_with_what_is_done_and_again_when_it_is_over(
    office: Office, time: SetTime
) -> None:
    party(office, alerts="noc@example.jp", language="en")
    outbox, post = Outbox(office.book.engine), Kept()
    say(office, detected(), ordered())
    ring(office, outbox, post, secret)
    end = BEGAN + timedelta(minutes=3, seconds=5)
    say(office, released(at=end), over(at=end))
    ring(office, outbox, post, secret)
    assert lines(post) == [
        "Attack on 203.0.113.5: SYN flood at 120 kpps (threshold 5 kpps); action: divert and scrub",
        "Attack over on 203.0.113.5: SYN flood, lasted 3 min 7 s; action: divert and scrub",
    ]
    assert [each.address for each in post.letters] == ["noc@example.jp"] * 2
    ring(office, outbox, post, secret)
    assert len(post.letters) == 2


def test_both_languages_where_none_is_chosen(office: Office) -> None:
    party(office, email="noc@example.jp")
    outbox, post = Outbox(office.book.engine), Kept()
    say(office, detected())
    ring(office, outbox, post, secret)
    (letter,) = post.letters
    assert "攻撃を検知: 203.0.113.5 SYN フラッド 120 kpps(しきい値 5 kpps) 対応: 観察" in letter.text
    assert letter.subject.endswith("action: observing")


def test_a_type_d_is_told_that_nothing_is_done_and_why(office: Office) -> None:
    party(office, "beta", email="b@example.jp", language="en")
    outbox, post = Outbox(office.book.engine), Kept()
    say(office, detected(policy="d1", target="198.51.100.9/32"), contract="d1")
    ring(office, outbox, post, secret)
    assert lines(post) == [
        "Attack on 198.51.100.9: SYN flood at 120 kpps (threshold 5 kpps);"
        " action: told only (the item has no mitigation)"
    ]


def test_what_is_done_only_later_is_told_once_more_and_no_more(office: Office) -> None:
    party(office, email="a@example.jp", language="en")
    outbox, post = Outbox(office.book.engine), Kept()
    for facts in (
        [detected()],
        [ordered(step="rate-limit")],
        [ordered(step="divert")],
        [ordered(step="filter")],
    ):
        say(office, *facts)
        ring(office, outbox, post, secret)
    assert [each.split(":")[0] for each in lines(post)] == [
        "Attack on 203.0.113.5",
        "Mitigating the attack on 203.0.113.5",
    ]


def test_each_step_of_an_incident_is_told_and_what_was_noted_with_it_is_not(office: Office) -> None:
    party(office, email="a@example.jp", language="en")
    outbox, post = Outbox(office.book.engine), Kept()
    say(office, detected())
    ring(office, outbox, post, secret)
    for step in ("call customer", "open bridge"):
        say(
            office,
            fact("incident.noted", "t1", BEGAN, step=step, note="spoke to Sato", notified=[], by="operator"),
        )
        ring(office, outbox, post, secret)
    assert lines(post)[1:] == [
        "Incident on 203.0.113.5: SYN flood; step taken: call customer",
        "Incident on 203.0.113.5: SYN flood; step taken: open bridge",
    ]
    assert all("Sato" not in each.text for each in post.letters)


def test_an_order_that_follows_within_a_moment_is_told_in_the_same_line(
    office: Office, time: SetTime
) -> None:
    party(office, email="a@example.jp", language="en")
    outbox, post = Outbox(office.book.engine), Kept()
    say(office, detected())
    ringing.ring(office, outbox, post, secret)
    assert post.letters == []
    time.at += timedelta(milliseconds=300)
    say(office, ordered(step="divert"))
    ringing.ring(office, outbox, post, secret)
    time.at += timedelta(milliseconds=700)
    ringing.ring(office, outbox, post, secret)
    assert [each.split("; ")[1] for each in lines(post)] == ["action: divert and scrub"]


def test_a_dry_run_is_told_to_the_operator_alone(office: Office) -> None:
    party(office, email="a@example.jp")
    party(office, "operator", email="ops@example.jp", language="en")
    outbox, post = Outbox(office.book.engine), Kept()
    say(office, detected(dry_run=True))
    ring(office, outbox, post, secret)
    assert [each.address for each in post.letters] == ["ops@example.jp"]
    assert lines(post)[0].endswith("action: nothing, it is a dry run")


def test_a_storm_of_attacks_is_five_messages_and_one_that_counts(office: Office, time: SetTime) -> None:
    party(office, email="a@example.jp", language="en")
    outbox, post = Outbox(office.book.engine), Kept()
    for n in range(200):
        say(office, detected(f"t{n}", target=f"203.0.113.{n}"))
        if n % 50 == 0:
            ring(office, outbox, post, secret)
    ring(office, outbox, post, secret)
    time.at += timedelta(seconds=61)
    ring(office, outbox, post, secret)
    assert len(post.letters) == 6
    assert post.letters[-1].subject == "195 more messages of attacks"
    assert post.letters[-1].text.splitlines()[-1] == "+ 145"
    time.at += timedelta(minutes=6)
    say(office, detected("later", at=time.at))
    ring(office, outbox, post, secret)
    assert len(post.letters) == 7 and lines(post)[-1].startswith("Attack on")


def test_a_place_that_takes_nothing_holds_up_no_other_and_is_tried_ever_more_rarely(
    office: Office, time: SetTime
) -> None:
    with hook() as good, hook() as bad:
        bad.answers = [500] * 4
        party(office, alerts=f"{bad.url} {good.url}")
        outbox = Outbox(office.book.engine)
        say(office, detected())
        say(office, over(at=BEGAN + timedelta(seconds=60)))
        ring(office, outbox, Kept(), secret)
        assert [len(each.taken) for each in (good, bad)] == [2, 1]  # the end waits behind its beginning
        ring(office, outbox, Kept(), secret)
        assert len(bad.taken) == 1  # not before its time
        for wait in (1, 2, 4, 8):
            time.at += timedelta(seconds=wait)
            ring(office, outbox, Kept(), secret)
        assert [json.loads(body)["event"] for _, body in bad.taken] == ["attack.detected"] * 5 + [
            "attack.over"
        ]
        ids = [head["webhook-id"] for head, _ in bad.taken]
        assert len(set(ids[:5])) == 1 and ids[5] != ids[0]
    assert [wait_after(n).total_seconds() for n in (1, 2, 6, 7, 10**6)] == [1, 2, 32, 60, 60]


def test_an_operator_is_told_of_those_who_take_nothing(office: Office, time: SetTime) -> None:
    party(office, email="a@example.jp")
    outbox, post = Outbox(office.book.engine), Kept()
    post.fails = 3
    say(office, detected())
    ring(office, outbox, post, secret)
    alarms = Hearing.of(office).alarms
    assert alarms() == ()  # it may be taken yet
    time.at += timedelta(minutes=10)
    ring(office, outbox, post, secret)
    (alarm,) = alarms()
    assert alarm.words.en == "acme: not told since 2026-06-10 06:01 (closed)"
    time.at += PATIENCE
    assert deliver(outbox, post, secret, time).given_up == 1
    assert len(alarms()) == 1  # for a day
    time.at += timedelta(days=1, seconds=1)
    assert alarms() == ()


def test_a_message_is_given_up_after_three_days_and_those_behind_it_go_on(
    office: Office, time: SetTime
) -> None:
    party(office, email="a@example.jp")
    outbox, post = Outbox(office.book.engine), Kept()
    post.fails = 2
    say(office, detected(), over(at=BEGAN + timedelta(seconds=60)))
    ring(office, outbox, post, secret)
    time.at += PATIENCE
    assert deliver(outbox, post, secret, time).given_up == 1
    # the second was made then too, so a refusal would end it as well; it was taken
    assert len(post.letters) == 1 and outbox.waiting() == ()
    assert [(each.failed, each.given_up_at is not None) for each in outbox.last(2)] == [
        ("closed", True),
        ("", False),
    ]


def test_a_webhook_is_signed_so_that_its_receiver_can_prove_who_sent_what_when(office: Office) -> None:
    with hook() as there:
        party(office, alerts=there.url)
        say(office, detected(), ordered())
        ring(office, Outbox(office.book.engine), Kept(), webhook_secret(office))
        ((head, body),) = there.taken
    key = base64.b64decode(webhook_secret(office)("acme").removeprefix("whsec_"))
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    assert (
        head["webhook-signature"]
        == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    )
    told = json.loads(body)
    assert (told["attack"], told["target"], told["steps"]) == ("t1", "203.0.113.5", ["divert"])
    assert told["text"]["en"].startswith("Attack on 203.0.113.5")
    assert b"s3cret" not in body


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's own libraries."""
    payload = b'{"test": 2432232314}'
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    found = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", payload, key)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("answer", [302, 401, 500])
def test_only_an_answer_of_success_is_taking_it_and_no_redirect_is_followed(
    office: Office, answer: int
) -> None:
    with hook() as there:
        there.answers = [answer]
        party(office, alerts=there.url)
        outbox = Outbox(office.book.engine)
        say(office, detected())
        ring(office, outbox, Kept(), secret)
        (waiting,) = outbox.waiting()
        assert waiting.failed.startswith(f"http://127.0.0.1:{there.port}/… answered {answer}")
        assert len(there.taken) == 1


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/x",
        "https://127.0.0.1:1/",
        "http://[::1/",
        "http:///x",
        "http://a\nb/",
        "http://h/\r\nX: y",
    ],
)
def test_a_url_that_leads_nowhere_is_said_and_breaks_nothing(office: Office, place: str) -> None:
    party(office, alerts=[place, "ops@example.jp"])
    outbox, post = Outbox(office.book.engine), Kept()
    say(office, detected())
    ring(office, outbox, post, secret)
    assert len(post.letters) == 1
    assert outbox.waiting()[0].failed


def test_alerts_go_through_a_mail_server_as_one_line_subjects(office: Office) -> None:
    with mail_server() as box:
        party(office, email="noc@example.jp")
        say(office, detected(policy="x1\r\nBcc: all@example.jp", target="203.0.113.5\nX-Evil: 1"))
        outbox = Outbox(office.book.engine)
        ring(office, outbox, Smtp("127.0.0.1", box.port, "kitei@example.jp"), secret)
        (letter,) = box.letters
    assert letter["Bcc"] is None and letter["X-Evil"] is None
    assert letter["Message-ID"] == f"<{outbox.last(1)[0].id}@kitei>"
    assert "SYN flood" in str(letter["Subject"])


def test_a_mail_server_of_others_takes_an_alert_as_it_was_written(office: Office, tmp_path: Path) -> None:
    """aiosmtpd, of Debian: a server that reads SMTP and MIME by itself, and keeps letters in a maildir."""
    python, box = "/usr/bin/python3", tmp_path / "box"
    if subprocess.run([python, "-c", "import aiosmtpd"], capture_output=True).returncode:
        pytest.skip("python3-aiosmtpd is not installed here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        python,
        "-m",
        "aiosmtpd",
        "-n",
        "-l",
        f"127.0.0.1:{port}",
        "-c",
        "aiosmtpd.handlers.Mailbox",
        str(box),
    ]
    party(office, email="noc@example.jp")
    say(office, detected(), ordered())
    outbox, post = Outbox(office.book.engine), Smtp("127.0.0.1", port, "kitei@example.jp")
    ring(office, outbox, post, secret)  # nobody listens yet
    assert "Connection refused" in outbox.waiting()[0].failed
    with subprocess.Popen(command, cwd=tmp_path) as server:
        try:
            until = monotonic() + 60
            while outbox.waiting() and monotonic() < until:
                assert isinstance(office.clock, SetTime)
                office.clock.at += timedelta(seconds=300)
                ring(office, outbox, post, secret)
                sleep(0.1)
        finally:
            server.terminate()
    (kept,) = (box / "new").iterdir()
    letter = message_from_bytes(kept.read_bytes(), policy=default)
    assert letter["Subject"] == outbox.last(1)[0].body["subject"]
    body = letter.get_body()
    assert body is not None and "攻撃を検知: 203.0.113.5" in body.get_content()


def test_an_address_that_is_none_is_said_and_others_are_told(office: Office, tmp_path: Path) -> None:
    with mail_server() as box:
        party(office, alerts=["not an address", "a@b@c", "x\r\ny@example.jp", "noc@example.jp"])
        say(office, detected())
        outbox = Outbox(office.book.engine)
        ring(office, outbox, Smtp("127.0.0.1", box.port, "kitei@example.jp"), secret)
        assert [str(each["To"]) for each in box.letters] == ["noc@example.jp"]
        assert all("address" in each.failed for each in outbox.waiting()) and len(outbox.waiting()) == 3


def test_a_full_outbox_leaves_what_it_cannot_take_in_the_ledger(
    office: Office, time: SetTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kitei.store.outbox.MOST", 1)
    party(office, email="a@example.jp", language="en")
    outbox, post = Outbox(office.book.engine), Kept()
    say(office, detected("t1"))
    assert take_alerts(office, outbox) == 1
    say(office, detected("t2"))
    assert take_alerts(office, outbox) == 0
    time.at += timedelta(seconds=1)
    ring(office, outbox, post, secret)
    ring(office, outbox, post, secret)
    assert len(post.letters) == 2


def test_a_struck_attack_is_not_told(office: Office) -> None:
    from kitei.ledger import strike

    party(office, email="a@example.jp")
    say(office, detected())
    (entry,) = (each for each in office.book.read("contract:x1") if each.fact.kind == "attack.detected")
    office.state([("contract:x1", strike(entry, "a test of the alarm"))])
    post = Kept()
    ring(office, Outbox(office.book.engine), post, secret)
    assert post.letters == []


CRASH = """
import os, sys
from datetime import datetime
from pathlib import Path
from kitei.office import Office
from kitei.office.floods.alerting import take_alerts
from kitei.office.delivery import deliver
from kitei.office.post import Outbox as Folder
from kitei.store.outbox import Outbox
where, home, url, at = sys.argv[1:]
clock = lambda: datetime.fromisoformat(at)
office = Office.open(Path(home), clock, url)
outbox = Outbox(office.book.engine)
if where == "taking":
    outbox.move = lambda *_, **__: os._exit(9)
    take_alerts(office, outbox)
take_alerts(office, outbox)
if where == "taken":
    os._exit(9)
if where == "sent":
    outbox.sent = lambda *_: os._exit(9)
deliver(outbox, Folder(Path(home) / "outbox"), lambda _: "", clock)
"""


@pytest.mark.parametrize(("where", "already"), [("taking", 0), ("taken", 0), ("sent", 1)])
def test_a_crash_anywhere_loses_no_alert_and_what_comes_twice_has_one_id(
    office: Office, tmp_path: Path, where: str, already: int, url: str
) -> None:
    """At least once: a crash between sending and noting it sends again, by the same id."""
    party(office, email="a@example.jp")
    say(office, detected(), ordered())
    home = tmp_path / "home"
    command = [sys.executable, "-c", CRASH, where, str(home), url, BEGAN.isoformat()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 9, done.stderr
    before = [each.name for each in (home / "outbox").glob("*.eml")]
    assert len(before) == already
    sent, post = Kept(), Folder(home / "outbox")
    outbox = Outbox(office.book.engine)
    ring(office, outbox, post, secret)
    after = [each.name for each in (home / "outbox").glob("*.eml")]
    assert len(after) == 1 and before in ([], after)
    ring(office, outbox, sent, secret)
    assert sent.letters == [] and outbox.waiting() == ()


def test_the_bell_tells_of_what_is_recorded_while_it_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with hook() as there:
        office = Office.open(home, lambda: datetime.now(JST), f"sqlite:///{home.absolute()}/kitei.db")
        contract(office, "x1", "type-x")
        party(office, alerts=there.url)
        bell = Bell(home)
        bell.start()
        try:
            say(office, detected(at=datetime.now(JST)))
            until = monotonic() + 30
            while not there.taken and monotonic() < until:
                sleep(0.05)
        finally:
            bell.close()
            office.close()
        assert len(there.taken) == 1
