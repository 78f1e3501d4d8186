"""The commands by name. Each module is loaded only when its command is called: start-up stays short."""

import click

from kitei.cli.speak import LazyGroup, here
from kitei.values import Words

COMMANDS = {
    "apply": "acts",
    "decide": "decide",
    "order": "acts",
    "cancel": "acts",
    "claim": "acts",
    "ask": "acts",
    "answer": "answers",
    "contract": "contracts",
    "due": "due",
    "plan": "network",
    "apply-plan": "network",
    "status": "network",
    "outages": "outages",
    "trouble": "outages",
    "withdraw": "outages",
    "cause": "outages",
    "why": "network",
    "bill": "money",
    "ledger": "books",
    "terms": "terms",
    "cases": "cases",
    "node": "nodes",
    "controller": "nodes",
    "access": "access",
    "radius": "radius",
    "remote": "remote",
    "ddos": "ddos",
    "demo": "demo",
    "completion": "completion",
}


_HELP = Words(
    ja="規程が動く: 契約が入り、網が立ち、請求が出る。",
    en="Service terms that run: contract in, network up, invoice out.",
)


@click.group(cls=LazyGroup, modules=COMMANDS, help=_HELP.to(here()))
@click.version_option(package_name=None, version="0.1.0", prog_name="kitei")
def kitei() -> None:
    pass
