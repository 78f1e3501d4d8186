"""What customers hand over for the Web beside their policy: passwords for the proxy's port; and the provider's lists.

Both go into the vault and reach nodes as sacks; of a password only its hash is kept (scrypt).
"""

import secrets
from collections.abc import Sequence
from typing import Final

from kitei.office.access.deciding import tell
from kitei.office.office import Office, Refusal
from kitei.office.safe import open_vault
from kitei.proxy.hosts import host_of
from kitei.proxy.signin import users_of, users_text
from kitei.radius.secret import keep
from kitei.services.secure_access.people import people
from kitei.services.secure_access.web_intent import KIND
from kitei.values import Words

_SHORTEST: Final = 12
_SALT: Final = 16
_SHOWN: Final = 20  # faults of a list; it may have a million lines


def put_list(office: Office, name: str, text: str) -> int:
    """The provider's list of that name anew, a host a line (`#` begins a remark); how many names. It is told to all
    gateways that stand. Refusal tells the lines that are no hosts."""
    hosts: dict[str, None] = {}
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not (written := line.partition("#")[0].strip()):
            continue
        host = host_of(written)
        if host is None:
            faults.append(f"{number}: {written!r}")
        else:
            hosts[host] = None
    if faults or not hosts:
        more = f" … ({len(faults)})" if len(faults) > _SHOWN else ""
        told = ", ".join(faults[:_SHOWN]) + more
        raise Refusal(
            Words(
                f"ホスト名でもアドレスでもない行があります: {told or '(空)'}",
                f"lines that are neither host names nor addresses: {told or '(nothing at all)'}",
            )
        )
    open_vault(office.home, office.book.engine).keep(
        f"web-list.{name}", "".join(f"{each}\n" for each in hosts)
    )
    _tell(office, sorted({each.customer for each in office.contracts().values() if each.kind == KIND}))
    return len(hosts)


def put_password(office: Office, contract: str, account: str, password: str) -> None:
    """The password of an account for the proxy's port. Refusal: no such account, or too short a password."""
    found = office.contract(contract)
    known = [each.account for each in people(found)]
    if found.kind != KIND or account not in known:
        there = ", ".join(known) or "-"
        raise Refusal(
            Words(
                f"{contract} の利用者に {account} はいません。いるのは {there}",
                f"{contract} has no account {account}; it has {there}",
            )
        )
    if len(password) < _SHORTEST:
        raise Refusal(
            Words(f"パスワードは {_SHORTEST} 字以上です", f"a password has {_SHORTEST} characters at least")
        )
    vault, name = open_vault(office.home, office.book.engine), f"web-users.{contract}"
    sack = vault.latest(name)
    users = users_of(vault.content(sack).decode()) if sack else {}
    users[account] = keep(password, (), secrets.token_bytes(_SALT)).hashed
    vault.keep(name, users_text({each: users[each] for each in users if each in known}))
    _tell(office, [found.customer])


def _tell(office: Office, customers: Sequence[str]) -> None:
    for customer in customers:
        tell(office, customer)
