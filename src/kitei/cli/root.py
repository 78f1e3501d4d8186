"""The commands by name. Each module is loaded only when its command is called: start-up stays short."""

import importlib
from typing import Any

import click

from kitei.cli.speak import here
from kitei.values import Words

COMMANDS = {
    "apply": "acts",
    "decide": "acts",
    "order": "acts",
    "cancel": "acts",
    "claim": "acts",
    "answer": "acts",
    "contract": "contracts",
    "due": "contracts",
    "plan": "network",
    "apply-plan": "network",
    "status": "network",
    "why": "network",
    "bill": "money",
    "ledger": "books",
    "terms": "books",
    "cases": "cases",
    "node": "nodes",
    "controller": "nodes",
    "demo": "demo",
    "completion": "completion",
}


class Root(click.Group):
    """Finds a command's module by its name in COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"kitei.cli.{COMMANDS[cmd_name]}")
        found: Any = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found


_HELP = Words(
    ja="規程が動く: 契約が入り、網が立ち、請求が出る。",
    en="Service terms that run: contract in, network up, invoice out.",
)


@click.group(cls=Root, help=_HELP.to(here()))
@click.version_option(package_name=None, version="0.1.0", prog_name="kitei")
def kitei() -> None:
    pass
