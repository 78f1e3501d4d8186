"""What is asked in a case, in the keys of the acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kitei.clauses.history import History, use_called
from kitei.desk.cases import Sheet, unknown
from kitei.services.managed_vpn.edition import TERMS

Body = dict[str, Any]
FAULTS = {
    "no fault found": "none",
    "minor": "minor",
    "customer fault": "customer",
    "customer's fault": "customer",
    "fault found": "device",
}
EVENTS = {
    "damaged": "damaged",
    "lost-reported": "lost-reported",
    "lost": "lost-reported",
    "found": "found",
    "returned": "returned",
    "failure": "failure-reported",
    "failure-reported": "failure-reported",
    "spare-connected": "spare-connected",
    "use-in-japan": "use-in-japan",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """The act of a case, the facts beside it, and what happened before."""

    when: Sheet
    facts: Sheet
    history: History

    @property
    def contract(self) -> str | None:
        """The contract the act is about."""
        found: str | None = self.when.look("contract")
        return found


def take_when(case: Asking) -> tuple[str, Body]:
    """An act's name and body. Who asks, where it is not said, is the contract's customer."""
    action = case.when.take("action")
    found = ACTIONS.get(action)
    if found is None:
        raise unknown(f"{case.when.place}.action", action, ACTIONS)
    name, take = found
    subject = case.contract
    contracts = case.history.situation().contracts
    holder = contracts[subject].customer if subject is not None and subject in contracts else None
    customer = case.when.look("customer")
    body = {
        "by": case.when.take("by") or customer or holder or "operator",
        "at": case.when.take("at"),
        "contract": subject,
        **take(case),
    }
    case.when.take("contract")
    known = {key: value for key, value in body.pop("known", {}).items() if value is not None}
    return name, {**{key: value for key, value in body.items() if value is not None}, "known": known}


def _apply(case: Asking) -> Body:
    sites = []
    for sheet in case.when.sheets("applications"):
        site = _taken(
            sheet, "kind", "item", "device_type", "maintenance", "minimum_term", devices="vpn_devices"
        )
        site |= {"network": sheet.take("vpn_network") or "-", "holder": sheet.take("customer")}
        site |= _models(sheet, site)
        site["name"] = sheet.take("sites") or sheet.take("site")
        prefixes = sheet.take("lan_prefixes") or sheet.take("lan_prefix") or []
        prefixes = [prefixes] if isinstance(prefixes, str) else prefixes
        site["lans"] = [{"prefix": prefix} for prefix in prefixes]
        site["options"] = [_option(option) for option in sheet.sheets("options")]
        sites.append({key: value for key, value in site.items() if value not in (None, [])})
        sheet.close()
    return {
        "sites": sites,
        "contract": None,
        "billing_start": case.when.take("billing_start"),
        "known": {"accepted_on": case.when.take("accepted_at")},
    }


def _models(sheet: Sheet, site: Body) -> Body:
    """A model named once is meant for every device of the site."""
    models = sheet.take("device_models") or []
    model = sheet.take("device_model")
    if model is None:
        return {"models": models}
    items, kinds = TERMS.first.value("items"), TERMS.first.value("kinds")
    item, kind = items.choose(site["item"]), kinds.choose(site["kind"])
    key = f"devices_at_{kind.slug}" if kind else ""
    count = site["devices"] or (item.number(key) if item and item.has(key) else 1)
    return {"models": [model] * count}


def _option(sheet: Sheet) -> Body:
    option = _taken(sheet, "form", option="name", model="device_model", billing_start="option_billing_start")
    sheet.close()
    return {key: value for key, value in option.items() if value is not None}


def _add_option(case: Asking) -> Body:
    body = _taken(case.when, "option", "form", model="device_model", billing_start="option_billing_start")
    return {**body, "known": {"accepted_on": case.when.take("accepted_at")}}


def _stop_option(case: Asking) -> Body:
    return _taken(case.when, "option", "form", "arrived", "designated")


def _change(case: Asking) -> Body:
    body = _taken(case.when, "device", "option", "kind", "item", "maintenance", "device_type", "minimum_term")
    body |= _taken(case.when, change_on="change_date", billing_start="new_billing_start")
    return {**body, "known": {"accepted_on": case.when.take("accepted_at")}}


def _cancel(case: Asking) -> Body:
    return _taken(case.when, "form", "ground", "arrived", "designated", "effective")


def _terminate(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "ground", "effective")}


def _work(case: Asking) -> Body:
    change = case.when.sheet("change")
    body = _taken(case.when, "works", "start", "end", devices="vpn_devices")
    body |= _taken(change, "wan_address")
    for key, to in (("lan_prefix", "add_lans"), ("lan_prefixes", "add_lans")):
        if (prefixes := change.take(key)) is not None:
            prefixes = [prefixes] if isinstance(prefixes, str) else prefixes
            body[to] = [{"prefix": prefix} for prefix in prefixes]
    removed = change.take("remove_lan_prefix")
    body["remove_lans"] = [removed] if removed else None
    tunnel = change.take("tunnel")
    body["tunnels"] = change.take("tunnels") or ([tunnel] if tunnel else None)
    change.close()
    result = case.when.take("result")
    if result is not None and not result.startswith("failed by operator"):
        raise unknown(f"{case.when.place}.result", result, ("failed by operator error[, repeated ...]",))
    if result is not None:
        body["outcome"] = "repeated-after-operator-fault" if "repeated" in result else "failed-by-operator"
    return body


def _device_event(case: Asking) -> Body:
    event, instruction = case.when.take("event"), case.when.take("operator_instruction")
    use = None if event in EVENTS else use_called(TERMS.first, event)
    if use is not None:
        body: Body = {"event": "use", "use": use.slug}
    elif event in EVENTS:
        body = {"event": "swap" if event == "failure" and instruction else EVENTS[event]}
    else:
        raise unknown(
            f"{case.when.place}.event", event, [*TERMS.first.value("forbidden_uses").slugs, *EVENTS]
        )
    found, cause = case.facts.take("investigation"), case.facts.take("cause")
    if found is not None and found not in FAULTS:
        raise unknown(f"{case.facts.place}.investigation", found, FAULTS)
    fault = FAULTS[found] if found else "customer" if (cause or "").startswith("customer") else None
    known = {
        "consent": case.facts.take("operator_consent"),
        "breach_of": case.facts.take("breach_of"),
        "repair_cost": case.facts.take("repair_cost_jpy"),
        "instruction": instruction,
        "fault": fault,
    }
    return {**body, **_taken(case.when, "place"), "cause": cause, "known": known}


def _claim_credit(case: Asking) -> Body:
    return {}


def _disclose(case: Asking) -> Body:
    body = _taken(case.when, "subject", "to", "reason")
    needed = (body["reason"] or "needed").startswith("needed")
    return {**body, "by": body["to"], "contract": None, "known": {"needed": needed}}


def _install(case: Asking) -> Body:
    return _taken(case.when, instructions_followed="operator_instructions_followed")


def _provision(case: Asking) -> Body:
    """Preparations count as made unless the case says otherwise."""
    contract = case.contract
    readiness = case.facts.take("readiness", {})
    told = readiness.get(contract, {}) if contract in readiness else readiness
    paths = {each.cite.path: each.slug for each in TERMS.first.value("preparations").choices}
    for path in told:
        if path not in paths:
            raise unknown(f"{case.facts.place}.readiness", path, paths)
    ready = {slug: told.get(path, True) for path, slug in paths.items()}
    line = case.facts.take("line_to_operator_place")
    case.facts.take("closed_line_terminating_device")
    if line is not None:
        ready["closed-line"] = line
    return {**_taken(case.when, "item"), "known": {"ready": ready}}


def _claim_refund(case: Asking) -> Body:
    for key in ("device_found", "device_found_and_returned"):
        case.facts.take(key)  # that it was found is why a refund is claimed, and changes nothing
    known = {
        "billed": case.facts.take("lost_charge_billed_jpy"),
        "paid": case.facts.take("lost_charge_paid_jpy"),
    }
    return {"known": known}


def _month_close(case: Asking) -> Body:
    return _taken(case.when, "customer")


def _network_event(case: Asking) -> Body:
    return _taken(case.when, "packet", "event")


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
    "config-work-order": ("work-order", _work),
    "device-event": ("device-event", _device_event),
    "claim-credit": ("claim-credit", _claim_credit),
    "disclose-settings": ("disclose", _disclose),
    "install": ("install", _install),
    "request-operator-installation": ("request-installation", _nothing_more),
    "demand-customer-installation": ("demand-installation", _nothing_more),
    "provision": ("provision", _provision),
    "readiness-check": ("check-readiness", _nothing_more),
    "claim-refund": ("claim-refund", _claim_refund),
    "compute-minimum-term": ("read-term", _read_term),
    "evaluate": ("evaluate", _nothing_more),
    "keep-maintenance-type-1": ("keep-maintenance", _nothing_more),
    "claim-old-maintenance-price": ("claim-old-price", _nothing_more),
    "contract-ended": ("ended", _nothing_more),
    "day-check": ("day-check", _nothing_more),
    "month-close": ("month-close", _month_close),
    "network-event": ("network-event", _network_event),
}
