"""Applications in a case, in the keys of `apply`."""

from typing import Any

from kitei.desk.cases import Sheet
from kitei.services.gio_remote.cases.asking import Asking, Body, first, taken
from kitei.services.gio_remote.cases.given import designations, environment_of
from kitei.services.gio_remote.edition import TERMS
from kitei.terms import plain_name


def apply(case: Asking) -> Body:
    services, beside = [], []
    for sheet in case.when.sheets("applications"):
        other = sheet.take("service")
        if other is not None and other != TERMS.service:
            beside.append({"service": other, **taken(sheet, "kind", "item", first="billing_start")})
            sheet.close()
            continue
        services.extend(_wanted(case, sheet))
    return {
        "services": services,
        "beside": [{key: value for key, value in each.items() if value is not None} for each in beside],
        **taken(case.when, "name", "billing_start"),
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
    body = taken(sheet, "item", "sessions", "accounts", "browser")
    protocols = sheet.take("protocols") or sheet.take("protocol") or []
    protocols = [protocols] if isinstance(protocols, str) else protocols
    body["l2tp"] = bool(sheet.take("l2tp")) or any(plain_name(each) == "l2tp" for each in protocols)
    accepted = sheet.take("browser_terms_accepted")
    told = case.facts.take("browser_terms_accepted")
    body["browser_terms_accepted"] = next((each for each in (accepted, told) if each is not None), True)
    who = sheet.take("designated_by")
    body["hosts"] = _designated("host", first(sheet, "designated_hosts", "hosts"), who)
    body["addresses"] = _designated("prefix", first(sheet, "addresses", "prefixes"), who)
    body["environment"] = environment_of(sheet.take("network_environment") or sheet.take("environment"))
    body["options"] = [_option(option) for option in sheet.sheets("options")]
    sheet.close()
    told_body = {key: value for key, value in body.items() if value not in (None, [])}
    return [{**told_body, "kind": each} for each in kinds] if several else [{**told_body, "kind": kinds}]


def _designated(key: str, told: Any, who: str | None) -> list[Body]:
    return [{key: what, "designated_by": party} for what, party in designations(told, who).items()]


def _option(sheet: Sheet) -> Body:
    option = taken(sheet, "form", "server_name", option="name", billing_start="option_billing_start")
    option["billing_start"] = option["billing_start"] or sheet.take("billing_start")
    sheet.close()
    return {key: value for key, value in option.items() if value is not None}
