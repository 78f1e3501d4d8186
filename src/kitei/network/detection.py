"""What a collector tells its controller: floods as they are decided, and which alarms stand."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final, Literal, TypeAlias, cast

from kitei.network.codec import Unreadable
from kitei.values import JsonObject

Kind: TypeAlias = Literal["alarm", "held", "release"]
_MOST: Final = 10_000  # of anything in one word
_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """What an alarm is of: a policy's host or prefix."""

    policy: str
    scope: str
    target: str


@dataclass(frozen=True, slots=True)
class Detection:
    """A decision of a collector about one second, `at` (whole seconds since 1970). `since` is when it began.

    `figure` and `threshold` are of `metric` (`syn-pps`, `udp-bps`, ...), `ports` destination ports with their
    packets, `source_ports` those of UDP it comes from, as far as that was looked at. A held one says that an excess was not believed, and `why`. `target` is an address or a prefix.
    """

    at: int
    kind: Kind
    policy: str
    version: str
    scope: Literal["host", "prefix"]
    target: str
    metric: str
    figure: int
    threshold: int
    since: int
    sources: int
    ports: tuple[tuple[int, int], ...]
    dry_run: bool
    why: str | None = None
    source_ports: tuple[tuple[int, int], ...] = ()

    @property
    def standing(self) -> Standing:
        return Standing(self.policy, self.scope, self.target)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a collector. `begun`: since when it has been judging without a break (aware).

    `standing` are all alarms that stand, with their present figures, told now and then so that what was lost on
    the way heals; None where only news is told.
    """

    node: str
    begun: datetime
    detections: tuple[Detection, ...] = ()
    standing: tuple[Detection, ...] | None = None


def word_json(word: Word) -> JsonObject:
    listed = None if word.standing is None else [_plain(each) for each in word.standing]
    return {
        "node": word.node,
        "begun": word.begun.isoformat(),
        "detections": [_plain(each) for each in word.detections],
        "standing": cast(Any, listed),
    }


def word_of(written: object) -> Word:
    """Read one back. Raises Unreadable with every fault; nothing is half read."""
    faults: list[str] = []
    body = written if isinstance(written, Mapping) else {}
    if not isinstance(written, Mapping):
        faults.append(f"word: {_shown(written)} is not an object")
    node = _checked(body, "node", _text, "", faults)
    begun = _checked(body, "begun", _instant, "", faults)
    detections = [detection_of(each, where, faults) for where, each in _listed(body, "detections", faults)]
    standing = None
    if body.get("standing") is not None:
        rows = list(_listed(body, "standing", faults))
        standing = tuple(detection_of(each, where, faults) for where, each in rows)
    if faults:
        raise Unreadable(faults)
    return Word(node, datetime.fromisoformat(begun), tuple(detections), standing)


def detection_of(written: object, place: str, faults: list[str]) -> Detection:
    """A detection out of JSON; what is wrong is added to `faults`, and then it is not to be used.

    What else a collector tells beside it (counters, an id) is passed over.
    """
    body: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    if not isinstance(written, Mapping):
        faults.append(f"{place}: {_shown(written)} is not an object")
        body = {}
    body = {"source_ports": [], "why": None, **body}
    values = {name: _checked(body, name, check, f"{place}.", faults) for name, check in _CHECKS.items()}
    for name in ("ports", "source_ports"):
        if _ports(values[name]) is None:
            values[name] = tuple((port, packets) for port, packets in values[name])
    return Detection(**values)


def detection_json(detection: Detection) -> JsonObject:
    """As a collector writes it, and as it stands in the ledger."""
    return cast(JsonObject, _plain(detection))


def _plain(value: Detection) -> dict[str, Any]:
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    for name in ("ports", "source_ports"):
        found[name] = [list(pair) for pair in found[name]]
    return found


def _listed(body: Mapping[str, Any], name: str, faults: list[str]) -> Iterator[tuple[str, object]]:
    listed = body.get(name)
    if not isinstance(listed, list) or len(listed) > _MOST:
        faults.append(f"{name}: {_shown(listed)} is not a list of at most {_MOST}")
        return
    for index, each in enumerate(listed):
        yield f"{name}[{index}]", each


# -- checks ------------------------------------------------------------------------------------------

_Check: TypeAlias = Callable[[Any], str | None]


def _checked(body: Mapping[str, Any], name: str, check: _Check, place: str, faults: list[str]) -> Any:
    value = body.get(name)
    if wanted := check(value):
        faults.append(f"{place}{name}: {_shown(value)} is not {wanted}")
    return value


def _text(value: object) -> str | None:
    fits = isinstance(value, str) and 0 < len(value) <= _TEXT and value.isprintable()
    return None if fits else f"a printable text of at most {_TEXT} characters"


def _version(value: object) -> str | None:
    return None if value == "" else _text(value)


def _whole(value: object) -> str | None:
    return None if type(value) is int and 0 <= value < 1 << 63 else "a whole number from 0 on"


def _truth(value: object) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _why(value: object) -> str | None:
    return None if value is None else _text(value)


def _one_of(*allowed: str) -> _Check:
    return lambda value: None if value in allowed else f"one of {', '.join(allowed)}"


def _target(value: object) -> str | None:
    try:
        ip_network(value if isinstance(value, str) else "")
    except ValueError:
        return "an address or a prefix such as 198.51.100.7 or 198.51.100.0/24"
    return None


def _ports(value: object) -> str | None:
    pairs = value if isinstance(value, list | tuple) else None
    fits = pairs is not None and len(pairs) <= 16 and all(_is_port(each) for each in pairs)
    return None if fits else "a list of pairs of port and packets"


def _is_port(value: Any) -> bool:
    pair = isinstance(value, list | tuple) and len(value) == 2
    return pair and _whole(value[0]) is None and _whole(value[1]) is None and value[0] < 65536


def _instant(value: object) -> str | None:
    try:
        instant = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        instant = None
    fits = instant is not None and instant.tzinfo is not None
    return None if fits else "an instant with a zone such as '2026-11-02T09:00:00+09:00'"


_SCOPE: Final[_Check] = _one_of("host", "prefix")
_CHECKS: Final[Mapping[str, _Check]] = {
    "at": _whole,
    "kind": _one_of("alarm", "held", "release"),
    "policy": _text,
    "version": _version,
    "scope": _SCOPE,
    "target": _target,
    "metric": _text,
    "figure": _whole,
    "threshold": _whole,
    "since": _whole,
    "sources": _whole,
    "ports": _ports,
    "dry_run": _truth,
    "why": _why,
    "source_ports": _ports,
}


def _shown(value: object) -> str:
    return text if len(text := repr(value)) <= 60 else f"{text[:57]}..."
