"""Web gateways at the command line: the policy, a list, a password; what a request would get; what was refused."""

import json
import subprocess
from pathlib import Path

import pytest
from called import Cli

from kitei.clock import wall_clock
from kitei.network import WebList, WebPolicy
from kitei.network.codec import orders_of
from kitei.network.events import Batch, Event
from kitei.office.dispatch import Dispatch
from kitei.proxy.signin import SignIn

BOOK = """
service = "secure-access"
[[gateway]]
node = "gw-acme"
customer = "acme"
outside = "wan0"
shared = ["203.0.113.100"]
inside = "lan0"
inside_prefixes = ["10.1.0.0/16"]
[[apply]]
id = "S-1"
by = "acme"
[[apply.services]]
kind = "web-gateway"
accounts = 50
"""
POLICY = """
default = "allow"
inspect = true
sign-in = true
[[rule]]
id = "r-games"
action = "block"
categories = ["games"]
groups = ["sales"]
reason = { ja = "業務外です", en = "not for work" }
[[rule]]
id = "r-toys"
action = "block"
urls = ["shop.example/toys/"]
"""
GATEWAY = "acme-web-gateway-1"


@pytest.fixture
def acme(cli: Cli, tmp_path: Path) -> Cli:
    """A customer whose Web gateway stands, with its policy, a list and a user."""
    for name, text in (("book", BOOK), ("policy", POLICY)):
        (tmp_path / f"{name}.toml").write_text(text)
    (tmp_path / "games.txt").write_text("Play.Example  # a game\n\n日本.example\n")
    for words in (
        ("apply", str(tmp_path / "book.toml")),
        ("apply-plan",),
        ("access", "account", "add", GATEWAY, "alice", "--group", "sales"),
        ("access", "web", "list", "games", str(tmp_path / "games.txt")),
        ("access", "policy", GATEWAY, str(tmp_path / "policy.toml")),
    ):
        done = cli.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    return cli


def test_a_request_is_answered_by_rule_version_contract_and_provision(acme: Cli) -> None:
    def ask(*words: str) -> dict[str, object]:
        return json.loads(acme.run("access", "web", "test", GATEWAY, *words, "--json").stdout)

    told = ask("https://www.play.example/", "--user", "alice")
    assert (told["action"], told["rule"], told["policy"], told["contract"], told["tls_opened"]) == (
        *("block", "r-games", 1, GATEWAY, True),
    )
    assert any(str(cite).endswith("#art:7.1.1") for cite in told["cites"])  # type: ignore[attr-defined]
    assert ask("https://www.play.example/", "--user", "bob")["rule"] == "default"
    assert ask("https://shop.example/x/../toys/1")["rule"] == "r-toys"
    said = acme.run("access", "web", "test", GATEWAY, "http://play.example", "--user", "alice", lang="ja")
    assert said.returncode == 1 and "止めます" in said.stdout and "業務外です" in said.stdout


@pytest.mark.parametrize("url", ["play.example", "ftp://play.example/", "https://"])
def test_what_is_no_url_is_refused(acme: Cli, url: str) -> None:
    assert acme.run("access", "web", "test", GATEWAY, url).returncode == 2


def test_faults_of_a_policy_are_told_with_their_places(acme: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('default = "maybe"\n[[rule]]\nid = "r-1"\naction = "deny"\n')
    told = acme.run("access", "policy", GATEWAY, str(tmp_path / "bad.toml"), "--check")
    assert told.returncode == 1
    for place in ("default", "rule 1.action"):
        assert place in told.stdout


@pytest.mark.parametrize("who", ['users = ["alcie"]', 'groups = ["sale"]'])
def test_whom_a_policy_names_is_registered_first(acme: Cli, tmp_path: Path, who: str) -> None:
    text = f'default = "allow"\n[[rule]]\nid = "r-1"\naction = "block"\n{who}\n'
    (tmp_path / "other.toml").write_text(text)
    told = acme.run("access", "policy", GATEWAY, str(tmp_path / "other.toml"), "--check")
    assert told.returncode == 1 and who.split('"')[1] in told.stdout and "add-account" in told.stdout
    (tmp_path / "other.toml").write_text(text.replace("alcie", "alice").replace('"sale"', '"sales"'))
    assert acme.run("access", "policy", GATEWAY, str(tmp_path / "other.toml"), "--check").returncode == 0


def test_a_password_reaches_the_node_as_a_hash_and_the_list_as_a_sack(acme: Cli, tmp_path: Path) -> None:
    done = acme.run("access", "web", "password", GATEWAY, "alice", given="correct horse battery\n")
    assert done.returncode == 0, done.stderr
    dispatch = Dispatch.open(acme.home)
    try:
        kept = dispatch.office.shelf.orders("gw-acme")
        assert kept is not None
        parts = orders_of(json.loads(kept.orders), "gw-acme").intent.parts
        (policy,) = (part for part in parts if isinstance(part, WebPolicy))
        (listed,) = (part for part in parts if isinstance(part, WebList))
        assert policy.users is not None
        (tmp_path / "users").write_bytes(dispatch.sack("gw-acme", policy.users))
        assert dispatch.sack("gw-acme", listed.sack).decode().split() == [
            "play.example",
            "xn--wgv71a.example",
        ]
    finally:
        dispatch.close()
    assert "correct" not in (tmp_path / "users").read_text()
    signin = SignIn(str(tmp_path / "users"))
    assert signin.answer("alice", "correct horse battery") == "OK"
    assert signin.answer("alice", "wrong") == signin.answer("bob", "correct horse battery") == "ERR"


@pytest.mark.parametrize(
    ("account", "password", "told"), [("bob", "correct horse battery", "alice"), ("alice", "short", "12")]
)
def test_a_password_of_nobody_or_too_short_is_refused(
    acme: Cli, account: str, password: str, told: str
) -> None:
    done = acme.run("access", "web", "password", GATEWAY, account, given=f"{password}\n")
    assert done.returncode == 1 and told in done.stderr


def test_lines_of_a_list_that_are_no_hosts_are_told(acme: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("ok.example\na..b\n-x-\n")
    done = acme.run("access", "web", "list", "games", str(tmp_path / "bad.txt"))
    assert done.returncode == 1 and "2: 'a..b'" in done.stderr and "3: '-x-'" in done.stderr


def test_the_authority_is_shown_as_the_gateway_told_it(acme: Cli) -> None:
    assert acme.run("access", "web", "authority", GATEWAY).returncode == 1
    own = ["-subj", "/CN=x", "-keyout", "/dev/null", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made = subprocess.run(
        ["openssl", "req", "-x509", "-nodes", *own], capture_output=True, text=True, check=True
    )
    dispatch = Dispatch.open(acme.home)
    try:
        told = (made.stdout, "no certificate", made.stdout)
        for number, each in enumerate(told, 1):
            event = Event(number, wall_clock(), "web.trusted", {"certificate": each})
            assert dispatch.take_events("gw-acme", Batch("web", "s1", (event,))) == number
        kept = [each for each in dispatch.office.book.read("operator") if each.fact.kind == "web.trusted"]
    finally:
        dispatch.close()
    assert len(kept) == 1
    assert acme.run("access", "web", "authority", GATEWAY).stdout.strip() == made.stdout.strip()


def test_what_was_refused_and_how_often_rules_decided(acme: Cli) -> None:
    body = {
        "who": "alice",
        "user": "",
        "source": "10.1.0.2",
        "url": "http://play.example/",
        "rule": "r-games",
    }
    hit = {"contract": GATEWAY, "policy": 1, "rule": "r-games", "action": "block", "count": 2}
    dispatch = Dispatch.open(acme.home)
    try:
        refused = Event(1, wall_clock(), "web.refused", {**body, "policy": 1, "action": "block"})
        told = Batch("web", "s1", (refused, Event(2, wall_clock(), "web.hits", hit)))
        assert dispatch.take_events("gw-acme", told) == 2
    finally:
        dispatch.close()
    (row,) = json.loads(acme.run("access", "web", "log", GATEWAY, "--json").stdout)
    assert (row["rule"], row["policy"], row["account"], row["url"]) == (
        "r-games",
        1,
        "alice",
        "http://play.example/",
    )
    assert json.loads(acme.run("access", "web", "hits", GATEWAY, "--json").stdout) == {
        **{"r-games": 2, "r-toys": 0, "default": 0},
    }
