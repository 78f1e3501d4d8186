"""A report says which drivers have done their part of the orders in force, whatever becomes of the others'."""

from pathlib import Path

import pytest
from stand import Files, Node, Served, eventually, make_orders, route


class Idle(Files):
    """Has nothing to do with any part."""

    name = "idle"
    reads = ()

    def plan(self, wanted, seen):
        return ()


@pytest.fixture
def node(tmp_path: Path):
    with Served(tmp_path / "controller.sock") as served:
        found = Node(tmp_path, served)
        found.drivers = [found.files, Idle(tmp_path / "idle")]
        yield found
        found.stop()


def test_who_is_done_is_told_though_another_fails(node: Node) -> None:
    node.office.publish(make_orders(1, route(1, "permanent")))
    node.start()
    assert eventually(lambda: node.reports(1, applied=False) and node.report.right == ("idle",))
    node.office.publish(make_orders(2, route(1)))
    assert eventually(lambda: node.reports(2) and node.report.right == ("files", "idle"))


def test_no_report_of_new_orders_goes_by_what_was_right_under_the_old_ones(node: Node) -> None:
    node.office.publish(make_orders(1, route(1)))
    node.start()
    assert eventually(lambda: node.reports(1))
    node.office.publish(make_orders(2, route(1, "192.0.2.2")))  # it would cut someone who did not agree
    assert eventually(lambda: node.reports(2, applied=False) and bool(node.report.waiting))
    told = [report for report in node.office.reports if report.generation == 2]
    assert told and all("files" not in report.right for report in told)
