"""The secrets of sessions with routers that take routes (RFC 2385): in the vault, and by name in what nodes are told."""

from typing import Final

from kitei.office.office import Office, Refusal
from kitei.office.publishing import Publishing
from kitei.office.safe import open_vault
from kitei.values import Words

MOST: Final = 80
"""Characters that a key of TCP-MD5 may have in Linux."""


def put_session_secret(office: Office, upstream: str, secret: str) -> str:
    """Keep it; the sack that the speaker is told of with the next plan. Refusal names the routers that there are."""
    known = [each.name for each in Publishing.of(office).estate().defence.upstreams]
    if upstream not in known:
        there = ", ".join(known) or "-"
        raise Refusal(
            Words(
                f"ルーター {upstream} はありません。あるのは {there}",
                f"there is no router {upstream}; there are {there}",
            )
        )
    return open_vault(office.home, office.book.engine).keep(f"upstream.{upstream}", secret)
