"""Articles 14(3) and 14(4): the gateway service that a VPDN of type I or K excludes; 14(1) for other services."""

from collections.abc import Iterator, Mapping

from kitei.clauses.acts import Provision
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.application import Apply, TakeService
from kitei.services.auth_outsource.contract import days_of_use
from kitei.services.auth_outsource.operation import DayCheck
from kitei.services.auth_outsource.rules.batch import days_wanted, kind_of, place_of
from kitei.services.auth_outsource.rules.lines import Line, fits, held_by, is_called, taken
from kitei.terms import Choice
from kitei.values import Span, Words


def applied_for(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 14.3 and 14.4 at application, over what is held and what is applied for at the same time."""
    lines = (*held_by(s, asked.by), *(taken(s, each) for each in asked.beside))
    for index, wanted in enumerate(asked.services):
        item = s.choice("items", wanted.item or "")
        if kind_of(wanted) == "vpdn" and item is not None:
            days = days_wanted(asked, wanted, s)
            yield from gateway_findings(s, item, lines, days, f"{place_of(index)}.item", index)


def gateway_of(s: Situation, lines: tuple[Line, ...], days: Span) -> Line | None:
    """A gateway service that is there on some of those days, None where there is none."""
    return next(
        (each for each in lines if s.called("gateway_services", each.service) and each.days.overlaps(days)),
        None,
    )


def gateway_findings(
    s: Situation, item: Choice, lines: tuple[Line, ...], days: Span, place: str, part: int | None = None
) -> Iterator[Finding]:
    """Art. 14.3 and 14.4: with a type I line of class III, or any type K line, no gateway beside it.

    Type D is not named, and may have one (AO-D03).
    """
    gateway, ban = gateway_of(s, lines, days), s.choice("gateway_bans", item.slug)
    paths = (ban.cite.path,) if ban else tuple(each.cite.path for each in s.lists["gateway_bans"].values())
    more = {
        "conventions": (s.reading("ao.gateway-ban").pair,),
        "defects": s.defects(*paths),
        "place": place,
        "part": part,
    }
    if gateway is None:
        why = Words("大規模プライベートゲートウェイは使っていません", "no large-scale gateway is in use")
        yield s.accept(*paths, why=why, **more)
    elif ban is None:
        why = Words(
            f"{item.name.ja}はゲートウェイと併せて使えます", f"{item.name.en} may be used with the gateway"
        )
        yield s.accept(*paths, why=why, **more)
    else:
        yield from _banned(s, item, ban, lines, days, gateway, more)


def _banned(
    s: Situation,
    item: Choice,
    ban: Choice,
    lines: tuple[Line, ...],
    days: Span,
    gateway: Line,
    more: Mapping[str, object],
) -> Iterator[Finding]:
    mobile = s.edition.value("lines")[ban.text("line")]
    there = [each for each in lines if is_called(s, each, mobile) and each.days.overlaps(days)]
    # Type K in any plan; type I in its class only. Without a record of the line a person looks.
    counts = [each for each in there if mobile.slug == "mobile-k" or fits(s, each, mobile) is not False]
    path, name = ban.cite.path, s.name("gateway_services", "large-scale-private-gateway")
    if there and not counts:
        why = Words(
            f"{mobile.name.ja}の区分が違うので、この項は当たりません",
            f"its {mobile.name.en} line is of another class, which this does not reach",
        )
        yield s.accept(path, why=why, **more)
        return
    remedy = Words("どちらか一方にしてください", "have one of the two")
    why = Words(
        f"{item.name.ja}の VPDN と{mobile.name.ja}を使うとき、{name.ja}は併せて使えません",
        f"a {item.name.en} VPDN used with {mobile.name.en} excludes the {name.en}",
    )
    if there:
        yield s.refuse(path, why=why, remedy=remedy, **more)
    else:
        yield s.refer(path, proposes=Verdict.REFUSE, why=why, remedy=remedy, **more)


def gateway_beside(contract: Contract, s: Situation, place: str) -> Iterator[Finding]:
    """Art. 14.3 and 14.4 for a VPDN that is there (convention ao.gateway-ban)."""
    item = s.choice("items", contract.item)
    if item is not None and s.reading("ao.gateway-ban").value == "always":
        lines = held_by(s, contract.customer)
        yield from gateway_findings(s, item, lines, Span(s.on, s.on), place)


def kept_apart(asked: Provision | DayCheck, s: Situation) -> Iterator[Finding]:
    """Art. 14.3 and 14.4 when provision begins, and on a later day."""
    yield from gateway_beside(s.contract(asked.contract), s, "contract")


def service_taken(asked: TakeService, s: Situation) -> Iterator[Finding]:
    """Art. 14.1, 14.3 and 14.4: what another service, added later, means for the VPDN that is there."""
    new = taken(s, asked)
    lines = (*held_by(s, asked.by), new)
    how = s.reading("ao.gateway-ban")
    gateway = s.called("gateway_services", asked.service) is not None
    mobile = s.called("lines", asked.service)
    bears = False
    for contract in s.groups.get(asked.by, ()):
        item = s.choice("items", contract.item)
        days = days_of_use(contract)
        if item is None or not days.overlaps(Span(s.on)):
            continue
        if how.value == "always" and (gateway or (mobile and mobile.slug == item.text("line"))):
            bears = True
            later = Span(max(s.on, days.first), days.last)
            yield from gateway_findings(s, item, lines, later, "take-service.service")
    if bears:
        return
    yield s.accept(
        "art:14.1",
        why=Words(
            f"{asked.service} を足せます。使い方によってはこのサービスの機能が限られることがあります",
            f"{asked.service} may be added; how it is used may limit functions of this service",
        ),
        conventions=(how.pair,) if gateway else (),
    )
