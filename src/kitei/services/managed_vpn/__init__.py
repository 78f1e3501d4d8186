"""Managed VPN PRO: sites of a customer joined into VPN networks, each with a parent and its children."""

from kitei.desk import Decision
from kitei.desk.cases import Case
from kitei.service import Service
from kitei.services.managed_vpn.application import ACTS, read_act
from kitei.services.managed_vpn.conclusion import conclude
from kitei.services.managed_vpn.contract import fold
from kitei.services.managed_vpn.decision import decide
from kitei.services.managed_vpn.edition import TERMS
from kitei.services.managed_vpn.intent import compile_contracts
from kitei.services.managed_vpn.invoice import TARIFF
from kitei.services.managed_vpn.observation import availabilities
from kitei.services.managed_vpn.spoken import spoken
from kitei.values import Words


def run_case(case: Case) -> Decision:
    """A decided case; its vocabulary is loaded only for those who run cases."""
    from kitei.services.managed_vpn.cases import run

    return run(case)


SERVICE = Service(
    name="managed-vpn-pro",
    title=Words(ja="マネージド VPN PRO", en="Managed VPN PRO"),
    terms=TERMS,
    acts=ACTS,
    read=read_act,
    decide=decide,
    conclude=conclude,
    fold=fold,
    compile=compile_contracts,
    observe=availabilities,
    tariff=TARIFF,
    spoken=spoken,
    run_case=run_case,
)

__all__ = ["SERVICE"]
