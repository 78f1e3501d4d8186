"""Logins as nodes tell them: whose they are, what became of a session, why one was refused, and a new password."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kitei.clock import wall_clock
from kitei.network import RadiusGroup
from kitei.network.events import Batch, Event
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.radius.logbook import KEPT_DAYS, Owners
from kitei.office.radius.logins import Logins
from kitei.office.radius.password import TOO_OFTEN, WRONG, Passwords
from kitei.office.radius.why import why_login
from kitei.office.takers import TAKERS
from kitei.office.telling import Telling
from kitei.office.why import why_part
from kitei.radius.policy import Reason
from kitei.radius.users import read_csv
from kitei.store import logins as store
from kitei.store.engine import open_engine, writing
from kitei.store.logins import LoginLog, LoginRow, SessionRow, UsageRow

BOOK = """
service = "auth-outsource"

[[radius]]
node = "radius-1"
addresses = ["198.51.100.1"]

[[radius]]
node = "radius-2"
addresses = ["198.51.100.2"]

[[parameter]]
name = "max-sessions-per-realm"
value = 2
"""
CUSTOMER = """
[[party]]
id = "{name}"
name = {{ ja = "{name}", en = "{name}" }}
address = {{ ja = "東京都", en = "Tokyo" }}

[[apply]]
id = "{name}"
by = "{name}"
at = 2026-04-01T10:00:00+09:00
services = [
  {{ kind = "client", ip = "{ip}" }},
  {{ kind = "group", accounts = 10, realm = "{name}.example" }},
]
"""
NIGHT = datetime.fromisoformat("2026-04-30T23:50:00+09:00")


@pytest.fixture
def logins(office: Office, tmp_path: Path, clock: Any) -> Logins:
    """Two customers with a terminal and a group each, published to two nodes."""
    book = tmp_path / "book"
    book.mkdir()
    parts = [CUSTOMER.format(name=name, ip=ip) for name, ip in (("acme", "192.0.2.1"), ("bolt", "192.0.2.2"))]
    (book / "book.toml").write_text(BOOK + "".join(parts))
    for each in take_book(office, read_book(book, office)):
        assert each.decided.decision.verdict.name == "ACCEPT", each.decided.decision.findings
    found = Logins.of(office)
    for name in ("acme", "bolt"):
        found.put_secret(f"{name}-client-1", f"the secret of {name}")
        found.import_users(
            f"{name}-group-1", "name,password,state\nalice,correct horse,on\ndan,battery staple,off\n"
        )
    Publishing.of(office).apply_plan()
    return found


class Node:
    """A node that tells; what it tells is as a RADIUS server's engine writes it."""

    def __init__(self, office: Office, name: str) -> None:
        self.office, self.name, self.number = office, name, 0
        self.telling = Telling.of(office, TAKERS)

    def tell(self, kind: str, **body: Any) -> int:
        self.number += 1
        at = datetime.fromtimestamp(self.seconds(0), UTC)
        event = Event(self.number, at, kind, {key: json.dumps(value) for key, value in body.items()})
        return self.telling.take(self.name, Batch("logins", "ab" * 8, (event,)))

    def answered(self, *rows: tuple[str, str, Reason]) -> None:
        told = [[self.seconds(n), client, user, "", why.value] for n, (client, user, why) in enumerate(rows)]
        self.tell("logins.answered", rows=told)

    def heard(self, minute: int, status: str, received: int = 0, sent: int = 0, session: str = "s1") -> None:
        place = ["192.0.2.1", status, session, "acme.example", "alice", "4", "203.0.113.7"]
        lasted = max(0, minute * 60) if status != "Start" else 0
        self.tell("sessions.heard", rows=[[self.seconds(60 * minute), *place, received, sent, lasted]])

    def seconds(self, after: float) -> float:
        ahead = round((self.office.clock() - wall_clock()).total_seconds())
        return NIGHT.timestamp() + after - ahead


def reasons(office: Office, contract: str, **more: Any) -> list[tuple[str, str]]:
    rows = LoginLog(office.book.engine).logins(contract, **more)
    return [(row.user, row.reason) for row in reversed(rows)]


def test_a_customer_sees_its_own_logins_and_no_one_elses(office: Office, logins: Logins, clock: Any) -> None:
    clock.at = NIGHT
    node = Node(office, "radius-1")
    node.answered(
        ("192.0.2.1", "alice@acme.example", Reason.ACCEPTED),
        ("192.0.2.1", "bob", Reason.NO_SUCH_USER),
        ("192.0.2.2", "alice@bolt.example", Reason.WRONG_SECRET),
        ("192.0.2.1", "alice@bolt.example", Reason.NOT_YOUR_REALM),
    )
    acme = [("alice@acme.example", "accepted"), ("bob", "no-such-user")]
    assert reasons(office, "acme-group-1") == acme
    assert reasons(office, "acme-client-1") == [*acme, ("alice@bolt.example", "not-your-realm")]
    assert reasons(office, "bolt-group-1") == [("alice@bolt.example", "wrong-secret")]
    assert reasons(office, "acme-group-1", refused=True) == acme[1:]
    assert reasons(office, "acme-group-1", user="alice") == acme[:1]
    assert reasons(office, "acme-group-1", since=NIGHT + timedelta(seconds=0.5)) == acme[1:]


def test_names_that_are_no_text_are_kept_readably(office: Office, logins: Logins, clock: Any) -> None:
    clock.at = NIGHT
    stray = b"al\xefce".decode(errors="surrogateescape")
    node = Node(office, "radius-1")
    node.answered(
        ("192.0.2.1", f"{stray}@acme.example", Reason.NO_SUCH_USER),
        ("192.0.2.1", "alice\0@acme.example", Reason.NO_SUCH_USER),
    )
    node.heard(0, "Start", session=f"s\0{stray}")
    assert reasons(office, "acme-group-1") == [
        ("al\\xefce@acme.example", "no-such-user"),
        ("alice\\x00@acme.example", "no-such-user"),
    ]


def test_what_a_node_tells_twice_is_kept_once_and_what_is_old_is_forgotten(
    office: Office, logins: Logins, clock: Any
) -> None:
    clock.at = NIGHT
    node = Node(office, "radius-1")
    node.answered(("192.0.2.1", "alice@acme.example", Reason.ACCEPTED))
    node.number = 0
    node.answered(("192.0.2.1", "alice@acme.example", Reason.ACCEPTED))
    assert len(reasons(office, "acme-group-1")) == 1
    clock.at = NIGHT + timedelta(days=KEPT_DAYS, hours=1)
    other = Node(office, "radius-2")
    other.tell("logins.answered", rows=[])
    assert reasons(office, "acme-group-1") == []


def test_usage_counts_each_octet_once_in_its_month_whichever_node_heard_of_it(
    office: Office, logins: Logins, clock: Any
) -> None:
    clock.at = NIGHT
    one, other = Node(office, "radius-1"), Node(office, "radius-2")
    one.heard(0, "Start")
    one.heard(5, "Interim-Update", 100, 1000)
    other.heard(5, "Interim-Update", 100, 1000)
    other.heard(20, "Stop", 300, 4000)
    one.heard(20, "Stop", 300, 4000)
    log = LoginLog(office.book.engine)
    april, may = log.usage("acme-group-1", "2026-04"), log.usage("acme-group-1", "2026-05")
    assert [(u.user, u.sessions, u.received, u.sent) for u in april] == [("alice", 1, 100, 1000)]
    assert [(u.user, u.sessions, u.received, u.sent) for u in may] == [("alice", 0, 200, 3000)]
    (session,) = log.sessions("acme-group-1")
    assert session.ended == NIGHT + timedelta(minutes=20) and log.sessions("bolt-group-1") == ()
    assert log.sessions("acme-group-1", only_open=True) == ()


def test_a_terminal_that_begins_anew_ends_what_it_had_open(
    office: Office, logins: Logins, clock: Any
) -> None:
    clock.at = NIGHT
    node = Node(office, "radius-1")
    node.heard(0, "Start")
    node.heard(3, "Accounting-On", session="")
    node.heard(4, "Start", session="s1")
    log = LoginLog(office.book.engine)
    assert len(log.sessions("acme-group-1", only_open=True)) == 1
    assert log.usage("acme-group-1", "2026-04")[0].sessions == 2


def test_a_session_whose_stop_was_lost_ends_when_another_takes_its_place_or_with_its_last_word(
    office: Office, logins: Logins, clock: Any
) -> None:
    clock.at = NIGHT
    node, log = Node(office, "radius-1"), LoginLog(office.book.engine)
    node.heard(0, "Start", session="s1")
    node.heard(5, "Start", session="s2")
    assert [each.session for each in log.sessions("acme-group-1", only_open=True)] == ["s2"]
    clock.at = NIGHT + timedelta(days=2)
    Node(office, "radius-2").tell("logins.answered", rows=[])
    assert {each.ended for each in log.sessions("acme-group-1")} == {NIGHT + timedelta(minutes=5)}


def test_who_does_not_sign_is_named_with_its_contract(office: Office, logins: Logins, clock: Any) -> None:
    clock.at = NIGHT
    node = Node(office, "radius-1")
    node.tell("clients.unsigned", counts={"192.0.2.2": 3})
    node.tell("clients.unsigned", counts={"192.0.2.2": 4, "192.0.2.99": 1})
    told = {(row.client, row.contract, row.count) for row in LoginLog(office.book.engine).unsigned()}
    assert told == {("192.0.2.2", "bolt-client-1", 7), ("192.0.2.99", "", 1)}


def test_a_name_that_is_no_text_costs_no_other_login_its_line(
    office: Office, logins: Logins, clock: Any
) -> None:
    clock.at = NIGHT
    odd = (
        "a\udcffb@acme.example",
        "a\0b@acme.example",
        "x" * 250 + "@acme.example",
        "'; drop table login;--",
    )
    node = Node(office, "radius-1")
    node.answered(*(("192.0.2.1", name, Reason.WRONG_SECRET) for name in (*odd, "bob@acme.example")))
    told = [name for name, _ in reasons(office, "acme-client-1")]
    assert len(told) == 5 and told[-1] == "bob@acme.example"
    assert all(name.isprintable() for name in told)


@pytest.mark.parametrize(
    "broken",
    [[["x"]], [5], [[None] * 5], [[1e30, "a", "b", "c", "d"]], [[1.0, 2, 3, 4, 5]], "rows", {"a": 1}],
)
def test_an_event_that_cannot_be_read_is_left_out_alone(
    office: Office, logins: Logins, clock: Any, broken: Any
) -> None:
    clock.at = NIGHT
    node = Node(office, "radius-1")
    assert node.tell("logins.answered", rows=broken) == 1
    node.answered(("192.0.2.1", "alice@acme.example", Reason.ACCEPTED))
    assert len(reasons(office, "acme-group-1")) == 1


def paths(grounds: Iterable[Any]) -> set[str]:
    return {each.cite.partition("#")[2] for ground in grounds for each in ground.provisions}


@pytest.mark.parametrize(
    ("user", "why", "path", "entry"),
    [
        ("alice", Reason.TOO_MANY_SESSIONS, "art:14.2", "operator.set"),
        ("alice", Reason.WRONG_SECRET, "art:5.6.6", "contract.amended"),
        ("dan", Reason.USER_IS_OFF, "art:5.6.6", "contract.amended"),
        ("eve", Reason.NO_SUCH_USER, "art:5.6.6", "contract.amended"),
    ],
)
def test_a_refusal_leads_to_its_provision_and_to_what_decided_it(
    office: Office, logins: Logins, clock: Any, user: str, why: Reason, path: str, entry: str
) -> None:
    clock.at = NIGHT
    Node(office, "radius-1").answered(("192.0.2.1", f"{user}@acme.example", why))
    found = why_login(logins, "acme-group-1", user)
    assert found.reason is not None and not found.reason.is_fine
    assert found.reason.words.ja and found.reason.words.en
    assert paths([found.reason]) == {path} and entry in found.reason.entry
    told = {ground.words.en: ground.is_fine for ground in found.now}
    assert told["contract acme-group-1 is in use"]
    assert told.get(f"{user} is registered", False) is (user == "alice")
    assert "192.0.2.1" in str(found.now) and "192.0.2.2" not in str(found.now)


def group_of(office: Office) -> RadiusGroup:
    node = Publishing.of(office).published_intent().nodes["radius-2"]
    return next(p for p in node.parts if isinstance(p, RadiusGroup) and p.realm == "acme.example")


def test_a_user_changes_the_own_password_and_nodes_are_told_of_nothing_else(
    office: Office, logins: Logins
) -> None:
    logins.import_users("bolt-group-1", "name,password\ncarol,yet another one\n")  # waits for an operator
    before = Publishing.of(office).plan().digest
    generation, changes = office.shelf.generation(), group_of(office).changes
    passwords = Passwords.of(logins)
    assert passwords.change("alice@ACME.example", "correct horse", "a better horse", "203.0.113.5") is None
    assert office.shelf.generation() == generation + 1 and group_of(office).changes != changes
    assert [change.after.realm for change in Publishing.of(office).plan().changes] == ["bolt.example"] * 2
    assert before != Publishing.of(office).plan().digest
    assert passwords.change("alice@acme.example", "correct horse", "no, this one", "203.0.113.5") == WRONG
    assert passwords.change("alice@acme.example", "a better horse", "short", "203.0.113.5") not in (
        None,
        WRONG,
    )
    assert reasons(office, "acme-group-1") == [
        ("alice@acme.example", "password-changed"),
        ("alice@acme.example", "password-change-refused"),
    ]
    assert "horse" not in str(list(office.book.read()))


@pytest.mark.parametrize(
    "name", ["dan@acme.example", "eve@acme.example", "alice@nowhere.example", "alice", "@", ""]
)
def test_who_may_not_is_told_nothing_of_why(office: Office, logins: Logins, name: str) -> None:
    assert Passwords.of(logins).change(name, "battery staple", "a better horse", "203.0.113.5") == WRONG


def test_who_guesses_is_stopped_by_user_and_by_place(office: Office, logins: Logins) -> None:
    passwords = Passwords.of(logins)
    for _ in range(5):
        assert passwords.change("alice@acme.example", "a guess", "a better horse", "203.0.113.5") == WRONG
    right = ("correct horse", "a better horse")
    assert passwords.change("alice@acme.example", *right, "203.0.113.6") == TOO_OFTEN
    for number in range(15):
        passwords.change(f"u{number}@acme.example", "a guess", "a better horse", "203.0.113.5")
    assert passwords.change("alice@bolt.example", *right, "203.0.113.5") == TOO_OFTEN
    assert passwords.change("alice@bolt.example", *right, "203.0.113.6") is None


def test_synthetic_users_are_no_accounts(office: Office, logins: Logins) -> None:
    assert set(logins.vault.users("acme.example")) == {"alice", "dan"}
    assert len(read_csv(logins.export_users("acme-group-1"), {"alice", "dan"}, 2)) == 2
    assert {name for name in logins.vault.sacks() if name.startswith("probe")} == {
        "probe.acme-group-1",
        "probe.bolt-group-1",
        "prober.radius-1",
        "prober.radius-2",
    }


@pytest.mark.parametrize(
    ("key", "contract", "entry"),
    [
        ("radius-client:192.0.2.1", "acme-client-1", "contract.amended"),
        ("radius-group:acme.example", "acme-group-1", "contract.amended"),
        ("synthetic-user:acme.example", "acme-group-1", ""),
        ("radius-caps:acme.example", "acme-group-1", ""),
        ("login-probe:login:acme-group-1@radius-2", "acme-group-1", ""),
        ("192.0.2.1", "acme-client-1", ""),
    ],
)
def test_a_part_of_a_node_leads_back_to_contract_application_and_provision(
    office: Office, logins: Logins, key: str, contract: str, entry: str
) -> None:
    logins.office.apply(
        "prepare",
        {"by": "acme", "contract": "acme-group-1", "methods": ["pap", "ttls"]},
        service="auth-outsource",
    )
    Publishing.of(office).apply_plan()
    (found,) = why_part(office, "radius-1", key)
    names = [step.name for step in found.steps]
    assert contract in names and "acme" in names and found.provisions
    assert not entry or any(entry in name for name in names)
    assert not any("secret" in step.detail.en for step in found.steps if "radius-" in step.name)


def test_a_vpdns_terminator_leads_back_to_what_its_customer_prepared(office: Office, tmp_path: Path) -> None:
    book = tmp_path / "vpdn"
    book.mkdir()
    (book / "book.toml").write_text(VPDN)
    for each in take_book(office, read_book(book, office)):
        assert each.decided.decision.verdict.name == "ACCEPT", each.decided.decision.findings
    Logins.of(office).put_own("concentrator.203.0.113.1", "what concentrator and node share")
    Publishing.of(office).apply_plan()
    (found,) = why_part(office, "radius-1", "tunnel-terminator:vpn.bolt.example/d:192.0.2.21")
    assert any("contract.amended" in step.name and "192.0.2.21" in step.detail.en for step in found.steps)
    assert {"art:1.1.t2", "art:5.6.3"} <= {each.cite.partition("#")[2] for each in found.provisions}
    assert "bolt-vpdn" in [step.name for step in found.steps]


def test_a_login_of_one_name_is_the_vpdns_or_the_groups_by_who_asked() -> None:
    owners = Owners(
        {"bolt.example": "bolt-group", "bolt.example/d": "bolt-vpdn"},
        {"192.0.2.1": "bolt-client"},
        {"192.0.2.1": frozenset({"bolt.example"}), "203.0.113.1": frozenset({"bolt.example/d"})},
        {"192.0.2.1": "", "203.0.113.1": "D"},
    )
    for name in ("phone@bolt.example", "phone@BOLT.example", "phone"):
        assert owners.of("192.0.2.1", name) == ("bolt-group", "bolt-client")
        assert owners.of("203.0.113.1", name) == ("bolt-vpdn", "")
    assert owners.of("203.0.113.1", "phone@else.example") == ("", "")


VPDN = """
service = "auth-outsource"

[[radius]]
node = "radius-1"
addresses = ["198.51.100.1"]

[[concentrator]]
address = "203.0.113.1"
carries = "D"

[[party]]
id = "bolt"
name = { ja = "bolt", en = "bolt" }
address = { ja = "東京都", en = "Tokyo" }

[[holding]]
customer = "bolt"
holds = "IIJモバイルサービス/タイプD"
id = "m1"
first = 2026-01-01
more = { item_class = "I" }

[[apply]]
id = "bolt-vpdn"
by = "bolt"
at = 2026-04-01T10:00:00+09:00
services = [{ kind = "VPDN", item = "タイプD", realm = "vpn.bolt.example" }]

[[prepare]]
id = "ends"
by = "bolt"
at = 2026-04-01T11:00:00+09:00
contract = "bolt-vpdn-1"
terminators = [{ address = "192.0.2.20" }, { address = "192.0.2.21", preference = 1 }]
"""


def test_the_log_is_kept_on_either_database(url: str) -> None:
    engine = open_engine(url)
    store.prepare(engine)
    row = LoginRow(NIGHT, "n", "c-1", "t-1", "192.0.2.1", "alice@a_b.example", "", "accepted")
    session = SessionRow(
        "192.0.2.1", "s1", "c-1", "alice", "4", "203.0.113.7", NIGHT, NIGHT, None, 2**40, 2**41
    )
    with writing(engine) as connection:
        store.keep_logins(connection, [row, replace(row, user="alice@a.example", reason="wrong-secret")])
        for received in (0, 2**40):
            store.put_session(connection, replace(session, received=received))
            store.add_usage(connection, "c-1", "2026-04", UsageRow("alice", 1, received, 1))
            store.add_unsigned(connection, {"192.0.2.1": 2}, {"192.0.2.1": "t-1"}, NIGHT)
    log = LoginLog(engine)
    assert [each.user for each in log.logins("c-1", user="alice@a_b.example")] == ["alice@a_b.example"]
    assert len(log.logins("t-1", user="alice")) == 2 and len(log.logins("t-1", refused=True)) == 1
    assert log.sessions("c-1") == (session,)
    assert log.usage("c-1", "2026-04") == (UsageRow("alice", 2, 2**40, 2),)
    assert [(each.count, each.contract) for each in log.unsigned()] == [(4, "t-1")]
    later = NIGHT + timedelta(days=1)
    with writing(engine) as connection:
        store.end_silent(connection, later)
        assert store.open_sessions_of(connection, "192.0.2.1") == ()
        store.forget(connection, later, "2026-05")
    assert not (log.logins("c-1") or log.sessions("c-1") or log.usage("c-1", "2026-04") or log.unsigned())
    engine.dispose()
