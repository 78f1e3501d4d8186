"""Before an edition is published: which contracts, answers and yen it would change."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kitei.office import Office
from kitei.office.impact import impact
from kitei.office.orderbook import read_book, take_book
from kitei.services.managed_vpn.edition import TERMS
from kitei.terms import Edition
from kitei.values import Words

BOOK = Path(__file__).parents[2] / "examples" / "order-book"
OLD = TERMS.editions[-1]
DRAFT = replace(OLD, in_force=date(2027, 1, 1))


def with_number(edition: Edition, name: str, number: int) -> Edition:
    return replace(edition, values={**edition.values, name: replace(edition.value(name), value=number)})


@pytest.fixture
def served(office: Office) -> Office:
    """An office that has taken the order book of the examples."""
    list(take_book(office, read_book(BOOK, office)))
    return office


def test_an_edition_that_says_the_same_changes_nothing(served: Office) -> None:
    found = impact(served, DRAFT)
    assert found.contracts == 13 and found.asked > 2 * found.contracts
    assert (found.changes, dict(found.failed)) == ((), {})


def test_a_longer_notice_moves_the_day_of_every_ending_and_what_is_settled(served: Office) -> None:
    found = impact(served, with_number(DRAFT, "notice_days", 45))
    assert len(found.touched) == found.contracts
    assert {change.question.act for change in found.changes} == {"cancel"}
    changed = next(each for each in found.changes if each.question.contract == "minato-sales-1")
    assert dict(changed.old.dates)["effective"] == date(2027, 1, 31)
    assert dict(changed.new.dates)["effective"] == date(2027, 2, 15)
    assert (
        changed.yen == dict(changed.new.amounts)["settlement"] - dict(changed.old.amounts)["settlement"] < 0
    )


def test_what_is_shared_among_processes_is_answered_the_same(
    served: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = impact(served, with_number(DRAFT, "notice_days", 45), processes=1)
    monkeypatch.setattr("kitei.office.impact._FEW", 1)
    shared = impact(served, with_number(DRAFT, "notice_days", 45), processes=2)
    assert shared.asked == alone.asked
    assert set(shared.changes) == set(alone.changes)


def test_a_provision_in_another_place_changes_grounds_and_no_answer(served: Office) -> None:
    path = OLD.role("cancel")
    provisions = {
        ("art:18.9" if name == path else name): (
            replace(each, cite=replace(each.cite, path="art:18.9")) if name == path else each
        )
        for name, each in DRAFT.provisions.items()
    }
    found = impact(served, replace(DRAFT, provisions=provisions))
    assert found.changes and all(change.is_of_grounds and change.yen == 0 for change in found.changes)


def test_what_the_rules_need_and_a_draft_lacks_is_told_with_how_many(served: Office) -> None:
    values = {name: each for name, each in DRAFT.values.items() if name != "notice_days"}
    found = impact(served, replace(DRAFT, values=values))
    ((told, count),) = found.failed.items()
    assert "notice_days" in told and count == found.contracts


def test_asking_records_nothing(served: Office) -> None:
    before = served.book.head()
    impact(served, with_number(DRAFT, "notice_days", 45))
    assert served.book.head() == before


def test_a_draft_of_a_service_without_another_edition_says_so(served: Office) -> None:
    with pytest.raises(LookupError, match="nothing to compare"):
        impact(served, OLD)


def test_the_words_of_a_draft_do_not_matter_to_its_answers(served: Office) -> None:
    gist = replace(DRAFT.provisions["art:9.2"], gist=Words("別", "other"))
    assert impact(served, replace(DRAFT, provisions={**DRAFT.provisions, "art:9.2": gist})).changes == ()


def test_a_draft_reaches_the_command_line(served: Office, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from kitei.cli.impact import impact as command

    folder = tmp_path / "2027-01-01"
    shutil.copytree(Path(__file__).parents[2] / "src/kitei/services/managed_vpn/terms/2024-05-01", folder)
    ran = CliRunner().invoke(
        command,
        [str(folder), "--service", "managed-vpn-pro", "--json"],
        env={"KITEI_HOME": str(served.home.folder), "KITEI_DATABASE": f"sqlite:///{tmp_path}/kitei.db"},
    )
    assert ran.exit_code == 0, ran.output
    assert '"contracts": 13' in ran.output and '"touched": []' in ran.output
