"""Logins: answered for whom it was contracted, refused with a reason, ignored from strangers, ended with the contract."""

import secrets
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from kitei.desk import Verdict
from kitei.lab.story.stage import Stage
from kitei.lab.story.terminals import NODE, NOTHING, Terminal, lay, papers, until
from kitei.office.orderbook import read_book, take_book
from kitei.office.radius.logins import Logins, make_secret
from kitei.office.radius.password import Passwords
from kitei.office.radius.why import LoginWhy, why_login
from kitei.office.why import why_part
from kitei.values import JST, Words

BOOK: Final = Path(__file__).parents[4] / "examples" / "logins"
_USERS: Final = 20
_ACCEPT, _REJECT = "Access-Accept", "Access-Reject"


def let_in(stage: Stage) -> None:
    """The whole scene, from two applications to the end of one customer's contracts."""
    begun = time.monotonic()
    stage.telling.open_scene(Words("ログイン", "Logins"))
    _take_orders(stage)
    logins = Logins.of(stage.office)
    passwords = {name: secrets.token_urlsafe(12) for name in ("sakura", "fuji")}
    shared = _hand_over(logins, passwords, stage)
    lay(stage.lab)
    folder = stage.home / "terminals"
    till, desk, stranger = (
        Terminal(stage.lab, folder, place, shared[name])
        for place, name in (("sakura-till", "sakura"), ("fuji-desk", "fuji"), ("stranger", "sakura"))
    )
    _answer(stage, till, desk, passwords)
    _refuse(stage, logins, till, stranger, passwords)
    _change(stage, logins, till, passwords)
    _watch(stage)
    _end(stage, till, desk, passwords)
    took = time.monotonic() - begun
    stage.telling.say(f"この場面は {took:.1f} 秒でした。", f"This scene took {took:.1f} s.")


def _take_orders(stage: Stage) -> None:
    outcomes = list(take_book(stage.office, read_book(BOOK, stage.office)))
    refused = [each for each in outcomes if each.decided.decision.verdict is Verdict.REFUSE]
    stage.telling.promise(
        f"認証アウトソースの {len(outcomes)} 件が予期どおりに判断される(プロキシはグループとともには使えない)",
        f"{len(outcomes)} acts of Authentication Outsource are decided as expected (no proxy beside a group)",
        all(each.is_expected for each in outcomes) and len(refused) == 1,
        stage.articles(
            [
                str(cite)
                for each in refused
                for finding in each.decided.decision.findings
                if finding.verdict is Verdict.REFUSE
                for cite in finding.cites
            ]
        ),
    )


def _hand_over(logins: Logins, passwords: dict[str, str], stage: Stage) -> dict[str, str]:
    """Secrets and users into the vault; the secrets that the terminals know."""
    logins.put_own(f"papers.{NODE}", papers(stage.office.clock()))
    shared = {}
    for name, password in passwords.items():
        shared[name] = make_secret()
        logins.put_secret(f"{name}-client-1", shared[name])
        users = [f"alice,{password}"]
        users += [f"u{n},{secrets.token_urlsafe(9)}" for n in range(1, _USERS if name == "sakura" else 2)]
        logins.import_users(f"{name}-group-1", "name,password\n" + "\n".join(users) + "\n")
    return shared


def _answer(stage: Stage, till: Terminal, desk: Terminal, passwords: dict[str, str]) -> None:
    plan = stage.publish()
    begun = time.monotonic()
    stage.lab.start_nodes([NODE])
    with stage.telling.waiting("認証サーバを起動しています", "the RADIUS server starts"):
        took = until(lambda: till.login("alice@sakura.example", passwords["sakura"], 1) == _ACCEPT, 60)
    stage.telling.promise(
        "契約だけから認証ノードが立ち、登録した端末からのログインが認められる(PAP)",
        "by the contracts alone a node answers, and a login from a registered terminal is let in (PAP)",
        took is not None,
        f"{time.monotonic() - begun:.1f} s, {len(plan.changes)} parts",
    )
    stage.telling.promise(
        "無線の端末と同じ方式でも認められる(PEAP-MSCHAPv2、eapol_test)",
        "so is one as wireless clients make it (PEAP-MSCHAPv2, eapol_test)",
        till.login_by_peap("alice@sakura.example", passwords["sakura"]),
    )
    other = desk.login("alice@fuji.example", passwords["fuji"])
    crossed = desk.login("alice@sakura.example", passwords["sakura"])
    stage.telling.promise(
        "同じ名前の利用者が別の契約者にもいるが、互いに届かない",
        "another customer has a user of the same name, and the two never meet",
        (other, crossed) == (_ACCEPT, _REJECT),
        f"{other}, {crossed}",
    )


def _refuse(
    stage: Stage, logins: Logins, till: Terminal, stranger: Terminal, passwords: dict[str, str]
) -> None:
    heard = till.login("u1@sakura.example", "not the password")
    found: list[LoginWhy] = []

    def is_known() -> bool:
        found[:] = [why_login(logins, "sakura-group-1", "u1")]
        return found[0].reason is not None

    took = until(is_known, 15)
    reason = found[0].reason
    stage.telling.promise(
        "違うパスワードは拒まれ、そのわけが契約ごとに二つの言葉で調べられる",
        "a wrong password is refused, and the customer can look up why, in both languages",
        heard == _REJECT and reason is not None and bool(reason.provisions),
        f"{reason.words.ja} / {reason.words.en}, {took or 0:.1f} s" if reason else heard,
    )
    said = stranger.login("alice@sakura.example", passwords["sakura"], 1)
    stage.telling.promise(
        "登録のない端末には、秘密を知っていても何も答えない",
        "a client that is not registered gets no answer, though it knows the secret",
        said == NOTHING,
        said,
    )


def _change(stage: Stage, logins: Logins, till: Terminal, passwords: dict[str, str]) -> None:
    name, new = "alice@sakura.example", secrets.token_urlsafe(12)
    begun = time.monotonic()
    refused = Passwords.of(logins).change(name, passwords["sakura"], new, "203.0.113.5")
    written = time.monotonic() - begun
    live = until(lambda: till.login(name, new, 1) == _ACCEPT, 10)
    old = till.login(name, passwords["sakura"], 1)
    passwords["sakura"] = new
    stage.telling.promise(
        "利用者が自分でパスワードを変えると、ノードを止めずにすぐ効き、前のものは通らない",
        "a user changes the own password: it counts at once, nothing restarts, the old one is refused",
        refused is None and live is not None and old == _REJECT,
        f"{written:.2f} s + {live or 0:.2f} s",
    )


def _watch(stage: Stage) -> None:
    hearing = stage.hearing
    contracts = ("sakura-group-1", "fuji-group-1")

    def is_seen() -> bool:
        at = stage.office.clock()
        seen = {
            o.subject
            for o in stage.office.shelf.observations(until=at, source=NODE)
            if o.what == "login" and o.up
        }
        return {f"{name}@{NODE}" for name in contracts} <= seen

    seen = until(is_seen, 30) is not None
    out = [alarm for alarm in hearing.alarms() if alarm.contract.endswith(("client-1", "group-1"))]
    accounts = len(Logins.of(stage.office).vault.users("sakura.example"))
    stage.telling.promise(
        "当社自身のログインがどの契約も端から端まで見張り、アカウントには数えない",
        "logins of our own watch each contract end to end, and are no accounts of it",
        seen and not out and accounts == _USERS,
        f"{accounts} accounts",
    )
    (found, *_) = why_part(stage.office, NODE, "radius-group:sakura.example")
    kinds = [step.name for step in found.steps]
    stage.telling.promise(
        "ノードのどの部品も、契約、申込、条項へたどれる",
        "every part of the node leads back to contract, application and article",
        "sakura-group-1" in kinds and "sakura-logins" in kinds and bool(found.provisions),
        stage.articles([each.cite for each in found.provisions][:3]),
    )


def _end(stage: Stage, till: Terminal, desk: Terminal, passwords: dict[str, str]) -> None:
    ending = stage.contract("fuji-group-1").ending
    last = ending.last if ending else None
    if last is None:
        stage.telling.promise("契約が終わる", "the contract ends", False, "no last day")
        return
    midnight = datetime(last.year, last.month, last.day, tzinfo=JST) + timedelta(days=1)
    stage.set_clock(midnight - timedelta(seconds=3))
    before = desk.login("alice@fuji.example", passwords["fuji"])
    over = until(lambda: desk.login("alice@fuji.example", passwords["fuji"], 1) == NOTHING, 20)
    after = (stage.office.clock() - midnight).total_seconds()
    stays = till.login("alice@sakura.example", passwords["sakura"])
    stage.telling.promise(
        f"解約された契約は最終日 {last} の終わりまで答え、日が変わると答えない。ほかの契約は変わらない",
        f"a cancelled contract is answered to the end of {last}, and not after midnight; the others go on",
        (before, stays) == (_ACCEPT, _ACCEPT) and over is not None,
        f"{before}, {NOTHING} {after:.1f} s after midnight",
    )
