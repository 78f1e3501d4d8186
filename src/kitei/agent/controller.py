"""The node's line to its controller: HTTP over a unix socket, or over TLS where both sides show papers.

`http.client` does it: three requests, one at a time, need no pool and no event loop, and an agent that is
started sixty times on one machine is better small (a third of the start-up time of the larger libraries).
"""

import contextlib
import http.client
import json
import os
import socket
import ssl
from typing import Any, Final
from urllib.parse import quote, urlsplit

from kitei.agent.config import Pass
from kitei.network import Orders
from kitei.network.codec import Unreadable, orders_of
from kitei.network.events import Batch, batch_json
from kitei.network.report import Report, report_json
from kitei.values import Json, JsonObject

_LIMIT: Final = 32 << 20  # bytes; the orders of a hub of 10,000 sites are about half of it
_SACK_LIMIT: Final = 1 << 30  # bytes; a million users are about a tenth of it
_SACK_PATIENCE: Final = 60.0
_PATIENCE: Final = 10.0  # seconds for a request that need not wait


class Unreachable(Exception):
    """The controller does not answer; it may later."""


class Refused(Exception):
    """The controller answered no, and why (RFC 9457)."""


class Unfit(Refused):
    """What was sent is itself at fault: it is too long, or cannot be read. Sent again it would be no other."""


class Controller:
    """One connection, for one thread. It is made when needed and made anew after an error."""

    def __init__(self, address: str, node: str, papers: Pass | None = None) -> None:
        self._address = address
        self._path = f"/v1/nodes/{quote(node, safe='')}"
        self._node = node
        self._papers = papers
        self._connection: http.client.HTTPConnection | None = None

    def orders(self, after: int, wait: float) -> Orders | None:
        """Orders of a generation above `after`; None when there are none after `wait` seconds.

        Raises Unreachable, Refused, and Unreadable for anything that is not whole orders for this node.
        """
        status, body = self._ask(
            "GET", f"{self._path}/orders?after={after}&wait={wait:g}", None, wait + _PATIENCE
        )
        return None if status == 204 else orders_of(_json(body), self._node)

    def tell(self, report: Report) -> None:
        self._ask("POST", f"{self._path}/report", report_json(report), _PATIENCE)

    def events(self, batch: Batch) -> int:
        """The number up to which the controller has the events of this lane and series."""
        body = _json(self._ask("POST", f"{self._path}/events", batch_json(batch), _PATIENCE)[1])
        heard = body.get("heard") if isinstance(body, dict) else None
        if type(heard) is not int:
            raise Unreadable([f"heard: {heard!r} is not a whole number"])
        return heard

    def request(self, csr: str) -> None:
        """Ask for a certificate. It comes with later orders."""
        self._ask("POST", f"{self._path}/request", {"csr": csr}, _PATIENCE)

    def sack(self, name: str) -> bytes:
        """What is in a sack that this node's orders name. Raises Unreachable, Refused."""
        return self._ask(
            "GET", f"{self._path}/sacks/{quote(name, safe='')}", None, _SACK_PATIENCE, _SACK_LIMIT
        )[1]

    def hang_up(self) -> None:
        """End a request that another thread is waiting in."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _ask(
        self, method: str, path: str, body: JsonObject | None, patience: float, limit: int = _LIMIT
    ) -> tuple[int, bytes]:
        sent = None if body is None else json.dumps(body).encode()
        headers = {} if sent is None else {"Content-Type": "application/json"}
        try:
            connection = self._connected(patience)
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            received = answer.read(limit + 1)
        except OSError as error:  # TLS faults and a connection closed between two requests are among them
            self._drop()
            raise Unreachable(f"{self._address}: {error}") from None
        except http.client.HTTPException as error:
            self._drop()
            raise Unreadable([f"answer: breaks HTTP ({type(error).__name__}: {error})"]) from None
        if len(received) > limit:
            self._drop()
            raise Unreadable([f"answer: is longer than {limit} bytes"])
        if answer.will_close:
            self._drop()
        if answer.status >= 500:
            raise Unreachable(f"{self._address}: {answer.status} {_problem(received)}")
        if answer.status in (413, 422):
            raise Unfit(f"{answer.status} {_problem(received)}")
        if answer.status >= 300:
            raise Refused(f"{answer.status} {_problem(received)}")
        return answer.status, received

    def _connected(self, patience: float) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = _connect(self._address, self._papers, patience)
        if self._connection.sock is not None:
            self._connection.sock.settimeout(patience)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _OverUnixSocket(http.client.HTTPConnection):
    def __init__(self, path: str, patience: float) -> None:
        super().__init__("localhost", timeout=patience)
        self._socket_path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        folder = os.open(os.path.dirname(self._socket_path), os.O_PATH | os.O_DIRECTORY)
        try:  # by way of its folder: a socket's own path may have 107 bytes only
            self.sock.connect(f"/proc/self/fd/{folder}/{os.path.basename(self._socket_path)}")
        finally:
            os.close(folder)


def _connect(address: str, papers: Pass | None, patience: float) -> http.client.HTTPConnection:
    if address.startswith("unix:"):
        return _OverUnixSocket(address.removeprefix("unix:"), patience)
    url = urlsplit(address)
    if url.scheme != "https" or not url.hostname:
        raise ValueError(
            f"{address!r} is not a controller such as 'unix:/path/controller.sock' or 'https://host:8443'"
        )
    if papers is None:
        raise ValueError(f"{address} needs the node's papers: an authority, a certificate and its key")
    context = ssl.create_default_context(cafile=papers.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(papers.certificate, papers.key)
    return http.client.HTTPSConnection(url.hostname, url.port, timeout=patience, context=context)


def _json(body: bytes) -> Json:
    try:
        return json.loads(body)  # type: ignore[no-any-return]
    except (ValueError, RecursionError) as error:
        raise Unreadable([f"answer: is not JSON ({error})"]) from None


def _problem(body: bytes) -> str:
    """What Problem Details say, or the beginning of whatever came instead."""
    try:
        told: Any = json.loads(body)
        return f"{told['title']}: {told['detail']}"
    except (ValueError, RecursionError, KeyError, TypeError):
        return body[:200].decode(errors="replace")
