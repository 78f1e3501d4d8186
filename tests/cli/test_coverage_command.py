"""`kitei terms coverage`: the account of all terms, for people and for programs."""

from called import Cli

from kitei.catalogue import SERVICES


def test_the_account_adds_up(cli: Cli) -> None:
    found = cli.answer(["terms", "coverage"])
    assert found["open"] == [] and found["stray"] == []
    assert found["honoured"] == found["total"] == sum(each["total"] for each in found["services"].values())
    assert set(found["services"]) == set(SERVICES)
    for each in found["services"].values():
        assert len(each["provisions"]) == each["total"]
        assert sum(tally["total"] for tally in each["classes"].values()) == each["total"]
        assert all(provision["honoured"] for provision in each["provisions"])


def test_one_service_is_told_provision_by_provision(cli: Cli) -> None:
    shown = cli.run("terms", "coverage", "managed-vpn-pro").stdout
    assert "art. 9(2)" in shown and shown.endswith("101 of 101 provisions honoured, 0 open\n")
    assert "第9条第2項" in cli.run("terms", "coverage", "managed-vpn-pro", lang="ja").stdout


def test_an_unknown_service_is_named_with_those_there_are(cli: Cli) -> None:
    ran = cli.run("terms", "coverage", "telegraph")
    assert ran.returncode == 2 and "managed-vpn-pro" in ran.stderr
