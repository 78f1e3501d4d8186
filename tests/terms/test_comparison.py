"""Two editions beside each other: what differs is told where it stands, and nothing else is."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType

from kitei.services.managed_vpn.edition import TERMS
from kitei.terms import Cite, Edition, compare
from kitei.values import Words

OLD = TERMS.named(date(2024, 5, 1))


def test_an_edition_is_the_same_as_itself() -> None:
    assert compare(OLD, OLD) == ()


def test_a_figure_is_told_under_its_provision_with_both_sides() -> None:
    value = replace(OLD.value("notice_days"), value=45)
    (row,) = compare(OLD, replace(OLD, values={**OLD.values, "notice_days": value}))
    assert (row.kind, row.new) == ("changed", OLD.value("notice_days").cite)
    assert [line.says.en for line in row.said] == ["30"]
    assert [line.says.en for line in row.says] == ["45"]


def test_an_entry_of_a_list_is_told_under_its_own_row() -> None:
    items = OLD.value("items")
    first = replace(items.choices[0], attributes=MappingProxyType({"devices_at_parent": 3}))
    changed = replace(items, value=(first, *items.choices[1:]))
    (row,) = compare(OLD, replace(OLD, values={**OLD.values, "items": changed}))
    assert row.new == first.cite
    assert "devices_at_parent 3" in row.says[0].says.en


def moved(edition: Edition, path: str, to: str) -> Edition:
    old = edition.provisions[path]
    provisions = {
        (to if name == path else name): replace(old, cite=replace(old.cite, path=to))
        if name == path
        else each
        for name, each in edition.provisions.items()
    }
    return replace(edition, provisions=provisions)


def test_a_provision_that_says_the_same_elsewhere_has_moved() -> None:
    (row,) = compare(OLD, moved(OLD, "art:11.1", "art:11.9"))
    assert row.kind == "moved"
    assert (row.old, row.new) == (
        Cite(OLD.service, OLD.in_force, "art:11.1"),
        Cite(OLD.service, OLD.in_force, "art:11.9"),
    )


def test_what_came_and_went_is_told_with_all_it_says() -> None:
    gone = {path: each for path, each in OLD.provisions.items() if path != "art:11.1"}
    (removed,) = compare(OLD, replace(OLD, provisions=gone))
    (added,) = compare(replace(OLD, provisions=gone), OLD)
    assert (removed.kind, removed.new, added.kind, added.old) == ("removed", None, "added", None)
    assert removed.said == added.says != ()


def test_the_two_directions_tell_the_same_differences() -> None:
    gist = replace(OLD.provisions["art:9.2"], gist=Words("別の趣旨", "another gist"))
    new = replace(OLD, provisions={**OLD.provisions, "art:9.2": gist})
    (there,), (back,) = compare(OLD, new), compare(new, OLD)
    assert (there.said, there.says) == (back.says, back.said)
