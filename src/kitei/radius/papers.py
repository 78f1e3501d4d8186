"""Certificates that are handed over (PEM): whether a node could use them."""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kitei.values import Words


def authority_fault(pem: str) -> Words | None:
    """What keeps a text from being one certificate that may sign others; None: it is one."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return Words("PEM の証明書がありません", "no PEM certificate")
    if len(found) != 1:
        return Words(f"証明書が {len(found)} 枚あります", f"{len(found)} certificates")
    try:
        is_authority = found[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    except ValueError:
        return Words("読めない証明書です", "a certificate that cannot be read")
    return None if is_authority else Words("署名できない証明書です", "a certificate that may sign no others")


def server_fault(pem: str, name: str, at: datetime) -> Words | None:
    """What keeps a text from being the papers of a server called `name` at `at`: its certificate first, those that
    signed it after it, and its private key without a passphrase; None: nothing does."""
    try:
        certificate = x509.load_pem_x509_certificates(pem.encode())[0]
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return Words(
            "PEM の証明書と、パスフレーズのない秘密鍵が要ります",
            "a certificate and a private key without passphrase are needed, both PEM",
        )
    if certificate.public_key() != key.public_key():
        return Words("証明書と秘密鍵が対になっていません", "the private key is not the certificate's")
    if not certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc:
        told = f"{certificate.not_valid_before_utc:%Y-%m-%d} – {certificate.not_valid_after_utc:%Y-%m-%d}"
        return Words(f"いま有効な証明書ではありません({told})", f"the certificate is not valid now ({told})")
    names = _names(certificate)
    if not any(_fits(name, each) for each in names):
        told = ", ".join(names) or "-"
        return Words(f"{name} の証明書ではありません({told})", f"the certificate is not for {name} ({told})")
    return None


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _fits(name: str, pattern: str) -> bool:
    """RFC 6125, 6.4.3: a star stands for one whole label, the first."""
    name, pattern = name.lower(), pattern.lower()
    return name == pattern or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])
