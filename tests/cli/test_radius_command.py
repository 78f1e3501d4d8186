"""Shared secrets and users from the command line: into the vault, within the terms, and never shown again."""

import subprocess
from pathlib import Path

import pytest
from called import Cli

BOOK = """
service = "auth-outsource"

[[radius]]
node = "radius-1"
addresses = ["198.51.100.1"]

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "東京都", en = "Tokyo" }

[[apply]]
id = "opening"
by = "acme"
at = 2026-04-01T10:00:00+09:00
services = [
  { kind = "client", ip = "192.0.2.10" },
  { kind = "group", accounts = 2, realm = "acme.example" },
]
"""
SECRET = "a-secret-of-acme"


@pytest.fixture
def opened(cli: Cli, tmp_path: Path) -> Cli:
    book = tmp_path / "book.toml"
    book.write_text(BOOK)
    assert cli.run("apply", str(book)).returncode == 0
    return cli


def with_input(cli: Cli, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that reads a line; what is secret never stands among its words."""
    return cli.run(*words, given=text)


def test_a_secret_comes_by_standard_input_and_goes_into_a_sack(opened: Cli) -> None:
    done = with_input(opened, SECRET + "\n", "radius", "secret", "acme-client-1")
    assert (done.returncode, done.stdout.strip()) == (0, "client.acme-client-1@1")
    for command in (("ledger", "show"), ("contract", "acme-client-1"), ("plan",)):
        assert SECRET not in opened.run(*command).stdout
    kept = [
        path for path in opened.home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert kept == [], "it is nowhere to be read"


def test_a_secret_is_made_and_shown_once(opened: Cli) -> None:
    told = opened.answer(["radius", "secret", "acme-client-1", "--make"])
    assert told["sack"] == "client.acme-client-1@1" and len(told["secret"]) >= 24
    assert with_input(opened, "short\n", "radius", "secret", "acme-client-1").returncode == 2


def test_what_shares_no_secret_is_told_so(opened: Cli) -> None:
    done = with_input(opened, SECRET + "\n", "radius", "secret", "acme-group-1")
    assert done.returncode == 1 and "shares no secret" in done.stderr
    done = with_input(opened, SECRET + "\n", "radius", "secret", "nobody")
    assert done.returncode == 1 and "acme-client-1" in done.stderr


def test_papers_and_concentrators_are_put_away_where_something_needs_them(opened: Cli) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    done = with_input(opened, pem, "radius", "secret", "papers.radius-1")
    assert (done.returncode, done.stdout.strip()) == (0, "papers.radius-1@1")
    done = with_input(opened, SECRET, "radius", "secret", "concentrator.203.0.113.9")
    assert done.returncode == 1 and "papers.radius-1" in done.stderr


def test_users_come_by_csv_and_go_out_without_secrets(opened: Cli, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("name,password,state\nalice,correct horse,on\nbob,battery staple,off\n")
    assert opened.answer(["radius", "users", "acme-group-1", str(file)]) == {"changed": 2, "users": 2}
    assert opened.answer(["radius", "users", "acme-group-1", str(file)])["users"] == 2
    csv = opened.answer(["radius", "users", "acme-group-1", "--export"])["csv"]
    assert "alice" in csv and "horse" not in csv


def test_a_list_in_another_encoding_is_told_with_its_line(opened: Cli, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_bytes("name,password\nalice,correct horse\n山田,correct horse\n".encode("shift_jis"))
    done = opened.run("radius", "users", "acme-group-1", str(file))
    assert done.returncode == 1 and f"{file}:3" in done.stderr and "UTF-8" in done.stderr


def test_faults_of_a_file_are_told_by_line_and_no_more_users_than_accounts(
    opened: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "users.csv"
    file.write_text("name,password\nalice,correct horse\nbob,battery staple\ncarol,short\n")
    done = opened.run("radius", "users", "acme-group-1", str(file))
    assert done.returncode == 1 and f"{file}:4: password" in done.stderr
    assert opened.answer(["radius", "users", "acme-group-1", "--export"])["csv"].count("\n") == 1


def test_what_is_not_served_says_why_until_it_is(opened: Cli, tmp_path: Path) -> None:
    told = opened.answer(["radius", "unserved"])
    assert [(each["contract"], each["provision"]) for each in told] == [
        ("acme-client-1", "art:5.6.2"),
        ("acme-group-1", "art:5.6.6"),
    ]
    with_input(opened, SECRET + "\n", "radius", "secret", "acme-client-1")
    file = tmp_path / "users.csv"
    file.write_text("name,password\nalice,correct horse\n")
    opened.answer(["radius", "users", "acme-group-1", str(file)])
    assert opened.answer(["radius", "unserved"]) == []
    assert "radius-client:192.0.2.10" in opened.run("plan").stdout


def proxies(cli: Cli, tmp_path: Path) -> None:
    """Two customers whose realms go to one server, each with a secret of its own."""
    book = tmp_path / "proxies.toml"
    text = 'service = "auth-outsource"\n[[radius]]\nnode = "radius-1"\naddresses = ["198.51.100.1"]\n'
    for number, name in enumerate(("acme", "bolt"), 1):
        text += f"""
[[party]]
id = "{name}"
name = {{ ja = "{name}", en = "{name}" }}
address = {{ ja = "東京都", en = "Tokyo" }}
[[apply]]
id = "{name}"
by = "{name}"
at = 2026-04-01T10:00:00+09:00
services = [
  {{ kind = "client", ip = "192.0.2.{number}" }},
  {{ kind = "proxy", realm = "{name}.example", forward_to = ["203.0.113.5"] }},
]
"""
    book.write_text(text)
    assert cli.run("apply", str(book)).returncode == 0
    for name in ("acme", "bolt"):
        for contract in (f"{name}-client-1", f"{name}-proxy-1"):
            assert with_input(cli, f"secret of {name}\n", "radius", "secret", contract).returncode == 0


def test_two_contracts_that_name_one_server_with_two_secrets_are_told_by_name_and_why(
    cli: Cli, tmp_path: Path
) -> None:
    proxies(cli, tmp_path)
    for words in (("plan",), ("apply-plan",)):
        told = cli.answer([*words])["clashes"]
        assert [each["contract"] for each in told] == ["acme-proxy-1", "bolt-proxy-1"]
        assert {each["provision"] for each in told} == {"art:5.6.5"}
        assert "203.0.113.5 udp 1812" in told[0]["why"] and "bolt-proxy-1" in told[0]["why"]
    assert "acme-proxy-1" in cli.run("plan", "--lang", "en").stdout
    lacking = cli.answer(["radius", "unserved"])
    assert {each["contract"] for each in lacking} == {"acme-proxy-1", "bolt-proxy-1"}
    why = cli.run("radius", "why", "bolt-proxy-1", "carol").stdout
    assert "203.0.113.5" in why and "acme-proxy-1" in why
    done = with_input(cli, "secret of acme\n", "radius", "secret", "bolt-proxy-1")
    assert done.returncode == 0, done.stderr
    assert cli.answer(["apply-plan"])["clashes"] == [] == cli.answer(["radius", "unserved"])


def test_what_was_decided_is_told_though_the_next_of_a_book_cannot_be(cli: Cli, tmp_path: Path) -> None:
    book = tmp_path / "book.toml"
    refused = BOOK.replace('"192.0.2.10"', '"2001:db8::10"')  # nobody has designated IPv6
    start = """
[[start-billing]]
id = "bill"
by = "operator"
at = 2026-04-01T12:00:00+09:00
contract = "acme-group-1"
billing_start = 2026-04-01
"""
    book.write_text(refused + start)
    done = cli.run("apply", str(book))
    assert done.returncode == 1 and "acme-group-1" in done.stderr
    assert "refused" in done.stdout and "2001:db8::10" in done.stdout
