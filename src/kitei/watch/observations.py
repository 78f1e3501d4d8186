"""What was seen, when, by whom: changes of state, and their history by the point they are about."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from kitei.values import JsonObject

What = Literal[
    "end-to-end",
    "closed",
    "ike",
    "bfd",
    "bgp",
    "vrrp",
    "engine",
    "login",
    "home",
    "switch",
    "agent",
    "tunnel",
    "upstream",
    "scrubbing",
    "gateway",
    "device",
    "entrance",
    "watched",
]

CONTROLLER = "controller"


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One watched thing: `source` (a node) tells whether `what` of `subject` works.

    `subject` is the name of the part on that node (a probe's, a secure link's, a neighbour's). The
    controller itself is the source of `agent` points, whose subject is the node it hears or does not, and of
    `watched` ones: whether a point is one of a contract's ways (see `watching`).
    """

    source: str
    what: What
    subject: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A point changed to `up` at `at` (aware). `heard_at` is when the operator learned it; None: at once.

    A node that could not reach its controller tells late: the state is as old as `at`, the knowledge
    is not.
    """

    at: datetime
    source: str
    subject: str
    what: What
    up: bool
    heard_at: datetime | None = None

    @property
    def point(self) -> Point:
        return Point(self.source, self.what, self.subject)

    @property
    def known_at(self) -> datetime:
        return self.at if self.heard_at is None else max(self.at, self.heard_at)


History: TypeAlias = Mapping[Point, tuple[Observation, ...]]


def history_of(observations: Iterable[Observation]) -> History:
    """Observations by point, in order of time; of two at one instant the later in the input counts."""
    found: dict[Point, list[Observation]] = {}
    for observation in observations:
        found.setdefault(observation.point, []).append(observation)
    return {point: tuple(sorted(seen, key=lambda o: o.at)) for point, seen in found.items()}


def hearing(node: str) -> Point:
    """The point that tells whether the controller hears a node's agent."""
    return Point(CONTROLLER, "agent", node)


def watching(contract: str, way: Point) -> Point:
    """The point that tells whether another is one of a contract's ways."""
    return Point(CONTROLLER, "watched", json.dumps([contract, way.source, way.what, way.subject]))


def watched(point: Point) -> tuple[str, Point]:
    """The contract and the way that a point of `watching` is about."""
    contract, source, what, subject = json.loads(point.subject)
    return contract, Point(source, what, subject)


def observation_json(observation: Observation) -> JsonObject:
    return {
        "at": observation.at.isoformat(),
        "source": observation.source,
        "subject": observation.subject,
        "what": observation.what,
        "up": observation.up,
        "heard_at": observation.heard_at.isoformat() if observation.heard_at else None,
    }


def observation_of(body: JsonObject) -> Observation:
    """Read one back. ValueError lists every fault with what would be right."""
    faults: list[str] = []
    at = instant_of(body, "at", faults)
    heard_at = instant_of(body, "heard_at", faults) if body.get("heard_at") is not None else None
    for name in ("source", "subject"):
        if not isinstance(body.get(name), str) or not body[name]:
            faults.append(f"{name}: {body.get(name)!r} is not a name such as 'osaka-a'")
    if body.get("what") not in get_args(What):
        faults.append(f"what: {body.get('what')!r} is not one of {', '.join(get_args(What))}")
    if not isinstance(body.get("up"), bool):
        faults.append(f"up: {body.get('up')!r} is not true or false")
    if faults:
        raise ValueError("; ".join(faults))
    assert at is not None
    what: What = body["what"]  # type: ignore[assignment]
    return Observation(at, str(body["source"]), str(body["subject"]), what, body["up"] is True, heard_at)


def instant_of(body: JsonObject, name: str, faults: list[str]) -> datetime | None:
    """An aware instant out of a JSON body; what is wrong with it is added to `faults`."""
    value = body.get(name)
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        faults.append(f"{name}: {value!r} is not an instant with a zone such as '2026-11-02T09:00:00+09:00'")
        return None
    return instant
