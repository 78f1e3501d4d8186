"""Remote access in a kernel, with the real clients: devices come and go, and the others notice nothing.

phone, laptop - gw; each has the standard tools and nothing of ours.
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from kitei.agent.gates import Gates
from kitei.drivers.wireguard import LANE, PROGRAM, Wireguard, handshakes
from kitei.network import Filter, Origin, RemoteAccess, RemoteDevice
from kitei.spool import Taking

pytestmark = pytest.mark.lab

FOR = Origin("r-1", ("secure-access@2026-04-01#art:2.1.t2",))


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class Scene:
    def __init__(self, bench, make_right) -> None:
        self.bench, self.make_right, self.driver = bench, make_right, Wireguard()
        self.gw = bench.node("gw")
        port = "kw" + sha256(self.gw.name.encode()).hexdigest()[:8]
        self.access = RemoteAccess(FOR, port, 51820, ("10.255.0.1/24", "fd00:c1::1/64"), 1420)
        for number, name in enumerate(("phone", "laptop"), 2):
            bench.node(name)
            bench.wire(name, "eth0", "gw", f"p{number}")
            for node, device, address in (
                (name, "eth0", f"192.0.{number}.2/24"),
                ("gw", f"p{number}", f"192.0.{number}.1/24"),
            ):
                bench.ip(node, "address", "add", address, "dev", device)
                bench.ip(node, "link", "set", device, "up")

    def up(self, *parts) -> tuple:
        return self.make_right(self.driver, self.gw, parts)

    def key(self, name: str) -> tuple[str, str]:
        host = self.bench.hosts[name]
        private = host.run(["wg", "genkey"]).out.strip()
        return private, host.run(["wg", "pubkey"], stdin=private).out.strip()

    def device(self, name: str, place: int, public: str, until: str | None = None) -> RemoteDevice:
        own = (f"10.255.0.{place}/32", f"fd00:c1::{place}/128")
        return RemoteDevice(FOR, name, f"user-{name}", public, own, until)

    def public(self) -> str:
        """The gateway's key, as it told it."""
        events = Taking(Path(self.gw.state("events", LANE))).due(10)
        return str(events[-1]["body"]["public_key"])

    def dial(self, name: str, place: int, private: str) -> None:
        """A client as the customer has it: the standard program, from a configuration file's values."""
        host, number = self.bench.hosts[name], {"phone": 2, "laptop": 3}[name]
        tunnel = "wg" + sha256(host.name.encode()).hexdigest()[:8]
        if host.run(["ip", "link", "add", tunnel, "type", "wireguard"]).code != 0:
            host.keep_running("client", ["wireguard-go", "-f", tunnel])
        assert eventually(lambda: host.run(["wg", "show", tunnel]).code == 0)
        text = (
            f"[Interface]\nPrivateKey = {private}\n[Peer]\nPublicKey = {self.public()}\n"
            f"Endpoint = 192.0.{number}.1:51820\nAllowedIPs = 10.255.0.0/24, fd00:c1::/64\nPersistentKeepalive = 1\n"
        )
        self.dialled = tunnel, text
        self.again(name)
        for address in (f"10.255.0.{place}/24", f"fd00:c1::{place}/64"):
            self.bench.ip(name, "address", "add", address, "dev", tunnel, *(["nodad"] * (":" in address)))
        self.bench.ip(name, "link", "set", tunnel, "mtu", "1420", "up")

    def again(self, name: str) -> None:
        """Call at once, and not when the client would by itself."""
        tunnel, text = self.dialled
        done = self.bench.hosts[name].run(["wg", "setconf", tunnel, "/dev/stdin"], stdin=text)
        assert done.code == 0, done.err

    def pings(self, name: str, address: str = "10.255.0.1") -> bool:
        return self.bench.hosts[name].run(["ping", "-n", "-c", "1", "-W", "1", address]).code == 0


@pytest.fixture
def scene(bench, make_right) -> Scene:
    return Scene(bench, make_right)


def test_a_device_gets_in_by_its_key_over_both_families_and_is_out_at_once_when_revoked(scene) -> None:
    (private, public), (other_private, other) = scene.key("phone"), scene.key("laptop")
    phone, laptop = scene.device("phone", 2, public), scene.device("laptop", 3, other)
    scene.up(scene.access, phone, laptop)
    scene.dial("phone", 2, private)
    scene.dial("laptop", 3, other_private)
    for name in ("phone", "laptop"):
        assert eventually(lambda name=name: scene.pings(name)) and scene.pings(name, "fd00:c1::1")
    heard = handshakes(scene.gw, scene.access.name)
    assert heard is not None and abs(heard[public] - time.time()) < 60
    talk = scene.bench.hosts["laptop"]
    talk.keep_running("flood", ["ping", "-n", "-i", "0.05", "10.255.0.1"])
    steps = scene.up(scene.access, laptop)
    assert [step.act for step in steps] == ["shut out"] and not scene.pings("phone")
    scene.up(scene.access, laptop, scene.device("third", 4, scene.key("gw")[1]))
    time.sleep(0.5)
    said = talk.read(talk.state("programs", "flood.log")) or ""
    heard_of = [
        int(line.split("icmp_seq=")[1].split()[0]) for line in said.splitlines() if "icmp_seq=" in line
    ]
    assert len(heard_of) > 5 and heard_of == list(range(heard_of[0], heard_of[-1] + 1)), "nothing was lost"


def test_a_key_that_is_not_known_gets_nothing_and_an_expired_one_no_more(scene) -> None:
    private, public = scene.key("phone")
    scene.up(scene.access, scene.device("phone", 2, public, "2000-01-01T00:00:00+09:00"))
    scene.dial("phone", 2, private)
    assert not scene.pings("phone") and handshakes(scene.gw, scene.access.name) == {}
    scene.up(scene.access, scene.device("phone", 2, public, "2999-01-01T00:00:00+09:00"))
    scene.again("phone")
    assert eventually(lambda: scene.pings("phone"))


def test_a_device_sends_from_its_own_addresses_alone(scene) -> None:
    private, public = scene.key("phone")
    scene.up(scene.access, scene.device("phone", 2, public))
    scene.dial("phone", 2, private)
    assert eventually(lambda: scene.pings("phone"))
    scene.bench.ip("phone", "address", "add", "10.255.0.9/24", "dev", _tunnel(scene, "phone"))
    assert (
        scene.bench.hosts["phone"].run(["ping", "-c", "1", "-W", "1", "-I", "10.255.0.9", "10.255.0.1"]).code
        != 0
    )


def _tunnel(scene, name: str) -> str:
    links = json.loads(scene.bench.ip(name, "-j", "link"))
    return next(str(link["ifname"]) for link in links if str(link["ifname"]).startswith("wg"))


def test_the_private_key_stays_on_the_node_and_stays_the_same(scene) -> None:
    scene.up(scene.access)
    path, public = scene.gw.state("wireguard.key"), scene.public()
    key = scene.gw.read(path)
    assert key and Path(path).stat().st_mode & 0o777 == 0o600
    scene.up()
    assert scene.access.name not in scene.bench.ip("gw", "link") and PROGRAM not in scene.gw.running()
    scene.up(scene.access)
    assert scene.gw.read(path) == key and scene.public() == public


@pytest.mark.parametrize(
    "tampering",
    ["ip link del {}", "ip link set {} down", "ip link set {} mtu 1300", "ip address flush dev {}",
     "wg set {} listen-port 9", "wg set {} private-key {key}", "wg set {} peer {peer} remove",
     "wg set {} peer {peer} allowed-ips 10.255.0.7/32", "wg set {} peer {other}"],
)  # fmt: skip
def test_tampering_is_repaired(scene, tampering: str, tmp_path: Path) -> None:
    public, other = scene.key("phone")[1], scene.key("laptop")[1]
    (tmp_path / "key").write_text(scene.key("phone")[0])
    wanted = (scene.access, scene.device("phone", 2, public))
    scene.up(*wanted)
    words = tampering.format(scene.access.name, key=tmp_path / "key", peer=public, other=other).split()
    done = scene.gw.run(words)
    assert done.code == 0, done.err
    assert scene.up(*wanted), f"{tampering} went unnoticed"


def test_a_thousand_devices_are_let_in_and_out_in_few_commands(scene) -> None:
    devices = [
        replace(
            scene.device(f"d{n}", 2, ""),
            public_key=_public(n),
            addresses=(f"10.{n >> 8}.{n & 255}.1/32",),
        )
        for n in range(1000)
    ]
    assert len(scene.up(scene.access, *devices)) == 2
    assert len(scene.up(scene.access, *devices[:1])) == 1


def _public(number: int) -> str:
    return base64.b64encode(sha256(str(number).encode()).digest()).decode()


def test_a_device_is_felt_as_connected_once_it_shook_hands(scene) -> None:
    private, public = scene.key("phone")
    gate = Filter(FOR, "p2", (), (), 51820, (), 0)
    parts = (
        gate,
        scene.access,
        scene.device("phone", 2, public),
        scene.device("laptop", 3, scene.key("laptop")[1]),
    )
    scene.up(*parts[1:])
    assert eventually(lambda: Gates(scene.gw).feel(parts)["gateway", "remote-access"].up)
    assert not Gates(scene.gw).feel(parts)["device", "phone"].up
    scene.dial("phone", 2, private)
    assert eventually(lambda: scene.pings("phone"))
    felt = Gates(scene.gw).feel(parts)
    assert felt["device", "phone"].up and not felt["device", "laptop"].up
    scene.up()
    assert not Gates(scene.gw).feel(parts)["gateway", "remote-access"].up
