"""A managed DNS: a service of a provider's own, written with nothing but the public names of kitei."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from kitei.desk import Decision, Situation, decide
from kitei.desk.cases import Case
from kitei.ledger.contracts import Contract
from kitei.network import Estate, NodeIntent
from kitei.service import Service
from kitei.terms import Spoken
from kitei.values import Words
from kitei.watch import Availability
from managed_dns.acts import ACTS, read_act
from managed_dns.conclusion import conclude
from managed_dns.contract import fold
from managed_dns.edition import TERMS
from managed_dns.invoice import TARIFF
from managed_dns.rules import RULES, SPOKEN, deadlines


def decide_act(asked: Any, situation: Situation, at: datetime) -> Decision:
    return decide(asked, RULES[type(asked)], situation, at)


def no_nodes(contracts: Sequence[Contract], estate: Estate, on: date) -> Sequence[NodeIntent]:
    """The name servers of this example are run by others: contracts ask nothing of our nodes."""
    return ()


def no_watch(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """Nor do our nodes see whether a zone is answered: people record its outages."""
    return {}


def spoken() -> Spoken:
    return Spoken(rules=SPOKEN, deadlines=frozenset({"art:9.1"}))


def run_case(case: Case) -> Decision:
    from managed_dns.cases import run  # only who runs cases loads their vocabulary

    return run(case)


SERVICE = Service(
    name="managed-dns",
    title=Words(ja="マネージド DNS", en="Managed DNS"),
    terms=TERMS,
    acts=ACTS,
    read=read_act,
    decide=decide_act,
    conclude=conclude,
    fold=fold,
    compile=no_nodes,
    observe=no_watch,
    tariff=TARIFF,
    spoken=spoken,
    run_case=run_case,
    deadlines=deadlines,
)

__all__ = ["SERVICE"]
