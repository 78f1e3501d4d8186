"""GIO Remote Access: gateways that users connect to from outside, and the networks behind them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from kitei.desk import Decision
from kitei.desk.cases import Case
from kitei.ledger.contracts import Contract
from kitei.network import NodeIntent
from kitei.service import Service
from kitei.services.gio_remote.application import ACTS, read_act
from kitei.services.gio_remote.conclusion import conclude
from kitei.services.gio_remote.contract import fold
from kitei.services.gio_remote.decision import decide
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.invoice import TARIFF
from kitei.services.gio_remote.spoken import spoken
from kitei.values import Words
from kitei.watch import Availability


def run_case(case: Case) -> Decision:
    """A decided case; its vocabulary is loaded only for those who run cases."""
    from kitei.services.gio_remote.cases import run

    return run(case)


def builds_nothing(contracts: Sequence[Contract], estate: Any, on: date) -> Sequence[NodeIntent]:
    """Gateways are not built by this program yet; their contracts are only kept."""
    return ()


def watches_nothing(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """What is not built is not watched; outages are recorded by people."""
    return {}


SERVICE = Service(
    name="gio-remote-access",
    title=Words(ja="IIJ GIO リモートアクセス", en="GIO Remote Access"),
    terms=TERMS,
    acts=ACTS,
    read=read_act,
    decide=decide,
    conclude=conclude,
    fold=fold,
    compile=builds_nothing,
    observe=watches_nothing,
    tariff=TARIFF,
    spoken=spoken,
    run_case=run_case,
)

__all__ = ["SERVICE"]
