"""What an accepted act records."""

from collections.abc import Iterator, Mapping

from kitei.clauses.acts import accepted_on
from kitei.clauses.conclusion import Body, Conclusions, Record, Recorded, cited, to_contract
from kitei.desk import Decision, Situation
from kitei.values import Json, day_of
from managed_dns.acts import AddOption, AddRecords, Apply, Delegated
from managed_dns.contract import name_of, records_of
from managed_dns.rules import CREDITS, ENDINGS


def _zone(asked: Apply, decision: Decision, s: Situation) -> Iterator[Recorded]:
    """The plan's price is told to it for as long as it lasts."""
    day, zone = accepted_on(asked), asked.zones[0]
    price = s.edition.value("items")[asked.item].number("monthly")
    quote: Json = {"fee": "monthly", "amount": price, "first": day.isoformat(), "last": None, "scope": {}}
    body: Body = {
        "service": s.edition.service,
        "customer": asked.by,
        "kind": asked.kind,
        "item": asked.item,
        "group": asked.by,
        "application": asked.id,
        "edition": s.edition.in_force.isoformat(),
        "quotes": [quote],
        "zone": zone,
        "name": zone,
        "records": 0,
        "months": s.number("minimum_term_months"),
    }
    yield to_contract(name_of(zone, s), "contract.concluded", body, day, cited(decision))


def _option(asked: AddOption, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"option": asked.option}
    yield to_contract(asked.contract, "option.added", body, accepted_on(asked), cited(decision))


def _records(asked: AddRecords, decision: Decision, s: Situation) -> Iterator[Recorded]:
    body: Body = {"records": records_of(s.contract(asked.contract)) + asked.records}
    yield to_contract(asked.contract, "contract.amended", body, day_of(asked.at), cited(decision))


def _delegated(asked: Delegated, decision: Decision, s: Situation) -> Iterator[Recorded]:
    yield to_contract(asked.contract, "zone.delegated", {}, day_of(asked.at), cited(decision))


_OWN: Mapping[type, Record] = {Apply: _zone, AddOption: _option, AddRecords: _records, Delegated: _delegated}
conclude = Conclusions(_OWN, ENDINGS, CREDITS).conclude
