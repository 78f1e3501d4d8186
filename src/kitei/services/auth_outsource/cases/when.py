"""What is asked in a case, in the keys of the acts."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from kitei.clauses.history import holder
from kitei.desk.cases import Sheet, unknown
from kitei.services.auth_outsource.cases.asking import Asking, Body, attributes, first_of, several, taken
from kitei.services.auth_outsource.cases.events import moment_of, network_event
from kitei.services.auth_outsource.edition import TERMS
from kitei.terms import plain_name
from kitei.values import day_of

ADDRESSES = (
    "ip",
    "ips",
    "ip_address",
    "ip_addresses",
    "address",
    "addresses",
    "terminal",
    "terminals",
    "prefix",
    "ip_prefix",
    "ip_range",
)


def take_when(case: Asking) -> tuple[str, Body]:
    """An act's name and body. Who asks, where it is not said, is the contract's customer."""
    action = case.when.take("action")
    found = ACTIONS.get(action)
    if found is None:
        raise unknown(f"{case.when.place}.action", action, ACTIONS)
    name, take = found
    moment = moment_of(case)
    body = {
        "by": holder(case.when, case.history),
        "at": case.when.take("at"),
        "contract": case.when.look("contract"),
        **take(case, moment),
    }
    case.when.take("contract")
    case.when.take("customer")
    known = {key: value for key, value in body.pop("known", {}).items() if value is not None}
    return name, {**{key: value for key, value in body.items() if value is not None}, "known": known}


def _apply(case: Asking, moment: Body) -> Body:
    services, beside, billing = [], [], case.when.take("billing_start")
    for sheet in case.when.sheets("applications"):
        other = sheet.take("service")
        billing = billing or sheet.take("billing_start")
        if other is not None and plain_name(other) != TERMS.service:
            beside.append({"service": other, **attributes(sheet), "first": sheet.take("requested_start")})
            sheet.close()
        else:
            services.extend(_wanted(sheet))
    return {
        "services": services,
        "beside": [{key: value for key, value in each.items() if value is not None} for each in beside],
        "billing_start": billing,
        "contract": None,
        "known": {"accepted_on": case.when.take("accepted_at")},
    }


def _wanted(sheet: Sheet) -> list[Body]:
    """One application; of one for several contracts, one for each kind."""
    told = sheet.take("kinds") or sheet.take("kind") or ""
    kinds = _kinds(told) if isinstance(told, str) else told
    apart = sheet.take("contracts", 1) == len(kinds) > 1
    for key in ("form", "customer"):
        sheet.take(key)  # the terms name a form for options and notices only
    body = taken(sheet, "item", "accounts", "realm")
    body["ip"] = [each for key in ADDRESSES for each in several(sheet.take(key))]
    body["forward_to"] = several(sheet.take("forward_to"))
    body["terminators"] = several(sheet.take("terminators"))
    body["first"] = first_of(sheet, "requested_start", "start", "use_from", "from")
    body["last"] = first_of(sheet, "requested_end", "end", "use_until", "until")
    body["options"] = [_option(each) for each in sheet.take("options", [])]
    sheet.close()
    said = {key: value for key, value in body.items() if value not in (None, [])}
    return [{**said, "kind": [each]} for each in kinds] if apart else [{**said, "kind": kinds}]


def _kinds(told: str) -> list[str]:
    """The kinds a text names: one, or several with a sign between."""
    several_kinds = [each for each in re.split(r"\s*(?:[++&、,]|及び|および)\s*", told) if each]
    known = TERMS.first.value("kinds")
    return several_kinds if all(known.choose(each) for each in several_kinds) else [told]


def _option(told: Any) -> Body:
    sheet = Sheet({"name": told} if isinstance(told, str) else told, "options")
    option = taken(sheet, "form", option="name")
    option["billing_start"] = sheet.take("option_billing_start") or sheet.take("billing_start")
    sheet.close()
    return {key: value for key, value in option.items() if value is not None}


def _add_option(case: Asking, moment: Body) -> Body:
    body = taken(case.when, "option", "form")
    body["billing_start"] = case.when.take("option_billing_start") or case.when.take("billing_start")
    return {**body, "known": {"accepted_on": case.when.take("accepted_at")}}


def _stop_option(case: Asking, moment: Body) -> Body:
    return {**taken(case.when, "option", "form"), **_days(case.when, "arrived", "designated")}


def _change(case: Asking, moment: Body) -> Body:
    """A number stands in `to`, or in `accounts` without a matter; whatever else is text."""
    accounts, to = case.when.take("accounts"), case.when.take("to")
    matter = case.when.take("matter") or ("アカウント数" if accounts is not None else None)
    to = accounts if to is None else to
    choice = TERMS.first.value("matters").choose(matter or "")
    counted = choice is not None and choice.slug == "accounts"
    number = int(to) if counted and to is not None and str(to).lstrip("-").isdecimal() else None
    subject = case.when.look("contract")
    in_use = moment["in_use"]
    if in_use is None and subject in case.counts:
        in_use = case.counts[subject].in_use
    return {
        "matter": matter,
        "number": number,
        "to": [str(each) for each in several(to)] if not counted else None,
        "known": {"accepted_on": case.when.take("accepted_at"), "accounts_in_use": in_use},
    }


def _cancel(case: Asking, moment: Body) -> Body:
    days = _days(case.when, "arrived", "designated", "effective")
    return {**taken(case.when, "form", "ground"), **days}


def _terminate(case: Asking, moment: Body) -> Body:
    return {"by": "operator", **taken(case.when, "ground", "effective")}


def _take_service(case: Asking, moment: Body) -> Body:
    service = case.told("service_added", "service", "added")
    return {"contract": None, "service": service, **attributes(case.when)}


def _lose_service(case: Asking, moment: Body) -> Body:
    """The service that ends, by its name, or by the id under which it is held."""
    service = case.told("service_ended", "service_removed", "service_lost", "service")
    held, ended = case.when.look("contract"), case.when.take("ended")
    del ended  # the day is that of the act
    for customer, holdings in case.history.situation().operator.holdings.items():
        for each in holdings:
            if (service is None and each.id == held) or (service and each.is_called(service)):
                return {"contract": None, "service": each.service, "customer": customer}
    return {"contract": None, "service": service or held}


def _provision(case: Asking, moment: Body) -> Body:
    """Preparations count as made unless the case says otherwise."""
    readiness = case.facts.take("readiness", {})
    told = readiness.get(case.when.look("contract"), readiness)
    paths = {each.cite.path: each.slug for each in TERMS.first.value("preparations").choices}
    for path in told:
        if path not in paths:
            raise unknown(f"{case.facts.place}.readiness", path, paths)
    return {"known": {"ready": {slug: told.get(path, True) for path, slug in paths.items()}}}


def _checklist(case: Asking, moment: Body) -> Body:
    case.facts.take("readiness")  # what is ready does not change the list
    return {}


def _read_term(case: Asking, moment: Body) -> Body:
    return taken(case.when, "option")


def _start_billing(case: Asking, moment: Body) -> Body:
    body = taken(case.when, "option", "billing_start")
    body["billing_start"] = body["billing_start"] or case.when.take("option_billing_start")
    return body


def _month_close(case: Asking, moment: Body) -> Body:
    return taken(case.when, "customer")


def _warranty(case: Asking, moment: Body) -> Body:
    return {"warranty": case.told("warranty", "matter", "reason") or "availability"}


def _limit(case: Asking, moment: Body) -> Body:
    return {"by": "operator", "limit": case.told("limit", "reason"), "service": case.told("service")}


def _nothing_more(case: Asking, moment: Body) -> Body:
    return {}


def _days(sheet: Sheet, *keys: str) -> Body:
    """Days; of an instant the day it is in Tokyo."""
    told = {key: sheet.take(key) for key in keys}
    return {
        key: day_of(datetime.fromisoformat(each)).isoformat() if each and "T" in each else each
        for key, each in told.items()
    }


ACTIONS: Mapping[str, tuple[str, Callable[[Asking, Body], Body]]] = {
    "apply": ("apply", _apply),
    "start-billing": ("start-billing", _start_billing),
    "add-option": ("add-option", _add_option),
    "stop-option": ("stop-option", _stop_option),
    "change": ("change", _change),
    "cancel": ("cancel", _cancel),
    "operator-terminate": ("operator-terminate", _terminate),
    "external-service-added": ("take-service", _take_service),
    "external-service-taken": ("take-service", _take_service),
    "external-contract-added": ("take-service", _take_service),
    "external-service-ended": ("lose-service", _lose_service),
    "external-service-removed": ("lose-service", _lose_service),
    "external-contract-ended": ("lose-service", _lose_service),
    "claim-credit": ("claim-credit", _nothing_more),
    "claim-warranty": ("claim-warranty", _warranty),
    "warranty-claim": ("claim-warranty", _warranty),
    "limit-function": ("limit-function", _limit),
    "provision": ("provision", _provision),
    "readiness-check": ("check-readiness", _checklist),
    "compute-minimum-term": ("read-term", _read_term),
    "evaluate": ("day-check", _nothing_more),
    "day-check": ("day-check", _nothing_more),
    "month-close": ("month-close", _month_close),
    "network-event": ("network-event", network_event),
}
