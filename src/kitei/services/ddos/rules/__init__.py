"""Which rules speak on which act: one provision, one function."""

from collections.abc import Mapping
from typing import Any

from kitei.clauses import acts, billing, returns
from kitei.clauses import devices as lent
from kitei.desk import Rule, Situation
from kitei.services.ddos import application as customer
from kitei.services.ddos import defending
from kitei.services.ddos import operation as operator
from kitei.services.ddos.rules import (
    addresses,
    attacks,
    changes,
    credits,
    defence,
    devices,
    ending,
    fees,
    items,
    options,
    policies,
    readiness,
    reaging,
    route_control,
    traffic,
)
from kitei.services.ddos.rules.credits import CREDITS
from kitei.services.ddos.rules.ending import ENDINGS
from kitei.services.ddos.rules.fees import MONTHS

AnyRule = Rule[Any, Situation]


def rows(table: str, first: int = 1) -> tuple[str, ...]:
    """The rows of a fee table, one an item."""
    return tuple(f"schedule:{table}.t{row}" for row in range(first, 8))


_ROWS = tuple(f"art:1.1.t{row}" for row in range(1, 8))
_OPTIONS = (
    *(f"art:10.2.{item}" for item in range(1, 10)),
    "art:10.1",
    "art:10.3",
    "art:10.3.s2",
    "art:4.1.1",
)
_ROUTE_CONTROL = ("art:10.4.s2", "art:10.4.1", "art:10.4.2", "art:10.4.3")
_AT_THE_END = ("art:13.1", "art:13.2", "schedule:2.1", "schedule:2.2", "art:7.3")
_PAIRS = ("art:6.1.1.i", "art:6.1.1.ii", "art:6.1.1.iii")
_TERMS = ("art:2.1.1", "art:2.1.2")
_ELIGIBLE = ("art:3.1.1", "art:3.1.2", "art:3.1.3", "art:3.1.4")

APPLYING: tuple[AnyRule, ...] = (
    Rule("art:1.1", items.known_item, also=("art:2.1", *_TERMS)),
    Rule("art:3.1", items.eligible, also=_ELIGIBLE),
    Rule("art:4.2", readiness.environment, also=("art:4.3",)),
    Rule("art:5.2", addresses.applied_addresses, also=("art:5.1", "art:5.3")),
    Rule("art:10.2", options.options_asked, also=(*_OPTIONS, "schedule:1.1.2")),
    Rule("art:10.4", route_control.asked_with_contract, also=_ROUTE_CONTROL),
    Rule("schedule:1.1.1", fees.initial_fees, also=(*rows("1.1.1"), "art:12.1.s2")),
)

RULES: Mapping[type, tuple[AnyRule, ...]] = {
    customer.Apply: APPLYING,
    acts.StartBilling: (
        Rule("schedule:1.2.1", billing.billing_begins, also=("schedule:1.2.2", "art:12.1.s2", *_TERMS)),
        Rule("schedule:1.2.1.t1", fees.billed_row, also=(*rows("1.2.1", 2), "art:10.3.s2")),
    ),
    customer.DesignateAddresses: (
        Rule("art:5.2", addresses.designation, also=("art:5.1", "art:5.3", "art:10.2.7", "art:10.2.7.a2")),
    ),
    customer.AddOption: (
        Rule("art:10.2", options.added_option, also=_OPTIONS),
        Rule("art:10.4", route_control.asked_with_option, also=_ROUTE_CONTROL),
        Rule("schedule:1.1.2", options.added_option_fee),
    ),
    acts.StopOption: (
        Rule("art:10.6", ENDINGS.stopped, also=("art:13.2", "schedule:2.2")),
        Rule("art:7.3", ending.stopped_with),
    ),
    customer.Change: (
        Rule("art:6.1", changes.changed_by_customer),
        Rule("art:6.1.1", changes.changed_item, also=(*_PAIRS, *_ELIGIBLE)),
        Rule("art:4.2", readiness.environment, also=("art:4.3",)),
        Rule("schedule:1.3.1", changes.changed_item_fee),
        Rule("art:2.1.1", changes.term_after),
        Rule("art:13.2", changes.lost_options, also=("schedule:2.2",)),
        Rule("art:3.1.4", changes.left_behind),
        Rule("art:6.1.2", changes.changed_matter),
        Rule("art:6.1.2", changes.changed_option),
        Rule("schedule:1.3.4", changes.router_count),
        Rule("art:10.5", devices.changed_device),
        Rule("art:10.5.s2", devices.restarted_term),
        Rule("schedule:1.3.5", devices.changed_device_fee),
        Rule("art:7.3", devices.old_device_back),
    ),
    acts.Cancel: (Rule("art:11.1", ENDINGS.noticed, also=("art:11.2", *_AT_THE_END)),),
    acts.OperatorTerminate: (Rule("art:13.1", ENDINGS.terminated, also=("art:11.2", *_AT_THE_END)),),
    customer.RequestRouteControl: (Rule("art:10.4", route_control.asked_later),),
    operator.Complaint: (Rule("art:10.4.3.s2", route_control.complained),),
    operator.DeviceEvent: (
        Rule(
            "art:4.1",
            devices.happened,
            also=(
                *(f"art:7.1.{item}" for item in (1, 2, 3)),
                "art:7.2",
                "art:8.1",
                "art:8.2",
                "art:8.2.s2",
                "art:8.3",
                "schedule:1.3.2",
                "art:9.1",
                "art:9.2",
                "schedule:1.3.3",
                "art:9.3",
                "art:9.3.1",
                "art:9.3.2",
                "art:9.3.3",
            ),
        ),
        Rule("art:12.1.s2", devices.caused_by_facts),
        Rule("art:8.2", devices.moved),
    ),
    lent.ClaimRefund: (Rule("art:9.3.2", lent.refunded),),
    operator.Work: (Rule("art:10.2.2.a2", devices.worked, also=("art:10.2.3",)),),
    operator.Provision: (
        Rule("art:4.3", readiness.provided_alive),
        Rule("art:4.1.1", readiness.prepared, also=("art:4.1", "art:4.2", "art:4.3")),
    ),
    acts.CheckReadiness: (Rule("art:4.1", readiness.READINESS.checklist, also=("art:4.1.1", "art:4.2")),),
    operator.ExternalEnded: (Rule("art:11.2", ending.external_ended, also=_AT_THE_END),),
    returns.Ended: (
        Rule("art:7.3", devices.contract_ended),
        Rule("art:11.2", ending.pulled_along, also=("art:13.1", "schedule:2.1")),
    ),
    operator.OptionEnded: (Rule("art:7.3", devices.option_ended),),
    returns.DayCheck: (Rule("art:9.2", devices.not_returned, also=("schedule:1.3.3", "art:7.3")),),
    acts.ReadTerm: (
        Rule("art:2.1", items.first_day),
        Rule("art:2.1.1", billing.term_read, also=("art:2.1.2", "art:10.3", "art:10.5.s2")),
        Rule("art:10.3.s2", options.no_term),
    ),
    acts.ClaimCredit: (
        Rule("art:14.1", CREDITS.claimed, also=("art:14.1.s2", "schedule:3")),
        Rule("art:15.3", credits.not_warranted, also=("art:15.1", "art:15.2", "art:15.4")),
    ),
    customer.AskSupport: (Rule("art:10.2.6.a2", traffic.supported),),
    operator.NetworkEvent: (
        Rule("art:1.1.t4", traffic.mitigated, also=("art:10.2.1.a2",)),
        Rule("art:1.1.t1", traffic.rates, also=("art:1.1.t2", "art:1.1.t5", "art:10.2.5.a2")),
        Rule("art:1.1.t3", traffic.incident),
        Rule("art:1.1.t7", traffic.policy_watched),
        Rule("art:5.1", traffic.target_protected),
        Rule("art:10.2.4.a2", traffic.relearned),
        Rule("art:10.2.8.a2", traffic.other_carrier),
        Rule("art:10.2.9.a2", traffic.way_back),
        Rule("art:15.1", traffic.not_warranted, also=("art:15.2", "art:15.3", "art:15.4")),
        Rule("art:1.1", traffic.alive),
    ),
    acts.MonthClose: (
        Rule("schedule:1.2.1", MONTHS.costs, also=("schedule:1.2.2",)),
        Rule("schedule:1.2.1.t1", fees.month_rows, also=(*rows("1.2.1", 2), "art:12.1.s2")),
        Rule("art:1.1.t6", fees.reports),
        Rule("art:14.1", credits.unclaimed),
    ),
    defending.SetPolicy: (
        Rule("art:10.2.3", policies.set_by),
        Rule("art:1.1.t7", policies.whose, also=("art:5.1", "art:5.2", *_ROWS)),
        Rule("art:1.1", policies.sound, also=_ROWS),
        Rule("art:10.2.4.a2", reaging.approved),
    ),
    defending.Reage: (
        Rule("art:10.2.4.a2", reaging.who, also=_ROWS),
        Rule("art:10.2.4", reaging.ordered, also=("art:10.2.4.a2", "schedule:1.1.2")),
        Rule("art:10.2.4.a2", reaging.period),
    ),
    defending.AttackDetected: (
        Rule("art:1.1", attacks.seen_by_us, also=_ROWS),
        Rule("art:5.2", attacks.detected, also=("art:5.1", *_ROWS)),
        Rule("art:1.1", attacks.new_attack, also=_ROWS),
    ),
    defending.AttackOver: (
        Rule("art:1.1", attacks.seen_by_us, also=_ROWS),
        Rule("art:1.1", attacks.known_attack, also=_ROWS),
    ),
    defending.Mitigate: (
        Rule("art:1.1", defence.allowed_to_ask, also=_ROWS),
        Rule("art:1.1.t4", defence.defends, also=(*_ROWS, "art:10.2.5.a2")),
        Rule("art:5.2", defence.step_allowed, also=("art:5.1", "art:15.2", *_ROWS)),
        Rule("art:15.1", defence.bounded, also=_ROWS),
    ),
    defending.Prolong: (
        Rule("art:1.1", defence.allowed_to_ask, also=_ROWS),
        Rule("art:1.1.t4", defence.defends, also=(*_ROWS, "art:10.2.5.a2")),
        Rule("art:1.1", defence.named_mitigation, also=_ROWS),
        Rule("art:15.1", defence.bounded, also=_ROWS),
    ),
    defending.Release: (
        Rule("art:1.1", defence.allowed_to_ask, also=_ROWS),
        Rule("art:1.1", defence.named_mitigation, also=_ROWS),
    ),
    defending.IncidentStep: (
        Rule("art:1.1.t3", attacks.incident_step, also=_ROWS),
        Rule("art:1.1", attacks.known_attack, also=_ROWS),
    ),
}

SPOKEN: frozenset[str] = frozenset(path for rules in RULES.values() for rule in rules for path in rule.paths)
