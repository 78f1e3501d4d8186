"""What is asked in a case, in the keys of the acts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kitei.clauses.history import History, holder
from kitei.desk.cases import Sheet, unknown
from kitei.services.secure_access.cases.given import OURS
from kitei.services.secure_access.edition import TERMS
from kitei.terms import plain_name

Body = dict[str, Any]
DENY = ("deny", "denied", "block", "drop", "forbid", "拒否", "遮断", "notallowed", "notpermitted")
ALLOW = ("allow", "permit", "accept", "許可")
INTO = ("from the internet", "inbound", "remote user")
MATTERS = {"kind": "種類", "item": "品目", "billing_start": "課金開始日", "minimum_term": "最低利用期間"}


@dataclass(frozen=True, slots=True)
class Asking:
    """The act of a case, the facts beside it, and what happened before."""

    when: Sheet
    facts: Sheet
    history: History

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
    body = {
        "by": holder(case.when, case.history),
        "at": case.when.take("at"),
        "contract": case.when.look("contract"),
        **take(case),
    }
    case.when.take("contract")
    known = {key: value for key, value in body.pop("known", {}).items() if value is not None}
    return name, {**_said(body), "known": known}


def _said(body: Body) -> Body:
    return {key: value for key, value in body.items() if value is not None and value != []}


def _accepted(case: Asking) -> Body:
    return {"accepted_on": case.when.take("accepted_at")}


# -- contracts ---------------------------------------------------------------------------


def _apply(case: Asking) -> Body:
    services = [each for sheet in case.when.sheets("applications") for each in _wanted(sheet)]
    return {
        "services": services,
        "billing_start": case.when.take("billing_start"),
        "contract": None,
        "known": _accepted(case),
    }


def _wanted(sheet: Sheet) -> list[Body]:
    """One application; of one for several contracts, one for each kind or each contract of the kind.

    What an application leaves out is in order: 50 accounts, the item of its kind.
    """
    kinds = sheet.take("kinds") or [sheet.take("kind") or ""]
    contracts = sheet.take("contracts", 1)
    body = _taken(sheet, "item", "billing_start")
    body["accounts"] = _accounts(sheet.take("accounts", TERMS.first.value("least_accounts").number))
    body["tunnel"] = sheet.take("tunnel") or sheet.take("protocol")
    body["environment"] = _environment(sheet.take("access_line") or sheet.take("environment"))
    body["options"] = [_option(each) for each in sheet.take("options", [])]
    for key in ("form", "customer"):
        sheet.take(key)  # the terms name a form for options and notices only; who applies is said once
    sheet.close()
    if contracts == len(kinds) > 1:
        return [_said({**body, "kind": [kind], "item": body["item"] or _item(kind)}) for kind in kinds]
    body["item"] = body["item"] or (_item(kinds[0]) if len(kinds) == 1 else None)
    several = contracts if len(kinds) == 1 else 1
    return [_said({**body, "kind": kinds})] * several


def _item(kind: str) -> str | None:
    choice = TERMS.first.value("kinds").choose(kind)
    due = choice.text("item") if choice else "none"
    return None if due == "none" else due


def _accounts(told: Any) -> Any:
    """A number of accounts as acts have it: one with a fraction is written out."""
    return str(told) if isinstance(told, float) else told


def _option(told: str | Mapping[str, Any]) -> Body:
    sheet = Sheet({"name": told} if isinstance(told, str) else told, "options")
    option = _taken(sheet, "form", option="name", billing_start="option_billing_start")
    option["billing_start"] = option["billing_start"] or sheet.take("billing_start")
    sheet.close()
    return _said(option)


def _environment(told: Mapping[str, Any] | None) -> Body | None:
    if told is None:
        return None
    sheet = Sheet(told, "access_line")
    operator = sheet.take("operator", "operator")
    body = {
        "operator": "operator" if operator in OURS else operator,
        "settings_disclosed": sheet.take("settings_disclosed", True),
    }
    sheet.close()
    return body


def _add_option(case: Asking) -> Body:
    body = _taken(case.when, "option", "form", billing_start="option_billing_start")
    body["billing_start"] = body["billing_start"] or case.when.take("billing_start")
    return {**body, "known": _accepted(case)}


def _stop_option(case: Asking) -> Body:
    return _taken(case.when, "option", "form", "arrived", "designated")


def _change(case: Asking) -> Body:
    """A new number of accounts, or a matter; a case may name the matter by its key."""
    accounts, matter, to = case.when.take("accounts"), case.when.take("matter"), case.when.take("to")
    case.when.take("from")
    for key, name in MATTERS.items():
        if (told := case.when.take(key)) is not None:
            matter, to = matter or name, to if to is not None else told
    if matter is not None and TERMS.first.value("changeable").choose(matter):
        accounts, matter, to = to if accounts is None else accounts, None, None
    day = case.when.take("change_date") or case.when.take("date")
    told = {"accounts": _accounts(accounts), "matter": matter, "to": None if to is None else str(to)}
    return {**told, "change_on": day, "known": _accepted(case)}


def _cancel(case: Asking) -> Body:
    return _taken(case.when, "form", "ground", "arrived", "designated", "effective")


def _terminate(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "ground", "effective")}


def _start_billing(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "billing_start", "option")}


# -- readiness, software, transition -----------------------------------------------------


def _provision(case: Asking) -> Body:
    """Preparations count as made unless the case says otherwise."""
    readiness = case.told("readiness") or {}
    readiness = readiness.get(case.when.look("contract"), readiness)
    paths = {each.cite.path: each.slug for each in TERMS.first.value("preparations").choices}
    for path in readiness:
        if path not in paths:
            raise unknown(f"{case.facts.place}.readiness", path, paths)
    ready = {slug: readiness.get(path, True) for path, slug in paths.items()}
    return {"by": "operator", "known": {"ready": ready}}


def _disclose(case: Asking) -> Body:
    changed = case.told("changed_on", "changed_at", "changed")
    return {"operator": case.told("operator") or "other carrier", "changed_on": changed}


def _get_software(case: Asking) -> Body:
    case.when.take("software")
    return {
        "licence_accepted": case.told("licence_accepted", "license_accepted", "software_licence_accepted")
    }


def _use_software(case: Asking) -> Body:
    own = case.told("client", "software")
    kept = case.told("licence_kept", "license_kept", "within_licence", "licence_terms_kept")
    by_operator = own in (None, "operator", "operator-supplied", "IIJ")
    return {"client": "operator" if by_operator else "own", "within_licence": kept}


def _settings(case: Asking) -> Body:
    return {"detail": case.told("detail", "change", "reason")}


def _keep(case: Asking) -> Body:
    manner = case.when.take("manner") or case.when.take("form") or "set"
    return {
        "sent_at": case.when.take("sent"),
        "manner": "set" if manner in ("set", "prescribed", "所定") else manner,
    }


def _explain(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "outage", "risk")}


# -- the network -------------------------------------------------------------------------


def _network_event(case: Asking) -> Body:
    tunnel = case.told("tunnel", "protocol", "vpn")
    body: Body = {
        "by": "operator",
        "web": case.told("http_request", "url"),
        "file": case.told("http_object", "object", "file"),
        "tunnel": tunnel,
        "reaches": case.told("reaches", "to", "destination"),
        "megabits": case.told("mbps", "offered_mbps", "megabits", "throughput_mbps"),
        "egress_of": _egress(case, case.told("egress_ip", "egress", "source_ip")),
    }
    engine = case.told("appliance", "engine")
    if engine is not None:
        body["appliance"] = "fortinet" if plain_name("fortinet") in plain_name(engine) else "other"
    for told in filter(None, (case.told("flow"), case.told("event"), case.told("packet"))):
        body |= _said(_flow(case, str(told), body))
    return body


def _egress(case: Asking, told: str | None) -> str | None:
    """Whose address it is: 'the address dedicated to C1', or a shared one."""
    if told is None:
        return None
    found = re.search(r"dedicated to (\w+)|(\w+)の専用", told)
    if found:
        return found.group(1) or found.group(2)
    if any(each in told for each in ("shared", "common", "共用")):
        return "shared"
    if told in case.history.customers:
        return told
    raise unknown(
        f"{case.when.place}.egress_ip", told, ["the address dedicated to <customer>", "a shared address"]
    )


def _flow(case: Asking, told: str, body: Body) -> Body:
    """A flow in words: what a firewall's rules say of it, or where it goes."""
    plain = plain_name(told)
    kind = _kind(case)
    if any(each in plain for each in map(plain_name, DENY)):
        return {"allowed": False}
    if any(each in plain for each in map(plain_name, ALLOW)):
        return {"allowed": True}
    if kind == "private-connect" or "backbone" in plain:
        into = plain.startswith("fromtheprivatebackbone") or plain.startswith("backboneto")
        return {"toward": "service" if into else "backbone"}
    if kind == "remote-connect":
        return {"reaches": body["reaches"] or _reached(plain), "tunnel": body["tunnel"] or _tunnel(plain)}
    if kind == "web-gateway":
        return {"web": told}
    known = ["matches a deny rule", "matches an allow rule", "to the Private Backbone", "to the Web gateway"]
    raise unknown(f"{case.when.place}.flow", told, known)


def _kind(case: Asking) -> str:
    contracts = case.history.situation().contracts
    found = contracts.get(case.when.look("contract") or "")
    return found.kind if found else ""


def _reached(plain: str) -> str | None:
    """The kind of contract that a flow is said to go to."""
    return next(
        (
            each.slug
            for each in TERMS.first.value("kinds").choices
            if any(
                plain_name(name) in plain for name in (each.slug, each.name.ja, each.name.en, *each.aliases)
            )
        ),
        None,
    )


def _tunnel(plain: str) -> str | None:
    """The protocol that a flow is said to come by; without one, the one there is."""
    return next(
        (each for each in ("ipsec", "l2tp", "openvpn", "pptp", "sstp", "ssl-vpn") if each in plain),
        "wireguard",
    )


def _customer(case: Asking) -> Body:
    return _taken(case.when, "customer")


def _of_option(case: Asking) -> Body:
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
    "claim-credit": ("claim-credit", _nothing_more),
    "explain-outage": ("explain-outage", _explain),
    "start-billing": ("start-billing", _start_billing),
    "compute-minimum-term": ("read-term", _of_option),
    "month-close": ("month-close", _customer),
    "provision": ("provision", _provision),
    "readiness-check": ("check-readiness", _nothing_more),
    "disclose-environment": ("disclose-environment", _disclose),
    "edition-change": ("evaluate", _nothing_more),
    "evaluate": ("evaluate", _nothing_more),
    "keep-sandbox": ("keep-sandbox", _keep),
    "sandbox-intent": ("keep-sandbox", _keep),
    "get-software": ("get-software", _get_software),
    "use-software": ("use-software", _use_software),
    "setting-change": ("change-settings", _settings),
    "network-event": ("network-event", _network_event),
}
