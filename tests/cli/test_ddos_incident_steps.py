"""Type P's incident procedure from the command line: opened, its named steps taken and told, closed."""

from pathlib import Path

import pytest
from called import Cli

BOOK = """
service = "ddos-protection"

[[holding]]
customer = "acme"
holds = "インターネット接続サービス"
id = "I1"
first = 2020-01-01

[[list]]
name = "incident-steps"
entries = ["call customer", "call upstream"]

[[apply]]
id = "opening"
by = "acme"
at = 2026-04-01T10:00:00+09:00
services = [
  { item = "P", addresses = ["203.0.113.0/24"] },
  { item = "E", addresses = ["198.51.100.0/24"] },
]
"""
P, E = "acme-ddos-1", "acme-ddos-2"
SEEN = ["metric=syn-pps", "figure=90000", "threshold=5000", "since=2026-04-02T10:00:00+09:00", "scope=host"]


@pytest.fixture
def opened(cli: Cli, tmp_path: Path) -> Cli:
    book = tmp_path / "book.toml"
    book.write_text(BOOK)
    done = cli.run("apply", str(book))
    assert done.returncode == 0, done.stdout + done.stderr
    return cli


def attacked(cli: Cli, contract: str, target: str) -> str:
    about = [f"contract={contract}", f"policy={contract}", f"target={target}"]
    return str(cli.answer(["ask", "attack-detected", *about, *SEEN])["application"])


def test_its_steps_are_taken_by_name_told_in_the_timeline_and_none_is_forgotten(opened: Cli) -> None:
    attack = attacked(opened, P, "203.0.113.7")
    about = ["ask", "incident-step", f"contract={P}", f"attack={attack}"]
    assert opened.answer(["ddos", "incidents", attack])["steps_left"] == ["call customer", "call upstream"]
    done = opened.run(*about, "step=call customer", "note=spoke to Sato", "notified=noc@acme.example")
    assert done.returncode == 0, done.stdout + done.stderr
    text = opened.run("ddos", "incidents", attack).stdout
    assert "incident noted (call customer, spoke to Sato, by operator, told noc@acme.example)" in text
    assert "steps left: call upstream" in text
    assert opened.run(*about, "step=call upstream").returncode == 0
    assert opened.run("ask", "attack-over", f"contract={P}", f"attack={attack}").returncode == 0
    told = opened.answer(["ddos", "incidents", attack])
    assert told["steps_left"] == []
    assert [each["kind"] for each in told["timeline"]] == [
        "attack.detected", "incident.opened", "incident.noted", "incident.noted", "attack.over", "incident.closed"
    ]  # fmt: skip


def test_what_is_no_step_no_attack_or_no_type_p_is_refused_with_what_would_be_right(opened: Cli) -> None:
    attack = attacked(opened, P, "203.0.113.7")
    other = attacked(opened, E, "198.51.100.7")
    for contract, about, step, right in (
        (P, attack, "call police", "call customer, call upstream"),
        (P, "x1", "call customer", f"there are: {attack} (203.0.113.7/32)"),
        (E, other, "call customer", "type P's"),
    ):
        asked = [f"contract={contract}", f"attack={about}", f"step={step}"]
        done = opened.run("ask", "incident-step", *asked)
        assert done.returncode == 1 and right in done.stdout
    assert opened.answer(["ddos", "incidents", other])["steps_left"] == []


def test_where_no_step_was_named_it_is_said_how_steps_are_named(cli: Cli, tmp_path: Path) -> None:
    book = tmp_path / "book.toml"
    before, _, rest = BOOK.partition('[[list]]\nname = "incident-steps"')
    book.write_text(before + rest.partition("\n\n")[2])
    assert cli.run("apply", str(book)).returncode == 0
    attack = attacked(cli, P, "203.0.113.7")
    done = cli.run("ask", "incident-step", f"contract={P}", f"attack={attack}", "step=call customer")
    assert (
        done.returncode == 1 and '[[list]] service = "ddos-protection" name = "incident-steps"' in done.stdout
    )
