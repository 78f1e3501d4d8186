"""An agent and a controller: orders come, are kept, are made so and are reported, whatever happens between."""

import json
from pathlib import Path

import pytest
from stand import FOR, OTHER, Files, Liar, Node, eventually, make_orders, route

from kitei.network.codec import orders_json
from kitei.network.report import Fault


def test_published_orders_are_made_so_and_reported(node: Node) -> None:
    node.office.publish(make_orders(1, route(1), route(2)))
    node.start()
    assert eventually(lambda: node.reports(1))
    assert set(node.made()) == {"10.1.0.0_16", "10.2.0.0_16"}
    assert node.report.digest == node.office.orders["n1"].intent.digest
    node.office.publish(make_orders(2, route(1), route(2), route(3)))
    assert eventually(lambda: node.reports(2))
    assert "10.3.0.0_16" in node.made()


def test_a_step_that_cuts_waits_until_its_owner_agrees(node: Node) -> None:
    node.office.publish(make_orders(1, route(1), route(2, origin=OTHER)))
    node.start()
    assert eventually(lambda: node.reports(1))
    node.office.publish(make_orders(2, route(1)))
    assert eventually(lambda: bool(node.report.waiting) and node.report.generation == 2)
    assert node.report.waiting[0].owners == (OTHER.owner,)
    assert not node.report.applied
    assert "10.2.0.0_16" in node.made()
    node.office.publish(make_orders(3, route(1), may_cut=[OTHER.owner]))
    assert eventually(lambda: node.reports(3))
    assert set(node.made()) == {"10.1.0.0_16"}


def test_a_node_without_its_controller_goes_on_across_its_own_restart(node: Node) -> None:
    node.office.publish(make_orders(1, route(1)))
    node.start()
    assert eventually(lambda: node.reports(1))
    node.stop()
    node.served.stop()
    (node.files.folder / "10.1.0.0_16").unlink()
    node.start()
    assert eventually(lambda: "10.1.0.0_16" in node.made())
    told = len(node.office.reports)
    node.served.start()
    assert eventually(lambda: len(node.office.reports) > told and node.reports(1))


def test_tampering_is_undone_at_the_next_look(node: Node) -> None:
    node.look = 0.3
    node.office.publish(make_orders(1, route(1)))
    node.start()
    assert eventually(lambda: node.reports(1))
    (node.files.folder / "10.1.0.0_16").unlink()
    (node.files.folder / "10.9.0.0_16").write_text(f"192.0.2.9\n{FOR.owner}")
    assert eventually(lambda: "10.1.0.0_16" in node.made())
    assert "10.9.0.0_16" in node.made(), "what no step may cut is held, also when it is not wanted"


def test_orders_that_change_nothing_for_a_node_do_not_make_it_look(node: Node) -> None:
    node.office.publish(make_orders(1, route(1)))
    node.start()
    assert eventually(lambda: node.reports(1))
    looks = node.files.looks
    node.office.publish(make_orders(7, route(1)))
    assert eventually(lambda: node.reports(7))
    assert node.files.looks == looks


def test_one_drivers_fault_does_not_stop_the_others(node: Node, tmp_path: Path) -> None:
    class Broken(Files):
        name = "broken"

    node.drivers.insert(0, Broken(tmp_path / "broken"))
    node.office.publish(make_orders(1, route(1, "temporary")))
    node.files.healed = True
    node.start()
    assert eventually(lambda: "10.1.0.0_16" in node.made())
    assert eventually(lambda: any(fault.subject == "broken" for fault in node.report.faults))
    assert not node.report.applied
    node.drivers[0].healed = True
    assert eventually(lambda: node.reports(1) and not node.report.faults)


def test_a_node_that_shall_hold_nothing_is_cleared_backwards(node: Node, tmp_path: Path) -> None:
    order: list[str] = []

    class First(Files):
        name = "first"

        def apply(self, host, step) -> None:
            order.append(self.name)
            super().apply(host, step)

    class Last(First):
        name = "last"

    node.drivers = [First(tmp_path / "first"), Last(tmp_path / "last")]
    node.office.publish(make_orders(1, route(1)))
    node.start()
    assert eventually(lambda: node.reports(1))
    node.office.publish(make_orders(2, may_cut=[FOR.owner]))
    assert eventually(lambda: node.reports(2))
    assert order == ["first", "last", "last", "first"]


def test_what_the_controller_cannot_be_told_is_said_once(node: Node, capfd: pytest.CaptureFixture) -> None:
    node.office.refuses = LookupError("n1 is no node")
    node.start()
    assert eventually(lambda: "n1 is no node" in capfd.readouterr().err)
    node.office.refuses = None
    assert eventually(lambda: "reports arrive again" in capfd.readouterr().err)


def garbled(orders_text: str) -> dict[str, tuple[bytes, int | None]]:
    """Answers that are no orders for n1, each with the length it claims."""
    good = json.loads(orders_text)
    unknown = {**good, "parts": [{**good["parts"][0], "kind": "teleport"}]}
    other = {**good, "node": "n2"}
    altered = {**good, "parts": [{**good["parts"][0], "via": "198.51.100.66"}]}
    injected = {**good, "parts": [{**good["parts"][0], "via": "1.1.1.1\nneighbor 6.6.6.6"}]}
    return {
        "truncated": (orders_text[:80].encode(), None),
        "cut off": (orders_text.encode()[:80], 4000),
        "not JSON": (b"<html>", None),
        "a bare list": (b"[]", None),
        "deep": (b"[" * 100_000, None),
        "unknown kind": (json.dumps(unknown).encode(), None),
        "another node's": (json.dumps(other).encode(), None),
        "altered on the way": (json.dumps(altered).encode(), None),
        "a line break in a name": (json.dumps(injected).encode(), None),
        "no generation": (json.dumps({**good, "generation": -1}).encode(), None),
    }


CASES = garbled(json.dumps(orders_json(make_orders(9, route(6)))))


@pytest.mark.parametrize("case", CASES)
def test_garbled_orders_are_refused_told_and_change_nothing(node: Node, case: str) -> None:
    node.office.publish(make_orders(1, route(1)))
    node.start()
    assert eventually(lambda: node.reports(1))
    node.served.stop()
    liar = Liar(node.served.place, *CASES[case])
    assert eventually(lambda: any(b'"kind": "orders"' in heard for heard in liar.heard))
    liar.close()
    node.served.place.unlink()
    assert set(node.made()) == {"10.1.0.0_16"}
    node.served.start()
    assert eventually(lambda: node.reports(1) and not node.report.faults), (
        "an answer in order clears the fault"
    )


def test_older_orders_are_refused(node: Node) -> None:
    node.office.publish(make_orders(5, route(1)))
    node.start()
    assert eventually(lambda: node.reports(5))
    node.stop()
    node.served.stop()
    liar = Liar(node.served.place, json.dumps(orders_json(make_orders(4, route(2)))).encode())
    node.start()
    assert eventually(lambda: any(b"is not above 5" in heard for heard in liar.heard))
    liar.close()
    assert set(node.made()) == {"10.1.0.0_16"}


def test_a_controller_whose_ledger_was_replaced_is_told_of(node: Node) -> None:
    node.office.publish(make_orders(5, route(1)))
    node.start()
    assert eventually(lambda: node.reports(5))
    node.office.publish(make_orders(2, route(2)))
    assert eventually(lambda: any("another controller" in fault.detail for fault in node.report.faults))
    assert set(node.made()) == {"10.1.0.0_16"}


def test_a_damaged_keepsake_is_told_and_replaced(node: Node) -> None:
    place = Path(node.host.state("orders.json"))
    place.write_text('{"good": ')
    node.office.publish(make_orders(1, route(1)))
    node.start()
    assert eventually(lambda: node.reports(1))
    told = [fault for report in node.office.reports for fault in report.faults]
    assert any(fault.kind == "disk" for fault in told)
    assert json.loads(place.read_text())["good"]["generation"] == 1


def test_faults_speak_two_languages() -> None:
    words = Fault("fell-back", "osaka-lan", "generation 4").words
    assert "osaka-lan" in words.ja and "generation 4" in words.ja
    assert "stayed dark" in words.en
