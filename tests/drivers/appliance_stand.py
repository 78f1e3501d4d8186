"""inner (10.1.0.2) - gw - server (203.0.113.10): real talk of many kinds through a gateway that looks into it."""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kitei.drivers.access import Access
from kitei.drivers.suricata import LANE, Suricata
from kitei.network import Appliance, Egress, Filter, FilterRule, Origin
from kitei.network.inspection import Entry, Inside, entries_text
from kitei.network.signatures import read_signatures
from kitei.spool import Taking

FOR = Origin("f-2", ("secure-access@2026-04-01#art:1.1.t3",))
GATE = Filter(FOR, "wan0", ("lan0 10.1.0.0/24 fd01::/64",), ("203.0.113.100", "2001:db8::100"), 0, (), 3)
EGRESS = Egress(FOR, "wan0", ("203.0.113.100", "2001:db8::100"), "", False)
EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PACKAGE = """# two of the operator's own
alert tcp any any -> any any (msg:"EICAR's test file"; flow:established; \\
    file.data; content:"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"; classtype:trojan-activity; sid:9000001; rev:2;)
alert http any any -> any any (msg:"a probe, as scanners send"; flow:established,to_server; \\
    http.uri; content:"/cgi-bin/probe"; classtype:network-scan; sid:9000002; rev:1;)
"""
PAPER = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout - -out -"
)
SIGNATURES = {each.sid: each for each in read_signatures(PACKAGE)[0]}
FILE = "".join(f"{n:06}\n" for n in range(20_000)).encode()
SHA256 = hashlib.sha256(FILE).hexdigest()

# What is said in each kind of talk, and what a gateway sees of it.
TALKS: Mapping[str, Sequence[Inside]] = {
    "ssh": (Inside(application="ssh"),),
    "bittorrent": (Inside(application="bittorrent"),),
    "udp dht": (Inside(application="bittorrent"),),
    "udp dns": (Inside(application="dns"),),
    "raw": (Inside(application="unknown"),),
    "http ok.example /": (Inside(application="http", host="ok.example"),),
    "http a.games.example /": (Inside(application="http", host="a.games.example"),),
    "http fine.games.example /": (Inside(application="http", host="fine.games.example"),),
    "http ok.example /cgi-bin/probe": (
        Inside(application="http", host="ok.example", signature=SIGNATURES[9000002]),
    ),
    "http ok.example /eicar": (Inside(application="http", host="ok.example", signature=SIGNATURES[9000001]),),
    "http ok.example /eicar.gz": (
        Inside(application="http", host="ok.example", signature=SIGNATURES[9000001]),
    ),
    "http ok.example /file": (Inside(application="http", host="ok.example", sha256=SHA256),),
    "smtp letter": (Inside(application="smtp"),),
    "smtp eicar": (Inside(application="smtp", signature=SIGNATURES[9000001]),),
    "tls ok.example": (Inside(application="tls", host="ok.example"),),
    "tls a.games.example": (Inside(application="tls", host="a.games.example"),),
}

SERVER = f"""import gzip, socket, ssl, sys, threading
EICAR = {EICAR!r}.encode()
FILE = "".join(f"{{n:06}}\\n" for n in range(20_000)).encode()
def http(line):
    asked = b""
    while b"\\r\\n\\r\\n" not in asked:
        if not (piece := line.recv(4096)): return
        asked += piece
    path = asked.split()[1].decode()
    body = {{"/eicar": bytes(30000) + EICAR, "/eicar.gz": gzip.compress(bytes(30000) + EICAR), "/file": FILE}}.get(path, b"hello")
    packed = "Content-Encoding: gzip\\r\\n" if path.endswith(".gz") else ""
    line.sendall(f"HTTP/1.1 200 OK\\r\\nContent-Type: application/octet-stream\\r\\n{{packed}}Content-Length: {{len(body)}}\\r\\n\\r\\n".encode() + body)
    line.recv(1)
def ssh(line):
    line.sendall(b"SSH-2.0-OpenSSH_9.2p1\\r\\n"); echo(line)
def echo(line):
    while piece := line.recv(4096): line.sendall(piece)
def smtp(line):
    line.sendall(b"220 mx ESMTP\\r\\n"); words = line.makefile("rb"); is_letter = False
    for word in words:
        if is_letter and word != b".\\r\\n": continue
        if word == b"QUIT\\r\\n": line.sendall(b"221 bye\\r\\n"); return
        line.sendall(b"354 go on\\r\\n" if word == b"DATA\\r\\n" else b"250 ok\\r\\n"); is_letter = word == b"DATA\\r\\n"
def tls(line):
    told = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); told.load_cert_chain(sys.argv[1])
    with told.wrap_socket(line, server_side=True) as line: echo(line)
def quietly(talk, line):
    try: talk(line)
    except OSError: pass
    finally: line.close()
def serve(port, talk):
    listen = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True: threading.Thread(target=quietly, args=(talk, listen.accept()[0]), daemon=True).start()
def answer(port):
    line = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    line.bind(("::", port))
    while True:
        said, who = line.recvfrom(4096)
        line.sendto(said[:2] + b"\\x81\\x80" + said[4:] if port == 53 else b"d1:rd2:id20:" + b"s" * 20 + b"e1:t2:aa1:y1:re", who)
for port in (53, 6881): threading.Thread(target=answer, args=(port,)).start()
for port, talk in ((8000, http), (8022, ssh), (7000, echo), (8443, tls), (2525, smtp)): threading.Thread(target=serve, args=(port, talk)).start()
"""
# Each talk to its end: true where all that was said was answered.
CLIENT = (
    f"EICAR = {EICAR!r}.encode()\n"
    + """import base64, concurrent.futures, gzip, json, socket, ssl, sys
def dial(port):
    return socket.create_connection((sys.argv[2], port), timeout=float(sys.argv[1]))
def echoes(line, *said):
    for each in said:
        line.sendall(each); got = b""
        while len(got) < len(each):
            if not (piece := line.recv(4096)): return False
            got += piece
    return True
def talk(asked):
    kind, *rest = asked.split()
    try:
        if kind == "ssh":
            with dial(8022) as line: return bool(line.recv(100)) and echoes(line, b"SSH-2.0-a\\r\\n", *[b"hello"] * 4)
        if kind == "bittorrent":
            with dial(7000) as line: return echoes(line, b"\\x13BitTorrent protocol" + bytes(8) + b"i" * 20 + b"p" * 20, *[b"piece"] * 4)
        if kind == "udp":
            port, said = {"dht": (6881, b"d1:ad2:id20:" + b"c" * 20 + b"e1:q4:ping1:t2:aa1:y1:qe"), "dns": (53, b"\\x12\\x34\\x01\\x00\\0\\1\\0\\0\\0\\0\\0\\0\\1a\\7example\\0\\0\\1\\0\\1")}[rest[0]]
            family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as line:
                line.settimeout(float(sys.argv[1])); line.connect((sys.argv[2], port))
                for _ in range(3):
                    line.send(said)
                    if not line.recv(4096): return False
                return True
        if kind == "raw":
            with dial(7000) as line: return echoes(line, *[b"%04d what nobody knows\\n" % n for n in range(8)])
        if kind == "smtp":
            body = bytes(3000) + (EICAR if rest[0] == "eicar" else b"hello")
            letter = b"Subject: x\\r\\nMIME-Version: 1.0\\r\\nContent-Type: application/octet-stream; name=a.bin\\r\\nContent-Transfer-Encoding: base64\\r\\nContent-Disposition: attachment; filename=a.bin\\r\\n\\r\\n"
            letter += base64.encodebytes(body).replace(b"\\n", b"\\r\\n") + b".\\r\\n"
            with dial(2525) as line:
                for said in (b"", b"EHLO a\\r\\n", b"MAIL FROM:<a@example>\\r\\n", b"RCPT TO:<b@example>\\r\\n", b"DATA\\r\\n", letter, b"QUIT\\r\\n"):
                    line.sendall(said)
                    if not line.recv(100): return False
                return True
        if kind == "tls":
            told = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); told.check_hostname = False; told.verify_mode = ssl.CERT_NONE
            with dial(8443) as plain, told.wrap_socket(plain, server_hostname=rest[0]) as line: return echoes(line, b"hello", b"again")
        with dial(8000) as line:
            line.sendall(f"GET {rest[1]} HTTP/1.1\\r\\nHost: {rest[0]}\\r\\nUser-Agent: t\\r\\n\\r\\n".encode()); got = b""
            while b"\\r\\n\\r\\n" not in got or len(got.partition(b"\\r\\n\\r\\n")[2]) < int(got.lower().split(b"content-length: ")[1].split()[0]):
                if not (piece := line.recv(65536)): return False
                got += piece
            return True
    except OSError: return False
with concurrent.futures.ThreadPoolExecutor(8) as many: print(json.dumps(list(many.map(talk, json.load(sys.stdin)))))
"""
)

STAYING = """import socket, sys, time
line = socket.create_connection(("203.0.113.10", int(sys.argv[1])), timeout=3)
if sys.argv[1] == "8022": line.recv(100)
said = sys.argv[2].encode()
while True:
    line.sendall(said); got = line.recv(100)
    if not got: raise ConnectionResetError
    print("x", flush=True); time.sleep(0.1); said = b"word\\n"
"""


def profile(
    *entries: Entry,
    name: str = "office",
    number: int = 1,
    blind: Any = "deny",
    sack: str | None = "signatures.1",
) -> Appliance:
    return Appliance(FOR, name, number, GATE.version, blind, entries_text(entries), sack)


def allow(number: int = 1, name: str = "out", port: str = "", looked: int = 1) -> FilterRule:
    return FilterRule(
        FOR, name, number, "allow", ("10.1.0.0/24", "fd01::/64"), (), (port,) if port else (), None, looked
    )


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


class Stand:
    def __init__(self, bench: Any, make_right: Any) -> None:
        self.bench, self.make_right = bench, make_right
        for name in ("inner", "gw", "server"):
            bench.node(name)
        for one, near, address, far, other in (
            ("inner", "eth0", "10.1.0.2/24 fd01::2/64", "lan0", "10.1.0.1/24 fd01::1/64"),
            ("server", "eth0", "203.0.113.10/24 2001:db8::10/64", "wan0", "203.0.113.7/24 2001:db8::7/64"),
        ):
            bench.wire(one, near, "gw", far)
            for node, port, own in ((one, near, address), ("gw", far, other)):
                for each in own.split():
                    bench.ip(node, "address", "add", each, "dev", port, *(["nodad"] * (":" in each)))
                bench.ip(node, "link", "set", port, "up")
        bench.ip("inner", "route", "add", "default", "via", "10.1.0.1")
        bench.ip("inner", "-6", "route", "add", "default", "via", "fd01::1")
        self.gw, self.inner, server = (bench.hosts[each] for each in ("gw", "inner", "server"))
        self.gw.write(self.gw.state("sacks", "signatures.1"), PACKAGE)
        paper = server.state("paper.pem")
        made = server.run(PAPER.split())
        server.write(paper, made.out)
        server.keep_running("talk", [sys.executable, "-c", SERVER, paper])

    def up(self, *parts: Any) -> None:
        for driver in (Access(), Suricata()):
            self.make_right(driver, self.gw, (GATE, EGRESS, *parts))

    def talk(self, *asked: str, patience: float = 4.0, server: str = "203.0.113.10") -> list[bool]:
        told = self.inner.run(
            [sys.executable, "-c", CLIENT, str(patience), server], stdin=json.dumps(asked), timeout=60.0
        )
        assert told.code == 0, told.err
        found: list[bool] = json.loads(told.out)
        return found

    def passes(self, asked: str) -> bool:
        return self.talk(asked)[0]

    def staying(self, kind: str) -> list[str]:
        """A conversation that goes on: a word a tenth of a second, each answered."""
        return [
            sys.executable,
            "-c",
            STAYING,
            *(("8022", "SSH-2.0-a\r\n") if kind == "ssh" else ("7000", "0 what\n")),
        ]

    def said(self, kind: str) -> int:
        return len((self.inner.read(self.inner.state("programs", f"{kind}.log")) or "").split())

    def is_cut(self, kind: str) -> bool:
        return "Error" in (self.inner.read(self.inner.state("programs", f"{kind}.log")) or "")

    def ready(self) -> None:
        """The server answers."""
        self.up(allow(looked=0))
        assert eventually(lambda: self.passes("http ok.example /") and self.passes("tls ok.example"))

    def rows(self) -> list[list[Any]]:
        """What was written down, in order."""
        events = Taking(Path(self.gw.state("events", LANE))).due(1000)
        return [row for each in events for row in json.loads(str(each["body"]["rows"]))]
