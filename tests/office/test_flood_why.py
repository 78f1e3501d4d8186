"""From a line of a node back to what was bought: options, designations and their provisions, and nothing else."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from floods import contract

from kitei.ledger import Fact
from kitei.network import Estate, Part
from kitei.network.ddos_estate import (
    CollectorPlace,
    DefencePlaces,
    ScrubberPlace,
    SpeakerPlace,
    UpstreamPlace,
)
from kitei.office import Office
from kitei.office.floods.why import facts_behind
from kitei.services.ddos.intent import compile_contracts
from kitei.values import JST

ESTATE = Estate(
    defence=DefencePlaces(
        collectors=(CollectorPlace("see", ("192.0.2.10",)),),
        scrubbers=(ScrubberPlace("scrub", "dirty", next_hops=("192.0.2.20",)),),
        speakers=(SpeakerPlace("speak", 64500, "192.0.2.30"),),
        upstreams=(UpstreamPlace("border", "speak", "192.0.2.40", 64500, ("ipv4",)),),
    )
)
CITE = "ddos-protection@2025-11-01#"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office.open(
        tmp_path / "home", lambda: datetime(2026, 6, 1, 9, 0, tzinfo=JST), f"sqlite:///{tmp_path}/kitei.db"
    )
    contract(opened, "e1", "type-e")
    for option, more in (
        ("bandwidth", {"mbps": 500}),
        ("always-on", {}),
        ("extended-support", {}),
        ("bandwidth", {"mbps": 1000}),
    ):
        body: Any = {"option": option, "months": 1, **more}
        opened.state([("contract:e1", Fact("option.added", body, date(2026, 2, 1), (f"{CITE}art:10.2",)))])
    for prefix in ("198.51.100.0/24", "192.0.2.0/24"):
        address: Any = {
            "prefix": prefix, "designated_by": "customer", "since": "2026-03-01", "last": None, "cites": [],
        }  # fmt: skip
        amended: Any = {"add_addresses": [address], "remove_addresses": []}
        opened.state(
            [("contract:e1", Fact("contract.amended", amended, date(2026, 3, 1), (f"{CITE}art:5.2",)))]
        )
    yield opened
    opened.close()


def behind(office: Office, key: str) -> list[Any]:
    one = office.contract("e1")
    nodes = compile_contracts([one], ESTATE, office.today())
    (part,) = (each for node in nodes for each in node.parts if each.key == key)
    found: Part = part
    entries = facts_behind(found, one, office.book.read("contract:e1"))  # type: ignore[arg-type]
    return [(each.fact.kind, each.fact.body.get("option"), each.fact.body.get("mbps")) for each in entries]


def test_a_clean_rate_leads_to_every_extension_that_makes_it(office: Office) -> None:
    assert behind(office, "scrubbing:203.0.113.0/24") == [
        ("option.added", "bandwidth", 500),
        ("option.added", "always-on", None),
        ("option.added", "bandwidth", 1000),
    ]


def test_a_prefix_leads_to_its_own_designation(office: Office) -> None:
    found = behind(office, "scrubbing:198.51.100.0/24")
    assert found[-1] == ("contract.amended", None, None) and len(found) == 4
    assert behind(office, "flood-watch:e1") == [("contract.amended", None, None)] * 2
