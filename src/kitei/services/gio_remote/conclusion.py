"""What an accepted act records: (stream, fact) pairs. Amounts, days and provisions are those of its decision.

Prices are not copied: quotes stay where they were told, and accounts find the one that answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from kitei.clauses import acts
from kitei.clauses.acts import accepted_on
from kitei.clauses.conclusion import (
    Body,
    Conclusions,
    Record,
    Recorded,
    cited,
    last_day,
    option_billing,
    to_contract,
)
from kitei.clauses.contract import tables
from kitei.desk import Decision, Situation
from kitei.ledger.facts import Fact
from kitei.services.gio_remote import application as customer
from kitei.services.gio_remote import operation as operator
from kitei.services.gio_remote.rules.abolition import abolished, ended_key
from kitei.services.gio_remote.rules.batch import counted, group_of, kind_of, names_of
from kitei.services.gio_remote.rules.changes import first_day
from kitei.services.gio_remote.rules.credits import CREDITS
from kitei.services.gio_remote.rules.ending import ENDINGS
from kitei.services.gio_remote.rules.support import in_business_hours
from kitei.services.gio_remote.rules.upkeep import matter_of, other_services
from kitei.values import Json, day_of

# -- contracts ---------------------------------------------------------------------------


def _contracts(asked: customer.Apply, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day, cites = accepted_on(asked), cited(decision)
    for wanted, name in zip(asked.services, names_of(asked, s), strict=True):
        body: Body = {
            "service": s.edition.service,
            "customer": asked.by,
            "kind": kind_of(wanted),
            "item": wanted.item,
            "group": group_of(asked),
            "application": asked.id,
            "edition": s.edition.in_force.isoformat(),
            "name": asked.name or name,
            "months": s.number("minimum_term_months"),
            **counted(wanted),
            "l2tp": wanted.l2tp,
            "browser": wanted.browser,
            "hosts": [_designated(each.host, each.designated_by, day, s) for each in wanted.hosts],
            "addresses": [_designated(each.prefix, each.designated_by, day, s) for each in wanted.addresses],
            "environment": _environment(wanted.environment),
            "billing_wish": asked.billing_start.isoformat() if asked.billing_start else None,
        }
        yield to_contract(name, "contract.concluded", body, day, cites)
        for option in wanted.options:
            yield from _taken(name, option, day, cites, s)


def _designated(what: str, who: str, since: date, s: Situation) -> Json:
    """A host or an address as a contract keeps it."""
    return {
        "what": what,
        "designated_by": who,
        "since": since.isoformat(),
        "last": None,
        "cites": list(s.texts(("art:5.1", "art:5.2"))),
    }


def _environment(told: customer.Environment | None) -> Json:
    if told is None:
        return None
    return {
        "operator": told.operator,
        "settings_disclosed": told.settings_disclosed,
        "changed_on": told.changed_on.isoformat() if told.changed_on else None,
        "change_notified": told.change_notified.isoformat() if told.change_notified else None,
    }


def _taken(
    contract: str,
    option: customer.OptionWanted | customer.AddOption,
    day: date,
    cites: tuple[str, ...],
    s: Situation,
) -> Iterator[Recorded]:
    body: Body = {"option": option.option, "server_name": option.server_name}
    if isinstance(option, customer.AddOption):
        body["work"] = option.work
    yield to_contract(contract, "option.added", body, day, cites)
    choice = s.choice("options", option.option)
    if option.billing_start and choice is not None and choice.has("monthly_fee"):
        yield option_billing(s, contract, option.option, option.billing_start)


def _option(asked: customer.AddOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    yield from _taken(asked.contract, asked, accepted_on(asked), cited(decision), s)


def _change(asked: customer.Change, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The new number from its day on, else the item or other matter from the day of acceptance."""
    contract, item = s.contract(asked.contract), s.called("items", asked.to or "")
    told: Json = asked.number if asked.number is not None else asked.to
    body: Body
    if s.choice("matters", asked.matter) is not None:
        since = first_day(asked).isoformat()
        change: Body = {"matter": asked.matter, "number": told, "since": since}
        body = {"changes": [*tables(contract.body, "changes"), change]}
    elif item is not None and asked.matter in ("item", "品目"):
        body = {"item": item.slug}
    else:
        others = contract.body.get("matters")
        body = {"matters": {**(others if isinstance(others, dict) else {}), asked.matter: told}}
    yield to_contract(asked.contract, "contract.amended", body, accepted_on(asked), cited(decision))


def _l2tp(asked: customer.UseL2tp, decision: Decision, s: Situation) -> Iterator[Recorded]:
    yield to_contract(
        asked.contract, "contract.amended", {"l2tp": asked.use}, accepted_on(asked), cited(decision)
    )


def _designate(asked: customer.Designate, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """What is taken back is used to the end of the day before."""
    day, contract = accepted_on(asked), s.contract(asked.contract)
    until = (day - timedelta(days=1)).isoformat()
    body: Body = {}
    for key, added, removed in (
        ("hosts", asked.add_hosts, asked.remove_hosts),
        ("addresses", asked.add_addresses, asked.remove_addresses),
    ):
        if added or removed:
            kept: list[Json] = [
                {**each, "last": until} if each["what"] in removed and each.get("last") is None else each
                for each in tables(contract.body, key)
            ]
            body[key] = [*kept, *(_designated(each, asked.designated_by, day, s) for each in added)]
    if body:
        yield to_contract(asked.contract, "contract.amended", body, day, cited(decision))
    if asked.server_name is not None:
        own: Body = {"option": "server-certificate", "server_name": asked.server_name}
        yield to_contract(asked.contract, "option.amended", own, day, s.texts(("art:9.2.1.a2",)))


def _disclose(asked: customer.DiscloseEnvironment, decision: Decision, s: Situation) -> Iterator[Recorded]:
    day = day_of(asked.at)
    told = customer.Environment(
        operator=asked.operator,
        changed_on=asked.changed_on,
        change_notified=day if asked.changed_on else None,
    )
    body: Body = {"environment": _environment(told)}
    yield to_contract(asked.contract, "contract.amended", body, day, cited(decision))


# -- ends --------------------------------------------------------------------------------


def _abolish(asked: operator.ThirdPartyEnds, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """Contracts and options that rested on a third party end with its last day, which is kept for those to come."""
    day, cites = day_of(asked.at), cited(decision)
    last = last_day(s, decision.dates["effective"])
    if asked.contract is None:
        ended: Body = {
            "service": s.edition.service,
            "name": ended_key(asked.provider),
            "value": last.isoformat(),
        }
        yield "operator", Fact("operator.set", ended, day, cites)
    for each in abolished(asked, s):
        if each.option is None:
            yield from CONCLUSIONS.end_one(each.contract, last, "abolition", None, day, cites, s)
        else:
            stop: Body = {"option": each.option.name, "last": last.isoformat(), "ground": "abolition"}
            yield to_contract(each.contract.id, "option.ending-set", stop, day, cites)


# -- operation ---------------------------------------------------------------------------


def _support(asked: customer.RequestSupport, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """Art. 9.2.4: each work out of hours is recorded."""
    if asked.matter != "gateway-setting-change":
        return
    body: Body = {"at": asked.at.isoformat(), "work": asked.detail, "in_hours": in_business_hours(asked, s)}
    by_option = any(cite.path == "art:9.2.4" for cite in decision.cites)
    kind = "work.performed" if by_option else "settings.changed"
    yield to_contract(asked.contract, kind, body, day_of(asked.at), cited(decision))


def _software(asked: customer.GetSoftware, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"licence_accepted": asked.licence_accepted}
    yield to_contract(asked.contract, "software.provided", body, day_of(asked.at), cited(decision))


def _explain(asked: operator.ExplainOutage, decision: Decision, s: Situation) -> Iterator[Recorded]:
    choice = s.edition.value("risks")[asked.risk]
    body: Body = {"outage": asked.outage, "cause": choice.text("party"), "risk": choice.slug}
    yield to_contract(asked.contract, "outage.explained", body, day_of(asked.at), cited(decision))


def _observed(asked: operator.CapacityObserved, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The observation, and where capacity is exhausted a proposal; the contract itself stays as it is."""
    day, contract = day_of(asked.at), s.contract(asked.contract)
    seen: Body = {"observed": asked.observed, "exhausted": asked.exhausted, "logs": asked.logs_examined}
    paths = ("art:18.1", "art:18.1.s2") if asked.logs_examined else ("art:18.1",)
    yield to_contract(contract.id, "capacity.observed", seen, day, s.texts(paths))
    if asked.exhausted:
        matter = matter_of(s, contract)
        proposal: Body = {"matter": matter.slug if matter else None, "to": asked.proposes}
        yield to_contract(contract.id, "change.proposed", proposal, day, s.texts(("art:18.1.s3",)))


def _prepared(asked: acts.Provision, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """Art. 7.3: what was found prepared when service began."""
    body: Body = {"ready": dict(asked.known.ready)}
    yield to_contract(asked.contract, "provision.begun", body, day_of(asked.at), cited(decision))


def _settings(asked: operator.ChangeSettings, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """Which service it was for, and when the customer was told (GRA-D09)."""
    told = asked.known.noticed_at
    body: Body = {
        "at": asked.at.isoformat(),
        "reason": asked.reason,
        "for": list(other_services(asked, s)),
        "noticed_at": told.isoformat() if told else None,
    }
    yield to_contract(asked.contract, "settings.changed", body, day_of(asked.at), cited(decision))


_RECORDS: Mapping[type, Record] = {
    customer.Apply: _contracts,
    customer.AddOption: _option,
    customer.Change: _change,
    customer.UseL2tp: _l2tp,
    customer.Designate: _designate,
    customer.DiscloseEnvironment: _disclose,
    customer.RequestSupport: _support,
    customer.GetSoftware: _software,
    operator.ThirdPartyEnds: _abolish,
    operator.ExplainOutage: _explain,
    operator.CapacityObserved: _observed,
    operator.ChangeSettings: _settings,
    acts.Provision: _prepared,
}

CONCLUSIONS = Conclusions(_RECORDS, ENDINGS, CREDITS)


def conclude(asked: Any, decision: Decision, situation: Situation) -> Sequence[Recorded]:
    """The facts of an accepted act. Raises ValueError for a decision that is no acceptance."""
    return CONCLUSIONS.conclude(asked, decision, situation)
