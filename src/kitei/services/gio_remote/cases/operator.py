"""What the operator holds in a case: lists, parameters, prices, what else customers have, outages and their causes."""

import re
import unicodedata
from collections.abc import Mapping

from kitei.clauses.history import History, quote_body, take_holdings, take_operator, take_outages
from kitei.desk.cases import Sheet
from kitei.ledger.facts import Fact
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.rules.abolition import ended_key
from kitei.terms import Choice, plain_name
from kitei.values import JsonObject

LISTS = {
    "changeable_matters": "changeable-matters",
    "designated_services": "designated-services",
    "designated_other_services": "designated-services",
    "protocols": "protocols",
    "vpn_protocols": "protocols",
    "type_b_options": "type-b-options",
    "holidays": "holidays",
}
PARAMETERS = {
    "business_hours_from": "business-hours-from",
    "business_hours_until": "business-hours-until",
    "business_days": "business-days",
    "server_name": "server-name",
    "prompt_days": "prompt-days",
    "minimum_usable_seconds": "minimum-usable-seconds",
    "charges_work_beside_extended_support": "charges-work-beside-extended-support",
}
# How a cause speaks of what the customer accepted.
RISKS = {
    "setting-change": r"(setting|settings|configuration) change|change of (setting|configuration)|設定変更",
    "our-other-service": r"other (\w+ )*services?\b|another (\w+ )*service\b|(他|ほか)の(\w*)サービス",
    "restricted-access": r"^(?!operator|当社).*(\bisp\b|internet (access|line|provider)|access (line|network)|carrier|回線|通信制限)",
}
SCOPES: Mapping[str, Mapping[str, str]] = {
    "": {},
    "gateway_": {"kind": "gateway"},
    "network_": {"kind": "network"},
}
OPTION_SCOPES: Mapping[str, Mapping[str, str]] = {
    "option_": {},
    **{
        f"{name}_": {"option": slug}
        for slug, names in {
            "server-certificate": (
                "ssl",
                "certificate",
                "ssl_certificate",
                "server_certificate",
                "ssl_option",
            ),
            "extended-support": ("extended_support", "extended", "extended_support_option"),
            "matrix-authentication": ("matrix", "matrix_authentication", "matrix_option"),
        }.items()
        for name in names
    },
}


def take_beside(given: Sheet, facts: Sheet, when: Sheet, history: History) -> None:
    """The operator's lists, parameters and quotes, and what else customers have."""
    params = dict(given.take("operator_params") or {})
    hours = params.pop("business_hours", None)
    if isinstance(hours, str):
        first, _, until = hours.replace("〜", "-").partition("-")
        hours = {"from": first, "until": until}
    for key, names in (
        ("business_hours_from", ("from", "start")),
        ("business_hours_until", ("until", "to", "end")),
    ):
        if hours and (found := next((hours[name] for name in names if name in hours), None)):
            params[key] = found.strip()
    held = [dict(each) for key in ("other_services", "other_contracts") for each in given.take(key) or ()]
    for key in ("combined_service", "combined_services", "other_services_combined"):
        beside = facts.take(key)
        held += [{"service": each} for each in ([beside] if isinstance(beside, str) else beside or ())]
    customer = when.look("by") or next(iter(history.customers), "C1")
    for each in held:
        each.setdefault("customer", customer)
    # A list that a case does not give is in order: what is used beside is what was designated.
    if when.look("action") == "operator-setting-change" and not {"designated_services"} & params.keys():
        params["designated_services"] = [each["service"] for each in held]
    for party in TERMS.first.value("third_parties").slugs:
        for key in (f"{party}_ended", f"{party}_service_ended", f"{party}_service_end"):
            if (last := facts.take(key)) is not None:
                history.say("operator.set", name=ended_key(party), value=last[:10])
    rest = Sheet({"operator_params": params, "other_services": held}, given.place)
    _quotes(given, when, history)
    take_operator(rest, when, history, LISTS, PARAMETERS, {})
    take_holdings(rest, history)


def _quotes(given: Sheet, when: Sheet, history: History) -> None:
    """Prices; one that names nothing is, where an option is asked for, the option's."""
    told = Sheet({**(given.take("quoted") or {}), **(when.take("quoted") or {})}, "quoted")
    unnamed = "option-" if when.look("action") == "add-option" else ""
    for fee in ("initial", "monthly"):
        if (amount := when.take(f"quoted_{fee}_jpy")) is not None:
            _quoted(history, f"{unnamed}{fee}", amount, {})
        for before, scope in SCOPES.items():
            if (amount := told.take(f"{before}{fee}_jpy")) is not None:
                _quoted(history, fee if before else f"{unnamed}{fee}", amount, scope)
        for before, scope in OPTION_SCOPES.items():
            if (amount := told.take(f"{before}{fee}_jpy")) is not None:
                _quoted(history, f"option-{fee}", amount, scope)
    for key in ("out_of_hours_jpy", "out_of_hours_change_jpy"):
        if (amount := told.take(key)) is not None:
            _quoted(history, "out-of-hours-change", amount, {})
    told.take("change_jpy")  # the terms name no fee for a change, whatever was told
    told.close()


def _quoted(history: History, fee: str, amount: int, scope: Mapping[str, str]) -> None:
    for customer in history.customers:
        history.say("quote.recorded", f"customer:{customer}", **quote_body(fee, amount, **scope))


def take_explained_outages(facts: Sheet, when: Sheet, history: History) -> None:
    """Outages, and which of them came of a risk that the customer accepted."""
    told = [*facts.look("outages", []), *filter(None, (facts.look("outage"), when.look("outage")))]
    common = facts.look("cause")
    take_outages(facts, when, history)
    for at, each in enumerate(told):
        risk = risk_of(str(each.get("cause") or common or ""))
        if risk is None:
            continue
        body: JsonObject = {"outage": f"outage-{at + 1}", "cause": risk.text("party"), "risk": risk.slug}
        for name in each.get("contracts") or [each.get("contract") or when.look("contract")]:
            history.record(f"contract:{name}", Fact("outage.explained", body, history.day))


def risk_of(cause: str) -> Choice | None:
    """The risk that a cause begins with in any of its names, or else speaks of."""
    plain, risks = plain_name(cause), TERMS.first.value("risks")
    for each in risks.choices:
        if any(plain.startswith(plain_name(name)) for name in (each.slug, each.name.ja, *each.aliases)):
            return each
    spaced = " ".join(unicodedata.normalize("NFKC", cause).casefold().split())
    return next((risks[slug] for slug, words in RISKS.items() if re.search(words, spaced)), None)


def vpdn_holders(given: Sheet) -> frozenset[str]:
    """The customers that a case gives a VPDN contract: on their gateways L2TP is in use."""
    kinds = TERMS.first.value("l2tp_kind")
    held = given.look("other_contracts") or ()
    return frozenset(str(each.get("customer")) for each in held if kinds.choose(str(each.get("kind", ""))))
