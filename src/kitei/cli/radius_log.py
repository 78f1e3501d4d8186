"""`radius log|why|sessions|usage|compliance`: what became of a customer's logins, and why."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import Fault, Misuse, Talk, command, option
from kitei.ledger.contracts import Contract
from kitei.office.office import Office
from kitei.office.radius.logins import Logins
from kitei.office.radius.why import Ground, LoginWhy, why_login, words_of
from kitei.store.logins import LoginLog, LoginRow, SessionRow, UsageRow, prepare
from kitei.values import JST, Json, Month, Words

_AS = option(
    "--as",
    "customer",
    ja="この契約者として尋ねる(ほかの契約者の契約は見えない)",
    en="Ask as this customer, who sees no other's contracts.",
)
_MOST = option("--most", type=click.IntRange(1, 10_000), default=100, ja="何件まで", en="So many at most.")


def _own(office: Office, contract: str, customer: str | None) -> tuple[Logins, Contract, LoginLog]:
    """A contract's log, for whoever may see it. Another customer's contract is to it as if there were none."""
    logins = Logins.of(office)
    if customer is not None:
        known = [each.id for each in office.contracts().values() if each.customer == customer]
        if contract not in known:
            there = ", ".join(known) or "-"
            raise Fault(
                Words(
                    f"{customer} に契約 {contract} はありません。あるのは {there}",
                    f"{customer} has no contract {contract}; there are {there}",
                )
            )
    found = logins.contract(contract)
    prepare(office.book.engine)
    return logins, found, LoginLog(office.book.engine)


@command(
    "log",
    ja="契約のログイン(認証の応答)を新しい順に、そのわけとともに",
    en="A contract's logins, the latest first, each with why it was answered so.",
)
@click.argument("contract")
@_AS
@_MOST
@option("--user", ja="この利用者(レルムはあってもなくても)", en="Of this user, with or without the realm.")
@option(
    "--since", ja="この日時から(2026-04-01T09:00 など)", en="From this time on, such as 2026-04-01T09:00."
)
@option("--refused", is_flag=True, ja="拒まれたものだけ", en="Only what was refused.")
def log(
    talk: Talk,
    contract: str,
    customer: str | None,
    most: int,
    user: str | None,
    since: str | None,
    refused: bool,
) -> None:
    begun = _instant(since)
    with office_of(talk) as office:
        _, _, book = _own(office, contract, customer)
        rows = book.logins(contract, user=user, since=begun, refused=refused, most=most)
    talk.answer([_login_json(row, talk) for row in rows], lambda: _lines(talk, rows, _login_line))


@command(
    "why",
    ja="利用者の直近のログインがなぜそう応答されたか、いま何がそれを決めているか",
    en="Why a user's last login was answered as it was, and what decides it now.",
)
@click.argument("contract")
@click.argument("user")
@_AS
def why(talk: Talk, contract: str, user: str, customer: str | None) -> None:
    with office_of(talk) as office:
        logins, _, _ = _own(office, contract, customer)
        found = why_login(logins, contract, user)
    talk.answer(_why_json(found, talk), lambda: _why_text(found, talk))


@command(
    "sessions",
    ja="契約のセッションを新しい順に(課金情報による)",
    en="A contract's sessions as accounting tells, the latest first.",
)
@click.argument("contract")
@_AS
@_MOST
@option("--open", "only_open", is_flag=True, ja="続いているものだけ", en="Only those that are open.")
def sessions(talk: Talk, contract: str, customer: str | None, most: int, only_open: bool) -> None:
    with office_of(talk) as office:
        _, _, book = _own(office, contract, customer)
        rows = book.sessions(contract, only_open=only_open, most=most)
    talk.answer([_session_json(row) for row in rows], lambda: _lines(talk, rows, _session_line))


@command(
    "usage",
    ja="契約の月の利用(利用者ごとのセッション数とオクテット数)",
    en="A contract's month: sessions and octets of each user.",
)
@click.argument("contract")
@click.argument("month")
@_AS
def usage(talk: Talk, contract: str, month: str, customer: str | None) -> None:
    try:
        told = Month.parse(month)
    except ValueError:
        raise Misuse(
            Words(f"{month!r} は 2026-04 のような月ではありません", f"{month!r} is no month such as 2026-04")
        ) from None
    with office_of(talk) as office:
        _, _, book = _own(office, contract, customer)
        rows = book.usage(contract, str(told))
    total = UsageRow(
        "", sum(r.sessions for r in rows), sum(r.received for r in rows), sum(r.sent for r in rows)
    )
    talk.answer(
        {"contract": contract, "month": str(told), "users": [_usage_json(row) for row in rows]},
        lambda: _lines(talk, [*rows, *([total] if rows else [])], _usage_line),
    )


@command(
    "compliance",
    ja="Message-Authenticator なしに尋ねる端末と、その契約、移行中かどうか",
    en="Clients that ask without Message-Authenticator, whose they are, and whether they may for now.",
)
def compliance(talk: Talk) -> None:
    with office_of(talk) as office:
        prepare(office.book.engine)
        rows = LoginLog(office.book.engine).unsigned()
        contracts = office.contracts()
    shown: list[dict[str, Any]] = []
    for row in rows:
        contract = contracts.get(row.contract)
        shown.append(
            {
                "client": row.client,
                "contract": row.contract,
                "customer": contract.customer if contract else "",
                "answered": contract is not None and contract.body.get("transition") is True,
                "requests": row.count,
                "first": row.first.isoformat(timespec="seconds"),
                "last": row.last.isoformat(timespec="seconds"),
            }
        )
    nobody = Words("すべての端末が署名しています", "every client signs its requests")
    transition = Words("移行中(応答している)", "in transition (answered)").to(talk.language)
    silent = Words("応答していない", "not answered").to(talk.language)
    talk.answer(
        shown,
        lambda: (
            "\n".join(
                f"{s['client']}  {s['contract'] or '-'}  {s['customer'] or '-'}  {s['requests']}  {s['last']}  "
                f"{transition if s['answered'] else silent}"
                for s in shown
            )
            or nobody.to(talk.language)
        ),
    )


def _safe(text: str) -> str:
    """What a client told, without what would steer a terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(
            Words(
                f"{text!r} は 2026-04-01T09:00 のような日時ではありません",
                f"{text!r} is no time such as 2026-04-01T09:00",
            )
        ) from None
    return told if told.tzinfo else told.replace(tzinfo=JST)


def _lines(talk: Talk, rows: Sequence[Any], line: Callable[[Any, Talk], str]) -> str:
    return "\n".join(line(row, talk) for row in rows) or Words("ありません", "nothing").to(talk.language)


def _login_json(row: LoginRow, talk: Talk) -> Json:
    return {
        "at": row.at.isoformat(timespec="seconds"),
        "user": row.user,
        "client": row.client,
        "station": row.station,
        "node": row.node,
        "reason": row.reason,
        "words": words_of(row.reason).to(talk.language),
    }


def _login_line(row: LoginRow, talk: Talk) -> str:
    at, words = row.at.isoformat(" ", "seconds"), words_of(row.reason).to(talk.language)
    return f"{at}  {_safe(row.user) or '-'}  {row.client}  {words} ({_safe(row.reason)})"


def _session_json(row: SessionRow) -> Json:
    return {
        "user": row.user,
        "client": row.client,
        "session": row.session,
        "address": row.address,
        "since": row.since.isoformat(timespec="seconds"),
        "heard": row.heard.isoformat(timespec="seconds"),
        "ended": row.ended.isoformat(timespec="seconds") if row.ended else None,
        "received": row.received,
        "sent": row.sent,
    }


def _session_line(row: SessionRow, talk: Talk) -> str:
    still = Words("続いている", "open").to(talk.language)
    ended = row.ended.isoformat(" ", "seconds") if row.ended else still
    since = row.since.isoformat(" ", "seconds")
    who, address = _safe(row.user), _safe(row.address) or "-"
    return f"{since} – {ended}  {who}  {row.client}  {address}  ↑{row.received} ↓{row.sent}"


def _usage_json(row: UsageRow) -> Json:
    return {"user": row.user, "sessions": row.sessions, "received": row.received, "sent": row.sent}


def _usage_line(row: UsageRow, talk: Talk) -> str:
    name = _safe(row.user) or Words("合計", "total").to(talk.language)
    return f"{name}  {row.sessions}  ↑{row.received} ↓{row.sent}"


def _why_json(found: LoginWhy, talk: Talk) -> Json:
    return {
        "logins": [_login_json(row, talk) for row in found.logins],
        "reason": _ground_json(found.reason, talk) if found.reason else None,
        "now": [_ground_json(each, talk) for each in found.now],
    }


def _ground_json(ground: Ground, talk: Talk) -> Json:
    return {
        "fine": ground.is_fine,
        "ja": ground.words.ja,
        "en": ground.words.en,
        "provisions": [each.cite for each in ground.provisions],
        "entry": ground.entry,
    }


def _why_text(found: LoginWhy, talk: Talk) -> str:
    nothing = Words(
        "この利用者の要求は届いていません。登録のない端末からの要求には応答も記録もしません",
        "no request of this user has arrived; who asks from an address that is not registered gets no answer "
        "and no line here",
    )
    lines = [_login_line(row, talk) for row in found.logins] or [nothing.to(talk.language)]
    if found.reason:
        lines += [
            "",
            f"{found.reason.words.ja} / {found.reason.words.en}",
            *_ground_lines(found.reason, talk),
        ]
    lines += ["", Words("いま:", "Now:").to(talk.language)]
    for each in found.now:
        lines += [
            f" {'✓' if each.is_fine else '✗'} {each.words.to(talk.language)}",
            *_ground_lines(each, talk),
        ]
    return "\n".join(lines)


def _ground_lines(ground: Ground, talk: Talk) -> Iterable[str]:
    for each in ground.provisions:
        yield f"     {each.cite}  {each.gist.to(talk.language)}"
    if ground.entry:
        yield f"     {Words('台帳', 'ledger').to(talk.language)} {ground.entry}"
