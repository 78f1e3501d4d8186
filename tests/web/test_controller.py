"""What the controller answers to nodes, over its real socket."""

import http.client
import json
import socket
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from stand import Served, eventually, make_orders, route

from kitei.agent.controller import Controller, Refused
from kitei.network.codec import orders_of
from kitei.network.report import Report, State, report_json


def ask(served: Served, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(served.place))
    sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, path, sent)
    answer = connection.getresponse()
    told = (answer.status, dict(answer.getheaders()), answer.read())
    connection.close()
    return told


def a_report(node: str = "n1") -> Report:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    return Report(node, at, 1, "d", True, states=(State(at, "p", "end-to-end", True, {"rtt_us": 300}),))


def test_orders_come_with_their_generation_as_etag(served: Served) -> None:
    served.office.publish(make_orders(7, route(1)))
    status, headers, body = ask(served, "GET", "/v1/nodes/n1/orders")
    assert (status, headers["etag"]) == (200, '"7"')
    assert orders_of(json.loads(body), "n1") == served.office.orders["n1"]


@pytest.mark.parametrize("after", [0, 7])
def test_without_news_the_answer_is_empty_after_the_wait(served: Served, after: int) -> None:
    if after:
        served.office.publish(make_orders(after, route(1)))
    assert ask(served, "GET", f"/v1/nodes/n1/orders?after={after}&wait=1")[0] == 204


def test_who_waits_is_told_as_soon_as_orders_are_published(served: Served) -> None:
    got: dict[str, int] = {}

    def wait(node: str) -> None:
        orders = Controller(served.address, node).orders(1, 30.0)
        got[node] = orders.generation if orders else 0

    nodes = [f"n{number}" for number in range(1, 9)]
    for node in nodes:
        served.office.publish(make_orders(1, route(1), node=node))
    waiting = [threading.Thread(target=wait, args=(node,)) for node in nodes]
    for thread in waiting:
        thread.start()
    for node in nodes[1:]:
        served.office.publish(make_orders(2, route(2), node=node))
    assert eventually(lambda: got == dict.fromkeys(nodes[1:], 2), 5)
    served.office.publish(make_orders(3, route(2)))
    assert eventually(lambda: got.get("n1") == 3, 5)


def test_a_report_arrives_as_it_was_sent(served: Served) -> None:
    Controller(served.address, "n1").tell(a_report())
    assert served.office.reports == [a_report()]


def test_a_request_reaches_the_office(served: Served) -> None:
    Controller(served.address, "n1").request("-----BEGIN CERTIFICATE REQUEST-----")
    assert served.office.requests == [("n1", "-----BEGIN CERTIFICATE REQUEST-----")]


def test_a_node_reports_for_itself_alone(served: Served) -> None:
    status, _, body = ask(served, "POST", "/v1/nodes/n2/report", report_json(a_report("n1")))
    assert status == 403
    assert "'n1'" in json.loads(body)["detail"]
    assert served.office.reports == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/nodes/n1/orders?after=-1", None, 422),
        ("GET", "/v1/nodes/n1/orders?after=" + "9" * 5000, None, 422),
        ("GET", "/v1/nodes/n1/orders?wait=soon", None, 422),
        ("GET", "/v1/nodes/n1/secrets", None, 404),
        ("DELETE", "/v1/nodes/n1/orders", None, 405),
        ("POST", "/v1/nodes/n1/report", b"{", 422),
        ("POST", "/v1/nodes/n1/report", b"[" * 60_000, 422),
        ("POST", "/v1/nodes/n1/report", {"node": "n1"}, 422),
        ("POST", "/v1/nodes/n1/report", b'"' + b"x" * (5 << 20), 413),
        ("POST", "/v1/nodes/n1/request", {"csr": 5}, 422),
        ("POST", "/v1/nodes/n1/request", ["csr"], 422),
    ],
)
def test_bad_requests_are_problems_with_details(
    served: Served, method: str, path: str, body: Any, status: int
) -> None:
    got, headers, told = ask(served, method, path, body)
    problem = json.loads(told)
    assert (got, problem["status"]) == (status, status)
    assert headers["content-type"] == "application/problem+json"
    assert problem["title"]
    assert problem["detail"]
    assert served.office.reports == []
    assert served.office.requests == []


def test_every_fault_of_a_report_is_listed(served: Served) -> None:
    wrong = {**report_json(a_report()), "at": "yesterday", "applied": "yes"}
    _, _, told = ask(served, "POST", "/v1/nodes/n1/report", wrong)
    assert [fault.split(":")[0] for fault in json.loads(told)["faults"]] == ["at", "applied"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (LookupError("n1 is no node"), 404),
        (PermissionError("not you"), 403),
        (ValueError("another name"), 422),
        (RuntimeError("secret internals"), 500),
    ],
)
def test_what_the_office_refuses_is_told_and_a_defect_keeps_its_words(
    served: Served, error: Exception, status: int
) -> None:
    served.office.refuses = error
    got, _, told = ask(served, "POST", "/v1/nodes/n1/request", {"csr": "x"})
    assert got == status
    assert (str(error) in told.decode()) == (status < 500)


def test_a_node_with_later_orders_than_the_controller_is_told(served: Served) -> None:
    served.office.publish(make_orders(2, route(1)))
    with pytest.raises(Refused, match="another controller"):
        Controller(served.address, "n1").orders(5, 1.0)
