"""DDoS Protection: a customer's addresses are watched for floods, and clean traffic is returned."""

from kitei.desk import Decision
from kitei.desk.cases import Case
from kitei.service import Service
from kitei.services.ddos.application import ACTS, read_act
from kitei.services.ddos.conclusion import conclude
from kitei.services.ddos.contract import fold
from kitei.services.ddos.deadlines import deadlines
from kitei.services.ddos.decision import decide
from kitei.services.ddos.edition import TERMS
from kitei.services.ddos.intent import compile_contracts
from kitei.services.ddos.invoice import TARIFF
from kitei.services.ddos.observation import availabilities
from kitei.services.ddos.spoken import spoken
from kitei.values import Words


def run_case(case: Case) -> Decision:
    """A decided case; its vocabulary is loaded only for those who run cases."""
    from kitei.services.ddos.cases import run

    return run(case)


SERVICE = Service(
    name="ddos-protection",
    title=Words(ja="DDoS プロテクション", en="DDoS Protection"),
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
)

__all__ = ["SERVICE"]
