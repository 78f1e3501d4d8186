"""Outages as the bodies of `outage.found` facts, and back."""

from collections.abc import Sequence
from typing import get_args

from kitei.values import Json, JsonObject, Words
from kitei.watch.observations import instant_of
from kitei.watch.outages import Outage, Party


def outage_json(outage: Outage) -> JsonObject:
    """The body of an `outage.found` fact; a later fact with the same id replaces it."""
    return {
        "id": outage.id,
        "contract": outage.contract,
        "began_at": outage.began_at.isoformat(),
        "known_at": outage.known_at.isoformat(),
        "restored_at": outage.restored_at.isoformat() if outage.restored_at else None,
        "total": outage.total,
        "equally_bad": outage.equally_bad,
        "cause": outage.cause,
        "evidence": [{"ja": words.ja, "en": words.en} for words in outage.evidence],
    }


def outage_of(body: JsonObject) -> Outage:
    """Read one back. ValueError lists every fault with what would be right.

    `began_at` may be missing (an operator's record by hand): it is `known_at` then.
    """
    faults: list[str] = []
    known = instant_of(body, "known_at", faults)
    began = instant_of(body, "began_at", faults) if body.get("began_at") is not None else known
    restored = instant_of(body, "restored_at", faults) if body.get("restored_at") is not None else None
    for name in ("id", "contract"):
        if not isinstance(body.get(name), str) or not body[name]:
            faults.append(f"{name}: {body.get(name)!r} is not an id")
    for name in ("total", "equally_bad"):
        if not isinstance(body.get(name, False), bool):
            faults.append(f"{name}: {body.get(name)!r} is not true or false")
    cause = body.get("cause")
    if cause is not None and cause not in get_args(Party):
        faults.append(f"cause: {cause!r} is not one of {', '.join(get_args(Party))}, nor null")
    if known and restored and restored < known:
        faults.append(f"restored_at: {restored.isoformat()} is before known_at {known.isoformat()}")
    if faults:
        raise ValueError("; ".join(faults))
    assert known is not None and began is not None
    party: Party | None = cause  # type: ignore[assignment]
    return Outage(
        id=str(body["id"]),
        contract=str(body["contract"]),
        began_at=began,
        known_at=known,
        restored_at=restored,
        total=body.get("total") is True,
        cause=party,
        evidence=tuple(_words(told) for told in _list(body.get("evidence"))),
        equally_bad=body.get("equally_bad") is True,
    )


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else ()


def _words(value: Json) -> Words:
    return (
        Words(str(value["ja"]), str(value["en"]))
        if isinstance(value, dict)
        else Words(str(value), str(value))
    )
