"""Stand-ins for those who meet our RADIUS server: customers' own servers, clients, terminators."""

import json
import os
import re
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from kitei.drivers.host import LinuxHost
from kitei.network import Origin
from kitei.radius.document import user_record
from kitei.radius.policy import Pairs, User
from kitei.radius.secret import keep
from kitei.radius.table import write_table

FOR = Origin("contract-1", ("auth-outsource@2019-12-01#art:1",))
HOME_SECRET = "the secret of a home server"

_HOME = """\
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {folder}
run_dir = {folder}
name = {name}
max_requests = 16384
log {{
  destination = stdout
}}
security {{
  reject_delay = 0
  status_server = yes
  require_message_authenticator = yes
}}
proxy_requests = no
thread pool {{
  start_servers = 2
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 3
}}
modules {{
  pap {{
  }}
  chap {{
  }}
  mschap {{
  }}
  always ok {{
    rcode = ok
  }}
  files {{
    usersfile = {folder}/users
  }}
  detail {{
    filename = {folder}/detail
  }}
}}
client anyone {{
  ipaddr = 127.0.0.0/8
  secret = "{secret}"
}}
server default {{
  listen {{
    type = auth
    ipaddr = {address}
    port = 1812
  }}
  listen {{
    type = acct
    ipaddr = {address}
    port = 1813
  }}
  authorize {{
    files
    mschap
    chap
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
    Auth-Type CHAP {{
      chap
    }}
    Auth-Type MS-CHAP {{
      mschap
    }}
  }}
  accounting {{
    detail
  }}
}}
"""


def record(
    password: str,
    methods: Iterable[str] = ("pap",),
    off: bool = False,
    reply: Pairs = (),
    matrix: str = "",
) -> str:
    forms = keep(password, frozenset(methods), os.urandom(16))
    return user_record(User(forms.hashed, forms.nt, forms.clear, off, reply, matrix))


def put_sack(host: LinuxHost, name: str, content: str | bytes) -> None:
    """As it arrives from the controller: whole, and for nobody else's eyes."""
    folder = Path(host.state("sacks"))
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f".{name}"
    draft.write_bytes(content if isinstance(content, bytes) else content.encode())
    draft.chmod(0o600)
    draft.rename(folder / name)


def put_users(host: LinuxHost, name: str, users: Mapping[str, str]) -> None:
    put_sack(host, name, write_table(users.items()))


def start_home(host: LinuxHost, name: str, address: str, users: Mapping[str, str]) -> None:
    """A customer's own RADIUS server at a loopback address. It says who it is in Filter-Id."""
    folder = Path(host.state("homes", name))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
    text = "".join(f'{u}\tCleartext-Password := "{p}"\n\tFilter-Id = "{name}"\n' for u, p in users.items())
    (folder / "users").write_text(text)
    config = _HOME.format(folder=folder, name=name, address=address, secret=HOME_SECRET)
    (folder / "radiusd.conf").write_text(config)
    host.keep_running(f"home-{name}", ["/usr/sbin/freeradius", "-f", "-d", str(folder)])


def ask(
    host: LinuxHost,
    source: str,
    secret: str,
    attributes: str,
    kind: str = "auth",
    server: str = "127.0.0.1",
    tries: int = 2,
    patience: float = 1.0,
) -> tuple[str, dict[str, str]]:
    """By radclient: what came back (`'Access-Accept'`, `'nothing'`) with its attributes."""
    keyfile = Path(host.state(f"radclient.{secrets.token_hex(4)}"))
    keyfile.write_text(secret)
    family = "IPv6" if ":" in source else "IP"
    port = 1812 if kind == "auth" else 1813
    at = f"[{server}]:{port}" if ":" in server else f"{server}:{port}"
    argv = [
        "radclient",
        "-x",
        "-t",
        str(patience),
        "-r",
        str(tries),
        "-S",
        str(keyfile),
    ]
    done = host.run(
        [*argv, at, kind], stdin=f"{attributes}, Packet-Src-{family}-Address={source}\n", timeout=30
    )
    keyfile.unlink()
    if "Received " not in done.out:
        # an answer at the very moment it gives up: it takes none, and says nothing of that
        assert "Sent " in done.out, f"radclient failed: {done}"
        return "nothing", {}
    received = done.out.rpartition("Received ")[2]
    pairs = re.findall(r"^\t(\S+) = (.*)$", received, re.M)
    return received.split()[0], {name: value.strip('"') for name, value in pairs}


def blast(host: LinuxHost, secret: str, requests: str, kind: str = "auth") -> int:
    """Many requests at once, answered or not; how many were."""
    keyfile = Path(host.state(f"radclient.{secrets.token_hex(4)}"))
    keyfile.write_text(secret)
    argv = [
        "radclient",
        "-s",
        "-p",
        "100",
        "-t",
        "0.2",
        "-r",
        "1",
        "-S",
        str(keyfile),
        f"127.0.0.1:{1812 if kind == 'auth' else 1813}",
        kind,
    ]
    done = host.run(argv, stdin=requests, timeout=30)
    keyfile.unlink()
    found = re.search(r"(?:Accepted|Approved)\s*:\s*(\d+)", done.out + done.err)
    assert found, f"radclient failed: {done}"
    return int(found[1])


def start_terminator(host: LinuxHost, address: str) -> None:
    """An L2TP network server that refuses every tunnel: it lives, and that is all it is asked."""
    host.keep_running(f"door-{address}", [sys.executable, "-c", _TERMINATOR, address])


_TERMINATOR = """
import socket, struct, sys
door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
door.bind((sys.argv[1], 1701))
while True:
    packet, caller = door.recvfrom(4096)
    at, tunnel = 12, 0
    while at + 6 <= len(packet):
        size = struct.unpack_from(">H", packet, at)[0] & 0x3FF
        if packet[at + 4 : at + 6] == b"\\0\\x09":
            tunnel = struct.unpack_from(">H", packet, at + 6)[0]
        at += size
    refusal = struct.pack(">HHHH", 0x8008, 0, 0, 4) + struct.pack(">HHHH", 0x8008, 0, 1, 2)
    door.sendto(struct.pack(">HHHHHH", 0xC802, 12 + len(refusal), tunnel, 0, 0, 1) + refusal, caller)
"""


class Listener:
    """An access server's ear for Disconnect-Requests (RFC 5176): it notes whom it was asked to end, and obeys."""

    def __init__(self, host: LinuxHost, address: str, secret: str) -> None:
        self._host, self._name = host, f"ear-{address}"
        keyfile = Path(host.state(f"ear.{secrets.token_hex(4)}"))
        keyfile.write_text(secret)
        host.keep_running(self._name, [sys.executable, "-u", "-c", _EAR, address, str(keyfile)])

    def asked(self) -> str:
        return self._host.read(self._host.state("programs", f"{self._name}.log")) or ""


_EAR = """
import hashlib, socket, sys
secret = open(sys.argv[2], "rb").read()
ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ear.bind((sys.argv[1], 3799))
while True:
    packet, caller = ear.recvfrom(4096)
    proof = hashlib.md5(packet[:4] + bytes(16) + packet[20:] + secret).digest()
    if packet[0] != 40 or proof != packet[4:20]:
        print("a request that is not one")
        continue
    at = 20
    while at < len(packet):
        kind, size = packet[at], packet[at + 1]
        if kind == 44:
            print(packet[at + 2 : at + size].decode())
        at += size
    head = bytes((41, packet[1], 0, 20))
    ear.sendto(head + hashlib.md5(head + packet[4:20] + secret).digest(), caller)
"""


def call(
    host: LinuxHost,
    source: str,
    secret: str,
    user: str,
    password: str,
    signed: bool = True,
    tries: int = 8,
    patience: float = 0.25,
) -> str:
    """One PAP login by a client that goes on trying, whatever ICMP tells it."""
    told = json.dumps([source, secret, user, password, signed, tries, patience])
    return host.run([sys.executable, "-c", _CALLER], stdin=told, timeout=20).out.strip()


_CALLER = """
import hashlib, hmac, json, os, socket, sys
source, secret, user, password, signed, tries, patience = json.load(sys.stdin)
secret, proof = secret.encode(), os.urandom(16)
hidden = password.encode().ljust(16, bytes(1))
hidden = bytes(a ^ b for a, b in zip(hidden, hashlib.md5(secret + proof).digest()))
pairs = bytes((1, len(user) + 2)) + user.encode() + bytes((2, 18)) + hidden
size = 20 + len(pairs) + (18 if signed else 0)
head = bytes((1, 7)) + size.to_bytes(2, "big") + proof
packet = head + pairs
if signed:
    packet = head + bytes((80, 18)) + hmac.new(secret, head + bytes((80, 18)) + bytes(16) + pairs, "md5").digest() + pairs
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind((source, 0))
line.settimeout(patience)
for _ in range(tries):
    line.sendto(packet, ("127.0.0.1", 1812))
    try:
        print({2: "Access-Accept", 3: "Access-Reject"}[line.recv(4096)[0]])
        break
    except OSError:
        continue
else:
    print("nothing")
"""
