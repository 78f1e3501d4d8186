"""Articles 5(3) to 5(5): the mobile line a VPDN takes.

Lines are other services of the customer's: recorded as held, or applied for at the same time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kitei.clauses.notice import still_in_force
from kitei.desk import Finding, Situation, Verdict
from kitei.services.auth_outsource.application import Apply, Beside, TakeService
from kitei.services.auth_outsource.operation import DayCheck, LoseService
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
