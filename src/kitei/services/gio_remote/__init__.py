"""GIO Remote Access: gateways that users connect to from outside, and the networks behind them."""

from kitei.desk import Decision
from kitei.desk.cases import Case
from kitei.service import Service
from kitei.services.gio_remote.application import ACTS, read_act
from kitei.services.gio_remote.conclusion import conclude
from kitei.services.gio_remote.contract import fold
from kitei.services.gio_remote.deadlines import last_days
from kitei.services.gio_remote.decision import decide
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.intent import compile_contracts
from kitei.services.gio_remote.invoice import TARIFF
from kitei.services.gio_remote.observation import availabilities
from kitei.services.gio_remote.spoken import spoken
from kitei.values import Words


def run_case(case: Case) -> Decision:
    """A decided case; its vocabulary is loaded only for those who run cases."""
    from kitei.services.gio_remote.cases import run

    return run(case)


SERVICE = Service(
    name="gio-remote-access",
    title=Words(ja="IIJ GIO リモートアクセス", en="GIO Remote Access"),
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
    deadlines=last_days,
)

__all__ = ["SERVICE"]
