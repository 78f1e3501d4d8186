"""What runs out or falls due when: terms, endings, returns, claims, transitions, quotes, answers that are waited for."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from kitei.catalogue import service_named
from kitei.desk import Deadline, Situation, Verdict, quote_of
from kitei.ledger.contracts import Contract, Quote
from kitei.office.desk import Desk
from kitei.office.picture import Picture
from kitei.service import Service
from kitei.terms import Transition, carry_over
from kitei.values import Words, in_yen

# What stays to be done when its day has passed: these are told until they are done.
LASTING: Final = ("device-return", "referral", "monthly-report")


def due(office: Desk[Any], until: date, since: date | None = None) -> tuple[Deadline, ...]:
    """Deadlines of all contracts from `since` (today) to `until`, both included, in order; and what is overdue."""
    first = since or office.today()
    found = (
        each
        for each in every_deadline(office)
        if first <= each.on <= until or (each.on < first and each.kind in LASTING)
    )
    return tuple(sorted(found, key=lambda each: (each.on, each.contract, each.what.en)))


def every_deadline(office: Desk[Any]) -> Iterator[Deadline]:
    """All there are, past ones too."""
    picture, situations = office.picture(), dict[str, Situation]()
    for contract in picture.contracts.values():
        service = service_named(contract.service)
        situation = situations.get(contract.service)
        if situation is None:
            situation = situations[contract.service] = office.situation(service, office.today())
        yield from deadlines(contract, situation)
        yield from claims(contract, service, situation, office.clock())
        yield from crossings(contract, situation.edition.transitions)
        yield from service.deadlines(contract, situation)
    yield from _editions(situations)
    yield from _quotes(picture)
    yield from _referrals(picture)


# -- of a contract -----------------------------------------------------------------------------------


def deadlines(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """What every contract has: its terms, its endings, the return of what was lent."""
    plain = Deadline(date.max, "", contract.id, contract.customer, Words("", ""))
    if contract.term:
        what = Words("最低利用期間の満了", "the minimum term runs out")
        yield replace(plain, on=contract.term.last, kind="term", what=what, cites=contract.term.cites)
    if ending := contract.ending:
        what = Words(f"契約の終了({ending.ground})", f"the contract ends ({ending.ground})")
        yield replace(plain, on=ending.last, kind="ending", what=what, cites=ending.cites)
    for option in contract.options:
        about, name = replace(plain, about=option.name), s.name("options", option.name)
        if option.term:
            what = Words(f"{name.ja}の最低利用期間の満了", f"the minimum term of {name.en} runs out")
            yield replace(about, on=option.term.last, kind="option-term", what=what, cites=option.term.cites)
        if option.ending:
            what = Words(f"{name.ja}の終了", f"{name.en} ends")
            last, cites = option.ending.last, option.ending.cites
            yield replace(about, on=last, kind="option-ending", what=what, cites=cites)
    for device in contract.devices:
        if device.return_by and device.state not in ("returned", "lost"):
            what = Words(
                f"機器 {device.serial}({device.model})の返却",
                f"device {device.serial} ({device.model}) is to be back",
            )
            yield replace(
                plain,
                on=device.return_by,
                kind="device-return",
                what=what,
                cites=device.return_cites,
                about=device.serial,
                loses="duty",
            )


def claims(contract: Contract, service: Service, s: Situation, at: datetime) -> Iterator[Deadline]:
    """Credits that nobody has claimed yet, as the service would decide a claim made now; with their amount."""
    if not contract.outages or "claim-credit" not in service.acts:
        return
    credited = {credit.outage for credit in contract.credits}
    for body in contract.outages:
        outage = str(body["id"])
        if outage in credited:
            continue
        written = {"by": contract.customer, "at": at, "contract": contract.id, "outage": outage}
        asked = service.read("claim-credit", written, s.edition)
        decision = service.decide(asked, s, asked.at)
        last = decision.dates.get("deadline")
        if last is None or decision.verdict is Verdict.REFUSE:
            continue
        amount = decision.amounts.get("credit")
        price = in_yen(amount) if amount is not None else "?"
        yield Deadline(
            last,
            "claim",
            contract.id,
            contract.customer,
            Words(
                f"利用不能 {outage} の減額({price})の請求",
                f"the credit for outage {outage} ({price}) is to be claimed",
            ),
            tuple(str(cite) for cite in decision.cites),
            outage,
            "right",
        )


def crossings(contract: Contract, transitions: tuple[Transition, ...]) -> Iterator[Deadline]:
    """What transitional provisions make of a contract, on the last day before they do."""
    written = {key: value for key, value in contract.body.items() if isinstance(value, str)}
    attributes = {"kind": contract.kind, "item": contract.item, **written}
    made = contract.concluded_on
    for day in sorted({each.on for each in transitions if each.on > made}):
        before = carry_over(transitions, attributes, made, day - timedelta(days=1))
        after = carry_over(transitions, attributes, made, day)
        if before == after:
            continue
        changed = {k: v for k, v in after.attributes.items() if before.attributes.get(k) != v}
        told = ", ".join(f"{key}={value}" for key, value in changed.items()) or ", ".join(after.keeps)
        yield Deadline(
            day - timedelta(days=1),
            "transition",
            contract.id,
            contract.customer,
            Words(
                f"経過措置の前日({day} から {told})", f"the last day before a transition ({told} from {day})"
            ),
            tuple(str(cite) for cite in after.cites if cite not in before.cites),
            day.isoformat(),
        )


# -- of no contract ----------------------------------------------------------------------------------


def _editions(situations: Mapping[str, Situation]) -> Iterator[Deadline]:
    """The last day of an edition that another one follows."""
    for name, s in situations.items():
        for edition in service_named(name).terms.editions:
            if edition.in_force > s.on:
                what = Words(f"{name} の {edition.in_force} 版の施行前日", f"the last day before {edition}")
                last = edition.in_force - timedelta(days=1)
                yield Deadline(last, "edition", "", "", what, about=str(edition))


def _quotes(picture: Picture) -> Iterator[Deadline]:
    """Prices told to a customer that run out, where no later one goes on from them."""
    told: dict[str, list[Quote]] = {}
    for entry in picture.said:
        kind, _, customer = entry.stream.partition(":")
        if kind == "customer" and entry.fact.kind == "quote.recorded":
            told.setdefault(customer, []).append(quote_of(entry.fact.body, entry.seq))
    for customer, quotes in told.items():
        yield from _running_out(customer, "", quotes)
    for contract in picture.contracts.values():
        yield from _running_out(contract.customer, contract.id, contract.quotes)


def _running_out(customer: str, contract: str, quotes: tuple[Quote, ...] | list[Quote]) -> Iterator[Deadline]:
    for quote in quotes:
        last = quote.valid.last
        if last is None:
            continue
        after = last + timedelta(days=1)
        if any(q.name == quote.name and q.scope == quote.scope and after in q.valid for q in quotes):
            continue
        scope = ", ".join(value for _, value in quote.scope)
        named = f"{quote.name}({scope})" if scope else quote.name
        price = in_yen(quote.amount)
        yield Deadline(
            last,
            "quote",
            contract,
            customer,
            Words(f"見積 {named} {price} の有効期限", f"the quote {named} of {price} runs out"),
            about=f"{quote.name}:{scope}",
            loses="right",
        )


def _referrals(picture: Picture) -> Iterator[Deadline]:
    """What was asked, was referred to a person, and waits for the answer since then."""
    for entry in picture.waiting():
        application = entry.stream.removeprefix("application:")
        received = cast(Mapping[str, Any], picture.applications[application][0].fact.body)
        asked = received["asked"]
        yield Deadline(
            entry.fact.effective_on,
            "referral",
            str(asked.get("contract") or ""),
            str(received["by"]),
            Words(
                f"{application}({received['act']})が回答を待っています",
                f"{application} ({received['act']}) waits for an answer",
            ),
            entry.fact.cites,
            application,
        )
