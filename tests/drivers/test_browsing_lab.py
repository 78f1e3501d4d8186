"""A gateway for browsers with real packets: curl, Squid, FreeRADIUS; what is passed on, who is refused, what is kept."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser_stand import Browser, goes_on
from radius_stand import put_sack, put_users, record
from tunnel_stand import ASK, eventually, papers

import kitei
from kitei.drivers.browsing import Browsing
from kitei.drivers.freeradius import Freeradius
from kitei.entrance.words import LANE
from kitei.network import (
    BrowserGateway,
    NetworkRelay,
    Origin,
    Part,
    RadiusClient,
    RadiusGroup,
    RadiusServer,
    ReachedHosts,
)
from kitei.radius.telling import LANE as LOGINS
from kitei.spool import Taking

pytestmark = pytest.mark.lab

FOR = Origin("c-1", ("gio-remote-access@2025-07-01#art:1.1.t1",))
NAME, REALM, GATEWAY = "browse.example.jp", "_gateway.c-1", "192.0.2.1"
HOST, OTHER, APP = "10.90.0.10", "10.90.0.20", "app.acme.example"
ANN, BOB = "ann:ann password", "bob:bob password"


def parts(
    papers: str = "papers.gw@1", hosts: tuple[str, ...] = (f"{HOST}/32",), names: tuple[str, ...] = ()
) -> list[Part]:
    return [
        BrowserGateway(FOR, NAME, (GATEWAY,), 443, (HOST,), papers, "nas.gw@1"),
        ReachedHosts(FOR, hosts, names),
        NetworkRelay(FOR, "lan0"),
        RadiusServer(FOR, ("127.0.0.1",), 1812, 1813, None),
        RadiusClient(FOR, GATEWAY, "nas.gw@1", (REALM,), "", False, 0),
        RadiusGroup(FOR, REALM, f"users.{REALM}@1", None, ("pap",), 0, ""),
    ]


class Scene:
    def __init__(self, bench: Any, make_right: Any, folder: Path) -> None:
        self.bench, self.make_right = bench, make_right
        self.gateway, self.inner, core = bench.node("gw"), bench.node("in"), bench.node("core")
        core.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        self.join("gw", "wan0", f"{GATEWAY}/30", "core", "g0", "192.0.2.2/30")
        self.join("in", "eth0", f"{HOST}/24", "gw", "lan0", "10.90.0.1/24")
        bench.ip("in", "address", "add", f"{OTHER}/24", "dev", "eth0")
        bench.ip("gw", "route", "add", "default", "via", "192.0.2.2")
        self.app_papers, self.app_authority = papers(APP)
        (folder / "app.pem").write_text(self.app_papers)
        (folder / "app-authority.pem").write_text(self.app_authority)
        self.app = ("--cacert", str(folder / "app-authority.pem"))
        code = {"PYTHONPATH": str(Path(str(kitei.__file__)).parents[1])}
        website = [sys.executable, "-m", "kitei.lab.website"]
        for name, address in (("inner", HOST), ("other", OTHER)):
            self.inner.keep_running(name, [*website, "serve", name, address, str(folder / "app.pem")], code)
        self.inner.keep_running("names", [*website, "names", HOST], code)
        self.sack, self.authority = papers(NAME)
        put_sack(self.gateway, "papers.gw@1", self.sack)
        put_sack(self.gateway, "nas.gw@1", "a-secret-over-loopback")
        put_users(self.gateway, f"users.{REALM}@1", {n: record(f"{n} password") for n in ("ann", "bob")})
        self.user = Browser(bench.node("u1"), folder / "user", self.authority, NAME, GATEWAY)
        self.join("u1", "eth0", "198.51.100.1/30", "core", "u1", "198.51.100.2/30")
        bench.ip("u1", "route", "add", "default", "via", "198.51.100.2")

    def join(self, one: str, near: str, own: str, other: str, far: str, its: str) -> None:
        self.bench.wire(one, near, other, far)
        for node, port, address in ((one, near, own), (other, far, its)):
            self.bench.ip(node, "address", "add", address, "dev", port)
            self.bench.ip(node, "link", "set", port, "up")

    def make(self, wanted: list[Part]) -> list[str]:
        radius = self.make_right(Freeradius(), self.gateway, wanted)
        return [step.act for step in (*radius, *self.make_right(Browsing(), self.gateway, wanted))]

    def told(self, lane: str, kind: str) -> list[Any]:
        """What a node told of one kind."""
        taking = Taking(Path(self.gateway.state("events", lane)))
        return [event["body"] for event in taking.due(1000) if event["kind"] == kind]

    def log(self) -> str:
        """What Squid says, for a test that fails."""
        run = Browsing().see(self.gateway).folders.run
        programs = self.gateway.run(["sh", "-c", f"cat {self.gateway.state('programs')}/*"]).out
        return f"{self.gateway.read(f'{run}/squid.log')}\n{programs[-2000:]}"

    def visits(self) -> set[tuple[str, str, str, str]]:
        told = self.told(LANE, "remote.visited")
        return {(each["user"], each["source"], each["host"], each["why"]) for each in told}

    def accounts(self) -> list[tuple[str, str]]:
        rows = [row for each in self.told(LOGINS, "sessions.heard") for row in json.loads(each["rows"])]
        return [(row[2], row[5]) for row in rows]


@pytest.fixture
def scene(bench, make_right, tmp_path: Path) -> Iterator[Scene]:
    yield Scene(bench, make_right, tmp_path)


def test_browsers_reach_designated_hosts_alone_and_every_visit_is_on_record(scene: Scene) -> None:
    ann = scene.user
    assert ann.get(f"http://{HOST}/", ANN)[0] == "000", "nothing is there before the contract"
    assert "start" in scene.make(parts())
    assert ann.get(f"http://{HOST}/")[0] == "407" == ann.get(f"http://{HOST}/", "ann:wrong")[0]
    assert ann.get(f"http://{HOST}/", ANN)[1].startswith("inner 10.90.0.1 "), scene.log()
    assert ann.get(f"https://{HOST}/", ANN, "-k")[1].startswith("inner 10.90.0.1 ")
    status, page = ann.get(f"http://{OTHER}/", ANN)
    assert status == "403" and "c-1" in page and "art:1.1.t1" in page and "指定されたホスト" in page
    for url in (
        f"https://{OTHER}/",
        f"http://{APP}/",
        "http://127.0.0.1:13150/",
        f"http://{GATEWAY}/",
        "http://[::1]/",
    ):
        assert ann.get(url, ANN)[0] == "403", url

    # the kernel holds to it too, whatever Squid would do
    for address, there in ((HOST, True), (OTHER, False), ("198.51.100.1", False)):
        argv = ["setpriv", "--reuid=proxy", "--clear-groups", sys.executable, "-c", ASK, address]
        scene.inner.run(["true"])
        told = scene.gateway.run(argv)
        assert ("Traceback" not in told.err or "PermissionError" not in told.err) if there else told.code

    # a name that is designated, asked of the customer's own name server
    assert "reload" not in scene.make(parts(names=(APP,)))
    assert eventually(lambda: ann.get(f"https://{APP}/", BOB, *scene.app)[1].startswith("inner"))
    assert ann.get("http://other.acme.example/", ANN)[0] == "403"
    wanted = {
        ("ann", "198.51.100.1", HOST, ""),
        ("ann", "198.51.100.1", OTHER, "not-designated"),
        ("bob", "198.51.100.1", APP, ""),
    }
    assert eventually(lambda: wanted <= scene.visits()), scene.visits()
    assert eventually(lambda: {("Start", "ann"), ("Start", "bob")} <= {*scene.accounts()}), scene.accounts()


def test_a_change_leaves_conversations_and_a_host_that_is_taken_back_is_cut_off(scene: Scene) -> None:
    ann = scene.user
    scene.make(parts(hosts=(f"{HOST}/32", f"{OTHER}/32")))
    stays, goes = ann.talk("ann", HOST, 993), ann.talk("ann", OTHER, 993)
    assert eventually(lambda: goes_on(stays) and goes_on(goes)), stays.read_text() + goes.read_text()
    sack, authority = papers(NAME)
    put_sack(scene.gateway, "papers.gw@2", sack)
    assert "reload" in scene.make(parts("papers.gw@2", (f"{HOST}/32",)))
    before = stays.stat().st_size
    assert eventually(lambda: not goes_on(goes)), "taken back"
    assert eventually(lambda: stays.stat().st_size > before + 100) and goes_on(stays)
    ann.trust(authority)
    assert eventually(lambda: ann.get(f"http://{HOST}/", ANN)[0] == "200"), "by the new certificate"

    # without its network nothing is passed on
    less = [each for each in parts("papers.gw@2") if not isinstance(each, NetworkRelay)]
    scene.make(less)
    assert ann.get(f"http://{HOST}/", ANN)[0] == "503"
    assert eventually(lambda: ("ann", "198.51.100.1", HOST, "not-reached") in scene.visits())

    scene.make([])
    assert ann.get(f"http://{HOST}/", ANN)[0] == "000"
    assert "kitei_browsing" not in scene.gateway.run(["nft", "list", "tables"]).out
    assert not scene.gateway.running()


def test_another_secret_and_who_tries_passwords_out(scene: Scene) -> None:
    scene.make(parts())
    put_sack(scene.gateway, "nas.gw@2", "another-secret")
    other = [
        replace(each, sack="nas.gw@2") if isinstance(each, BrowserGateway | RadiusClient) else each
        for each in parts()
    ]
    scene.make(other)
    assert scene.user.get(f"http://{HOST}/", ANN)[0] == "200"
    for number in range(8):
        assert scene.user.get(f"http://{HOST}/", f"bob:guess {number}")[0] == "407"
    assert scene.user.get(f"http://{HOST}/", BOB)[0] == "407", "kept out for a while"
    assert eventually(lambda: scene.told(LANE, "remote.refused")[:1])
    assert scene.told(LANE, "remote.refused")[0]["why"] == "locked"
