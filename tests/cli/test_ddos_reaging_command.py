"""`kitei ddos reage CONTRACT`: ordered, reported and approved from the command line; captures stay another form."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from called import Cli

from kitei.network.sheaf import SUMS, SheafName, written
from kitei.store.history import History

BOOK = """
service = "ddos-protection"

[provider]
name = { ja = "北極星", en = "Polaris" }
address = { ja = "東京", en = "Tokyo" }
registration = "T7000012050002"
contact = "billing@example.jp"

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "東京", en = "Tokyo" }
[party.more]
email = "noc@acme.example"

[[holding]]
customer = "acme"
holds = "インターネット接続サービス"
id = "I1"
first = 2020-01-01

[[apply]]
id = "opening"
by = "acme"
at = 2026-04-01T10:00:00+09:00
services = [
  { item = "E", addresses = ["203.0.113.0/24"], options = [{ option = "re-aging" }] },
  { item = "D", addresses = ["198.51.100.0/24"] },
]
"""
POLICY = """
[[policy]]
name = "acme-ddos-1"
prefixes = ["203.0.113.0/24"]
host = { bps = "500M" }
prefix = { bps = "2G", syn-pps = "20k" }
"""


@pytest.fixture
def opened(cli: Cli, tmp_path: Path) -> Cli:
    book = tmp_path / "book.toml"
    book.write_text(BOOK)
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    for args in (("apply", str(book)), ("ddos", "policy", "--set", str(policy))):
        done = cli.run(*args)
        assert done.returncode == 0, done.stdout + done.stderr
    return cli


def watch(cli: Cli) -> None:
    """Ten minutes of the hour before last, at 8 Mbps."""
    history, begun = History(cli.home / "history"), int(datetime.now(UTC).timestamp()) // 3600 * 3600 - 7200
    sums = [60_000_000 if name == "bytes" else 60_000 if name == "packets" else 0 for name in SUMS]
    mosts = [each // 60 for each in sums]
    for at in range(begun, begun + 600, 60):
        lines = [
            written("minute", at, "acme-ddos-1", "prefix", "203.0.113.0/24", 60, *sums, 9, *mosts),
            written("note", at, "n1", "seconds", 60),
        ]
        history.take("n1", str(SheafName(at, 0, "n1")), "\n".join(lines))


def test_it_is_ordered_reported_shown_and_approved(opened: Cli) -> None:
    watch(opened)
    told = opened.answer(["ddos", "reage", "acme-ddos-1", "--by", "acme"])
    assert told["minutes"] == 10 and told["cites"]
    lines = {(each["scope"], each["metric"]): each for each in told["lines"]}
    assert lines["prefix", "bps"]["present"] == 2_000_000_000
    assert lines["prefix", "bps"]["recommended"] == 12_000_000
    assert opened.answer(["ddos", "reage", "acme-ddos-1", "--show"]) == told
    text = opened.run("ddos", "reage", "acme-ddos-1", "--show").stdout
    assert "acme-ddos-1 prefix bps | 2G -> 12M | 8M / 8M | 0 -> 0" in text
    done = opened.run("ddos", "reage", "acme-ddos-1", "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "prefix bps=12000000" in opened.run("ddos", "policy").stdout


def test_its_report_is_sent_as_pdf_and_printed_again(opened: Cli, tmp_path: Path) -> None:
    watch(opened)
    done = opened.run("ddos", "reage", "acme-ddos-1")
    assert "goes to noc@acme.example" in done.stdout
    assert opened.run("ddos", "alerts", "--send").returncode == 0
    (letter,) = (opened.home / "outbox").glob("*.eml")
    parts = list(message_from_bytes(letter.read_bytes(), policy=default).iter_attachments())
    assert [str(each.get_filename()).rsplit("-", 1)[-1] for each in parts] == ["ja.pdf", "en.pdf"]
    paper = tmp_path / "again.pdf"
    done = opened.run("ddos", "reage", "acme-ddos-1", "--show", "--pdf", str(paper), "--send")
    assert done.returncode == 0 and "before" in done.stdout, done.stdout + done.stderr
    assert paper.read_bytes() in [each.get_content() for each in parts]
    for wrong in (["--pdf", str(paper)], ["--send"], ["--show", "--reaging", "none"]):
        done = opened.run("ddos", "reage", "acme-ddos-1", *wrong)
        assert done.returncode == 2, done.stdout


def test_a_report_that_could_go_to_nobody_is_recorded_and_sent_later(cli: Cli, tmp_path: Path) -> None:
    book = tmp_path / "book.toml"
    book.write_text(BOOK.replace('[party.more]\nemail = "noc@acme.example"\n', ""))
    assert cli.run("apply", str(book)).returncode == 0
    watch(cli)
    done = cli.run("ddos", "reage", "acme-ddos-1")
    assert done.returncode == 0 and "write it into more.email" in done.stderr, done.stderr
    assert cli.run("ddos", "reage", "acme-ddos-1", "--show", "--send").returncode == 1
    book.write_text(BOOK)
    assert cli.run("apply", str(book)).returncode == 0
    done = cli.run("ddos", "reage", "acme-ddos-1", "--show", "--send")
    assert done.returncode == 0 and "goes to noc@acme.example" in done.stdout, done.stderr


def test_the_terms_decide_it(opened: Cli) -> None:
    done = opened.run("ddos", "reage", "acme-ddos-2")
    assert done.returncode == 1 and "art. 10(2)(4)" in done.stdout
    what_if = opened.run("ddos", "reage", "acme-ddos-1", "--what-if")
    assert what_if.returncode == 0 and "art. 10(2)(4)" in what_if.stdout
    assert opened.run("ddos", "reage", "acme-ddos-1", "--show").returncode != 0  # nothing was recorded
    assert opened.run("ddos", "reage", "acme-ddos-1", "--apply").returncode != 0


def test_an_order_that_could_not_be_reported_is_reported_later_and_is_no_second_one(opened: Cli) -> None:
    done = opened.run("ddos", "reage", "acme-ddos-1")
    assert done.returncode != 0 and "nothing to learn from" in done.stdout + done.stderr
    watch(opened)
    told = opened.answer(["ddos", "reage", "acme-ddos-1"])
    assert told["minutes"] == 10


def test_a_contract_and_captures_do_not_go_together(opened: Cli, tmp_path: Path) -> None:
    for args in (
        ["acme-ddos-1", "--write", str(tmp_path / "new.toml")],
        ["acme-ddos-1", "acme-ddos-2"],
        ["x.pcap", "--policy", str(tmp_path / "policy.toml"), "--apply"],
        ["x.pcap", "--policy", str(tmp_path / "policy.toml")],
    ):
        done = opened.run("ddos", "reage", *args)
        assert done.returncode != 0
        assert "--policy" in done.stderr or "no file x.pcap" in done.stderr
