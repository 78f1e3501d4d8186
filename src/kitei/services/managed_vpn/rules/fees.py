"""Article 19.1 and Schedule 1, 1(1): the initial fee."""

from collections.abc import Iterator

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import charge
from kitei.desk import Finding, Situation
from kitei.services.managed_vpn.application import Apply
from kitei.services.managed_vpn.rules.naming import names_of
from kitei.values import Words


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
