"""The controller's interface to nodes: orders go out as soon as they are published, reports come in.

`GET /v1/nodes/{node}/orders?after=GENERATION&wait=SECONDS`, `POST /v1/nodes/{node}/report`,
`GET /v1/nodes/{node}/sacks/{sack}`,
`POST /v1/nodes/{node}/events`, `POST /v1/nodes/{node}/request`. A node may only speak for itself: over TLS its certificate says who it
is, on the unix socket the socket's permissions do.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kitei.network.codec import Unreadable, orders_json
from kitei.network.events import batch_of
from kitei.network.report import report_of
from kitei.web.office import NodesOffice
from kitei.web.problem import Problem

PEER: Final = "kitei.peer"
"""The key of an ASGI scope that holds the name in a TLS client's certificate; absent on a unix socket."""

_LONGEST_WAIT: Final = 60.0
_GLANCE: Final = 0.1  # seconds between looks for a publication, also one by another process
_REPORT_LIMIT, _REQUEST_LIMIT = 4 << 20, 1 << 14  # bytes

_T = TypeVar("_T")


class Herald:
    """Wakes those who wait for orders when something was published, or when the controller ends."""

    def __init__(self, ask: Callable[[], Awaitable[int]]) -> None:
        self._ask = ask
        self._news = asyncio.Event()
        self._known = 0
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None
        self.is_over = False

    async def news(self, since: int, within: float) -> bool:
        """Wait until what is published is above `since`; false when nothing came in time."""
        if since < self._known:
            return True
        self.tell(since)
        self._waiting += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait_for(self._news.wait(), within)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return not self.is_over

    def end(self) -> None:
        self.is_over = True
        self._news.set()

    def tell(self, published: int) -> None:
        """So much is published."""
        if published > self._known:
            self._known = published
            self._news.set()  # who waited for less
            self._news = asyncio.Event()

    async def _look(self) -> None:
        while self._waiting and not self.is_over:
            self.tell(await self._ask())
            await asyncio.sleep(_GLANCE)


class Controller:
    """The requests, over one office. The office is asked from one thread of its own, so it need know no other."""

    def __init__(self, office: NodesOffice) -> None:
        self._office = office
        self._thread = ThreadPoolExecutor(1, "office")
        self.herald = Herald(lambda: self._ask(office.published))

    def app(self) -> Starlette:
        node = "/v1/nodes/{node}"
        return Starlette(
            routes=[
                Route(f"{node}/orders", self.orders, methods=["GET"]),
                Route(f"{node}/report", self.report, methods=["POST"]),
                Route(f"{node}/events", self.events, methods=["POST"]),
                Route(f"{node}/request", self.request, methods=["POST"]),
                Route(f"{node}/sacks/{{sack}}", self.sack, methods=["GET"]),
            ],
            exception_handlers={Problem: _problem, HTTPException: _http, Exception: _defect},
            lifespan=self._life,
        )

    @contextlib.asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        yield
        self.herald.end()
        self._thread.shutdown()

    async def _ask(self, question: Callable[..., _T], *about: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, question, *about)

    async def orders(self, request: Request) -> Response:
        node = _node(request)
        after = _number(request, "after", 0)
        wait = min(float(_number(request, "wait", 0)), _LONGEST_WAIT)
        until = asyncio.get_running_loop().time() + wait
        while True:
            published = await self._ask(self._office.published)
            body, generation = await self._ask(self._orders, node, after)
            if body is not None:
                return Response(body, media_type="application/json", headers={"ETag": f'"{generation}"'})
            if 0 < generation < after:
                told = f"{node} has orders of generation {after}, the latest here are {generation}"
                raise Problem(409, "Orders went backwards", f"{told}; is this another controller?")
            left = until - asyncio.get_running_loop().time()
            if left <= 0 or self.herald.is_over or not await self.herald.news(published, left):
                return Response(status_code=204)

    def _orders(self, node: str, after: int) -> tuple[bytes | None, int]:
        """A node's orders where they are newer than those it has, and their generation (0: it has none)."""
        orders = self._office.orders_for(node)
        if orders is None or orders.generation <= after:
            return None, orders.generation if orders else 0
        return json.dumps(orders_json(orders), ensure_ascii=False).encode(), orders.generation

    async def report(self, request: Request) -> Response:
        node = _node(request)
        try:
            report = report_of(await _body(request, _REPORT_LIMIT))
        except Unreadable as error:
            raise Problem(
                422, "Not a report", f"{len(error.faults)} faults in the report", error.faults
            ) from None
        if report.node != node:
            raise Problem(403, "Another node's report", f"{node} reports for {report.node!r}")
        await self._do(self._office.take_report, node, report)
        self.herald.tell(await self._ask(self._office.published))  # others may have waited for this word
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        """What is taken is taken for good: a node may forget it, and sends again what it had no answer to."""
        node = _node(request)
        try:
            batch = batch_of(await _body(request, _REPORT_LIMIT))
        except Unreadable as error:
            raise Problem(
                422, "Not events", f"{len(error.faults)} faults in the events", error.faults
            ) from None
        heard = await self._do(self._office.take_events, node, batch)
        self.herald.tell(await self._ask(self._office.published))  # what follows of them is not waited for
        return JSONResponse({"heard": heard})

    async def request(self, request: Request) -> Response:
        node = _node(request)
        body = await _body(request, _REQUEST_LIMIT)
        csr = body.get("csr") if isinstance(body, dict) else None
        if not isinstance(csr, str):
            raise Problem(422, "Not a request", 'csr: a PEM text is missing; send {"csr": "-----BEGIN ..."}')
        await self._do(self._office.sign, node, csr)
        return Response(status_code=202)

    async def sack(self, request: Request) -> Response:
        content = await self._do(self._office.sack, _node(request), request.path_params["sack"])
        headers = {"Cache-Control": "no-store"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def _do(self, deed: Callable[..., _T], *about: Any) -> _T:
        try:
            return await self._ask(deed, *about)
        except LookupError as error:
            raise Problem(404, "No such node", str(error)) from None
        except PermissionError as error:
            raise Problem(403, "Not allowed", str(error)) from None
        except ValueError as error:
            raise Problem(422, "Not acceptable", str(error)) from None


def controller(office: NodesOffice) -> Starlette:
    """The ASGI application over an office."""
    return Controller(office).app()


def _node(request: Request) -> str:
    node: str = request.path_params["node"]
    peer = request.scope.get(PEER)
    if peer is not None and peer != node:
        raise Problem(
            403, "Another node", f"the certificate names {peer!r}, which may not speak for {node!r}"
        )
    return node


def _number(request: Request, name: str, otherwise: int) -> int:
    written = request.query_params.get(name, str(otherwise)).partition(".")[0]
    if not written.isdecimal() or len(written) > 18:
        raise Problem(422, "Not a number", f"{name}: {written[:40]!r} is not a whole number from 0 on")
    return int(written)


async def _body(request: Request, limit: int) -> Any:
    received = bytearray()
    async for piece in request.stream():
        received += piece
        if len(received) > limit:
            raise Problem(413, "Too long", f"more than {limit} bytes")
    try:
        return json.loads(received)
    except (ValueError, RecursionError) as error:
        raise Problem(422, "Not JSON", str(error)) from None


def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.response()


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, error.detail, f"{request.method} {request.url.path}").response()


def _defect(request: Request, error: Exception) -> Response:
    """The server's own log has the trace; the node is told that it is not its fault."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=204)
    told = f"{type(error).__name__} in the controller; its log says more"
    return Problem(500, "Defect", told).response()
