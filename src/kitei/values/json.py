"""JSON as a value: its types, one canonical form, and its digest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]


def canonical(value: Json) -> bytes:
    """One byte string per value: sorted keys, no spaces, UTF-8. Floats are refused (money has none).

    Raises TypeError for a float or anything else JSON cannot hold exactly.
    """
    exact = value if _is_plain(value) else _exact(value)
    return json.dumps(exact, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(value: Json) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _is_plain(value: Any) -> bool:
    """Whether it is made of the types that JSON's encoder takes as they are; it costs less than a copy."""
    kind = type(value)
    if kind is dict:
        return all(type(key) is str and _is_plain(inner) for key, inner in value.items())
    if kind is list or kind is tuple:
        return all(map(_is_plain, value))
    return kind is str or kind is int or kind is bool or value is None


def _exact(value: Json) -> Json:
    match value:
        case None | bool() | int() | str():
            return value
        case Mapping():
            return {str(key): _exact(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_exact(inner) for inner in value]
        case _:
            raise TypeError(f"{value!r} has no exact JSON form; use whole numbers, text, lists and objects")
