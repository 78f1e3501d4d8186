"""Serve nodes: on a unix socket for this machine, over TLS with certificates on both sides for others."""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from kitei.web.controller import PEER, Controller
from kitei.web.office import NodesOffice

_KEEP_ALIVE: Final = 75  # seconds; longer than a node's heartbeat, so that its line stays


@dataclass(frozen=True, slots=True)
class Door:
    """A place to listen for nodes from elsewhere, and the papers (PEM files) to show there.

    `authority` is who signs nodes' papers; `revoked` a file with its revocation list, if there is one.
    """

    address: str
    port: int
    certificate: str
    key: str
    authority: str
    revoked: str | None = None


def serve(office: NodesOffice, place: Path, door: Door | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises BlockingIOError if another controller has this place.

    `place` is the unix socket; its permissions (0600) say who may speak for nodes on this machine.
    """
    with _alone(place.with_suffix(".lock")), contextlib.closing(_unix_socket(place)) as local:
        asyncio.run(_serve(Controller(office), local, door))
        place.unlink(missing_ok=True)


async def _serve(controller: Controller, local: socket.socket, door: Door | None) -> None:
    app = controller.app()
    servers = [(_Server(_config(app)), local)]
    if door is not None:
        outside = socket.create_server((door.address, door.port), reuse_port=False)
        servers.append((_Server(_config(app, door)), outside))

    def end() -> None:
        controller.herald.end()
        for server, _ in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    await asyncio.gather(*(server.serve([listening]) for server, listening in servers))


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # several servers end together, by signals handled in one place


class _NamedPeer(H11Protocol):
    """Tells the application who the TLS client is."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        name = _name_in(transport.get_extra_info("peercert") or {})
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await inner({**scope, PEER: name}, receive, send)

        self.app = app


def _name_in(certificate: dict[str, Any]) -> str:
    """Its one DNS name; '' (which is no node) if there is not exactly one."""
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    return names[0] if len(names) == 1 else ""


def _config(app: Any, door: Door | None = None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=H11Protocol if door is None else _NamedPeer,
        ws="none",
        loop="asyncio",
        lifespan="on" if door is None else "off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    config.load()
    if door is not None:
        config.ssl = _context(door)
    return config


def _context(door: Door) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=door.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(door.certificate, door.key)
    if door.revoked is not None:
        context.load_verify_locations(door.revoked)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BlockingIOError(f"{place}: another controller is running here") from None
    finally:
        os.close(handle)


def _unix_socket(place: Path) -> socket.socket:
    """Listening, for its owner alone from its first instant. A path may be longer than 107 bytes."""
    place.unlink(missing_ok=True)  # of a controller that was killed: the lock says there is none now
    folder = os.open(place.parent, os.O_PATH | os.O_DIRECTORY)
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listening.bind(f"/proc/self/fd/{folder}/{place.name}")
    finally:
        os.umask(before)
        os.close(folder)
    listening.listen(1024)
    return listening
