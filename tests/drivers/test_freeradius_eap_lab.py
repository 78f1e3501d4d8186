"""EAP with a real supplicant (eapol_test): each method where it is enabled, and nowhere else."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from radius_stand import FOR, put_sack, put_users, record
from test_freeradius_lab import SECRET, SERVER, SHOP, Node, eventually

from kitei.drivers.freeradius import Freeradius
from kitei.drivers.x509 import Authority, make_key, make_request
from kitei.network import RadiusGroup
from kitei.radius.table import write_changes

pytestmark = pytest.mark.lab

NOW = datetime.now(UTC) - timedelta(hours=1)
METHODS = ("pap", "chap", "mschapv2", "peap", "ttls", "tls")


class School(Node):
    """A node with papers, and a customer whose users have certificates."""

    def __init__(self, host, make_right) -> None:
        super().__init__(host, make_right)
        key, authority = make_key(), Authority.create("the provider", NOW)
        put_sack(host, "papers@1", key + authority.issue(make_request(key, "radius.example"), 30, NOW))
        self.users = Authority.create("the shop's users", NOW)
        put_users(
            host,
            "users@1",
            {
                "alice": record("pw-alice", METHODS),
                "bob": record("pw-bob", ["pap"]),
                "off": record("x", METHODS, True),
            },
        )

    def group(self, *methods: str) -> RadiusGroup:
        return RadiusGroup(FOR, "shop.example", "users@1", None, methods, 10, self.users.certificate)

    def server(self):
        return replace(SERVER, papers="papers@1")

    def serve(self, *methods: str, changes: str | None = None) -> None:
        group = replace(self.group(*methods), changes=changes)
        self._make_right(Freeradius(), self.host, (self.server(), SHOP, group))
        assert eventually(lambda: "Ready to process" in self.log("radius"))

    def supplicate(self, **network: str) -> bool:
        lines = "".join(f"  {name}={value}\n" for name, value in network.items())
        config = Path(self.host.state("supplicant.conf"))
        config.write_text(f"network={{\n  key_mgmt=IEEE8021X\n  eapol_flags=0\n{lines}}}\n")
        argv = [
            "eapol_test",
            "-c",
            str(config),
            "-a",
            "127.0.0.1",
            "-A",
            "127.0.0.2",
            "-s",
            SECRET,
            "-t",
            "8",
        ]
        self.told = self.host.run(argv, timeout=20).out
        return bool(re.search(r"^SUCCESS$", self.told, re.M))

    def password(self, method: str, inner: str, user: str = "alice", password: str = "pw-alice") -> bool:
        return self.supplicate(
            eap=method,
            identity=f'"{user}@shop.example"',
            anonymous_identity='"anonymous@shop.example"',
            password=f'"{password}"',
            phase2=f'"{inner}"',
        )

    def certificate(self, user: str, signer: Authority, name: str | None = None) -> bool:
        key = make_key()
        shown = signer.issue(make_request(key, name or f"{user}.shop.example"), 30, NOW)
        for file, text in (("user.key", key), ("user.pem", shown)):
            Path(self.host.state(file)).write_text(text)
        return self.supplicate(
            eap="TLS",
            identity=f'"{user}@shop.example"',
            private_key=f'"{self.host.state("user.key")}"',
            client_cert=f'"{self.host.state("user.pem")}"',
        )


@pytest.fixture
def school(bench, make_right) -> School:
    return School(bench.node("r"), make_right)


def test_tunnelled_methods_let_the_right_people_in(school) -> None:
    school.serve("peap", "ttls")
    assert school.password("PEAP", "auth=MSCHAPV2"), school.log("radius")[-2000:]
    assert school.password("TTLS", "auth=PAP"), school.log("radius")[-2000:]
    assert school.password("TTLS", "auth=MSCHAPV2")
    assert not school.password("PEAP", "auth=MSCHAPV2", password="wrong")
    assert not school.password("TTLS", "auth=PAP", password="wrong")
    assert not school.password("TTLS", "auth=PAP", user="off", password="x")
    assert school.password("TTLS", "auth=PAP", user="bob", password="pw-bob"), "a hash serves PAP in a tunnel"
    assert not school.password("PEAP", "auth=MSCHAPV2", user="bob", password="pw-bob"), "not kept for MS-CHAP"


def test_a_method_that_is_not_enabled_is_refused(school) -> None:
    school.serve("ttls")
    assert school.password("TTLS", "auth=PAP")
    assert not school.password("PEAP", "auth=MSCHAPV2")
    assert eventually(lambda: "method-not-enabled" in school.reasons())


def test_a_changed_password_counts_in_the_tunnel_though_the_old_one_was_known(school) -> None:
    school.serve("peap")
    assert school.password("PEAP", "auth=MSCHAPV2") and school.password("PEAP", "auth=MSCHAPV2")
    put_sack(school.host, "users@1-2", write_changes({"alice": record("pw-newer", METHODS)}))
    school.serve("peap", changes="users@1-2")
    assert eventually(lambda: school.password("PEAP", "auth=MSCHAPV2", password="pw-newer"))
    assert not school.password("PEAP", "auth=MSCHAPV2")
    assert eventually(lambda: school.reasons().count('"accepted"]') == 3), "each login is told once"
    assert eventually(lambda: "wrong-secret" in school.reasons())


def test_certificates_of_the_customers_own_authority_count(school) -> None:
    school.serve("tls")
    assert school.certificate("alice", school.users, "alice@shop.example"), (
        school.reasons() + school.log("radius")[-2500:] + school.told[-2500:]
    )
    assert not school.certificate("alice", school.users, "bob@shop.example"), "another's certificate"
    assert not school.certificate("off", school.users, "off@shop.example")
    assert not school.certificate("alice", Authority.create("the shop's users", NOW), "alice@shop.example")
    school.serve("peap")
    assert eventually(lambda: not school.certificate("alice", school.users, "alice@shop.example"), 2.0)
