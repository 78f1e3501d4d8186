"""Authorities of VPN networks: one each, kept whole and to oneself, certifying no more than was asked."""

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509 as papers

from kitei.drivers import x509
from kitei.office.authority import Authorities, Issued, revocation

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
KEY = x509.make_key()
CSR = x509.make_request(KEY, "osaka-a.net-1")


@pytest.fixture
def authorities(tmp_path: Path) -> Authorities:
    return Authorities(tmp_path / "ca")


def issue(authorities: Authorities, network: str = "net-1", csr: str = CSR) -> Issued:
    return authorities.issue(network, "osaka-a", "SN-1", "osaka-a.net-1", csr, NOW)


def test_a_network_has_one_authority_for_good(authorities: Authorities, tmp_path: Path) -> None:
    first = authorities.papers("net-1", (), NOW)
    assert authorities.papers("net-1", (), NOW).certificate == first.certificate
    assert Authorities(tmp_path / "ca").papers("net-1", (), NOW).certificate == first.certificate


def test_two_networks_do_not_know_each_other(authorities: Authorities) -> None:
    issued = issue(authorities, "net-1")
    authorities.papers("net-2", (), NOW)
    assert authorities.has_signed("net-1", issued.certificate)
    assert not authorities.has_signed("net-2", issued.certificate)
    assert not authorities.has_signed("net-3", issued.certificate)


def test_keys_are_their_owners_alone(authorities: Authorities, tmp_path: Path) -> None:
    authorities.papers("net-1", (), NOW)
    assert stat.S_IMODE((tmp_path / "ca").stat().st_mode) == 0o700
    files = list((tmp_path / "ca").iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize("network", ["東京第二", "../../etc/passwd", "a/b", ".control", "", "A" * 300])
def test_people_may_name_networks_as_they_like(
    authorities: Authorities, tmp_path: Path, network: str
) -> None:
    assert authorities.papers(network, (), NOW).certificate != authorities.passport("n1", NOW).authority
    assert {file.parent for file in tmp_path.rglob("*") if file.is_file()} == {tmp_path / "ca"}


def test_many_at_once_make_one_authority(tmp_path: Path) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: made.append(Authorities(tmp_path / "ca").papers("n", (), NOW).certificate)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_a_certificate_fits_the_nodes_key_and_its_serial_is_told(authorities: Authorities) -> None:
    issued = issue(authorities)
    assert x509.key_id_of(issued.certificate) == x509.key_id(KEY)
    assert int(issued.serial, 16) == x509.serial_of(issued.certificate)
    assert x509.name_in(issued.certificate) == "osaka-a.net-1"


def test_a_request_under_another_name_is_refused(authorities: Authorities) -> None:
    with pytest.raises(ValueError, match=r"'kyoto-a.net-1'.*'osaka-a.net-1'"):
        issue(authorities, csr=x509.make_request(KEY, "kyoto-a.net-1"))


@pytest.mark.parametrize("csr", ["", "hello", CSR[:200], CSR.replace("A", "B"), KEY])
def test_what_is_no_request_is_refused(authorities: Authorities, csr: str) -> None:
    with pytest.raises(ValueError, match="osaka-a: not a certificate request"):
        issue(authorities, csr=csr)


def test_a_list_holds_what_was_revoked_and_nothing_else(authorities: Authorities) -> None:
    one, other = issue(authorities), issue(authorities)
    listed = authorities.papers("net-1", [one.serial], NOW).revoked
    assert x509.revoked_in(listed) == {int(one.serial, 16)}
    assert int(other.serial, 16) not in x509.revoked_in(listed)


def test_a_later_list_takes_the_place_of_an_earlier(authorities: Authorities) -> None:
    def number(at: datetime) -> int:
        listed = papers.load_pem_x509_crl(authorities.papers("net-1", (), at).revoked.encode())
        return listed.extensions.get_extension_for_class(papers.CRLNumber).value.crl_number

    assert number(NOW + timedelta(seconds=1)) > number(NOW)


def test_facts_tell_all_and_no_secret(authorities: Authorities) -> None:
    issued = issue(authorities)
    fact = issued.fact(NOW)
    assert fact.kind == "certificate.issued"
    assert (fact.body["node"], fact.body["device"], fact.body["serial"]) == ("osaka-a", "SN-1", issued.serial)
    assert "PRIVATE" not in str(fact.body)
    gone = revocation("SN-1", [issued.serial], "contract-ended", NOW, ["managed-vpn-pro@2024-05-01#art:22.1"])
    assert gone.body == {"device": "SN-1", "serials": [issued.serial], "why": "contract-ended"}
    assert gone.cites


def test_a_damaged_file_is_named_and_not_replaced(authorities: Authorities, tmp_path: Path) -> None:
    authorities.papers("net-1", (), NOW)
    place = tmp_path / "ca" / "net-1.pem"
    place.write_text("rubbish")
    with pytest.raises(ValueError, match=r"net-1\.pem"):
        authorities.papers("net-1", (), NOW)
    assert place.read_text() == "rubbish"


def test_a_passport_opens_no_vpn(authorities: Authorities) -> None:
    passport = authorities.passport("osaka-a", NOW)
    vpn = authorities.papers("net-1", (), NOW)
    assert passport.authority != vpn.certificate
    assert not authorities.has_signed("net-1", passport.certificate)
    assert x509.key_id_of(passport.certificate) == x509.key_id(passport.key)
