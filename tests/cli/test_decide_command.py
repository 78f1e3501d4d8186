"""`kitei decide`: what the terms would say, at once and without a trace."""

import subprocess
import sys
from pathlib import Path

import pytest
from called import ROOT, Cli

BOOK = ROOT / "examples" / "order-book"
CANCEL = '[[cancel]]\nby = "minato"\ncontract = "minato-sales-1"\nat = 2026-12-01T10:00:00+09:00\n'
HEAVY = ("sqlalchemy", "psycopg", "rich", "pyroute2", "cryptography", "weasyprint", "jinja2", "starlette")


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    file = tmp_path / "cancel.toml"
    file.write_text(CANCEL)
    return file


def test_what_would_be_decided_is_said_and_not_recorded(cli: Cli, asked: Path) -> None:
    cli.answer(["apply", str(BOOK)])
    before = cli.answer(["ledger", "verify"])["count"]
    (decided,) = cli.answer(["decide", str(asked)])
    assert (decided["verdict"], decided["dates"]["effective"]) == ("accept", "2026-12-31")
    (later,) = cli.answer(["decide", str(asked), "--on", "2027-03-01"])
    assert later["dates"]["effective"] == "2027-03-31"
    assert cli.answer(["ledger", "verify"])["count"] == before


def test_a_provider_that_is_not_there_yet_is_not_made_by_looking(cli: Cli, asked: Path) -> None:
    ran = cli.run("decide", str(asked))
    assert ran.returncode == 1 and "minato-sales-1" in ran.stderr
    assert not cli.home.exists()


def test_an_answer_loads_nothing_that_it_does_not_need(cli: Cli, asked: Path) -> None:
    cli.answer(["apply", str(BOOK)])
    program = (
        "import sys; from kitei.cli.root import kitei\n"
        f"kitei(['decide', {str(asked)!r}, '--home', {str(cli.home)!r}], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.stdout.endswith("[]\n"), ran.stdout + ran.stderr


def test_only_the_service_that_is_asked_of_is_loaded(cli: Cli, asked: Path) -> None:
    cli.answer(["apply", str(BOOK)])
    program = (
        "import sys; from kitei.cli.root import kitei\n"
        f"kitei(['decide', {str(asked)!r}, '--home', {str(cli.home)!r}], standalone_mode=False)\n"
        "print(sorted(n for n in sys.modules if n.count('.') == 2 and n.startswith('kitei.services.')))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.stdout.endswith("['kitei.services.managed_vpn']\n"), ran.stdout + ran.stderr
