"""What a new edition would change: everybody's usual questions, asked under the old terms and under the new."""

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from multiprocessing.connection import Connection
from typing import Any, Final

from kitei.catalogue import service_named
from kitei.desk import Decision, Situation, Unreadable
from kitei.ledger.contracts import Contract
from kitei.office.desk import Desk
from kitei.office.picture import collector_at_rest
from kitei.service import Service
from kitei.terms import Edition, Terms
from kitei.values import JST

_MORNING: Final = time(10, tzinfo=JST)
_FEW: Final = 2000
"""Below so many contracts a second process costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Question:
    """One usual act, asked of one contract; `about` is the option it is about, '' for the contract itself.

    `alike` is of how many contracts the answer was asked of this one: of those with the same kind, item and
    options a question that no date of their own enters is asked once.
    """

    contract: str
    customer: str
    act: str
    about: str = ""
    alike: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What of a decision matters to who asked: its outcome, dates, yen, what it lacks and what it rests on."""

    outcome: str
    dates: tuple[tuple[str, date], ...]
    amounts: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    provisions: frozenset[str]

    @classmethod
    def of(cls, decision: Decision) -> "Answer":
        return cls(
            decision.verdict.name.lower(),
            tuple(sorted(decision.dates.items())),
            tuple(sorted((name, int(amount)) for name, amount in decision.amounts.items())),
            decision.missing,
            frozenset(cite.path for cite in decision.cites),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A question answered otherwise. `is_of_grounds`: only the provisions it rests on are others."""

    question: Question
    old: Answer
    new: Answer

    @property
    def is_of_grounds(self) -> bool:
        return replace(self.old, provisions=self.new.provisions) == self.new

    @property
    def yen(self) -> int:
        """What it comes to more (or less) in all, of the amounts that both can tell."""
        old, new = dict(self.old.amounts), dict(self.new.amounts)
        return sum(new.get(name, 0) - old.get(name, 0) for name in old.keys() | new.keys())


@dataclass(frozen=True, slots=True)
class Impact:
    """What a draft would change of all contracts in force on `on`, the day it holds from, or today if later.

    `asked` is how many questions were put. `failed` are those that the draft cannot answer at all (a figure
    or a part that the rules need and it lacks), by what is said of it, with how many.
    """

    edition: Edition
    old: Edition
    on: date
    contracts: int
    asked: int
    changes: tuple[Change, ...]
    failed: Mapping[str, int]

    @property
    def touched(self) -> tuple[str, ...]:
        """The contracts that get another answer."""
        return tuple(dict.fromkeys(change.question.contract for change in self.changes))


def impact(office: Desk[Any], draft: Edition, processes: int = 2) -> Impact:
    """Ask of every contract in force what its customer would ask, before and after. Records nothing."""
    service = service_named(draft.service)
    on = max(draft.in_force, office.today())
    others = tuple(each for each in service.terms.editions if each.in_force != draft.in_force)
    before = [each for each in others if each.in_force <= on] or list(others)
    if not before:
        raise LookupError(f"{draft.service} has no edition but {draft}; there is nothing to compare it with")
    with collector_at_rest():
        known = office.situation(service, on)
        now = _Desk.of(service, Terms(service.name, tuple(before)), known)
        then = _Desk.of(service, _with(others, draft), known)
        contracts = [each for each in known.contracts.values() if each.is_in_force(on)]
        found = _shared(now, then, contracts, processes)
    return Impact(
        draft,
        before[-1],
        on,
        len(contracts),
        sum(part.asked for part in found),
        tuple(change for part in found for change in part.changes),
        _added(part.failed for part in found),
    )


def _with(others: Sequence[Edition], draft: Edition) -> Terms:
    return Terms(draft.service, tuple(sorted((*others, draft), key=lambda each: each.in_force)))


# -- asking ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Desk:
    """A service under certain terms on one day. `forms` are acts read once, to be filled in for each contract."""

    service: Service
    situation: Situation
    at: datetime
    forms: dict[str, Any]

    @classmethod
    def of(cls, service: Service, terms: Terms, known: Situation) -> "_Desk":
        """`known` is the day's situation under whatever terms: contracts and the operator's facts are taken."""
        situation = Situation.of(known.on, terms, known.contracts, known.operator)
        return cls(replace(service, terms=terms), situation, datetime.combine(known.on, _MORNING), {})

    def decide(self, question: Question) -> Decision | None:
        """The decision; None where the service knows no such act, or asks more of it than is usual."""
        form = self._form(question.act)
        if form is None:
            return None
        about = {"option": question.about} if question.about else {}
        asked = replace(form, by=question.customer, contract=question.contract, **about)
        return self.service.decide(asked, self.situation, self.at)

    def _form(self, act: str) -> Any:
        if act not in self.forms:
            written = {"by": "-", "at": self.at, "contract": "-"}
            if act in ("stop-option", "add-option"):
                written["option"] = "-"
            try:
                edition = self.situation.edition
                self.forms[act] = (
                    self.service.read(act, written, edition) if act in self.service.acts else None
                )
            except Unreadable:
                self.forms[act] = None  # an act of that name that asks for more is not a usual one
        return self.forms[act]


def questions(contracts: Iterable[Contract], on: date, options: Sequence[str]) -> Iterator[Question]:
    """What customers usually ask: to end, what is owed, until when they are bound, what they can claim or add."""
    alike: dict[tuple[object, ...], tuple[Contract, int]] = {}
    for each in contracts:
        yield Question(each.id, each.customer, "cancel")
        yield Question(each.id, each.customer, "read-term")
        yield Question(each.id, each.customer, "month-close")
        if each.outages:
            yield Question(each.id, each.customer, "claim-credit")
        had = [option.name for option in each.options if option.ending is None or option.ending.last >= on]
        for name in had:
            yield Question(each.id, each.customer, "stop-option", name)
            yield Question(each.id, each.customer, "read-term", name)
        key = (each.kind, each.item, tuple(sorted(had)))
        first, count = alike.get(key, (each, 0))
        alike[key] = (first, count + 1)
    for (_, _, taken), (first, count) in alike.items():
        for name in options:
            if name not in taken:  # type: ignore[operator]
                yield Question(first.id, first.customer, "add-option", name, count)


@dataclass(frozen=True, slots=True)
class _Part:
    asked: int
    changes: tuple[Change, ...]
    failed: Mapping[str, int]


def _ask(now: _Desk, then: _Desk, all_questions: Iterable[Question]) -> _Part:
    asked, changes, failed = 0, [], dict[str, int]()
    for question in all_questions:
        old = now.decide(question)
        if old is None:
            continue
        asked += 1
        try:
            new = then.decide(question)
        except LookupError as error:  # the draft lacks what a rule reads: the editor is told, all at once
            told = f"{question.act}: {error.args[0]}"
            failed[told] = failed.get(told, 0) + 1
            continue
        if new is not None and not _is_same(old, new):
            changes.append(Change(question, Answer.of(old), Answer.of(new)))
    return _Part(asked, tuple(changes), failed)


def _is_same(old: Decision, new: Decision) -> bool:
    """Whether two decisions are the same answer, whatever edition they cite; told without making answers."""
    return (
        old.verdict is new.verdict
        and old.dates == new.dates
        and old.amounts == new.amounts
        and {cite.path for finding in old.findings for cite in finding.cites}
        == {cite.path for finding in new.findings for cite in finding.cites}
        and old.missing == new.missing
    )


def _shared(now: _Desk, then: _Desk, contracts: Sequence[Contract], processes: int) -> Sequence[_Part]:
    """The questions dealt out to processes that see what this one has read."""
    options = _options(now, then)
    every = tuple(questions(contracts, now.situation.on, options))
    if processes < 2 or len(contracts) < _FEW:
        return [_ask(now, then, every)]
    context = multiprocessing.get_context("fork")
    started = []
    for number in range(processes):
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_work, args=(there, now, then, every[number::processes]))
        child.start()
        there.close()
        started.append((child, here))
    parts: list[_Part] = []
    for child, here in started:
        try:
            parts.append(here.recv())
        except EOFError:
            raise RuntimeError(f"a process that asked for the impact ended with {child.exitcode}") from None
        finally:
            child.join()
    return parts


def _work(pipe: Connection, now: _Desk, then: _Desk, every: Sequence[Question]) -> None:
    pipe.send(_ask(now, then, every))
    pipe.close()


def _options(*desks: _Desk) -> tuple[str, ...]:
    """The options of any edition that has such a list."""
    found: dict[str, None] = {}
    for desk in desks:
        found |= dict.fromkeys(desk.situation.lists.get("options", {}))
    return tuple(found)


def _added(parts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for part in parts:
        for told, count in part.items():
            found[told] = found.get(told, 0) + count
    return found
