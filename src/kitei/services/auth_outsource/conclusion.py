"""What an accepted act records: (stream, fact) pairs. Amounts, days and provisions are those of its decision.

Prices are not copied: quotes stay where they were told, and accounts find the one that answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from kitei.clauses.acts import accepted_on
from kitei.clauses.conclusion import Body, Conclusions, Record, Recorded, cited, option_billing, to_contract
from kitei.desk import Decision, Situation
from kitei.ledger.facts import Fact
from kitei.services.auth_outsource import application as customer
from kitei.services.auth_outsource import operation as operator
from kitei.services.auth_outsource.contract import RADIUS_PORT, RADSEC_PORT, number
from kitei.services.auth_outsource.rules.batch import kind_of, names_of, plain_realm
from kitei.services.auth_outsource.rules.ending import ENDINGS
from kitei.services.auth_outsource.rules.limits import CREDITS
from kitei.values import Json, day_of


def _contracts(asked: customer.Apply, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day, cites = accepted_on(asked), cited(decision)
    for wanted, name in zip(asked.services, names_of(asked, s), strict=True):
        body: Body = {
            "service": s.edition.service,
            "customer": asked.by,
            "kind": kind_of(wanted),
            "item": wanted.item or "",
            "group": asked.by,
            "application": asked.id,
            "edition": s.edition.in_force.isoformat(),
            "name": name,
            "months": s.number("minimum_term_months"),
            "ip": wanted.ip[0] if wanted.ip else "",
            "accounts": wanted.accounts,
            "realm": plain_realm(wanted.realm or ""),
            "forward_to": list(wanted.forward_to),
            "terminators": list(wanted.terminators),
            "first": wanted.first.isoformat() if wanted.first else "",
            "last": wanted.last.isoformat() if wanted.last else "",
            "billing_wish": asked.billing_start.isoformat() if asked.billing_start else None,
        }
        yield to_contract(name, "contract.concluded", body, day, cites)
        for option in wanted.options:
            yield to_contract(name, "option.added", {"option": option.option}, day, cites)
            if option.billing_start:
                yield option_billing(s, name, option.option, option.billing_start)


def _option(asked: customer.AddOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day = accepted_on(asked)
    yield to_contract(asked.contract, "option.added", {"option": asked.option}, day, cited(decision))
    if asked.billing_start:
        yield option_billing(s, asked.contract, asked.option, asked.billing_start)


def _change(asked: customer.Change, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """What a contract becomes: a matter of its own under its name, any other as it was asked."""
    to = asked.to[0] if asked.to else None
    body: Body
    match asked.matter:
        case "accounts":
            body = {"accounts": asked.number}
        case "item":
            body = {"item": getattr(s.called("items", to or ""), "slug", to)}
        case "kind":
            body = {"kind": getattr(s.called("kinds", to or ""), "slug", to)}
        case "forward-to":
            body = {"forward_to": list(asked.to), "home_servers": []}
        case "terminators":
            body = {"terminators": list(asked.to), "tunnels": []}
        case "realm":
            body = {"realm": plain_realm(to or "")}
        case _:
            body = {asked.matter: to}
    yield to_contract(asked.contract, "contract.amended", body, accepted_on(asked), cited(decision))


def _prepared(asked: customer.Prepare, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """What the customer set up. Secrets and tables of users stay out of the ledger: how often they came is kept."""
    contract = s.contract(asked.contract)
    had = contract.body
    body: Body = {}
    if asked.realm is not None:
        body["realm"] = plain_realm(asked.realm)
    if asked.home_servers:
        body["home_servers"] = [_home(each) for each in asked.home_servers]
    if asked.terminators:
        body["tunnels"] = [asdict(each) for each in asked.terminators]
    if asked.methods:
        body["methods"] = list(asked.methods)
    for name in ("authority", "strips_realm", "transition", "probe_user"):
        if (value := getattr(asked, name)) is not None:
            body[name] = value
    if asked.users is not None:
        body |= {"users": (number(had, "users") or 0) + 1, "accounts_in_use": asked.users}
    if asked.new_secret:
        body["secret"] = (number(had, "secret") or 0) + 1
    yield to_contract(asked.contract, "contract.amended", body, day_of(asked.at), cited(decision))


def _home(each: customer.HomeServerWanted) -> Json:
    port = each.port or (RADSEC_PORT if each.transport == "radsec" else RADIUS_PORT)
    return {**asdict(each), "port": port}


def _taken(asked: customer.TakeService, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """What a customer has beside, from the day it is taken."""
    told: dict[str, Any] = {
        key: value
        for key in ("item", "item_class", "network_type_class")
        if (value := getattr(asked, key)) is not None
    }
    body: Body = {
        "holds": asked.service,
        "id": "",
        "first": day_of(asked.at).isoformat(),
        "last": None,
        **told,
    }
    yield f"customer:{asked.by}", Fact("service.held", body, day_of(asked.at), cited(decision))


def _limited(asked: operator.LimitFunction, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"limit": asked.limit, "by": asked.service}
    yield to_contract(asked.contract, "function.limited", body, day_of(asked.at), cited(decision))


def _explained(asked: operator.ExplainOutage, decision: Decision, s: Situation) -> Iterator[Recorded]:
    whose = s.edition.value("limits")[asked.limit].text("whose")
    body: Body = {"outage": asked.outage, "cause": whose, "limit": asked.limit}
    yield to_contract(asked.contract, "outage.explained", body, day_of(asked.at), cited(decision))


_OWN: Mapping[type, Record] = {
    customer.Apply: _contracts,
    customer.Prepare: _prepared,
    customer.AddOption: _option,
    customer.Change: _change,
    customer.TakeService: _taken,
    operator.LimitFunction: _limited,
    operator.ExplainOutage: _explained,
}

CONCLUSIONS = Conclusions(_OWN, ENDINGS, CREDITS)
conclude = CONCLUSIONS.conclude
