"""Which rules speak on which act: one provision, one function."""

from collections.abc import Mapping
from typing import Any

from kitei.clauses import acts, billing
from kitei.clauses.who import operators_alone
from kitei.desk import Rule, Situation
from kitei.services.auth_outsource import application as customer
from kitei.services.auth_outsource import operation as operator
from kitei.services.auth_outsource.rules import (
    batch,
    changes,
    fees,
    gateway,
    limits,
    lines,
    options,
    readiness,
    settings,
    terminals,
    traffic,
)
from kitei.services.auth_outsource.rules.ending import ENDINGS
from kitei.services.auth_outsource.rules.fees import MONTHS
from kitei.services.auth_outsource.rules.limits import CREDITS

AnyRule = Rule[Any, Situation]

_LINES = ("art:5.3", "art:5.4", "art:5.5")
_SETTLING = ("art:11.1", "art:11.2", "schedule:2.1", "schedule:2.2")
_PREPARED = tuple(f"art:5.6.{number}" for number in range(1, 8))

APPLYING: tuple[AnyRule, ...] = (
    Rule("art:1.1", batch.known_kind),
    Rule("art:2.1", batch.known_item),
    Rule("art:4.1", batch.one_kind_a_contract),
    Rule("art:5.1", batch.whole_sets),
    Rule("art:5.2", terminals.one_terminal_each, also=("art:1.1.t1",)),
    Rule("art:5.3", lines.lines_held, also=("art:5.4", "art:5.5")),
    Rule("art:14.3", gateway.applied_for, also=("art:14.4",)),
    Rule("art:5.6.1", batch.own_realm),
    Rule("art:6.1", terminals.not_together),
    Rule("art:7.1.1", batch.accounts_fit),
    Rule("art:8.2", options.options_of_batch, also=("art:8.1", "art:8.2.1", "art:8.3", "schedule:1.1.2")),
    Rule("art:3.1", fees.terms_to_come),
    Rule("schedule:1.1.1", fees.initial_fees, also=("art:10.1.s2",)),
)

RULES: Mapping[type, tuple[AnyRule, ...]] = {
    customer.Apply: APPLYING,
    customer.Prepare: (
        Rule(
            "art:5.6.1",
            settings.prepares,
            also=("art:5.6.2", "art:5.6.3", "art:5.6.5", "art:5.6.6", "art:7.1.1", "art:7.1.2"),
        ),
    ),
    acts.StartBilling: (
        Rule("art:10.1.s2", operators_alone("art:10.1.s2")),
        Rule(
            "schedule:1.2.1",
            fees.billing_begins,
            also=("schedule:1.2.2", "art:10.1.s2", "art:3.1", "art:8.3"),
        ),
    ),
    customer.AddOption: (
        Rule("art:8.2", options.added_option, also=("art:8.1", "art:8.2.1", "art:8.2.1.a2", "art:8.3")),
        Rule("schedule:1.1.2", options.added_option_fee, also=("art:10.1.s2",)),
    ),
    acts.StopOption: (Rule("art:8.4", ENDINGS.stopped, also=("art:11.2", "schedule:2.2")),),
    customer.Change: (
        Rule("art:7.1", changes.changed_by_customer),
        Rule("art:7.1.2", changes.changeable, also=("art:7.1", "art:7.1.1")),
        Rule("schedule:1.3.1", changes.change_fee, also=("art:10.1.s2",)),
    ),
    customer.TakeService: (Rule("art:14.3", gateway.service_taken, also=("art:14.1", "art:14.4")),),
    operator.LoseService: (Rule("art:5.3", lines.service_lost, also=("art:5.4", "art:5.5")),),
    acts.Cancel: (Rule("art:9.1", ENDINGS.noticed, also=_SETTLING),),
    acts.OperatorTerminate: (Rule("art:11.1", ENDINGS.terminated, also=_SETTLING),),
    acts.ClaimCredit: (Rule("art:12.1", CREDITS.claimed, also=("art:12.1.s2", "schedule:3")),),
    customer.ClaimWarranty: (Rule("art:13.1", limits.not_warranted, also=("art:13.1.1", "art:13.1.2")),),
    operator.ExplainOutage: (
        Rule("art:12.1", operators_alone("art:12.1")),
        Rule("art:12.1", limits.explained),
    ),
    operator.LimitFunction: (
        Rule("art:14.1", operators_alone("art:14.1")),
        Rule("art:14.1", limits.limited, also=("art:14.2",)),
    ),
    acts.Provision: (
        Rule("art:5.7", readiness.READINESS.prepared, also=("art:5.6", *_PREPARED)),
        Rule("art:14.3", gateway.kept_apart, also=("art:14.4",)),
    ),
    acts.CheckReadiness: (Rule("art:5.6", readiness.READINESS.checklist),),
    acts.ReadTerm: (Rule("art:3.1", billing.term_read, also=("art:8.3",)),),
    operator.DayCheck: (
        Rule("art:5.1", lines.still_eligible, also=_LINES),
        Rule("art:14.3", gateway.kept_apart, also=("art:14.4",)),
    ),
    acts.MonthClose: (
        Rule("schedule:1.2.1", MONTHS.costs, also=("schedule:1.2.2",)),
        Rule("art:10.1.s2", fees.not_yet_owed),
    ),
    operator.NetworkEvent: (
        Rule("art:1.1.t1", traffic.requested, also=("art:1.1.t3", "art:1.1.t4")),
        Rule(
            "art:1.1.t2",
            traffic.dialled,
            also=("art:2.1.t1", "art:2.1.t2", "art:2.1.t3", "art:8.2.1.a2"),
        ),
        Rule("art:14.2", traffic.within_caps),
        Rule("art:7.1.1", traffic.grown),
    ),
}

SPOKEN: frozenset[str] = frozenset(path for rules in RULES.values() for rule in rules for path in rule.paths)
