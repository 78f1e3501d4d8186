"""Article 21 and Schedule 3: reductions for outages, on claim and in time."""

from collections.abc import Iterator
from datetime import date, timedelta

from kitei.accounts.credit import CreditTerms, Earned, earn, join_outages
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.application import ClaimCredit
from kitei.services.managed_vpn.rules.notices import rolled
from kitei.services.managed_vpn.rules.readiness import undisclosed
from kitei.services.managed_vpn.rules.settling import running_options
from kitei.values import JST, Words, Yen, day_of, in_yen
from kitei.watch import Outage, outage_of


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


def base_fee(s: Situation, contract: Contract, on: date) -> Yen | None:
    """The monthly fee a credit is a part of (convention credit.base), None where it was not quoted."""
    quote = s.quote("monthly", contract.customer, contract, on)
    if quote is None or s.reading("credit.base").value != "with-options":
        return None if quote is None else quote.amount
    fees = [
        s.quote("option-monthly", contract.customer, contract, on, option=each.name)
        for each in running_options(contract, on)
    ]
    return Yen(quote.amount + sum(fee.amount for fee in fees if fee))


def claimed_by_customer(asked: ClaimCredit, s: Situation) -> Iterator[Finding]:
    """Art. 21.1: it is the contract's customer who claims; a contract that has ended does not matter."""
    contract = s.contract(asked.contract)
    if asked.by != contract.customer:
        yield s.refuse(
            "art:21.1",
            why=Words(
                f"{asked.by} は契約 {contract.id} の契約者ではありません",
                f"{asked.by} is not the customer of contract {contract.id}",
            ),
            place="claim-credit.by",
        )


def meant(asked: ClaimCredit, s: Situation) -> tuple[Outage, ...]:
    """The outages a claim is about: the one named, else all that were not credited before."""
    contract = s.contract(asked.contract)
    credited = {credit.outage for credit in contract.credits}
    every = outages_of(s, contract)
    if asked.outage is not None:
        return tuple(each for each in every if each.id == asked.outage)
    return tuple(each for each in every if each.id not in credited)


def judged(asked: ClaimCredit, s: Situation) -> tuple[tuple[Earned, Finding], ...]:
    """Each outage that a claim is about, with what it earns and what is found of it."""
    contract = s.contract(asked.contract)
    terms = credit_terms(s)
    found = []
    for outage in meant(asked, s):
        fee = base_fee(s, contract, day_of(outage.known_at))
        earned = earn(outage, fee, terms, asked.at, s.reading)
        found.append((earned, _judge(s, contract, earned, day_of(asked.at))))
    return tuple(found)


def claimed(asked: ClaimCredit, s: Situation) -> Iterator[Finding]:
    """Art. 21.1 and Schedule 3. Of several outages those that earn nothing are told, and the others credited."""
    contract = s.contract(asked.contract)
    credited = {credit.outage for credit in contract.credits}
    if asked.outage in credited:
        yield _nothing(s, Words("この利用不能は減額済みです", "this outage was credited already"))
        return
    found = judged(asked, s)
    granted = [finding for _, finding in found if finding.verdict is not Verdict.REFUSE]
    if not found:
        yield _nothing(
            s,
            Words(
                "減額していない利用不能の記録がありません", "no outage that was not credited yet is on record"
            ),
        )
    for _, finding in found:
        if granted and finding.verdict is Verdict.REFUSE:
            yield s.accept(
                *(cite.path for cite in finding.cites), why=finding.why, conventions=finding.conventions
            )
        else:
            yield finding


def _nothing(s: Situation, why: Words) -> Finding:
    return s.refuse(
        "art:21.1",
        why=why,
        place="claim-credit.outage",
        amounts=(("credit", Yen(0)),),
        conventions=(s.reading("credit.trigger").pair,),
    )


def _judge(s: Situation, contract: Contract, earned: Earned, on: date) -> Finding:
    outage, used = earned.outage, earned.conventions
    more = {"amounts": (("credit", Yen(0)),), "conventions": used, "place": "claim-credit.outage"}
    told = _told(outage)
    if outage.cause not in ("operator", None):
        hidden = undisclosed(contract)
        paths = ("art:8.3", "art:8.4") if hidden else ()
        because = hidden or Words("", "")
        return s.refuse(
            "art:21.1",
            "schedule:3",
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
            "art:21.1",
            "schedule:3",
            why=Words(
                f"{told.ja}は全く使えない状態ではありませんでした",
                f"in {told.en} the service was not wholly unusable",
            ),
            **{**more, "conventions": (*used, total.pair)},
        )
    if earned.units == 0:
        hours = f"{float(earned.hours):.2f}"
        return s.refuse(
            "art:21.1",
            "schedule:3",
            why=Words(
                f"{told.ja}は当社が知ってから {hours} 時間で、続けて {s.number('credit_threshold_hours')} 時間に"
                "足りません。別々の利用不能は足しません",
                f"{told.en} lasted {hours} hours from when the operator knew, less than "
                f"{s.number('credit_threshold_hours')} without a break; outages are not added up",
            ),
            **more,
        )
    return _in_time(s, earned, on, told)


def _in_time(s: Situation, earned: Earned, on: date, told: Words) -> Finding:
    """Art. 21.1, proviso: the claim must arrive by the end of the last day of the three months."""
    outage, used = earned.outage, earned.conventions
    until = rolled(s, earned.until, claim=True) if earned.until else None
    dates = (("deadline", until),) if until else ()
    defects = ("COM-D02",)
    strict = earned.strictly if earned.strictly and until and earned.strictly < until else None
    if strict:
        dates = (*dates, ("strict_deadline", strict))
    if until and on > until:
        return s.refuse(
            "art:21.1.s2",
            "art:21.1",
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
    paths = ("art:21.1", "art:21.1.s2", "schedule:3")
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
