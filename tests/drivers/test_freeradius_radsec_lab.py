"""A customer whose own server is reached by RadSec (RFC 6614): radsecproxy at their door, FreeRADIUS behind it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from radius_stand import FOR, HOME_SECRET, ask, put_sack, start_home
from test_freeradius_lab import SECRET, SHOP, Node, eventually

from kitei.drivers.x509 import Authority, make_key, make_request
from kitei.network import HomeServer, RadiusProxy

pytestmark = pytest.mark.lab

NOW = datetime.now(UTC) - timedelta(hours=1)
_PROXY = """\
ListenTLS {address}:2083
LogLevel 1
LogDestination file:///dev/stdout
tls default {{
  CACertificateFile {folder}/provider.pem
  CertificateFile {folder}/door.pem
  CertificateKeyFile {folder}/door.key
}}
client provider {{
  host 127.0.0.0/8
  type tls
  secret radsec
  certificateNameCheck off
}}
server home {{
  host 127.0.1.1
  port 1812
  type udp
  secret "{secret}"
}}
server bookkeeper {{
  host 127.0.1.1
  port 1813
  type udp
  secret "{secret}"
}}
realm * {{
  server home
  accountingServer bookkeeper
}}
"""


class Door:
    """One of the customer's radsecproxies, with its own authority, which knows the provider's."""

    def __init__(self, node: Node, number: int = 1) -> None:
        provider, customer = Authority.create("the provider", NOW), Authority.create("the customer", NOW)
        self.name, self._address = f"door-{number}", f"127.0.1.{8 + number}"
        folder = Path(node.host.state(self.name))
        folder.mkdir()
        ours, theirs = make_key(), make_key()
        put_sack(
            node.host,
            f"papers.{number}@1",
            ours + provider.issue(make_request(ours, "radius.example"), 30, NOW),
        )
        put_sack(node.host, "radsec@1", "radsec")
        (folder / "provider.pem").write_text(provider.certificate)
        (folder / "door.key").write_text(theirs)
        (folder / "door.pem").write_text(customer.issue(make_request(theirs, "door.example"), 30, NOW))
        (folder / "radsecproxy.conf").write_text(
            _PROXY.format(folder=folder, address=self._address, secret=HOME_SECRET)
        )
        self.authority, self._number, self._node = customer.certificate, number, node
        self.open()

    def open(self) -> None:
        config = self._node.host.state(self.name, "radsecproxy.conf")
        self._node.host.keep_running(self.name, ["/usr/sbin/radsecproxy", "-f", "-c", config])

    def home(self, authority: str) -> HomeServer:
        return HomeServer(
            origin=FOR,
            realm="shop.example",
            address=self._address,
            port=2083,
            transport="radsec",
            sack="radsec@1",
            preference=self._number,
            weight=1,
            silent=False,
            authority=authority,
            papers=f"papers.{self._number}@1",
        )


@pytest.fixture
def node(bench, make_right) -> Node:
    node = Node(bench.node("r"), make_right)
    start_home(node.host, "one", "127.0.1.1", {"carol@shop.example": "pw-carol"})
    return node


def test_requests_go_by_radsec_to_the_customers_own_server_and_no_other(node) -> None:
    door = Door(node)
    proxy = RadiusProxy(FOR, "shop.example", False, False)
    node.make(SHOP, proxy, door.home(door.authority))

    def told() -> str:
        return ask(node.host, "127.0.0.2", SECRET, "User-Name=carol@shop.example, User-Password=pw-carol")[0]

    assert eventually(lambda: told() == "Access-Accept"), (
        node.log("radius-relay-0") + node.log(door.name) + node.log("home-one")
    )
    accounting = "User-Name=carol@shop.example, Acct-Status-Type=Start, Acct-Session-Id=s1"
    assert ask(node.host, "127.0.0.2", SECRET, accounting, "acct")[0] == "Accounting-Response"
    node.host.stop(door.name)
    assert eventually(
        lambda: "radsec_127_0_1_9_2083" in (node.host.read(node.host.state("radius", "dead.json")) or "")
    )
    assert told() == "nothing"
    door.open()
    assert eventually(lambda: told() == "Access-Accept", 30.0), node.log("radius-relay-0") + node.log(
        "radius-watch"
    )
    stranger = Authority.create("the customer", NOW)
    node.make(SHOP, proxy, door.home(stranger.certificate))
    assert eventually(lambda: told() == "nothing"), "a server signed by another authority is not theirs"
