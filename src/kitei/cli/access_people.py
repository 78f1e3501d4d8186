"""`access account` and `access device`: who uses a contract, and with which devices. Private keys are shown once."""

import base64
import shutil
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import click
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kitei.cli.desk import office_of
from kitei.cli.show import decided_json, decided_text
from kitei.cli.speak import Talk, command, here, option
from kitei.desk import Verdict
from kitei.office.access.deciding import connected, decide, enrol, gateway_of
from kitei.office.desk import Decided
from kitei.services.secure_access.people import Peer, addresses_of, peers, people
from kitei.values import Json, Words

_DAYS: Final = 90


_BY: Final[Mapping[str, Any]] = {
    "default": None,
    "ja": "だれが(ふつうは契約者)",
    "en": "Who asks: usually the customer.",
}


@command(
    "add", ja="利用者を登録する。すでにいれば所属を改める", en="Register an account, or set its groups anew."
)
@click.argument("contract")
@click.argument("name")
@option(
    "--group", "groups", multiple=True, ja="所属(何度でも)", en="A group it belongs to; repeat it for more."
)
@option("--by", **_BY)
def add_account(talk: Talk, contract: str, name: str, groups: tuple[str, ...], by: str | None) -> None:
    _ask(talk, "add-account", contract, by, account=name, groups=list(groups))


@command("remove", ja="利用者とその機器を外す", en="Remove an account with its devices.")
@click.argument("contract")
@click.argument("name")
@option("--by", **_BY)
def remove_account(talk: Talk, contract: str, name: str, by: str | None) -> None:
    _ask(talk, "remove-account", contract, by, account=name)


@command("list", ja="利用者とその機器の数", en="Accounts, and how many devices each has.")
@click.argument("contract")
def list_accounts(talk: Talk, contract: str) -> None:
    with office_of(talk) as office:
        found = office.contract(contract)
    held = [each.account for each in peers(found)]
    rows = [(each.account, each.groups, held.count(each.account)) for each in people(found)]
    talk.answer(
        [{"account": name, "groups": list(groups), "devices": count} for name, groups, count in rows],
        lambda: "\n".join(f"{name}  {', '.join(groups) or '-'}  {count}" for name, groups, count in rows),
    )


@command(
    "add",
    ja="機器を登録し、設定と QR コードを一度だけ出す。秘密鍵はここで作り、どこにも残さない",
    en="Enrol a device and show its configuration and QR code, once: the private key is made here and kept nowhere.",
)
@click.argument("contract")
@click.argument("account_name", metavar="ACCOUNT")
@option("--name", required=True, ja="機器の名前", en="The device's name.")
@option(
    "--days",
    type=click.IntRange(1, 3650),
    default=_DAYS,
    show_default=True,
    ja="鍵の日数",
    en="Days its key is good for.",
)
@option(
    "--public-key",
    ja="機器で作った公開鍵(秘密鍵は作らない)",
    en="A public key made on the device; no private one is made here.",
)
@option("--by", **_BY)
def add_device(
    talk: Talk, contract: str, account_name: str, name: str, days: int, public_key: str | None, by: str | None
) -> None:
    private = None if public_key else X25519PrivateKey.generate()
    public = public_key or _written(private.public_key().public_bytes_raw() if private else b"")
    with office_of(talk) as office:
        asked = {
            "by": by or office.contract(contract).customer,
            "contract": contract,
            "account": account_name,
            "device": name,
            "public_key": public,
            "until": (office.clock() + timedelta(days=days)).replace(microsecond=0).isoformat(),
        }
        decided, made = enrol(office, asked)
    if made is None:
        _refused(talk, decided)
        return
    secret = _written(private.private_bytes_raw()) if private else "<the device's own>"
    text = made.configuration(secret)
    talk.answer(
        {"device": name, "addresses": list(made.addresses), "until": made.peer.until, "configuration": text},
        lambda: text + _picture(text) if private else text,
    )


@command("revoke", ja="機器をすぐに締め出す", en="Let a device in no longer, at once.")
@click.argument("contract")
@click.argument("name")
@option("--by", **_BY)
def revoke_device(talk: Talk, contract: str, name: str, by: str | None) -> None:
    _ask(talk, "revoke-device", contract, by, device=name)


@command("list", ja="機器と、つながっているか", en="Devices, and which are connected.")
@click.argument("contract")
def list_devices(talk: Talk, contract: str) -> None:
    with office_of(talk) as office:
        found = office.contract(contract)
        place = gateway_of(office, found)
        since = connected(office, place.node) if place else {}
    pools = place.pools if place else ()
    told: list[Json] = [
        {
            "device": each.device,
            "account": each.account,
            "addresses": list(addresses_of(each, pools)),
            "until": each.until,
            "connected_since": since[each.device].isoformat() if each.device in since else None,
        }
        for each in peers(found)
    ]
    talk.answer(
        told, lambda: "\n".join(_line(each, pools, each.device in since, talk) for each in peers(found))
    )


def _line(peer: Peer, pools: tuple[str, ...], is_on: bool, talk: Talk) -> str:
    on = Words("接続中", "connected") if is_on else Words("-", "-")
    return f"{peer.device}  {peer.account}  {', '.join(addresses_of(peer, pools))}  {peer.until or '-'}  {on.to(talk.language)}"


account = click.Group(
    "account",
    commands={"add": add_account, "remove": remove_account, "list": list_accounts},
    help=Words("契約の利用者", "Who uses a contract.").to(here()),
)
device = click.Group(
    "device",
    commands={"add": add_device, "revoke": revoke_device, "list": list_devices},
    help=Words("リモートコネクトの機器", "Devices of a remote connect.").to(here()),
)


def _ask(talk: Talk, act: str, contract: str, by: str | None, **asked: Any) -> None:
    with office_of(talk) as office:
        who = by or office.contract(contract).customer
        decided = decide(office, act, {"by": who, "contract": contract, **asked})
    if decided.decision.verdict is Verdict.ACCEPT:
        talk.answer(decided_json(decided), lambda: decided_text(decided, talk.language))
    else:
        _refused(talk, decided)


def _refused(talk: Talk, decided: Decided) -> None:
    talk.answer(decided_json(decided), lambda: decided_text(decided, talk.language))
    raise SystemExit(1)


def _written(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _picture(text: str) -> str:
    """A QR code for phones, where the tool for it is installed; the key goes to it by a pipe."""
    tool = shutil.which("qrencode")
    if tool is None:
        return ""
    made = subprocess.run([tool, "-t", "ANSIUTF8"], input=text, capture_output=True, text=True, check=False)
    return f"\n{made.stdout}" if made.returncode == 0 else ""
