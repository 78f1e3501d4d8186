"""What operators and customers see of logins, and the page on which users change their own password."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from called import ROOT, Cli
from test_radius_command import BOOK

from kitei.clock import wall_clock
from kitei.network.events import Batch, Event
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import Logins
from kitei.office.takers import TAKERS
from kitei.office.telling import Telling
from kitei.watch import Observation


@pytest.fixture
def opened(cli: Cli, tmp_path: Path) -> Cli:
    (tmp_path / "book.toml").write_text(BOOK)
    cli.home.mkdir()
    office = Office.open(cli.home)
    list(take_book(office, read_book(tmp_path / "book.toml", office)))
    logins = Logins.of(office)
    logins.put_secret("acme-client-1", "a shared secret")
    logins.import_users("acme-group-1", "name,password\nalice,correct horse\nbob,battery staple\n")
    Publishing.of(office).apply_plan()
    now = wall_clock()
    rows = [
        [now.timestamp(), "192.0.2.10", "bob@acme.example", "", "wrong-secret"],
        [now.timestamp(), "192.0.2.10", "\x1b[2Jevil@acme.example", "", "no-such-user"],
    ]
    place = ["192.0.2.10", "Start", "s-1", "acme.example", "alice", "4", "203.0.113.7", 100, 20, 0]
    bodies = {
        "logins.answered": {"rows": json.dumps(rows)},
        "sessions.heard": {"rows": json.dumps([[now.timestamp(), *place]])},
        "clients.unsigned": {"counts": json.dumps({"192.0.2.10": 3})},
    }
    events = tuple(Event(n, now, kind, body) for n, (kind, body) in enumerate(bodies.items(), 1))
    Telling.of(office, TAKERS).take("radius-1", Batch("logins", "ab" * 8, events))
    office.close()
    return cli


def test_logins_sessions_usage_and_unsigned_clients_are_shown(opened: Cli) -> None:
    (login,) = opened.answer(["radius", "log", "acme-group-1", "--refused", "--user", "bob"])
    assert (login["client"], login["reason"]) == ("192.0.2.10", "wrong-secret")
    assert "\x1b[2J" not in opened.run("radius", "log", "acme-group-1").stdout, "a name steers no terminal"
    assert opened.answer(["radius", "log", "acme-group-1", "--since", "2999-01-01T00:00"]) == []
    (session,) = opened.answer(["radius", "sessions", "acme-group-1", "--open"])
    assert (session["user"], session["received"], session["ended"]) == ("alice", 100, None)
    month = f"{wall_clock():%Y-%m}"
    used = opened.answer(["radius", "usage", "acme-group-1", month])
    assert used["users"] == [{"user": "alice", "sessions": 1, "received": 100, "sent": 20}]
    (client,) = opened.answer(["radius", "compliance"])
    assert (client["contract"], client["customer"], client["answered"]) == ("acme-client-1", "acme", False)


def test_why_speaks_both_languages_and_names_provision_and_entry(opened: Cli) -> None:
    told = opened.answer(["radius", "why", "acme-group-1", "bob"])["reason"]
    assert (told["ja"], told["en"]) == ("パスワードが違います", "the password is wrong")
    assert told["provisions"] == ["auth-outsource@2019-12-01#art:5.6.6"]
    assert "contract.amended" in told["entry"]
    shown = opened.run("radius", "why", "acme-group-1", "bob", lang="ja").stdout
    assert "パスワードが違います / the password is wrong" in shown and "台帳" in shown
    assert "arrived" in opened.run("radius", "why", "acme-group-1", "nobody").stdout


@pytest.mark.parametrize("command", ["log", "sessions", "why", "usage"])
def test_a_customer_sees_nothing_of_anothers_contract(opened: Cli, command: str) -> None:
    more = {"why": ["bob"], "usage": ["2026-04"]}.get(command, [])
    assert opened.run("radius", command, "acme-group-1", *more, "--as", "acme").returncode == 0
    other = opened.run("radius", command, "acme-group-1", *more, "--as", "bolt")
    assert other.returncode == 1 and "no contract acme-group-1" in other.stderr and not other.stdout


@pytest.mark.parametrize(
    "words", [("usage", "acme-group-1", "april"), ("log", "acme-group-1", "--since", "x")]
)
def test_what_is_no_month_or_time_is_said_so(opened: Cli, words: tuple[str, ...]) -> None:
    assert opened.run("radius", *words).returncode == 2


@pytest.fixture
def portal(opened: Cli) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        place: tuple[str, int] = free.getsockname()
    env = {"KITEI_HOME": str(opened.home), "PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"}
    argv = [sys.executable, "-m", "kitei.cli", "radius", "portal", "--listen", f"{place[0]}:{place[1]}"]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as ran:
        try:
            yield place
        finally:
            ran.terminate()
            said = ran.stdout.read() if ran.stdout else ""
            assert "horse" not in said


def ask(place: tuple[str, int], method: str, path: str, body: str = "", kind: str = "") -> tuple[int, str]:
    until = time.monotonic() + 20
    while True:
        line = http.client.HTTPConnection(*place, timeout=20)
        try:
            line.request(method, path, body.encode(), {"Content-Type": kind, "Accept-Language": "ja"})
            answer = line.getresponse()
            assert answer.status == 303 or "no-store" in (answer.getheader("Cache-Control") or "no-store")
            return answer.status, answer.read().decode()
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.1)
        finally:
            line.close()


def test_a_user_changes_the_own_password_on_the_page_and_by_the_interface(
    opened: Cli, portal: tuple[str, int]
) -> None:
    assert ask(portal, "GET", "/")[0] == 303
    for language, title in (("ja", "パスワードの変更"), ("en", "Change your password")):
        status, page = ask(portal, "GET", f"/{language}")
        assert status == 200 and title in page and 'type="password"' in page
    assert ask(portal, "GET", "/fr")[0] == 404

    def post(**told: str) -> tuple[int, str]:
        return ask(portal, "POST", "/ja", urlencode(told), "application/x-www-form-urlencoded")

    name, new = "alice@acme.example", "a better horse"
    assert post(name=name, old="correct horse", new=new, again="another")[0] == 422
    status, page = post(name='"><script>', old="wrong", new=new, again=new)
    assert status == 403 and "<script>" not in page and "利用者名か現在のパスワードが違います" in page
    status, page = post(name=name, old="correct horse", new=new, again=new)
    assert status == 200 and "変更しました" in page and "horse" not in page
    told = {"name": name, "old": new, "new": "the best horse"}
    assert ask(portal, "POST", "/v1/password", json.dumps(told), "application/json") == (204, "")
    status, problem = ask(portal, "POST", "/v1/password", json.dumps(told), "application/json")
    assert status == 403 and "違います" in json.loads(problem)["detail"]
    assert ask(portal, "POST", "/v1/password", "[]")[0] == 422
    assert ask(portal, "POST", "/v1/password", "x" * 5000)[0] == 413
    logged = opened.answer(["radius", "log", "acme-group-1", "--user", "alice"])
    assert [row["reason"] for row in logged] == [
        "password-change-refused",
        "password-changed",
        "password-changed",
    ]


def test_passwords_do_not_travel_in_clear(opened: Cli) -> None:
    ran = opened.run("radius", "portal", "--listen", "0.0.0.0:18091")
    assert ran.returncode == 2 and "--certificate" in ran.stderr


def test_outages_that_synthetic_logins_saw_are_recorded_and_told(opened: Cli) -> None:
    assert "No outage" in opened.run("outages").stdout
    office = Office.open(opened.home)
    now = wall_clock()
    for hours, up in ((9, True), (8, False), (7, True)):
        at = now - timedelta(hours=hours)
        office.shelf.observe([Observation(at, "radius-1", "acme-group-1@radius-1", "login", up, at)])
    office.close()
    (outage,) = opened.answer(["outages", "acme-group-1"])
    assert outage["total"] and outage["restored_at"] and outage["cause"] is None
    assert len(opened.answer(["outages"])) == 2, "its client's too"
    assert opened.run("outages", "nobody").returncode == 1
