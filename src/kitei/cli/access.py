"""`access`: what customers of Secure Access decide and who gets in, and what a gateway does with a flow."""

from collections.abc import Mapping
from typing import Final

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import LazyGroup, Talk, command, here
from kitei.office.publishing import Publishing
from kitei.services.secure_access import SERVICE
from kitei.services.secure_access.intent import unserved as find_unserved
from kitei.values import Words

_COMMANDS: Final[Mapping[str, str]] = {
    "policy": "access_policy",
    "test": "access_policy",
    "account": "access_people",
    "device": "access_people",
    "rules": "access_log",
    "signatures": "access_inside",
    "log": "access_log",
    "who": "access_log",
    "unserved": "access",
    "web": "access_web",
}


@click.group(
    "access",
    cls=LazyGroup,
    modules=_COMMANDS,
    help=Words("セキュアアクセス: 方針、利用者、機器", "Secure Access: policies, accounts and devices.").to(
        here()
    ),
)
def access() -> None:
    pass


@command(
    "unserved",
    ja="有効なのにゲートウェイが(すべては)応えない契約と、そのわけ",
    en="Contracts in force that no gateway serves, or not wholly, and why.",
)
def unserved(talk: Talk) -> None:
    with office_of(talk) as office:
        contracts = [each for each in office.contracts().values() if each.service == SERVICE.name]
        found = find_unserved(contracts, Publishing.of(office).estate(), talk.on or office.today())
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
