"""`kitei due`: the list for people and programs, and reminders into the outbox."""

from pathlib import Path

from called import ROOT, Cli

BOOK = ROOT / "examples" / "order-book"


def test_the_list_is_told_in_both_languages_with_provisions(cli: Cli) -> None:
    cli.answer(["apply", str(BOOK)])
    found = cli.answer(["due", "--on", "2027-01-01", "--until", "2027-05-01"])
    assert {each["kind"] for each in found} == {"term", "option-term"}
    assert all(each["cites"] and each["customer"] for each in found)
    asked = ["due", "--on", "2027-01-01", "--until", "2027-05-01"]
    assert "the minimum term runs out" in cli.run(*asked).stdout
    assert "最低利用期間の満了" in cli.run(*asked, lang="ja").stdout
    assert "Nothing falls due." in cli.run("due", "--on", "2026-06-01", "--until", "2026-06-01").stdout


def test_reminding_goes_by_today_and_by_the_post_that_is_named(cli: Cli, tmp_path: Path) -> None:
    assert cli.run("due", "--remind", "--on", "2027-01-01").returncode == 2
    assert cli.answer(["due", "--remind"]) == []
    wrong = Cli(cli.home, {"KITEI_POST": "pigeon://coop"}).run("due", "--remind")
    assert wrong.returncode == 1 and "smtp://host:port" in wrong.stderr
