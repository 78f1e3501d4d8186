"""Gateways of GIO Remote Access at the command line: what is handed over, who was refused and why, how full they are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from called import Cli

from kitei.office import Office
from kitei.store import visits
from kitei.store.engine import writing
from kitei.store.logins import LoginRow, SessionRow, keep_logins, prepare, put_session
from kitei.store.visits import VisitRow

BOOK = """
service = "gio-remote-access"
[[remote_gateway]]
node = "ra-acme"
customer = "acme"
outside = ["192.0.2.1"]
name = "acme.vpn.example.jp"
inside = "lan0"
pools = ["10.255.0.0/24"]
[[apply]]
id = "G-1"
by = "acme"
[[apply.services]]
kind = "gateway"
item = "type-a"
sessions = 2
hosts = [{ host = "10.1.1.10" }]
[[apply.services]]
kind = "network"
"""
CONTRACT = "acme-gateway-1"


@pytest.fixture
def opened(cli: Cli, tmp_path: Path) -> Cli:
    book = tmp_path / "book.toml"
    book.write_text(BOOK)
    assert cli.run("apply", str(book)).returncode == 0
    return cli


def test_what_is_lacking_is_told_with_its_provision(opened: Cli) -> None:
    told = opened.answer(["remote", "unserved"])
    assert [(each["contract"], each["provision"]) for each in told] == [(CONTRACT, "art:1.1.t1")] * 2


def test_papers_that_are_none_are_refused_and_so_is_a_name_that_nothing_has(opened: Cli) -> None:
    assert opened.run("remote", "papers", "ra-acme", given="garbage").returncode != 0
    done = opened.run("remote", "papers", "ra-other", given="garbage")
    assert done.returncode != 0 and "ra-acme" in done.stderr


def test_users_come_from_a_file_and_go_out_without_secrets(opened: Cli, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("name,password\nann,ann password\nbob,short\n")
    done = opened.run("remote", "users", CONTRACT, str(file))
    assert done.returncode != 0 and f"{file}:3: password" in done.stderr
    file.write_text("name,password\nann,ann password\n")
    assert opened.answer(["remote", "users", CONTRACT, str(file)]) == {"changed": 1, "users": 1}
    text = opened.run("remote", "users", CONTRACT, "--export").stdout
    assert "ann" in text and "ann password" not in text
    assert opened.run("remote", "users", "acme-network-1", "--export").returncode != 0


def test_a_refusal_says_why_and_a_full_gateway_what_to_propose(opened: Cli) -> None:
    assert opened.run("remote", "usage", CONTRACT, "--propose").returncode != 0, "nothing is near"
    now = datetime.now(UTC)
    office = Office.open(opened.home)
    prepare(office.book.engine)
    with writing(office.book.engine) as connection:
        reason = LoginRow(now, "ra-acme", CONTRACT, CONTRACT, "192.0.2.1", "bob", "", "too-many-sessions")
        keep_logins(connection, [reason])
        for name in ("1", "2"):
            since = now - timedelta(minutes=1)
            row = SessionRow("192.0.2.1", name, CONTRACT, "ann", "", "10.255.0.2", since, now, None, 10, 20)
            put_session(connection, row)
    office.close()
    assert opened.answer(["remote", "why", CONTRACT, "bob"])["logins"][0]["reason"] == "too-many-sessions"
    assert len(opened.answer(["remote", "sessions", CONTRACT, "--open"])) == 2
    told = opened.answer(["remote", "usage", CONTRACT])
    assert (told["agreed"], told["peaks"][-1]["sessions"], told["proposes"]) == (2, 2, 12)
    assert opened.answer(["remote", "usage", CONTRACT, "--propose"])["recorded"] is True
    office = Office.open(opened.home)
    assert [each["to"] for each in office.contract(CONTRACT).body["proposals"]] == [12]
    office.close()


def test_a_pattern_comes_by_standard_input_with_the_option_and_not_a_weak_one(
    opened: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "users.csv"
    file.write_text("name,password\nann,ann password\nbob,bob password\n")
    assert opened.run("remote", "users", CONTRACT, str(file)).returncode == 0
    right, words = "A1 C2 L4 F3 B2 K1", ("remote", "matrix", CONTRACT, "ann")
    assert opened.run(*words, given=right).returncode != 0, "without the option"
    office = Office.open(opened.home)
    asked = {"by": "acme", "contract": CONTRACT, "option": "matrix-authentication"}
    office.apply("add-option", asked, service="gio-remote-access")
    office.close()
    for weak in ("A1 B1 C1 D1 E1 F1", "A1", ""):
        assert opened.run(*words, given=weak).returncode != 0
    assert opened.run(*words, given=right).returncode == 0
    told = {each["provision"]: each["why"] for each in opened.answer(["remote", "unserved"])}
    assert "1 users" in told["art:9.2.3.a2"] or "1 人" in told["art:9.2.3.a2"]
    file.write_text("name,password\nann,another password\n")
    assert opened.run("remote", "users", CONTRACT, str(file)).returncode == 0
    assert opened.answer(["remote", "unserved"])[-1]["why"] == told["art:9.2.3.a2"], (
        "a password changes no pattern"
    )


def test_who_visited_what_by_browser_and_why_not(cli: Cli, tmp_path: Path) -> None:
    book = tmp_path / "book.toml"
    accounts = 'accounts = 2\nbrowser = "Soliton"\nbrowser_terms_accepted = true'
    book.write_text(BOOK.replace("type-a", "type-b").replace("sessions = 2", accounts))
    assert cli.run("apply", str(book)).returncode == 0
    file = tmp_path / "users.csv"
    rows = "".join(f"{name},{name} password\n" for name in ("ann", "bob", "cho"))
    file.write_text(f"name,password\n{rows}")
    done = cli.run("remote", "users", CONTRACT, str(file))
    assert done.returncode != 0 and "art:8.1.2" in done.stderr, done
    file.write_text(f"name,password\n{rows.partition('cho')[0]}")
    assert cli.answer(["remote", "users", CONTRACT, str(file)]) == {"changed": 2, "users": 2}
    told = cli.answer(["remote", "usage", CONTRACT])
    assert (told["agreed"], told["accounts"], told["proposes"]) == (2, 2, 12)
    now = datetime.now(UTC)
    office = Office.open(cli.home)
    with writing(office.book.engine) as connection:
        where = (now, "ra-acme", CONTRACT, "ann", "198.51.100.7")
        reached = VisitRow(*where, "10.1.1.10", "443", "", 3, 400, 5000)
        refused = VisitRow(*where, "10.9.9.9", "80", "not-designated", 1, 100, 0)
        visits.keep(connection, [reached, refused])
    office.close()
    assert [each["host"] for each in cli.answer(["remote", "visits", CONTRACT])] == ["10.9.9.9", "10.1.1.10"]
    assert [each["why"] for each in cli.answer(["remote", "visits", CONTRACT, "--refused"])] == [
        "not-designated"
    ]
    assert cli.answer(["remote", "visits", CONTRACT, "--user", "bob"]) == []
    assert [each["host"] for each in cli.answer(["remote", "why", CONTRACT, "ann"])["hosts"]] == ["10.9.9.9"]
    text = cli.run("remote", "visits", CONTRACT).stdout
    assert "not a host that was designated" in text and "198.51.100.7" in text
