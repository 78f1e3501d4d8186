"""What an accepted act records: (stream, fact) pairs. Amounts, days and provisions are those of its decision.

Prices are not copied: quotes stay where they were told, and accounts find the one that answers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

from kitei.clauses.acts import Act, Cancel, ClaimCredit, OperatorTerminate, StartBilling, StopOption
from kitei.clauses.billing import own_months, pending_months
from kitei.clauses.contract import charge_json
from kitei.clauses.credits import Credits
from kitei.clauses.ending import Ending, Endings
from kitei.clauses.options import option_months, running, running_options
from kitei.clauses.settling import contract_term_path
from kitei.desk import Decision, Situation, Verdict
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.ledger.facts import Fact
from kitei.terms import term_last_day
from kitei.values import Json, day_of

Recorded: TypeAlias = tuple[str, Fact]
Body: TypeAlias = dict[str, Json]
Record: TypeAlias = Callable[[Any, Decision, Situation], Iterator[Recorded]]
Ended: TypeAlias = Callable[[Contract, date, Situation], Iterator[Recorded]]


def cited(decision: Decision) -> tuple[str, ...]:
    """A decision's provisions as the ledger writes them."""
    return tuple(str(cite) for cite in decision.cites)


def to_contract(
    contract: str, kind: str, body: Mapping[str, Json], on: date, cites: tuple[str, ...]
) -> Recorded:
    """A fact for a contract's stream."""
    return f"contract:{contract}", Fact(kind, body, on, cites)


def term_body(s: Situation, start: date, months: int) -> Json:
    """A minimum term as the ledger writes it."""
    last = term_last_day(start, months, s.reading("term.month-arithmetic").value)
    return {"months": months, "start": start.isoformat(), "last": last.isoformat()}


def last_day(s: Situation, effective: date) -> date:
    """The last day of service: the effective day to its end, or the day before (effect.time-of-day)."""
    early = s.reading("effect.time-of-day").value == "start-of-day"
    return effective - timedelta(days=1) if early else effective


def nothing_with_it(contract: Contract, last: date, s: Situation) -> Iterator[Recorded]:
    """What else is recorded when a contract ends, where nothing is."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Conclusions:
    """How a service's accepted acts are recorded: the common ones here, its own by `own`.

    `ended` is what else is recorded of a contract that ends; `ending_body` what its fact says besides.
    """

    own: Mapping[type, Record]
    endings: Endings
    credits: Credits
    ended: Ended = nothing_with_it
    ending_body: Callable[[Contract, date, Situation], Mapping[str, Json]] = lambda contract, last, s: {}

    def conclude(self, asked: Act, decision: Decision, situation: Situation) -> Sequence[Recorded]:
        """The facts of an accepted act, in order; charges last. Pure.

        Raises ValueError for a decision that is not an acceptance: nothing follows from it.
        """
        if decision.verdict is not Verdict.ACCEPT:
            raise ValueError(f"a decision to {decision.verdict.name.lower()} concludes nothing")
        common: Mapping[type, Record] = {
            StartBilling: begin_billing,
            StopOption: stop_option,
            Cancel: self.end,
            OperatorTerminate: self.end,
            ClaimCredit: self.credit,
        }
        record = self.own.get(type(asked)) or common.get(type(asked))
        found = list(record(asked, decision, situation)) if record else []
        for due in decision.charges:
            found.append(
                to_contract(due.contract, "charge.fell-due", charge_json(due), due.due_on, due.cites)
            )
        return found

    def end(self, asked: Ending, decision: Decision, s: Situation) -> Iterator[Recorded]:
        """The ending of a contract, of those that end with it, and of their options."""
        day = day_of(asked.at)
        last = last_day(s, decision.dates["effective"])
        arrived = (asked.arrived or day) if isinstance(asked, Cancel) else None
        for contract in self.endings.together(asked, s):
            ground = self.endings.ground(asked, contract)
            yield from self.end_one(contract, last, ground, arrived, day, cited(decision), s)

    def end_one(
        self,
        contract: Contract,
        last: date,
        ground: str,
        arrived: date | None,
        day: date,
        cites: tuple[str, ...],
        s: Situation,
    ) -> Iterator[Recorded]:
        """The ending of one contract and of the options it still has, recorded on a day."""
        body: Body = {
            "last": last.isoformat(),
            "ground": ground,
            "arrived": arrived.isoformat() if arrived else None,
        }
        more = self.ending_body(contract, last, s)
        yield to_contract(contract.id, "contract.ending-set", {**body, **more}, day, cites)
        for option in running_options(contract, last):
            stop = {**body, "option": option.name, "ground": "contract-ended"}
            yield to_contract(contract.id, "option.ending-set", stop, day, cites)
        yield from self.ended(contract, last, s)

    def credit(self, asked: ClaimCredit, decision: Decision, s: Situation) -> Iterator[Recorded]:
        """The claim of each outage, and what became of it. One that cannot be computed yet stays claimed."""
        day = day_of(asked.at)
        for earned, finding in self.credits.judged(asked, s):
            cites = tuple(str(cite) for cite in finding.cites)
            claim: Body = {"outage": earned.outage.id, "claimed_on": day.isoformat()}
            yield to_contract(asked.contract, "credit.claimed", {**claim, "by": asked.by}, day, cites)
            if finding.verdict is Verdict.REFUSE:
                why: Json = {"ja": finding.why.ja, "en": finding.why.en}
                yield to_contract(asked.contract, "credit.refused", {**claim, "why": why}, day, cites)
            elif earned.amount is not None:
                granted: Body = {
                    **claim,
                    "units": earned.units,
                    "amount": earned.amount,
                    "fraction": str(earned.fraction),
                    "conventions": [list(pair) for pair in earned.conventions],
                }
                yield to_contract(asked.contract, "credit.granted", granted, day, cites)


def begin_billing(asked: StartBilling, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """Billing from a day, and the minimum term that counts from it."""
    contract, start = s.contract(asked.contract), asked.billing_start
    if asked.option:
        taken = running(contract, asked.option, s.on)
        yield option_billing(s, contract.id, asked.option, start, taken)
        if taken and pending_months(taken):
            settled: Body = {"option": asked.option, "pending_term": None}
            cites = s.texts((s.role("option-term-restart"),))
            yield to_contract(contract.id, "option.amended", settled, start, cites)
        return
    changed = pending_months(contract)
    months = changed or own_months(s, contract)
    body: Body = {"billing_start": start.isoformat()}
    begun = s.role("term-restart") if changed else contract_term_path(s, contract)
    rules = (begun,) if months else ()
    if months is not None:
        body["term"] = term_body(s, start, months)
    cites = s.texts((s.role("due"), s.role("monthly"), *rules))
    yield to_contract(contract.id, "contract.billing-started", body, start, cites)
    if changed:
        yield to_contract(contract.id, "contract.amended", {"pending_term": None}, start, s.texts(rules))


def option_billing(
    s: Situation,
    contract: str,
    option: str,
    start: date,
    taken: OptionTaken | None = None,
    own: int | None = None,
) -> Recorded:
    """Billing of an option from a day. `taken` is the option as it was, None for one that is new.

    `own` is the length of a new one's term where it was taken with one (0: none), else the list says it.
    """
    choice = s.choice("options", option)
    changed = pending_months(taken) if taken else None
    new = OptionTaken(option, start, None, None, None, body={} if own is None else {"months": own})
    months = changed or option_months(s, taken or new)
    body: Body = {"option": option, "billing_start": start.isoformat()}
    if months is not None:
        body["term"] = term_body(s, start, months)
    rule = s.role("option-term-restart" if changed else "option-term")
    path = choice.text("monthly_fee") if choice and choice.has("monthly_fee") else s.role("option-monthly")
    cites = s.texts((s.role("due"), path, rule))
    return to_contract(contract, "option.billing-started", body, start, cites)


def stop_option(asked: StopOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The day an option stops."""
    body: Body = {
        "option": asked.option,
        "last": last_day(s, decision.dates["effective"]).isoformat(),
        "ground": "customer-notice",
        "arrived": (asked.arrived or day_of(asked.at)).isoformat(),
    }
    yield to_contract(asked.contract, "option.ending-set", body, day_of(asked.at), cited(decision))
