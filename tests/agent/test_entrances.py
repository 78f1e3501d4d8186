"""Gateways looked at from outside: a login form by TLS with papers of today, or it is lost."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kitei.agent.entrances import Entrances
from kitei.network import EntranceProbe, Origin

FOR = Origin("c-1", ("gio-remote-access@2025-07-01#art:1.1.t1",))
NOW = datetime.now(UTC)


def papers(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vpn.example.jp")])
    builder = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=30))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    written = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "papers.pem").write_bytes(written + key.private_bytes(*plain))
    return folder / "papers.pem"


class Server:
    """A stand-in for a gateway: answers whoever asks with one status, until it is closed."""

    def __init__(self, pem: Path, status: str) -> None:
        self.status = status
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._listen = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listen.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listen.accept()
            except OSError:
                return
            with self._context.wrap_socket(line, server_side=True) as talk:
                talk.recv(4096)
                talk.sendall(f"HTTP/1.1 {self.status} said\r\nContent-Length: 0\r\n\r\n".encode())

    def close(self) -> None:
        self._listen.shutdown(socket.SHUT_RDWR)
        self._listen.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    made: list[Server] = []

    def begin(status: str) -> Server:
        made.append(Server(papers(tmp_path), status))
        return made[-1]

    yield begin
    for each in made:
        if each._listen.fileno() != -1:
            each.close()


def probe(port: int, leads: str = "tunnels", interval: int = 50) -> EntranceProbe:
    return EntranceProbe(FOR, "c-1@127.0.0.1", "127.0.0.1", port, "vpn.example.jp", leads, interval)  # type: ignore[arg-type]


def until(entrances: Entrances, probe: EntranceProbe, up: bool) -> bool:
    patience = time.monotonic() + 20
    while time.monotonic() < patience:
        felt = entrances.feel((probe,))
        if ("entrance", probe.name) in felt and felt["entrance", probe.name].up is up:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(("leads", "status"), [("tunnels", "200"), ("browsers", "407")])
def test_who_is_asked_for_a_login_is_let_see_and_a_dead_gateway_is_lost(
    serve: Callable[[str], Server], leads: str, status: str
) -> None:
    server = serve(status)
    entrances, look = Entrances(lambda: NOW), probe(server.port, leads)
    assert until(entrances, look, up=True)
    server.status = "500"
    assert until(entrances, look, up=False)
    server.status = status
    assert until(entrances, look, up=True)
    server.close()
    assert until(entrances, look, up=False)
    assert entrances.feel(()) == {}


def test_papers_that_have_run_out_are_as_bad_as_none(serve: Callable[[str], Server]) -> None:
    server = serve("200")
    assert until(Entrances(lambda: NOW + timedelta(days=31)), probe(server.port), up=False)
