"""`access web`: what a request would get, what was refused, passwords for the proxy, and the provider's lists."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from kitei.cli.desk import office_of
from kitei.cli.show import cites_text
from kitei.cli.speak import Fault, Misuse, Talk, command, here, option
from kitei.network import WebList
from kitei.office.access.deciding import gateway_of, parts_with
from kitei.office.access.web_log import authority_of, records, rule_hits
from kitei.office.access.web_sacks import put_list, put_password
from kitei.office.safe import open_vault
from kitei.proxy.policy import Request
from kitei.services.secure_access.web_intent import WebAnswer, web_verdict
from kitei.values import Words


@command(
    "authority",
    ja="ゲートウェイが TLS を開く認証局の証明書(PEM)。利用者の端末で信頼する",
    en="The certificate (PEM) of the authority by which the gateway opens TLS: clients are to trust it.",
)
@click.argument("contract")
def authority(talk: Talk, contract: str) -> None:
    with office_of(talk) as office:
        place = gateway_of(office, office.contract(contract))
        found = authority_of(office, place.node) if place is not None else None
    if found is None:
        raise Fault(
            Words(
                f"{contract} のゲートウェイはまだ知らせていません", f"the gateway of {contract} told none yet"
            )
        )
    talk.answer({"contract": contract, "certificate": found}, lambda: found.rstrip())


@command(
    "list",
    ja="事業者の一覧 NAME(方針の categories が指す)を FILE のホスト名にする。一行に一つ",
    en="Let the provider's list NAME, which policies name in `categories`, be the hosts in FILE, one a line.",
)
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def names(talk: Talk, name: str, file: Path) -> None:
    with office_of(talk) as office:
        count = put_list(office, name, file.read_text(encoding="utf-8"))
    told = Words(f"{name}: {count} 件", f"{name}: {count} names")
    talk.answer({"list": name, "names": count}, lambda: told.to(talk.language))


@command(
    "password",
    ja="プロキシで名乗る利用者のパスワード(標準入力の一行)",
    en="The password by which an account signs in at the proxy: one line of standard input.",
)
@click.argument("contract")
@click.argument("account")
def password(talk: Talk, contract: str, account: str) -> None:
    told = sys.stdin.readline().rstrip("\n")
    with office_of(talk) as office:
        put_password(office, contract, account, told)
    done = Words("受け取りました", "taken in")
    talk.answer({"contract": contract, "account": account}, lambda: done.to(talk.language))


@command(
    "test",
    ja="この URL への要求はどうなるか。ゲートウェイと同じ表で答える",
    en="What becomes of a request for a URL, by the very tables that the gateway has.",
)
@click.argument("contract")
@click.argument("url")
@option("--user", default="", ja="だれが", en="Who asks.")
@option("--from", "source", default="", ja="どのアドレスから", en="From which address.")
@option("--at", default=None, ja="いつ(ISO 8601)", en="When (ISO 8601).")
def test(talk: Talk, contract: str, url: str, user: str, source: str, at: str | None) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misuse(
            Words("https://example.co.jp/ のような URL です", "a URL such as https://example.co.jp/")
        )
    when = _when(at)
    with office_of(talk) as office:
        found = office.contract(contract)
        place = gateway_of(office, found)
        if place is None:
            raise Fault(Words(f"{contract} のゲートウェイがありません", f"no gateway stands for {contract}"))
        stand = parts_with(office, place, found, None)
        vault = open_vault(office.home, office.book.engine)
        lists = {
            part.name: frozenset(vault.content(part.sack).decode().split())
            for part in stand
            if isinstance(part, WebList)
        }

        def ask(path: str | None) -> WebAnswer | None:
            return web_verdict(
                stand, lists, Request(parts.hostname or "", path, user, source), when or office.clock()
            )

        answer = ask(None) if parts.scheme == "https" else ask(parts.path or "/")
        if answer is not None and answer.verdict.inspect and parts.scheme == "https":
            answer = ask(parts.path or "/")
    if answer is None:
        raise Fault(Words(f"{contract} に Web ゲートウェイはありません", f"{contract} has no Web gateway"))
    talk.answer(_json(answer), lambda: _line(answer, talk))
    if answer.verdict.action == "block":
        raise SystemExit(1)


@command(
    "hits",
    ja="今の方針の規則がそれぞれ何度決めたか。0 は一度もない",
    en="How often each rule of the policy in force decided; 0: it never did.",
)
@click.argument("contract")
def hits(talk: Talk, contract: str) -> None:
    with office_of(talk) as office:
        found = rule_hits(office, contract)
    talk.answer(found, lambda: "\n".join(f"{count:>10}  {rule}" for rule, count in found.items()) or "-")


@command(
    "log",
    ja="Web ゲートウェイが止めたものと渡さなかったもの。新しいものから",
    en="What the Web gateway refused or held back, the newest first.",
)
@click.argument("contract")
@option("--most", type=int, default=100, ja="何件まで", en="How many at most.")
def log(talk: Talk, contract: str, most: int) -> None:
    with office_of(talk) as office:
        office.contract(contract)
        found = records(office, contract, most)
    rows: list[Any] = [
        {
            **{"at": each.at.isoformat(), "kind": each.kind, "rule": each.rule, "policy": each.policy},
            **{"account": each.account, "source": each.source, "url": each.url, "action": each.action},
            **{"told": each.told, "sha256": each.digest},
        }
        for each in found
    ]
    lines = (
        f"{each.at:%Y-%m-%d %H:%M:%S}  {each.action}  {each.rule} (v{each.policy})  {each.account or each.source}  "
        f"{each.url}  {each.told} {each.digest}".rstrip()
        for each in found
    )
    talk.answer(rows, lambda: "\n".join(lines) or "-")


def _when(at: str | None) -> datetime | None:
    if at is None:
        return None
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        raise Misuse(
            Words("2026-06-01T10:00:00+09:00 のような時刻です", "a time such as 2026-06-01T10:00:00+09:00")
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _json(answer: WebAnswer) -> dict[str, Any]:
    told = answer.verdict
    return {
        "action": told.action,
        "rule": told.rule,
        "policy": told.version,
        "contract": told.contract,
        "user": told.user or None,
        "tls_opened": told.inspect,
        "exempt_by": told.exempt or None,
        "reason": {"ja": told.reason.ja, "en": told.reason.en},
        "cites": list(answer.cites),
    }


def _line(answer: WebAnswer, talk: Talk) -> str:
    told = answer.verdict
    what = Words("止めます", "is refused") if told.action == "block" else Words("通します", "passes")
    tls = (
        Words("TLS を開きます", "TLS is opened")
        if told.inspect
        else Words("TLS は開きません", "TLS stays closed")
    )
    head = (
        f"{what.to(talk.language)}: {told.rule} (v{told.version}), {told.contract}; {tls.to(talk.language)}"
    )
    return "\n".join(
        filter(None, (head, told.reason.to(talk.language), cites_text(answer.cites, talk.language)))
    )


@click.group(
    "web",
    help=Words("Web ゲートウェイ: 試す、記録、一覧、パスワード", "Web gateways: try, log, lists.").to(here()),
)
def web() -> None:
    pass


for each in (test, authority, log, hits, password, names):
    web.add_command(each)
