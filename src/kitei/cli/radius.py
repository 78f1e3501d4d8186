"""`radius`: shared secrets and users of Authentication Outsource, and what is not served yet. No secret in argv."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import LazyGroup, Misuse, Talk, command, here, option
from kitei.cli.users_file import exchange
from kitei.office.radius.logins import Logins, make_secret
from kitei.values import Words

_COMMANDS: Final[Mapping[str, str]] = {
    "secret": "radius",
    "users": "radius",
    "unserved": "radius",
    "forget": "radius_forget",
    "log": "radius_log",
    "why": "radius_log",
    "sessions": "radius_log",
    "usage": "radius_log",
    "compliance": "radius_log",
    "portal": "radius_portal",
}


@click.group(
    "radius",
    cls=LazyGroup,
    modules=_COMMANDS,
    help=Words("認証: 共有の秘密と利用者", "Logins: shared secrets and users.").to(here()),
)
def radius() -> None:
    pass


@command(
    "secret",
    ja="契約の共有の秘密(または concentrator.アドレス、papers.名前、login.契約)を標準入力から保管庫に入れる",
    en="Put a contract's shared secret (or concentrator.ADDRESS, papers.NAME, login.CONTRACT) into the vault, from standard input.",
)
@click.argument("contract")
@option("--make", is_flag=True, ja="作って一度だけ表示する", en="Make one, and show it this once.")
def secret(talk: Talk, contract: str, make: bool) -> None:
    own = contract.startswith(_OWN)
    told = make_secret() if make else sys.stdin.read() if own else sys.stdin.readline().rstrip("\n")
    told = told.strip()
    if len(told) < _SHORTEST or not (own or told.isprintable()):
        raise Misuse(
            Words(
                f"秘密は {_SHORTEST} 文字以上の表示できる文字です",
                f"a secret is {_SHORTEST} or more printable characters",
            )
        )
    with office_of(talk) as office:
        logins = Logins.of(office)
        sack = logins.put_own(contract, told) if own else logins.put_secret(contract, told)
    shown = {"contract": contract, "sack": sack, **({"secret": told} if make else {})}
    talk.answer(shown, lambda: f"{sack}\n{told}" if make else sack)


# What is the operator's own or a certificate, and read to the end of the input.
_OWN: Final = ("concentrator.", "papers.", "login.")
_SHORTEST: Final = 8  # RFC 2865, 3: larger and less guessable is better; the empty one is forbidden


@command(
    "users",
    ja="グループの利用者を CSV から入れる。--export で書き出す(秘密は含まない)",
    en="Take a group's users from a CSV file; --export writes them, without any secret.",
)
@click.argument("contract")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--export", is_flag=True, ja="書き出す", en="Write them out.")
def users(talk: Talk, contract: str, file: Path | None, export: bool) -> None:
    with office_of(talk) as office:
        exchange(talk, Logins.of(office), contract, file, export)


@command(
    "unserved",
    ja="有効なのに認証装置が応えない契約と、そのわけ",
    en="Contracts in force that no node serves, and why.",
)
def unserved(talk: Talk) -> None:
    with office_of(talk) as office:
        found = Logins.of(office).unserved(talk.on or office.today())
        nothing = Words("すべての契約に応えています", "Every contract is served.")
        talk.answer(
            [
                {"contract": each.contract, "provision": each.path, "why": each.why.to(talk.language)}
                for each in found
            ],
            lambda: (
                "\n".join(f"{each.contract}  {each.why.to(talk.language)} ({each.path})" for each in found)
                or nothing.to(talk.language)
            ),
        )
