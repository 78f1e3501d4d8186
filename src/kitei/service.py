"""What a service is: its terms, and one function for each word of the line."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kitei.accounts.tariff import Tariff
from kitei.desk import Deadline, Decision, Fault, Situation, Unreadable
from kitei.desk.cases import Case
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Contract
from kitei.network import NodeIntent
from kitei.terms import Edition, Spoken, Terms
from kitei.values import Words
from kitei.watch import Availability


def says_nothing() -> Spoken:
    """Of a service that does not tell what its code speaks for: all its provisions stand open."""
    return Spoken()


def knows_no_cases(case: Case) -> Decision:
    """Of a service without a vocabulary for decided cases. Raises Unreadable."""
    wrong = Words("判断例の語彙がまだありません", "has no vocabulary for decided cases; give it `run_case`")
    raise Unreadable((Fault(f"{case.id}.service {case.service!r}", wrong),))


def no_deadlines(contract: Contract, situation: Situation) -> Iterable[Deadline]:
    """Of a service whose contracts have no last days but those that every contract has."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """A row of the table. The shapes of the functions are the line itself:

    - `acts`: what may be asked, by name (`apply`, `cancel`, ...): the dataclass a request is read into,
      which is also the CLI's flags and the form's fields.
    - `read(name, written, edition)`: an act out of TOML or JSON; raises `kitei.desk.Unreadable`.
    - `decide(act, situation, at)`: the decision, citing.
    - `conclude(act, decision, situation)`: the (stream, fact) pairs that an accepted act records.
    - `fold(contract, entry)`: the contract after one more fact (None before its first).
    - `compile(contracts, estate, on)`: the nodes those contracts need, with owners and cites.
    - `observe(contracts, nodes, on)`: what tells whether each contract in force can be used, by contract.
    - `tariff`: what it charges, in words and figures.
    - `spoken()`: which provisions its code honours, for the account of its terms.
    - `apart`: acts whose applications are each accepted or refused for itself; of a refused batch those that
      stand are concluded.
    - `deadlines(contract, situation)`: last days of its own, beside terms, endings, returns and claims.
    - `run_case(case)`: a decided case, put into acts and facts by its words alone and decided like any act.
    """

    name: str
    title: Words
    terms: Terms
    acts: Mapping[str, type]
    read: Callable[[str, object, Edition], Any]
    decide: Callable[[Any, Any, datetime], Decision]
    conclude: Callable[[Any, Decision, Any], Sequence[tuple[str, Fact]]]
    fold: Callable[[Contract | None, Entry], Contract]
    compile: Callable[[Sequence[Contract], Any, date], Sequence[NodeIntent]]
    observe: Callable[[Sequence[Contract], Iterable[NodeIntent], date], Mapping[str, Availability]]
    tariff: Tariff
    spoken: Callable[[], Spoken] = says_nothing
    run_case: Callable[[Case], Decision] = knows_no_cases
    deadlines: Callable[[Contract, Situation], Iterable[Deadline]] = no_deadlines
    apart: frozenset[str] = frozenset()
