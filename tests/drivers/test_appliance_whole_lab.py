"""A firewall of type 2 from its application to real talk, its log and its end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from appliance_stand import PACKAGE, Stand, eventually

from kitei.drivers.access import Access
from kitei.drivers.suricata import LANE, Suricata
from kitei.network.access_filter import Flow
from kitei.network.events import Batch, event_of
from kitei.network.inspection import Inside
from kitei.office import Office
from kitei.office.access.deciding import decide, gateway_of, parts_with
from kitei.office.access.inspecting import acted_on, hand_out, inspected
from kitei.office.access.testing import judged
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.safe import open_vault
from kitei.office.takers import TAKERS
from kitei.office.telling import Telling
from kitei.office.why import why_part
from kitei.spool import Taking
from kitei.values import JST

pytestmark = pytest.mark.lab

CONTRACT = "acme-firewall-2-1"
POLICY = """
[[rule]]
id = "staff"
action = "allow"
from = ["zone:inside"]
to = ["zone:internet"]
profile = "office"
[[profile.office.application]]
id = "no-ssh"
action = "deny"
names = ["ssh"]
[[profile.office.threat]]
id = "worms"
action = "deny"
severities = ["high"]
"""


class Clock:
    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(JST) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    office = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    yield office
    office.close()


class Gateway:
    """The machine, made as its orders say by who carries them to it."""

    def __init__(self, stand: Stand, office: Office) -> None:
        self.stand, self.office, self.node = stand, office, stand.gw.name

    def obey(self) -> None:
        orders = Publishing.of(self.office).orders_for(self.node)
        assert orders is not None
        vault = open_vault(self.office.home, self.office.book.engine)
        if sack := vault.latest("threat-signatures"):
            self.stand.gw.write(self.stand.gw.state("sacks", sack), vault.content(sack).decode())
        for driver in (Access(), Suricata()):
            self.stand.make_right(driver, self.stand.gw, orders.intent.parts)

    def hear(self) -> None:
        told = Taking(Path(self.stand.gw.state("events", LANE)))
        if events := tuple(map(event_of, told.due(500))):
            batch = Batch(LANE, told.series, events)
            told.heard(Telling.of(self.office, TAKERS).take(self.node, batch))


def book(node: str) -> dict[str, Any]:
    return {
        "service": "secure-access",
        "gateway": [
            {
                "node": node,
                "customer": "acme",
                "outside": "wan0",
                "shared": ["203.0.113.100"],
                "inside": "lan0",
                "inside_prefixes": ["10.1.0.0/24"],
            }
        ],
        "apply": [{"id": "S-1", "by": "acme", "services": [{"kind": "firewall-2", "accounts": 50}]}],
    }


def test_from_application_to_what_is_stopped_inside_flows_and_to_the_end(
    bench: Any, make_right: Any, office: Office, clock: Clock
) -> None:
    stand = Stand(bench, make_right)
    gateway = Gateway(stand, office)
    list(take_book(office, read_book(book(gateway.node), office)))
    Publishing.of(office).apply_plan()
    gateway.obey()
    assert stand.talk("http ok.example /", patience=1.5) == [False], (
        "nothing passes before a policy is decided"
    )
    decide(office, "set-policy", {"by": "acme", "contract": CONTRACT, "text": POLICY})
    package = hand_out(office, PACKAGE, "operator")
    gateway.obey()
    assert eventually(lambda: stand.passes("http ok.example /"))
    asked = ("http ok.example /file", "http ok.example /eicar", "ssh", "tls ok.example")
    assert stand.talk(*asked) == [True, False, False, True]

    # one record of each decision, and the tester says the same by the same entries
    contract = office.contract(CONTRACT)

    def told() -> set[tuple[Any, ...]]:
        gateway.hear()
        rows = inspected(office, CONTRACT)
        return {(each.rule, each.profile, each.entry, each.name, each.policy, each.port) for each in rows}

    wanted = {("staff", "office", "worms", "9000001", 1, 8000), ("staff", "office", "no-ssh", "ssh", 1, 8022)}
    assert eventually(lambda: told() == wanted), told()
    place = gateway_of(office, contract)
    assert place is not None
    parts = parts_with(office, place, contract, None)
    flow = Flow("10.1.0.2", "203.0.113.10", "tcp", 8000)
    worm = next(each for each in package.signatures if each.sid == 9000001)
    said = judged(parts, flow, clock(), Inside("http", "ok.example", worm))
    assert not said.allowed and [(each.entry, each.action) for each in said.noticed] == [
        ("default", "allow"),
        ("default", "allow"),
        ("worms", "deny"),
    ]
    assert acted_on(package, contract)[9000001] == {"office": "deny"}
    cited = {
        each.cite.partition("#")[2]
        for each in why_part(office, gateway.node, "appliance:office")[0].provisions
    }
    assert {"art:1.1.t3", "art:7.1.1"} <= cited

    # the end of the contract
    office.apply("cancel", {"by": "acme", "contract": CONTRACT}, service="secure-access")
    clock.ahead = timedelta(days=40)
    assert Publishing.of(office).end_what_is_over() is not None
    gateway.obey()
    tables = stand.gw.run(["nft", "list", "tables"]).out
    assert "kitei_access" not in tables and "security" not in tables and not stand.gw.running()
