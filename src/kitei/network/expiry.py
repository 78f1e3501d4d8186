"""Until when a part is wanted. What is done against an attack ends by the node's own clock."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from kitei.network.parts import Part


def expires(part: Part) -> datetime | None:
    """The instant from which a part is wanted no more; None: it does not end by itself.

    What is not an instant with a zone counts as over long ago: nothing against an attack stays for a slip.
    """
    until: str | None = getattr(part, "until", None)
    if until is None:
        return None
    try:
        instant = datetime.fromisoformat(until)
    except ValueError:
        return _LONG_AGO
    return instant if instant.tzinfo is not None else _LONG_AGO


def has_expired(part: Part, at: datetime) -> bool:
    """At `until` itself it is over."""
    instant = expires(part)
    return instant is not None and instant <= at


def still_wanted(parts: Iterable[Part], at: datetime) -> Iterator[Part]:
    return (part for part in parts if not has_expired(part, at))


_LONG_AGO = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
