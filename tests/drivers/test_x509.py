"""Papers of an authority: who signed what for whom, and from when to when."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509 as papers
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.drivers import x509
from kitei.drivers.x509 import Authority

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)
names = some.from_regex(r"[a-z][a-z0-9-]{0,30}(\.[a-z][a-z0-9]{0,9})?", fullmatch=True)


def test_a_certificate_is_for_the_name_and_key_of_its_request() -> None:
    authority, key = Authority.create("net-1", AT), x509.make_key()
    certificate = authority.issue(x509.make_request(key, "hub-a.net-1"), 365, AT)
    assert x509.name_in(certificate) == "hub-a.net-1"
    assert x509.key_id_of(certificate) == x509.key_id(key) != x509.key_id(x509.make_key())
    assert authority.has_signed(certificate)
    assert not Authority.create("net-1", AT).has_signed(certificate)


def test_a_clock_set_ahead_makes_no_paper_of_the_future() -> None:
    real = AT - timedelta(days=400)
    authority = Authority.create("net-1", AT, since=real)
    request = x509.make_request(x509.make_key(), "a")
    issued = papers.load_pem_x509_certificate(authority.issue(request, 365, AT, since=real).encode())
    assert issued.not_valid_before_utc < real and issued.not_valid_after_utc == AT + timedelta(days=365)
    revoked = papers.load_pem_x509_crl(authority.crl([7], AT, since=real).encode())
    assert revoked.last_update_utc < real
    assert revoked.next_update_utc is not None and revoked.next_update_utc > AT


def test_a_later_list_has_a_larger_number() -> None:
    authority = Authority.create("net-1", AT)
    lists = [authority.crl([], AT + timedelta(seconds=n)) for n in range(2)]
    first, second = (
        papers.load_pem_x509_crl(text.encode())
        .extensions.get_extension_for_class(papers.CRLNumber)
        .value.crl_number
        for text in lists
    )
    assert first < second


@settings(max_examples=20, deadline=None)
@given(names, names)
def test_a_serial_tells_whose_certificate_it_was(name: str, other: str) -> None:
    authority = Authority.create("net-1", AT)
    serial = x509.serial_of(authority.issue(x509.make_request(x509.make_key(), name), 30, AT))
    assert x509.revoked_in(authority.crl([serial], AT)) == {serial}
    assert x509.is_marked(serial, name)
    assert x509.is_marked(serial, other) == (name == other)
    assert serial.bit_length() <= 159


def test_a_request_signed_by_another_key_is_refused() -> None:
    request = papers.load_pem_x509_csr(x509.make_request(x509.make_key(), "a").encode())
    der = bytearray(request.public_bytes(serialization.Encoding.DER))
    der[der.index(b"\x06\x03\x55\x04\x03") + 7] ^= 1  # the common name, after it was signed
    forged = papers.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(ValueError, match="not signed by the key"):
        Authority.create("net-1", AT).issue(forged, 30, AT)


@pytest.mark.parametrize(
    "paper", ["", "hello", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_what_is_no_paper_is_said_to_be_none(paper: str) -> None:
    with pytest.raises(ValueError, match="neither a request nor a certificate"):
        x509.name_in(paper)
