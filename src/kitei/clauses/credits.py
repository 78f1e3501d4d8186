"""Reductions for outages, on claim and in time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kitei.accounts.credit import CreditTerms, Earned, earn, join_outages
from kitei.clauses.acts import ClaimCredit
from kitei.clauses.fees import Monthly, OptionMonthly, quoted_monthly, quoted_option_monthly
from kitei.clauses.notice import rolled
from kitei.clauses.options import running_options
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.values import JST, Words, Yen, day_of, in_yen
from kitei.watch import Outage, outage_of


def no_excuse(contract: Contract) -> tuple[tuple[str, ...], Words] | None:
    """What lies on the customer's side, where the terms name no such thing."""
    return None


@dataclass(frozen=True, slots=True)
class Credits:
    """A service's way to credit outages; `claimed` is a rule.

    The monthly fees are what a credit is a part of; `excuse` is what the customer left undone that a
    refused claim should name, with its provisions. Roles: `credit`, `credit-lapse`, `credit-amount`.
    Figures: `credit_threshold_hours`, `credit_hours`, `credit_divisor`, `claim_months`.
    """

    monthly: Monthly = quoted_monthly
    option_monthly: OptionMonthly = quoted_option_monthly
    excuse: Callable[[Contract], tuple[tuple[str, ...], Words] | None] = no_excuse

    def claimed(self, asked: ClaimCredit, s: Situation) -> Iterator[Finding]:
        """Of several outages those that earn nothing are told, and the others credited."""
        contract = s.contract(asked.contract)
        if asked.by != contract.customer:
            yield s.refuse(
                s.role("credit"),
                why=Words(
                    f"{asked.by} は契約 {contract.id} の契約者ではありません",
                    f"{asked.by} is not the customer of contract {contract.id}",
                ),
                place="claim-credit.by",
            )
        if asked.outage in {credit.outage for credit in contract.credits}:
            yield _nothing(s, Words("この利用不能は減額済みです", "this outage was credited already"))
            return
        found = self.judged(asked, s)
        if not found:
            yield _nothing(s, _NONE)
        granted = any(finding.verdict is not Verdict.REFUSE for _, finding in found)
        for _, finding in found:
            if granted and finding.verdict is Verdict.REFUSE:
                paths = (cite.path for cite in finding.cites)
                yield s.accept(*paths, why=finding.why, conventions=finding.conventions)
            else:
                yield finding

    def judged(self, asked: ClaimCredit, s: Situation) -> tuple[tuple[Earned, Finding], ...]:
        """Each outage that a claim is about, with what it earns and what is found of it."""
        contract = s.contract(asked.contract)
        terms = credit_terms(s)
        found = []
        for outage in meant(asked, s):
            fee = self.base_fee(s, contract, day_of(outage.known_at))
            earned = earn(outage, fee, terms, asked.at, s.reading)
            found.append((earned, self._judge(s, contract, earned, day_of(asked.at))))
        return tuple(found)

    def base_fee(self, s: Situation, contract: Contract, on: date) -> Yen | None:
        """The monthly fee a credit is a part of (convention credit.base), None where it was not quoted."""
        fee = self.monthly(s, contract, on)
        if fee is None or s.reading("credit.base").value != "with-options":
            return fee
        options = [self.option_monthly(s, contract, each, on) for each in running_options(contract, on)]
        return Yen(fee + sum(each or 0 for each in options))

    def _judge(self, s: Situation, contract: Contract, earned: Earned, on: date) -> Finding:
        outage, used = earned.outage, earned.conventions
        more = {"amounts": (("credit", Yen(0)),), "conventions": used, "place": "claim-credit.outage"}
        told = _told(outage)
        if outage.cause not in ("operator", None):
            paths, because = self.excuse(contract) or ((), Words("", ""))
            return s.refuse(
                s.role("credit"),
                s.role("credit-amount"),
                *paths,
                why=Words(
                    f"{told.ja}は当社の責めによるものではありません({outage.cause}){because.ja}",
                    f"{told.en} was not the operator's doing ({outage.cause}) {because.en}".rstrip(),
                ),
                **more,
            )
        total = s.reading("credit.total")
        if not (outage.total or outage.equally_bad) and total.value == "total":
            return s.refuse(
                s.role("credit"),
                s.role("credit-amount"),
                why=Words(
                    f"{told.ja}は全く使えない状態ではありませんでした",
                    f"in {told.en} the service was not wholly unusable",
                ),
                **{**more, "conventions": (*used, total.pair)},
            )
        if earned.units == 0:
            hours = f"{float(earned.hours):.2f}"
            return s.refuse(
                s.role("credit"),
                s.role("credit-amount"),
                why=Words(
                    f"{told.ja}は当社が知ってから {hours} 時間で、続けて {s.number('credit_threshold_hours')} 時間に"
                    "足りません。別々の利用不能は足しません",
                    f"{told.en} lasted {hours} hours from when the operator knew, less than "
                    f"{s.number('credit_threshold_hours')} without a break; outages are not added up",
                ),
                **more,
            )
        return _in_time(s, earned, on, told)


def credit_terms(s: Situation) -> CreditTerms:
    return CreditTerms(
        threshold=s.number("credit_threshold_hours"),
        hours=s.number("credit_hours"),
        divisor=s.number("credit_divisor"),
        months=s.number("claim_months"),
    )


def outages_of(s: Situation, contract: Contract) -> tuple[Outage, ...]:
    """A contract's outages, records of one unbroken state joined. `minimum-usable` seconds break one."""
    gap = timedelta(seconds=s.operator.number("minimum-usable-seconds") or 0)
    return join_outages(
        [outage_of(body) for body in contract.outages], gap, s.reading("credit.continuity").value
    )


def meant(asked: ClaimCredit, s: Situation) -> tuple[Outage, ...]:
    """The outages a claim is about: the one named, else all that were not credited before."""
    contract = s.contract(asked.contract)
    credited = {credit.outage for credit in contract.credits}
    every = outages_of(s, contract)
    if asked.outage is not None:
        return tuple(each for each in every if each.id == asked.outage)
    return tuple(each for each in every if each.id not in credited)


def _nothing(s: Situation, why: Words) -> Finding:
    return s.refuse(
        s.role("credit"),
        why=why,
        place="claim-credit.outage",
        amounts=(("credit", Yen(0)),),
        conventions=(s.reading("credit.trigger").pair,),
    )


def _in_time(s: Situation, earned: Earned, on: date, told: Words) -> Finding:
    """Art. 21.1, proviso: the claim must arrive by the end of the last day of the three months."""
    outage, used = earned.outage, earned.conventions
    until = rolled(s, earned.until, claim=True) if earned.until else None
    dates = (("deadline", until),) if until else ()
    defects = s.defects(s.role("credit-lapse"))
    strict = earned.strictly if earned.strictly and until and earned.strictly < until else None
    if strict:
        dates = (*dates, ("strict_deadline", strict))
    if until and on > until:
        return s.refuse(
            s.role("credit-lapse"),
            s.role("credit"),
            why=Words(
                f"{told.ja}の減額は {until} までに請求が届かなければ失われます。届いたのは {on} です",
                f"the credit for {told.en} lapsed unless its claim arrived by {until}; this one arrived on {on}",
            ),
            place="claim-credit.at",
            amounts=(("credit", Yen(0)),),
            conventions=used,
            dates=dates,
            defects=defects,
        )
    amount = earned.amount
    price = in_yen(amount) if amount is not None else "?"
    sentence = Words(
        f"{told.ja}は {float(earned.hours):.2f} 時間、24 時間が {earned.units} 回で月額の "
        f"{earned.fraction.numerator}/{earned.fraction.denominator}: {price}",
        f"{told.en} lasted {float(earned.hours):.2f} hours, {earned.units} times 24: "
        f"{earned.fraction.numerator}/{earned.fraction.denominator} of the monthly fee: {price}",
    )
    rest = {
        "amounts": () if amount is None else (("credit", amount),),
        "missing": ("monthly",) if amount is None else (),
        "conventions": used,
        "dates": dates,
        "defects": defects if amount is not None else (*defects, "COM-D06"),
        # Between the strict deadline and ours the two readings differ in the result.
        "review": earned.review or bool(strict and on > strict),
    }
    paths = (s.role("credit"), s.role("credit-lapse"), s.role("credit-amount"))
    if outage.cause is None:
        return s.refer(
            *paths,
            proposes=Verdict.REFUSE,
            why=Words(
                f"{sentence.ja}。ただし原因がまだ認定されていません",
                f"{sentence.en}; but its cause is not found yet",
            ),
            **rest,
        )
    if outage.restored_at is None:
        return s.refer(
            *paths,
            proposes=Verdict.ACCEPT,
            why=Words(f"{sentence.ja}。ただしまだ続いています", f"{sentence.en}; but it still lasts"),
            **rest,
        )
    return s.accept(*paths, why=sentence, **rest)


def _told(outage: Outage) -> Words:
    at = f"{outage.known_at.astimezone(JST):%Y-%m-%d %H:%M}"
    return Words(f"{at} からの利用不能", f"the outage known from {at}")


_NONE = Words("減額していない利用不能の記録がありません", "no outage that was not credited yet is on record")
