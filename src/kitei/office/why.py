"""Why is this so? From a line of a node, or of an invoice, back to contract, application and provision."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date

from kitei.accounts.invoice import Line
from kitei.ledger import Entry
from kitei.ledger.contracts import Contract
from kitei.network import Origin, Part
from kitei.network.codec import kind_of
from kitei.office.desk import Decided
from kitei.office.floods.why import DefencePart, facts_behind
from kitei.office.office import Office
from kitei.office.provisions import Provided, provided
from kitei.office.publishing import Publishing
from kitei.terms import known_conventions
from kitei.values import Words, canonical


@dataclass(frozen=True, slots=True)
class Step:
    """One step back. `what` names the kind of thing, `name` the thing, `detail` tells of it."""

    what: Words
    name: str
    detail: Words
    provisions: tuple[Provided, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """The way back from one thing, nearest first."""

    steps: tuple[Step, ...]

    @property
    def provisions(self) -> tuple[Provided, ...]:
        return tuple(dict.fromkeys(each for step in self.steps for each in step.provisions))


def why_part(office: Office, node: str, resource: str) -> tuple[Why, ...]:
    """Why a node has something: a part by its key (`route:10.2.0.0/16:0`), or every part that names the text.

    Raises LookupError naming what there is.
    """
    orders = Publishing.of(office).orders_for(node)
    if orders is None:
        known = ", ".join(office.shelf.in_force()) or "none yet"
        raise LookupError(f"{node!r} is no node with orders; there are {known}")
    parts = orders.intent.parts
    exact = [part for part in parts if part.key == resource]
    found = exact or [part for part in parts if _names(part, resource)]
    if not found:
        keys = ", ".join(part.key for part in parts)
        raise LookupError(f"{node} has nothing with {resource!r}; it has {keys}")
    return tuple(Why(tuple(_part_steps(office, node, part, orders.generation))) for part in found)


def why_line(office: Office, line: Line) -> Why:
    """Why an invoice has a line."""
    steps = "; ".join(each.ja for each in line.steps), "; ".join(each.en for each in line.steps)
    measure = Words(f"{line.measure.ja} × {line.unit}円", f"{line.measure.en} × {line.unit} yen")
    detail = Words(
        f"{line.words.ja}: {measure.ja} = {line.amount}円" + (f"({steps[0]})" if steps[0] else ""),
        f"{line.words.en}: {measure.en} = {line.amount} yen" + (f" ({steps[1]})" if steps[1] else ""),
    )
    first = Step(Words("請求の明細", "invoice line"), line.name, detail, provided(line.cites))
    contract = office.contracts().get(line.contract)
    rest = _contract_steps(office, contract, line.cites) if contract else ()
    return Why((first, *_conventions(line.conventions), *rest))


def _names(part: Part, text: str) -> bool:
    values = (getattr(part, field.name) for field in fields(part))
    return text.lower() in part.key.lower() or any(
        text == value or (isinstance(value, tuple) and text in value)
        for value in values
        if not isinstance(value, Origin)
    )


def _part_steps(office: Office, node: str, part: Part, generation: int) -> Iterator[Step]:
    shown = ", ".join(
        f"{field.name}={_short(getattr(part, field.name))}"
        for field in fields(part)
        if field.name != "origin"
    )
    place = Words(f"ノード {node} の {kind_of(part)}", f"{kind_of(part)} of node {node}")
    detail = Words(f"{shown}(第 {generation} 世代の指示)", f"{shown} (orders of generation {generation})")
    yield Step(place, part.key, detail, provided(part.origin.cites))
    contract = office.contracts().get(part.origin.owner)
    if contract is None:
        yield Step(
            Words("所有者", "owner"),
            part.origin.owner,
            Words("契約ではなく当社自身のもの", "the operator's own, not a contract's"),
        )
        return
    texts = [value for field in fields(part) if isinstance(value := getattr(part, field.name), str)]
    yield from _contract_steps(office, contract, part.origin.cites, texts, part)


def _contract_steps(
    office: Office,
    contract: Contract,
    cites: Sequence[str],
    texts: Sequence[str] = (),
    part: Part | None = None,
) -> Iterator[Step]:
    """The contract, what changed it in this respect, and the application it came of."""
    what = " ".join(filter(None, (contract.kind and f"{contract.kind} /", contract.item, contract.group)))
    yield Step(
        Words("契約", "contract"),
        contract.id,
        Words(
            f"{contract.customer} の {what}、{contract.concluded_on} 成立",
            f"{contract.customer}'s {what}, concluded on {contract.concluded_on}",
        ),
        provided(contract.cites),
    )
    entries = office.book.read(f"contract:{contract.id}")
    if isinstance(part, DefencePart):
        yield from map(_entry_step, facts_behind(part, contract, entries))
    else:
        later = [each for each in entries if each.fact.kind != "contract.concluded"]
        about = {each.seq for each in later if _is_about(each, contract, cites, texts)}
        outages = {each.fact.body.get("outage") for each in later if each.seq in about} - {None}
        for entry in later:
            is_outage = entry.fact.kind == "outage.found" and entry.fact.body["id"] in outages
            if entry.seq in about or is_outage:  # a credit is for an outage that was found
                yield _entry_step(entry)
    if contract.application:
        yield from _application_steps(office.decided(contract.application))


def _is_about(entry: Entry, contract: Contract, cites: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether a later fact of the contract brought this: it cites what only it does, or names the very address or realm."""
    own = set(cites) - set(contract.cites)
    if own & set(entry.fact.cites):
        return True
    body = canonical(entry.fact.body).decode()
    return any(f'"{text}"' in body for text in texts if set("/.:") & set(text))


def _entry_step(entry: Entry) -> Step:
    on: date = entry.fact.effective_on
    body = canonical(entry.fact.body).decode()
    return Step(
        Words("台帳の記載", "ledger entry"),
        f"{entry.seq} {entry.fact.kind}",
        Words(f"{on} 発効、記載者 {entry.actor}: {body}", f"effective {on}, by {entry.actor}: {body}"),
        provided(entry.fact.cites),
    )


def _application_steps(decided: Decided) -> Iterator[Step]:
    at = f"{decided.asked.at:%Y-%m-%d %H:%M}"
    yield Step(
        Words("申込", "application"),
        decided.application,
        Words(
            f"{decided.act}、{decided.asked.by} が {at} に", f"{decided.act}, by {decided.asked.by} at {at}"
        ),
    )
    decision = decided.decision
    reasons = [finding.why for finding in decision.findings]
    yield Step(
        Words("判断", "decision"),
        decision.verdict.name.lower(),
        Words(" / ".join(each.ja for each in reasons), " / ".join(each.en for each in reasons)),
        provided(str(cite) for cite in decision.cites),
    )


def _conventions(pairs: Sequence[tuple[str, str]]) -> Iterator[Step]:
    known = known_conventions()
    for key, value in pairs:
        convention = known.get(key)
        if convention is not None:
            way = next((way.gist for way in convention.ways if way.value == value), Words(value, value))
            yield Step(Words("規程の読み方", "reading of the terms"), f"{key} = {value}", way)


def _short(value: object) -> str:
    """A part's value on one line; papers are named, not shown."""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    text = str(value)
    return "(PEM)" if text.startswith("-----BEGIN") else text
