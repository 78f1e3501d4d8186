"""What tells of a contract, and what a network honestly survives."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Literal

import pytest

from kitei.ledger.contracts import Contract, Device, Ending
from kitei.network import BgpNeighbour, Gateway, NodeIntent, Origin, Part, Probe, SecureLink
from kitei.services.managed_vpn.observation import availabilities, redundancy
from kitei.values import JST
from kitei.watch import Availability, Observation, Point, find_alarms, find_outages, history_of

TODAY = date(2026, 6, 10)
CITE = "managed-vpn-pro@2024-05-01#art:21.1"


def contract(name: str, number: int, item: str, devices: int, **more: object) -> Contract:
    made = Contract(
        name, "managed-vpn-pro", "yamato", "child" if number else "parent", item, "core", "a1", date(2024, 5, 1),
        date(2026, 4, 1), None, None, None, (),
        tuple(Device(f"{name}-{slot}", "router", slot, "installed", TODAY) for slot in "ab"[:devices]),
        (), (), (), {"name": name, "number": number}, (), 1, 1,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def node(name: str, owner: str, *more: Part, probe: bool = True) -> NodeIntent:
    mine = Origin(owner, (CITE,))
    parts: list[Part] = [Probe(mine, name, "10.1.0.1", "10.0.0.1", 1000, "end-to-end")] if probe else []
    return NodeIntent(name, (*parts, *more), "")


DUAL = [
    contract("tokyo", 0, "dual-star-dual-edge", 2),
    contract("osaka", 1, "dual-star-dual-edge", 2),
    contract("kobe", 2, "dual-star-dual-edge", 2),
]
LINK = SecureLink(Origin("osaka", ()), "t1", "a", "b", "x", "y", "1", "2", True)
PEER = BgpNeighbour(Origin("osaka", ()), "100.80.0.1", 1, "tokyo-a", (), 10)
HELD = Gateway(Origin("osaka", ()), "lan0", "10.1.0.1/24", 10, 254)
CLOSED = Probe(Origin("osaka", ()), "closed-osaka-a", "192.0.2.1", "192.0.2.2", 1000, "closed")
NODES = [
    node("tokyo-a", "tokyo", LINK, probe=False),
    node("osaka-a", "osaka", LINK, PEER, HELD),
    node("osaka-b", "osaka"),
    node("kobe-a", "kobe"),
    node("kobe-b", "kobe"),
    node("noc", "operator", CLOSED, probe=False),
]


def path(name: str) -> Point:
    return Point(name, "end-to-end", name)


def told() -> dict[str, Availability]:
    return dict(availabilities(DUAL, NODES, TODAY))


def test_a_child_has_a_path_for_each_of_its_devices() -> None:
    assert told()["osaka"].paths == (path("osaka-a"), path("osaka-b"))
    assert told()["osaka"].cites == (CITE,)


def test_a_parents_paths_are_its_childrens() -> None:
    assert told()["tokyo"].paths == tuple(path(name) for name in ("osaka-a", "osaka-b", "kobe-a", "kobe-b"))


def test_associations_at_both_ends_belong_to_the_child_and_gateways_to_no_one() -> None:
    assert told()["osaka"].states == (
        Point("tokyo-a", "ike", "t1"),
        Point("osaka-a", "ike", "t1"),
        Point("osaka-a", "bfd", "tokyo-a"),
    )
    assert told()["osaka"].closed == (Point("noc", "closed", "closed-osaka-a"),)
    assert told()["kobe"].closed == (), "kobe did not buy closed monitoring"


def test_a_monitoring_contract_and_an_ended_one_have_no_paths() -> None:
    watch = contract("watch", 3, "closed-monitoring", 0)
    gone = replace(DUAL[2], ending=Ending(TODAY - timedelta(days=1), "customer-notice", None, ()))
    found = availabilities([*DUAL[:2], gone, watch], NODES, TODAY)
    assert found["watch"].paths == () and "kobe" not in found
    assert found["tokyo"].paths == (path("osaka-a"), path("osaka-b"))


def test_redundancy_is_judged_at_the_contract() -> None:
    began = datetime(2026, 6, 10, 9, 0, tzinfo=JST)

    def down(name: str, hours: int) -> Observation:
        return Observation(began + timedelta(hours=hours), name, name, "end-to-end", False)

    up = [replace(down(name, 0), up=True) for name in ("osaka-a", "osaka-b", "kobe-a", "kobe-b")]
    history = history_of([*up, down("osaka-a", 1), down("osaka-b", 3)])
    out = {name: find_outages(each, history) for name, each in told().items()}
    assert [outage.began_at for outage in out["osaka"]] == [began + timedelta(hours=3)]
    assert out["kobe"] == () and out["tokyo"] == ()
    at = began + timedelta(hours=2)
    assert [alarm.trouble for alarm in find_alarms(told()["osaka"], history, at)] == ["path"]
    everything = history_of([*up, *(down(name, 5) for name in ("osaka-a", "osaka-b", "kobe-a", "kobe-b"))])
    assert [outage.total for outage in find_outages(told()["tokyo"], everything)] == [True]


def test_a_dual_star_with_dual_edges_survives_any_one_device() -> None:
    found = redundancy(DUAL, "core", TODAY)
    assert found.is_redundant and found.single == () and found.short == ()
    assert found.cites == ("managed-vpn-pro@2024-05-01#art:2.1.t2",)


def test_a_single_star_is_not_called_redundant() -> None:
    single = [
        contract(name, n, "single-star-single-edge", 1) for n, name in enumerate(("tokyo", "osaka", "kobe"))
    ]
    found = redundancy(single, "core", TODAY)
    assert not found.is_redundant
    assert [(device.serial, cut) for device, cut in found.single] == [
        ("tokyo-a", ("osaka", "kobe")),
        ("osaka-a", ("osaka",)),
        ("kobe-a", ("kobe",)),
    ]
    assert found.sentences[0].en.startswith("not redundant") and found.sentences[0].ja.startswith("冗長では")


def test_single_edges_hang_on_their_own_device_alone() -> None:
    mixed = [
        contract("tokyo", 0, "dual-star-single-edge", 2),
        contract("osaka", 1, "dual-star-single-edge", 1),
    ]
    assert [device.serial for device, _ in redundancy(mixed, "core", TODAY).single] == ["osaka-a"]


@pytest.mark.parametrize("state", ["failed", "retired", "lost"])
def test_two_devices_on_paper_and_one_at_work_are_no_redundancy(
    state: Literal["failed", "retired", "lost"],
) -> None:
    broken = replace(DUAL[0].devices[1], state=state)
    found = redundancy([replace(DUAL[0], devices=(DUAL[0].devices[0], broken)), *DUAL[1:]], "core", TODAY)
    assert not found.is_redundant and found.short == ("tokyo",)
    assert any("but 1 work now" in sentence.en for sentence in found.sentences)
