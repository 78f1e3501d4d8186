"""When what was ordered against an attack is in force: once every node that has to act says that it is done.

A node says so by its report: the orders in force there, and that all of them is so. The driver behind it has then
read back what it did: a route or flow rule from the speaker's table, a prefix from the scrubber's maps. A route
counts only where the session with one of its upstreams is up, because without one it reaches nobody. What the
upstream's own router makes of it, nobody here sees.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias, cast

from kitei.ledger import Fact
from kitei.ledger.contracts import Contract
from kitei.network import Announcement, FlowRule, Orders, Part, Scrubbing
from kitei.network.ddos_estate import ScrubberPlace
from kitei.network.report import Report
from kitei.office.estate import estate_of
from kitei.office.office import Office
from kitei.services.ddos import SERVICE
from kitei.services.ddos.defence import Mitigation, is_defended, standing_mitigations
from kitei.values import JsonObject, day_of

EFFECTIVE: Final = "mitigation.effective"

Name: TypeAlias = tuple[str, str]
"""A contract and a mitigation of it."""


@dataclass(slots=True)
class _Awaited:
    """A step that is not known to be in force. `needs` are the generations that have it, by node; a node's
    `upstreams` are those of which one has to be there; `done` is when each node had it."""

    contract: str
    step: Mitigation
    needs: Mapping[str, int]
    upstreams: Mapping[str, frozenset[str]]
    done: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Enforcing:
    """Waits for nodes, and records each step that is in force, once. One per controller, all calls in one thread.

    Begun again it reads what nodes told last; a step that came into force meanwhile gets the instant of that.
    """

    office: Office
    _first: dict[tuple[str, str], int] = field(default_factory=dict)
    _heard: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    _up: dict[tuple[str, str], datetime | None] = field(default_factory=dict)
    _awaited: dict[Name, _Awaited] = field(default_factory=dict)
    _scrubbers: tuple[int, tuple[ScrubberPlace, ...]] = (-1, ())
    _begun: bool = False
    waits: bool = False

    def expect(self, orders: Mapping[str, Orders]) -> None:
        """Orders were published, or steps taken back: know what is waited for now. Until the first call it
        `waits` for nothing."""
        self._begin()
        self.waits = True
        scrubbers = self._places()
        parts = {
            node: [p for p in each.intent.parts if isinstance(p, Announcement | FlowRule | Scrubbing)]
            for node, each in orders.items()
        }
        keys = {(node, p.key): orders[node].generation for node, listed in parts.items() for p in listed}
        self._first = {each: self._first.get(each, generation) for each, generation in keys.items()}
        before, self._awaited = self._awaited, {}
        for contract in _defended(self.office):
            for step in standing_mitigations(contract):
                if step.effective_at is None and (found := self._wait(contract, step, parts, scrubbers)):
                    known = before.get((contract.id, step.id))
                    found.done |= known.done if known is not None and known.needs == found.needs else {}
                    self._awaited[contract.id, step.id] = found
        self._judge(self._awaited.values())

    def take(self, report: Report) -> None:
        """A node's word: what it has done by now."""
        self._begin()
        for state in report.states:
            if state.what == "upstream":
                self._up[report.node, state.subject] = state.at if state.up else None
        if report.applied and self._heard.get(report.node, (-1, report.at))[0] != report.generation:
            self._heard[report.node] = (report.generation, report.at)
        self._judge([each for each in self._awaited.values() if report.node in each.needs])

    # -- inside --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """What nodes told before this process began."""
        if self._begun:
            return
        self._begun = True
        for node, heard in self.office.shelf.reports().items():
            body = cast(Mapping[str, Any], heard.body)
            if body.get("applied"):
                self._heard[node] = (int(body["generation"]), heard.at)

    def _places(self) -> tuple[ScrubberPlace, ...]:
        """Scrubbers as the operator said last."""
        said = self.office.picture().said
        if len(said) != self._scrubbers[0]:
            estate = estate_of(each for each in said if each.stream == "operator")
            self._scrubbers = (len(said), estate.defence.scrubbers)
        return self._scrubbers[1]

    def _wait(
        self,
        contract: Contract,
        step: Mitigation,
        parts: Mapping[str, Sequence[Part]],
        scrubbers: Sequence[ScrubberPlace],
    ) -> _Awaited | None:
        """Whom a step waits for; None where it makes no route, and so never comes into force."""
        needs: dict[str, int] = {}
        upstreams: dict[str, frozenset[str]] = {}
        hops: set[str] = set()
        for node, part in _routes(contract, step, parts):
            needs[node] = max(needs.get(node, 0), self._first[node, part.key])
            upstreams[node] = upstreams.get(node, frozenset()) | frozenset(part.upstreams)
            hops |= {part.next_hop} if isinstance(part, Announcement) else set()
        if not needs:
            return None
        for place in scrubbers:  # one that no route leads to may be as late as it likes
            if hops & set(place.next_hops):
                if (place.node, f"scrubbing:{step.target}") not in self._first:
                    return None
                needs[place.node] = self._first[place.node, f"scrubbing:{step.target}"]
        return _Awaited(contract.id, step, needs, upstreams)

    def _judge(self, some: Collection[_Awaited]) -> None:
        """Record those of these steps for which every node is done."""
        told = []
        for each in tuple(some):
            for node, generation in each.needs.items():
                heard = self._heard.get(node)
                if node not in each.done and heard is not None and heard[0] >= generation:
                    each.done[node] = heard[1]
            reached = self._reached(each)
            if reached is not None and each.done.keys() == each.needs.keys():
                told.append((f"contract:{each.contract}", self._fact(each, reached)))
                self._awaited.pop((each.contract, each.step.id), None)
        if told:
            self.office.state(told, "controller")

    def _reached(self, each: _Awaited) -> datetime | None:
        """Since when every speaker that has to act has an upstream; None where one has none."""
        since = []
        for node, names in each.upstreams.items():
            up = [at for name in names if (at := self._session(node, name)) is not None]
            if not up:
                return None
            since.append(min(up))
        return max(since)

    def _session(self, node: str, upstream: str) -> datetime | None:
        if (node, upstream) not in self._up:
            past = self.office.shelf.observations(source=node)
            last = [each for each in past if (each.what, each.subject) == ("upstream", upstream)][-1:]
            self._up[node, upstream] = next((each.at for each in last if each.up), None)
        return self._up[node, upstream]

    def _fact(self, each: _Awaited, reached: datetime) -> Fact:
        """No node's clock makes it earlier than it was ordered, or later than now."""
        last = max(each.done, key=lambda node: each.done[node])
        at = min(max(each.done[last], reached, each.step.at), self.office.clock())
        body: JsonObject = {
            "attack": each.step.attack,
            "mitigation": each.step.id,
            "step": each.step.step,
            "target": each.step.target,
            "at": at.isoformat(),
            "node": last,
            "nodes": sorted(each.needs),
        }
        return Fact(EFFECTIVE, body, day_of(at), each.step.cites)


def _routes(
    contract: Contract, step: Mitigation, parts: Mapping[str, Sequence[Part]]
) -> Iterator[tuple[str, Announcement | FlowRule]]:
    for node, listed in parts.items():
        for part in listed:
            match part:
                case Announcement() if (part.action, part.prefix) == (step.step, step.target):
                    yield node, part
                case FlowRule() if part.name == f"{contract.id}.{step.id}":
                    yield node, part


def _defended(office: Office) -> Iterator[Contract]:
    for contract in office.contracts().values():
        if contract.service == SERVICE.name and is_defended(contract):
            yield contract
