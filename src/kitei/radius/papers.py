"""Certificates that a customer hands over (PEM): whether a node could use them."""

from cryptography import x509

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
