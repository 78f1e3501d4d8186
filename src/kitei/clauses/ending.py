"""How a contract, or one of its options, ends: by notice, by the operator, on recorded grounds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from kitei.clauses.acts import NOTICES, Cancel, OperatorTerminate, StopOption
from kitei.clauses.fees import Monthly, OptionMonthly, quoted_monthly, quoted_option_monthly
from kitei.clauses.notice import notice_day, own_notice, prescribed_form, still_in_force
from kitei.clauses.options import running, running_options
from kitei.clauses.settling import contract_settlement, option_settlement
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.values import Words, day_of

Ending: TypeAlias = Cancel | OperatorTerminate


def alone(asked: Ending, s: Situation) -> tuple[Contract, ...]:
    """The contracts that end where no other ends with one: the one that is named."""
    return (s.contract(asked.contract),)


def nothing_more(asked: Ending, contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """What follows from an ending where nothing does but its settlement."""
    return iter(())


def same_ground(asked: Ending, contract: Contract) -> str:
    """Why a contract ends by an act: for the reason the act gives, whichever it is."""
    return asked.ground


@dataclass(frozen=True, slots=True)
class Endings:
    """A service's way to end contracts and options; its methods are rules.

    `together` are the contracts that end by an act, the named one first, each on the ground that `ground`
    says ("cascade" where it ends with another); `more` what else follows for the named one; the monthly
    fees are what a settlement is a part of. Roles: `cancel`, `stop-option`, and those of settling. Figures: `notice_days`, `option_notice_days`.
    """

    monthly: Monthly = quoted_monthly
    option_monthly: OptionMonthly = quoted_option_monthly
    together: Callable[[Ending, Situation], tuple[Contract, ...]] = alone
    more: Callable[[Ending, Contract, date, Situation], Iterator[Finding]] = nothing_more
    ground: Callable[[Ending, Contract], str] = same_ground

    def noticed(self, asked: Cancel, s: Situation) -> Iterator[Finding]:
        """The customer's notice, on the prescribed form, ends the contract after the days of notice or later."""
        contract, cancel = s.contract(asked.contract), s.role("cancel")
        yield from own_notice(s, cancel, contract, asked)
        if asked.ground in NOTICES:
            yield from prescribed_form(s, cancel, asked.form, "cancel.form")
        found = effective_finding(asked, s)
        yield found
        day = dict(found.dates).get("effective")
        if day and contract.ending and contract.ending.last <= day:
            yield s.refuse(
                cancel,
                why=Words(
                    f"契約 {contract.id} は {contract.ending.last} に終わることになっています",
                    f"contract {contract.id} ends on {contract.ending.last} already",
                ),
                place="cancel.contract",
            )
        if day:
            yield from self._consequences(asked, contract, day, s)

    def terminated(self, asked: OperatorTerminate, s: Situation) -> Iterator[Finding]:
        """A termination by the operator, on a ground that the general rules give it."""
        contract, settle = s.contract(asked.contract), s.role("settle")
        yield from still_in_force(s, settle, contract)
        if asked.by != "operator":
            yield s.refuse(
                settle,
                why=Words(
                    "当社からの解除は当社だけがします", "only the operator terminates for the operator"
                ),
                place="operator-terminate.by",
            )
        yield recorded_day(s, asked.effective)
        yield from self._consequences(asked, contract, asked.effective, s)

    def stopped(self, asked: StopOption, s: Situation) -> Iterator[Finding]:
        """An option stops on the later of so many days after its notice arrived and the day named; it is settled."""
        contract, path = s.contract(asked.contract), s.role("stop-option")
        yield from own_notice(s, path, contract, asked)
        yield from prescribed_form(s, path, asked.form, "stop-option.form")
        taken = running(contract, asked.option, s.on)
        if taken is None:
            names = [s.name("options", each.name) for each in contract.options]
            yield s.refuse(
                path,
                why=Words(
                    f"契約 {contract.id} に{s.name('options', asked.option).ja}はありません",
                    f"contract {contract.id} has no {s.name('options', asked.option).en}",
                ),
                place="stop-option.option",
                remedy=Words(
                    "、".join(each.ja for each in names) or "オプションはありません",
                    "it has " + (", ".join(each.en for each in names) or "no option"),
                ),
            )
            return
        arrived = asked.arrived or day_of(asked.at)
        notice = notice_day(s, path, "option_notice_days", arrived, asked.designated, s.defects(path))
        yield notice
        effective = dict(notice.dates).get("effective")
        if effective is not None:
            yield option_settlement(s, contract, taken, effective, option_monthly=self.option_monthly)

    def settled(
        self, contract: Contract, effective: date, ground: str, s: Situation, by_operator: bool = False
    ) -> Iterator[Finding]:
        """A contract and each option that ends with it, for what remains of its own term."""
        for option in running_options(contract, effective):
            yield option_settlement(s, contract, option, effective, ground, self.option_monthly)
        yield contract_settlement(
            s, contract, effective, ground, by_operator, self.monthly, self.option_monthly
        )

    def _consequences(
        self, asked: Ending, contract: Contract, effective: date, s: Situation
    ) -> Iterator[Finding]:
        by_operator = isinstance(asked, OperatorTerminate)
        for each in reversed(self.together(asked, s)):
            ground = self.ground(asked, each)
            yield from self.settled(each, effective, ground, s, by_operator and ground != "cascade")
        yield from self.more(asked, contract, effective, s)


def effective_finding(asked: Cancel, s: Situation) -> Finding:
    """The day an ending takes effect: after notice, on other grounds the day that is recorded."""
    if asked.ground in NOTICES:
        arrived = asked.arrived or day_of(asked.at)
        return notice_day(s, s.role("cancel"), "notice_days", arrived, asked.designated)
    if asked.effective is not None:
        return recorded_day(s, asked.effective)
    return s.refer(
        s.role("settle"),
        proposes=Verdict.ACCEPT,
        why=Words(
            f"{asked.ground} による解除の日が記録されていません",
            f"the day of a termination on {asked.ground} is not recorded",
        ),
        place="cancel.effective",
        remedy=Words("effective に解除の日を書いてください", "give the day in effective"),
        dates=(("effective", asked.designated or asked.arrived or day_of(asked.at)),),
        conventions=(s.reading("general-rules").pair,),
        defects=("COM-D01",),
    )


def recorded_day(s: Situation, day: date) -> Finding:
    """The day of an ending that the general rules give, as recorded."""
    return s.accept(
        s.role("settle"),
        why=Words(f"記録された {day} に終わります", f"it ends on {day}, as recorded"),
        dates=(("effective", day),),
        conventions=(s.reading("general-rules").pair, s.reading("effect.time-of-day").pair),
        defects=("COM-D01",),
    )
