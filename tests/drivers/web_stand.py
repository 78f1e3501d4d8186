"""A Web gateway between a client and the Internet: real Squid, real TLS servers, curl; the name server is a stand-in."""

import ctypes
import json
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from kitei.drivers.squid import Squid
from kitei.network import Origin, Part, WebGateway, WebPolicy
from kitei.proxy.policy import Policy
from kitei.proxy.written import Written, policy_text

FOR = Origin("C-1", ("secure-access@2026-04-01#art:1",))
OUTSIDE4, OUTSIDE6 = "203.0.113.10", "2001:db8:f::10"
GATEWAY4, GATEWAY6 = "10.1.0.1", "fd00:1::1"
CLIENT4, CLIENT6 = "10.1.0.2", "fd00:1::2"
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
EGRESS4, EGRESS6 = "203.0.113.102", "2001:db8:f::102"


def entered(netns: str) -> Callable[[Callable[[], Any]], Any]:
    """Runs something in a namespace, in a thread of its own: sockets made there stay there."""

    def run(what: Callable[[], Any]) -> Any:
        found: list[Any] = []

        def inside() -> None:
            with open(f"/run/netns/{netns}") as place:
                if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), 0x40000000):
                    raise OSError(ctypes.get_errno(), f"{netns} cannot be entered")
            found.append(what())

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        return found[0]

    return run


class Answering(BaseHTTPRequestHandler):
    """The Internet: answers with what was asked for, and from whom it came."""

    protocol_version = "HTTP/1.1"
    bodies: Mapping[str, bytes] = {}

    def do_GET(self) -> None:
        told = {"host": self.headers["Host"], "path": self.path, "from": self.client_address[0]}
        body = self.bodies.get(self.path, json.dumps(told).encode())
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests ask the answers."""


class Dual(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no fault of the Internet's."""
        if not isinstance(sys.exc_info()[1], ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def name_server(netns: str) -> socket.socket:
    """A stand-in: every name is at one address of each family (RFC 1035), `v4.…` and `v6.…` at one only."""
    sock: socket.socket = entered(netns)(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind((OUTSIDE4, 53))

    def answer() -> None:
        while True:
            try:
                asked, who = sock.recvfrom(512)
                sock.sendto(reply_to(asked), who)
            except OSError:  # closed
                return

    threading.Thread(target=answer, daemon=True).start()
    return sock


def reply_to(asked: bytes) -> bytes:
    end = asked.index(0, 12) + 5
    kind = struct.unpack("!H", asked[end - 4 : end - 2])[0]
    name = asked[13 : 13 + asked[12]].decode()
    address = {1: OUTSIDE4, 28: OUTSIDE6}.get(kind)
    if (kind == 1 and name == "v6") or (kind == 28 and name == "v4"):
        address = None
    head = asked[:2] + struct.pack("!HHHHH", 0x8180, 1, 1 if address else 0, 0, 0)
    packed = ip_address(address).packed if address else b""
    record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(packed)) + packed if address else b""
    return head + asked[12:end] + record


@dataclass(slots=True)
class Load:
    """How many requests were made, and what was not right."""

    done: int = 0
    told: list[tuple[str, str, str]] = field(default_factory=list)


def eventually(found: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What is found, as soon as it is something."""
    until = time.monotonic() + seconds
    while not (what := found()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return what


@dataclass(slots=True)
class Stand:
    """The gateway's host, and what a client gets."""

    host: Any
    folder: Path
    client: str
    outside: str
    make_right: Any
    authority: str
    signatures: str

    def gateway(self, policy: Policy, **more: Any) -> tuple[Part, ...]:
        lists = {name: tuple(names) for name, names in more.pop("lists", {}).items()}
        packed = more.pop("packed", {})
        told = {
            "name": "Acme Web Gateway",
            "port": 3128,
            "inside": ("lan",),
            "intercepts": ("lan",),
            "resolvers": (OUTSIDE4,),
            "egress": (),
            "authority": self.authority,
            "spares": (),
            "holds": False,
            "signatures": self.signatures,
        }
        asking = WebPolicy(
            FOR,
            policy_text(Written(policy, lists, packed)),
            more.pop("sign_in", False),
            more.pop("users", None),
        )
        return WebGateway(origin=FOR, **{**told, **more}), asking

    def put(self, parts: Sequence[Part]) -> Any:
        return self.make_right(Squid(), self.host, parts)

    def trust(self) -> str:
        """What a client trusts who has the gateway's authority: its certificate, without the key."""
        kept = self.host.read(self.host.state("web", "authority.pem"))
        path = self.folder / "gateway-authority.pem"
        path.write_text(kept[kept.index("-----BEGIN CERTIFICATE") :])
        return str(path)

    @property
    def root(self) -> str:
        """What a client trusts who has no authority but those of the Internet."""
        return str(self.folder / "internet" / "root.pem")

    def curl(self, url: str, *options: str) -> subprocess.CompletedProcess[str]:
        """As a client does whose resolver answers with an address of the Internet's."""
        there = f"[{OUTSIDE6}]" if "-6" in options else OUTSIDE4
        resolve = [word for port in (80, 443) for word in ("--resolve", f"*:{port}:{there}")]
        argv = [
            "ip",
            "netns",
            "exec",
            self.client,
            "curl",
            "-sS",
            "--max-time",
            "15",
            *resolve,
            *options,
            url,
        ]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    @contextmanager
    def load(self, *urls: str) -> "Iterator[Load]":
        """Requests one after another while something else is done; what went wrong with any."""
        load, over = Load(), threading.Event()

        def ask(url: str) -> None:
            while not over.is_set():
                got = self.curl(url, "--cacert", self.root, "-o", "/dev/null", "-w", "%{http_code}")
                load.done += 1
                if got.stdout != "200":
                    load.told.append((url, got.stdout, got.stderr))

        threads = [threading.Thread(target=ask, args=(url,)) for url in urls]
        for thread in threads:
            thread.start()
        try:
            yield load
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def records(self) -> list[dict[str, Any]]:
        text = self.host.read(self.host.state("web", "access.jsonl")) or ""
        return [json.loads(line) for line in text.splitlines()]


@contextmanager
def stand(bench: Any, make_right: Any, bodies: Mapping[str, bytes]) -> Iterator[Stand]:
    """Internet (`o`), gateway (`g`), client (`c`), each a namespace."""
    host = bench.node("g")
    for name in "oc":
        bench.node(name)
    bench.wire("g", "wan", "o", "eth0")
    bench.wire("g", "lan", "c", "eth0")
    places = (
        ("o", "eth0", f"{OUTSIDE4}/24", f"{OUTSIDE6}/64"),
        ("g", "wan", "203.0.113.101/24", "2001:db8:f::101/64"),
        ("g", "wan", f"{EGRESS4}/24", f"{EGRESS6}/64"),
        ("g", "lan", f"{GATEWAY4}/24", f"{GATEWAY6}/64"),
        ("c", "eth0", f"{CLIENT4}/24", f"{CLIENT6}/64"),
    )
    for node, port, *addresses in places:
        for address in addresses:
            bench.ip(node, "addr", "add", address, "dev", port, *(("nodad",) if ":" in address else ()))
        bench.ip(node, "link", "set", port, "up")
    bench.ip("c", "route", "add", "default", "via", GATEWAY4)
    bench.ip("c", "-6", "route", "add", "default", "via", GATEWAY6)
    for setting in (
        "net.ipv4.ip_forward=1",
        "net.ipv6.conf.all.forwarding=1",
        "net.ipv4.conf.all.rp_filter=0",
    ):
        assert host.run(["sysctl", "-qw", setting]).code == 0
    folder = bench.folder / "internet"
    folder.mkdir()
    authority = _papers(folder)
    signatures = Path(tempfile.mkdtemp(prefix="kitei-signatures-"))  # where those who are not root may read
    signatures.chmod(0o755)
    (signatures / "tests.ndb").write_text(f"Eicar-Test-File:0:*:{EICAR.hex()}\n")
    made: list[Any] = [name_server(bench.netns("o"))]
    handler = type("Answer", (Answering,), {"bodies": bodies})
    for port in (80, 443):
        server = entered(bench.netns("o"))(lambda port=port: Dual(("::", port), handler))
        if port == 443:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "server.pem")
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.append(server)
    try:
        yield Stand(
            host, bench.folder, bench.netns("c"), bench.netns("o"), make_right, authority, str(signatures)
        )
    finally:
        Squid().apply(host, Squid().plan((), Squid().see(host))[0])
        shutil.rmtree(signatures)
        made[0].close()
        for server in made[1:]:
            server.shutdown()
            server.server_close()


def _papers(folder: Path) -> str:
    """An authority of the Internet's, and a server's certificate for all names of the tests."""

    def openssl(*argv: str) -> None:
        subprocess.run(["openssl", *argv], check=True, capture_output=True)

    names = "subjectAltName=DNS:*.test,DNS:*.shop.test,DNS:shop.test,DNS:bank.test,DNS:ok.test,DNS:bad.test,DNS:v4.test,DNS:v6.test"
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl(
        *new, "-subj", "/CN=Root of the tests", "-keyout", f"{folder}/root.key", "-out", f"{folder}/root.pem"
    )
    signed = ("-CA", f"{folder}/root.pem", "-CAkey", f"{folder}/root.key")
    openssl(
        *(*new, "-subj", "/CN=server", "-addext", names, *signed),
        *("-keyout", f"{folder}/server.key", "-out", f"{folder}/server.crt"),
    )
    (folder / "server.pem").write_text(
        (folder / "server.key").read_text() + (folder / "server.crt").read_text()
    )
    return (folder / "root.pem").read_text()
