"""What is asked in a case, in the keys of the acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kitei.clauses.history import History, holder
from kitei.desk.cases import Sheet, unknown
from kitei.services.gio_remote.cases.given import OURS, Counts
from kitei.services.gio_remote.edition import TERMS
from kitei.terms import plain_name

Body = dict[str, Any]
EVENTS = {
    "new session": "new-session",
    "session start": "new-session",
    "account created": "account-created",
    "new account": "account-created",
}
LOGINS = {"login": None, "user login": None, "matrix login": "matrix", "password login": "password"}
MATTERS = {
    "gateway setting change": "gateway-setting-change",
    "setting change": "gateway-setting-change",
    "ゲートウェイの設定変更": "gateway-setting-change",
    "設定変更": "gateway-setting-change",
    "enquiry": "enquiry",
    "inquiry": "enquiry",
    "question": "enquiry",
    "問合せ": "enquiry",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """The act of a case, the facts beside it, what happened before, and how many use each gateway."""

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
    service = case.when.take("service")
    if service is not None and service != TERMS.service:
        name, take = "count-towards", lambda asking: _elsewhere(asking, service)
    subject = case.when.look("contract")
    body = {
        "by": holder(case.when, case.history),
        "at": case.when.take("at"),
        "contract": subject,
        **take(case),
    }
    case.when.take("contract")
    known = {key: value for key, value in body.pop("known", {}).items() if value is not None}
    return name, {**{key: value for key, value in body.items() if value is not None}, "known": known}


def _elsewhere(case: Asking, service: str) -> Body:
    """An application for another service: what it asks of ours is whether a contract here serves for it."""
    for key in ("applications", "kind", "item"):
        case.when.take(key)
    return {"service": service}


def _apply(case: Asking) -> Body:
    services, beside = [], []
    for sheet in case.when.sheets("applications"):
        other = sheet.take("service")
        if other is not None and other != TERMS.service:
            beside.append({"service": other, **_taken(sheet, "kind", "item", first="billing_start")})
            sheet.close()
            continue
        services.extend(_wanted(case, sheet))
    return {
        "services": services,
        "beside": [{key: value for key, value in each.items() if value is not None} for each in beside],
        **_taken(case.when, "name", "billing_start"),
        "contract": None,
        "known": {
            "accepted_on": case.when.take("accepted_at"),
            "terms_delivered": case.told("intec_terms_delivered"),
        },
    }


def _wanted(case: Asking, sheet: Sheet) -> list[Body]:
    """One application; of one for several contracts, one for each kind."""
    kinds = sheet.take("kinds") or [sheet.take("kind") or ""]
    several = sheet.take("contracts", 1) == len(kinds) > 1
    sheet.take("form")  # the terms name a form for options and notices only
    body = _taken(sheet, "item", "sessions", "accounts", "browser")
    protocols = sheet.take("protocols") or sheet.take("protocol") or []
    protocols = [protocols] if isinstance(protocols, str) else protocols
    body["l2tp"] = bool(sheet.take("l2tp")) or any(plain_name(each) == "l2tp" for each in protocols)
    accepted = sheet.take("browser_terms_accepted")
    told = case.facts.take("browser_terms_accepted")
    body["browser_terms_accepted"] = next((each for each in (accepted, told) if each is not None), True)
    for key, names in (("hosts", ("designated_hosts", "hosts")), ("addresses", ("addresses", "prefixes"))):
        found = next((each for name in names if (each := sheet.take(name)) is not None), None)
        body[key] = _designated(found, sheet.look("designated_by"))
    sheet.take("designated_by")
    body["environment"] = _environment(sheet.take("network_environment") or sheet.take("environment"))
    body["options"] = [_option(option) for option in sheet.sheets("options")]
    sheet.close()
    told_body = {key: value for key, value in body.items() if value not in (None, [])}
    return [{**told_body, "kind": each} for each in kinds] if several else [{**told_body, "kind": kinds}]


def _designated(told: Any, who: str | None) -> list[Body]:
    told = [told] if isinstance(told, str) else told
    parties = told if isinstance(told, Mapping) else dict.fromkeys(told or (), who or "customer")
    return [{"prefix": prefix, "designated_by": party} for prefix, party in parties.items()]


def _environment(told: Mapping[str, Any] | None) -> Body | None:
    if told is None:
        return None
    sheet = Sheet(told, "network_environment")
    operator = sheet.take("operator", "operator")
    body = {
        "operator": "operator" if operator in OURS else operator,
        "settings_disclosed": sheet.take("settings_disclosed", True),
    }
    sheet.close()
    return body


def _option(sheet: Sheet) -> Body:
    option = _taken(sheet, "form", "server_name", option="name", billing_start="option_billing_start")
    option["billing_start"] = option["billing_start"] or sheet.take("billing_start")
    sheet.close()
    return {key: value for key, value in option.items() if value is not None}


def _add_option(case: Asking) -> Body:
    body = _taken(case.when, "option", "form", "server_name", "work", billing_start="option_billing_start")
    body["billing_start"] = body["billing_start"] or case.when.take("billing_start")
    delivered = case.told("intec_terms_delivered", "terms_delivered", "intec_terms_accepted")
    return {**body, "known": {"accepted_on": case.when.take("accepted_at"), "terms_delivered": delivered}}


def _stop_option(case: Asking) -> Body:
    return _taken(case.when, "option", "form", "arrived", "designated")


def _change(case: Asking) -> Body:
    """A matter and what it becomes; a case may also name the matter by its key."""
    matter, to = case.when.take("matter"), case.when.take("to")
    case.when.take("from")
    case.when.take("change_date")
    for key, name in (
        ("sessions", "sessions"),
        ("accounts", "accounts"),
        ("item", "品目"),
        ("kind", "種類"),
    ):
        if (told := case.when.take(key)) is not None:
            matter, to = matter or name, to if to is not None else told
    known = {"accepted_on": case.when.take("accepted_at")}
    return {"matter": matter, ("number" if type(to) is int else "to"): to, "known": known}


def _cancel(case: Asking) -> Body:
    return _taken(case.when, "form", "ground", "arrived", "designated", "effective")


def _terminate(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "ground", "effective")}


def _third_party(case: Asking) -> Body:
    last = case.told("effective", "effective_date", "end_date", "ended", "last")
    return {"by": "operator", "provider": case.when.take("provider"), "last": last[:10] if last else None}


def _provision(case: Asking) -> Body:
    """Preparations count as made unless the case says otherwise."""
    readiness = case.told("readiness") or {}
    subject = case.when.look("contract")
    readiness = readiness.get(subject, readiness)
    paths = {each.cite.path: each.slug for each in TERMS.first.value("preparations").choices}
    for path in readiness:
        if path not in paths:
            raise unknown(f"{case.facts.place}.readiness", path, paths)
    return {"known": {"ready": {slug: readiness.get(path, True) for path, slug in paths.items()}}}


def _software(case: Asking) -> Body:
    case.when.take("software")
    names = ("licence_accepted", "license_accepted", "software_licence_accepted", "software_license_accepted")
    return {"licence_accepted": case.told(*names)}


def _support(case: Asking) -> Body:
    kind = case.when.take("kind") or case.when.take("matter") or "gateway setting change"
    if kind not in MATTERS:
        raise unknown(f"{case.when.place}.kind", kind, MATTERS)
    inside = case.told("in_business_hours", "business_hours")
    return {"matter": MATTERS[kind], "detail": case.when.take("detail"), "known": {"in_hours": inside}}


def _observed(case: Asking) -> Body:
    return {
        "by": "operator",
        "observed": case.told("observed", "observation") or "capacity at its limit",
        "exhausted": case.told("exhausted", "limit_reached", "capacity_exhausted"),
        "logs_examined": case.told("logs_examined"),
        "proposes": case.told("proposes", "proposed_sessions", "proposed_accounts"),
    }


def _change_settings(case: Asking) -> Body:
    noticed = case.told("prior_notice_sent", "notice_sent", "notified")
    return {
        "by": "operator",
        "reason": case.when.take("reason") or "combined service",
        "for_service": case.told("for_service", "combined_with"),
        "known": {"noticed_at": f"{noticed}T00:00:00+09:00" if noticed and len(noticed) == 10 else noticed},
    }


def _network_event(case: Asking) -> Body:
    counts = case.counts.get(case.when.look("contract") or "", Counts(None, None))
    packet = case.when.sheet("packet")
    body: Body = {
        "by": "operator",
        **_taken(case.when, "tunnel", "browser", server_name="tls_sni"),
        **_taken(packet, source="src", host="dst"),
        "active": counts.active if (told := case.told("active_sessions")) is None else told,
        "in_use": counts.in_use if (told := case.told("accounts_in_use")) is None else told,
        "login": case.told("login", "auth", "authentication"),
    }
    for key, name in (("src", "source"), ("dst", "host")):
        body[name] = body[name] or case.when.take(key)
    packet.close()
    event = case.when.take("event")
    if event in LOGINS:
        body["login"] = body["login"] or LOGINS[event] or "password"
    elif event in EVENTS:
        body["event"] = EVENTS[event]
    elif event is not None and event not in ("tunnel", "packet", "tls", "connect"):
        raise unknown(f"{case.when.place}.event", event, [*EVENTS, *LOGINS])
    return body


def _designate(case: Asking) -> Body:
    body = _taken(
        case.when, "add_hosts", "remove_hosts", "add_addresses", "remove_addresses", "designated_by"
    )
    for key, name in (("hosts", "add_hosts"), ("addresses", "add_addresses"), ("prefixes", "add_addresses")):
        body[name] = body[name] or case.when.take(key)
    return body


def _disclose(case: Asking) -> Body:
    return {
        "operator": case.when.take("operator") or "other carrier",
        "changed_on": case.when.take("changed"),
    }


def _explain(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "outage", "risk")}


def _start_billing(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "billing_start", "option")}


def _month_close(case: Asking) -> Body:
    return _taken(case.when, "customer")


def _read_term(case: Asking) -> Body:
    return _taken(case.when, "option")


def _nothing_more(case: Asking) -> Body:
    return {}


def _taken(sheet: Sheet, *same: str, **renamed: str) -> Body:
    """Keys taken under their own names or others."""
    return {key: sheet.take(key) for key in same} | {key: sheet.take(old) for key, old in renamed.items()}


ACTIONS: Mapping[str, tuple[str, Callable[[Asking], Body]]] = {
    "apply": ("apply", _apply),
    "add-option": ("add-option", _add_option),
    "stop-option": ("stop-option", _stop_option),
    "change": ("change", _change),
    "cancel": ("cancel", _cancel),
    "operator-terminate": ("operator-terminate", _terminate),
    "third-party-service-end": ("third-party-ends", _third_party),
    "claim-credit": ("claim-credit", _nothing_more),
    "explain-outage": ("explain-outage", _explain),
    "start-billing": ("start-billing", _start_billing),
    "compute-minimum-term": ("read-term", _read_term),
    "month-close": ("month-close", _month_close),
    "provision": ("provision", _provision),
    "readiness-check": ("check-readiness", _nothing_more),
    "day-check": ("day-check", _nothing_more),
    "designate": ("designate", _designate),
    "disclose-environment": ("disclose-environment", _disclose),
    "evaluate": ("evaluate", _nothing_more),
    "get-software": ("get-software", _software),
    "support-request": ("request-support", _support),
    "setting-change": ("request-support", _support),
    "capacity-observed": ("capacity-observed", _observed),
    "operator-setting-change": ("change-settings", _change_settings),
    "network-event": ("network-event", _network_event),
}
