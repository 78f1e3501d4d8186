"""Policies and steps against attacks from the command line: decided by the terms like anything else."""

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

[[apply]]
id = "opening"
by = "acme"
at = 2026-04-01T10:00:00+09:00
services = [
  { item = "E", addresses = ["203.0.113.0/24"] },
  { item = "D", addresses = ["198.51.100.0/24"] },
]
"""
POLICIES = """
[[policy]]
name = "acme-ddos-1"
prefixes = ["203.0.113.0/24"]
host = { bps = "500M", syn-pps = "20k" }
timing = { rise = 1 }
[policy.ladder]
rate-limit = "by-hand"
blackhole = "by-hand"
hold = 120
[policy.scrub]
source_pps = "2k"

[[policy]]
name = "acme-ddos-2"
prefixes = ["198.51.100.0/24"]
host = { bps = "1G" }
"""


@pytest.fixture
def opened(cli: Cli, tmp_path: Path) -> Cli:
    book = tmp_path / "book.toml"
    book.write_text(BOOK)
    done = cli.run("apply", str(book))
    assert done.returncode == 0, done.stdout + done.stderr
    return cli


def test_a_step_is_ordered_prolonged_and_released(opened: Cli) -> None:
    done = opened.run("ddos", "mitigate", "acme-ddos-1", "203.0.113.7", "--step", "divert", "--hold", "60")
    assert done.returncode == 0, done.stdout + done.stderr
    told = opened.answer(["ddos", "mitigate", "acme-ddos-1", "203.0.113.8", "--step", "divert"])
    assert told["verdict"] == "accept"
    number = told["application"]
    assert opened.run("ddos", "prolong", "acme-ddos-1", number).returncode == 0
    assert opened.run("ddos", "release", "acme-ddos-1", "--mitigation", number).returncode == 0
    assert opened.run("ddos", "release", "acme-ddos-1", "--mitigation", number).returncode == 1
    assert opened.run("ddos", "release", "acme-ddos-1", "--by", "acme", "--why", "enough").returncode == 0


def test_a_type_d_is_refused_with_its_provision(opened: Cli) -> None:
    done = opened.run("ddos", "mitigate", "acme-ddos-2", "198.51.100.7", "--step", "divert")
    assert done.returncode == 1
    assert "art. 1(1)" in done.stdout and "never mitigates" in done.stdout
    japanese = opened.run("ddos", "mitigate", "acme-ddos-2", "198.51.100.7", "--step", "divert", lang="ja")
    assert "緩和しません" in japanese.stdout


def test_what_if_records_nothing(opened: Cli) -> None:
    done = opened.run("ddos", "mitigate", "acme-ddos-1", "203.0.113.7", "--step", "divert", "--what-if")
    assert done.returncode == 0
    assert opened.run("ddos", "release", "acme-ddos-1").returncode == 1


def test_a_file_of_policies_is_set_and_shown(opened: Cli, tmp_path: Path) -> None:
    file = tmp_path / "policies.toml"
    file.write_text(POLICIES)
    done = opened.run("ddos", "policy", "--set", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    shown = {each["contract"]: each["policies"] for each in opened.answer(["ddos", "policy"])}
    (policy,) = shown["acme-ddos-1"]
    assert policy["watch"]["host"] == {"bps": 500_000_000, "syn-pps": 20_000}
    assert (policy["ladder"]["blackhole"], policy["ladder"]["hold"], policy["scrub"]["source_pps"]) == (
        "by-hand",
        120,
        2000,
    )
    assert "divert automatic" in opened.run("ddos", "policy").stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"500M"', '"500X"'), "policy 1.host.bps"),
        (("rise = 1", "raise = 1"), "policy 1.timing"),
        (('"2k"', '"x"'), "policy 1.scrub.source_pps"),
        (("hold = 120", "hold = true"), "policy 1.ladder.hold"),
        (("acme-ddos-2", "acme-ddos-9"), "there is no contract 'acme-ddos-9'"),
        (("198.51.100.0/24", "192.0.2.0/24"), "not protected"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(
    opened: Cli, tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    file = tmp_path / "policies.toml"
    file.write_text(POLICIES.replace(*change))
    done = opened.run("ddos", "policy", "--set", str(file))
    assert done.returncode in (1, 2)
    assert said in done.stdout + done.stderr


def test_nothing_of_a_file_is_set_where_a_part_of_it_cannot_be_read(opened: Cli, tmp_path: Path) -> None:
    file = tmp_path / "policies.toml"
    file.write_text(POLICIES + '[policy.ladder]\nhold = "x"\n')
    assert opened.run("ddos", "policy", "--set", str(file)).returncode == 2
    shown = {each["contract"]: each["policies"] for each in opened.answer(["ddos", "policy"])}
    assert shown["acme-ddos-1"][0]["dry_run"] is True  # as before any was set


def test_a_sessions_secret_goes_into_the_vault_from_standard_input_only(opened: Cli) -> None:
    done = opened.run("ddos", "secret", "border-1", "--make")
    assert done.returncode != 0 and "there is no router border-1" in done.stdout + done.stderr
    done = opened.run("ddos", "secret", "border-1")
    assert done.returncode != 0 and "8 to 80 printable" in done.stdout + done.stderr
