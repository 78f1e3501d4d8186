"""`remote`: who comes in by gateways of GIO Remote Access, why somebody was refused, and how full they are."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import Fault, LazyGroup, Talk, command, here, option
from kitei.cli.users_file import exchange
from kitei.office.remote.fullness import Fullness, fullness, propose
from kitei.office.remote.users import Entrances
from kitei.office.remote.why import RemoteWhy, visit_words, why_user, words_of
from kitei.store.logins import LoginLog, prepare
from kitei.store.visits import VisitRow, visits_of
from kitei.values import Json, Words

_COMMANDS: Final[Mapping[str, str]] = {
    "papers": "remote",
    "users": "remote",
    "matrix": "remote",
    "unserved": "remote",
    "sessions": "remote",
    "visits": "remote",
    "why": "remote",
    "usage": "remote",
}


@click.group(
    "remote",
    cls=LazyGroup,
    modules=_COMMANDS,
    help=Words("リモートアクセス: 利用者と証明書", "Remote access: users and certificates.").to(here()),
)
def remote() -> None:
    pass


@command(
    "papers",
    ja="ノードか契約(独自の名前)の証明書と秘密鍵(PEM)を標準入力から保管庫に入れる",
    en="Put the certificate and private key (PEM) of a node, or of a contract with its own name, into the vault, from standard input.",
)
@click.argument("name")
def papers(talk: Talk, name: str) -> None:
    with office_of(talk) as office:
        sack = Entrances.of(office).put_papers(name, sys.stdin.read())
    talk.answer({"name": name, "sack": sack}, lambda: sack)


@command(
    "users",
    ja="ゲートウェイの利用者を CSV から入れる。--export で書き出す(秘密は含まない)",
    en="Take a gateway's users from a CSV file; --export writes them, without any secret.",
)
@click.argument("contract")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--export", is_flag=True, ja="書き出す", en="Write them out.")
def users(talk: Talk, contract: str, file: Path | None, export: bool) -> None:
    with office_of(talk) as office:
        exchange(talk, Entrances.of(office), contract, file, export)


@command(
    "matrix",
    ja="利用者のマトリックスの並び(A1 C2 … と +合言葉)を標準入力から登録する",
    en="Set a user's matrix pattern (A1 C2 ... and +phrase), from standard input.",
)
@click.argument("contract")
@click.argument("user")
def matrix(talk: Talk, contract: str, user: str) -> None:
    with office_of(talk) as office:
        Entrances.of(office).put_matrix(contract, user, sys.stdin.readline().strip())
    talk.answer({"contract": contract, "user": user}, lambda: user)


@command(
    "unserved",
    ja="有効なのに使えないゲートウェイと、そのわけ",
    en="Gateways in force that lack something, and what.",
)
def unserved(talk: Talk) -> None:
    with office_of(talk) as office:
        found = Entrances.of(office).unserved()
    nothing = Words("足りないものはありません", "Nothing is lacking.")
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


@command("sessions", ja="ゲートウェイのセッションを新しい順に", en="A gateway's sessions, the latest first.")
@click.argument("contract")
@option("--open", "only_open", is_flag=True, ja="続いているものだけ", en="Only those that are open.")
@option("--most", type=click.IntRange(1, 10_000), default=100, ja="何件まで", en="So many at most.")
def sessions(talk: Talk, contract: str, only_open: bool, most: int) -> None:
    with office_of(talk) as office:
        Entrances.of(office).gateway(contract)
        prepare(office.book.engine)
        rows = LoginLog(office.book.engine).sessions(contract, only_open=only_open, most=most)
    still = Words("続いている", "open").to(talk.language)
    told: list[dict[str, Json]] = [
        {
            "user": row.user,
            "address": row.address,
            "since": row.since.isoformat(timespec="seconds"),
            "ended": row.ended.isoformat(timespec="seconds") if row.ended else None,
            "received": row.received,
            "sent": row.sent,
        }
        for row in rows
    ]
    talk.answer(
        told,
        lambda: "\n".join(
            f"{each['since']} – {each['ended'] or still}  {each['user']!a}  {each['address'] or '-'}  "
            f"↑{each['received']} ↓{each['sent']}"
            for each in told
        ),
    )


@command(
    "visits",
    ja="ブラウザの利用者がどのホストに接続したか、または断られたか、新しい順に",
    en="Which hosts users of browsers visited, or were refused, the latest first.",
)
@click.argument("contract")
@option("--user", ja="この利用者だけ", en="Of this user alone.")
@option("--refused", is_flag=True, ja="接続できなかったものだけ", en="Only those that were not passed on.")
@option("--most", type=click.IntRange(1, 10_000), default=100, ja="何件まで", en="So many at most.")
def visits(talk: Talk, contract: str, user: str | None, refused: bool, most: int) -> None:
    with office_of(talk) as office:
        Entrances.of(office).gateway(contract)
        rows = visits_of(office.book.engine, contract, user=user, refused=refused, most=most)
    told: list[dict[str, Json]] = [
        {
            "at": row.at.isoformat(timespec="seconds"),
            "user": row.user,
            "source": row.source,
            "host": row.host,
            "port": row.port,
            "why": row.why,
            "count": row.count,
            "received": row.received,
            "sent": row.sent,
        }
        for row in rows
    ]
    talk.answer(told, lambda: "\n".join(_visit_text(row, talk) for row in rows))


def _visit_text(row: VisitRow, talk: Talk) -> str:
    mark = f"✗ {visit_words(row.why).to(talk.language)}" if row.why else f"↑{row.received} ↓{row.sent}"
    at = row.at.isoformat(" ", "seconds")
    return f"{at}  {row.user!a} {row.source}  {row.host!a}:{row.port} ×{row.count}  {mark}"


@command("why", ja="利用者がなぜ入れた、または断られたか", en="Why a user was let in, or refused.")
@click.argument("contract")
@click.argument("user")
def why(talk: Talk, contract: str, user: str) -> None:
    with office_of(talk) as office:
        found = why_user(Entrances.of(office), contract, user)
    told: Json = {
        "logins": [
            {"at": row.at.isoformat(timespec="seconds"), "from": row.station, "reason": row.reason}
            for row in found.logins
        ],
        "reason": found.reason.to(talk.language) if found.reason else None,
        "provisions": [each.cite for each in found.provisions],
        "hosts": [
            {
                "at": row.at.isoformat(timespec="seconds"),
                "host": row.host,
                "reason": words.to(talk.language),
                "provisions": [each.cite for each in provisions],
            }
            for row, words, provisions in found.hosts
        ],
        "lacking": [words.to(talk.language) for words, _ in found.lacking],
    }
    talk.answer(told, lambda: _why_text(found, talk))


def _why_text(found: RemoteWhy, talk: Talk) -> str:
    nothing = Words("この利用者の要求は届いていません", "no request of this user has arrived").to(
        talk.language
    )
    lines = [
        f"{row.at.isoformat(' ', 'seconds')}  {row.station or '-'}  {words_of(row.reason).to(talk.language)}"
        for row in found.logins
    ] or [nothing]
    if found.reason:
        lines += ["", found.reason.to(talk.language)]
        lines += [f"  {each.cite}  {each.gist.to(talk.language)}" for each in found.provisions]
    for row, _, provisions in found.hosts:
        lines += ["", f"{_visit_text(row, talk)}"]
        lines += [f"  {each.cite}  {each.gist.to(talk.language)}" for each in provisions]
    for words, provisions in found.lacking:
        lines += ["", f"✗ {words.to(talk.language)}"]
        lines += [f"  {each.cite}  {each.gist.to(talk.language)}" for each in provisions]
    return "\n".join(lines)


@command(
    "usage",
    ja="日ごとの最大同時セッション数と、ブラウザならアカウント数。--propose で変更の提案を記録する(第18条)",
    en="The most sessions at once, day by day, and for browsers the accounts in use; --propose records the proposal of a change (article 18).",
)
@click.argument("contract")
@option("--propose", "proposing", is_flag=True, ja="提案を記録する", en="Record the proposal.")
def usage(talk: Talk, contract: str, proposing: bool) -> None:
    with office_of(talk) as office:
        entrances = Entrances.of(office)
        found = fullness(entrances, contract)
        if proposing and found.proposes is None:
            raise Fault(
                Words(
                    "契約の数に近づいていないので、提案するものがありません",
                    "it is not near what was agreed, so there is nothing to propose",
                )
            )
        if proposing:
            propose(entrances, found)
    told: Json = {
        "contract": contract,
        "agreed": found.agreed,
        "accounts": found.accounts,
        "peaks": [
            {
                "day": each.day.isoformat(),
                "sessions": each.sessions,
                "at": each.at.isoformat(timespec="seconds"),
            }
            for each in found.peaks
        ],
        "proposes": found.proposes,
        "recorded": proposing,
    }
    talk.answer(told, lambda: _usage_text(found, proposing, talk))


def _usage_text(found: Fullness, is_recorded: bool, talk: Talk) -> str:
    is_counted = found.accounts is None and found.agreed is not None
    of = f" / {found.agreed}" if is_counted else ""
    lines = [f"{each.day}  {each.sessions}{of}" for each in found.peaks]
    lines = lines or [Words("セッションはありませんでした", "there were no sessions").to(talk.language)]
    matter = Words("最大同時セッション数", "sessions")
    if found.accounts is not None:
        matter = Words("アカウント数", "accounts")
        agreed = found.agreed if found.agreed is not None else "-"
        lines.append(
            Words(f"アカウント {found.accounts} / {agreed}", f"accounts {found.accounts} / {agreed}").to(
                talk.language
            )
        )
    if found.proposes is not None:
        told = Words(
            f"{matter.ja} {found.agreed} の限界に近い。{found.proposes} への変更を提案{'しました' if is_recorded else 'できます(--propose)'}(第18条)",
            f"near the {found.agreed} {matter.en} agreed; a change to {found.proposes} "
            f"{'is proposed' if is_recorded else 'can be proposed (--propose)'} (article 18)",
        )
        lines.append(told.to(talk.language))
    return "\n".join(lines)
