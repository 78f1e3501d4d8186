"""Texts that are no UTF-8 stay what they are."""

from hypothesis import given
from hypothesis import strategies as some

from kitei.radius.names import bytes_of, is_plain, sendable, shown, text_of, told_of


@given(some.binary(max_size=253))
def test_nothing_is_lost_and_no_two_are_one(told) -> None:
    assert bytes_of(text_of(told)) == told
    assert shown(text_of(told)).encode().decode() == shown(text_of(told)), "it is real text"
    assert told_of([("Tmp-Octets-0", "0x" + told.hex())])["User-Name"] == text_of(told)


@given(some.lists(some.binary(min_size=1, max_size=4), min_size=2, max_size=9, unique=True))
def test_people_see_different_stray_texts_as_different(told) -> None:
    stray = [text for text in map(text_of, told) if not is_plain(text)]
    assert len({shown(text) for text in stray}) == len(stray)


@given(some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
def test_real_text_is_shown_and_sent_as_it_is(text) -> None:
    assert shown(text) == text and sendable("Tmp-String-1", text) == ("Tmp-String-1", text)


def test_a_stray_byte_is_seen_and_sent_in_hex() -> None:
    name = text_of("ü\\".encode() + b"\xf6")
    assert shown(name) == "ü\\\\\\xf6"
    assert sendable("Tmp-String-1", name) == ("Tmp-Octets-1", "0xc3bc5cf6")
    assert shown("alice\0bob") == "alice\\x00bob", "for some a text would end there"
