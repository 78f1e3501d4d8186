"""What is asked in a case, in the keys of the acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kitei.clauses.history import History, holder, use_called
from kitei.desk.cases import Sheet, unknown
from kitei.services.ddos.cases.given import options_of
from kitei.services.ddos.edition import TERMS

Body = dict[str, Any]
# Words of what an investigation found, the first that occurs in its text.
FAULTS = (
    ("minor", "minor"),
    ("no fault", "none"),
    ("nothing", "none"),
    ("customer", "customer"),
    ("fault", "device"),
    ("fail", "device"),
    ("defect", "device"),
)
EVENTS = {
    "damaged": "damaged",
    "lost-reported": "lost-reported",
    "lost": "lost-reported",
    "found": "found",
    "returned": "returned",
    "failure": "failure-reported",
    "failure-reported": "failure-reported",
    "failed": "failure-reported",
    "use-in-japan": "use-in-japan",
}
# Words of a network event, the first that occurs in its text, with what the act calls it.
HAPPENINGS = (
    ("no attack", "no-attack"),
    ("攻撃なし", "no-attack"),
    ("incident", "incident"),
    ("インシデント", "incident"),
    ("aging", "relearning"),
    ("relearn", "relearning"),
    ("エージング", "relearning"),
    ("clean traffic", "clean-traffic"),
    ("cleaned", "clean-traffic"),
    ("tunnel", "clean-traffic"),
    ("トンネル", "clean-traffic"),
    ("mitigat", "mitigation-asked"),
    ("緩和", "mitigation-asked"),
    ("impair", "impaired"),
    ("equipment", "impaired"),
    ("設備", "impaired"),
    ("legitimate", "good-traffic-hit"),
    ("normal traffic", "good-traffic-hit"),
    ("正常", "good-traffic-hit"),
    ("undetected", "attack-missed"),
    ("missed", "attack-missed"),
    ("not detected", "attack-missed"),
    ("見逃", "attack-missed"),
    ("attack", "attack"),
    ("ddos", "attack"),
    ("flood", "attack"),
    ("攻撃", "attack"),
    ("policy", "policy-traffic"),
    ("ポリシー", "policy-traffic"),
)
OTHER_CARRIERS = ("other carrier", "other isp", "other-carrier", "other provider", "他社", "他の事業者")
AIMS = ("target", "dst", "address", "prefix")
RATES = ("offered_mbps", "clean_mbps", "mbps")


@dataclass(frozen=True, slots=True)
class Asking:
    """The act of a case, the facts beside it, and what happened before."""

    when: Sheet
    facts: Sheet
    history: History
    by: str | None

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
    body = {
        "by": holder(case.when, case.history),
        "at": case.when.take("at"),
        "contract": case.contract,
        **take(case),
    }
    case.when.take("contract")
    return name, _filled({**body, "known": _filled(body.pop("known", {}))})


def _filled(body: Body) -> Body:
    return {key: value for key, value in body.items() if value is not None}


def _apply(case: Asking) -> Body:
    wanted, operable = [], case.facts.take("operator_finds_operable", True)
    multihomed, accepts = _multihomed(case.facts), _conditions(case.facts)
    for sheet in case.when.sheets("applications"):
        one = _taken(sheet, "item", "base", "rests_on", "policies", name="id")
        prefixes = sheet.take("addresses") or sheet.take("prefixes")
        one["addresses"] = [prefixes] if isinstance(prefixes, str) else prefixes
        options = [Sheet(each, f"{sheet.place}.options[{at}]") for at, each in enumerate(options_of(sheet))]
        one["options"] = [_wanted(each, multihomed, accepts) for each in options]
        sheet.take("options")
        wanted.append(_filled(one))
        sheet.close()
    return {
        "services": wanted,
        "contract": None,
        "billing_start": case.when.take("billing_start"),
        "known": {
            "accepted_on": _day(case.when.take("accepted_at")),
            "operable": operable,
            "ready": _environment(case),
        },
    }


def _wanted(sheet: Sheet, multihomed: str | None, accepts: list[str]) -> Body:
    option = {**_option(sheet, multihomed, accepts), "option": sheet.take("name") or sheet.take("option")}
    sheet.close()
    return _filled(option)


def _option(sheet: Sheet, multihomed: str | None, accepts: list[str]) -> Body:
    """What an option is taken with. That it is multihomed and its conditions accepted is in order unless denied."""
    body = _taken(sheet, "form", "variant", "mbps", "model", "routers", billing_start="option_billing_start")
    body["item"] = sheet.take("option_item") or sheet.take("item")
    if body["item"] is None and TERMS.first.value("option_items").choose(body["variant"] or ""):
        body["item"], body["variant"] = body["variant"], None
    if (steps := sheet.take("steps")) is not None and body["mbps"] is None:
        body["mbps"] = steps * TERMS.first.value("bandwidth_step_mbps").number
    body["route_control"] = sheet.take("route_control_requested")
    body["billing_start"] = body["billing_start"] or sheet.take("billing_start")
    return {**body, "multihomed_with": multihomed, "accepts": accepts}


def _multihomed(facts: Sheet) -> str | None:
    """Whom else the customer connects with; not multihomed where that is denied."""
    told = facts.take("multihomed_with", "other carrier")
    denied = facts.take("multihomed", True) is False or told in (None, False, "", "none", "no")
    return None if denied else str(told)


def _conditions(facts: Sheet) -> list[str]:
    every = [each.cite.path for each in TERMS.first.value("route_control_conditions").choices]
    found: list[str] = facts.take("conditions_accepted", every) or []
    return found


def _environment(case: Asking) -> dict[str, bool] | None:
    told = case.facts.take("environment_conditions_met")
    return None if told is None else {"environment": told}


def _add_option(case: Asking) -> Body:
    body = _option(case.when, _multihomed(case.facts), _conditions(case.facts))
    known = {
        "accepted_on": _day(case.when.take("accepted_at")),
        "operable": case.facts.take("operator_finds_operable", True),
    }
    return {**body, "option": case.when.take("option"), "known": known}


def _change(case: Asking) -> Body:
    body = _taken(
        case.when, "item", "base", "matter", "to", "option", "device", "routers", "mbps", "option_item"
    )
    body |= _taken(case.when, change_on="change_date", billing_start="new_billing_start")
    if body["matter"] in ("item", "品目", "品目の変更") and body["item"] is None:
        body["item"], body["matter"], body["to"] = body["to"], None, None
    known = {"accepted_on": _day(case.when.take("accepted_at")), "ready": _environment(case)}
    return {**body, "known": known}


def _designate(case: Asking) -> Body:
    prefixes = case.when.take("prefixes") or case.when.take("prefix") or case.when.take("addresses") or []
    return {"prefixes": prefixes, "remove": case.when.take("remove")}


def _stop_option(case: Asking) -> Body:
    return _taken(case.when, "option", "form", "arrived", "designated")


def _cancel(case: Asking) -> Body:
    return _taken(case.when, "form", "ground", "arrived", "designated", "effective")


def _terminate(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "ground", "effective")}


def _request_route_control(case: Asking) -> Body:
    known = {"operable": case.facts.take("operator_finds_operable", True)}
    _multihomed(case.facts)
    return {"accepts": _conditions(case.facts), "known": known}


def _complaint(case: Asking) -> Body:
    decided = case.facts.take("operator_decision") or case.when.take("operator_decision")
    complainant = case.when.take("complainant") or case.when.take("from") or case.by
    known = {"instruction": {"continue": "go-on"}.get(decided, decided)}
    return {"by": "operator", "about": case.when.take("about"), "complainant": complainant, "known": known}


def _device_event(case: Asking) -> Body:
    event = case.when.take("event")
    instruction = case.when.take("operator_instruction") or case.facts.take("operator_instruction")
    use = use_called(TERMS.first, event)
    if use is not None and event not in EVENTS:
        body: Body = {"event": "use", "use": use.slug}
    elif event in EVENTS:
        body = {"event": EVENTS[event]}
    else:
        uses = TERMS.first.value("forbidden_uses").slugs
        raise unknown(f"{case.when.place}.event", event, [*uses, *EVENTS])
    found, cause = case.facts.take("investigation"), case.facts.take("cause")
    fault = next((name for word, name in FAULTS if word in str(found or "").casefold()), None)
    if found is not None and fault is None:
        raise unknown(f"{case.facts.place}.investigation", found, [word for word, _ in FAULTS])
    if fault is None and (cause or "").startswith("customer"):
        fault = "customer"
    known = {
        "consent": case.facts.take("operator_consent"),
        "breach_of": case.facts.take("breach_of"),
        "repair_cost": case.facts.take("repair_cost_jpy"),
        "instruction": instruction,
        "fault": fault,
    }
    return {**body, **_taken(case.when, "place", serial="device"), "cause": cause, "known": known}


def _provision(case: Asking) -> Body:
    """Preparations count as made unless the case says otherwise."""
    told = case.facts.take("readiness", {})
    preparations = TERMS.first.value("preparations").choices
    paths = {each.cite.path: each.slug for each in preparations}
    for path in told:
        if path not in paths:
            raise unknown(f"{case.facts.place}.readiness", path, paths)
    ready = {slug: told.get(path, True) for path, slug in paths.items()}
    for key, slug in (
        ("place_power_cables", "place-power-cables"),
        ("environment_conditions_met", "environment"),
    ):
        ready[slug] = case.facts.take(key, ready[slug])
    return {"by": "operator", "option": case.when.take("option"), "known": {"ready": ready}}


def _claim_refund(case: Asking) -> Body:
    for key in ("device_found", "device_found_and_returned", "device_returned"):
        case.facts.take(key)  # that it was found is why a refund is claimed, and changes nothing
    known = {
        "billed": case.facts.take("lost_charge_billed_jpy"),
        "paid": case.facts.take("lost_charge_paid_jpy"),
    }
    return {"known": known}


def _external(case: Asking) -> Body:
    """The service that ended is named where an act names its contract."""
    body: Body = {"holding": case.when.take("contract") or case.when.take("service")}
    told = [case.facts.take(key) for key in ("addresses_reachable", "reachable")]
    body["known"] = {"reachable": next((each for each in told if each is not None), None)}
    return {**body, **_taken(case.when, "option", "customer"), "by": "operator", "contract": None}


def _option_ended(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "option")}


def _by_operator(case: Asking) -> Body:
    return {"by": "operator"}


def _read_term(case: Asking) -> Body:
    return _taken(case.when, "option")


def _start_billing(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "billing_start", "option")}


def _month_close(case: Asking) -> Body:
    return _taken(case.when, "customer")


def _work(case: Asking) -> Body:
    return {"by": "operator", **_taken(case.when, "option", "variant", "start", "end")}


def _network_event(case: Asking) -> Body:
    text = case.when.take("event")
    told = (text or "").casefold()
    by_others = any(word in told for word in OTHER_CARRIERS)
    via = case.when.take("path") or case.when.take("via")
    event = next((name for word, name in HAPPENINGS if word in told), "other" if text else None)
    by_others = by_others or any(word in str(via or "").casefold() for word in OTHER_CARRIERS)
    packet = case.when.sheet("packet")
    target = next((told for key in AIMS if (told := case.when.take(key)) is not None), packet.take("dst"))
    packet.take("src")
    packet.close()
    path = "other-carrier" if by_others else None
    rates = {
        key: told if type(told := case.when.take(key)) is int or told is None else str(told) for key in RATES
    }
    return {"event": event, "path": path, "target": target, "by": "operator", **rates}


def _nothing_more(case: Asking) -> Body:
    return {}


def _day(instant: str | None) -> str | None:
    """The day of what may be written as an instant."""
    return instant[:10] if instant else None


def _taken(sheet: Sheet, *same: str, **renamed: str) -> Body:
    """Keys taken under their own names or others."""
    return {key: sheet.take(key) for key in same} | {key: sheet.take(old) for key, old in renamed.items()}


ACTIONS: Mapping[str, tuple[str, Callable[[Asking], Body]]] = {
    "apply": ("apply", _apply),
    "add-option": ("add-option", _add_option),
    "stop-option": ("stop-option", _stop_option),
    "change": ("change", _change),
    "designate-addresses": ("designate-addresses", _designate),
    "cancel": ("cancel", _cancel),
    "operator-terminate": ("operator-terminate", _terminate),
    "request-route-control": ("request-route-control", _request_route_control),
    "third-party-complaint": ("route-control-complaint", _complaint),
    "device-event": ("device-event", _device_event),
    "claim-refund": ("claim-refund", _claim_refund),
    "work": ("work", _work),
    "provision": ("provision", _provision),
    "readiness-check": ("check-readiness", _nothing_more),
    "external-contract-ended": ("external-ended", _external),
    "external-option-ended": ("external-ended", _external),
    "contract-ended": ("ended", _by_operator),
    "option-ended": ("option-ended", _option_ended),
    "day-check": ("day-check", _by_operator),
    "compute-minimum-term": ("read-term", _read_term),
    "claim-credit": ("claim-credit", _nothing_more),
    "support-request": ("support", _nothing_more),
    "start-billing": ("start-billing", _start_billing),
    "network-event": ("network-event", _network_event),
    "month-close": ("month-close", _month_close),
}
