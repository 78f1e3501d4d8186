"""`ddos secret`: the secret of a session with a router, from standard input into the vault."""

import sys

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.office.floods.sessions import MOST, put_session_secret
from kitei.office.radius.logins import make_secret
from kitei.values import Words

_SHORTEST = 8


@command(
    "secret",
    ja="ルーターとの BGP セッションの秘密(TCP-MD5)を標準入力から保管庫に入れる",
    en="Put the secret of a BGP session with a router (TCP-MD5) into the vault, from standard input.",
)
@click.argument("upstream")
@option("--make", is_flag=True, ja="作って一度だけ表示する", en="Make one, and show it this once.")
def secret(talk: Talk, upstream: str, make: bool) -> None:
    told = make_secret() if make else sys.stdin.readline().strip()
    if not (_SHORTEST <= len(told) <= MOST and told.isascii() and told.isprintable()):
        raise Misuse(
            Words(
                f"秘密は {_SHORTEST} から {MOST} 文字の表示できる ASCII 文字です",
                f"a secret is {_SHORTEST} to {MOST} printable ASCII characters",
            )
        )
    with office_of(talk) as office:
        sack = put_session_secret(office, upstream, told)
    shown = {"upstream": upstream, "sack": sack, **({"secret": told} if make else {})}
    talk.answer(shown, lambda: f"{sack}\n{told}" if make else sack)
