"""Which rules speak on which act: one provision, one function."""

from collections.abc import Mapping
from typing import Any

from kitei.clauses import acts, billing
from kitei.clauses.who import operators_alone
from kitei.desk import Rule, Situation
from kitei.services.gio_remote import application as customer
from kitei.services.gio_remote import operation as operator
from kitei.services.gio_remote.rules import (
    abolition,
    access,
    addresses,
    batch,
    changes,
    credits,
    eligibility,
    fees,
    legacy,
    options,
    readiness,
    support,
    traffic,
    upkeep,
    warranty,
)
from kitei.services.gio_remote.rules.credits import CREDITS
from kitei.services.gio_remote.rules.ending import ENDINGS
from kitei.services.gio_remote.rules.fees import MONTHS

AnyRule = Rule[Any, Situation]

APPLYING: tuple[AnyRule, ...] = (
    Rule("art:1.1", batch.known_kind),
    Rule("art:2.1", batch.known_item),
    Rule("art:4.1", batch.one_kind_a_contract),
    Rule("art:5.2", addresses.addresses_asked, also=("art:5.1", "art:5.3", "art:1.1.t1")),
    Rule("art:6.1", eligibility.l2tp_asked, also=("art:2.1.t2", "art:1.1.t2")),
    Rule("art:7.1", batch.one_of_each_kind),
    Rule("art:7.2", batch.third_party_browser),
    Rule("art:7.4", readiness.environment_asked, also=("art:7.5",)),
    Rule("art:8.1", batch.agreed_numbers, also=("art:8.1.1", "art:8.1.2")),
    Rule("art:9.2", options.options_asked),
    Rule("art:11.1", abolition.on_offer, also=("art:9.4",)),
    Rule("art:13.1", warranty.amounts),
    Rule("art:16.1", warranty.not_promised, also=warranty.NOT_PROMISED[1:]),
    Rule("schedule:1.1.1", fees.initial_fees, also=("art:13.1.s2",)),
    Rule("schedule:1.1.2", fees.option_fees, also=("art:13.1.s2", "schedule:1.3.1")),
)

_AT_THE_END = ("art:14.1", "art:14.2", "schedule:2.1", "schedule:2.2")
_OPTIONS = ("art:9.1", "art:9.2.1", "art:9.2.2", "art:9.2.3", "art:9.2.4", "art:9.3", "art:9.5")

RULES: Mapping[type, tuple[AnyRule, ...]] = {
    customer.Apply: APPLYING,
    acts.StartBilling: (
        Rule("art:13.1.s2", operators_alone("art:13.1.s2")),
        Rule("schedule:1.2.1", billing.billing_begins, also=("schedule:1.2.2", "art:13.1.s2", "art:3.1")),
    ),
    customer.AddOption: (
        Rule("art:9.2", options.added_option, also=_OPTIONS),
        Rule("art:9.4", abolition.option_on_offer),
        Rule("art:13.1", warranty.amounts),
        Rule("schedule:1.1.2", fees.added_option_fee, also=("schedule:1.3.1", "art:13.1.s2")),
    ),
    acts.StopOption: (Rule("art:9.6", ENDINGS.stopped, also=("art:14.2", "schedule:2.2")),),
    customer.Change: (
        Rule("art:8.1", changes.changed_by_customer),
        Rule("art:8.1.1", changes.changed_number, also=("art:8.1.2",)),
        Rule("art:8.1.3", changes.designated_matter),
        Rule("art:13.1.s2", fees.change_costs),
    ),
    customer.UseL2tp: (Rule("art:6.1", eligibility.l2tp_wanted, also=("art:2.1.t2", "art:1.1.t2")),),
    customer.Designate: (Rule("art:5.2", addresses.designation, also=("art:5.1", "art:5.3", "art:1.1.t1")),),
    customer.DiscloseEnvironment: (Rule("art:7.4", readiness.disclosed),),
    acts.Cancel: (
        Rule("art:12.1", ENDINGS.noticed, also=(*_AT_THE_END, "art:7.1")),
        Rule("suppl:2013-02-01.2", legacy.one_of_ours),
    ),
    acts.OperatorTerminate: (Rule("art:14.1", ENDINGS.terminated, also=_AT_THE_END),),
    operator.ThirdPartyEnds: (
        Rule("art:11.1", operators_alone("art:11.1")),
        Rule("art:11.1", abolition.ends, also=("art:9.4", *_AT_THE_END)),
    ),
    acts.ClaimCredit: (
        Rule("art:15.1", CREDITS.claimed, also=("art:15.1.s2", "schedule:3")),
        Rule("art:16.1.1", warranty.not_always, also=("art:16.1",)),
        Rule("art:16.2.1", credits.excused, also=("art:17.1", "art:17.2")),
    ),
    operator.ExplainOutage: (
        Rule("art:16.2", operators_alone("art:16.2")),
        Rule("art:16.2.1", credits.explained, also=("art:17.1", "art:17.2")),
    ),
    customer.GetSoftware: (Rule("art:10.1", support.software, also=("art:10.2",)),),
    customer.RequestSupport: (
        Rule("art:9.2.2", support.supported, also=("art:9.2.4", "schedule:1.3.1", "art:16.2.1")),
    ),
    acts.Provision: (
        Rule("art:7.5", operators_alone("art:7.5")),
        Rule("art:7.1", readiness.still_whole),
        Rule("art:7.3", readiness.READINESS.prepared, also=("art:7.5",)),
        Rule("art:7.4", readiness.settings_disclosed, also=("art:7.5",)),
    ),
    acts.CheckReadiness: (Rule("art:7.3", readiness.READINESS.checklist),),
    acts.ReadTerm: (Rule("art:3.1", billing.term_read, also=("art:9.5",)),),
    operator.Evaluate: (Rule("suppl:2013-02-01.2", legacy.evaluated, also=("suppl:dates",)),),
    customer.CountTowards: (Rule("suppl:2013-02-01.2", legacy.counted_towards),),
    operator.DayCheck: (
        Rule("art:7.3", readiness.day_brings, also=("art:6.1", "art:9.3")),
        Rule("art:7.1", readiness.still_whole),
        Rule("art:7.4", readiness.settings_disclosed, also=("art:7.5",)),
    ),
    acts.MonthClose: (
        Rule("art:13.1", warranty.amounts),
        Rule("schedule:1.2.1", MONTHS.costs, also=("schedule:1.2.2",)),
    ),
    operator.CapacityObserved: (
        Rule("art:18.1", operators_alone("art:18.1")),
        Rule("art:18.1", upkeep.observed, also=("art:18.1.s2", "art:18.1.s3")),
    ),
    operator.ChangeSettings: (
        Rule("art:19.1", operators_alone("art:19.1")),
        Rule("art:19.1", upkeep.settings_changed, also=("art:16.2.1",)),
        Rule("art:19.1.s2", upkeep.notified_before),
    ),
    operator.NetworkEvent: (
        Rule("art:12.1", traffic.alive),
        Rule("art:2.1.t1", access.tunnelled, also=("art:6.1", "art:2.1.t2")),
        Rule("art:2.1.t2", access.browsed, also=("art:7.2",)),
        Rule("art:8.1.1", traffic.counted_sessions),
        Rule("art:8.1.2", traffic.counted_accounts),
        Rule("art:9.2.1.a2", access.named),
        Rule("art:9.2.3.a2", access.logged_in),
        Rule("art:17.2", traffic.hindered, also=("art:17.1", "art:16.2.1")),
        Rule("art:1.1.t1", traffic.carried, also=("art:1.1.t2", "art:5.1", "art:5.2", "art:5.3")),
    ),
}

SPOKEN: frozenset[str] = frozenset(path for rules in RULES.values() for rule in rules for path in rule.paths)
