"""MS-CHAPv2 without a tunnel (RFC 2759), told by a real client: for whom it is enabled, and for nobody else."""

import os

import pytest
from radius_stand import ask
from test_freeradius_eap_lab import School
from test_freeradius_lab import SECRET, eventually

from kitei.radius.supplicant import proof_of

pytestmark = pytest.mark.lab


@pytest.fixture
def school(bench, make_right) -> School:
    return School(bench.node("r"), make_right)


def test_ms_chap_v2_without_a_tunnel_lets_the_right_people_in(school) -> None:
    def ask_with(user: str, password: str) -> str:
        """By RFC 2759: the challenges are ours, the proof is what a terminal would pass on."""
        challenge, own = os.urandom(16), os.urandom(16)
        proof = proof_of(challenge, own, f"{user}@shop.example".encode(), password)
        told = (
            f"User-Name={user}@shop.example, MS-CHAP-Challenge=0x{challenge.hex()}, "
            f"MS-CHAP2-Response=0x0700{own.hex()}{bytes(8).hex()}{proof.hex()}"
        )
        kind, attributes = ask(school.host, "127.0.0.2", SECRET, told)
        assert kind != "Access-Accept" or "MS-CHAP2-Success" in attributes, attributes
        return kind

    school.serve("mschapv2")
    assert ask_with("alice", "pw-alice") == "Access-Accept"
    assert ask_with("alice", "wrong") == "Access-Reject"
    assert ask_with("bob", "pw-bob") == "Access-Reject", "not kept for MS-CHAP"
    school.serve("pap")
    assert eventually(lambda: ask_with("alice", "pw-alice") == "Access-Reject"), "not enabled any more"
