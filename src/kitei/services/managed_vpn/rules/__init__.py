"""Which rules speak on which act: one provision, one function."""

from collections.abc import Mapping
from typing import Any

from kitei.clauses import acts, billing, returns
from kitei.clauses import devices as lent
from kitei.clauses.who import operators_alone
from kitei.desk import Rule, Situation
from kitei.services.managed_vpn import application as customer
from kitei.services.managed_vpn import operation as operator
from kitei.services.managed_vpn.rules import (
    addresses,
    changes,
    devices,
    fees,
    legacy,
    months,
    networks,
    options,
    readiness,
    settings,
    sites,
    traffic,
)
from kitei.services.managed_vpn.rules.credits import CREDITS
from kitei.services.managed_vpn.rules.ending import ENDINGS
from kitei.services.managed_vpn.rules.months import MONTHS

AnyRule = Rule[Any, Situation]

APPLYING: tuple[AnyRule, ...] = (
    Rule("art:1.1", sites.known_kind),
    Rule("art:2.1", sites.known_item),
    Rule("art:2.1.t1", sites.device_count, also=("art:2.1.t2", "art:2.1.t3")),
    Rule("art:3.1", sites.known_device_type),
    Rule("art:3.1.t1", sites.known_models),
    Rule("art:4.1", sites.known_maintenance, also=("suppl:2010-02-01.2", "suppl:2010-04-01.2")),
    Rule("art:5.1", sites.known_term),
    Rule("art:6.1", sites.one_site_a_contract),
    Rule("art:7.1", addresses.ipv4_only, also=("art:7.2", "art:22.2")),
    Rule("art:7.3", addresses.no_overlap),
    Rule(
        "art:8.1",
        networks.whole_networks,
        also=("art:1.1.t1", "art:1.1.t2", "art:2.1.t4.a2", "art:10.1", "art:10.2"),
    ),
    Rule("art:12.1", sites.operator_chooses),
    Rule("art:17.2", options.options_of_sites),
    Rule("art:22.4", networks.one_network_a_site, also=("art:22.3",)),
    Rule("schedule:1.1.1", fees.initial_fees, also=("art:19.1.s2",)),
)

_AT_THE_END = ("art:8.1", "art:14.3", "art:20.1", "art:20.2", "schedule:2.1", "schedule:2.2")

RULES: Mapping[type, tuple[AnyRule, ...]] = {
    customer.Apply: APPLYING,
    acts.StartBilling: (
        Rule("art:19.1.s2", operators_alone("art:19.1.s2")),
        Rule("schedule:1.2.1", billing.billing_begins, also=("schedule:1.2.2", "art:19.1.s2")),
    ),
    customer.AddOption: (
        Rule(
            "art:17.2",
            options.added_option,
            also=(
                "art:17.1",
                "art:17.2.1",
                "art:17.2.2",
                "art:17.2.3",
                "art:17.2.4",
                "art:17.2.5",
                "art:17.2.6",
                "art:17.3",
            ),
        ),
        Rule("schedule:1.1.2", options.added_option_fee),
    ),
    acts.StopOption: (Rule("art:17.4", ENDINGS.stopped, also=("art:20.2", "schedule:2.2")),),
    customer.Change: (
        Rule("art:9.1", changes.changed_by_customer),
        Rule("art:9.2", changes.unchangeable),
        Rule("schedule:4", changes.device_pair, also=("art:9.1", "art:9.2")),
        Rule("art:5.2", changes.restarted_term, also=("art:17.3.s2",)),
        Rule("schedule:1.3.2", changes.change_fee),
        Rule("art:14.3", changes.old_device_back),
    ),
    acts.Cancel: (Rule("art:18.1", ENDINGS.noticed, also=_AT_THE_END),),
    acts.OperatorTerminate: (Rule("art:20.1", ENDINGS.terminated, also=_AT_THE_END),),
    customer.WorkOrder: (
        Rule("art:10.1", settings.authority, also=("art:10.2", "art:10.3")),
        Rule("art:10.1", settings.sites_live),
        Rule("art:7.1", addresses.work_addresses, also=("art:7.2", "art:7.3", "art:22.2")),
        Rule("art:7.2", settings.removed_lans),
        Rule("art:22.3", settings.tunnels, also=("art:22.1", "art:22.4")),
        Rule(
            "schedule:1.3.3",
            settings.work_fee,
            also=("art:10.4", "schedule:1.3.3.t1", "schedule:1.3.3.t2"),
        ),
    ),
    operator.DeviceEvent: (
        Rule("art:14.1.1", lent.careful_use, also=("art:14.1.2", "art:14.1.3")),
        Rule("art:14.2", lent.damaged),
        Rule("art:15.2", lent.failed, also=("art:15.1", "art:15.2.s2", "art:15.3", "schedule:1.3.4")),
        Rule("art:16.2", lent.lost, also=("art:16.1", "schedule:1.3.5")),
        Rule("art:16.3.2", lent.found, also=("art:16.3",)),
        Rule("art:17.2.2", devices.spare),
        Rule("art:12.1", devices.assigned),
    ),
    operator.Visit: (
        Rule("art:13.1", operators_alone("art:13.1")),
        Rule("schedule:1.3.6", months.visited, also=("schedule:1.3.1",)),
    ),
    acts.ClaimCredit: (Rule("art:21.1", CREDITS.claimed, also=("art:21.1.s2", "schedule:3")),),
    operator.Disclose: (Rule("art:11.1", readiness.may_be_told),),
    customer.Install: (Rule("art:13.1", readiness.installs),),
    customer.RequestInstallation: (Rule("art:13.1", readiness.asks_operator),),
    operator.DemandInstallation: (Rule("art:13.1.s2", readiness.asks_customer),),
    operator.Provision: (
        Rule("art:8.1", readiness.provided_alive),
        Rule("art:8.2", readiness.prepared, also=("art:8.2.4", "art:8.4")),
        Rule("art:8.3", readiness.settings_disclosed),
    ),
    acts.CheckReadiness: (Rule("art:8.2", readiness.READINESS.checklist),),
    lent.ClaimRefund: (Rule("art:16.3.2", lent.refunded),),
    acts.ReadTerm: (Rule("art:5.1", billing.term_read, also=("art:5.2", "art:17.3", "art:17.3.s2")),),
    operator.Evaluate: (
        Rule("suppl:2010-02-01.3", legacy.evaluated, also=("suppl:2010-02-01.3.s2", "suppl:2010-04-01.3")),
    ),
    customer.KeepMaintenance: (Rule("suppl:2010-02-01.3", legacy.kept_maintenance),),
    customer.ClaimOldPrice: (Rule("suppl:2010-02-01.3", legacy.old_price),),
    returns.Ended: (Rule("art:14.3", returns.ended),),
    returns.DayCheck: (Rule("art:16.2", returns.not_returned, also=("schedule:1.3.5",)),),
    acts.MonthClose: (Rule("schedule:1.2.1", MONTHS.costs, also=("schedule:1.2.2",)),),
    operator.NetworkEvent: (
        Rule("art:7.2", traffic.carried, also=("art:7.3",)),
        Rule("art:17.2.3", traffic.watched),
    ),
}

SPOKEN: frozenset[str] = frozenset(path for rules in RULES.values() for rule in rules for path in rule.paths)
