"""The ground that logins are played on: one node that answers RADIUS, customers' terminals, and a stranger.

The terminals are real ones: radclient, and wpa_supplicant's eapol_test. Their secrets are in files of their own.
"""

import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kitei.lab.cabling import Cable, End
from kitei.lab.lab import Lab

NODE: Final = "auth-1"
SERVER: Final = "100.64.20.2"
PLACES: Final = {
    NODE: SERVER,
    "sakura-till": "100.64.20.10",
    "fuji-desk": "100.64.20.20",
    "stranger": "100.64.20.66",
}
_SEGMENT: Final = "auth-segment"
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class Terminal:
    """A place that asks, and the secret it shares."""

    lab: Lab
    folder: Path
    place: str
    secret: str

    def login(self, user: str, password: str, tries: int = 2) -> str:
        """By PAP: `'Access-Accept'`, `'Access-Reject'`, or `NOTHING`."""
        asked = f'User-Name="{user}", User-Password="{password}", NAS-IP-Address={PLACES[self.place]}'
        secret, request = self._file(self.secret), self._file(asked + "\n")
        at = ["radclient", "-x", "-t", "1", "-r", str(tries), "-S", str(secret), "-f", str(request)]
        ran = self.lab.run(self.place, [*at, f"{SERVER}:1812", "auth"])
        heard = re.search(r"Received (\S+)", ran.out)
        if heard is None and "Sent " not in ran.out:  # of an answer as it gives up it says nothing at all
            raise RuntimeError(f"radclient: {ran.out} {ran.err}")
        return heard.group(1) if heard else NOTHING

    def login_by_peap(self, user: str, password: str) -> bool:
        """By PEAP with MS-CHAPv2, as a wireless client does. Its secret is an argument of that program."""
        told = {"identity": user, "anonymous_identity": f"anonymous@{user.rpartition('@')[2]}"}
        quoted = "".join(f'  {key}="{value}"\n' for key, value in told.items())
        config = (
            f'network={{\n  key_mgmt=WPA-EAP\n  eap=PEAP\n{quoted}  password="{password}"\n'
            '  phase1="peapver=0"\n  phase2="auth=MSCHAPV2"\n}\n'
        )
        file = self._file(config)
        ran = self.lab.run(
            self.place, ["eapol_test", "-c", str(file), "-a", SERVER, "-s", self.secret, "-t", "10", "-r0"]
        )
        return ran.code == 0 and "SUCCESS" in ran.out

    def _file(self, text: str) -> Path:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        file = self.folder / secrets.token_hex(8)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.write(text)
        return file


def lay(lab: Lab) -> None:
    """One segment with the node, the terminals and the stranger."""
    cables = [
        Cable(End(place, "eth0", (f"{address}/24",)), End(_SEGMENT, f"p{number}"))
        for number, (place, address) in enumerate(PLACES.items())
    ]
    lab.cable(cables, switches=[_SEGMENT])


def papers(now: datetime, name: str = NODE) -> str:
    """A server's certificate that signs itself, with its key (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, datetime.now(UTC)) - timedelta(days=1))
        .not_valid_after(max(now, datetime.now(UTC)) + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode() + private.decode()


def until(holds: Callable[[], bool], within: float = 20.0) -> float | None:
    """Seconds until it holds; None where it does not in time."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > within:
            return None
        time.sleep(0.05)
    return time.monotonic() - begun
