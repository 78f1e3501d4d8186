"""How the command line speaks: two languages, people or programs, and errors that say what is right.

The language is that of `--lang`, else of KITEI_LANG, else of the locale; help is in it too.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from kitei.values import Json, Language, Words


def language_of(argv: Sequence[str], environ: Mapping[str, str]) -> Language:
    """Which language to speak, before anything else is known (help needs it first)."""
    for index, word in enumerate(argv):
        if word == "--lang" and index + 1 < len(argv):
            return "ja" if argv[index + 1] == "ja" else "en"
        if word.startswith("--lang="):
            return "ja" if word == "--lang=ja" else "en"
    for name in ("KITEI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return "ja" if value.startswith("ja") else "en"
    return "en"


def here() -> Language:
    """The language of this process."""
    return language_of(sys.argv[1:], os.environ)


@dataclass(frozen=True, slots=True)
class Talk:
    """How this call wants to be answered."""

    language: Language
    as_json: bool
    on: date | None
    home: Path

    def say(self, words: Words | str) -> None:
        click.echo(words if isinstance(words, str) else words.to(self.language))

    def answer(self, value: Json, text: Callable[[], str]) -> None:
        """Print a value as JSON where asked, else the text made for people."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2) if self.as_json else text())


class Fault(click.ClickException):
    """A refusal to go on, in the speaker's language."""

    exit_code = 1

    def __init__(self, words: Words | str) -> None:
        super().__init__(words if isinstance(words, str) else words.to(here()))


class Misuse(Fault):
    """The call itself was wrong."""

    exit_code = 2


class Command(click.Command):
    """A command whose help is in both languages."""

    def __init__(self, *args: Any, words: Words | None = None, **rest: Any) -> None:
        if words is not None:
            rest["help"] = words.to(here())
        super().__init__(*args, **rest)


class LazyGroup(click.Group):
    """Finds a command by name in a module of `kitei.cli` that is loaded only when it is called.

    There it stands under its own name, `-` as `_`, and with `_` behind it where Python has that name.
    """

    def __init__(self, *args: Any, modules: Mapping[str, str], **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module = importlib.import_module(f"kitei.cli.{self.modules[cmd_name]}")
        name = cmd_name.replace("-", "_")
        found = getattr(module, f"{name}_", None) or getattr(module, name)
        assert isinstance(found, click.Command)
        return found


class Option(click.Option):
    """An option whose help is in both languages."""

    def __init__(self, *args: Any, words: Words | None = None, **rest: Any) -> None:
        if words is not None:
            rest["help"] = words.to(here())
        super().__init__(*args, **rest)


def option(*names: str, ja: str, en: str, **rest: Any) -> Callable[[Any], Any]:
    """`click.option` with help in both languages."""
    return click.option(*names, cls=Option, words=Words(ja, en), **rest)


def command(name: str, *, ja: str, en: str) -> Callable[[Callable[..., Any]], Command]:
    """A command that every common option is added to and that receives a `Talk` first."""

    def make(function: Callable[..., Any]) -> Command:
        def run(lang: str | None, as_json: bool, on: Any, home: Path, **rest: Any) -> None:
            language: Language = "ja" if (lang or here()) == "ja" else "en"
            function(Talk(language, as_json, on.date() if on else None, home), **rest)

        run.__doc__ = function.__doc__
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        for add in _COMMON:
            add(run)
        return click.command(name, cls=Command, words=Words(ja, en))(run)

    return make


_COMMON = (
    option(
        "--home",
        type=click.Path(path_type=Path),
        default=Path(".kitei"),
        envvar="KITEI_HOME",
        show_envvar=True,
        ja="台帳などを置くフォルダ",
        en="The folder of the ledger and the rest.",
    ),
    option(
        "--on",
        type=click.DateTime(["%Y-%m-%d"]),
        ja="この日であるとして答える(何も記録しない)",
        en="Answer as of this day.",
    ),
    option("--lang", type=click.Choice(["ja", "en"]), ja="ことば", en="Language."),
    option("--json", "as_json", is_flag=True, ja="JSON で答える", en="Answer in JSON."),
)
