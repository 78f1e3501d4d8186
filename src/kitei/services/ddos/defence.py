"""How a contract is defended: its policies, the attacks on it and what is done, as its facts left them.

All of it stands in a contract's body under `defence`: `policies` by name, `attacks`, `mitigations` and `reagings` by
id.
What is over is forgotten after a while (the ledger has it for ever), so that a contract stays small.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Final, cast

from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Entry
from kitei.services.ddos.defending import Ladder, Scrub, SetPolicy, Step
from kitei.values import Json, JsonObject

_REMEMBERED: Final = 64  # attacks and mitigations that are over, each


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy in force. `watch` is it as a collector reads it, but for its name and prefixes."""

    name: str
    prefixes: tuple[str, ...]
    watch: JsonObject
    ladder: Ladder
    scrub: Scrub
    dry_run: bool
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attack:
    """An alarm and its end. `withheld`: a step was due once and not taken, for there were as many as may be."""

    id: str
    policy: str
    scope: str
    target: str
    metric: str
    figure: int
    threshold: int
    since: datetime
    at: datetime
    dry_run: bool
    node: str
    source_ports: tuple[tuple[int, ...], ...]
    over_at: datetime | None
    withheld: bool = False

    @property
    def stands(self) -> bool:
        return self.over_at is None


@dataclass(frozen=True, slots=True)
class Mitigation:
    """A step taken. In force until `until` by the nodes' own time, unless it was taken back before.

    `cites` are those of the order. `prolonged_at` is when it was last ordered or prolonged; `effective_at` is when
    the nodes that had to act had done so, None as long as that is not known.
    """

    id: str
    step: Step
    target: str
    by: str
    at: datetime
    prolonged_at: datetime
    until: datetime
    attack: str | None
    metric: str
    ports: tuple[int, ...]
    released_at: datetime | None
    released_by: str = ""
    cites: tuple[str, ...] = ()
    effective_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Not taken back; it may have run out."""
        return self.released_at is None


@dataclass(frozen=True, slots=True)
class Reaging:
    """An order to learn thresholds anew, from one day to another and no further than `at`.

    `recommended` are the thresholds of each policy (`name`, `host`, `prefix`), None until they were reported.
    """

    id: str
    first: date
    last: date
    at: datetime
    by: str
    recommended: tuple[JsonObject, ...] | None
    applied: bool
    cites: tuple[str, ...] = ()


# What is watched before thresholds were learned and approved: a dry run, which is told and never acted upon.
FIRST_THRESHOLDS: Final[Mapping[str, int]] = {
    "bps": 200_000_000,
    "pps": 40_000,
    "syn-pps": 5_000,
    "udp-bps": 100_000_000,
    "fragment-pps": 2_000,
}
FIRST_POLICY: Final = Policy(
    "", (), {"host": dict(FIRST_THRESHOLDS), "dry_run": True}, Ladder(), Scrub(), True
)


# -- reading -----------------------------------------------------------------------------------------


def policies(contract: Contract) -> tuple[Policy, ...]:
    """The policies of a contract by name; the first there is where none was set."""
    told = _part(contract, "policies")
    return tuple(policy_read(name, told[name]) for name in sorted(told)) or (FIRST_POLICY,)


def policy_of(contract: Contract, watched: str) -> Policy:
    """The policy that a collector names (`<contract>` or `<contract>/<name>`), or the first of the contract."""
    name = watched.partition("/")[2]
    found = policies(contract)
    return next((each for each in found if each.name == name), found[0])


def attacks(contract: Contract) -> tuple[Attack, ...]:
    """In order of their beginning."""
    found = (_attack(id, body) for id, body in _part(contract, "attacks").items())
    return tuple(sorted(found, key=lambda each: (each.at, each.id)))


def mitigations(contract: Contract) -> tuple[Mitigation, ...]:
    """In the order they were ordered in."""
    found = (_mitigation(id, body) for id, body in _part(contract, "mitigations").items())
    return tuple(sorted(found, key=lambda each: (each.at, each.id)))


def standing_mitigations(contract: Contract) -> tuple[Mitigation, ...]:
    return tuple(each for each in mitigations(contract) if each.stands)


def reagings(contract: Contract) -> tuple[Reaging, ...]:
    """In the order they were ordered in."""
    found = (_reaging(id, body) for id, body in _part(contract, "reagings").items())
    return tuple(sorted(found, key=lambda each: (each.at, each.id)))


def is_defended(contract: Contract) -> bool:
    """Whether any attack stands or any step does; cheap."""
    return any(
        body.get("over_at" if name == "attacks" else "released_at") is None
        for name in ("attacks", "mitigations")
        for body in _part(contract, name).values()
    )


def _part(contract: Contract, name: str) -> Mapping[str, Any]:
    defence: Any = contract.body.get("defence")
    return cast(Mapping[str, Any], defence.get(name, {})) if isinstance(defence, Mapping) else {}


def policy_read(name: str, body: Mapping[str, Any]) -> Policy:
    """A policy as its fact tells it."""
    scrub: dict[str, Any] = {
        key: tuple(each) if isinstance(each, list) else each for key, each in body["scrub"].items()
    }
    return Policy(
        name,
        tuple(body["prefixes"]),
        body["watch"],
        Ladder(**body["ladder"]),
        Scrub(**scrub),
        body["dry_run"],
        tuple(body.get("cites", ())),
    )


def _attack(id: str, body: Mapping[str, Any]) -> Attack:
    over = body.get("over_at")
    return Attack(
        id,
        body["policy"],
        body["scope"],
        body["target"],
        body["metric"],
        body["figure"],
        body["threshold"],
        datetime.fromisoformat(body["since"]),
        datetime.fromisoformat(body["at"]),
        body["dry_run"],
        body["node"],
        tuple(tuple(pair) for pair in body["source_ports"]),
        datetime.fromisoformat(over) if over else None,
        body.get("withheld", False),
    )


def _mitigation(id: str, body: Mapping[str, Any]) -> Mitigation:
    released, effective = body.get("released_at"), body.get("effective_at")
    return Mitigation(
        id,
        body["step"],
        body["target"],
        body["by"],
        datetime.fromisoformat(body["at"]),
        datetime.fromisoformat(body.get("prolonged_at") or body["at"]),
        datetime.fromisoformat(body["until"]),
        body.get("attack"),
        body["metric"],
        tuple(body["ports"]),
        datetime.fromisoformat(released) if released else None,
        body.get("released_by", ""),
        tuple(body.get("cites", ())),
        datetime.fromisoformat(effective) if effective else None,
    )


def _reaging(id: str, body: Mapping[str, Any]) -> Reaging:
    told = body.get("recommended")
    return Reaging(
        id,
        date.fromisoformat(body["first"]),
        date.fromisoformat(body["last"]),
        datetime.fromisoformat(body["at"]),
        body["by"],
        None if told is None else tuple(told),
        body.get("applied", False),
        tuple(body.get("cites", ())),
    )


# -- growing -----------------------------------------------------------------------------------------


def policy_body(asked: SetPolicy) -> JsonObject:
    """What a `policy.set` fact says: all of it, so that defaults of a later day change nothing."""
    told: dict[str, Json] = {"host": dict(asked.host), "prefix": dict(asked.prefix), "dry_run": asked.dry_run}
    told["override"] = [{"network": each.network, "host": dict(each.host)} for each in asked.override]
    for name in ("timing", "guards"):
        values = asdict(getattr(asked, name))
        told[name] = {key: _plain(each) for key, each in values.items() if each is not None}
    return {
        "name": asked.name or "",
        "prefixes": list(asked.prefixes),
        "watch": told,
        "ladder": asdict(asked.ladder),
        "scrub": {key: _plain(each) for key, each in asdict(asked.scrub).items()},
        "dry_run": asked.dry_run,
        **({"reaging": asked.reaging} if asked.reaging else {}),
    }


def _plain(value: Any) -> Json:
    return list(value) if isinstance(value, tuple) else value


def grow(contract: Contract, entry: Entry) -> Contract:
    """The contract after one more fact of its defence."""
    body = cast(Mapping[str, Any], entry.fact.body)
    defence: dict[str, dict[str, Any]] = {
        name: dict(_part(contract, name)) for name in ("policies", "attacks", "mitigations", "reagings")
    }
    match entry.fact.kind:
        case "policy.set":
            defence["policies"][body["name"]] = {**body, "cites": list(entry.fact.cites)}
            _change(defence["reagings"], body.get("reaging"), applied=True)
        case "reaging.ordered":
            defence["reagings"][body["reaging"]] = {**body, "cites": list(entry.fact.cites)}
        case "reaging.reported":
            _change(defence["reagings"], body["reaging"], recommended=body["recommended"])
        case "attack.detected":
            defence["attacks"][body["attack"]] = body
        case "attack.over":
            _change(defence["attacks"], body["attack"], over_at=body["at"])
            _forget(defence["attacks"], "over_at")
        case "mitigation.withheld":
            _change(defence["attacks"], body["attack"], withheld=True)
        case "mitigation.ordered":
            defence["mitigations"][body["mitigation"]] = {**body, "cites": list(entry.fact.cites)}
        case "mitigation.effective":
            _change(defence["mitigations"], body["mitigation"], effective_at=body["at"])
        case "mitigation.prolonged":
            changes = {"prolonged_at": body["at"], "until": body["until"]}
            _change(defence["mitigations"], body["mitigation"], **changes)
        case "mitigation.released":
            told = {"released_at": body["at"], "released_by": body.get("by", "")}
            _change(defence["mitigations"], body["mitigation"], **told)
            _forget(defence["mitigations"], "released_at")
    return replace(contract, body={**contract.body, "defence": defence})


def noted(contract: Contract, entry: Entry) -> Contract:
    """A fact of an incident's course: the ledger has it, and nothing of the defence rests on it."""
    return contract


GROWTH: Final = {
    **dict.fromkeys(
        (
            "policy.set",
            "reaging.ordered",
            "reaging.reported",
            "attack.detected",
            "attack.over",
            "mitigation.withheld",
            "mitigation.ordered",
            "mitigation.effective",
            "mitigation.prolonged",
            "mitigation.released",
        ),
        grow,
    ),
    **dict.fromkeys(("incident.opened", "incident.noted", "incident.closed"), noted),
}


def _change(among: dict[str, Any], id: str | None, **changes: Any) -> None:
    if id is not None and id in among:
        among[id] = {**among[id], **changes}


def _forget(among: dict[str, Any], ended: str) -> None:
    """Leave the latest of those that are over; a dictionary keeps the order they came in."""
    over = [id for id, body in among.items() if body.get(ended)]
    for id in over[: max(0, len(over) - _REMEMBERED)]:
        del among[id]
