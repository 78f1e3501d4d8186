"""Which rules speak on which act: one provision, one function."""

from collections.abc import Mapping
from typing import Any

from kitei.clauses import acts, billing
from kitei.clauses.who import operators_alone
from kitei.desk import Rule, Situation
from kitei.services.secure_access import application as customer
from kitei.services.secure_access import operation as operator
from kitei.services.secure_access import using as using_acts
from kitei.services.secure_access.rules import (
    batch,
    changes,
    credits,
    eligibility,
    ending,
    fees,
    months,
    options,
    readiness,
    traffic,
    transition,
    using,
)

AnyRule = Rule[Any, Situation]

_MONTHLY_ROWS = tuple(f"schedule:1.2.1.t{row}" for row in range(1, 6))
_PREPARATIONS = ("art:7.1.1", "art:7.1.2", "art:7.1.3")
_AT_THE_END = ("art:6.1", "art:13.1", "art:13.2", "schedule:2.1", "schedule:2.2")

RULES: Mapping[type, tuple[AnyRule, ...]] = {
    customer.Apply: (
        Rule("art:1.1", batch.known_kind),
        Rule("art:2.1", batch.known_item),
        Rule("art:2.1.t2", batch.known_tunnel),
        Rule("art:4.1", batch.one_kind_a_contract),
        Rule("art:5.1", batch.enough_accounts),
        Rule("art:4.2", batch.within_limit, also=("art:4.3",)),
        Rule("art:6.1", eligibility.gateway_or_firewall),
        Rule("art:2.1.t1.a2", eligibility.backbone, also=("art:1.1.t4",)),
        Rule("art:9.2", batch.options_wanted, also=("art:6.2", "art:9.1", "art:9.3", "art:9.3.s2")),
        Rule("schedule:1.1.1", fees.initial_fees, also=("art:12.1", "art:12.1.s2", "schedule:1.1.2")),
    ),
    acts.StartBilling: (
        Rule("art:12.1.s2", operators_alone("art:12.1.s2")),
        Rule(
            "schedule:1.2.1",
            fees.billing_begins,
            also=("art:12.1.s2", "art:3.1", "art:9.3", "schedule:1.2.2", *_MONTHLY_ROWS),
        ),
    ),
    customer.AddOption: (
        Rule(
            "art:9.2",
            options.added_option,
            also=("art:6.2", "art:9.1", "art:9.2.1", "art:9.2.2", "art:9.3", "art:9.3.s2"),
        ),
        Rule(
            "schedule:1.1.2",
            options.added_option_fees,
            also=("schedule:1.1.2.t1", "schedule:1.1.2.t2", "schedule:1.2.2.t1", "schedule:1.2.2.t2"),
        ),
    ),
    acts.StopOption: (Rule("art:9.4", ending.stopped, also=("art:13.2", "schedule:2.2")),),
    customer.Change: (
        Rule("art:8.1", changes.by_customer),
        Rule("art:8.1.1", changes.accounts_changed, also=("art:5.1",)),
        Rule("art:8.1.2", changes.designated),
        Rule("art:12.1.s2", changes.change_fee),
    ),
    acts.Cancel: (Rule("art:11.1", ending.noticed, also=_AT_THE_END),),
    acts.OperatorTerminate: (Rule("art:13.1", ending.terminated, also=_AT_THE_END),),
    customer.DiscloseEnvironment: (Rule("art:7.2", readiness.disclosed),),
    customer.KeepSandbox: (Rule("suppl:2026-04-01.2", transition.wished),),
    operator.Evaluate: (Rule("suppl:2026-04-01.2", transition.evaluated, also=("suppl:dates",)),),
    customer.GetSoftware: (Rule("art:10.1", readiness.software_offered, also=("art:10.2",)),),
    customer.UseSoftware: (Rule("art:10.2", readiness.software_used, also=("art:10.1",)),),
    customer.ChangeSettings: (Rule("art:15.2.1", readiness.settings_changed),),
    using_acts.SetPolicy: (
        Rule("art:7.1.1", using.decided, also=("art:15.2.1",)),
        Rule("art:5.1", using.named),
    ),
    using_acts.AddAccount: (Rule("art:5.1", using.added),),
    using_acts.RemoveAccount: (Rule("art:5.1", using.removed),),
    using_acts.EnrolDevice: (Rule("art:2.1.t2", using.enrolled, also=("art:5.1", "art:7.1.3")),),
    using_acts.RevokeDevice: (Rule("art:2.1.t2", using.revoked, also=("art:15.2.1",)),),
    acts.ClaimCredit: (
        Rule("art:14.1", credits.CREDITS.claimed, also=("art:14.1.s2", "schedule:3")),
        Rule(
            "art:15.2.2",
            credits.not_warranted,
            also=("art:15.1", "art:15.1.1", "art:15.1.2", "art:15.2", "art:16.1", "art:16.2"),
        ),
    ),
    operator.ExplainOutage: (
        Rule("art:15.2", operators_alone("art:15.2")),
        Rule("art:15.2.2", credits.explained, also=("art:15.2.1",)),
    ),
    acts.Provision: (
        Rule("art:7.3", operators_alone("art:7.3")),
        Rule("art:7.3", readiness.READINESS.prepared, also=("art:7.1", *_PREPARATIONS)),
        Rule("art:7.2", readiness.environment_told),
    ),
    operator.DayCheck: (
        Rule("art:6.1", eligibility.rests_on, also=("art:2.1.t1.a2",)),
        Rule("art:7.2", readiness.still_told, also=("art:7.3",)),
    ),
    operator.OtherServiceEnds: (
        Rule("art:2.1.t1.a2", operators_alone("art:2.1.t1.a2")),
        Rule("art:2.1.t1.a2", eligibility.backbone_ends),
    ),
    acts.CheckReadiness: (
        Rule("art:7.1", readiness.READINESS.checklist, also=_PREPARATIONS),
        Rule("art:7.2", readiness.environment_listed),
    ),
    acts.ReadTerm: (Rule("art:3.1", billing.term_read, also=("art:9.3", "art:9.3.s2")),),
    acts.MonthClose: (Rule("schedule:1.2.1", months.costs, also=("schedule:1.2.2", *_MONTHLY_ROWS)),),
    operator.NetworkEvent: (
        Rule("art:1.1", traffic.served),
        Rule("art:1.1.t1", traffic.proxied, also=("art:9.2.2",)),
        Rule("art:9.2.1", traffic.leaves),
        Rule("art:1.1.t2", traffic.filtered, also=("art:1.1.t3",)),
        Rule("art:1.1.t5", traffic.connected, also=("art:2.1.t2", "art:10.1")),
        Rule("art:16.2", traffic.limited, also=("art:16.1", "art:15.2.1", "art:15.2.2")),
        Rule("art:1.1.t4", traffic.joined, also=("art:2.1.t1", "art:2.1.t1.a2")),
    ),
}

SPOKEN: frozenset[str] = frozenset(path for rules in RULES.values() for rule in rules for path in rule.paths)
