"""`kitei completion`: shell completion, to be evaluated by the shell's start-up file."""

import click
from click.shell_completion import get_completion_class

from kitei.cli.speak import Command, Fault
from kitei.values import Words


@click.command(
    "completion",
    cls=Command,
    words=Words("シェルの補完(eval して使う)", "Shell completion, to be evaluated by your shell."),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    from kitei.cli.root import kitei

    found = get_completion_class(shell)
    if found is None:
        raise Fault(Words(f"{shell} の補完はありません", f"there is no completion for {shell}"))
    click.echo(found(kitei, {}, "kitei", "_KITEI_COMPLETE").source())
