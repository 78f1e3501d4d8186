"""Squid with a customer's policy and a list of a million names, beside the same Squid that lets everything through.

Client, gateway and Internet are namespaces of one machine; the client knows of no proxy. What is compared is new
connections a second where TLS stays closed and where it is opened, and requests a second inside TLS that is open.
"""

import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from figure import Figure

from kitei.drivers.host import LinuxHost
from kitei.drivers.squid import Squid
from kitei.drivers.squid.config import ruleset, squid_config
from kitei.network import Origin, Part, TemporaryError, WebGateway, WebList, WebPolicy
from kitei.proxy.policy import Policy, Rule
from kitei.proxy.written import Written, policy_text

FOR = Origin("acme", ())
NAMES, ROUNDS, SECONDS = 1_000_000, 3, 4
SITE, AT = "www.example.test", "203.0.113.10"


def measure() -> list[Figure]:
    if os.geteuid() != 0:
        raise SystemExit("bench web_gateway needs root: it makes namespaces")
    figures = []
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as place:
        for what, opened, once in (
            ("new connections, TLS closed", False, True),
            ("new connections, TLS opened", True, True),
            ("requests inside opened TLS, each for another URL", True, False),
        ):
            ours, plain = [], []
            for _ in range(ROUNDS):  # in turns, so that a busy machine slows both
                place.filtering(opened)
                ours.append(place.rate(once))
                place.plain(opened)
                plain.append(place.rate(once))
            unit = "connections/s" if once else "requests/s"
            figure = Figure(
                "web_gateway", what, median(ours), unit, 0.8, "at least", "Squid", median(plain), True
            )
            figures.append(figure)
    return figures


@dataclass(frozen=True, slots=True)
class Place:
    """`host` is the gateway's machine."""

    host: LinuxHost
    folder: Path
    names: dict[str, str]
    authority: str

    def filtering(self, opened: bool) -> None:
        """As the driver has it, with rules before the one that lets the site pass."""
        rules = (
            Rule("r-list", "block", lists=("category.many",)),
            *(Rule(f"r-{n}", "block", domains=(f"bad{n}.example",)) for n in range(200)),
            Rule("r-urls", "block", urls=(("other.example", "/x"),)) if opened else Rule("r-end", "allow"),
        )
        policy = Policy("acme", 1, rules, "allow", inspect=opened)
        text = policy_text(Written(policy, {}, {"category.many": "web-list.many@1"}))
        listed = WebList(FOR, "category.many", "web-list.many@1")
        self.put((self.gateway(), WebPolicy(FOR, text, False, None), listed))

    def plain(self, opened: bool) -> None:
        """The same Squid at the same ports, told to ask nobody; it writes what it did to a file."""
        driver, wanted = Squid(), self.gateway()
        seen = driver.see(self.host)
        asking = WebPolicy(FOR, policy_text(Written(Policy("acme", 1, (), "allow"), {}, {})), False, None)
        slot = 1 - seen.slot
        kept = [
            line
            for line in squid_config(wanted, asking, seen.folders, slot).splitlines()
            if "judge" not in line
            and "passes" not in line
            and not line.startswith(("ssl_bump", "access_log"))
        ]
        kept += ["ssl_bump peek first", f"ssl_bump {'bump' if opened else 'splice'} all"]
        kept += [f"access_log stdio:{seen.folders.run}/plain.log logformat=kitei"]
        log = Path(seen.folders.run) / "plain.log"
        log.touch()
        os.chown(log, 13, 13)
        with_ = {"slot": slot, "digest": "plain", "config": "\n".join(kept) + "\n", "name": wanted.name}
        step = next(iter(driver.plan((wanted, asking), seen)))
        start = type(step)(
            driver.name, "start", "start", {**with_, "authority": self.authority, "owner": "acme"}
        )
        driver.apply(self.host, start)
        rules = {"rules": ruleset(wanted, slot)}
        driver.apply(self.host, type(step)(driver.name, "rules", "rules", rules))

    def gateway(self) -> WebGateway:
        return WebGateway(
            *(
                FOR,
                "bench",
                3128,
                ("lan",),
                ("lan",),
                (AT,),
                (),
                self.authority,
                (),
                False,
                "/var/lib/clamav",
            ),
        )

    def put(self, parts: tuple[Part, ...]) -> None:
        driver, until = Squid(), time.monotonic() + 60
        while steps := driver.plan(parts, driver.see(self.host)):
            for step in steps:
                try:
                    driver.apply(self.host, step)
                except TemporaryError as later:
                    if time.monotonic() > until:
                        raise
                    time.sleep(later.delay)

    def rate(self, once: bool) -> float:
        argv = ["ip", "netns", "exec", self.names["c"], "wrk", "-t1", "-c16", f"-d{SECONDS}s"]
        argv += ["-H", "Connection: close"] if once else ["-s", str(self.folder / "each.lua")]
        done = subprocess.run([*argv, f"https://{SITE}/"], capture_output=True, text=True, check=True)
        if wrong := re.search(r"Socket errors:.*|Non-2xx.*", done.stdout):
            print(f"web_gateway: {wrong[0]}", file=sys.stderr)
        found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
        assert found is not None, done.stdout
        assert float(found[1]) > 0, "nothing was answered"
        return float(found[1])


def answer_names() -> None:
    """A name server, in this process's namespace: every name is at the site (RFC 1035)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((AT, 53))
        while True:
            asked, who = line.recvfrom(512)
            end = asked.index(0, 12) + 5
            is_four = asked[end - 4 : end - 2] == bytes((0, 1))
            head = asked[:2] + struct.pack("!HHHHH", 0x8180, 1, int(is_four), 0, 0)
            record = struct.pack("!HHHIH", 0xC00C, 1, 1, 3600, 4) + socket.inet_aton(AT)
            line.sendto(head + asked[12:end] + (record if is_four else b""), who)


@contextmanager
def site(folder: Path) -> Iterator[Place]:
    names = {each: f"ktw{os.getpid() % 10000}{each}" for each in "ogc"}
    servers: list[subprocess.Popen[bytes]] = []
    etc = Path("/etc/netns") / names["c"]
    host = None
    try:
        for name in names.values():
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        wires = (
            ("g", "wan", "o", "203.0.113.1/24", f"{AT}/24"),
            ("g", "lan", "c", "10.1.0.1/24", "10.1.0.2/24"),
        )
        for near, port, far, address, other in wires:
            ip(
                "-n",
                names[near],
                "link",
                "add",
                port,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                names[far],
            )
            for node, its, own in ((near, port, address), (far, "eth0", other)):
                ip("-n", names[node], "addr", "add", own, "dev", its)
                ip("-n", names[node], "link", "set", its, "up")
        ip("-n", names["c"], "route", "add", "default", "via", "10.1.0.1")
        etc.mkdir(parents=True)
        (etc / "hosts").write_text(f"{AT} {SITE}\n")
        authority = papers(folder)
        servers.append(serve(folder, names["o"]))
        asking = ["ip", "netns", "exec", names["o"], sys.executable, __file__, "names"]
        servers.append(subprocess.Popen(asking))
        host = LinuxHost("gateway", folder / "state", netns=names["g"])
        for setting in ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0"):
            host.run(["sysctl", "-qw", setting])
        text = "".join(f"name{n}.many.example\n" for n in range(NAMES))
        host.write(host.state("sacks", "web-list.many@1"), text)
        yield Place(host, folder, names, authority)
    finally:
        if host is not None:
            for step in Squid().plan((), Squid().see(host)):
                Squid().apply(host, step)
            host.close()
        for server in servers:
            server.terminate()
            server.wait(10)
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        (etc / "hosts").unlink(missing_ok=True)
        if etc.exists():
            etc.rmdir()


def ip(*argv: str) -> None:
    subprocess.run(["ip", *argv], check=True)


def papers(folder: Path) -> str:
    """An authority, and the site's certificate by it."""
    new = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    root = ["-keyout", f"{folder}/root.key", "-out", f"{folder}/root.pem", "-subj", "/CN=bench root"]
    own = ["-keyout", f"{folder}/site.key", "-out", f"{folder}/site.pem", "-subj", f"/CN={SITE}"]
    own += [
        "-addext",
        f"subjectAltName=DNS:{SITE}",
        "-CA",
        f"{folder}/root.pem",
        "-CAkey",
        f"{folder}/root.key",
    ]
    for each in (root, own):
        subprocess.run([*new, *each], check=True, capture_output=True)
    return (folder / "root.pem").read_text()


def serve(folder: Path, netns: str) -> "subprocess.Popen[bytes]":
    """nginx with a page of 1 KB; names are asked of it by nobody, for the client knows the address."""
    (folder / "index.html").write_text("x" * 1024)
    each = 'local n = 0\nrequest = function() n = n + 1; return wrk.format("GET", "/page/" .. n) end\n'
    (folder / "each.lua").write_text(each)  # no URL comes twice, so that no answer is one of before
    folder.chmod(0o755)
    config = f"""
daemon off; user root; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000;
server {{ listen 443 ssl; root {folder}; try_files /index.html =404; ssl_certificate {folder}/site.pem; ssl_certificate_key {folder}/site.key; }} }}
"""
    (folder / "nginx.conf").write_text(config)
    return subprocess.Popen(["ip", "netns", "exec", netns, "nginx", "-c", f"{folder}/nginx.conf"])


if __name__ == "__main__" and sys.argv[1:] == ["names"]:
    answer_names()
elif __name__ == "__main__":
    for figure in measure():
        print(figure)
