"""What an accepted act records: (stream, fact) pairs. Amounts, days and provisions are those of its decision.

Prices are not copied: quotes stay where they were told, and accounts find the one that answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kitei.clauses.acts import accepted_on
from kitei.clauses.conclusion import (
    Body,
    Conclusions,
    Record,
    Recorded,
    cited,
    option_billing,
    to_contract,
)
from kitei.desk import Decision, Situation
from kitei.services.secure_access import application as customer
from kitei.services.secure_access import operation as operator
from kitei.services.secure_access import using
from kitei.services.secure_access.people import free_number, peers, policies
from kitei.services.secure_access.rules.batch import kind_of, names_of
from kitei.services.secure_access.rules.credits import CREDITS
from kitei.services.secure_access.rules.ending import ENDINGS
from kitei.services.secure_access.rules.transition import PATH, SANDBOX, wish_of
from kitei.values import Json, day_of


def _contracts(asked: customer.Apply, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """Those applications of the batch that the decision is about: an excess that was refused is not among them."""
    day = accepted_on(asked)
    parts = {finding.part for finding in decision.findings}
    for index, (wanted, name) in enumerate(zip(asked.services, names_of(asked, s), strict=True)):
        if index not in parts:
            continue
        own = [each for each in decision.findings if each.part in (None, index)]
        cites = tuple(dict.fromkeys(str(cite) for each in own for cite in each.cites))
        start = wanted.billing_start or asked.billing_start
        body: Body = {
            "service": s.edition.service,
            "customer": asked.by,
            "kind": kind_of(wanted),
            "item": wanted.item,
            "group": asked.by,
            "application": asked.id,
            "edition": s.edition.in_force.isoformat(),
            "name": name,
            "months": s.number("minimum_term_months"),
            "accounts": [{"since": day.isoformat(), "accounts": int(wanted.accounts or 0)}],
            "tunnel": wanted.tunnel,
            "environment": _environment(wanted.environment),
            "billing_wish": start.isoformat() if start else None,
        }
        yield to_contract(name, "contract.concluded", body, day, cites)
        for option in wanted.options:
            yield to_contract(name, "option.added", {"option": option.option}, day, cites)
            if option.billing_start:
                yield option_billing(s, name, option.option, option.billing_start)


def _environment(told: customer.Environment | None) -> Json:
    if told is None:
        return None
    return {
        "operator": told.operator,
        "settings_disclosed": told.settings_disclosed,
        "changed_on": told.changed_on.isoformat() if told.changed_on else None,
        "change_notified": told.change_notified,
    }


def _option(asked: customer.AddOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"option": asked.option}
    yield to_contract(asked.contract, "option.added", body, accepted_on(asked), cited(decision))
    if asked.billing_start:
        yield option_billing(s, asked.contract, asked.option, asked.billing_start)


def _change(asked: customer.Change, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The new number of accounts from its day, or another matter."""
    day, cites = asked.change_on or accepted_on(asked), cited(decision)
    if asked.accounts is not None:
        count: Body = {"since": day.isoformat(), "accounts": int(asked.accounts)}
        yield to_contract(asked.contract, "contract.amended", {"count": count}, accepted_on(asked), cites)
    if asked.matter is not None and asked.matter != "accounts":
        others = s.contract(asked.contract).body.get("matters")
        matters: Body = {**(others if isinstance(others, dict) else {}), asked.matter: asked.to}
        yield to_contract(asked.contract, "contract.amended", {"matters": matters}, day, cites)


def _disclose(asked: customer.DiscloseEnvironment, decision: Decision, s: Situation) -> Iterator[Recorded]:
    told = customer.Environment(operator=asked.operator, changed_on=asked.changed_on)
    body: Body = {"environment": _environment(told)}
    yield to_contract(asked.contract, "contract.amended", body, day_of(asked.at), cited(decision))


def _wish(asked: customer.KeepSandbox, decision: Decision, s: Situation) -> Iterator[Recorded]:
    yield to_contract(asked.contract, "sandbox.wished", {**wish_of(asked)}, day_of(asked.at), cited(decision))


def _goes_on(asked: operator.Evaluate, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The sandbox of before as an option, billed from the day it became one; recorded once."""
    if any(each.name == SANDBOX for each in s.contract(asked.contract).options):
        return
    start = decision.dates["effective"]
    body: Body = {"option": SANDBOX}
    yield to_contract(asked.contract, "option.added", body, start, s.texts((PATH, "art:9.2.2")))
    yield option_billing(s, asked.contract, SANDBOX, start)


def _software(asked: customer.GetSoftware, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"licence_accepted": asked.licence_accepted}
    yield to_contract(asked.contract, "software.provided", body, day_of(asked.at), cited(decision))


def _settings(asked: customer.ChangeSettings, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"at": asked.at.isoformat(), "by": asked.by, "detail": asked.detail}
    yield to_contract(asked.contract, "settings.changed", body, day_of(asked.at), cited(decision))


def _explain(asked: operator.ExplainOutage, decision: Decision, s: Situation) -> Iterator[Recorded]:
    choice = s.edition.value("risks")[asked.risk]
    body: Body = {"outage": asked.outage, "cause": choice.text("party"), "risk": choice.slug}
    yield to_contract(asked.contract, "outage.explained", body, day_of(asked.at), cited(decision))


def _policy(asked: using.SetPolicy, decision: Decision, s: Situation) -> Iterator[Recorded]:
    version = len(policies(s.contract(asked.contract))) + 1
    body: Body = {"version": version, "text": asked.text, "at": asked.at.isoformat(), "by": asked.by}
    yield to_contract(asked.contract, "policy.set", body, day_of(asked.at), cited(decision))


def _account(asked: using.AddAccount, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"account": asked.account, "groups": list(dict.fromkeys(asked.groups))}
    yield to_contract(asked.contract, "account.added", body, day_of(asked.at), cited(decision))


def _no_account(asked: using.RemoveAccount, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"account": asked.account}
    yield to_contract(asked.contract, "account.removed", body, day_of(asked.at), cited(decision))


def _device(asked: using.EnrolDevice, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """A device that is enrolled anew keeps its place, and so its addresses."""
    contract = s.contract(asked.contract)
    held = next((each.number for each in peers(contract) if each.device == asked.device), None)
    body: Body = {
        "device": asked.device,
        "account": asked.account,
        "public_key": asked.public_key,
        "number": free_number(contract) if held is None else held,
        "until": asked.until.isoformat() if asked.until else None,
    }
    yield to_contract(asked.contract, "peer.enrolled", body, day_of(asked.at), cited(decision))


def _no_device(asked: using.RevokeDevice, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"device": asked.device}
    yield to_contract(asked.contract, "peer.revoked", body, day_of(asked.at), cited(decision))


_RECORDS: Mapping[type, Record] = {
    customer.Apply: _contracts,
    customer.AddOption: _option,
    customer.Change: _change,
    customer.DiscloseEnvironment: _disclose,
    customer.KeepSandbox: _wish,
    customer.GetSoftware: _software,
    customer.ChangeSettings: _settings,
    using.SetPolicy: _policy,
    using.AddAccount: _account,
    using.RemoveAccount: _no_account,
    using.EnrolDevice: _device,
    using.RevokeDevice: _no_device,
    operator.Evaluate: _goes_on,
    operator.ExplainOutage: _explain,
}

CONCLUSIONS = Conclusions(_RECORDS, ENDINGS, CREDITS)


def conclude(asked: Any, decision: Decision, situation: Situation) -> Sequence[Recorded]:
    """The facts of an accepted act. Raises ValueError for a decision that is no acceptance."""
    return CONCLUSIONS.conclude(asked, decision, situation)
