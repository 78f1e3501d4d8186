"""From what collectors see to what nodes must do: heard, decided by the terms, recorded, published in a moment.

It works from the ledger and the orders alone: killed and begun again, it goes on where it was. All it remembers by
itself is which collectors it has heard, and what they said stands.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kitei.clock import wall_clock
from kitei.desk import Verdict
from kitei.ledger.contracts import Contract
from kitei.network import Orders
from kitei.network.detection import Detection, Standing, Word
from kitei.network.events import Event
from kitei.network.report import Report
from kitei.office.floods.failover import Failover
from kitei.office.floods.refreshing import Refreshing
from kitei.office.floods.withholding import withhold
from kitei.office.office import Office
from kitei.services.ddos import SERVICE
from kitei.services.ddos.defence import (
    Attack,
    Mitigation,
    attacks,
    is_defended,
    mitigations,
    policies,
    policy_of,
)
from kitei.services.ddos.defending import CONTROLLER
from kitei.services.ddos.ladder import WHY, Due, Order, Prolong, Release, Withhold, due
from kitei.services.ddos.means import means

log = logging.getLogger(__name__)

_LOOK: Final = 0.25
"""Seconds between looks at what is due: orders of people are recorded by other processes."""

_PART: Final = 0.15
"""Seconds of work at one go: nodes ask for their orders in between."""

_AGAIN: Final = 60.0
"""Seconds before something that was refused is asked again."""

_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class Collector:
    """What is known of a collector: when it was last heard (this process's time), and which alarms stand there.

    Until it has `told` all of them once, those that stand by the ledger stand there too, unless it `released` them.
    `released` are those of attacks that stand yet.
    """

    heard: float
    told: bool = False
    standing: dict[Standing, Detection] = field(default_factory=dict)
    released: set[Standing] = field(default_factory=set)


@dataclass(slots=True)
class Defence:
    """The defence of one office. All calls come from one thread; one per controller."""

    office: Office
    now: Callable[[], float] = time.monotonic
    _inbox: deque[tuple[Word, Detection | None]] = field(default_factory=deque)
    _collectors: dict[str, Collector] = field(default_factory=dict)
    _refused: dict[tuple[str, ...], float] = field(default_factory=dict)
    _refreshing: Refreshing | None = None
    _failover: Failover | None = None
    _begun: float = -1.0
    _looked: float = -1.0

    @property
    def failover(self) -> Failover:
        if self._failover is None:
            self._failover = Failover(self.office, self.now)
        return self._failover

    @property
    def refreshing(self) -> Refreshing:
        if self._refreshing is None:
            self._refreshing = Refreshing(self.office)
        return self._refreshing

    # -- hearing -------------------------------------------------------------------------------------

    def take(self, office: Office, node: str, events: tuple[Event, ...], within: Any) -> None:
        """Keep a node's words until `work`: what follows from them is recorded in transactions of its own.

        Lost with this process, a word is made up for by the next that names the alarms that stand. Raises
        Unreadable.
        """
        from kitei.office.takers import words_of

        self.hear(*words_of(node, events))

    def hear(self, *words: Word) -> None:
        for word in words:
            self._inbox.extend((word, each) for each in word.detections)
            self._inbox.append((word, None))

    def work(self) -> bool:
        """Do what is to be done by now; cheap when there is nothing. Whether orders changed.

        Of very much it does a part, so that nodes get the first orders while the last are still decided: call again.
        """
        now = self.now()
        if self._begun < 0:
            self._begun = now
            self.office.situation(
                SERVICE, self.office.today()
            )  # read the terms now and not at the first alarm
        if not self._inbox and now - self._looked < _LOOK:
            # nothing was heard, and it was looked a moment ago
            return self.refreshing.is_due and self.refreshing.publish()
        while self._inbox and self.now() - now < _PART:
            self._take(*self._inbox.popleft())
        if not self._inbox:
            self._looked = now
            for contract in self._contracts():
                if self.now() - now >= _PART:
                    self._looked = -1.0  # the rest at the next call
                    break
                self._tend(contract)
        self.failover.look(self.refreshing.places)
        return self.refreshing.publish()

    def take_report(self, report: Report) -> None:
        """What a node has done: a route may have waited for it."""
        self.failover.take(report)
        self.refreshing.take(report)

    def published(self) -> Mapping[str, Orders]:
        """The orders in force of the nodes that stand against floods."""
        return self.refreshing.orders

    # -- what was heard ------------------------------------------------------------------------------

    def _take(self, word: Word, detection: Detection | None) -> None:
        """One decision of a collector, or the end of its word."""
        collector = self._collectors.setdefault(word.node, Collector(self.now()))
        collector.heard = self.now()
        if detection is None:
            if word.standing is not None:
                stand = {_standing(each): each for each in word.standing}
                collector.released |= collector.standing.keys() - stand.keys()
                collector.released -= stand.keys()
                collector.standing, collector.told = stand, True
                # what was lost on the way; each is looked at by itself, as news would be
                self._inbox.extendleft(
                    (replace(word, standing=None), each) for each in reversed(word.standing)
                )
            self._end_what_is_over(word)
        elif detection.kind == "alarm":
            collector.standing[_standing(detection)] = detection
            collector.released.discard(_standing(detection))
            self._alarm(word.node, detection)
        elif detection.kind == "release":
            collector.standing.pop(_standing(detection), None)
            collector.released.add(_standing(detection))

    def _alarm(self, node: str, seen: Detection) -> None:
        """An alarm becomes an attack on its contract, unless it is one already."""
        contract = self._contract(seen.policy)
        if contract is None:
            log.warning("%s raises an alarm for %r, which is no contract", node, seen.policy)
            return
        if any(each.stands and _key(each) == _standing(seen) for each in attacks(contract)):
            return
        for collector in self._collectors.values():
            collector.released.discard(_standing(seen))
        written = {
            "contract": contract.id,
            "policy": seen.policy,
            "scope": seen.scope,
            "target": seen.target,
            "metric": seen.metric,
            "figure": seen.figure,
            "threshold": seen.threshold,
            "since": self._provider_time(seen.since).isoformat(),
            "sources": seen.sources,
            "ports": [list(pair) for pair in seen.ports],
            "source_ports": [list(pair) for pair in seen.source_ports],
            "dry_run": seen.dry_run,
            "version": seen.version or "-",
            "node": node,
        }
        self._ask("attack-detected", written, (contract.id, "alarm", seen.policy, seen.scope, seen.target))
        self._tend(self.office.contract(contract.id))  # before the next alarm is looked at

    def _provider_time(self, second: int) -> datetime:
        """A second of a collector's clock, which is the world's; where the provider's is set ahead, set ahead with it.

        A replay's clock is the provider's already: what is nearer to now is meant.
        """
        now, told = self.office.clock(), datetime.fromtimestamp(second, UTC)
        return min((told, told + (now - wall_clock())), key=lambda each: abs(now - each))

    def _end_what_is_over(self, word: Word) -> None:
        """Attacks that this collector spoke of, and that no collector sees any more."""
        stand = set()
        for contract in self._contracts():
            if not is_defended(contract):
                continue
            for attack in attacks(contract):
                if not attack.stands:
                    continue
                stand.add(_key(attack))
                ended = self._is_ended(attack)
                if self._is_seen(attack, ended):
                    continue
                told = word.standing is not None and attack.node in ("", word.node)
                if told or ended or self._is_gone(attack):
                    over = {"contract": contract.id, "attack": attack.id}
                    self._ask("attack-over", over, (contract.id, "over", attack.id))
        self._collectors[word.node].released &= stand

    def _is_ended(self, attack: Attack) -> bool:
        """Whether a collector that is heard saw it, and its end."""
        return any(
            _key(attack) in each.released and self._is_heard(each, attack)
            for each in self._collectors.values()
        )

    def _is_seen(self, attack: Attack, ended: bool) -> bool:
        """Whether any collector has it among what stands; for one that did not tell all yet, its own do. One that
        is not heard any more stands back where another saw it `ended`."""
        witnesses = [
            (node, each)
            for node, each in self._collectors.items()
            if not ended or self._is_heard(each, attack)
        ]
        return any(
            _key(attack) in each.standing
            or (node == attack.node and not each.told and _key(attack) not in each.released)
            for node, each in witnesses
        )

    def _is_heard(self, collector: Collector, attack: Attack) -> bool:
        """Within the time that its policy lets a collector be silent."""
        contract = self._contract(attack.policy)
        most = policy_of(contract, attack.policy).ladder.blind if contract is not None else 0
        return self.now() - collector.heard <= most

    def _is_gone(self, attack: Attack) -> bool:
        """Whether its collector is none of ours any more: nobody will ever tell the end of it."""
        return bool(attack.node) and attack.node not in self.refreshing.collectors()

    # -- what is due ---------------------------------------------------------------------------------

    def _tend(self, contract: Contract) -> None:
        """Everything that is due for a contract."""
        if is_defended(contract):
            for each in self._due(contract):
                self._do(contract, each)

    def _due(self, contract: Contract) -> Iterator[Due]:
        found = means(contract, self.office.contracts(), self.office.today())
        told = [self._grown(each) for each in attacks(contract)]
        by_attack = {each.id: policy_of(contract, each.policy) for each in told}
        policy = {**by_attack, "": policies(contract)[0]}
        mitigates = found is not None and found.mitigates
        blind = self._blind(told)
        return due(policy, told, mitigations(contract), self.office.clock(), mitigates=mitigates, blind=blind)

    def _grown(self, attack: Attack) -> Attack:
        """The attack by its largest figure that any collector told last."""
        found = (each.standing.get(_key(attack)) for each in self._collectors.values())
        figures = [each.figure for each in found if each is not None and each.metric == attack.metric]
        return replace(attack, figure=max((attack.figure, *figures)))

    def _blind(self, told: Sequence[Attack]) -> timedelta | None:
        """For how long no collector that sees these attacks was heard; this process's beginning gives all time.

        None where no collector told of them: whoever did will tell their end.
        """
        standing = [each for each in told if each.stands]
        keys = {_key(each) for each in standing}
        nodes = {each.node for each in standing} | {
            n for n, c in self._collectors.items() if keys & c.standing.keys()
        }
        if not nodes - {""}:
            return None
        heard = [self._collectors[node].heard for node in nodes if node in self._collectors]
        return timedelta(seconds=self.now() - max((self._begun, *heard)))

    def _do(self, contract: Contract, each: Due) -> None:
        match each:
            case Order():
                written: dict[str, Any] = {
                    "target": each.attack.target,
                    "step": each.step,
                    "attack": each.attack.id,
                }
                self._ask("mitigate", {"contract": contract.id, **written}, (contract.id, *written.values()))
            case Prolong():
                self._about("prolong", contract, each.mitigation, {})
            case Release():
                self._about("release", contract, each.mitigation, {"why": WHY[each.why].en})
            case Withhold():
                withhold(self.office, contract, each)

    def _about(self, act: str, contract: Contract, each: Mitigation, more: Mapping[str, str]) -> None:
        written = {"contract": contract.id, "mitigation": each.id, **more}
        self._ask(act, written, (contract.id, act, each.id))

    def _ask(self, act: str, written: Mapping[str, object], about: tuple[str, ...]) -> None:
        """Put an act to the terms as anyone does. What was refused is not asked again and again."""
        if self.now() - self._refused.get(about, -_AGAIN) < _AGAIN:
            return
        decided = self.office.apply(act, {"by": CONTROLLER, **written}, service=SERVICE.name)
        if decided.decision.verdict is not Verdict.ACCEPT:
            if len(self._refused) >= _REMEMBERED:
                self._refused.clear()
            self._refused[about] = self.now()
            why = "; ".join(f.why.en for f in decided.decision.findings if f.verdict is not Verdict.ACCEPT)
            log.warning("%s %s: %s", act, " ".join(about), why)
        else:
            self._refused.pop(about, None)

    # -- inside --------------------------------------------------------------------------------------

    def _contracts(self) -> tuple[Contract, ...]:
        return tuple(each for each in self.office.contracts().values() if each.service == SERVICE.name)

    def _contract(self, policy: str) -> Contract | None:
        found = self.office.contracts().get(policy.partition("/")[0])
        return found if found is not None and found.service == SERVICE.name else None


def _standing(seen: Detection) -> Standing:
    return Standing(seen.policy, seen.scope, _plain(seen.target))


def _key(attack: Attack) -> Standing:
    return Standing(attack.policy, attack.scope, _plain(attack.target))


def _plain(target: str) -> str:
    """An address alone is written without its length."""
    address, _, length = target.partition("/")
    return address if length == ("128" if ":" in address else "32") else target
