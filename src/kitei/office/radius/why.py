"""Why a login of a customer's user was answered as it was: what happened, what decides, and where it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from kitei.ledger import Entry
from kitei.ledger.contracts import Contract
from kitei.network import RadiusCaps, RadiusClient
from kitei.office.provisions import Provided, provided
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import Logins
from kitei.radius.document import read_user
from kitei.radius.policy import Reason
from kitei.radius.reasons import WORDS
from kitei.radius.users import serves_user
from kitei.services.auth_outsource.contract import Door, days_of_use, door
from kitei.services.auth_outsource.edition import TERMS
from kitei.services.auth_outsource.parts import realm_here
from kitei.store.logins import LoginLog, LoginRow, prepare
from kitei.values import Words

CHANGED: Final = "password-changed"
NOT_CHANGED: Final = "password-change-refused"
_SELF: Final[Mapping[str, Words]] = {
    CHANGED: Words("利用者が自分のパスワードを変えました", "the user changed the password"),
    NOT_CHANGED: Words("パスワードの変更を断りました", "a change of the password was refused"),
}
# Which provision a reason rests on, and which settings of the contract (or of the operator) decide it.
_GROUNDS: Final[Mapping[Reason, tuple[str, tuple[str, ...]]]] = {
    Reason.UNKNOWN_CLIENT: ("art:5.6.2", ("ip",)),
    Reason.NOT_SIGNED: ("art:5.6.2", ("transition", "secret")),
    Reason.TOO_MANY_REQUESTS: ("art:14.2", ("max-requests-per-second",)),
    Reason.NO_REALM: ("art:5.6.1", ("realm",)),
    Reason.NOT_YOUR_REALM: ("art:5.6.1", ("realm",)),
    Reason.NO_SUCH_USER: ("art:5.6.6", ("users",)),
    Reason.USER_IS_OFF: ("art:5.6.6", ("users",)),
    Reason.METHOD_NOT_ENABLED: ("art:5.6.6", ("methods",)),
    Reason.WRONG_SECRET: ("art:5.6.6", ("users",)),
    Reason.NOT_YOUR_CERTIFICATE: ("art:5.6.6", ("authority",)),
    Reason.TOO_MANY_SESSIONS: ("art:14.2", ("max-sessions-",)),
    Reason.TOO_MUCH_TRAFFIC: ("art:14.2", ("max-octets-",)),
    Reason.NO_HOME_SERVER: ("art:5.6.5", ("home_servers",)),
    Reason.NO_TERMINATOR: ("art:5.6.3", ("tunnels",)),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """One thing that decides: as it is now, the provision, and the entry of the ledger that made it so."""

    is_fine: bool
    words: Words
    provisions: tuple[Provided, ...] = ()
    entry: str = ""


@dataclass(frozen=True, slots=True)
class LoginWhy:
    """The latest answers, why the last was given, and how things stand now."""

    logins: tuple[LoginRow, ...]
    reason: Ground | None
    now: tuple[Ground, ...]


def words_of(reason: str) -> Words:
    """What a reason of the log is called."""
    if reason in _SELF:
        return _SELF[reason]
    try:
        return WORDS[Reason(reason)]
    except ValueError:  # told by a node of a later version
        return Words(reason, reason)


def why_login(logins: Logins, contract: str, user: str) -> LoginWhy:
    """Why the user (with or without the realm) got the last answer. Raises Refusal for no such contract."""
    found = logins.contract(contract)
    engine = logins.office.book.engine
    prepare(engine)
    rows = LoginLog(engine).logins(contract, user=user, most=5)
    answered = [row for row in rows if row.reason not in _SELF]
    reason = _reason(logins, found, answered[0]) if answered else None
    return LoginWhy(rows, reason, tuple(_now(logins, found, user.rpartition("@")[0] or user)))


def _reason(logins: Logins, contract: Contract, row: LoginRow) -> Ground:
    known = next((each for each in Reason if each.value == row.reason), None)
    path, settings = _GROUNDS.get(known, ("", ())) if known else ("", ())
    entry = _decider(logins, contract, settings)
    shown = f"{entry.seq} {entry.fact.kind} ({entry.fact.effective_on})" if entry else ""
    cites = _cited(path) if path else ()
    return Ground(known is Reason.ACCEPTED, words_of(row.reason), cites, shown)


def _now(logins: Logins, contract: Contract, name: str) -> Iterator[Ground]:
    today = logins.office.today()
    opened = door(contract, today)
    yield _in_use(contract, today)
    lacking = [each for each in logins.unserved(today) if each.contract == contract.id]
    yield from (Ground(False, each.why, _cited(each.path)) for each in lacking)
    if opened.kind == "group" and opened.realm:
        yield from _user(logins, opened, name)
    yield from _terminals(logins, contract, opened)


def _in_use(contract: Contract, today: date) -> Ground:
    used = days_of_use(contract)
    if contract.is_in_force(today) and today in used:
        return Ground(True, Words(f"契約 {contract.id} は利用中です", f"contract {contract.id} is in use"))
    cites = contract.ending.cites if contract.ending else contract.cites
    last = contract.ending.last if contract.ending else used.last
    told = Words(
        f"契約 {contract.id} は {today} には使えません({used.first} から {last or '-'} まで)",
        f"contract {contract.id} is not in use on {today} (from {used.first} to {last or '-'})",
    )
    return Ground(False, told, tuple(provided(cites)))


def _user(logins: Logins, opened: Door, name: str) -> Iterator[Ground]:
    record = logins.vault.user(opened.realm, name)
    here = _cited("art:5.6.6")
    if record is None:
        yield Ground(False, Words(f"{name} は登録されていません", f"{name} is not registered"), here)
        return
    user = read_user(record)
    if user.off:
        yield Ground(False, Words(f"{name} は停止中です", f"{name} is switched off"), here)
    else:
        yield Ground(True, Words(f"{name} は登録されています", f"{name} is registered"))
    missing = [method for method in opened.methods if not serves_user(user, method)]
    if missing:
        told = Words(
            f"{name} の秘密は {'、'.join(missing)} に使える形ではありません。パスワードを設定し直してください",
            f"the secret of {name} is not kept in a form for {', '.join(missing)}; set the password anew",
        )
        yield Ground(False, told, here)
    enabled = Words(
        f"有効な方式: {'、'.join(opened.methods)}", f"methods enabled: {', '.join(opened.methods)}"
    )
    yield Ground(True, enabled, here)


def _terminals(logins: Logins, contract: Contract, opened: Door) -> Iterator[Ground]:
    """From where the realm may be asked for, and what caps it has, as nodes were told."""
    intent = Publishing.of(logins.office).published_intent()
    parts = [part for node in intent.nodes.values() for part in node.parts]
    here = realm_here(opened)
    may = {p.address for p in parts if isinstance(p, RadiusClient) and here in p.realms}
    shown = ", ".join(sorted(may)) or "-"
    told = Words(
        f"この契約のレルムを尋ねてよい端末: {shown}。ほかからの要求には応答しません",
        f"addresses that may ask for the realm: {shown}; nobody else gets an answer",
    )
    if opened.kind != "client":
        yield Ground(bool(may), told, _cited("art:5.6.2"))
    for caps in {p.key: p for p in parts if isinstance(p, RadiusCaps) and p.realm == here}.values():
        limits = Words(
            f"上限: セッション {caps.sessions or '-'}、一人 {caps.sessions_each or '-'}、"
            f"月の通信量 {caps.octets or '-'}、一人 {caps.octets_each or '-'}",
            f"limits: sessions {caps.sessions or '-'}, each user {caps.sessions_each or '-'}, "
            f"octets a month {caps.octets or '-'}, each user {caps.octets_each or '-'}",
        )
        yield Ground(True, limits, tuple(provided(caps.origin.cites)))


def _decider(logins: Logins, contract: Contract, settings: tuple[str, ...]) -> Entry | None:
    """The latest fact that says one of these settings: of the contract, or of the operator."""
    office = logins.office
    own = [
        entry
        for entry in office.book.read(f"contract:{contract.id}")
        if any(entry.fact.body.get(name) for name in settings)
    ]
    caps = [
        entry
        for entry in office.picture().said
        if entry.fact.kind == "operator.set"
        and any(
            name.startswith("max-") and str(entry.fact.body.get("name")).startswith(name) for name in settings
        )
    ]
    found = own + caps
    return found[-1] if found else None


def _cited(path: str) -> tuple[Provided, ...]:
    return tuple(provided([str(TERMS.editions[-1].cite(path))]))
