"""What accepted acts of the defence record on a contract's stream."""

from collections.abc import Iterator, Mapping

from kitei.clauses.conclusion import Body, Record, Recorded, cited, to_contract
from kitei.desk import Decision, Situation
from kitei.services.ddos.defence import attacks, policy_body
from kitei.services.ddos.defending import (
    AttackDetected,
    AttackOver,
    IncidentStep,
    Mitigate,
    Prolong,
    Reage,
    Release,
    SetPolicy,
)
from kitei.services.ddos.rules.defence import means_of, picked, until
from kitei.services.ddos.rules.reaging import period_of
from kitei.values import day_of


def _policy(asked: SetPolicy, decision: Decision, s: Situation) -> Iterator[Recorded]:
    yield to_contract(asked.contract, "policy.set", policy_body(asked), day_of(asked.at), cited(decision))


def _reaging(asked: Reage, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The order goes by the number of the act; what was learned is another fact, told when it is known."""
    first, last = period_of(asked, s.contract(asked.contract))
    body: Body = {
        "reaging": asked.id,
        "at": asked.at.isoformat(),
        "by": asked.by,
        "first": first.isoformat(),
        "last": last.isoformat(),
    }
    yield to_contract(asked.contract, "reaging.ordered", body, day_of(asked.at), cited(decision))


def _detected(asked: AttackDetected, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The attack goes by the number of the act; with type P the incident is opened with it."""
    day, cites = day_of(asked.at), cited(decision)
    body: Body = {
        "attack": asked.id,
        "at": asked.at.isoformat(),
        "policy": asked.policy,
        "version": asked.version,
        "scope": asked.scope,
        "target": asked.target,
        "metric": asked.metric,
        "figure": asked.figure,
        "threshold": asked.threshold,
        "since": asked.since.isoformat(),
        "sources": asked.sources,
        "ports": [list(pair) for pair in asked.ports],
        "source_ports": [list(pair) for pair in asked.source_ports],
        "dry_run": asked.dry_run,
        "node": asked.node,
    }
    yield to_contract(asked.contract, "attack.detected", body, day, cites)
    if _has_incidents(asked.contract, s):
        opened: Body = {"attack": asked.id, "at": asked.at.isoformat(), "step": "opened", "by": asked.by}
        yield to_contract(asked.contract, "incident.opened", opened, day, s.texts(("art:1.1.t3",)))


def _over(asked: AttackOver, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day, at = day_of(asked.at), asked.at.isoformat()
    yield to_contract(asked.contract, "attack.over", {"attack": asked.attack, "at": at}, day, cited(decision))
    if _has_incidents(asked.contract, s):
        closed: Body = {"attack": asked.attack, "at": at, "step": "closed", "by": asked.by}
        yield to_contract(asked.contract, "incident.closed", closed, day, s.texts(("art:1.1.t3",)))


def _has_incidents(contract: str, s: Situation) -> bool:
    found = means_of(s, s.contract(contract))
    return found is not None and found.incidents


def _mitigated(asked: Mitigate, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """It goes by the number of the act. What it answers is written down, so that the nodes' parts follow from it."""
    contract = s.contract(asked.contract)
    standing = [each for each in attacks(contract) if each.stands and each.target == asked.target]
    attack = next((each for each in standing if asked.attack in (None, each.id)), None)
    body: Body = {
        "mitigation": asked.id,
        "attack": attack.id if attack else asked.attack,
        "step": asked.step,
        "target": asked.target,
        "by": asked.by,
        "why": asked.why,
        "at": asked.at.isoformat(),
        "until": until(asked, contract, asked.target, asked.attack, asked.hold),
        "metric": attack.metric if attack else "",
        "ports": [port for port, *_ in attack.source_ports] if attack else [],
    }
    yield to_contract(contract.id, "mitigation.ordered", body, day_of(asked.at), cited(decision))


def _prolonged(asked: Prolong, decision: Decision, s: Situation) -> Iterator[Recorded]:
    contract = s.contract(asked.contract)
    for each in picked(contract, asked):
        body: Body = {
            "mitigation": each.id,
            "attack": each.attack,
            "by": asked.by,
            "at": asked.at.isoformat(),
            "until": until(asked, contract, each.target, each.attack, asked.hold),
        }
        yield to_contract(contract.id, "mitigation.prolonged", body, day_of(asked.at), cited(decision))


def _released(asked: Release, decision: Decision, s: Situation) -> Iterator[Recorded]:
    contract = s.contract(asked.contract)
    for each in picked(contract, asked):
        body: Body = {
            "mitigation": each.id,
            "attack": each.attack,
            "by": asked.by,
            "why": asked.why,
            "at": asked.at.isoformat(),
        }
        yield to_contract(contract.id, "mitigation.released", body, day_of(asked.at), cited(decision))


def _step(asked: IncidentStep, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {
        "attack": asked.attack,
        "at": asked.at.isoformat(),
        "step": asked.step,
        "note": asked.note,
        "notified": list(asked.notified),
        "by": asked.by,
    }
    yield to_contract(asked.contract, "incident.noted", body, day_of(asked.at), cited(decision))


RECORDS: Mapping[type, Record] = {
    SetPolicy: _policy,
    Reage: _reaging,
    AttackDetected: _detected,
    AttackOver: _over,
    Mitigate: _mitigated,
    Prolong: _prolonged,
    Release: _released,
    IncidentStep: _step,
}
