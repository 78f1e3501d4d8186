"""Orders and reports as JSON: what goes out comes back, and nothing else is believed."""

import hashlib
import json
import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.network import Orders, Origin, Part, Port, Route, Upstream
from kitei.network.codec import (
    Unreadable,
    kind_of,
    node_intent,
    orders_json,
    orders_of,
    part_json,
    part_of,
)
from kitei.network.report import Fault, FaultKind, Report, State, Waiting, What, report_json, report_of
from kitei.network.uniting import Contradiction

texts = st.text(st.characters(exclude_categories=("C",)), max_size=8)
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def field_of(name: str, hint: Any) -> st.SearchStrategy:
    if name in ("authority", "revoked"):
        return st.sampled_from(["", PEM])
    if name == "certificate":
        return st.sampled_from([None, PEM])
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(field_of(name, get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is UnionType:
        return st.none() | field_of(name, get_args(hint)[0])
    return {
        Origin: st.builds(Origin, texts, st.lists(texts).map(tuple)),
        str: texts,
        int: st.integers(0, 2**40),
        bool: st.booleans(),
    }[hint]


def fields_of(kind: type) -> st.SearchStrategy:
    return st.builds(kind, **{name: field_of(name, hint) for name, hint in get_type_hints(kind).items()})


parts = st.one_of(*(fields_of(kind) for kind in get_args(Part)))
twins = st.one_of(*(st.tuples(fields_of(kind), fields_of(kind)) for kind in get_args(Part)))
intents = st.lists(parts, max_size=6, unique_by=lambda part: part.key)
instants = st.datetimes(min_value=datetime(2024, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
words = st.text(max_size=12)
reports = st.builds(
    Report,
    node=words,
    at=instants,
    generation=st.integers(0),
    digest=words,
    applied=st.booleans(),
    waiting=st.lists(st.builds(Waiting, words, words, st.lists(words).map(tuple)), max_size=3).map(tuple),
    faults=st.lists(st.builds(Fault, st.sampled_from(get_args(FaultKind)), words, words), max_size=3).map(
        tuple
    ),
    states=st.lists(
        st.builds(
            State,
            instants,
            words,
            st.sampled_from(get_args(What)),
            st.booleans(),
            st.dictionaries(words, st.integers()),
        ),
        max_size=3,
    ).map(tuple),
    whole=st.booleans(),
)


def through_the_wire(value):
    return json.loads(json.dumps(value))


@given(parts)
def test_a_part_comes_back_as_it_went(part):
    assert part_of(through_the_wire(part_json(part))) == part


@given(intents, st.integers(1), st.lists(texts).map(tuple))
def test_orders_come_back_as_they_went(made, generation, may_cut):
    orders = Orders(generation, node_intent("n1", made), may_cut)
    assert orders_of(through_the_wire(orders_json(orders)), "n1") == orders


@given(intents.flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))))
def test_the_digest_does_not_hang_on_the_order_of_parts(made):
    one, other = made
    assert node_intent("n1", one) == node_intent("n1", other)


@given(parts, parts)
def test_different_parts_have_different_digests(one, other):
    assert (node_intent("n1", [one]).digest == node_intent("n1", [other]).digest) == (one == other)


@given(reports)
def test_a_report_comes_back_as_it_went(report):
    assert report_of(through_the_wire(report_json(report))) == report


def test_instants_keep_their_meaning_across_zones():
    at = datetime(2026, 11, 2, 9, tzinfo=timezone(timedelta(hours=9)))
    report = Report("n1", at, 0, "", False)
    assert report_of(through_the_wire(report_json(report))).at == at


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_whatever_else_is_sent_is_refused_and_never_breaks_the_reader(value):
    for read in (lambda v: orders_of(v, "n1"), report_of, part_of):
        with pytest.raises(Unreadable):
            read(value)


@given(st.sampled_from(["node", "generation", "digest", "may_cut", "parts"]), json_values)
def test_one_altered_field_is_refused_or_as_good_as_before(name, value):
    orders = Orders(3, node_intent("n1", [Port(Origin("c", ()), "wan0", "wan")]), ("c",))
    altered = {**through_the_wire(orders_json(orders)), name: value}
    try:
        read = orders_of(altered, "n1")
    except Unreadable:
        return
    assert name in ("generation", "may_cut")
    assert read.intent == orders.intent


def test_every_fault_is_told_with_its_place():
    good = part_json(Route(Origin("c", ()), "10.0.0.0/8", None))
    body = {
        "generation": 0,
        "node": "n2",
        "digest": "",
        "may_cut": ["a\nb"],
        "parts": [{**good, "metric": -1, "colour": "red"}, {"kind": "teleport"}, {**good, "destination": 8}],
    }
    with pytest.raises(Unreadable) as told:
        orders_of(body, "n1")
    places = [fault.split(":")[0] for fault in told.value.faults]
    assert places == [
        "generation",
        "node",
        "may_cut",
        "parts[0].colour",
        "parts[0].metric",
        "parts[1]",
        "parts[2].destination",
    ]


def test_two_of_one_key_that_say_the_same_are_one_whoever_they_are_for():
    port = Port(Origin("c", ()), "wan0", "wan")
    assert node_intent("n1", [port, replace(port, origin=Origin("d", ()))]).parts == (port,)


def test_every_two_of_one_key_that_differ_are_told_with_node_owners_and_what_differs():
    port, other = Port(Origin("c", ()), "wan0", "wan"), Port(Origin("d", ()), "wan0", "lan")
    route = Route(Origin("c", ()), "0.0.0.0/0", "192.0.2.1", 5)
    with pytest.raises(Contradiction) as told:
        node_intent("n1", [port, route, other, replace(route, via="192.0.2.9")])
    assert [words.en for words in told.value.told] == [
        "node n1: port:wan0 is wanted by c and by d, and not alike (role: 'wan' / 'lan')",
        "node n1: route:0.0.0.0/0:5 is wanted by c and by c, and not alike (via: '192.0.2.1' / '192.0.2.9')",
    ]


@given(twins, st.data())
def test_a_key_has_one_meaning_at_a_node(both, data):
    """What differs in anything but whom it is for is refused; all else adds nothing."""
    part, twin = both
    name = data.draw(st.sampled_from([field.name for field in fields(part)]))
    other = replace(part, **{name: getattr(twin, name)})
    if name == "origin" or other == part:
        assert node_intent("n1", [part, other]) == node_intent("n1", [part])
    elif other.key == part.key:
        with pytest.raises(Contradiction, match=re.escape(f"{name}: {getattr(part, name)!r}")):
            node_intent("n1", [part, other])
    else:
        assert len(node_intent("n1", [part, other]).parts) == 2


@given(parts)
def test_a_kind_is_the_first_word_of_its_key(part):
    assert part.key.split(":")[0] == kind_of(part)


def test_orders_from_before_a_field_was_added_are_read_and_keep_their_digest() -> None:
    """What stands there was written when an Upstream had neither `hops` nor `sack`."""
    part = {
        "kind": "upstream", "origin": {"owner": "operator", "cites": []}, "name": "b1", "address": "192.0.2.4",
        "asn": 64500, "families": ["ipv4"], "most": 5, "blackhole": "", "next_hops": [], "own": True,
    }  # fmt: skip
    digest = hashlib.sha256(
        b'[["Upstream","operator",[],["b1","192.0.2.4",64500,["ipv4"],5,"",[],true]]]'
    ).hexdigest()
    written = {"generation": 1, "node": "n1", "digest": digest, "may_cut": [], "parts": [part]}
    orders = orders_of(written, "n1")
    (upstream,) = orders.intent.parts
    assert isinstance(upstream, Upstream) and (upstream.hops, upstream.sack) == (0, None)
    assert orders_json(orders) == written
    more = node_intent("n1", [replace(upstream, hops=1, sack="upstream.b1@1")])
    assert more.digest != digest
    assert orders_of(orders_json(Orders(2, more, ())), "n1").intent == more
