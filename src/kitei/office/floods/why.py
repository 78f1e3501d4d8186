"""Which facts of a contract a part against floods rests on: its alarm, its order, its policy."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from kitei.ledger import Entry
from kitei.ledger.contracts import Contract
from kitei.network import Announcement, FloodWatch, FlowRule, RouteLeave, Scrubbing
from kitei.services.ddos.defence import policy_of, standing_mitigations
from kitei.services.ddos.intent import is_dynamic
from kitei.services.ddos.rules.defence import answering

DefencePart: TypeAlias = Announcement | FloodWatch | FlowRule | RouteLeave | Scrubbing


def facts_behind(part: DefencePart, contract: Contract, entries: Iterable[Entry]) -> Iterator[Entry]:
    """In order: the policy as last set, with the re-aging that it approved, and of what is done against an attack
    its alarm, its order and what prolonged it last."""
    ids: set[object] = set()
    name = policy_of(contract, part.name).name if isinstance(part, FloodWatch) else None
    if is_dynamic(part):
        target = part.destination if isinstance(part, FlowRule) else getattr(part, "prefix", "")
        for each in standing_mitigations(contract):
            if each.target == target:
                ids |= {each.id, each.attack} - {None}
                name = answering(contract, each.target, each.attack).name
    last: dict[tuple[str, object], Entry] = {}
    learned: dict[object, list[Entry]] = {}
    for entry in entries:
        body = entry.fact.body
        if entry.fact.kind == "policy.set" and (name is None or body.get("name") == name):
            last["policy.set", body.get("name")] = entry
        elif entry.fact.kind.startswith("reaging."):
            learned.setdefault(body.get("reaging"), []).append(entry)
        elif body.get("mitigation") in ids or (body.get("attack") in ids and "mitigation" not in body):
            last[entry.fact.kind, body.get("mitigation") or body.get("attack")] = entry
    approved = [each for entry in last.values() for each in learned.get(entry.fact.body.get("reaging"), ())]
    return iter(sorted((*last.values(), *approved), key=lambda entry: entry.seq))
