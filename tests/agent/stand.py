"""A controller with an office in memory, a node with a driver that makes files, and an agent between them."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn

from kitei.agent.config import AgentConfig
from kitei.agent.loop import Agent
from kitei.drivers.host import LinuxHost
from kitei.network import Host, Orders, Origin, Part, PermanentError, Risk, Route, Step, TemporaryError
from kitei.network.codec import node_intent
from kitei.network.events import Batch, Event
from kitei.network.report import Report
from kitei.web.controller import Controller

FOR = Origin("contract-1", ("managed-vpn-pro@2024-05-01#art:7.2",))
OTHER = Origin("contract-2", ())


def eventually(holds: Callable[[], bool], seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def make_orders(generation: int, *parts: Part, node: str = "n1", may_cut: Sequence[str] = ()) -> Orders:
    return Orders(generation, node_intent(node, parts), tuple(may_cut))


def route(number: int, via: str = "192.0.2.1", origin: Origin = FOR) -> Route:
    return Route(origin, f"10.{number}.0.0/16", via)


class MemoryOffice:
    """What an office gives to the web side, in memory."""

    def __init__(self) -> None:
        self.orders: dict[str, Orders] = {}
        self.reports: list[Report] = []
        self.requests: list[tuple[str, str]] = []
        self.sacks: dict[str, bytes] = {}
        self.events: dict[tuple[str, str, str], list[Event]] = {}
        self.refused_events = 0
        self.refuses: Exception | None = None

    def publish(self, orders: Orders) -> None:
        self.orders[orders.intent.node] = orders

    def published(self) -> int:
        return max((orders.generation for orders in self.orders.values()), default=0)

    def orders_for(self, node: str) -> Orders | None:
        return self.orders.get(node)

    def sack(self, node: str, name: str) -> bytes:
        if name not in self.sacks:
            raise LookupError(f"there is no {name!r}")
        return self.sacks[name]

    def take_events(self, node: str, batch: Batch) -> int:
        if self.refuses is not None:
            self.refused_events += 1
            raise self.refuses
        kept = self.events.setdefault((node, batch.lane, batch.series), [])
        kept += [event for event in batch.events if not kept or event.number > kept[-1].number]
        return kept[-1].number

    def take_report(self, node: str, report: Report) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.reports.append(report)

    def sign(self, node: str, csr: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.requests.append((node, csr))


class Served:
    """The real web application over a unix socket, in a thread; it can go and come back."""

    def __init__(self, place: Path, office: MemoryOffice | None = None) -> None:
        self.place = place
        self.office = office or MemoryOffice()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return f"unix:{self.place}"

    def start(self) -> None:
        listening = bound(self.place)
        self._controller = Controller(self.office)
        config = uvicorn.Config(
            self._controller.app(), log_level="critical", ws="none", timeout_graceful_shutdown=0
        )
        self._server = uvicorn.Server(config)
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._server.serve([listening])), daemon=True
        )
        self._thread.start()
        assert eventually(lambda: self._server.started)

    def stop(self) -> None:
        if self._thread is None:
            return
        self._controller.herald.is_over = True
        self._server.should_exit = True
        self._thread.join(10)
        self._thread = None
        self.place.unlink(missing_ok=True)


def bound(place: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(place))
    listening.listen(64)
    return listening


class Liar:
    """Answers every question with one prepared HTTP body, and keeps what is posted."""

    def __init__(self, place: Path, body: bytes, length: int | None = None) -> None:
        self.listening = bound(place)
        self.answer = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            + f"Content-Length: {len(body) if length is None else length}\r\n".encode()
            + b"Connection: close\r\n\r\n"
            + body
        )
        self.heard: list[bytes] = []
        threading.Thread(target=self._lie, daemon=True).start()

    def _lie(self) -> None:
        while True:
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            with line:
                line.settimeout(1)
                with contextlib.suppress(OSError):
                    heard = line.recv(1 << 20)
                    head, _, body = heard.partition(b"\r\n\r\n")
                    wanted = [h for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")]
                    while wanted and len(body) < int(wanted[0].split(b":")[1]):
                        body += line.recv(1 << 20)
                    self.heard.append(head + b"\r\n\r\n" + body)
                    line.sendall(self.answer)

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


class Files:
    """Makes routes be files of one folder. Changing or removing one is an outage for its owner.

    A gateway of `'temporary'` fails until `heal`, `'permanent'` and `'defect'` always do.
    """

    name = "files"
    reads = (object,)

    def __init__(self, folder: Path, pause: float = 0.0) -> None:
        self.folder = folder
        self.pause = pause
        self.healed = False
        self.looks = 0
        folder.mkdir(exist_ok=True)

    def see(self, host: Host) -> Mapping[str, tuple[str, str]]:
        self.looks += 1
        found = {}
        for file in self.folder.glob("10.*"):
            via, _, owner = file.read_text().partition("\n")
            found[file.name] = (via, owner)
        return found

    def plan(self, wanted: Sequence[Part], seen: Mapping[str, tuple[str, str]]) -> tuple[Step, ...]:
        routes = {p.destination.replace("/", "_"): p for p in wanted if isinstance(p, Route)}
        steps = []
        for name, part in routes.items():
            text = (str(part.via), part.origin.owner)
            if seen.get(name) != text:
                with_ = {"name": name, "text": "\n".join(text)}
                risk, owners = (Risk.OUTAGE, (seen[name][1],)) if name in seen else (Risk.NONE, ())
                steps.append(Step("files", f"write {name}", "write", with_, risk, owners))
        for name in sorted(set(seen) - set(routes)):
            steps.append(
                Step("files", f"remove {name}", "remove", {"name": name}, Risk.OUTAGE, (seen[name][1],))
            )
        return tuple(steps)

    def apply(self, host: Host, step: Step) -> None:
        time.sleep(self.pause)
        text = str(step.with_.get("text", ""))
        if text.startswith("temporary") and not self.healed:
            raise TemporaryError("not yet", 0.05)
        if text.startswith("permanent"):
            raise PermanentError("this gateway is no gateway")
        if text.startswith("defect"):
            raise ZeroDivisionError("a defect")
        file = self.folder / step.with_["name"]
        if step.act == "remove":
            file.unlink()
        else:
            draft = file.with_name(f"{file.name}.new".replace("10.", "draft-"))
            draft.write_text(text)
            draft.rename(file)


class Node:
    """Node n1 with its state folder, its driver and, between `start` and `stop`, its agent."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.folder = folder
        self.served = served
        self.office = served.office
        self.files = Files(folder / "made")
        self.host = LinuxHost("n1", folder / "state")
        self.drivers: list[Any] = [self.files]
        self.confirm = 2.0
        self.look = 60.0
        self.controller = served.address
        self.agent: Agent | None = None

    def start(self) -> None:
        config = AgentConfig(
            node="n1",
            host=self.host,
            controller=self.controller,
            clock=lambda: datetime.now(UTC),
            drivers=self.drivers,
            confirm=self.confirm,
            look=self.look,
            heartbeat=0.3,
            wait=5.0,
        )
        self.agent = Agent(config)
        self._thread = threading.Thread(target=self.agent.run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self.agent is not None:
            self.agent.end()
            self._thread.join(10)
            assert not self._thread.is_alive(), "the agent did not end"
            self.agent = None

    def made(self) -> dict[str, str]:
        """Gateways by destination, as the machine has them."""
        return {name: via for name, (via, _) in self.files.see(self.host).items()}

    @property
    def report(self) -> Report:
        """The latest report that arrived."""
        return self.office.reports[-1]

    def reports(self, generation: int, applied: bool = True) -> bool:
        told = self.office.reports
        return bool(told) and (told[-1].generation, told[-1].applied) == (generation, applied)
