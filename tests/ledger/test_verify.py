"""A chain of entries is whole, or the first bad one is named."""

from dataclasses import replace
from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from kitei.ledger import Entry, Fact, verify_entries
from kitei.ledger.facts import hash_of
from kitei.values import JST

AT = datetime(2026, 11, 2, 9, 0, tzinfo=JST)


def chain(streams: list[str]) -> list[Entry]:
    entries: list[Entry] = []
    versions: dict[str, int] = {}
    tip = ""
    for seq, stream in enumerate(streams, 1):
        versions[stream] = version = versions.get(stream, 0) + 1
        fact = Fact("thing.noted", {"n": seq}, date(2026, 11, 2))
        its = hash_of(seq, stream, version, fact, AT, "desk", tip)
        entries.append(Entry(seq, stream, version, fact, AT, "desk", tip, its))
        tip = its
    return entries


def rehashed(entry: Entry) -> Entry:
    return replace(entry, hash=entry.computed_hash())


books = st.lists(st.sampled_from("abc"), min_size=1, max_size=12).map(chain)


@given(books)
def test_a_chain_as_it_was_recorded_is_whole(entries: list[Entry]) -> None:
    found = verify_entries(entries, tip=(entries[-1].seq, entries[-1].hash))
    assert found.is_whole and found.first_bad is None and found.why is None
    assert (found.count, found.tip) == (len(entries), entries[-1].hash)


@given(books, st.data())
def test_a_change_anywhere_is_found_there(entries: list[Entry], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    entries[at] = replace(entries[at], actor="somebody else")
    found = verify_entries(entries)
    assert found.first_bad == entries[at] and found.count == at
    assert found.bad is not None and found.bad.wrong == "hash"


@given(books, st.data())
def test_a_change_hashed_anew_is_found_at_the_next_or_by_the_tip(
    entries: list[Entry], data: st.DataObject
) -> None:
    tip = (entries[-1].seq, entries[-1].hash)
    at = data.draw(st.integers(0, len(entries) - 1))
    entries[at] = rehashed(replace(entries[at], actor="somebody else"))
    bad = verify_entries(entries, tip=tip).bad
    assert bad is not None
    last = at == len(entries) - 1
    assert (bad.seq, bad.wrong) == ((at + 1, "tail") if last else (at + 2, "chain"))


@given(books, st.data())
def test_a_missing_entry_is_a_gap(entries: list[Entry], data: st.DataObject) -> None:
    tip = (entries[-1].seq, entries[-1].hash)
    at = data.draw(st.integers(0, len(entries) - 1))
    del entries[at]
    bad = verify_entries(entries, tip=tip).bad
    assert bad is not None and bad.seq == at + 1
    assert bad.wrong == ("tail" if at == len(entries) else "gap")


def test_a_version_out_of_turn_is_found_even_when_hashed_anew() -> None:
    entries = chain(["a", "a"])
    entries[1] = rehashed(replace(entries[1], version=3))
    bad = verify_entries(entries).bad
    assert bad is not None and (bad.seq, bad.wrong) == (2, "version")
    assert "第 2 版" in bad.why.ja and "where 2 was due" in bad.why.en
