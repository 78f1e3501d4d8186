"""What a node tells its controller: which orders are in force, what waits, what is wrong, what it sees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar, get_args

from kitei.network.codec import Unreadable
from kitei.values import Json, JsonObject, Words

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
    "tunnel",
    "upstream",
    "scrubbing",
    "gateway",
    "device",
    "entrance",
]
FaultKind = Literal["orders", "disk", "driver", "fell-back", "coincidence", "identity", "watching", "sack"]


@dataclass(frozen=True, slots=True)
class State:
    """A watched thing became `up` or not at `at` (aware, by the node's clock).

    `subject` is the part's name: a Probe's (`end-to-end`, `closed`: its path), a SecureLink's (`ike`), a
    BgpNeighbour's (`bfd`, `bgp`), a Gateway's address (`vrrp`: up where it is held; exactly one of two
    nodes should be), a kept program's name (`engine`), a ReturnTunnel's key
    (`tunnel`), an Upstream's name (`upstream`: its session), a contract
    whose traffic is scrubbed here (`scrubbing`), the key of a Filter, RemoteAccess, BackboneLink, TunnelGateway or
    NetworkRelay (`gateway`), a RemoteDevice's name (`device`: it is connected), an EntranceProbe's (`entrance`). `detail` are whole numbers such as
    `rtt_us`, `lost`.
    """

    at: datetime
    subject: str
    what: What
    up: bool
    detail: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step not taken because it would cut the traffic of `owners`, who did not agree to it."""

    driver: str
    do: str
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong on a node. `subject` is the driver, the file, or the probes that stayed dark.

    `detail` is the engine's or the system's own message, in whatever language that speaks.
    """

    kind: FaultKind
    subject: str
    detail: str

    @property
    def words(self) -> Words:
        ja, en = _FAULTS[self.kind]
        return Words(ja.format(self.subject, self.detail), en.format(self.subject, self.detail))


@dataclass(frozen=True, slots=True)
class Report:
    """One node's word at one instant.

    `generation` and `digest` are of the orders in force there (0 and empty: none yet). `applied`: all of
    them is so; `right` are the drivers whose part of them is, whatever becomes of the others'. `states` are changes in order of time since the last report that arrived; where `whole`
    is true they are every state there is, and a point not among them is no longer watched.
    """

    node: str
    at: datetime
    generation: int
    digest: str
    applied: bool
    waiting: tuple[Waiting, ...] = ()
    faults: tuple[Fault, ...] = ()
    states: tuple[State, ...] = ()
    whole: bool = False
    right: tuple[str, ...] = ()


def report_json(report: Report) -> JsonObject:
    return {
        "node": report.node,
        "at": report.at.isoformat(),
        "generation": report.generation,
        "digest": report.digest,
        "applied": report.applied,
        "waiting": [{"driver": w.driver, "do": w.do, "owners": list(w.owners)} for w in report.waiting],
        "faults": [{"kind": f.kind, "subject": f.subject, "detail": f.detail} for f in report.faults],
        "states": [state_json(state) for state in report.states],
        "whole": report.whole,
        "right": list(report.right),
    }


def report_of(written: Json) -> Report:
    """Read one back. Raises Unreadable with every fault."""
    faults: list[str] = []
    body = _object(written, "report", faults)
    report = Report(
        node=_is(body, "node", str, faults),
        at=_instant(body, "at", faults),
        generation=_is(body, "generation", int, faults),
        digest=_is(body, "digest", str, faults),
        applied=_is(body, "applied", bool, faults),
        waiting=_each(body, "waiting", _waiting, faults),
        faults=_each(body, "faults", _fault, faults),
        states=_each(body, "states", _state, faults),
        whole=_is(body, "whole", bool, faults),
        right=_names(body, "right", faults),
    )
    if faults:
        raise Unreadable(faults)
    return report


def state_json(state: State) -> JsonObject:
    return {
        "at": state.at.isoformat(),
        "subject": state.subject,
        "what": state.what,
        "up": state.up,
        "detail": dict(state.detail),
    }


def _state(body: JsonObject, faults: list[str]) -> State:
    detail = _object(body.get("detail"), "detail", faults)
    if any(type(number) is not int for number in detail.values()):
        faults.append("detail: holds what is not a whole number")
    return State(
        at=_instant(body, "at", faults),
        subject=_is(body, "subject", str, faults),
        what=_one_of(body, "what", What, faults),
        up=_is(body, "up", bool, faults),
        detail=detail,  # type: ignore[arg-type]
    )


def _waiting(body: JsonObject, faults: list[str]) -> Waiting:
    owners: Any = body.get("owners")
    if not isinstance(owners, list) or not all(isinstance(owner, str) for owner in owners):
        faults.append(f"owners: {owners!r} is not a list of contracts")
        owners = []
    return Waiting(_is(body, "driver", str, faults), _is(body, "do", str, faults), tuple(owners))


def _fault(body: JsonObject, faults: list[str]) -> Fault:
    kind = _one_of(body, "kind", FaultKind, faults)
    return Fault(kind, _is(body, "subject", str, faults), _is(body, "detail", str, faults))


_T = TypeVar("_T")


def _each(
    body: JsonObject, name: str, read: Callable[[JsonObject, list[str]], _T], faults: list[str]
) -> tuple[_T, ...]:
    listed = body.get(name)
    if not isinstance(listed, list):
        faults.append(f"{name}: {listed!r} is not a list")
        return ()
    found: list[_T] = []
    for index, each in enumerate(listed):
        wrong: list[str] = []
        found.append(read(_object(each, "item", wrong), wrong))
        faults += [f"{name}[{index}].{fault}" for fault in wrong]
    return tuple(found)


def _names(body: JsonObject, name: str, faults: list[str]) -> tuple[str, ...]:
    """A list of texts; none where it is not told."""
    listed: Any = body.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        faults.append(f"{name}: {listed!r} is not a list of texts")
        return ()
    return tuple(listed)


def _object(value: Json, place: str, faults: list[str]) -> JsonObject:
    if isinstance(value, dict):
        return value
    faults.append(f"{place}: {value!r} is not an object")
    return {}


def _is(body: JsonObject, name: str, kind: type[_T], faults: list[str]) -> _T:
    value: Any = body.get(name)
    if type(value) is not kind:
        wanted = {str: "a text", int: "a whole number", bool: "true or false"}[kind]
        faults.append(f"{name}: {value!r} is not {wanted}")
    return value  # type: ignore[no-any-return]


def _one_of(body: JsonObject, name: str, kind: Any, faults: list[str]) -> Any:
    value = body.get(name)
    if value not in get_args(kind):
        faults.append(f"{name}: {value!r} is not one of {', '.join(get_args(kind))}")
    return value


def _instant(body: JsonObject, name: str, faults: list[str]) -> datetime:
    value = body.get(name)
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        faults.append(f"{name}: {value!r} is not an instant with a zone such as '2026-11-02T09:00:00+09:00'")
        return datetime.min  # noqa: DTZ901 - never seen: the faults are raised
    return instant


_FAULTS: Mapping[FaultKind, tuple[str, str]] = {
    "orders": ("指示 {0} を受け付けません: {1}", "orders {0} are refused: {1}"),
    "disk": ("{0} に書けません: {1}", "{0} cannot be written: {1}"),
    "driver": ("{0}: {1}", "{0}: {1}"),
    "fell-back": (
        "{1} の適用後にプローブ {0} が回復せず、前の指示に戻しました",
        "probes {0} stayed dark after {1} was applied; the orders before are in force again",
    ),
    "coincidence": (
        "プローブ {0} は前の指示でも回復しないため、{1} を適用し直しました",
        "probes {0} stayed dark with the orders before too, so {1} was not the cause and is applied again",
    ),
    "identity": ("証明書要求 {0}: {1}", "certificate request {0}: {1}"),
    "sack": ("{0} をまだ受け取れません: {1}", "{0} has not arrived yet: {1}"),
    "watching": ("{0} の状態が読めません: {1}", "the state of {0} cannot be read: {1}"),
}
