"""What is no text, by a real client (radclient) to a group and to a customer's own server."""

import pytest
from radius_stand import HOME_SECRET, ask, put_sack, start_home
from test_freeradius_lab import FOR, GROUP, SECRET, SHOP, Node, eventually

from kitei.network import HomeServer, RadiusProxy

pytestmark = pytest.mark.lab

STRAY = '"ph\\366ne@shop.example"'
HOME = HomeServer(FOR, "shop.example", "127.0.1.1", 1812, "udp", "home@1", 1, 1, False, "", None)


@pytest.fixture
def node(bench, make_right) -> Node:
    return Node(bench.node("r"), make_right)


@pytest.mark.parametrize(("strips", "name"), [(False, "ph\\366ne@shop.example"), (True, "ph\\366ne")])
def test_a_customers_own_server_gets_the_very_bytes(node, strips, name) -> None:
    put_sack(node.host, "home@1", HOME_SECRET)
    start_home(node.host, "one", "127.0.1.1", {"DEFAULT": "x"})
    node.make(SHOP, RadiusProxy(FOR, "shop.example", False, strips), HOME)
    told = f'User-Name={STRAY}, User-Password=x, NAS-Identifier="n\\377"'
    assert ask(node.host, "127.0.0.2", SECRET, told, tries=4)[0] == "Access-Accept"
    told = f'User-Name={STRAY}, Acct-Status-Type=Start, Acct-Session-Id="s\\200", Called-Station-Id="\\376"'
    assert ask(node.host, "127.0.0.2", SECRET, told, "acct")[0] == "Accounting-Response"
    written = node.host.read(node.host.state("homes", "one", "detail")) or ""
    assert f'User-Name = "{name}"' in written and 'Called-Station-Id = "\\376"' in written
    assert 'Acct-Session-Id = "s\\200"' in written


def test_a_group_lets_its_users_in_whatever_else_is_no_text_and_others_not(node) -> None:
    node.make(SHOP, GROUP)
    odd = 'NAS-Identifier="n\\377", Called-Station-Id="\\200\\201", Class=0xff00'
    assert (
        ask(node.host, "127.0.0.2", SECRET, f"User-Name=alice, User-Password=pw-alice, {odd}")[0]
        == "Access-Accept"
    )
    assert (
        ask(node.host, "127.0.0.2", SECRET, f"User-Name=bob, CHAP-Password=pw-bob, {odd}")[0]
        == "Access-Accept"
    )
    for told in (
        f"User-Name={STRAY}, User-Password=x",
        f'User-Name=alice, User-Password="\\377\\376", {odd}',
        f"User-Name={STRAY}, CHAP-Password=x",
    ):
        assert ask(node.host, "127.0.0.2", SECRET, told)[0] == "Access-Reject"
    assert eventually(lambda: "wrong-secret" in node.reasons() and "no-such-user" in node.reasons())
    assert "Unicode" not in node.log("radius")
