"""What is asked in a case, in the keys of the acts."""

import re
from collections.abc import Callable, Mapping

from kitei.clauses.history import holder
from kitei.desk.cases import unknown
from kitei.services.gio_remote.cases.applying import apply
from kitei.services.gio_remote.cases.asking import Asking, Body, first, taken
from kitei.services.gio_remote.cases.given import Counts
from kitei.services.gio_remote.cases.operator import risk_of
from kitei.services.gio_remote.edition import TERMS

EVENTS = {
    "new session": "new-session",
    "session start": "new-session",
    "account created": "account-created",
    "new account": "account-created",
}
LISTED = ("item", "品目", "kind", "種類")
CONNECTING = ("tunnel", "packet", "tls", "connect")
LOGINS = {
    "login": None,
    "user login": None,
    "matrix login": "matrix",
    "matrix authentication": "matrix",
    "password login": "password",
}
VPN = ("VPN connection", "vpn connection", "remote-access VPN", "vpn")
SPOKEN = {
    r"^vpn|vpn接続": "vpn",
    r"browser|ブラウザ": "browser",
    r"matrix|マトリックス": "matrix login",
    r"session|セッション": "new session",
    r"account|アカウント": "new account",
}
MATTERS = {
    "gateway setting change": "gateway-setting-change",
    "setting change": "gateway-setting-change",
    "ゲートウェイの設定変更": "gateway-setting-change",
    "設定変更": "gateway-setting-change",
    "gateway change": "gateway-setting-change",
    "configuration change": "gateway-setting-change",
    "enquiry": "enquiry",
    "inquiry": "enquiry",
    "question": "enquiry",
    "問合せ": "enquiry",
}


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


def _add_option(case: Asking) -> Body:
    body = taken(case.when, "option", "form", "server_name", "work", billing_start="option_billing_start")
    body["billing_start"] = body["billing_start"] or case.when.take("billing_start")
    delivered = case.told("intec_terms_delivered", "terms_delivered", "intec_terms_accepted")
    return {**body, "known": {"accepted_on": case.when.take("accepted_at"), "terms_delivered": delivered}}


def _stop_option(case: Asking) -> Body:
    return taken(case.when, "option", "form", "arrived", "designated")


def _change(case: Asking) -> Body:
    """A matter and what it becomes; a case may also name the matter by its key."""
    matter, to = case.when.take("matter"), case.when.take("to")
    case.when.take("from")  # what it is now, which the contract says
    day = case.when.take("change_date")
    for key, name in (
        ("sessions", "sessions"),
        ("accounts", "accounts"),
        ("item", "品目"),
        ("kind", "種類"),
    ):
        if (told := case.when.take(key)) is not None:
            matter, to = matter or name, to if to is not None else told
    if to is None and matter not in LISTED and not TERMS.first.value("matters").choose(matter or ""):
        to = "as applied for"  # a case that does not say what it becomes says that it is in order
    known = {"accepted_on": case.when.take("accepted_at")}
    return {"matter": matter, ("number" if type(to) is int else "to"): to, "change_on": day, "known": known}


def _cancel(case: Asking) -> Body:
    return taken(case.when, "form", "ground", "arrived", "designated", "effective")


def _terminate(case: Asking) -> Body:
    return {"by": "operator", **taken(case.when, "ground", "effective")}


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
    return {
        "by": "operator",
        "known": {"ready": {slug: readiness.get(path, True) for path, slug in paths.items()}},
    }


def _software(case: Asking) -> Body:
    case.when.take("software")
    kept = ("licence_kept", "license_kept", "licence_terms_kept", "license_terms_kept")
    names = ("licence_accepted", "license_accepted", *kept)
    return {"licence_accepted": case.told(*names)}


def _support(case: Asking) -> Body:
    kind = case.when.take("kind") or case.when.take("matter") or "gateway setting change"
    if kind not in MATTERS and re.search(r"enquir|inquir|question|問い?合わ?せ", kind.casefold()):
        kind = "enquiry"
    if kind not in MATTERS:
        raise unknown(f"{case.when.place}.kind", kind, MATTERS)
    inside = case.told("in_business_hours", "business_hours")
    return {"matter": MATTERS[kind], "detail": case.when.take("detail"), "known": {"in_hours": inside}}


def _observed(case: Asking) -> Body:
    return {
        "by": "operator",
        "observed": case.told("observed", "observation") or "capacity at its limit",
        "exhausted": case.told("exhausted", "limit_reached", "capacity_exhausted") is not False,
        "logs_examined": case.told("logs_examined") is not False,
        "proposes": case.told("proposes", "proposed_sessions", "proposed_accounts"),
    }


def _examined(case: Asking) -> Body:
    seen = case.told("observed", "found") or "logs examined"
    return {"by": "operator", "observed": seen, "exhausted": False, "logs_examined": True}


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
        "tunnel": first(case.when, "tunnel", "protocol"),
        "browser": case.when.take("browser"),
        "server_name": first(case.when, "tls_sni", "server_name"),
        "source": first(packet, "src", "source") or first(case.when, "src", "source"),
        "host": first(packet, "dst", "host") or first(case.when, "dst", "host", "http_host"),
        "active": counts.active if (told := case.told("active_sessions")) is None else told,
        "in_use": counts.in_use if (told := case.told("accounts_in_use")) is None else told,
        "login": case.told("login", "auth", "authentication", "auth_method"),
        "hindered_by": _hindrance(case),
    }
    case.when.take("user")  # who it is makes no difference here
    for key in ("proto", "protocol", "sport", "dport", "port"):
        packet.take(key)  # hosts are designated whole
    packet.close()
    event = _named(case.when.take("event"))
    if event in LOGINS:
        body["login"] = body["login"] or LOGINS[event] or "password"
    elif event == "browser":
        body["browser"] = body["browser"] or TERMS.first.value("browser_provider").choices[0].name.ja
    elif event in VPN:
        body["tunnel"] = body["tunnel"] or "VPN"
    elif event in EVENTS:
        body["event"] = EVENTS[event]
    elif event is not None and event not in CONNECTING:
        raise unknown(f"{case.when.place}.event", event, [*EVENTS, *LOGINS, *VPN, *CONNECTING])
    return body


def _named(event: str | None) -> str | None:
    """An event as the tables name it: a new session or account may be told in other words."""
    if event is None or event in {*EVENTS, *LOGINS, *VPN, *CONNECTING}:
        return event
    return next((name for words, name in SPOKEN.items() if re.search(words, event.casefold())), event)


def _hindrance(case: Asking) -> str | None:
    """What keeps it from getting through, where the case says so."""
    told = case.told("restriction", "restricted_by", "blocked_by", "hindered_by")
    found = risk_of(str(told)) if told is not None else None
    if told is not None and found is None:
        raise unknown(f"{case.facts.place}.restriction", told, TERMS.first.value("risks").slugs)
    return found.slug if found else None


def _designate(case: Asking) -> Body:
    body = taken(case.when, "remove_hosts", "remove_addresses", "designated_by", "server_name")
    body["add_hosts"] = first(case.when, "add_hosts", "hosts", "designated_hosts", "host")
    body["add_addresses"] = first(case.when, "add_addresses", "addresses", "prefixes", "address", "prefix")
    return body


def _disclose(case: Asking) -> Body:
    return {
        "operator": case.when.take("operator") or "other carrier",
        "changed_on": case.when.take("changed"),
    }


def _explain(case: Asking) -> Body:
    return {"by": "operator", **taken(case.when, "outage", "risk")}


def _use_l2tp(case: Asking) -> Body:
    return taken(case.when, "use")


def _start_billing(case: Asking) -> Body:
    return {"by": "operator", **taken(case.when, "billing_start", "option")}


def _month_close(case: Asking) -> Body:
    return taken(case.when, "customer")


def _read_term(case: Asking) -> Body:
    return taken(case.when, "option")


def _nothing_more(case: Asking) -> Body:
    return {}


ACTIONS: Mapping[str, tuple[str, Callable[[Asking], Body]]] = {
    "apply": ("apply", apply),
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
    "use-l2tp": ("use-l2tp", _use_l2tp),
    "enable-l2tp": ("use-l2tp", _use_l2tp),
    "designate": ("designate", _designate),
    "designate-hosts": ("designate", _designate),
    "designate-addresses": ("designate", _designate),
    "disclose-environment": ("disclose-environment", _disclose),
    "evaluate": ("evaluate", _nothing_more),
    "get-software": ("get-software", _software),
    "use-software": ("get-software", _software),
    "support-request": ("request-support", _support),
    "setting-change": ("request-support", _support),
    "capacity-observed": ("capacity-observed", _observed),
    "logs-examined": ("capacity-observed", _examined),
    "operator-setting-change": ("change-settings", _change_settings),
    "network-event": ("network-event", _network_event),
}
