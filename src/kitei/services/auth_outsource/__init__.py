"""Authentication Outsource: logins of a customer's realm answered or forwarded, and VPDN to its own network."""

from kitei.desk import Decision
from kitei.desk.cases import Case
from kitei.service import Service
from kitei.services.auth_outsource.application import ACTS, read_act
from kitei.services.auth_outsource.conclusion import conclude
from kitei.services.auth_outsource.contract import fold
from kitei.services.auth_outsource.decision import decide
from kitei.services.auth_outsource.edition import TERMS
from kitei.services.auth_outsource.intent import compile_contracts
from kitei.services.auth_outsource.invoice import TARIFF
from kitei.services.auth_outsource.observation import availabilities
from kitei.services.auth_outsource.spoken import spoken
from kitei.values import Words


def run_case(case: Case) -> Decision:
    """A decided case; its vocabulary is loaded only for those who run cases."""
    from kitei.services.auth_outsource.cases import run

    return run(case)


SERVICE = Service(
    name="auth-outsource",
    title=Words(ja="認証アウトソース", en="Authentication Outsource"),
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
