"""The doors of a controller: the socket of this machine, and TLS for others."""

import contextlib
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stand import eventually, make_orders, route

from kitei.agent.config import Pass
from kitei.agent.controller import Controller, Refused, Unreachable
from kitei.drivers import x509

SERVER = """
import sys
from pathlib import Path
sys.path.insert(0, {stand!r})
from stand import MemoryOffice, make_orders, route
from kitei.web.serve import Door, serve
office = MemoryOffice()
office.publish(make_orders(1, route(1)))
office.publish(make_orders(1, route(2), node="n2"))
door = Door("127.0.0.1", {port}, *sys.argv[2:]) if len(sys.argv) > 2 else None
try:
    serve(office, Path(sys.argv[1]), door)
except BlockingIOError as error:
    raise SystemExit(str(error))
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def start(place: Path, port: int = 0, *papers: Path) -> "subprocess.Popen[str]":
    program = SERVER.format(stand=str(Path(__file__).parents[1] / "agent"), port=port)
    argv = [sys.executable, "-c", program, str(place), *map(str, papers)]
    return subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)


class Papers:
    """An authority, and passes signed by it, as files."""

    def __init__(self, folder: Path, name: str = "control") -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.authority = x509.Authority.create(name, datetime.now(UTC))
        self.ca = self.file("ca", self.authority.certificate)

    def file(self, name: str, text: str) -> Path:
        place = self.folder / f"{name}.pem"
        place.write_text(text)
        return place

    def made_for(self, name: str) -> Pass:
        key = x509.make_key()
        certificate = self.authority.issue(x509.make_request(key, name), 30, datetime.now(UTC))
        return Pass(str(self.ca), str(self.file(name, certificate)), str(self.file(f"{name}-key", key)))


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


@pytest.fixture
def outside(tmp_path: Path, papers: Papers) -> Iterator[str]:
    """The address of a controller with a TLS door; n2's certificate is revoked."""
    own, port = papers.made_for("localhost"), free_port()
    gone = papers.made_for("n2")
    serial = x509.serial_of(Path(gone.certificate).read_text())
    revoked = papers.file("revoked", papers.authority.crl([serial], datetime.now(UTC)))
    files = [Path(own.certificate), Path(own.key), papers.ca, revoked]
    server = start(tmp_path / "controller.sock", port, *files)
    try:
        assert eventually(lambda: is_open(port)), server.stderr and server.stderr.read()
        yield f"https://localhost:{port}"
    finally:
        server.kill()
        server.wait(10)


def is_open(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def test_the_socket_is_its_owners_alone_and_a_second_controller_is_turned_away(tmp_path: Path) -> None:
    folder = tmp_path / ("a-long-name-" * 12)  # more than the 107 bytes a socket's path may have
    folder.mkdir()
    place = folder / "controller.sock"
    server = start(place)
    try:
        assert eventually(place.exists)
        assert stat.S_IMODE(os.stat(place).st_mode) == 0o600
        controller = Controller(f"unix:{place}", "n1")
        assert eventually(lambda: answers(controller))
        second = start(place)
        assert second.wait(20) == 1
        assert "another controller is running" in (second.stderr.read() if second.stderr else "")
        assert answers(controller)
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
    assert not place.exists()


def test_after_a_kill_the_next_controller_takes_the_place(tmp_path: Path) -> None:
    place = tmp_path / "controller.sock"
    first = start(place)
    assert eventually(lambda: answers(Controller(f"unix:{place}", "n1")))
    first.kill()
    first.wait(10)
    assert place.exists()
    second = start(place)
    try:
        assert eventually(lambda: answers(Controller(f"unix:{place}", "n1")))
    finally:
        second.kill()
        second.wait(10)


def answers(controller: Controller) -> bool:
    try:
        return controller.orders(0, 0.0) == make_orders(1, route(1))
    except Unreachable:
        return False


def test_with_its_papers_a_node_gets_its_orders_from_elsewhere(outside: str, papers: Papers) -> None:
    assert Controller(outside, "n1", papers.made_for("n1")).orders(0, 0.0) == make_orders(1, route(1))


def test_with_its_papers_a_node_gets_no_one_elses(outside: str, papers: Papers) -> None:
    with pytest.raises(Refused, match="may not speak for 'n1'"):
        Controller(outside, "n1", papers.made_for("n3")).orders(0, 0.0)


def test_revoked_papers_open_nothing(outside: str, papers: Papers) -> None:
    revoked = Pass(*(str(papers.folder / f"{name}.pem") for name in ("ca", "n2", "n2-key")))
    with pytest.raises(Unreachable):
        Controller(outside, "n2", revoked).orders(0, 0.0)


def test_papers_of_another_authority_open_nothing(outside: str, papers: Papers, tmp_path: Path) -> None:
    other = Papers(tmp_path, "other").made_for("n1")
    with pytest.raises(Unreachable):
        Controller(outside, "n1", Pass(str(papers.ca), other.certificate, other.key)).orders(0, 0.0)


def test_a_node_tells_nothing_to_a_controller_of_another_authority(
    outside: str, papers: Papers, tmp_path: Path
) -> None:
    own = papers.made_for("n1")
    strange = Papers(tmp_path, "strange")
    with pytest.raises(Unreachable, match="certificate verify failed"):
        Controller(outside, "n1", Pass(str(strange.ca), own.certificate, own.key)).orders(0, 0.0)


def test_without_papers_nothing_is_answered(outside: str, papers: Papers) -> None:
    context = ssl.create_default_context(cafile=str(papers.ca))
    host, port = outside.removeprefix("https://").split(":")
    answer = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((host, int(port))) as line,
        context.wrap_socket(line, server_hostname=host) as secured,
    ):
        secured.sendall(b"GET /v1/nodes/n1/orders HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = secured.recv(4096)
    assert answer == b""


def test_an_address_that_is_no_controller_is_said_to_be_none() -> None:
    for address in ("http://localhost:80", "localhost", "https://"):
        with pytest.raises(ValueError, match="is not a controller such as"):
            Controller(address, "n1").orders(0, 0.0)
    with pytest.raises(ValueError, match="needs the node's papers"):
        Controller("https://localhost:1", "n1").orders(0, 0.0)
