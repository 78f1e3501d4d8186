"""`kitei ddos top|incidents|report|alerts`, as people and as programs call them."""

import socket
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from called import Cli

from kitei.ledger import Fact
from kitei.network.sheaf import SUMS, SheafName, written
from kitei.office import Office
from kitei.store.history import History

sys.path.insert(0, str(Path(__file__).parents[1] / "office"))
sys.path.insert(0, str(Path(__file__).parents[1] / "collect"))
from floods import BEGAN, contract, detected, ordered, over, party, say
from flow_exports import V4, a_set, flow, netflow9, template

AT = int(BEGAN.timestamp()) // 60 * 60
SPAN = ("--from", "2026-06-10", "--to", "2026-06-10")


@pytest.fixture
def home(cli: Cli) -> Cli:
    office = Office.open(cli.home)
    polaris = {"ja": "北極星", "en": "Polaris"}
    provider = {
        "name": polaris, "address": polaris, "registration": "T7000012050002", "contact": "b@example.jp",
    }  # fmt: skip
    office.state([("operator", Fact("operator.set", {"name": "provider", "value": provider}, BEGAN.date()))])
    contract(office, "x1", "type-x")
    contract(office, "v1", "type-v", prefix="192.0.2.0/24")
    party(office, email="noc@example.jp", language="en")
    say(office, detected(), ordered(), over(at=BEGAN + timedelta(seconds=40)))
    office.close()
    sums = dict.fromkeys(SUMS, 0) | {"bytes": 5_000_000, "packets": 40_000, "syn": 39_000}
    mosts = (100_000, 700, *(0 for _ in range(len(SUMS) - 2)))
    lines = [
        written("minute", AT, "x1", "prefix", "203.0.113.0/24", 60, *sums.values(), 9, *mosts),
        written("minute", AT, "x1", "host", "203.0.113.5", 60, *sums.values(), 9, *mosts),
        written("port", AT, "x1", "203.0.113.0/24", 443, 39_500),
        written("flow", AT + 12, "x1", "192.0.2.7", 1, "203.0.113.5", 443, 6, 60, 1, 2, "192.0.2.254"),
        written("note", AT, "", "seconds", 60),
    ]
    History(cli.home / "history").take("n1", str(SheafName(AT, 0, "c1")), "\n".join(lines))
    return cli


def test_top_by_everything(home: Cli) -> None:
    def names(by: str) -> list[str]:
        return [each["name"] for each in home.answer(["ddos", "top", "--by", by, *SPAN])]

    assert names("target") == ["203.0.113.5"]
    assert names("source") == ["192.0.2.7"]
    assert names("port") == ["443"]
    assert names("protocol")[0] == "other"
    assert home.answer(["ddos", "top", "--from", "2026-06-11", "--to", "2026-06-11"]) == []
    said = home.run("ddos", "top", *SPAN, lang="ja").stdout
    assert "203.0.113.5" in said and "5MB" in said and "しきい値" in said


@pytest.mark.parametrize(
    "words", [("--from", "yesterday"), ("--from", "2026-06-11", "--to", "2026-06-10"), ("--by", "x")]
)
def test_top_says_what_would_be_right(home: Cli, words: tuple[str, ...]) -> None:
    ran = home.run("ddos", "top", *words)
    assert ran.returncode == 2 and "Traceback" not in ran.stderr


def test_top_of_a_contract_that_there_is_not_and_of_a_time_of_which_nothing_was_kept(home: Cli) -> None:
    ran = home.run("ddos", "top", "--contract", "nope")
    assert ran.returncode == 1 and "there are v1, x1" in ran.stderr
    assert "nothing was kept" in home.run("ddos", "top", "--contract", "v1").stdout
    ran = home.run("ddos", "top", "--from", "2026-06-11", "--to", "2026-06-10")
    assert "--from 2026-06-11 is not before the end, 2026-06-10" in ran.stderr


def test_a_monthly_report_is_sent_or_told_as_sent(home: Cli) -> None:
    for wrong in (("x1", "--send"), ("v1", "--send", "--sent")):
        assert home.run("ddos", "report", wrong[0], "2026-06", *wrong[1:]).returncode != 0
    ran = home.run("ddos", "report", "v1", "2026-06", "--send")
    assert "goes to noc@example.jp" in ran.stdout, ran.stderr
    assert home.run("ddos", "report", "v1", "2026-06", "--send").returncode == 1
    assert home.run("ddos", "incidents", "t1", "--send").returncode == 0
    home.run("ddos", "alerts", "--send")
    letters = [each.read_bytes() for each in (home.home / "outbox").glob("*.eml")]
    names = [
        name
        for name in (b"ddos-v1-2026-06-en.pdf", b"incident-x1-t1-en.pdf")
        if any(name in each for each in letters)
    ]
    assert len(names) == 2


def test_incidents_and_one_of_them_as_paper(home: Cli, tmp_path: Path) -> None:
    (listed,) = home.answer(["ddos", "incidents"])
    assert (listed["attack"], listed["target"], listed["steps"]) == ("t1", "203.0.113.5", ["divert"])
    one = home.answer(["ddos", "incidents", "t1", "--pdf", str(tmp_path / "t1.pdf")])
    assert one["flows"][0]["src"] == "192.0.2.7" and (tmp_path / "t1.pdf").read_bytes()[:5] == b"%PDF-"
    assert "SYN フラッド" in home.run("ddos", "incidents", "t1", lang="ja").stdout
    ran = home.run("ddos", "incidents", "t9")
    assert ran.returncode == 1 and "the latest are t1" in ran.stderr
    assert home.run("ddos", "incidents", "--contract", "nobody").returncode == 1


def test_report_as_text_json_and_pdf_and_that_it_was_sent(home: Cli, tmp_path: Path) -> None:
    told = home.answer(["ddos", "report", "x1", "2026-06", "--pdf", str(tmp_path / "r.pdf")])
    assert (told["bytes"], told["judged_seconds"]) == (5_000_000, 60)
    again = home.run("ddos", "report", "x1", "2026-06", "--pdf", str(tmp_path / "s.pdf"))
    assert "5,000,000 bytes received" in again.stdout
    assert (tmp_path / "r.pdf").read_bytes() == (tmp_path / "s.pdf").read_bytes()
    assert "no monthly report" in home.run("ddos", "report", "x1", "2026-06", "--sent").stderr
    assert home.run("ddos", "report", "v1", "2026-06", "--sent").returncode == 0
    ran = home.run("ddos", "report", "v1", "2026-06", "--sent")
    assert ran.returncode == 1 and "was sent before" in ran.stderr
    assert home.run("ddos", "report", "v1", "June").returncode == 2
    assert home.run("ddos", "report", "nobody", "2026-06").returncode == 1


def test_alerts_are_sent_by_hand_where_no_controller_runs(home: Cli) -> None:
    told = home.answer(["ddos", "alerts"])
    assert told == []
    told = home.answer(["ddos", "alerts", "--send"])
    assert [each["sent_at"] is not None for each in told] == [True, True]
    letters = sorted((home.home / "outbox").glob("*.eml"))
    assert len(letters) == 2
    office = Office.open(home.home)
    contract(office, "d9", "type-d", "nobody", "198.51.100.0/24")
    office.close()
    assert home.run("ddos", "alerts").stdout.splitlines()[-1] == "# nobody is told of attacks on: d9"
    assert home.run("ddos", "alerts", "--secret", "acme").stdout.startswith("whsec_")
    assert home.run("ddos", "alerts", "--secret", "nobody").returncode == 1


def test_what_a_collector_hears_is_history_of_its_home(cli: Cli, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[[policy]]\nname = "x1"\nprefixes = ["203.0.113.0/24"]\nhost = { pps = 100 }\n')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stopped = threading.Event()

    def export() -> None:
        sequence = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not stopped.wait(0.05):
                record = a_set(256, flow("192.0.2.7", "203.0.113.5", 100_000, 1000, dport=123))
                sock.sendto(netflow9(template(256, V4), record, sequence=sequence), ("127.0.0.1", port))
                sequence += 1

    thread = threading.Thread(target=export)
    thread.start()
    try:
        words = ("--listen", f"127.0.0.1:{port}", "--policy", str(policy), "--seconds", "5")
        ran = cli.program("ddos", "collect", *words)
    finally:
        stopped.set()
        thread.join()
    assert ran.returncode == 0 and "alarm" in ran.stdout, ran.stderr
    (target,) = cli.answer(["ddos", "top", "--contract", "x1"])
    assert target["name"] == "203.0.113.5" and target["packets"] % 1000 == 0 < target["packets"]
    assert [each["name"] for each in cli.answer(["ddos", "top", "--by", "port"])] == ["123"]
    assert [each["name"] for each in cli.answer(["ddos", "top", "--by", "source"])] == ["192.0.2.7"]
