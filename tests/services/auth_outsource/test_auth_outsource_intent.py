"""Contracts as parts of nodes that answer RADIUS: who may ask, for which realms, and where requests go."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from kitei.clauses.history import History, Line
from kitei.desk import Verdict
from kitei.drivers.x509 import Authority, make_key, make_request
from kitei.ledger.contracts import Contract
from kitei.network import (
    Concentrator,
    Estate,
    HomeServer,
    LoginProbe,
    NodeIntent,
    Part,
    Prober,
    RadiusCaps,
    RadiusClient,
    RadiusGroup,
    RadiusPlace,
    RadiusProber,
    RadiusProxy,
    RadiusServer,
    RadiusVpdn,
    SyntheticUser,
    TunnelTerminator,
    UserTables,
)
from kitei.network.codec import orders_json, orders_of
from kitei.network.intent import Orders
from kitei.services.auth_outsource import SERVICE
from kitei.services.auth_outsource.cases import LINE
from kitei.services.auth_outsource.contract import Door
from kitei.services.auth_outsource.edition import TERMS
from kitei.services.auth_outsource.intent import unserved
from kitei.services.auth_outsource.observation import availabilities
from kitei.services.auth_outsource.spoken import NETWORK
from kitei.services.auth_outsource.watching import EAP_A_SECOND, probes_of
from kitei.terms import Cite
from kitei.values import JST
from kitei.watch import Observation, Point, find_outages, history_of

DAY = date(2026, 2, 2)
AUTHORITY = Authority.create("who signs for the customer's servers", datetime(2026, 1, 1, tzinfo=JST))
ESTATE = Estate(
    radius=(RadiusPlace("r2", ("198.51.100.2",)), RadiusPlace("r1", ("198.51.100.1",))),
    concentrators=(
        Concentrator("203.0.113.1", "D"),
        Concentrator("203.0.113.2", "K"),
        Concentrator("203.0.113.3", "I"),
    ),
    sacks={
        "papers.r1": "papers.r1@1",
        "prober.r1": "prober.r1@1",
        "prober.r2": "prober.r2@1",
        **{f"concentrator.203.0.113.{number}": f"concentrator.203.0.113.{number}@1" for number in (1, 2, 3)},
    },
)


class Told(History):
    """A history that is asked in words, with the sacks that have been put away."""

    sacks: dict[str, str]
    users: dict[str, UserTables]

    def __init__(self, line: Line, day: date) -> None:
        super().__init__(line, day)
        self.sacks, self.users = {}, {}

    def put_away(self, *names: str) -> None:
        """Secrets anew, each in a sack of the next version."""
        for name in names:
            version = int(self.sacks.get(name, "@0").rpartition("@")[2]) + 1
            self.sacks[name] = f"{name}@{version}"

    def ask(self, name: str, by: str = "C1", day: date = DAY, **more: Any) -> None:
        written = {"by": by, "at": f"{day}T10:00:00+09:00", **more}
        self.do(SERVICE.read(name, written, LINE.terms.first))

    def contracts(self) -> tuple[Contract, ...]:
        return tuple(self.situation().contracts.values())

    def nodes(self, estate: Estate = ESTATE, on: date = DAY) -> tuple[NodeIntent, ...]:
        return tuple(SERVICE.compile(self.contracts(), self.with_sacks(estate), on))

    def with_sacks(self, estate: Estate = ESTATE) -> Estate:
        return replace(estate, sacks={**estate.sacks, **self.sacks}, users=self.users)

    def parts(self, kind: Any, estate: Estate = ESTATE, on: date = DAY) -> list[Any]:
        nodes = self.nodes(estate, on)
        return [part for part in nodes[0].parts if isinstance(part, kind)] if nodes else []


@pytest.fixture
def told() -> Told:
    return Told(LINE, DAY)


def watched(*contracts: str) -> Estate:
    """The estate with passwords of synthetic users, as a plan makes them."""
    return replace(ESTATE, sacks={**ESTATE.sacks, **{f"probe.{c}": f"probe.{c}@1" for c in contracts}})


def a_group(told: Told, by: str = "C1", realm: str = "a.example", ip: str = "192.0.2.1") -> None:
    told.ask("apply", by, services=[{"kind": "client", "ip": ip}, {"kind": "group", "accounts": 5}])
    told.ask("prepare", by, contract=f"{by}-group-1", realm=realm, users=5, methods=["peap"])
    told.put_away(f"client.{by}-client-1")
    told.users[realm] = UserTables(f"users.{realm}@1")


def a_proxy(told: Told, by: str = "C2", realm: str = "b.example", ip: str = "192.0.2.2") -> None:
    told.ask("apply", by, services=[{"kind": "client", "ip": ip}, {"kind": "proxy"}])
    told.put_away(f"client.{by}-client-1", f"home.{by}-proxy-1", f"papers.{by}-proxy-1")
    secured = {"transport": "radsec", "authority": AUTHORITY.certificate}
    servers = [{"address": "192.0.2.100"}, {"address": "192.0.2.101", **secured, "preference": 1}]
    told.ask("prepare", by, contract=f"{by}-proxy-1", realm=realm, home_servers=servers)


LINES = {
    "type-d": {"holds": "IIJモバイルサービス/タイプD", "item_class": "I"},
    "type-k": {"holds": "IIJモバイルサービス/タイプK", "item": "定額プラン"},
    "type-i": {"holds": "IIJモバイルサービス/タイプI", "network_type_class": "III"},
}


def a_vpdn(told: Told, item: str = "type-d", by: str = "C3", **more: Any) -> None:
    line: dict[str, Any] = {"id": item, "first": "2020-01-01", "last": None, **LINES[item]}
    told.say("service.held", f"customer:{by}", **line)
    told.ask("apply", by, services=[{"kind": "vpdn", "item": item, **more}])
    ends = [{"address": "192.0.2.110"}, {"address": "192.0.2.111", "secret": True}]
    name = f"{by}-vpdn-1"
    told.ask("prepare", by, contract=name, realm=f"{item}.example", terminators=ends)
    told.put_away(f"tunnel.{name}")


def test_a_terminal_may_ask_for_its_own_customers_realms_and_no_others(told: Told) -> None:
    a_group(told)
    a_proxy(told)
    clients: list[RadiusClient] = told.parts(RadiusClient)
    assert [(each.address, each.realms, each.sack) for each in clients] == [
        ("192.0.2.1", ("a.example",), "client.C1-client-1@1"),
        ("192.0.2.2", ("b.example",), "client.C2-client-1@1"),
    ]


def test_a_group_has_its_users_and_its_accounts(told: Told) -> None:
    a_group(told)
    (group,) = told.parts(RadiusGroup)
    assert (group.realm, group.users, group.accounts) == ("a.example", "users.a.example@1", 5)
    assert group.methods == ("peap",)
    told.ask("change", contract="C1-group-1", matter="accounts", number=9)
    told.users["a.example"] = UserTables("users.a.example@1", "changes.a.example@1-2")
    (group,) = told.parts(RadiusGroup)
    assert (group.users, group.changes, group.accounts) == ("users.a.example@1", "changes.a.example@1-2", 9)


def test_a_proxy_goes_to_the_customers_own_servers(told: Told) -> None:
    a_proxy(told)
    (proxy,) = told.parts(RadiusProxy)
    assert (proxy.realm, proxy.spread) == ("b.example", False)
    homes: list[HomeServer] = told.parts(HomeServer)
    assert [(each.address, each.port, each.transport) for each in homes] == [
        ("192.0.2.100", 1812, "udp"),
        ("192.0.2.101", 2083, "radsec"),
    ]
    assert {each.sack for each in homes} == {"home.C2-proxy-1@1"}


def test_a_vpdn_is_asked_for_by_the_concentrator_of_its_line(told: Told) -> None:
    a_vpdn(told)
    (client,) = told.parts(RadiusClient)
    assert (client.address, client.carries, client.realms) == ("203.0.113.1", "D", ("type-d.example/d",))
    (vpdn,) = told.parts(RadiusVpdn)
    assert (vpdn.item, vpdn.spread) == ("D", False)
    ends: list[TunnelTerminator] = told.parts(TunnelTerminator)
    assert [(each.address, each.sack) for each in ends] == [
        ("192.0.2.110", None),
        ("192.0.2.111", "tunnel.C3-vpdn-1@1"),
    ]
    told.ask("add-option", "C3", contract="C3-vpdn-1", option="load-balancing")
    (vpdn,) = told.parts(RadiusVpdn)
    assert vpdn.spread


def test_every_node_serves_every_contract_and_is_read_back_as_it_was_sent(told: Told) -> None:
    a_group(told)
    a_proxy(told)
    a_vpdn(told)
    first, second = told.nodes()
    assert (first.node, second.node) == ("r1", "r2")

    def own(node: NodeIntent) -> list[Part]:
        return [part for part in node.parts if not isinstance(part, RadiusServer)]

    assert own(first) == own(second) != []
    for node in (first, second):
        assert orders_of(orders_json(Orders(1, node)), node.node).intent == node


def test_caps_that_are_published_are_set_on_every_realm(told: Told) -> None:
    a_group(told)
    a_proxy(told)
    assert told.parts(RadiusCaps) == []
    caps = {"max-sessions-per-realm": 500, "max-sessions-per-user": 2, "max-requests-per-second": 50}
    capped = replace(ESTATE, caps=caps)
    found: list[RadiusCaps] = told.parts(RadiusCaps, capped)
    assert [(each.realm, each.sessions, each.sessions_each) for each in found] == [
        ("a.example", 500, 2),
        ("b.example", 500, 2),
    ]
    assert {each.rate for each in told.parts(RadiusClient, capped)} == {50}


def test_what_is_not_prepared_is_not_served_and_says_why(told: Told) -> None:
    def lacking() -> list[tuple[str, str]]:
        return [(each.contract, each.path) for each in unserved(told.contracts(), told.with_sacks(), DAY)]

    told.ask("apply", services=[{"kind": "client", "ip": "192.0.2.1"}, {"kind": "group"}])
    assert told.nodes() == ()
    assert lacking() == [("C1-client-1", "art:5.6.2"), ("C1-group-1", "art:5.6.1")]
    told.put_away("client.C1-client-1")
    told.ask("prepare", contract="C1-group-1", realm="a.example")
    assert lacking() == [("C1-client-1", "art:5.1"), ("C1-group-1", "art:5.6.6")]
    told.users["a.example"] = UserTables("users.a.example@1")
    assert lacking() == [("C1-client-1", "art:5.1"), ("C1-group-1", "art:5.6.6")], "those are another's"
    told.ask("prepare", contract="C1-group-1", users=5)
    assert lacking() == [] and len(told.nodes()) == 2


def test_whatever_sack_is_missing_its_contract_is_not_served(told: Told) -> None:
    a_group(told)
    a_proxy(told)
    a_vpdn(told)
    (lacking,) = unserved(told.contracts(), told.with_sacks(), DAY)
    assert lacking.contract == "C1-group-1" and "papers" in lacking.why.en and "r2" in lacking.why.en
    told.put_away("papers.r2")
    assert unserved(told.contracts(), told.with_sacks(), DAY) == ()
    for name in told.sacks.keys() - {"papers.r2"}:
        rest = {other: sack for other, sack in told.sacks.items() if other != name}
        without = replace(told.with_sacks(), sacks=rest)
        assert name.partition(".")[2] in {each.contract for each in unserved(told.contracts(), without, DAY)}


def test_a_contract_is_served_to_the_end_of_its_last_day_and_no_longer(told: Told) -> None:
    a_group(told)
    told.ask("cancel", contract="C1-group-1")
    last = DAY + timedelta(days=30)
    assert told.parts(RadiusGroup, on=last) and told.parts(RadiusClient, on=last)
    assert told.nodes(on=last + timedelta(days=1)) == ()


def test_an_address_that_two_registered_answers_for_the_first(told: Told) -> None:
    a_group(told)
    contracts = told.contracts()
    twin = replace(contracts[0], id="C9-client-1", customer="C9", concluded_on=DAY + timedelta(days=1))
    later = DAY + timedelta(days=1)
    told.put_away("client.C9-client-1", "papers.r2")
    estate = told.with_sacks()
    (node, _) = SERVICE.compile((*contracts, twin), estate, later)
    owners = [part.origin.owner for part in node.parts if isinstance(part, RadiusClient)]
    assert owners == ["C1-client-1"]
    (left,) = unserved((*contracts, twin), estate, later)
    assert (left.contract, left.path) == ("C9-client-1", "art:5.2")


def test_what_is_told_of_the_network_is_what_its_parts_cite() -> None:
    cited: set[str] = set()
    for item in LINES:
        told = Told(LINE, DAY)
        a_group(told)
        a_proxy(told)
        a_vpdn(told, item, options=[{"option": "load-balancing"}])
        estate = watched("C1-group-1", "C2-proxy-1", "C3-vpdn-1")
        for node in told.nodes(replace(estate, caps={"max-sessions-per-realm": 500})):
            cited |= {Cite.parse(cite).path for part in node.parts for cite in part.origin.cites}
    assert cited == NETWORK


def test_each_node_that_answers_logs_in_at_every_other_as_a_user_of_each_realm(told: Told) -> None:
    a_group(told)
    a_proxy(told)
    estate = watched("C1-group-1", "C2-proxy-1")
    for node in told.nodes(estate):
        probes = [part for part in node.parts if isinstance(part, LoginProbe)]
        assert {(each.name, each.user) for each in probes} == {
            (f"{contract}@{other}{way}", f"kitei-probe@{realm}")
            for contract, realm, way in (
                ("C1-group-1", "a.example", "/peap"),
                ("C2-proxy-1", "b.example", ""),
            )
            for other in ("r1", "r2")
        }
        assert {each.source for each in probes} == {{"r1": "198.51.100.1", "r2": "198.51.100.2"}[node.node]}
        may = [part.address for part in node.parts if isinstance(part, RadiusProber)]
        assert may == ["198.51.100.1", "198.51.100.2"]
        assert [part.realm for part in node.parts if isinstance(part, SyntheticUser)] == ["a.example"]


@pytest.mark.parametrize(
    ("methods", "ways"),
    [
        (["pap"], {"pap"}),
        (["chap", "mschapv2"], {"pap"}),
        (["peap"], {"peap"}),
        (["tls"], {"ttls"}),
        (["ttls", "tls", "pap", "peap"], {"pap", "peap", "ttls"}),
    ],
)
def test_a_group_is_logged_in_at_by_the_methods_that_its_contract_enables(
    told: Told, methods: list[str], ways: set[str]
) -> None:
    a_group(told)
    told.ask("prepare", "C1", contract="C1-group-1", methods=methods)
    assert {each.way for each in told.parts(LoginProbe, watched("C1-group-1"))} == ways


def test_one_realm_may_be_a_group_and_each_types_vpdn_of_one_customer(told: Told) -> None:
    a_group(told, "C3", "one.example")
    for number, item in enumerate(("type-d", "type-k"), 1):
        line: dict[str, Any] = {"id": item, "first": "2020-01-01", "last": None, **LINES[item]}
        told.say("service.held", "customer:C3", **line)
        told.ask("apply", "C3", services=[{"kind": "vpdn", "item": item, "realm": "one.example"}])
        ends = [{"address": f"192.0.2.11{number}"}]
        told.ask("prepare", "C3", contract=f"C3-vpdn-{number}", terminators=ends)
    realms = {part.realm: part.origin.owner for part in told.parts((RadiusGroup, RadiusVpdn))}
    assert realms == {
        "one.example": "C3-group-1",
        "one.example/d": "C3-vpdn-1",
        "one.example/k": "C3-vpdn-2",
    }
    carriers = {part.carries: part.realms for part in told.parts(RadiusClient)}
    assert carriers[""] == ("one.example",) and carriers["D"] == ("one.example/d",)


def test_a_login_of_ours_at_a_vpdn_wants_to_be_told_a_terminator(told: Told) -> None:
    a_vpdn(told)
    assert {each.way for each in told.parts(LoginProbe, watched("C3-vpdn-1"))} == {"tunnel"}


def test_a_prober_of_its_own_asks_alone_and_answers_nothing(told: Told) -> None:
    a_group(told)
    estate = watched("C1-group-1")
    estate = replace(
        estate, probers=(Prober("eye", "203.0.113.9"),), sacks={**estate.sacks, "prober.eye": "prober.eye@1"}
    )
    kinds = {node.node: {type(part) for part in node.parts} for node in told.nodes(estate)}
    assert kinds["eye"] == {LoginProbe}
    assert LoginProbe not in kinds["r1"] | kinds["r2"] and RadiusProber in kinds["r1"] & kinds["r2"]


def test_a_user_whom_the_customer_designated_is_asked_for_at_its_own_servers(told: Told) -> None:
    a_proxy(told)
    told.ask("prepare", "C2", contract="C2-proxy-1", probe_user="watch")
    told.put_away("login.C2-proxy-1")
    probes = told.parts(LoginProbe, watched("C2-proxy-1"))
    assert {(each.path, each.user) for each in probes} == {
        ("login", "kitei-probe@b.example"),
        ("home", "watch@b.example"),
    }
    assert {each.password for each in probes if each.path == "home"} == {"login.C2-proxy-1@1"}


def test_a_contract_is_out_only_when_none_of_its_ways_works_and_a_client_when_no_realm_does(
    told: Told,
) -> None:
    a_group(told)
    nodes = told.nodes(watched("C1-group-1"))
    found = availabilities(told.contracts(), nodes, DAY)
    ways = {Point(one, "login", f"C1-group-1@{other}/peap") for one in ("r1", "r2") for other in ("r1", "r2")}
    assert set(found["C1-group-1"].paths) == ways == set(found["C1-client-1"].paths)
    assert "auth-outsource@2019-12-01#art:12.1" in found["C1-group-1"].cites
    at = datetime(2026, 2, 2, 12, tzinfo=JST)
    seen = [Observation(at, p.source, p.subject, "login", True) for p in ways]
    seen += [Observation(at + timedelta(hours=1), p.source, p.subject, "login", False) for p in ways]
    works = Observation(at + timedelta(hours=26), "r2", "C1-group-1@r1/peap", "login", True)
    for contract in ("C1-group-1", "C1-client-1"):
        assert find_outages(found[contract], history_of(seen[: len(ways) + 3])) == ()
        (outage,) = find_outages(found[contract], history_of([*seen, works]))
        assert outage.hours() == 25 and outage.total


def test_what_fails_at_the_customers_own_is_told_beside(told: Told) -> None:
    a_proxy(told)
    found = availabilities(told.contracts(), told.nodes(watched("C2-proxy-1")), DAY)["C2-proxy-1"]
    assert {(point.what, point.subject) for point in found.states if point.source == "r1"} == {
        ("home", "home-server:b.example:192.0.2.100:1812"),
        ("home", "home-server:b.example:192.0.2.101:2083"),
    }


def test_synthetic_users_are_nobodys_accounts(told: Told) -> None:
    a_group(told)
    (group,) = told.parts(RadiusGroup, watched("C1-group-1"))
    assert group.accounts == 5 and group.users == "users.a.example@1"


def test_what_no_device_could_be_set_up_with_is_refused_before_it_reaches_one(told: Told) -> None:
    a_group(told)
    a_proxy(told)
    key = make_key()
    leaf = AUTHORITY.issue(make_request(key, "a.example"), 30, datetime(2026, 1, 1, tzinfo=JST))
    right = AUTHORITY.certificate
    told.ask("prepare", "C1", contract="C1-group-1", authority=right)
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        *(("C1-group-1", "art:5.6.6", {"authority": each}) for each in ("no PEM", leaf, right + right)),
        *(("C2-proxy-1", "art:5.6.5", {"probe_user": each}) for each in ("a\nb", "a@b", "x" * 129, "\u200b")),
    ]
    told.say("operator.listed", list="changeable-matters", entries=["接続要求転送先"])
    home = {"address": "192.0.2.9"}
    for more in ({"transport": "radsec"}, {"transport": "radsec", "authority": leaf}, {"authority": right}):
        wrong.append(("C2-proxy-1", "art:5.6.5", {"home_servers": [{**home, **more}]}))
    for contract, path, more in wrong:
        written = {"by": contract[:2], "at": f"{DAY}T10:00:00+09:00", "contract": contract, **more}
        asked = SERVICE.read("prepare", written, LINE.terms.first)
        decision = LINE.decide(asked, told.situation(), asked.at)
        refused = {c.path for f in decision.findings if f.verdict is Verdict.REFUSE for c in f.cites}
        assert path in refused, (more, decision.findings)
    for each in (*told.parts(RadiusGroup), *told.parts(HomeServer)):
        assert each.authority in ("", right)


def group(n: int, *methods: str) -> Door:
    return Door(
        f"g{n}", "acme", "group", "", f"g{n}.example", "", 10, (), False, (), False, methods, "", False, "", True, ()
    )  # fmt: skip


@pytest.mark.parametrize("methods", [("peap",), ("pap", "peap", "ttls")])
@pytest.mark.parametrize("contracts", [0, 1, 100, 250, 1000, 5000])
def test_however_many_contracts_there_are_a_node_bears_their_logins_by_eap(
    contracts: int, methods: tuple[str, ...]
) -> None:
    doors = [group(n, *methods) for n in range(contracts)]
    estate = replace(
        ESTATE, sacks={**ESTATE.sacks, **{f"probe.g{n}": f"probe.g{n}@1" for n in range(contracts)}}
    )
    edition = TERMS.on(DAY)
    found = [p for node in ("r1", "r2") for p in probes_of(node, doors, estate, edition)]
    by_eap = [each for each in found if each.way in ("peap", "ttls")]
    assert len(found) == contracts * 2 * 2 * len(methods)
    assert {each.interval for each in found if each.way == "pap"} <= {10_000}
    for server in ("198.51.100.1", "198.51.100.2"):
        assert sum(Fraction(1000, p.interval) for p in by_eap if p.server == server) <= EAP_A_SECOND
    pauses = {each.interval for each in by_eap}
    assert len(pauses) <= 1 and (contracts > 125 or pauses <= {10_000}), "no slower than it has to be"
    assert all(pause // 10_000 & pause // 10_000 - 1 == 0 for pause in pauses), "and seldom another"
