"""What a collector tells is read whole or not at all."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.collect import detection as collected
from kitei.collect.guarding import Doubt
from kitei.network.codec import Unreadable
from kitei.network.detection import Detection, Word, detection_json, word_json, word_of
from kitei.values import Words

ALARM = Detection(
    1790000000,
    "alarm",
    "c-1",
    "9f",
    "host",
    "198.51.100.7",
    "syn-pps",
    9000,
    5000,
    1789999999,
    31,
    ((80, 9000),),
    False,
)
WORD = Word("see1", datetime(2026, 11, 21, 4, tzinfo=UTC), (ALARM,), (ALARM,))


def test_a_word_comes_back_as_it_was() -> None:
    assert word_of(word_json(WORD)) == WORD
    assert word_of(word_json(replace(WORD, standing=None, detections=()))).standing is None


def test_it_has_the_fields_of_a_collectors_decision() -> None:
    from ipaddress import ip_address

    decided = collected.Decision(
        1,
        "held",
        "c-1",
        "",
        "host",
        ip_address("2001:db8::7"),
        "bps",
        9,
        5,
        1,
        2,
        ((443, 3),),
        True,
        Doubt("crowd", Words("群衆", "crowd")),
    )
    read = word_of({**word_json(WORD), "detections": [decided.json()]}).detections[0]
    assert detection_json(read) == {**decided.json(), "source_ports": []}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("kind", "panic", "alarm, held, release"),
        ("target", "198.51.100.7/24", "an address or a prefix"),
        ("figure", -1, "a whole number"),
        ("figure", True, "a whole number"),
        ("ports", [[70000, 1]], "pairs of port and packets"),
        ("dry_run", 1, "true or false"),
        ("policy", "a\nb", "printable"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(field: str, value: object, said: str) -> None:
    told = {**word_json(WORD), "detections": [{**detection_json(ALARM), field: value}]}
    with pytest.raises(Unreadable) as caught:
        word_of(told)
    assert any(
        fault.startswith(f"detections[0].{field}: ") and said in fault for fault in caught.value.faults
    )


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))
)
def test_anything_else_is_refused_and_never_breaks(odd: object) -> None:
    for told in (
        odd,
        {"detections": odd},
        {**word_json(WORD), "detections": [odd]},
        {**word_json(WORD), "standing": [odd]},
    ):
        with pytest.raises(Unreadable):
            word_of(told)
