"""One byte string per value, whatever types hold it."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kitei.ledger import Fact
from kitei.ledger.facts import hash_of
from kitei.values import canonical, digest_of

PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=25,
)


def otherwise_held(value: Any) -> Any:
    """The same value in tuples and mappings that are no dicts."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: otherwise_held(inner) for key, inner in value.items()})
    return tuple(map(otherwise_held, value)) if isinstance(value, list) else value


@given(PLAIN)
def test_the_holders_do_not_matter(value: Any) -> None:
    assert canonical(value) == canonical(otherwise_held(value))
    assert json.loads(canonical(value)) == value


@given(PLAIN, some.sampled_from([1.0, float("nan"), b"x", date(2026, 1, 1), {1}]))
def test_what_has_no_exact_form_is_refused_however_deep(value: Any, inexact: Any) -> None:
    with pytest.raises(TypeError, match="no exact JSON form"):
        canonical([value, {"deep": [inexact]}])


@given(some.dictionaries(some.text(), PLAIN), some.text(), some.integers(1, 10**12), some.text())
def test_an_entrys_hash_is_the_digest_of_one_canonical_object(
    body: dict[str, Any], stream: str, seq: int, actor: str
) -> None:
    at, fact = datetime(2026, 4, 1, tzinfo=UTC), Fact("contract.concluded", body, date(2026, 4, 1), ("a",))
    whole = {
        "seq": seq,
        "stream": stream,
        "version": 1,
        "kind": fact.kind,
        "body": body,
        "effective_on": "2026-04-01",
        "cites": ("a",),
        "recorded_at": at.isoformat(),
        "actor": actor,
        "prev_hash": "",
    }
    assert hash_of(seq, stream, 1, fact, at, actor, "") == digest_of(whole)
