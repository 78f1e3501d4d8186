"""Which facts of a contract a part against floods rests on: its alarm, its order, its policy, its options, and who
designated what it protects."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Final, TypeAlias

from kitei.clauses.contract import tables
from kitei.ledger import Entry
from kitei.ledger.contracts import Contract
from kitei.network import Announcement, FloodWatch, FlowRule, RouteLeave, Scrubbing
from kitei.services.ddos.defence import policy_of, standing_mitigations
from kitei.services.ddos.edition import TERMS
from kitei.services.ddos.intent import is_dynamic
from kitei.services.ddos.means import lies_in
from kitei.services.ddos.rules.defence import answering
from kitei.terms import Cite

DefencePart: TypeAlias = Announcement | FloodWatch | FlowRule | RouteLeave | Scrubbing


def facts_behind(part: DefencePart, contract: Contract, entries: Iterable[Entry]) -> Iterator[Entry]:
    """In order: the options that it names a provision of, addresses that were added, the policy as last set with the
    re-aging that it approved, and of what is done against an attack its alarm, its order and what prolonged it last."""
    ids: set[object] = set()
    options = _options_named(part)
    bought: list[Entry] = []
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
        if (entry.fact.kind == "contract.amended" and _adds(entry, part)) or (
            entry.fact.kind in _OPTION_FACTS and body.get("option") in options
        ):
            bought.append(entry)
        elif entry.fact.kind == "policy.set" and (name is None or body.get("name") == name):
            last["policy.set", body.get("name")] = entry
        elif entry.fact.kind.startswith("reaging."):
            learned.setdefault(body.get("reaging"), []).append(entry)
        elif body.get("mitigation") in ids or (body.get("attack") in ids and "mitigation" not in body):
            last[entry.fact.kind, body.get("mitigation") or body.get("attack")] = entry
    approved = [each for entry in last.values() for each in learned.get(entry.fact.body.get("reaging"), ())]
    return iter(sorted((*bought, *last.values(), *approved), key=lambda entry: entry.seq))


_OPTION_FACTS: Final = ("option.added", "option.amended", "option.ending-set")


def _options_named(part: DefencePart) -> frozenset[str]:
    """Options whose effect the part's provisions name, in the edition that they are of."""
    found = set()
    for cite in map(Cite.parse, part.origin.cites):
        edition = next((each for each in TERMS.editions if each.in_force == cite.edition), None)
        choices = edition.value("options").choices if edition else ()
        found |= {each.slug for each in choices if each.has("does") and each.text("does") == cite.path}
    return frozenset(found)


def _adds(entry: Entry, part: DefencePart) -> bool:
    """Whether addresses that the part is for were designated by it, after the contract was concluded."""
    of: Iterable[str]
    match part:
        case FloodWatch() | RouteLeave():
            of = part.prefixes
        case FlowRule():
            of = (part.destination,)
        case Announcement() | Scrubbing():
            of = (part.prefix,)
    wanted = [ip_network(each) for each in of]
    added = [ip_network(str(each["prefix"])) for each in tables(entry.fact.body, "add_addresses")]
    return any(lies_in(inner, outer) for inner in wanted for outer in added)
