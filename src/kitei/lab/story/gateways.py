"""Gateways: who is let in and what passes by whose decision, what is held back, and what goes with the contracts."""

import base64
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kitei.desk import Verdict
from kitei.lab.story.offices import OFFICE, SERVER, SITE, Premises, lay
from kitei.lab.story.stage import Stage
from kitei.lab.story.terminals import until
from kitei.lab.website import TRIAL, trial_file
from kitei.network.access_filter import Flow
from kitei.office.access.deciding import connected, decide, enrol, gateway_of, parts_with
from kitei.office.access.logbook import cuts, log_of
from kitei.office.access.testing import judged
from kitei.office.access.web_log import authority_of, records
from kitei.office.closing import preview
from kitei.office.orderbook import read_book, take_book
from kitei.services.secure_access.people import policies
from kitei.store.passing import FlowRow
from kitei.values import JST, Month, Words, in_yen

BOOK: Final = Path(__file__).parents[4] / "examples" / "access"
_DAY: Final = datetime(2026, 7, 24, 10, 0, tzinfo=JST)
_SHARED, _DEDICATED = "203.0.113.100", "203.0.113.101"
_MAIL, _TALK, _DENIED = 993, 5222, 25


def guard(stage: Stage) -> None:
    """The whole scene, from applications to the midnight that takes one customer's gateway away."""
    begun = time.monotonic()
    stage.telling.open_scene(Words("ゲートウェイ", "Gateways"))
    stage.set_clock(_DAY)
    _take_orders(stage)
    hinoki = Premises(stage.lab, "hinoki", 9, _DEDICATED)
    nire = Premises(stage.lab, "nire", 25, _SHARED)
    _bring_up(stage, (hinoki, nire))
    _let_in(stage, (hinoki, nire))
    _deny(stage, hinoki)
    _leave(stage, hinoki, nire)
    _browse(stage, hinoki)
    _change(stage, hinoki)
    _charge(stage)
    _end(stage, hinoki, nire)
    took = time.monotonic() - begun
    stage.telling.say(f"この場面は {took:.1f} 秒でした。", f"This scene took {took:.1f} s.")


def _take_orders(stage: Stage) -> None:
    outcomes = list(take_book(stage.office, read_book(BOOK, stage.office)))
    refused = [
        finding
        for each in outcomes
        for finding in each.decided.decision.findings
        if each.decided.decision.verdict is Verdict.REFUSE and finding.verdict is Verdict.REFUSE
    ]
    why = "; ".join(each.why.to(stage.telling.language) for each in refused)
    stage.telling.promise(
        f"セキュアアクセスの {len(outcomes)} 件が予期どおりに判断される(49 アカウントは条項により拒絶)",
        f"{len(outcomes)} acts of Secure Access are decided as expected (49 accounts are refused by article)",
        all(each.is_expected for each in outcomes) and len(refused) == 1 and bool(refused[0].cites),
        f"{stage.articles([str(cite) for each in refused for cite in each.cites])}: {why}",
    )


def _bring_up(stage: Stage, premises: tuple[Premises, ...]) -> None:
    begun = time.monotonic()
    lay(stage.lab, premises)
    stage.publish()
    nodes = [each.gateway for each in premises]
    stage.lab.start_nodes(nodes)
    with stage.telling.waiting("ゲートウェイを起動しています", "the gateways start"):
        took = until(lambda: all(_is_done(stage, each) for each in nodes), 60)
    stage.telling.promise(
        "契約だけから、契約者ごとのゲートウェイが立つ(ファイアウォール、WireGuard、Web ゲートウェイ)",
        "by the contracts alone each customer's gateway stands: firewall, WireGuard, Web gateway",
        took is not None,
        f"{time.monotonic() - begun:.1f} s, {', '.join(nodes)}",
    )


def _is_done(stage: Stage, node: str) -> bool:
    """Whether a node reports its orders done."""
    orders, heard = stage.office.shelf.orders(node), stage.hearing.reports().get(node)
    told = heard.body if heard is not None else {}
    return orders is not None and told.get("generation") == orders.generation and told.get("applied") is True


def _let_in(stage: Stage, premises: tuple[Premises, ...]) -> None:
    office = stage.office
    until(lambda: {each.gateway for each in premises} <= stage.publishing.estate().gateway_keys.keys())
    given = []
    for each in premises:
        contract = each.contract("remote-connect")
        private = X25519PrivateKey.generate()
        public = _written(private.public_key().public_bytes_raw())
        asked = {"by": each.customer, "contract": contract, "account": "tanaka", "device": "laptop"}
        _, entrance = enrol(office, {**asked, "public_key": public})
        if entrance is not None:
            given.append(entrance.addresses)
            each.dial(entrance.configuration(_written(private.private_bytes_raw())))
    both = until(lambda: all(each.visit()[:1] == (each.office,) for each in premises), 20) if given else None
    told = until(lambda: all("laptop" in connected(office, each.gateway) for each in premises), 20)
    stage.telling.promise(
        "登録した機器は WireGuard で自社にだけ届く。二社の中のアドレスはまったく同じ",
        "an enrolled device gets in by WireGuard, to its own office alone, though both have the same addresses",
        both is not None and told is not None and len(set(given)) == 1,
        f"{', '.join(given[0])} → {OFFICE}" if given else "",
    )


def _deny(stage: Stage, at: Premises) -> None:
    contract = stage.contract(at.contract("firewall-1"))
    heard, nothing = at.ask(SERVER, _MAIL), at.ask(SERVER, _DENIED)
    found: list[str] = []

    def is_known() -> bool:
        rows = log_of(stage.office).denials(contract.id)
        found[:] = [f"{r.rule} v{r.policy} {r.account}/{r.device}" for r in rows if r.port == _DENIED]
        return bool(found)

    until(is_known)
    place = gateway_of(stage.office, contract)
    parts = parts_with(stage.office, place, contract, None) if place else ()
    told = [
        judged(parts, Flow("10.255.0.2", SERVER, "tcp", port), stage.office.clock())
        for port in (_MAIL, _DENIED)
    ]
    stage.telling.promise(
        "許した宛先には届き、ほかは拒まれ、規則、方針の版、契約、条項がわかる。試験の答えも同じ",
        "what is allowed is reached, the rest is refused: rule, version, contract and article; the tester agrees",
        heard[:1] == (SITE,)
        and not nothing
        and [(each.allowed, each.rule, each.contract) for each in told]
        == [(True, "mail-out", contract.id), (False, "default", contract.id)]
        and found[:1] == [f"default v{told[1].version} tanaka/laptop"]
        and bool(told[1].cites),
        f"{', '.join(found[:1])}, {contract.id}, {stage.articles(told[1].cites)}",
    )


def _leave(stage: Stage, at: Premises, other: Premises) -> None:
    seen, others = at.ask(SERVER, _MAIL), other.ask(SERVER, _MAIL)
    rows: list[FlowRow] = []

    def is_known() -> bool:
        rows[:] = (
            log_of(stage.office).who(seen[1], int(seen[2]), stage.office.clock()) if len(seen) == 3 else []
        )
        return bool(rows)

    until(is_known)
    stage.telling.promise(
        "相手のサーバには専用アドレスが見え、ほかの契約者は共用のまま。だれであったかは記録からわかる",
        "the server outside sees the dedicated address, of the other customer the shared one; the log says who it was",
        seen[1:2] == (_DEDICATED,)
        and others[1:2] == (_SHARED,)
        and [(row.contract, row.account, row.device) for row in rows]
        == [(at.contract("firewall-1"), "tanaka", "laptop")],
        f"{':'.join(seen[1:])} = {', '.join(f'{row.account}/{row.device}' for row in rows)}; {':'.join(others[1:])}",
    )


def _browse(stage: Stage, at: Premises) -> None:
    contract = at.contract("web-gateway")
    until(lambda: authority_of(stage.office, at.gateway) is not None)
    trusted = stage.home / "site" / "gateway.pem"
    trusted.write_text(authority_of(stage.office, at.gateway) or "")
    open_ = at.browse("https://files.example/", trusted)
    page = at.browse("https://games.example/", trusted)
    version = policies(stage.contract(contract))[-1].version

    def outcomes() -> set[tuple[str, str, int]]:
        return {(each.kind, each.rule, each.policy) for each in records(stage.office, contract)}

    known = until(lambda: ("refused", "no-games", version) in outcomes())
    stage.telling.promise(
        "禁じた URL には、TLS の中でも、わけを書いたページが返り、ほかの URL は開く",
        "a URL that is not allowed gets a page with its reason, inside TLS too; others open",
        open_.startswith(SITE)
        and "not for work" in page
        and "業務に使いません" in page
        and known is not None,
        f"no-games v{version}, {contract}",
    )
    held = ""

    def is_held() -> bool:
        nonlocal held
        held = at.browse(f"https://files.example{TRIAL}", trusted)
        return "Eicar-Test-File" in held

    until(is_held)
    known = until(lambda: ("held", "infected", version) in outcomes())
    stage.telling.promise(
        "サンドボックスのオプションにより、悪いファイルは渡されず、そのわけがページと記録にある",
        "with the sandbox option a bad file is held back, and the page and the log say why",
        "Eicar-Test-File" in held and trial_file().decode() not in held and known is not None,
        "Eicar-Test-File",
    )


def _change(stage: Stage, at: Premises) -> None:
    contract = at.contract("firewall-1")
    talks = {port: stage.home / f"{at.stay(port)}.log" for port in (_MAIL, _TALK)}
    until(
        lambda: (
            {row.port for row in log_of(stage.office).flows(contract, only_open=True, most=100)} >= {*talks}
        )
    )
    text = policies(stage.contract(contract))[-1].text.replace('"tcp/5222"', '"tcp/5223"')
    would = {row.port for row in cuts(stage.office, stage.contract(contract), text)}
    decide(stage.office, "set-policy", {"by": at.customer, "contract": contract, "text": text})
    cut = until(lambda: not _goes_on(talks[_TALK]), 20)
    stage.telling.promise(
        "方針を変えると、許されなくなった会話だけが切れ、予告と同じ。ほかは途切れない",
        "a changed policy cuts the conversation that is not allowed any more, as foretold, and no other",
        would == {_TALK} and cut is not None and _goes_on(talks[_MAIL]),
        f"tcp/{_TALK}; tcp/{_MAIL} goes on",
    )


def _goes_on(log: Path) -> bool:
    """Whether a conversation is heard within a second, and was not cut."""
    before = log.stat().st_size
    return until(lambda: log.stat().st_size > before, 1.0) is not None and "Error" not in log.read_text()


def _charge(stage: Stage) -> None:
    bill = next(each for each in preview(stage.office, Month(2026, 7)) if each.customer == "hinoki")
    lines = bill.invoice.lines if bill.invoice is not None else ()
    wanted = ("schedule:1.2.1.t1", "schedule:1.2.1.t2", "schedule:1.2.1.t5", "schedule:1.2.2.t2")
    shown = [
        line for line in lines for path in wanted if any(cite.endswith(f"#{path}") for cite in line.cites)
    ]
    stage.telling.promise(
        "七月の請求の明細は、種類とサンドボックスごとに日割りの額と条項をあげる",
        "the lines of July's invoice give each kind and the sandbox, by its days, with its provision",
        len(shown) == len(wanted) and all(line.amount > 0 for line in shown),
        "; ".join(f"{line.words.to(stage.telling.language)} {in_yen(line.amount)}" for line in shown[-1:])
        + f", {stage.articles([str(cite) for line in shown[-1:] for cite in line.cites[-1:]])}",
    )


def _end(stage: Stage, at: Premises, other: Premises) -> None:
    endings = {
        each.ending.last
        for kind in ("firewall-1", "web-gateway", "remote-connect")
        if (each := stage.contract(at.contract(kind))).ending
    }
    if len(endings) != 1:
        stage.telling.promise("契約が終わる", "the contracts end", False, f"{endings}")
        return
    (last,) = endings
    midnight = datetime(last.year, last.month, last.day, tzinfo=JST) + timedelta(days=1)
    stage.set_clock(midnight - timedelta(seconds=5))
    before, stood = at.visit(), _left(at)
    gone = until(lambda: not _left(at), 30)
    after = (stage.office.clock() - midnight).total_seconds()
    stays = other.visit()
    stage.telling.promise(
        f"最終日 {last} の翌日になると、規則、トンネル、専用アドレス、プロキシはすべて取り除かれる。もう一社は変わらない",
        f"after midnight of {last} filter, tunnel, dedicated address and proxy are all taken away; the other goes on",
        before[:1] == (at.office,)
        and len(stood) == 5
        and gone is not None
        and after >= 0
        and stays[:1] == (other.office,),
        f"{', '.join(stood)}: {after:.1f} s after midnight" if gone is not None else ", ".join(_left(at)),
    )


def _left(at: Premises) -> list[str]:
    """What a gateway still has of its contracts."""
    run = at.lab.run
    tables = run(at.gateway, ["nft", "list", "tables"]).out
    found = [each for each in ("kitei_access", "kitei_web") if each in tables]
    links = run(at.gateway, ["ip", "-br", "link"]).out
    found += [line.split()[0] for line in links.splitlines() if line.startswith("kw")]
    found += [_DEDICATED] if _DEDICATED in run(at.gateway, ["ip", "address"]).out else []
    found += ["squid"] if '"squid"' in run(at.gateway, ["ss", "-Htlnp"]).out else []
    return found


def _written(key: bytes) -> str:
    return base64.b64encode(key).decode()
