"""Article 19 and Schedule 1: what falls due, when, and by which quote. A missing quote is never 0."""

from collections.abc import Iterator, Mapping
from datetime import date

from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Charge, Contract
from kitei.services.managed_vpn.act import Act
from kitei.services.managed_vpn.application import Apply
from kitei.services.managed_vpn.rules.naming import names_of
from kitei.values import Json, Words, Yen, day_of, in_yen

UNQUOTED = ("COM-D06",)
_UNQUOTED = Words("見積もりがないため計算できません", "it cannot be computed, for no quote was told")


def accepted_on(asked: Act) -> date:
    """The day the operator accepted: as recorded, else the day of the act."""
    return asked.known.accepted_on or day_of(asked.at)


def charge(
    s: Situation,
    fee: str,
    path: str,
    *,
    contract: str,
    customer: str,
    due_on: date,
    amount: Yen | None,
    why: Words,
    more: tuple[str, ...] = (),
    detail: Mapping[str, Json] | None = None,
    conventions: tuple[tuple[str, str], ...] = (),
    defects: tuple[str, ...] = (),
    review: bool = False,
    dates: tuple[tuple[str, date], ...] = (),
) -> Finding:
    """A finding by which an amount falls due. `amount` None: the quote `fee` is missing, and that is said."""
    paths = (*more, path)
    missing = amount is None
    due = Charge(
        fee,
        customer,
        due_on,
        amount,
        s.texts(paths),
        detail or {},
        fee if missing else None,
        conventions,
        contract,
    )
    price = _UNQUOTED if amount is None else in_yen(amount)
    return Finding(
        Verdict.ACCEPT,
        s.cites(paths),
        Words(f"{why.ja}: {price}", f"{why.en}: {price}")
        if isinstance(price, str)
        else Words(f"{why.ja}: {price.ja}", f"{why.en}: {price.en}"),
        conventions=conventions,
        defects=(*defects, *UNQUOTED) if missing else defects,
        review=review,
        dates=dates,
        charges=(due,),
        missing=(fee,) if missing else (),
    )


def quoted_charge(
    s: Situation,
    fee: str,
    path: str,
    contract: Contract,
    *,
    due_on: date,
    why: Words,
    more: tuple[str, ...] = (),
    detail: Mapping[str, Json] | None = None,
    times: int = 1,
    about: Mapping[str, str] | None = None,
    conventions: tuple[tuple[str, str], ...] = (),
    defects: tuple[str, ...] = (),
    review: bool = False,
) -> Finding:
    """A charge of a contract at the price quoted for it, so many times."""
    quote = s.quote(fee, contract.customer, contract, None, **(about or {}))
    return charge(
        s,
        fee,
        path,
        contract=contract.id,
        customer=contract.customer,
        due_on=due_on,
        amount=None if quote is None else Yen(quote.amount * times),
        why=why,
        more=("art:19.1.s2", *more),
        detail=detail,
        conventions=conventions,
        defects=defects,
        review=review,
    )


def initial_fees(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 19.1 and Schedule 1, 1(1): the initial fee falls due when the application is accepted.

    A quote that names a kind, item or network answers for each site it fits; one that names nothing
    answers for the application as a whole, once.
    """
    day = accepted_on(asked)
    names = names_of(asked, s)
    whole = False
    for index, site in enumerate(asked.sites):
        customer = site.holder or asked.by
        quote = s.quote("initial", customer, kind=site.kind, item=site.item, network=site.network[0])
        if quote is not None and not quote.scope:
            if whole:
                continue
            whole = True
        yield charge(
            s,
            "initial",
            "schedule:1.1.1",
            contract=names[index],
            customer=customer,
            due_on=day,
            amount=quote.amount if quote else None,
            why=_INITIAL,
            more=("art:19.1.s2",),
            dates=(("effective", day),),
        )


_INITIAL = Words(
    "初期費用は承諾の日に支払義務が生じます", "the initial fee falls due on the day of acceptance"
)
