"""Run decided cases as customers are served, and tell what comes out otherwise than it must."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias

from kitei.catalogue import SERVICES
from kitei.desk import Fault, Unreadable
from kitei.desk.casebook import Page
from kitei.desk.cases import Case, run_case
from kitei.terms.tables import Fault as TermsFault
from kitei.terms.tables import Table
from kitei.values import Words

Standing: TypeAlias = Literal["passed", "failed", "disputed", "faulty"]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A case that we hold to be wrong: the provision that shows it, and why."""

    id: str
    provision: str
    why: Words


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one case. `faults` are what cannot be read of it, `differences` what came out otherwise.

    A disputed case that comes out as written has passed; the dispute about it is over.
    """

    page: Page
    standing: Standing
    differences: tuple[Words, ...] = ()
    faults: tuple[Fault, ...] = ()
    dispute: Dispute | None = None


def judge(pages: Sequence[Page], disputes: Mapping[str, Dispute]) -> Iterator[Judged]:
    """Every case through its service's own path, each in a ledger of its own in memory."""
    for page in pages:
        dispute = disputes.get(page.id)
        if page.case is None:
            yield Judged(page, "faulty", faults=page.faults)
            continue
        service = page.case.service
        if service not in SERVICES:
            yield Judged(page, "faulty", faults=(_no_service(service),))
            continue
        try:
            found = run_case(page.case, SERVICES[service].run_case).differences
        except Unreadable as error:
            yield Judged(page, "faulty", faults=tuple(_within(page.id, each) for each in error.faults))
        except Exception as error:
            # What a case says wrongly comes up wherever it is first used; the others are judged all the same.
            yield Judged(page, "faulty", faults=tuple(_blamed(page.case, error)))
        else:
            standing: Standing = "passed" if not found else "disputed" if dispute else "failed"
            yield Judged(page, standing, found, dispute=dispute)


def read_disputes(text: str, name: str) -> Mapping[str, Dispute]:
    """`[[disputed]]` tables of id, service, provision, why {ja, en}. Raises Unreadable with every fault."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        wrong = Words(f"TOML ではありません({error})", f"is not TOML ({error})")
        raise Unreadable((Fault(name, wrong),)) from None
    faults: list[TermsFault] = []
    whole = Table(content, name, "", faults)
    found = [each for table in whole.tables("disputed") if (each := _dispute(table))]
    whole.close()
    if faults:
        raise Unreadable(
            tuple(Fault(f"{each.file}: {each.place}", Words(each.wrong, each.wrong)) for each in faults)
        )
    return {each.id: each for each in found}


def _dispute(table: Table) -> Dispute | None:
    id, service, path = table.text("id"), table.text("service"), table.text("provision")
    why = table.words("why")
    table.close()
    if service not in SERVICES:
        table.note("service", f"{service!r} is not one of {', '.join(SERVICES)}")
        return None
    edition = SERVICES[service].terms.editions[-1]
    if path not in edition.provisions:
        close = ", ".join(get_close_matches(path, edition.provisions, n=3)) or "none like it"
        table.note("provision", f"{path!r} is not in {edition}; close ones are {close}")
        return None
    return Dispute(id, str(edition.cite(path)), why)


def _blamed(case: Case, error: Exception) -> Iterator[Fault]:
    """The values without which a case would have been decided: those are what it says wrongly."""
    told = f"{type(error).__name__}: {error.args[0] if error.args else ''}"
    found = False
    for place, value, without in _each_left_out(case):
        try:
            SERVICES[case.service].run_case(without)
        except Exception:  # not this one, or not this one alone
            continue
        found = True
        yield Fault(
            place,
            Words(f"{value!r} では判断できません({told})", f"{value!r} is nothing to decide with ({told})"),
        )
    if not found:
        yield Fault("", Words(f"判断できません({told})", f"cannot be decided as written ({told})"))


def _each_left_out(case: Case) -> Iterator[tuple[str, object, Case]]:
    """The case without each of its values in turn, with the value's place."""
    for name in ("given", "when"):
        whole: Any = getattr(case, name)
        for place, value, rest in _lacking_one(whole, name):
            yield place, value, replace(case, **{name: rest})


def _lacking_one(table: Any, place: str) -> Iterator[tuple[str, object, Any]]:
    """A table (or list of tables) without one of its values, whichever, at any depth."""
    within = table.items() if isinstance(table, Mapping) else enumerate(table)
    for key, value in list(within):
        here = f"{place}.{key}" if isinstance(table, Mapping) else f"{place}[{key}]"
        if isinstance(table, Mapping):
            yield here, value, {name: each for name, each in table.items() if name != key}
        if isinstance(value, Mapping) or (isinstance(value, list) and any(map(_is_table, value))):
            for deeper, inner, rest in _lacking_one(value, here):
                changed: Any = dict(table) if isinstance(table, Mapping) else list(table)
                changed[key] = rest
                yield deeper, inner, changed


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _no_service(name: str) -> Fault:
    known = ", ".join(SERVICES)
    return Fault(
        "service", Words(f"{name!r} はありません。{known} のどれか", f"{name!r} is not one of {known}")
    )


def _within(id: str, fault: Fault) -> Fault:
    """A place within the case, whose id is told beside it."""
    return Fault(fault.place.removeprefix(f"{id}."), fault.wrong)
