"""What a case gives: contracts, quotes, lists, holdings and outages, as facts that a ledger would hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from kitei.clauses.history import (
    History,
    day_or_none,
    ending_fact,
    option_facts,
    quote_body,
    term_fact,
)
from kitei.desk.cases import Sheet
from kitei.ledger.facts import Fact
from kitei.services.gio_remote.cases.operator import take_beside, take_explained_outages, vpdn_holders
from kitei.services.gio_remote.contract import prefix_of
from kitei.services.gio_remote.edition import TERMS
from kitei.values import Json, JsonObject

OURS = ("operator", "IIJ", "当社")
# Acceptance goes before billing; a contract that is given was accepted in a month before.
BEFORE = timedelta(days=31)
# Acts that a gateway and its network must both be there for.
TAKING_BOTH = ("network-event", "provision", "day-check")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many sessions and accounts a gateway has at the moment of a case."""

    active: int | None
    in_use: int | None


def take_given(given: Sheet, facts: Sheet, when: Sheet, history: History) -> Mapping[str, Counts]:
    """Record all that is given. What belongs to the act itself is left in `facts` for it."""
    counts: dict[str, Counts] = {}
    subject = when.look("contract")
    environment = environment_of(facts.take("network_environment") or facts.take("environment"))
    hosts = facts.take("designated_hosts") or facts.take("hosts")
    addresses = facts.take("designated") or facts.take("designated_addresses")
    kinds: list[tuple[str, str]] = []
    vpdn = vpdn_holders(given)
    for sheet in given.sheets("contracts"):
        name, customer = sheet.take("id"), sheet.take("customer")
        history.know(customer)
        counts[name] = Counts(sheet.take("active_sessions"), sheet.take("accounts_in_use"))
        kind = history.slug("kinds", sheet.take("kind") or "") if sheet.look("kind") else ""
        own = {
            "hosts": sheet.take("designated_hosts", hosts if name == subject else None),
            "addresses": sheet.take("designated_addresses", addresses if name == subject else None),
            "environment": environment_of(sheet.take("network_environment"))
            or (environment if kind == "network" or name == subject else None),
            "l2tp": kind == "gateway" and customer in vpdn,
        }
        for fact in contract_facts(sheet, customer, kind, own, history):
            history.record(f"contract:{name}", fact)
        kinds.append((customer, kind))
        sheet.close()
    if when.look("action") in TAKING_BOTH:
        _complete(kinds, history)
    history.know(when.look("by"))
    history.know(when.look("customer"))
    take_beside(given, facts, when, history)
    take_explained_outages(facts, when, history)
    return counts


def contract_facts(
    sheet: Sheet, customer: str, kind: str, own: Mapping[str, Any], history: History
) -> Iterator[Fact]:
    """A contract as given, from its conclusion on."""
    billing = day_or_none(sheet.take("billing_start"))
    made = day_or_none(sheet.take("made")) or min(filter(None, (billing, history.day))) - BEFORE
    item, service = sheet.take("item"), sheet.take("service_name")
    months = TERMS.first.value("minimum_term_months").number
    monthly, initial = sheet.take("monthly_fee_jpy"), sheet.take("initial_fee_jpy")
    yield Fact(
        "contract.concluded",
        {
            "service": TERMS.service,
            "customer": customer,
            "kind": kind,
            "item": history.slug("items", item or "type-a") if item or kind == "gateway" else "",
            "group": customer,
            "edition": TERMS.first.in_force.isoformat(),
            "months": months,
            "made_as": history.slug("predecessor_services", service) if service else None,
            "sessions": sheet.take("sessions"),
            "accounts": sheet.take("accounts"),
            "l2tp": sheet.take("l2tp", own["l2tp"]),
            "browser": sheet.take("browser"),
            "hosts": _designated(own["hosts"], made),
            "addresses": _designated(own["addresses"], made),
            "environment": own["environment"],
            "quotes": [quote_body("monthly", monthly)] if monthly is not None else [],
        },
        made,
    )
    if initial is not None:
        yield _initial("initial", customer, initial, made, history)
    if billing is not None:
        yield term_fact(history, "contract.billing-started", billing, months, history.role("term"))
    for option in sheet.sheets("options"):
        yield from _option_facts(option, made, customer, history)
        option.close()
    ended, given_notice = day_or_none(sheet.take("ended")), day_or_none(sheet.take("cancel_effective"))
    if last := ended or given_notice:
        yield ending_fact(last, made)


def _option_facts(sheet: Sheet, made: date, customer: str, history: History) -> Iterator[Fact]:
    """An option; its initial fee fell due when it was accepted, before its billing."""
    start = day_or_none(sheet.look("billing_start"))
    accepted = max(made, start - BEFORE) if start else made
    if (initial := sheet.take("initial_fee_jpy")) is not None:
        yield _initial("option-initial", customer, initial, accepted, history)
    server_name = sheet.take("server_name") or sheet.take("domain")
    stopping = day_or_none(sheet.take("cancel_effective"))
    slug = history.slug("options", sheet.look("name"))
    yield from option_facts(sheet, accepted, customer, history, server_name=server_name)
    if stopping is not None:
        stop: JsonObject = {"option": slug, "last": stopping.isoformat(), "ground": "customer-notice"}
        yield Fact("option.ending-set", stop, accepted)


def _initial(name: str, customer: str, amount: int, on: date, history: History) -> Fact:
    due: JsonObject = {"name": name, "customer": customer, "amount": amount}
    return Fact("charge.fell-due", due, on, (history.cite(history.role(name)),))


def _designated(told: Any, since: date) -> list[Json]:
    return [
        {
            "what": _host(str(what)),
            "designated_by": party,
            "since": since.isoformat(),
            "last": None,
            "cites": [],
        }
        for what, party in designations(told).items()
    ]


def designations(told: Any, who: str | None = None) -> Mapping[str, str]:
    """Hosts or prefixes, each with who designated it: from one text, a list, or tables that say who."""
    if isinstance(told, Mapping):
        return told
    found: dict[str, str] = {}
    for each in [told] if isinstance(told, str) else told or ():
        sheet = Sheet(each if isinstance(each, Mapping) else {"prefix": each}, "designated")
        what = [sheet.take(key) for key in ("prefix", "host", "address")]
        found[next(text for text in what if text)] = sheet.take("designated_by") or who or "customer"
        sheet.close()
    return found


def _host(text: str) -> str:
    prefix = prefix_of(text)
    return str(prefix) if prefix is not None else text.lower()


def environment_of(told: Mapping[str, Any] | None) -> Json:
    if told is None:
        return None
    sheet = Sheet(told, "network_environment")
    operator, changed = sheet.take("operator", "operator"), sheet.take("changed")
    notified = sheet.take("change_notified", changed)
    found: Json = {
        "operator": "operator" if operator in OURS else operator,
        "settings_disclosed": sheet.take("settings_disclosed", True),
        "changed_on": changed[:10] if changed else None,
        "change_notified": changed if notified is True else notified or None,
    }
    sheet.close()
    return found


def _complete(kinds: Iterable[tuple[str, str]], history: History) -> None:
    """What is not given is in order: a gateway has its network, and a network its gateway."""
    there = set(kinds)
    for customer, kind in sorted(there):
        other = {"gateway": "network", "network": "gateway"}.get(kind)
        if other is not None and (customer, other) not in there:
            sheet = Sheet({}, "given")
            empty: Mapping[str, Any] = {"hosts": None, "addresses": None, "environment": None, "l2tp": False}
            for fact in contract_facts(sheet, customer, other, empty, history):
                history.record(f"contract:{customer}-{other}", fact)
