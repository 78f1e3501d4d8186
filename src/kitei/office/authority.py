"""One certificate authority per VPN network: its key stays in a folder of the operator's, nothing else does.

What was certified and revoked are public facts, returned here and recorded by the office on the stream
`network:<net>` as `certificate.issued` and `certificate.revoked`; from them the revocation list is made
anew each time, so a lost list is no loss.
"""

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from kitei.drivers import x509
from kitei.ledger import Fact
from kitei.network import AuthorityPapers
from kitei.values import JsonObject, day_of

_LIFE: Final = 825  # days of a node's certificate; renewed with every request
_CONTROL: Final = ".control"
_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate (PEM) given to a node's key. `serial` is hex; the certificate names `name` alone."""

    network: str
    node: str
    name: str
    device: str
    serial: str
    certificate: str

    def fact(self, at: datetime) -> Fact:
        """`certificate.issued`: nothing secret, so all of it."""
        body: JsonObject = {
            "node": self.node,
            "name": self.name,
            "device": self.device,
            "serial": self.serial,
            "certificate": self.certificate,
        }
        return Fact("certificate.issued", body, day_of(at))


@dataclass(frozen=True, slots=True)
class Passport:
    """Papers (PEM) to carry to a machine once, by hand; nothing of them is kept here."""

    authority: str
    certificate: str
    key: str


def revocation(
    device: str, serials: Iterable[str], why: str, at: datetime, cites: Iterable[str] = ()
) -> Fact:
    """`certificate.revoked`: these serials (hex) of a device, and why (a slug such as `contract-ended`)."""
    body: JsonObject = {"device": device, "serials": sorted(set(serials)), "why": why}
    return Fact("certificate.revoked", body, day_of(at), tuple(cites))


class Authorities:
    """The authorities in one folder (0700), each `<network>.pem` with its key (0600); made when first needed.

    `at` may come from a clock set ahead; `since` is real time, by which IKE daemons judge.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def papers(
        self, network: str, revoked: Iterable[str], at: datetime, since: datetime | None = None
    ) -> AuthorityPapers:
        """Certificate and list of one network. `revoked` are all serials (hex) revoked there so far."""
        authority = self._of_network(network, at, since)
        return AuthorityPapers(
            authority.certificate, authority.crl((int(serial, 16) for serial in revoked), at, since)
        )

    def issue(
        self,
        network: str,
        node: str,
        device: str,
        name: str,
        csr: str,
        at: datetime,
        since: datetime | None = None,
    ) -> Issued:
        """Certify a node's request. Whoever calls knows that this device is this node, and what its name is.

        Raises ValueError for what is not a request, not signed by its own key, or for another name.
        """
        try:
            asked = x509.name_in(csr) if "CERTIFICATE REQUEST" in csr else None
        except ValueError as error:
            raise ValueError(f"{node}: not a certificate request: {error}") from error
        if asked is None:
            raise ValueError(f"{node}: not a certificate request; PEM of PKCS #10 (RFC 2986) is right")
        if asked != name:
            raise ValueError(f"{node}: the request is for {asked!r}; this node is {name!r} and no one else")
        certificate = self._of_network(network, at, since).issue(csr, _LIFE, at, since)
        return Issued(network, node, name, device, f"{x509.serial_of(certificate):x}", certificate)

    def passport(self, name: str, at: datetime, since: datetime | None = None) -> Passport:
        """New papers for TLS between nodes and the controller: `name` is a node, or the controller's host.

        They are signed by an authority of their own, so that no VPN certificate opens the controller.
        """
        authority = self._authority(_CONTROL, "Kitei control", at, since)
        key = x509.make_key()
        certificate = authority.issue(x509.make_request(key, name), _LIFE, at, since)
        return Passport(authority.certificate, certificate, key)

    def has_signed(self, network: str, certificate: str) -> bool:
        """Whether a certificate is of this network's authority, if there is one."""
        known = self._read(_stem(network))
        return known is not None and known.has_signed(certificate)

    def _of_network(self, network: str, at: datetime, since: datetime | None) -> x509.Authority:
        return self._authority(_stem(network), f"Kitei VPN {network}", at, since)

    def _authority(self, stem: str, title: str, at: datetime, since: datetime | None) -> x509.Authority:
        known = self._read(stem)
        if known is not None:
            return known
        with self._alone():
            known = self._read(stem)  # another process may have been first
            if known is None:
                known = x509.Authority.create(title, at, since=since)
                self._write(self._place(stem), known.certificate + known.key)
        return known

    def _read(self, stem: str) -> x509.Authority | None:
        try:
            text = self._place(stem).read_text()
        except FileNotFoundError:
            return None
        certificate, mark, key = text.partition("-----BEGIN PRIVATE KEY-----")
        if not mark or "BEGIN CERTIFICATE" not in certificate:
            raise ValueError(f"{self._place(stem)} holds no authority: a certificate and its key in PEM")
        return x509.Authority(certificate, mark + key)

    def _place(self, stem: str) -> Path:
        return self._folder / f"{stem}.pem"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        handle = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, place: Path, text: str) -> None:
        """As a whole and durably, and readable for no one else from its first byte."""
        draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(handle)
            draft.rename(place)
        finally:
            draft.unlink(missing_ok=True)
        shelf = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(shelf)
        finally:
            os.close(shelf)


def _stem(network: str) -> str:
    """People name networks as they like; a file's name says so only where that is safe."""
    plain = _PLAIN.fullmatch(network)
    return network if plain else f"_{hashlib.sha256(network.encode()).hexdigest()}"
