"""A password is told to no mail server whose certificate does not hold; aiosmtpd, of Debian, is the server."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kitei.office.post import Letter, Undelivered, post_of
from kitei.values import Words

PYTHON = "/usr/bin/python3"
SERVER = """
import ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
port, box, certificate, key, way, heard = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)

def check(server, session, envelope, mechanism, told):
    open(heard, "ab").write(told.login + b" " + told.password + b"\\n")
    return AuthResult(success=told.login == b"desk" and told.password == b"s3cret", handled=False)

class Keeping:
    async def handle_DATA(self, server, session, envelope):
        open(box, "wb").write(envelope.content)
        return "250 taken"

more = dict(authenticator=check, auth_required=True)
if way == "tls":
    more |= dict(ssl_context=context, auth_require_tls=False)
elif way == "starttls":
    more |= dict(tls_context=context, require_starttls=True)
else:
    more |= dict(auth_require_tls=False)
there = Controller(Keeping(), hostname="127.0.0.1", port=int(port), **more)
loop = there.loop
if way == "tls":
    server = loop.create_server(there._factory_invoker, "127.0.0.1", int(port), ssl=context)
else:
    server = loop.create_server(there._factory_invoker, "127.0.0.1", int(port))
loop.run_until_complete(server)
print("up", flush=True)
loop.run_forever()
"""
LETTER = Letter(
    "l1", Words("アクメ", "Acme"), "noc@acme.example", "s", "t\n", datetime(2026, 6, 1, tzinfo=UTC)
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if subprocess.run([PYTHON, "-c", "import aiosmtpd"], capture_output=True).returncode:
        pytest.skip("python3-aiosmtpd is not installed here")
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    folder = tmp_path_factory.mktemp("tls")
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    made += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(made, check=True, capture_output=True)
    return folder


@contextmanager
def server(certificate: Path, tmp_path: Path, way: str) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    paths = [tmp_path / "box", certificate / "cert.pem", certificate / "key.pem"]
    command = [PYTHON, "-c", SERVER, str(port), *map(str, paths), way, str(tmp_path / "heard")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None and running.stdout.readline() == "up\n"
            yield port
        finally:
            running.terminate()


def url(scheme: str, port: int, password: str = "s3cret") -> str:
    return f"{scheme}://desk:{password}@127.0.0.1:{port}?from=desk@polaris.example"


@pytest.mark.parametrize(("scheme", "way"), [("smtps", "tls"), ("smtp", "starttls")])
def test_a_letter_goes_out_by_tls_and_only_to_a_server_that_proves_who_it_is(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, way: str
) -> None:
    with server(certificate, tmp_path, way) as port:
        with pytest.raises(Undelivered, match="certificate"):
            post_of(url(scheme, port), tmp_path).send(LETTER)
        assert not (tmp_path / "heard").exists()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        post_of(url(scheme, port), tmp_path).send(LETTER)
        assert b"noc@acme.example" in (tmp_path / "box").read_bytes()
        with pytest.raises(Undelivered, match="535"):
            post_of(url(scheme, port, "wrong"), tmp_path).send(LETTER)


def test_a_server_without_tls_is_told_no_password(certificate: Path, tmp_path: Path) -> None:
    with server(certificate, tmp_path, "plain") as port, pytest.raises(Undelivered, match="STARTTLS"):
        post_of(url("smtp", port), tmp_path).send(LETTER)
    assert not (tmp_path / "heard").exists() and not (tmp_path / "box").exists()
