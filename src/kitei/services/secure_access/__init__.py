"""Secure Access: Web gateways and firewalls of a customer, by account, and the ways to reach them."""

from kitei.desk import Decision
from kitei.desk.cases import Case
from kitei.service import Service
from kitei.services.secure_access.application import ACTS, read_act
from kitei.services.secure_access.conclusion import conclude
from kitei.services.secure_access.contract import fold
from kitei.services.secure_access.deadlines import deadlines
from kitei.services.secure_access.decision import decide
from kitei.services.secure_access.edition import TERMS
from kitei.services.secure_access.intent import compile_contracts
from kitei.services.secure_access.invoice import TARIFF
from kitei.services.secure_access.observation import availabilities
from kitei.services.secure_access.spoken import spoken
from kitei.values import Words


def run_case(case: Case) -> Decision:
    """A decided case; its vocabulary is loaded only for those who run cases."""
    from kitei.services.secure_access.cases import run

    return run(case)


SERVICE = Service(
    name="secure-access",
    title=Words(ja="セキュアアクセス", en="Secure Access"),
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
    deadlines=deadlines,
    apart=frozenset({"apply"}),
)

__all__ = ["SERVICE"]
