"""What is asked in a case, in the keys of the acts."""

from collections.abc import Callable, Mapping
from typing import Any

from kitei.clauses.history import holder
from kitei.desk.cases import Sheet, unknown
from kitei.ledger.facts import Fact
from kitei.services.secure_access.cases.asking import Asking, Body, said, taken
from kitei.services.secure_access.cases.given import OURS
from kitei.services.secure_access.cases.network import network_event
from kitei.services.secure_access.edition import TERMS
from kitei.values import JsonObject

PREPARED = {
    "policy_decided": "art:7.1.1",
    "environment_ready": "art:7.1.2",
    "other_preparations_done": "art:7.1.3",
}
LICENCE_KEPT = (
    "licence_kept",
    "license_kept",
    "licence_terms_kept",
    "license_terms_kept",
    "within_licence",
    "software_licence_kept",
)
MATTERS = {"kind": "種類", "item": "品目", "billing_start": "課金開始日", "minimum_term": "最低利用期間"}


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
        **take(case),
    }
    body = {"contract": case.when.look("contract"), **body}
    case.when.take("contract")
    known = {key: value for key, value in body.pop("known", {}).items() if value is not None}
    return name, {**said(body), "known": known}


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
    kinds = sheet.take("kinds") or [sheet.take("kind") or "-"]
    contracts = sheet.take("contracts", 1)
    body = taken(sheet, "item", "billing_start")
    body["billing_start"] = body["billing_start"] or sheet.take("requested_start")
    body["accounts"] = _accounts(sheet.take("accounts", TERMS.first.value("least_accounts").number))
    body["tunnel"] = sheet.take("tunnel") or sheet.take("protocol")
    body["environment"] = _environment(sheet.take("access_line") or sheet.take("environment"))
    alone = sheet.take("option")
    body["options"] = [_option(each) for each in (*sheet.take("options", []), *([alone] if alone else []))]
    for key in ("form", "customer"):
        sheet.take(key)  # the terms name a form for options and notices only; who applies is said once
    sheet.close()
    if contracts == len(kinds) > 1:
        return [said({**body, "kind": [kind], "item": body["item"] or _item(kind)}) for kind in kinds]
    body["item"] = body["item"] or (_item(kinds[0]) if len(kinds) == 1 else None)
    several = contracts if len(kinds) == 1 else 1
    return [said({**body, "kind": kinds})] * several


def _item(kind: str) -> str | None:
    choice = TERMS.first.value("kinds").choose(kind)
    due = choice.text("item") if choice else "none"
    return None if due == "none" else due


def _accounts(told: Any) -> Any:
    """A number of accounts as acts have it: one with a fraction is written out."""
    return str(told) if isinstance(told, float) else told


def _option(told: str | Mapping[str, Any]) -> Body:
    sheet = Sheet({"name": told} if isinstance(told, str) else told, "options")
    option = taken(sheet, "form", option="name", billing_start="option_billing_start")
    option["billing_start"] = option["billing_start"] or sheet.take("billing_start")
    sheet.close()
    return said(option)


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
    body = taken(case.when, "option", "form", billing_start="option_billing_start")
    body["billing_start"] = body["billing_start"] or case.when.take("billing_start")
    return {**body, "known": _accepted(case)}


def _stop_option(case: Asking) -> Body:
    return taken(case.when, "option", "form", "arrived", "designated")


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
    return taken(case.when, "form", "ground", "arrived", "designated", "effective")


def _terminate(case: Asking) -> Body:
    return {"by": "operator", **taken(case.when, "ground", "effective")}


def _start_billing(case: Asking) -> Body:
    return {"by": "operator", **taken(case.when, "billing_start", "option")}


# -- readiness, software, transition -----------------------------------------------------


def _provision(case: Asking) -> Body:
    """Preparations count as made unless the case says otherwise."""
    subject = case.when.look("contract")
    readiness = case.told("readiness") or {}
    readiness = dict(readiness.get(subject, readiness))
    paths = {each.cite.path: each.slug for each in TERMS.first.value("preparations").choices}
    whole = readiness.pop("art:7.1", True)
    for key, path in PREPARED.items():
        if (made := case.told(key)) is not None:
            readiness[path] = made
    if readiness.pop("art:7.2", True) is False:
        hidden: JsonObject = {"environment": {"operator": "other carrier", "settings_disclosed": False}}
        case.history.record(f"contract:{subject}", Fact("contract.amended", hidden, case.history.day))
    for path in readiness:
        if path not in paths:
            raise unknown(f"{case.facts.place}.readiness", path, [*paths, "art:7.1", "art:7.2"])
    ready = {slug: readiness.get(path, whole) for path, slug in paths.items()}
    return {"by": "operator", "known": {"ready": ready}}


def _disclose(case: Asking) -> Body:
    changed = case.told("changed_on", "changed_at", "changed")
    return {"operator": case.told("operator") or "other carrier", "changed_on": changed}


def _get_software(case: Asking) -> Body:
    """A licence that is not kept is one that was not accepted."""
    case.when.take("software")
    accepted = case.told("licence_accepted", "license_accepted", "software_licence_accepted")
    return {"licence_accepted": False if case.told(*LICENCE_KEPT) is False else accepted}


def _use_software(case: Asking) -> Body:
    own = case.told("client", "software")
    by_operator = own in (None, "operator", "operator-supplied", "IIJ")
    return {"client": "operator" if by_operator else "own", "within_licence": case.told(*LICENCE_KEPT)}


def _settings(case: Asking) -> Body:
    return {"detail": case.told("detail", "change", "reason")}


def _keep(case: Asking) -> Body:
    manner = case.when.take("manner") or case.when.take("form") or "set"
    return {
        "sent_at": case.when.take("sent"),
        "manner": "set" if manner in ("set", "prescribed", "所定") else manner,
    }


def _explain(case: Asking) -> Body:
    return {"by": "operator", **taken(case.when, "outage", "risk")}


def _customer(case: Asking) -> Body:
    return taken(case.when, "customer")


def _of_option(case: Asking) -> Body:
    return taken(case.when, "option")


def _by_operator(case: Asking) -> Body:
    return {"by": "operator"}


def _other_service(case: Asking) -> Body:
    return {"by": "operator", "holding": case.when.take("contract"), "contract": None}


def _nothing_more(case: Asking) -> Body:
    return {}


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
    "day-check": ("day-check", _by_operator),
    "external-contract-ended": ("other-service-ends", _other_service),
    "readiness-check": ("check-readiness", _nothing_more),
    "disclose-environment": ("disclose-environment", _disclose),
    "edition-change": ("evaluate", _nothing_more),
    "evaluate": ("evaluate", _nothing_more),
    "keep-sandbox": ("keep-sandbox", _keep),
    "sandbox-intent": ("keep-sandbox", _keep),
    "get-software": ("get-software", _get_software),
    "use-software": ("use-software", _use_software),
    "setting-change": ("change-settings", _settings),
    "network-event": ("network-event", network_event),
}
