"""Articles 2, 5, 7 and 15(2)(1) day by day: who decides a policy, who may use a contract, and with which devices."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from kitei.clauses.acts import Act
from kitei.clauses.notice import own_notice, still_in_force
from kitei.clauses.who import OPERATOR
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.secure_access.appliance import read_appliance_policy
from kitei.services.secure_access.contract import accounts_on
from kitei.services.secure_access.document import Unreadable
from kitei.services.secure_access.firewall import members, read_policy
from kitei.services.secure_access.people import peers, people
from kitei.services.secure_access.using import (
    AddAccount,
    EnrolDevice,
    RemoveAccount,
    RevokeDevice,
    SetPolicy,
)
from kitei.services.secure_access.web_policy import WebDocument, read_web_policy
from kitei.values import Words

DEVICES: Final = "devices-per-account"
USUAL_DEVICES: Final = 3
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_KEY: Final = 32  # bytes of a Curve25519 public key (RFC 7748)

# What reads the policy of a contract, by its kind; each raises Unreadable.
READERS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {"firewall-1": read_policy, "firewall-2": read_appliance_policy, "web-gateway": read_web_policy}
)


def whose(asked: Act, s: Situation, path: str, contract: Contract) -> Iterator[Finding]:
    """The customer's own, or the operator's on its behalf."""
    if asked.by == OPERATOR:
        yield from still_in_force(s, path, contract)
    else:
        yield from own_notice(s, path, contract, asked)


def decided(asked: SetPolicy, s: Situation) -> Iterator[Finding]:
    """Art. 7.1(1): the customer decides, and what is decided can be read."""
    contract = s.contract(asked.contract)
    yield from whose(asked, s, "art:7.1.1", contract)
    reader = READERS.get(contract.kind)
    if reader is None:
        own = s.name("kinds", contract.kind)
        yield s.refuse(
            "art:7.1.1",
            why=Words(f"{own.ja}の方針は文書では決めません", f"no document decides on {own.en}"),
            place="set-policy.contract",
        )
        return
    try:
        reader(asked.text)
    except Unreadable as error:
        for fault in error.faults:
            yield s.refuse("art:7.1.1", why=fault.words, place=f"set-policy.text: {fault.place}")
        return
    yield s.confirm(_DECIDED, "art:7.1.1")
    yield s.accept("art:15.2.1", why=_MAY_CUT, defects=s.defects("art:15.2.1"))


def named(asked: SetPolicy, s: Situation) -> Iterator[Finding]:
    """Art. 5: whom a policy names uses one of the customer's contracts."""
    contract = s.contract(asked.contract)
    reader = READERS.get(contract.kind)
    try:
        policy = reader(asked.text) if reader is not None else None
    except Unreadable:
        return
    names = policy.named if isinstance(policy, WebDocument) else members(policy) if policy else ()
    known: set[str] = set()
    for each in s.groups.get(contract.customer, ()):
        for person in people(each):
            known |= {f"user:{person.account}", *(f"group:{group}" for group in person.groups)}
    for name in dict.fromkeys(names):
        if name not in known:
            yield s.refuse(
                "art:5.1",
                why=Words(
                    f"{name} は、この契約者のどの契約にも登録されていません",
                    f"{name} is registered with none of the customer's contracts",
                ),
                place="set-policy.text",
                remedy=Words("先に add-account で登録してください", "register it by add-account first"),
            )


_DECIDED = Words("契約者の決めた方針を受け取りました", "what the customer decided is taken in")
_MAY_CUT = Words(
    "新しい方針で許されない通信は切れます。それは当社の責めによりません",
    "flows that it no longer allows are cut, for which the operator does not answer",
)


def added(asked: AddAccount, s: Situation) -> Iterator[Finding]:
    """Art. 5.1: as many people as there are accounts."""
    contract = s.contract(asked.contract)
    yield from whose(asked, s, "art:5.1", contract)
    yield from _sound(s, "add-account.account", asked.account)
    for index, group in enumerate(asked.groups):
        yield from _sound(s, f"add-account.groups[{index}]", group)
    there = {each.account for each in people(contract)}
    most = accounts_on(contract, s.on)
    if asked.account not in there and len(there) >= most:
        yield s.refuse(
            "art:5.1",
            why=Words(
                f"契約アカウント数 {most} をみな使っています", f"all {most} contracted accounts are in use"
            ),
            place="add-account.account",
            remedy=Words(
                "アカウント数を増やすか、使わない人を外してください",
                "ask for more accounts, or remove who does not use it",
            ),
        )
        return
    used = len(there | {asked.account})
    yield s.accept("art:5.1", why=Words(f"{most} のうち {used} 人目です", f"{used} of {most} accounts"))


def removed(asked: RemoveAccount, s: Situation) -> Iterator[Finding]:
    """Art. 5.1: an account that is free again."""
    contract = s.contract(asked.contract)
    yield from whose(asked, s, "art:5.1", contract)
    yield from _known_account(s, contract, asked.account, "remove-account.account")
    yield s.confirm(_FREE, "art:5.1")


_FREE = Words("この人とその機器は、もう使えません", "neither the account nor its devices get in any more")


def enrolled(asked: EnrolDevice, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, type A: by WireGuard, a key for each device of an account, and so many devices as the operator sets."""
    contract = s.contract(asked.contract)
    yield from whose(asked, s, "art:2.1.t2", contract)
    yield from _remote(s, contract, "enrol-device.contract")
    yield from _known_account(s, contract, asked.account, "enrol-device.account")
    yield from _sound(s, "enrol-device.device", asked.device)
    yield from _fresh_key(asked, s)
    if asked.until is not None and (asked.until.tzinfo is None or asked.until <= asked.at):
        yield s.refuse(
            "art:2.1.t2",
            why=Words(f"期限 {asked.until} は過ぎています", f"its end {asked.until} is past, or has no zone"),
            place="enrol-device.until",
        )
    yield from _room(asked, s, contract)
    yield s.accept("art:2.1.t2", why=_LET_IN, defects=s.defects("art:2.1.t2"))


def _room(asked: EnrolDevice, s: Situation, contract: Contract) -> Iterator[Finding]:
    """What the operator designates further (art. 7.1(3)): devices an account has."""
    there = {each.device: each for each in peers(contract)}
    held = there.get(asked.device)
    if held is not None and held.account != asked.account:
        yield s.refuse(
            "art:7.1.3",
            why=Words(
                f"{asked.device} は {held.account} の機器です",
                f"{asked.device} is a device of {held.account}",
            ),
            place="enrol-device.device",
        )
    most = s.operator.number(DEVICES) or USUAL_DEVICES
    others = [each for each in there.values() if each.account == asked.account and each is not held]
    if len(others) >= most:
        names = ", ".join(each.device for each in others)
        yield s.refuse(
            "art:7.1.3",
            why=Words(
                f"{asked.account} の機器は {most} 台までで、{names} があります",
                f"{asked.account} may have {most} devices and has {names}",
            ),
            place="enrol-device.device",
            remedy=Words("使わない機器を revoke-device で外してください", "revoke one that is not used"),
        )


def _fresh_key(asked: EnrolDevice, s: Situation) -> Iterator[Finding]:
    """A key is one device's alone: two with the same would push each other out."""
    try:
        raw = base64.b64decode(asked.public_key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY or raw == bytes(_KEY):
        yield s.refuse(
            "art:2.1.t2",
            why=Words(
                "WireGuard の公開鍵(base64 で 44 字)ではありません",
                "it is no WireGuard public key (44 characters of base64)",
            ),
            place="enrol-device.public_key",
        )
        return
    for contract in s.contracts.values():
        for each in peers(contract):
            if each.public_key == asked.public_key and each.device != asked.device:
                yield s.refuse(
                    "art:2.1.t2",
                    why=Words("別の機器の鍵です", "it is another device's key"),
                    place="enrol-device.public_key",
                    remedy=Words("新しい鍵を作ってください", "make a new key"),
                )
                return


def revoked(asked: RevokeDevice, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, type A, and 15.2(1): the device's connection is cut at once."""
    contract = s.contract(asked.contract)
    yield from whose(asked, s, "art:2.1.t2", contract)
    yield from _remote(s, contract, "revoke-device.contract")
    known = [each.device for each in peers(contract)]
    if asked.device not in known:
        yield s.refuse(
            "art:2.1.t2",
            why=Words(f"機器 {asked.device} はありません", f"there is no device {asked.device}"),
            place="revoke-device.device",
            remedy=Words(", ".join(known) or "一台もありません", ", ".join(known) or "there is none"),
        )
    yield s.confirm(_LET_OUT, "art:15.2.1")


_LET_IN = Words("この鍵の機器を通します", "a device with this key is let in")
_LET_OUT = Words("この機器の接続はすぐに切れます", "the device's connection is cut at once")


def _remote(s: Situation, contract: Contract, place: str) -> Iterator[Finding]:
    if contract.kind != "remote-connect":
        own = s.name("kinds", contract.kind)
        yield s.refuse(
            "art:2.1.t2",
            why=Words(f"{own.ja}に機器は登録しません", f"{own.en} has no devices"),
            place=place,
        )


def _known_account(s: Situation, contract: Contract, account: str, place: str) -> Iterator[Finding]:
    if account not in {each.account for each in people(contract)}:
        yield s.refuse(
            "art:5.1",
            why=Words(
                f"{account} は {contract.id} に登録されていません",
                f"{account} is not registered with {contract.id}",
            ),
            place=place,
            remedy=Words("先に add-account で登録してください", "register it by add-account first"),
        )


def _sound(s: Situation, place: str, name: str) -> Iterator[Finding]:
    if not _NAME.fullmatch(name):
        yield s.refuse(
            "art:5.1",
            why=Words(
                f"{name!r} は 'tanaka' や 'u0412' のような名前ではありません",
                f"{name!r} is not a name such as 'tanaka' or 'u0412'",
            ),
            place=place,
        )
