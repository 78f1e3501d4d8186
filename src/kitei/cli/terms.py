"""`terms`: by which rules. Each further command of the group lives in a module of its own."""

from collections.abc import Mapping
from typing import Final

import click

from kitei.catalogue import SERVICES, service_named
from kitei.cli.show import gists
from kitei.cli.speak import LazyGroup, Misuse, Talk, command, here
from kitei.terms import Cite, known_conventions
from kitei.values import Words

_COMMANDS: Final[Mapping[str, str]] = {
    "list": "terms",
    "cite": "terms",
    "conventions": "terms",
    "coverage": "coverage",
    "diff": "editions",
    "impact": "impact",
    "publish": "editions",
    "read": "reading",
    "lint": "reading",
}


@click.group("terms", cls=LazyGroup, modules=_COMMANDS, help=Words("規程", "The terms.").to(here()))
def terms() -> None:
    pass


@command("list", ja="サービスと版", en="Services and their editions.")
def list_(talk: Talk) -> None:
    rows = [
        (service.name, edition.in_force.isoformat(), len(edition.provisions), edition.digest)
        for service in SERVICES.values()
        for edition in service.terms.editions
    ]
    talk.answer(
        [{"service": s, "edition": e, "provisions": n, "digest": d} for s, e, n, d in rows],
        lambda: "\n".join(f"{s} {e}  {n}  {d[:12]}" for s, e, n, d in rows),
    )


@command(
    "cite",
    ja="条項を示す(例: managed-vpn-pro art:9.2)",
    en="Show a provision, such as managed-vpn-pro art:9.2.",
)
@click.argument("service")
@click.argument("path")
def cite(talk: Talk, service: str, path: str) -> None:
    try:
        found = service_named(service).terms
        edition = found.on(talk.on) if talk.on else found.editions[-1]
        provision = edition.provision(path)
    except (LookupError, ValueError) as error:
        raise Misuse(str(error.args[0])) from None
    text = str(Cite(service, edition.in_force, path))
    talk.answer(
        {
            "cite": text,
            "heading": {"ja": provision.heading.ja, "en": provision.heading.en},
            "gist": {"ja": provision.gist.ja, "en": provision.gist.en},
            "defects": list(provision.defects),
        },
        lambda: gists([text], talk.language).strip(),
    )


@command("conventions", ja="規程の読み方の取り決め", en="How open readings of the terms are settled.")
def conventions(talk: Talk) -> None:
    known = known_conventions()
    talk.answer(
        {key: {"default": each.default, "confidence": each.confidence} for key, each in known.items()},
        lambda: "\n".join(f"{key} = {each.default} ({each.confidence})" for key, each in known.items()),
    )
