"""Article 5(6): what the customer designates, hands over and sets up for a contract."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kitei.clauses.notice import own_notice
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.radius.papers import authority_fault
from kitei.radius.secret import NEEDS_CLEAR, NEEDS_NT
from kitei.services.auth_outsource.application import Prepare
from kitei.services.auth_outsource.contract import homes, number, terminators, text
from kitei.services.auth_outsource.rules.batch import door_of, realm_fits
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Setting:
    """What can be prepared: what it is called, the provision that asks for it, and the kinds that have it."""

    name: Words
    path: str
    kinds: tuple[str, ...]


_SETTINGS: Final[Mapping[str, Setting]] = {
    "realm": Setting(Words("レルム", "the realm"), "art:5.6.1", ("group", "proxy", "vpdn", "client")),
    "home_servers": Setting(
        Words("転送先の認証識別装置", "the devices forwarded to"), "art:5.6.5", ("proxy",)
    ),
    "strips_realm": Setting(
        Words("レルムを除く転送", "forwarding without the realm"), "art:5.6.5", ("proxy",)
    ),
    "terminators": Setting(Words("終端装置", "the terminating devices"), "art:5.6.3", ("vpdn",)),
    "users": Setting(Words("登録する情報", "the users to register"), "art:5.6.6", ("group",)),
    "methods": Setting(Words("認証の方式", "the methods of logging in"), "art:5.6.6", ("group",)),
    "authority": Setting(Words("利用者の認証局", "the users' authority"), "art:5.6.6", ("group",)),
    "new_secret": Setting(
        Words("新しい共有の秘密", "a new shared secret"), "art:5.6.2", ("client", "proxy", "vpdn")
    ),
    "transition": Setting(
        Words("Message-Authenticator への移行", "the transition to Message-Authenticator"),
        "art:5.6.2",
        ("client",),
    ),
    "probe_user": Setting(
        Words("見張るためにログインしてよい利用者", "the user to log in as, to watch"),
        "art:5.6.5",
        ("proxy",),
    ),
}


_NO_TLS: Final = Words("TLS を使わない装置です", "the device uses no TLS")
_NAME_BYTES: Final = 128  # with its realm it has to fit into 253 (RFC 2865, 5.1)


def told_of(asked: Prepare) -> tuple[str, ...]:
    """The settings that an act says something of."""
    return tuple(name for name in _SETTINGS if getattr(asked, name) not in (None, (), False))


def prepares(asked: Prepare, s: Situation) -> Iterator[Finding]:
    """Art. 5.6: each kind has settings of its own; what was designated before is changed under art. 7."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:5.6", contract, asked)
    told = told_of(asked)
    if not told:
        yield s.refuse(
            "art:5.6",
            why=Words("何をするのか書かれていません", "it is not said what is done"),
            place="prepare",
            remedy=Words("、".join(_SETTINGS), ", ".join(_SETTINGS)),
        )
    for name in told:
        setting, kind = _SETTINGS[name], s.name("kinds", contract.kind)
        if contract.kind not in setting.kinds:
            yield s.refuse(
                setting.path,
                why=Words(
                    f"{setting.name.ja}は{kind.ja}のものではありません",
                    f"{setting.name.en} is nothing of a {kind.en.lower()}'s",
                ),
                place=f"prepare.{name}",
            )
        else:
            yield s.accept(
                setting.path,
                why=Words(f"{setting.name.ja}を受け取ります", f"receives {setting.name.en}"),
            )
    yield from _again(asked, contract, s)
    if asked.realm is not None:
        door = door_of(contract.kind, contract.item)
        yield from realm_fits(s, contract.customer, asked.realm, door, "prepare.realm", but=contract)
    yield from _users_fit(asked, contract, s)
    yield from _usable(asked, s)
    yield from _kept(asked, s)


def _again(asked: Prepare, contract: Contract, s: Situation) -> Iterator[Finding]:
    """What was designated once is a matter of the contract."""
    had = {
        "realm": asked.realm is not None and text(contract.body, "realm") not in ("", asked.realm.lower()),
        "home_servers": bool(asked.home_servers and homes(contract.body)),
        "terminators": bool(asked.terminators and terminators(contract.body)),
    }
    matters = {"realm": "realm", "home_servers": "forward-to", "terminators": "terminators"}
    for name, changes in had.items():
        if changes and not s.operator.designates("changeable-matters", s.name("matters", matters[name]).ja):
            yield s.refuse(
                "art:7.1",
                "art:7.1.2",
                why=Words(
                    f"{_SETTINGS[name].name.ja}は指定済みです。変更は第 7 条によります",
                    f"{_SETTINGS[name].name.en}: designated before, and changes under art. 7",
                ),
                place=f"prepare.{name}",
                remedy=Words("変更を申し込んでください", "ask for a change"),
                conventions=(s.reading("operator-designated").pair,),
            )


def _usable(asked: Prepare, s: Situation) -> Iterator[Finding]:
    """Art. 5.6: what no device could be set up with keeps one customer out, and nobody else."""
    if asked.authority and (fault := authority_fault(asked.authority)):
        yield _unusable(s, "art:5.6.6", fault, "prepare.authority")
    for index, home in enumerate(asked.home_servers):
        place = f"prepare.home_servers[{index}].authority"
        if home.transport == "radsec" and (fault := authority_fault(home.authority)):
            yield _unusable(s, "art:5.6.5", fault, place)
        elif home.transport == "udp" and home.authority:
            yield _unusable(s, "art:5.6.5", _NO_TLS, place)
    name = asked.probe_user
    if name and not (name.isprintable() and "@" not in name and len(name.encode()) <= _NAME_BYTES):
        yield s.refuse(
            "art:5.6.5",
            why=Words(f"{name!r} は利用者名ではありません", f"{name!r} is no user's name"),
            place="prepare.probe_user",
            remedy=Words("レルムのない利用者名を書いてください", "say the name without its realm"),
        )


def _kept(asked: Prepare, s: Situation) -> Iterator[Finding]:
    """Art. 5.6.6: what a method costs: for most a password is kept only as a hash that nobody can turn back."""
    if clear := "、".join(each for each in asked.methods if each in NEEDS_CLEAR):
        yield s.accept(
            "art:5.6.6",
            why=Words(
                f"{clear} のため、パスワードを元に戻せる形で封をして保管します",
                f"for {clear} passwords are kept sealed, but so that they can be had back",
            ),
        )
    if nt := ", ".join(each for each in asked.methods if each in NEEDS_NT):
        yield s.accept(
            "art:5.6.6",
            why=Words(
                f"{nt} のため、NT ハッシュも封をして保管します。盗まれればパスワードと同じです",
                f"for {nt} the NT hash is kept too, sealed; to a thief it is as good as the password",
            ),
        )


def _unusable(s: Situation, path: str, fault: Words, place: str) -> Finding:
    return s.refuse(
        path,
        why=Words(
            f"認証局の証明書が使えません: {fault.ja}", f"the authority's certificate is of no use: {fault.en}"
        ),
        place=place,
        remedy=Words(
            "署名した認証局の証明書一枚を PEM で渡してください",
            "hand over the one certificate (PEM) of the authority that signs",
        ),
    )


def _users_fit(asked: Prepare, contract: Contract, s: Situation) -> Iterator[Finding]:
    """Art. 7.1.1: no more users than accounts were contracted."""
    most = number(contract.body, "accounts")
    if asked.users is None or most is None:
        return
    if asked.users > most:
        yield s.refuse(
            "art:7.1.1",
            "art:5.6.6",
            why=Words(
                f"{asked.users} 人は、契約の {most} アカウントを超えます",
                f"{asked.users} users are more than the {most} accounts contracted",
            ),
            place="prepare.users",
            remedy=Words("アカウント数の変更を申し込んでください", "ask for a change of accounts"),
        )
    else:
        yield s.accept("art:7.1.1", why=Words(f"{asked.users} / {most}", f"{asked.users} of {most}"))
