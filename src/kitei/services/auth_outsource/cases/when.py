"""What is asked in a case, in the keys of the acts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kitei.clauses.history import History, holder
from kitei.desk.cases import Sheet, unknown
from kitei.services.auth_outsource.cases.given import Counts
from kitei.services.auth_outsource.edition import TERMS
from kitei.terms import plain_name
from kitei.values import day_of

Body = dict[str, Any]
EVENTS = {
    "access-request": "access-request",
    "auth-request": "access-request",
    "authentication-request": "access-request",
    "login": "access-request",
    "vpdn-request": "vpdn-request",
    "vpdn-connection": "vpdn-request",
    "connection-request": "vpdn-request",
    "new-session": "access-request",
    "account-created": "account-created",
    "account-added": "account-created",
    "new-account": "account-created",
    "user-created": "account-created",
    "user-added": "account-created",
    "user-registered": "account-created",
}
ANSWERS = {"accept": "accept", "reject": "reject", "none": "none", "down": "none", "up": "accept"}
# Facts of the moment, wherever they stand: in the act or beside it.
MOMENT = {
    "sessions": ("active_sessions", "sessions"),
    "user_sessions": ("user_sessions", "active_sessions_of_user"),
    "traffic_mbps": ("traffic_mbps", "mbps"),
    "requests": ("requests_per_second", "requests"),
    "octets": ("octets", "octets_this_month"),
    "user_octets": ("user_octets",),
    "in_use": ("accounts_in_use", "registered_accounts", "accounts_registered", "database_accounts"),
    "registered": ("user_registered", "registered"),
    "credentials": ("credentials_ok", "password_ok", "credentials"),
    "answer": ("customer_answer", "customer_device", "customer_server", "forwarded_answer"),
    "terminators": ("terminators",),
    "down": ("terminators_down", "down"),
}


@dataclass(frozen=True, slots=True)
class Asking:
    """The act of a case, the facts beside it, what happened before, and how many use each contract."""

    when: Sheet
    facts: Sheet
    history: History
    counts: Mapping[str, Counts]

    def told(self, *keys: str) -> Any:
        """What the act or the facts say under one of these keys."""
        found = [sheet.take(key) for key in keys for sheet in (self.when, self.facts)]
        return next((each for each in found if each is not None), None)


def take_when(case: Asking) -> tuple[str, Body]:
    """An act's name and body. Who asks, where it is not said, is the contract's customer."""
    action = case.when.take("action")
    found = ACTIONS.get(action)
    if found is None:
        raise unknown(f"{case.when.place}.action", action, ACTIONS)
    name, take = found
    moment = {key: case.told(*names) for key, names in MOMENT.items()}
    users = case.told("registered_users", "users", "database")
    if isinstance(moment["sessions"], Mapping):  # by realm
        moment["sessions"] = moment["sessions"].get(str(case.when.look("user")).rpartition("@")[2])
    if users is not None and moment["registered"] is None:
        moment["registered"] = case.when.look("user") in users
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
            beside.append({"service": other, **_attributes(sheet), "first": sheet.take("requested_start")})
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
    kinds = [told] if isinstance(told, str) else told
    several = sheet.take("contracts", 1) == len(kinds) > 1
    for key in ("form", "customer"):
        sheet.take(key)  # the terms name a form for options and notices only
    body = _taken(sheet, "item", "accounts", "realm")
    body["ip"] = [*_several(sheet.take("ip")), *_several(sheet.take("ips"))]
    body["forward_to"] = _several(sheet.take("forward_to"))
    body["terminators"] = _several(sheet.take("terminators"))
    body["first"] = sheet.take("requested_start") or sheet.take("start")
    body["last"] = sheet.take("requested_end") or sheet.take("end")
    body["options"] = [_option(each) for each in sheet.take("options", [])]
    sheet.close()
    said = {key: value for key, value in body.items() if value not in (None, [])}
    return [{**said, "kind": [each]} for each in kinds] if several else [{**said, "kind": kinds}]


def _option(told: Any) -> Body:
    sheet = Sheet({"name": told} if isinstance(told, str) else told, "options")
    option = _taken(sheet, "form", option="name")
    option["billing_start"] = sheet.take("option_billing_start") or sheet.take("billing_start")
    sheet.close()
    return {key: value for key, value in option.items() if value is not None}


def _several(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _attributes(sheet: Sheet) -> Body:
    """What is said of another service: its plan, or the class of its lines."""
    body = _taken(sheet, "item", "item_class", "network_type_class")
    body["item"] = body["item"] or sheet.take("plan")
    if (both := sheet.take("class")) is not None:
        body["item_class"] = body["item_class"] or both
        body["network_type_class"] = body["network_type_class"] or both
    return body


def _add_option(case: Asking, moment: Body) -> Body:
    body = _taken(case.when, "option", "form")
    body["billing_start"] = case.when.take("option_billing_start") or case.when.take("billing_start")
    return {**body, "known": {"accepted_on": case.when.take("accepted_at")}}


def _stop_option(case: Asking, moment: Body) -> Body:
    return {**_taken(case.when, "option", "form"), **_days(case.when, "arrived", "designated")}


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
        "to": [str(each) for each in _several(to)] if not counted else None,
        "known": {"accepted_on": case.when.take("accepted_at"), "accounts_in_use": in_use},
    }


def _cancel(case: Asking, moment: Body) -> Body:
    days = _days(case.when, "arrived", "designated", "effective")
    return {**_taken(case.when, "form", "ground"), **days}


def _terminate(case: Asking, moment: Body) -> Body:
    return {"by": "operator", **_taken(case.when, "ground", "effective")}


def _take_service(case: Asking, moment: Body) -> Body:
    service = case.told("service_added", "service")
    return {"contract": None, "service": service, **_attributes(case.when)}


def _lose_service(case: Asking, moment: Body) -> Body:
    """The service that ends, by its name, or by the id under which it is held."""
    service = case.told("service_ended", "service_removed", "service")
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
    return _taken(case.when, "option")


def _start_billing(case: Asking, moment: Body) -> Body:
    body = _taken(case.when, "option", "billing_start")
    body["billing_start"] = body["billing_start"] or case.when.take("option_billing_start")
    return body


def _month_close(case: Asking, moment: Body) -> Body:
    return _taken(case.when, "customer")


def _warranty(case: Asking, moment: Body) -> Body:
    return {"warranty": case.told("warranty", "matter", "reason") or "availability"}


def _limit(case: Asking, moment: Body) -> Body:
    return {"by": "operator", "limit": case.told("limit", "reason"), "service": case.told("service")}


def _network_event(case: Asking, moment: Body) -> Body:
    event, times = _event(case)
    if isinstance(event, int):
        moment, event = {**moment, "in_use": event - 1}, "account-created"
    line = case.when.take("line")
    plan = case.told("plan", "line_class", "line_item", "line_plan")
    if isinstance(line, Mapping):
        sheet = Sheet(line, f"{case.when.place}.line")
        told = {"service": sheet.take("service"), **_attributes(sheet)}
        sheet.close()
        line = told.pop("service")
        plan = plan or next(filter(None, told.values()), None)
    subject = case.when.look("contract")
    counts = case.counts.get(subject) if subject else _only(case.counts)
    if counts is not None:
        for key in ("sessions", "in_use"):
            if moment[key] is None:
                moment = {**moment, key: getattr(counts, key)}
    user, realm = case.when.take("user"), case.when.take("realm")
    if realm and "@" not in (user or ""):
        user = f"{user or ''}@{realm}"
    if (password := case.told("password")) is not None and moment["credentials"] is None:
        moment = {**moment, "credentials": str(password) not in ("wrong", "incorrect", "bad")}
    if isinstance(moment["answer"], str):
        moment = {**moment, "answer": ANSWERS.get(moment["answer"], moment["answer"])}
    source = case.when.take("src") or case.when.take("source")
    return {
        "event": event,
        "times": times,
        "source": source,
        "user": user,
        "line": line,
        "plan": plan,
    } | moment


def _only(counts: Mapping[str, Counts]) -> Counts | None:
    """The counts of the one contract that says any."""
    said = [each for each in counts.values() if each != Counts(None, None)]
    return said[0] if len(said) == 1 else None


def _event(case: Asking) -> tuple[str | int, int]:
    """What happens, and how often (`x1000`); an account by its number is the one after so many."""
    told = str(case.when.take("event") or "access-request")
    times = re.search(r"\s*[x×]\s*(\d+)$", told)
    plain = re.sub(r"[\s_]+", "-", told[: times.start()] if times else told).strip("-").casefold()
    numbered = re.fullmatch(r"account-#?(\d+)-(?:created|added|registered)", plain)
    if numbered:
        return int(numbered[1]), 1
    if plain not in EVENTS:
        raise unknown(f"{case.when.place}.event", told, EVENTS)
    return EVENTS[plain], int(times[1]) if times else 1


def _nothing_more(case: Asking, moment: Body) -> Body:
    return {}


def _days(sheet: Sheet, *keys: str) -> Body:
    """Days; of an instant the day it is in Tokyo."""
    told = {key: sheet.take(key) for key in keys}
    return {
        key: day_of(datetime.fromisoformat(each)).isoformat() if each and "T" in each else each
        for key, each in told.items()
    }


def _taken(sheet: Sheet, *same: str, **renamed: str) -> Body:
    """Keys taken under their own names or others."""
    return {key: sheet.take(key) for key in same} | {key: sheet.take(old) for key, old in renamed.items()}


ACTIONS: Mapping[str, tuple[str, Callable[[Asking, Body], Body]]] = {
    "apply": ("apply", _apply),
    "start-billing": ("start-billing", _start_billing),
    "add-option": ("add-option", _add_option),
    "stop-option": ("stop-option", _stop_option),
    "change": ("change", _change),
    "cancel": ("cancel", _cancel),
    "operator-terminate": ("operator-terminate", _terminate),
    "external-service-added": ("take-service", _take_service),
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
    "network-event": ("network-event", _network_event),
}
