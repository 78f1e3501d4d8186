"""A speaker's parts as tests ask for them: the operator's own border and another provider's router."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kitei.drivers.gobgp import Gobgp
from kitei.drivers.host import LinuxHost
from kitei.network import Announcement, FlowRule, Origin, Part, RouteLeave, Speaker, Upstream

FOR = Origin("contract-1", ("ddos-protection@2024-05-01#art:7.1",))
UNTIL = "2999-01-01T00:00:00+09:00"
LEAVE = RouteLeave(
    FOR,
    "contract-1",
    ("198.51.100.0/24", "2001:db8:7::/48"),
    ("blackhole", "divert", "filter", "rate-limit"),
    ("border", "other"),
    longest_ipv4=32,
    longest_ipv6=64,
    most=8,
)


def speaker(hold: int = 9) -> Speaker:
    return Speaker(FOR, 64500, "10.98.0.1", 179, hold)


def border(most: int = 100) -> Upstream:
    """The operator's own: the same AS, a next hop that it discards to."""
    families = ("ipv4", "ipv6", "ipv4-flowspec", "ipv6-flowspec")
    hops = ("192.0.2.1", "100::1")
    return Upstream(FOR, "border", "10.98.0.2", 64500, families, most, "65535:666", hops, True)


def other(most: int = 3) -> Upstream:
    """Another provider's: its own community, few routes, no IPv6."""
    return Upstream(
        FOR, "other", "10.97.0.2", 64499, ("ipv4", "ipv4-flowspec"), most, "64499:666:0", (), False
    )


def by_ipv6() -> Upstream:
    """The other provider's router once more, by its IPv6 address: for IPv6 over eBGP."""
    families = ("ipv6", "ipv6-flowspec")
    return Upstream(FOR, "other6", "2001:db8:97::2", 64499, families, 10, "65535:666", (), False)


def announce(
    prefix: str,
    action: str = "blackhole",
    to: tuple[str, ...] = ("border",),
    hop: str = "",
    until: str | None = UNTIL,
    contract: str = "contract-1",
) -> Announcement:
    return Announcement(FOR, contract, prefix, action, hop, to, until)


def limit(
    name: str,
    destination: str,
    protocol: int | None = None,
    source_ports: tuple[int, ...] = (),
    destination_ports: tuple[int, ...] = (),
    syn: bool = False,
    fragments: bool = False,
    rate: int = 0,
    source: str | None = None,
    to: tuple[str, ...] = ("border",),
    until: str | None = UNTIL,
) -> FlowRule:
    return FlowRule(
        FOR,
        "contract-1",
        name,
        destination,
        source,
        protocol,
        source_ports,
        destination_ports,
        fragments,
        syn,
        rate,
        to,
        until,
    )


_BIRD = """router id {router_id};
flow4 table f4; flow6 table f6;
protocol device {{}}
protocol direct {{ ipv4; ipv6; }}
protocol kernel {{ ipv4 {{ export where source = RTS_BGP; }}; }}
protocol kernel {{ ipv6 {{ export where source = RTS_BGP; }}; }}
protocol static {{ ipv4; route 192.0.2.1/32 blackhole; route 198.51.100.0/24 via {towards}; }}
protocol static {{ ipv6; route 100::/64 blackhole; }}
protocol bgp to_{name}_by_ipv6 {{
  local 2001:db8:97::2 as {asn}; neighbor 2001:db8:97::1 as 64500; connect delay time 1; error wait time 1, 2;
  ipv6 {{ import filter {{ if (65535,666) ~ bgp_community then dest = RTD_BLACKHOLE; accept; }}; export none; }};
  flow6 {{ table f6; import all; export none; }};
}}
protocol bgp to_{name} {{
  local {address} as {asn}; neighbor {speaker} as 64500; hold time 240; connect delay time 1;
  error wait time 1, 2;
  ipv4 {{ import filter {{ if {discards} then dest = RTD_BLACKHOLE; accept; }}; export all; }};
  ipv6 {{ import filter {{ if {discards} then dest = RTD_BLACKHOLE; accept; }}; export none; }};
  flow4 {{ table f4; import all; export none; }};
  {six}
}}
"""


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


class Stand:
    """Five nodes and their cables; BIRD at the border and at the other provider; `want` is what an agent does."""

    def __init__(self, bench: Any, make_right: Callable[..., Any], folder: Path) -> None:
        self.bench, self._make_right, self.folder = bench, make_right, folder
        for name in ("speaker", "border", "other", "attacker", "victim", "scrubber"):
            bench.node(name)
        cables = (
            ("speaker", "10.98.0.1/24", "border", "10.98.0.2/24"),
            ("speaker", "10.97.0.1/24", "other", "10.97.0.2/24"),
            ("attacker", "192.0.2.66/24", "border", "192.0.2.65/24"),
            ("border", "10.5.0.1/24", "victim", "10.5.0.2/24"),
            ("border", "10.9.0.1/24", "scrubber", "10.9.0.9/24"),
            ("scrubber", "10.6.0.9/24", "victim", "10.6.0.2/24"),
        )
        for number, (one, near, two, far) in enumerate(cables):
            bench.wire(one, f"p{number}", two, f"p{number}")
            for node, address in ((one, near), (two, far)):
                bench.ip(node, "address", "add", address, "dev", f"p{number}")
                bench.ip(node, "link", "set", f"p{number}", "up")
        for node, address in (("speaker", "2001:db8:97::1/64"), ("other", "2001:db8:97::2/64")):
            bench.ip(node, "-6", "address", "add", address, "dev", "p1", "nodad")
        for node in ("border", "scrubber", "victim"):
            bench.hosts[node].run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0"])
        for last in (7, 8, 9):
            bench.ip("victim", "address", "add", f"198.51.100.{last}/32", "dev", "lo")
        bench.ip("border", "route", "add", "198.51.100.0/24", "via", "10.5.0.2")
        bench.ip("attacker", "route", "add", "default", "via", "192.0.2.65")
        bench.ip("victim", "route", "add", "default", "via", "10.5.0.1")
        bench.ip("scrubber", "route", "add", "198.51.100.0/24", "via", "10.6.0.2")
        bench.ip("scrubber", "route", "add", "default", "via", "10.9.0.1")
        self._bird("border", "10.98.0.2", "10.98.0.1", 64500, "10.5.0.2", "(65535,666) ~ bgp_community")
        self._bird(
            "other", "10.97.0.2", "10.97.0.1", 64499, "10.97.0.1", "(64499,666,0) ~ bgp_large_community"
        )

    @property
    def speaker(self) -> LinuxHost:
        return self.bench.hosts["speaker"]

    def _bird(self, name: str, address: str, speaker: str, asn: int, towards: str, discards: str) -> None:
        six = "flow6 { table f6; import all; export none; };" if name == "border" else ""
        text = _BIRD.format(
            router_id=address,
            towards=towards,
            name=name,
            address=address,
            asn=asn,
            speaker=speaker,
            discards=discards,
            six=six,
        )
        folder = self.folder / "bird" / name
        folder.mkdir(parents=True)
        (folder / "bird.conf").write_text(text)
        argv = [
            "bird",
            "-f",
            "-c",
            str(folder / "bird.conf"),
            "-s",
            str(folder / "ctl"),
            "-P",
            str(folder / "pid"),
        ]
        self.bench.hosts[name].keep_running("bird", argv)

    def want(self, *parts: Part) -> Any:
        """Make it so by the law of drivers; what was planned. A refusal is raised when the rest is done."""
        return self._make_right(Gobgp(), self.speaker, parts)

    def forget_keeper(self) -> None:
        """The agent dies: nobody keeps the programs until the next one takes them over."""
        old = self.bench.hosts["speaker"]
        self.bench.hosts["speaker"] = LinuxHost(old.name, old.state(), netns=old.name)

    def heard(self, name: str, prefix: str = "", table: str = "master4", by: str = "") -> str:
        ask = [
            "birdc",
            "-s",
            str(self.folder / "bird" / name / "ctl"),
            "show",
            "route",
            *([prefix] if prefix else []),
        ]
        return self.bench.hosts[name].run([*ask, "table", table, "all", "protocol", f"to_{name}{by}"]).out

    def since(self, name: str) -> str:
        """When the session came up."""
        ask = ["birdc", "-s", str(self.folder / "bird" / name / "ctl"), "show", "protocols", f"to_{name}"]
        return self.bench.hosts[name].run(ask).out

    def kernel(self, name: str, *options: str) -> str:
        return self.bench.hosts[name].run(["ip", *options, "route"]).out

    def gobgp(self, *words: str) -> str:
        folder = self.speaker.state("gobgp")
        argv = ["sh", "-c", 'cd "$0" && exec gobgp --target unix://api.sock "$@" 2>&1', folder, *words]
        return self.speaker.run(argv).out

    def pings(self, address: str) -> bool:
        argv = ["ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", address]
        return self.bench.hosts["attacker"].run(argv).code == 0

    def scrubbed(self) -> int:
        """Packets that came to the scrubber from the border, but those of its neighbour discovery."""
        told = self.bench.hosts["scrubber"].run(["cat", "/proc/net/snmp"]).out
        names, values = [line.split() for line in told.splitlines() if line.startswith("Ip:")]
        return int(values[names.index("ForwDatagrams")])

    def cut(self, name: str) -> None:
        """Packets of the session are lost, silently."""
        drops = "tcp dport 179 drop; tcp sport 179 drop;"
        chains = [
            f"chain {way} {{ type filter hook {way} priority 0; {drops} }}" for way in ("input", "output")
        ]
        rules = "\n".join(("table inet cut {", *chains, "}"))
        assert (done := self.bench.hosts[name].run(["nft", "-f", "-"], stdin=rules)).code == 0, done.err

    def mend(self, name: str) -> None:
        self.bench.hosts[name].run(["nft", "delete", "table", "inet", "cut"])

    def echoes(self, port: int) -> bool:
        """Whether a datagram of the attacker's to this UDP port of 198.51.100.7 arrives."""
        listen = ["timeout", "2", "python3", "-c", _LISTEN, str(port)]
        with ThreadPoolExecutor() as both:
            heard = both.submit(self.bench.hosts["victim"].run, listen)
            for _ in range(8):
                if heard.done():
                    break
                self.bench.hosts["attacker"].run(["python3", "-c", _SEND, str(port)])
                time.sleep(0.1)
            return heard.result().code == 0

    def enforce(self, name: str) -> None:
        """A stand-in for an upstream's line cards: BIRD receives flow rules and filters nothing by them. Of those
        heard, what this test needs is written as nftables rules."""
        rules = ["add table inet flows", "flush table inet flows"]
        rules.append("add chain inet flows heard { type filter hook forward priority 0; }")
        for line in self.heard(name, table="f4").splitlines():
            found = re.search(r"dst (\S+); proto 17; dport (\d+);", line)
            if found:
                rules.append(f"add rule inet flows heard ip daddr {found[1]} udp dport {found[2]} drop")
        done = self.bench.hosts[name].run(["nft", "-f", "-"], stdin="\n".join(rules))
        assert done.code == 0, done.err


_LISTEN = """import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("198.51.100.7", int(sys.argv[1]))); s.settimeout(1.5)
s.recv(100)"""
_SEND = """import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.7", int(sys.argv[1])))"""
