"""Ways in: by a tunnel with a matrix, by a browser, to the designated hosts alone, and as many as were agreed."""

import secrets
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from kitei.desk import Verdict
from kitei.lab.cabling import Cable, End, Way
from kitei.lab.dialling import TUNNEL
from kitei.lab.lab import Lab
from kitei.lab.story.stage import Stage
from kitei.lab.story.terminals import papers, until
from kitei.office.orderbook import read_book, take_book
from kitei.office.remote.users import Entrances
from kitei.office.remote.why import RemoteWhy, why_user
from kitei.store.logins import LoginLog, prepare
from kitei.store.visits import visits_of
from kitei.values import JST, Words

BOOK: Final = Path(__file__).parents[4] / "examples" / "remote"
_DAY: Final = datetime(2026, 7, 24, 9, 0, tzinfo=JST)
_NET: Final = "remote-net"
_HOST, _OTHER = "10.1.0.2", "10.1.0.3"
_SHELF: Final = "shelf.momiji.example"
_PATTERN: Final = "A1 C2 L4 F3 B2 K1"


@dataclass(frozen=True, slots=True)
class Branch:
    """A customer with its gateway, a server behind it with two addresses, and people somewhere on the Internet; `line`
    is the last byte of the gateway's own address outside."""

    lab: Lab
    folder: Path
    customer: str
    server: str
    line: int
    people: tuple[str, ...]

    @property
    def node(self) -> str:
        return f"ra-{self.customer}"

    @property
    def contract(self) -> str:
        return f"{self.customer}-gateway-1"

    @property
    def address(self) -> str:
        return f"192.0.2.{self.line}"

    def place(self, person: str) -> str:
        return f"{self.customer}-{person}"

    def lay(self) -> None:
        near, far = (f"192.0.2.{self.line + each}" for each in (0, 1))
        office = self.place("office")
        cables = [
            Cable(End(self.node, "wan0", (f"{near}/30",)), End(_NET, self.node, (f"{far}/30",))),
            Cable(
                End(office, "eth0", (f"{_HOST}/24", f"{_OTHER}/24")),
                End(self.node, "lan0", ("10.1.0.1/24",)),
            ),
        ]
        ways = [Way(self.node, "default", far), Way(office, "default", "10.1.0.1")]
        for number, person in enumerate(self.people):
            own, other = (f"198.51.{self.line}.{4 * number + each}" for each in (1, 2))
            place = self.place(person)
            cables.append(Cable(End(place, "eth0", (f"{own}/30",)), End(_NET, place, (f"{other}/30",))))
            ways.append(Way(place, "192.0.2.0/24", other))
        self.lab.cable(cables, ways, [_NET])
        program = [sys.executable, "-m", "kitei.lab.website"]
        for address in (_HOST, _OTHER):
            self.lab.begin(f"{office}-{address}", office, [*program, "serve", office, address])
        self.lab.begin(f"{office}-names", office, [*program, "names", _HOST])

    def hand_over(self, entrances: Entrances) -> None:
        """The certificate, and users with passwords that nobody chose."""
        sack = papers(entrances.office.clock(), self.server)
        entrances.put_papers(self.node, sack)
        rows = []
        for person in self.people:
            folder = self.folder / self.place(person)
            folder.mkdir(parents=True, mode=0o700)
            password = secrets.token_urlsafe(12)
            (folder / "password").write_text(password)
            (folder / "authority.pem").write_text(sack.partition("-----BEGIN PRIVATE")[0])
            rows.append(f"{person},{password}\n")
        entrances.import_users(self.contract, f"name,password\n{''.join(rows)}")

    def dial(self, person: str) -> str:
        """Begin to dial; what that is called."""
        place = self.place(person)
        argv = [sys.executable, "-m", "kitei.lab.dialling", str(self.folder / place), self.server]
        self.lab.begin(place, place, [*argv, self.address, person])
        return place

    def is_in(self, person: str) -> bool:
        return "inet " in self.lab.run(self.place(person), ["ip", "address", "show", TUNNEL]).out

    def get(self, person: str, url: str, *more: str) -> str:
        """A page, or nothing."""
        return self.lab.run(self.place(person), ["curl", "-sS", "--max-time", "3", *more, url]).out

    def browse(self, person: str, url: str) -> str:
        """A page through the gateway for browsers. The password goes by a file, as for any curl."""
        folder = self.folder / self.place(person)
        login = folder / "login"
        if not login.exists():
            login.touch(0o600)
            login.write_text(f'proxy-user = "{person}:{(folder / "password").read_text()}"\n')
        way = ["--proxy", f"https://{self.server}:443", "--resolve", f"{self.server}:443:{self.address}"]
        way += ["--proxy-cacert", str(folder / "authority.pem"), "--config", str(login)]
        return self.get(person, url, *way)


def come_in(stage: Stage) -> None:
    """The whole scene, from applications to who was refused and by which article."""
    begun = time.monotonic()
    stage.telling.open_scene(Words("リモートアクセス", "Remote access"))
    stage.set_clock(_DAY)
    _take_orders(stage)
    folder = stage.home / "people"
    kaede = Branch(stage.lab, folder, "kaede", "kaede.vpn.example.jp", 1, ("ann", "bob"))
    momiji = Branch(stage.lab, folder, "momiji", "momiji.web.example.jp", 9, ("cho", "dai"))
    _bring_up(stage, kaede, momiji)
    _dial(stage, kaede)
    _refuse(stage, kaede)
    _browse(stage, momiji)
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
    stage.telling.promise(
        f"リモートアクセスの {len(outcomes)} 件が予期どおりに判断される(ネットワークのないゲートウェイは拒絶)",
        f"{len(outcomes)} acts of Remote Access are decided as expected (no gateway without a network)",
        all(each.is_expected for each in outcomes) and len(refused) == 1,
        stage.articles([str(cite) for each in refused for cite in each.cites]),
    )


def _bring_up(stage: Stage, kaede: Branch, momiji: Branch) -> None:
    begun = time.monotonic()
    entrances = Entrances.of(stage.office)
    for each in (kaede, momiji):
        each.lay()
        each.hand_over(entrances)
    for person in kaede.people:
        entrances.put_matrix(kaede.contract, person, _PATTERN)
        (kaede.folder / kaede.place(person) / "pattern").write_text(_PATTERN)
    stage.publish()
    nodes = [kaede.node, momiji.node]
    stage.lab.start_nodes(nodes)
    with stage.telling.waiting("ゲートウェイを起動しています", "the gateways start"):
        took = until(lambda: all(_is_done(stage, each) for each in nodes), 60)
    stage.telling.promise(
        "契約だけから、VPN のゲートウェイ(ocserv)とブラウザのゲートウェイ(Squid)が立つ",
        "by the contracts alone a gateway for tunnels (ocserv) and one for browsers (Squid) stand",
        took is not None and not entrances.unserved(),
        f"{time.monotonic() - begun:.1f} s, {', '.join(nodes)}",
    )


def _is_done(stage: Stage, node: str) -> bool:
    """Whether a node reports its orders done."""
    orders, heard = stage.office.shelf.orders(node), stage.hearing.reports().get(node)
    told = heard.body if heard is not None else {}
    return orders is not None and told.get("generation") == orders.generation and told.get("applied") is True


def _dial(stage: Stage, at: Branch) -> None:
    at.dial("ann")
    took = until(lambda: at.is_in("ann"), 20)
    page = at.get("ann", f"http://{_HOST}/")
    at.lab.run(at.place("ann"), ["ip", "route", "add", f"{_OTHER}/32", "dev", TUNNEL])
    other = at.get("ann", f"http://{_OTHER}/")
    stage.telling.promise(
        "利用者はパスワードと、画面の表から読み取る答え(マトリックス認証)で入り、指定されたホストにだけ届く",
        "a user gets in by password and by what is read off a grid (matrix), and reaches the designated host alone",
        took is not None and page.startswith(at.place("office")) and not other,
        f"{page.strip()}; {_OTHER}: {other.strip() or '-'}",
    )


def _refuse(stage: Stage, at: Branch) -> None:
    entrances = Entrances.of(stage.office)
    until(lambda: _sessions(stage, at.contract) == 1)
    name = at.dial("bob")
    found: list[RemoteWhy] = []

    def is_known() -> bool:
        found[:] = [why_user(entrances, at.contract, "bob")]
        return any(row.reason == "too-many-sessions" for row in found[0].logins)

    until(is_known, 30)
    at.lab.finish(name)
    told = found[0]
    cites = [each.cite for each in told.provisions]
    reason = told.reason.to(stage.telling.language) if told.reason else ""
    stage.telling.promise(
        "契約を一つ超えるセッションは断られ、`kitei remote why` が条項を示す。先の人はそのまま",
        "one session too many is refused, and `kitei remote why` names the article; who was in stays in",
        not at.is_in("bob")
        and any(cite.endswith("#art:8.1.1") for cite in cites)
        and at.get("ann", f"http://{_HOST}/").startswith(at.place("office")),
        f"{reason}, {stage.articles(cites)}",
    )


def _sessions(stage: Stage, contract: str) -> int:
    prepare(stage.office.book.engine)
    return len(LoginLog(stage.office.book.engine).sessions(contract, only_open=True))


def _browse(stage: Stage, at: Branch) -> None:
    page, refused = at.browse("cho", f"http://{_SHELF}/"), at.browse("cho", f"http://{_OTHER}/")
    entrances = Entrances.of(stage.office)

    def outcomes() -> set[tuple[str, str]]:
        return {(row.host, row.why) for row in visits_of(stage.office.book.engine, at.contract, user="cho")}

    known = until(lambda: {(_SHELF, ""), (_OTHER, "not-designated")} <= outcomes())
    told = why_user(entrances, at.contract, "cho").hosts
    cites = [each.cite for each in told[0][2]] if told else []
    stage.telling.promise(
        "ブラウザの利用者も指定されたホストにだけ届き、ほかは条項を書いたページが返る。だれがどこへ、が記録にある",
        "a browser's user reaches the designated host alone; others get a page with the articles; visits are on record",
        page.startswith(at.place("office"))
        and "art:5.3" in refused
        and at.contract in refused
        and known is not None
        and bool(cites),
        f"{_SHELF} ✓, {_OTHER}: {stage.articles(cites)}",
    )
