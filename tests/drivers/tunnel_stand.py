"""Users of a remote access gateway: openconnect on machines of their own, with a script that sets what it is told."""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kitei.drivers.host import LinuxHost

_SCRIPT = """#!/bin/sh
[ "$reason" = connect ] || exit 0
ip link set "$TUNDEV" up mtu ${INTERNAL_IP4_MTU:-1300}
[ -n "$INTERNAL_IP4_ADDRESS" ] && ip addr add $INTERNAL_IP4_ADDRESS/32 dev $TUNDEV
[ -n "$INTERNAL_IP6_NETMASK" ] && ip -6 addr add $INTERNAL_IP6_NETMASK dev $TUNDEV nodad
i=0; while [ $i -lt ${CISCO_SPLIT_INC:-0} ]; do
  eval "ip route replace \\$CISCO_SPLIT_INC_${i}_ADDR/\\$CISCO_SPLIT_INC_${i}_MASKLEN dev $TUNDEV"; i=$((i+1)); done
i=0; while [ $i -lt ${CISCO_IPV6_SPLIT_INC:-0} ]; do
  eval "ip -6 route replace \\$CISCO_IPV6_SPLIT_INC_${i}_ADDR/\\$CISCO_IPV6_SPLIT_INC_${i}_MASKLEN dev $TUNDEV"; i=$((i+1)); done
"""
# Serves who connects its own name and the other's address.
SERVE = """import socket, sys, threading
def serve(address):
    listen = socket.create_server((address, 80), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    while True:
        line, who = listen.accept(); line.sendall(f"{sys.argv[1]} {who[0]}".encode()); line.close()
for each in sys.argv[2:]: threading.Thread(target=serve, args=(each,)).start()
"""
ASK = """import socket, sys
line = socket.create_connection((sys.argv[1], 80), timeout=1.5, source_address=(sys.argv[2], 0) if sys.argv[2:] else None)
print(line.recv(100).decode())
"""


def eventually(holds: Callable[[], object], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def papers(name: str) -> tuple[str, str]:
    """A certificate with its private key (PEM), and the certificate alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
    certificate = made.public_bytes(serialization.Encoding.PEM).decode()
    return certificate + secret, certificate


class User:
    """One user's machine, with the certificate it trusts."""

    def __init__(self, host: LinuxHost, netns: str, folder: Path, authority: str) -> None:
        self.host, self.netns, self.folder = host, netns, folder
        folder.mkdir(exist_ok=True)
        (folder / "authority.pem").write_text(authority)
        (folder / "script").write_text(_SCRIPT)
        (folder / "script").chmod(0o755)
        self.client: subprocess.Popen[str] | None = None

    def dial(self, name: str, address: str, user: str, password: str) -> None:
        """Begin to connect; what the client says is in its log."""
        argv = ["nsenter", f"--net=/run/netns/{self.netns}", "--", "openconnect", "--protocol=anyconnect"]
        argv += [f"--cafile={self.folder}/authority.pem", "--no-system-trust", f"--user={user}"]
        argv += ["--passwd-on-stdin", "--non-inter", "--interface=vpn0", f"--script={self.folder}/script"]
        argv += [f"--resolve={name}:{address}", f"https://{name}"]
        with (self.folder / "log").open("w") as log:
            self.client = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)
        assert self.client.stdin is not None
        self.client.stdin.write(f"{password}\n")
        self.client.stdin.close()

    def dial_by_matrix(
        self, name: str, address: str, user: str, password: str, answer: Callable[[str], str]
    ) -> str:
        """Connect as at a terminal; `answer` reads the grid that is shown. What the terminal said."""
        argv = ["nsenter", f"--net=/run/netns/{self.netns}", "--", "openconnect", "--protocol=anyconnect"]
        argv += [f"--cafile={self.folder}/authority.pem", "--no-system-trust", f"--user={user}"]
        argv += ["--interface=vpn0", f"--script={self.folder}/script"]
        argv += [f"--resolve={name}:{address}", f"https://{name}"]
        ours, its = os.openpty()
        self.client = subprocess.Popen(
            argv, stdin=its, stdout=its, stderr=its, start_new_session=True, text=True
        )
        os.close(its)
        said, asked, until = "", 0, time.monotonic() + 20
        while time.monotonic() < until and self.client.poll() is None and not self.is_in():
            if select.select([ours], [], [], 0.2)[0]:
                with contextlib.suppress(OSError):  # it ended
                    said += os.read(ours, 4096).decode(errors="replace")
            elif said[asked:].rstrip().endswith(":") and not said[asked:].isspace():
                line = answer(said[asked:]) if "Digits:" in said[asked:] else password
                asked = len(said)
                os.write(ours, f"{line}\n".encode())
        os.close(ours) if self.client.poll() is not None else None
        return said

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def is_in(self) -> bool:
        return "inet" in self.host.run(["ip", "address", "show", "vpn0"]).out

    def leave(self) -> None:
        if self.client is not None and self.client.poll() is None:
            self.client.terminate()
            self.client.wait(10)

    def asks(self, address: str, source: str = "") -> str:
        argv = [sys.executable, "-c", ASK, address, *([source] if source else [])]
        return self.host.run(argv).out.strip()
