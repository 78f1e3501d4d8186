"""Keys, requests, certificates and revocation lists (RFC 5280, RFC 2986), all PEM, ECDSA P-256.

Time is told, never asked. `at` may come from a clock set ahead, but IKE daemons check against real time:
so whoever knows both passes real time as `since`. A certificate is valid from a day before `since` until
`days` after `at`.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_EARLY = timedelta(days=1)
_LIST_LIFE = timedelta(days=3650)  # the next list is pushed, never waited for
_MARK = 8  # bytes of a serial that tell whose it is
_Extensions = list[tuple[x509.ExtensionType, bool]]


def make_key() -> str:
    """A private key, PKCS #8. Whoever makes it keeps it."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def make_request(key: str, name: str) -> str:
    """A request to certify this key for `name` as a DNS subjectAltName."""
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(name)).add_extension(names, False)
    return builder.sign(_private(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def is_current(certificate: bytes, at: datetime) -> bool:
    """Whether a certificate (DER) is valid at an instant. ValueError: it is none."""
    told = x509.load_der_x509_certificate(certificate)
    return told.not_valid_before_utc <= at < told.not_valid_after_utc


def name_in(paper: str) -> str:
    """The one name a request or certificate is for.

    Raises ValueError when it is neither, is not signed by its own key (request), or has not exactly one name.
    """
    try:
        if "CERTIFICATE REQUEST" in paper:
            request = x509.load_pem_x509_csr(paper.encode())
            is_signed, extensions = request.is_signature_valid, request.extensions
        else:
            is_signed, extensions = True, x509.load_pem_x509_certificate(paper.encode()).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as fault:
        raise ValueError("the paper names nobody; exactly one DNS subjectAltName is right") from fault
    except ValueError as fault:
        raise ValueError("the paper is neither a request nor a certificate in PEM") from fault
    if not is_signed:
        raise ValueError("the request is not signed by the key it is for; ask for a new one")
    known = names.get_values_for_type(x509.DNSName)
    if len(list(names)) != 1 or len(known) != 1:
        raise ValueError(f"the paper has {len(list(names))} names; exactly one DNS subjectAltName is right")
    return known[0]


def serial_of(certificate: str) -> int:
    return x509.load_pem_x509_certificate(certificate.encode()).serial_number


def revoked_in(revoked: str) -> frozenset[int]:
    """The serials on a revocation list."""
    return frozenset(entry.serial_number for entry in x509.load_pem_x509_crl(revoked.encode()))


def is_marked(serial: int, name: str) -> bool:
    """Was this serial given to a certificate for `name`? So a list alone tells whose links it ends."""
    return serial >> 8 * (19 - _MARK) == _mark(name)


def to_der(paper: str) -> bytes:
    """A certificate, revocation list or private key in its binary form, as daemons list what they hold."""
    if "X509 CRL" in paper:
        return x509.load_pem_x509_crl(paper.encode()).public_bytes(serialization.Encoding.DER)
    return x509.load_pem_x509_certificate(paper.encode()).public_bytes(serialization.Encoding.DER)


def key_id(key: str) -> str:
    """How strongSwan names a private key: SHA-1 of the public key's bits, in hex."""
    return _key_id(_private(key).public_key())


def key_id_of(paper: str) -> str:
    """The same for the key that a certificate or a request is for."""
    if "CERTIFICATE REQUEST" in paper:
        return _key_id(x509.load_pem_x509_csr(paper.encode()).public_key())
    return _key_id(x509.load_pem_x509_certificate(paper.encode()).public_key())


def _key_id(public: CertificatePublicKeyTypes) -> str:
    point = _elliptic(public).public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return hashlib.sha1(point, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: its certificate, and its private key, which never leaves the operator."""

    certificate: str
    key: str

    @classmethod
    def create(cls, name: str, at: datetime, days: int = 7300, since: datetime | None = None) -> "Authority":
        """A new authority, self-signed, that may certify nodes and no further authorities."""
        key = make_key()
        use: _Extensions = [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (_usage(signs_papers=True), True),
        ]
        made = _certificate(
            _subject(name), _subject(name), key, _private(key).public_key(), _serial(name), use
        )
        return cls(_signed(made, key, at, days, since), key)

    def issue(self, request: str, days: int, at: datetime, since: datetime | None = None) -> str:
        """Certify a request as it stands: whoever calls has checked `name_in(request)`."""
        name = name_in(request)
        asked = x509.load_pem_x509_csr(request.encode())
        use: _Extensions = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(signs_papers=False), True),
            (
                x509.ExtendedKeyUsage(
                    [
                        ExtendedKeyUsageOID.SERVER_AUTH,
                        ExtendedKeyUsageOID.CLIENT_AUTH,
                        ExtendedKeyUsageOID.IPSEC_IKE,
                    ]
                ),
                False,
            ),
            (x509.SubjectAlternativeName([x509.DNSName(name)]), False),
        ]
        public = _elliptic(asked.public_key())
        made = _certificate(self._name, _subject(name), self.key, public, _serial(name), use)
        return _signed(made, self.key, at, days, since)

    def crl(self, serials: Iterable[int], at: datetime, since: datetime | None = None) -> str:
        """The list of all certificates revoked so far. A list of a later `at` takes the place of an earlier."""
        issued = (since or at) - _EARLY
        number = x509.CRLNumber(int(at.timestamp() * 1000))  # grows with time; daemons take the largest
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(issued)
            .next_update(at + _LIST_LIFE)
            .add_extension(number, False)
            .add_extension(_authority_id(self.key), False)
        )
        for serial in sorted(set(serials)):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(issued).build()
            builder = builder.add_revoked_certificate(entry)
        signed = builder.sign(_private(self.key), hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def has_signed(self, certificate: str) -> bool:
        """Is this certificate one of ours?"""
        ours = x509.load_pem_x509_certificate(self.certificate.encode())
        try:
            x509.load_pem_x509_certificate(certificate.encode()).verify_directly_issued_by(ours)
        except (ValueError, InvalidSignature):
            return False
        return True

    @property
    def _name(self) -> x509.Name:
        return x509.load_pem_x509_certificate(self.certificate.encode()).subject


def _subject(name: str) -> x509.Name:
    """The common name takes 64 characters; the subjectAltName is what counts and holds all of it."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _private(key: str) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(key.encode(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is of another kind; ECDSA P-256 is right")
    return loaded


def _elliptic(public: CertificatePublicKeyTypes) -> ec.EllipticCurvePublicKey:
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise ValueError("the paper is for another kind of key; ECDSA P-256 is right")
    return public


def _mark(name: str) -> int:
    digest = hashlib.sha256(name.encode()).digest()[:_MARK]
    return int.from_bytes(digest) & ~(1 << 63) | 1 << 62  # positive, and never shorter


def _serial(name: str) -> int:
    """19 bytes: the mark of the name, then chance (RFC 5280 4.1.2.2 allows 20)."""
    return _mark(name) << 8 * (19 - _MARK) | secrets.randbits(8 * (19 - _MARK))


def _usage(signs_papers: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_papers,
        key_cert_sign=signs_papers,
        crl_sign=signs_papers,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_id(key: str) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(_private(key).public_key())


def _certificate(
    issuer: x509.Name,
    subject: x509.Name,
    issuing_key: str,
    public: ec.EllipticCurvePublicKey,
    serial: int,
    use: _Extensions,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(public)
    builder = builder.serial_number(serial).add_extension(
        x509.SubjectKeyIdentifier.from_public_key(public), False
    )
    for extension, critical in use:
        builder = builder.add_extension(extension, critical)
    return builder.add_extension(_authority_id(issuing_key), False)


def _signed(
    builder: x509.CertificateBuilder, key: str, at: datetime, days: int, since: datetime | None
) -> str:
    dated = builder.not_valid_before((since or at) - _EARLY).not_valid_after(at + timedelta(days=days))
    return dated.sign(_private(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
