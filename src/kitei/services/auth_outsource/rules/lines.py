"""Articles 5(3) to 5(5), 14(3) and 14(4): the mobile line a VPDN takes, and the gateway it excludes.

Lines and gateways are other services of the customer's: recorded as held, or applied for at the same time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kitei.clauses.notice import still_in_force
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.application import Apply, Beside, TakeService
from kitei.services.auth_outsource.contract import days_of_use
from kitei.services.auth_outsource.operation import DayCheck, LoseService, Provision
from kitei.services.auth_outsource.rules.batch import days_wanted, kind_of, lacking, place_of, standing
from kitei.terms import Choice
from kitei.values import Span, Words

# What a recorded line may call the figure that decides, besides the name the terms' data has for it.
OTHER_NAMES = {"item_class": ("class",), "item": ("plan",), "network_type_class": ("class", "network_type")}


@dataclass(frozen=True, slots=True)
class Line:
    """Another service of a customer's on some days: what it is called, and what is said of it."""

    service: str
    days: Span
    told: Mapping[str, object]

    def says(self, key: str) -> str:
        """What is said of it under a name, '' where nothing is."""
        for name in (key, *OTHER_NAMES.get(key, ())):
            if self.told.get(name):
                return str(self.told[name])
        return ""


def held_by(s: Situation, customer: str) -> tuple[Line, ...]:
    """Everything else a customer has or had, as recorded."""
    return tuple(
        Line(each.service, each.days, each.attributes) for each in s.operator.holdings.get(customer, ())
    )


def taken(s: Situation, wanted: Beside | TakeService) -> Line:
    """A service that is about to be taken, as if it were there."""
    first = wanted.first if isinstance(wanted, Beside) else None
    told = {key: getattr(wanted, key) for key in ("item", "item_class", "network_type_class")}
    return Line(wanted.service, Span(first or s.on), told)


def is_there(s: Situation, line: Line, days: Span) -> bool:
    """Whether a line is held when it is applied for or when the use begins (convention eligibility.when)."""
    return s.on in line.days or days.first in line.days


def fits(s: Situation, line: Line, mobile: Choice) -> bool | None:
    """Whether a line is of the class or plan an item takes; None where that was not recorded."""
    told = line.says(mobile.text("told_by"))
    return s.called(mobile.text("fits"), told) is not None if told else None


def is_called(s: Situation, line: Line, mobile: Choice) -> bool:
    found = s.called("lines", line.service)
    return found is not None and found.slug == mobile.slug


def lines_held(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5.3 to 5.5: the mobile contract of the right class or plan, held or applied for no later."""
    lines = (*held_by(s, asked.by), *(taken(s, each) for each in asked.beside))
    for index, wanted in enumerate(asked.services):
        item = s.choice("items", wanted.item or "")
        if kind_of(wanted) != "vpdn" or item is None:
            continue
        days, place = days_wanted(asked, wanted, s), f"{place_of(index)}.item"
        yield from eligible(s, item, lines, days, place, index)
        yield from gateway_findings(s, item, lines, days, place, index)


def eligible(
    s: Situation, item: Choice, lines: tuple[Line, ...], days: Span, place: str, part: int | None = None
) -> Iterator[Finding]:
    """Whether one of the lines lets its customer have a VPDN of an item."""
    mobile = s.edition.value("lines")[item.text("line")]
    path, served = mobile.text("held"), mobile.text("served")
    there = [each for each in lines if is_called(s, each, mobile) and is_there(s, each, days)]
    judged = [fits(s, each, mobile) for each in there]
    more = {
        "conventions": (s.reading("eligibility.when").pair,),
        "defects": s.defects(path),
        "place": place,
        "part": part,
    }
    wanted = "、".join(each.name.ja for each in s.edition.value(mobile.text("fits")).choices)
    needed = ", ".join(each.name.en for each in s.edition.value(mobile.text("fits")).choices)
    if True in judged:
        yield s.accept(
            path,
            "art:2.1",
            served,
            why=Words(f"{mobile.name.ja}({wanted})の契約者です", f"has {mobile.name.en} ({needed})"),
            **more,
        )
    elif None in judged:
        yield s.refer(
            path,
            served,
            proposes=Verdict.ACCEPT,
            why=Words(
                f"{mobile.name.ja}の契約の{mobile.text('told_by')} が記録されていません",
                f"the {mobile.text('told_by')} of its {mobile.name.en} contract is not recorded",
            ),
            remedy=Words(f"{wanted} なら使えます", f"it must be {needed}"),
            **more,
        )
    else:
        said = ", ".join(each.says(mobile.text("told_by")) for each in there)
        yield s.refuse(
            path,
            served,
            why=Words(
                f"{mobile.name.ja}の契約は {said} で、{wanted} ではありません",
                f"its {mobile.name.en} contract is {said}, not {needed}",
            )
            if said
            else Words(f"{mobile.name.ja}の契約がありません", f"it has no {mobile.name.en} contract"),
            remedy=Words(
                f"{mobile.name.ja}({wanted})を先に契約してください",
                f"contract for {mobile.name.en} ({needed}) first",
            ),
            **more,
        )


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


def gateway_kept_apart(asked: Provision, s: Situation) -> Iterator[Finding]:
    """Art. 14.3 and 14.4 when provision begins."""
    yield from gateway_beside(s.contract(asked.contract), s, "provision.contract")


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


def service_lost(asked: LoseService, s: Situation) -> Iterator[Finding]:
    """Art. 5.3 to 5.5 are asked at application: a line that ends later ends no contract, and is flagged.

    What is judged is whether a contract ends with it (convention eligibility.when).
    """
    how, mobile = s.reading("eligibility.when"), s.called("lines", asked.service)
    rests = [
        each
        for each in s.in_force(asked.customer or asked.by)
        if mobile is not None
        and (item := s.choice("items", each.item)) is not None
        and item.text("line") == mobile.slug
    ]
    if mobile is None or not rests:
        yield s.refuse(
            "art:5.1",
            why=Words(
                f"{asked.service} に支えられた契約はありません", f"no contract rests on {asked.service}"
            ),
            place="lose-service.service",
        )
        return
    names = ", ".join(each.id for each in rests)
    path = mobile.text("held")
    if how.value == "continuing":
        yield s.refer(
            path,
            proposes=Verdict.ACCEPT,
            why=Words(f"{names} は前提を失い、終わります", f"{names} lost what it takes, and ends"),
            conventions=(how.pair,),
        )
        return
    yield s.refuse(
        path,
        why=Words(
            f"{names} は前提の回線を失いますが、契約は終わりません。ご確認ください",
            f"{names} lost the line it was made for, and does not end with it; please review",
        ),
        conventions=(how.pair,),
        review=True,
        place="lose-service.service",
    )


def still_eligible(asked: DayCheck, s: Situation) -> Iterator[Finding]:
    """Art. 5.1 and 5.3 to 5.5 on a later day: what a contract was made for and no longer has is flagged."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:5.1", contract)
    how, item = s.reading("eligibility.when"), s.choice("items", contract.item)
    missing = lacking({each.kind for each in standing(s, contract.customer, s.on)})
    yield s.accept(
        "art:5.1",
        why=Words(f"契約は続きますが、{missing.ja}", f"the contract goes on, but {missing.en}")
        if missing
        else Words("要る種類がそろっています", "the kinds needed are there"),
        conventions=(s.reading("ao.set").pair,),
        review=missing is not None,
    )
    if contract.kind == "vpdn" and item is not None:
        mobile = s.edition.value("lines")[item.text("line")]
        yield from gateway_beside(contract, s, "day-check.contract")
        today = [each for each in held_by(s, contract.customer) if s.on in each.days]
        if any(is_called(s, each, mobile) and fits(s, each, mobile) is not False for each in today):
            why = Words("前提の回線があります", "the line it takes is there")
            yield s.accept(mobile.text("held"), why=why, conventions=(how.pair,))
        else:
            why = Words(
                f"{mobile.name.ja}がありません。契約は続きますが、ご確認ください",
                f"there is no {mobile.name.en}; the contract goes on, please review",
            )
            yield s.accept(mobile.text("held"), why=why, conventions=(how.pair,), review=True)
