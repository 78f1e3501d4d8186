"""What a new policy means for sessions that are up, and how access servers are told."""

from dataclasses import replace

import pytest

from kitei.radius.leaving import Order, orders, packet_of
from kitei.radius.names import text_of
from kitei.radius.packet import Code, attributes_of, is_stated
from kitei.radius.policy import Client, Group, Policy, Proxy, Realm, Target, User, Vpdn
from kitei.radius.sessions import Session

CARRIER = Client("c-1", frozenset(), "D", sack="carrier@1")
LNS = Client("c-2", frozenset({"staff.example"}), sack="lns@1")
USERS = {
    "alice": User(clear="x", reply=(("Filter-Id", "fast.in"), ("Framed-IP-Address", "192.0.2.9"))),
    "bob": User(clear="y"),
}
STAFF = Group("c-3", "staff.example", frozenset({"pap"}), USERS.get)
VPN = Vpdn("c-1", "vpn.example", "D", True, (Target("l2tp-1", "192.0.2.1", 1, 1),))
BEFORE = Policy({"10.0.0.4": CARRIER, "10.0.0.11": LNS}, {"staff.example": STAFF, "vpn.example": VPN})


def session(client: str, realm: str, user: str, number: str) -> Session:
    return Session(client, number, realm, user, "7", "10.99.1.1", 0.0, 0.0, 0.0, 0, 0, f"{user}@{realm}")


ALICE = session("10.0.0.11", "staff.example", "alice", "a")
BOB = session("10.0.0.11", "staff.example", "bob", "b")
PHONE = session("10.0.0.4", "vpn.example", "phone", "p")
ALL = (ALICE, BOB, PHONE)


def asked(after: Policy, waiting: tuple[str, ...] = ()) -> dict[str, object]:
    """By session: `end`, or the answer it is to have."""
    found = orders(ALL, BEFORE, after, waiting, {"carrier@1": "s1", "lns@1": "s2"}.__getitem__)
    return {each.session.session: "end" if each.change is None else each.change for each in found}


def with_realms(**realms: Realm | None) -> Policy:
    told = {**BEFORE.realms, **{name.replace("_", "."): realm for name, realm in realms.items()}}
    return Policy(BEFORE.clients, {name: realm for name, realm in told.items() if realm})


def with_users(**users: User | None) -> Policy:
    known = {**USERS, **users}
    return with_realms(staff_example=replace(STAFF, find=known.get))


def test_the_same_policy_asks_nothing() -> None:
    assert asked(BEFORE) == {} == asked(with_users())


def test_sessions_of_a_contract_that_ended_have_to_end() -> None:
    assert asked(with_realms(vpn_example=None)) == {"p": "end"}
    assert asked(Policy({}, {})) == {"a": "end", "b": "end", "p": "end"}
    assert asked(Policy({"10.0.0.4": CARRIER}, BEFORE.realms)) == {"a": "end", "b": "end"}
    another = replace(VPN, owner="c-9")
    assert asked(with_realms(vpn_example=another)) == {"p": "end"}, "another's contract with that realm"
    assert asked(with_realms(staff_example=Proxy("c-3", "staff.example", False, ()))) == {
        "a": "end",
        "b": "end",
    }


def test_what_only_waits_for_a_secret_ends_nobody() -> None:
    assert asked(with_realms(vpn_example=None), ("vpn.example",)) == {}
    assert asked(Policy({}, BEFORE.realms), ("10.0.0.4", "10.0.0.11")) == {}


def test_other_terminators_or_caps_leave_sessions_where_they_are() -> None:
    assert asked(with_realms(vpn_example=replace(VPN, targets=(), spread=False))) == {}


def test_users_who_are_gone_or_off_have_to_end_and_others_are_told_what_changed() -> None:
    assert asked(with_users(alice=None)) == {"a": "end"}
    assert asked(with_users(bob=User(clear="y", off=True))) == {"b": "end"}
    assert asked(with_users(bob=User(clear="another password"))) == {}
    slow = (("Filter-Id", "slow.in"), ("Session-Timeout", "600"))
    assert asked(with_users(bob=User(clear="y", reply=slow))) == {"b": slow}
    assert asked(with_users(alice=User(clear="x"))) == {"a": ()}, "back to nothing"
    moved = (("Filter-Id", "fast.in"), ("Framed-IP-Address", "192.0.2.10"))
    assert asked(with_users(alice=User(clear="x", reply=moved))) == {}, "an address is for the next login"


def test_without_its_secret_nobody_can_be_asked() -> None:
    def gone(sack: str) -> str:
        raise FileNotFoundError(sack)

    assert list(orders(ALL, BEFORE, Policy({}, {}), (), gone)) == []


@pytest.mark.parametrize(
    ("change", "code", "more"),
    [
        (None, Code.DISCONNECT_REQUEST, []),
        (
            (("Session-Timeout", "60"), ("Filter-Id", "slow.in")),
            Code.COA_REQUEST,
            [(27, b"\0\0\0\x3c"), (11, b"slow.in")],
        ),
    ],
)
def test_a_session_is_named_by_all_its_access_server_told(change, code, more) -> None:
    stray = PHONE._replace(told=text_of(b"ph\xf6ne@vpn.example"))
    packet = packet_of(Order(stray, b"secret", change))
    assert packet[0] == code and is_stated(packet, b"secret") and not is_stated(packet, b"another")
    signature, *told = attributes_of(packet)
    assert signature.type == 80
    assert told == [
        (44, b"p"),
        (1, b"ph\xf6ne@vpn.example"),
        (5, b"\0\0\0\x07"),
        (8, bytes((10, 99, 1, 1))),
        *more,
    ]
