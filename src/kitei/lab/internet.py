"""The world around a provider's flood protection: two providers' routers, users, attackers, web servers.

`ISP_A` is the operator's own border, `ISP_B` another provider's. Both run BIRD, export flows of what comes in
from the internet (NetFlow v9 by softflowd, sFlow v5 by pmacctd) and stand on one exchange segment with the
operator's nodes. Users and attackers are places of their own; all of it is as real as namespaces allow.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import Final, Literal

from kitei.lab.cabling import Cable, End, Way
from kitei.lab.lab import Lab

CORE, USERS, BOTS, EXCHANGE = "internet", "users", "bots", "exchange"
SEGMENT: Final = "100.64.9.0/24"
OUTSIDE: Final = "net0"  # a router's port towards the internet


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's border router: its AS, its link to the internet, its address on the exchange."""

    name: str
    asn: int
    uplink: str
    core: str
    address: str
    six: tuple[str, str] = ("", "")  # of the link to the internet, IPv6: its own end, and the other
    exchange_six: str = ""

    @property
    def ip(self) -> str:
        return _ip(self.address)

    def ends(self) -> tuple[End, End]:
        """Of its link to the internet."""
        near, far = (
            (one, *filter(None, (six,))) for one, six in zip((self.uplink, self.core), self.six, strict=True)
        )
        return End(self.name, OUTSIDE, near), End(CORE, self.name, far)


@dataclass(frozen=True, slots=True)
class Six:
    """What a site has of IPv6: its prefix, and its link to the border."""

    prefix: str
    border: str
    edge: str

    @property
    def gateway(self) -> str:
        """The first address of the prefix, the edge router's."""
        return _at(self.prefix, 1)

    @property
    def address(self) -> str:
        """The server's, the tenth of the prefix."""
        return _at(self.prefix, 10)

    @property
    def ip(self) -> str:
        return _ip(self.address)


@dataclass(frozen=True, slots=True)
class Site:
    """A customer's edge router and its web server: `prefix` is protected, `edge` and `border` are their link.

    `mbit` is what the access line carries towards the customer, so that a flood drowns everything else on it.
    """

    name: str
    provider: Provider
    prefix: str
    border: str
    edge: str
    mbit: int
    six: Six | None = None

    def both(self, end: Literal["border", "edge", "gateway", "address"]) -> tuple[str, ...]:
        """The addresses of an end of a link, of each family there is."""
        told: tuple[str, ...] = (getattr(self, end),)
        return (*told, getattr(self.six, end)) if self.six else told

    @property
    def router(self) -> str:
        return f"edge-{self.name}"

    @property
    def server(self) -> str:
        return f"web-{self.name}"

    @property
    def gateway(self) -> str:
        """The first address of the prefix, the edge router's."""
        return _at(self.prefix, 1)

    @property
    def address(self) -> str:
        """The server's, the tenth of the prefix."""
        return _at(self.prefix, 10)

    @property
    def ip(self) -> str:
        return _ip(self.address)


@dataclass(frozen=True, slots=True)
class Stand:
    """A node of the operator's on the exchange segment; its agent sets the rest.

    `behind` is a second way out, by `ISP_A`: (port, address, the border's address there). `six` is its IPv6
    address on the segment.
    """

    node: str
    port: str
    address: str
    behind: tuple[str, str, str] | None = None
    six: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.address, self.six) if self.six else (self.address,)


ISP_A = Provider(
    "isp-a",
    64500,
    "100.64.0.2/30",
    "100.64.0.1/30",
    "100.64.9.1/24",
    ("2001:db8:c::2/64", "2001:db8:c::1/64"),
    "2001:db8:9::1/64",
)
ISP_B = Provider("isp-b", 64501, "100.64.0.6/30", "100.64.0.5/30", "100.64.9.2/24")
PROVIDERS: Final = (ISP_A, ISP_B)
USER_ADDRESSES: Final = tuple(f"192.0.2.{n}/25" for n in range(2, 34))
BOT_ADDRESSES: Final = ("192.0.2.130/25",)
USER_GATEWAY, BOT_GATEWAY = "192.0.2.1/25", "192.0.2.129/25"
USER_SIX: Final = tuple(f"2001:db8:1::{n:x}/64" for n in range(2, 34))
BOT_SIX: Final = ("2001:db8:2::2/64",)
USER_SIX_GATEWAY, BOT_SIX_GATEWAY = "2001:db8:1::1/64", "2001:db8:2::1/64"


def lay(lab: Lab, sites: Sequence[Site], stands: Sequence[Stand]) -> None:
    """Cables and routes of the whole world."""
    cables = [
        Cable(
            End(USERS, "eth0", (*USER_ADDRESSES, *USER_SIX)),
            End(CORE, "users", (USER_GATEWAY, USER_SIX_GATEWAY)),
        ),
        Cable(
            End(BOTS, "eth0", (*BOT_ADDRESSES, *BOT_SIX)), End(CORE, "bots", (BOT_GATEWAY, BOT_SIX_GATEWAY))
        ),
    ]
    ways = [Way(USERS, "default", _ip(each)) for each in (USER_GATEWAY, USER_SIX_GATEWAY)]
    ways += [Way(BOTS, "default", _ip(each)) for each in (BOT_GATEWAY, BOT_SIX_GATEWAY)]
    for provider in PROVIDERS:
        cables += [
            Cable(*provider.ends()),
            Cable(
                End(provider.name, "ix0", (provider.address, *filter(None, (provider.exchange_six,)))),
                End(EXCHANGE, provider.name),
            ),
        ]
        ways += [Way(provider.name, "default", _ip(far)) for far in provider.ends()[1].addresses]
    for site in sites:
        cables += [
            Cable(
                End(site.provider.name, site.name, site.both("border")),
                End(site.router, "wan0", site.both("edge")),
            ),
            Cable(
                End(site.router, "lan0", site.both("gateway")), End(site.server, "eth0", site.both("address"))
            ),
        ]
        ways += [
            Way(CORE, site.prefix, _ip(site.provider.uplink)),
            Way(CORE, _net(site.edge), _ip(site.provider.uplink)),
            *(Way(site.router, "default", _ip(each)) for each in site.both("border")),
            *(Way(site.server, "default", _ip(each)) for each in site.both("gateway")),
        ]
        if site.six:
            ways.append(Way(CORE, site.six.prefix, _ip(site.provider.six[0])))
        others = [each for each in PROVIDERS if each is not site.provider]
        ways += [Way(each.name, _net(site.edge), site.provider.ip) for each in others]
    cables += [Cable(End(each.node, each.port, each.addresses), End(EXCHANGE, each.node)) for each in stands]
    routers = [CORE, *(each.name for each in PROVIDERS), *(site.router for site in sites)]
    for each in stands:
        if each.behind is not None:
            port, address, border = each.behind
            cables.append(Cable(End(each.node, port, (address,)), End(ISP_A.name, each.node, (border,))))
            ways += [Way(each.node, "default", _ip(border)), Way(ISP_B.name, _net(address), ISP_A.ip)]
            routers.append(each.node)
    lab.cable(cables, ways, routers, [EXCHANGE])
    for site in sites:
        set_line(lab, site, site.mbit)


def set_line(lab: Lab, site: Site, mbit: int) -> None:
    """What a site's access line carries towards it from now on."""
    line = ["tbf", "rate", f"{mbit}mbit", "burst", "256kb", "latency", "20ms"]
    lab.run(site.provider.name, ["tc", "qdisc", "replace", "dev", site.name, "root", *line])


def bird(provider: Provider, sites: Sequence[Site], speaker: str, speaker_asn: int) -> str:
    """BIRD's configuration: static routes to its customers, and what the speaker may tell it.

    A route with the community BLACKHOLE (RFC 7999) is discarded. Flow specifications are kept in tables, from
    which `enforced` makes the router's filters: BIRD has no forwarding of its own for them.
    """
    own = "\n".join(
        f"  route {site.prefix} via {_ip(site.edge)};" for site in sites if site.provider is provider
    )
    own_six = "\n".join(
        f"  route {site.six.prefix} via {_ip(site.six.edge)};"
        for site in sites
        if site.provider is provider and site.six
    )
    return f"""router id {provider.ip};
flow4 table f4;
flow6 table f6;
protocol device {{ scan time 5; }}
protocol direct {{ ipv4; ipv6; }}
protocol static {{ ipv4;
{own}
}}
protocol kernel {{ ipv4 {{ export where source ~ [ RTS_BGP, RTS_STATIC ]; import none; }}; }}
protocol static {{ ipv6;
{own_six}
}}
protocol kernel {{ ipv6 {{ export where source ~ [ RTS_BGP, RTS_STATIC ]; import none; }}; }}
protocol bgp speaker {{
  local {provider.ip} as {provider.asn};
  neighbor {speaker} as {speaker_asn};
  hold time 9;
  ipv4 {{
    preference 300;  # what is done against an attack goes before the ordinary way
    import filter {{
      if (65535,666) ~ bgp_community then dest = RTD_BLACKHOLE;
      accept;
    }};
    export none;
    import limit 100 action block;
  }};
  ipv6 {{
    preference 300;
    import filter {{
      if (65535,666) ~ bgp_community then dest = RTD_BLACKHOLE;
      accept;
    }};
    export none;
  }};
  flow4 {{ table f4; import all; export none; }};
  flow6 {{ table f6; import all; export none; }};
}}
"""


def start_router(lab: Lab, provider: Provider, sites: Sequence[Site], speaker: str, speaker_asn: int) -> None:
    """BIRD in the provider's router. Its control socket is `<name>.bird` in the lab's home."""
    file = lab.home / f"{provider.name}.conf"
    file.write_text(bird(provider, sites, speaker, speaker_asn))
    command = ["bird", "-f", "-c", str(file), "-s", str(control(lab.home, provider))]
    lab.begin(f"bird-{provider.name}", provider.name, command)


def start_enforcement(lab: Lab, provider: Provider) -> None:
    """The router forwards by the flow rules it was told; see `kitei.lab.enforcement`. BIRD has to run."""
    command = [sys.executable, "-m", "kitei.lab.enforcement", str(control(lab.home, provider))]
    lab.begin(f"cards-{provider.name}", provider.name, command)


def control(home: Path, provider: Provider) -> Path:
    return home / f"{provider.name}.bird"


def start_netflow(lab: Lab, provider: Provider, collector: str, port: int) -> None:
    """NetFlow v9 of what comes in from the internet: each flow told within about a second."""
    ages = ("general", "tcp", "tcp.rst", "tcp.fin", "udp", "icmp", "maxlife")
    times = [*(f"-t{name}=1" for name in ages), "-texpint=0"]  # looked through all the time, not each minute
    command = ["softflowd", "-d", "-i", OUTSIDE, "-v", "9", "-n", f"{collector}:{port}", "-m", "65536"]
    place = lab.home / provider.name
    own = ["-p", f"{place}.softflowd.pid", "-c", f"{place}.softflowd.ctl"]
    lab.begin(f"netflow-{provider.name}", provider.name, [*command, *own, *times])


def start_sflow(lab: Lab, provider: Provider, collector: str, port: int, rate: int) -> None:
    """sFlow v5 of what comes in, one packet of `rate`."""
    file = lab.home / f"{provider.name}.pmacctd.conf"
    file.write_text(
        f"pcap_interface: {OUTSIDE}\n"
        f"plugins: sfprobe[{provider.name}]\n"
        f"sfprobe_receiver[{provider.name}]: {collector}:{port}\n"
        f"sfprobe_agentip[{provider.name}]: {provider.ip}\n"
        f"sampling_rate[{provider.name}]: {rate}\n"
        f"sfprobe_direction[{provider.name}]: in\n"
        "snaplen: 128\n"
    )
    lab.begin(f"sflow-{provider.name}", provider.name, ["pmacctd", "-f", str(file)])


def _at(prefix: str, place: int) -> str:
    """The address of a place in a prefix, with its length."""
    network = ip_network(prefix)
    return f"{network[place]}/{network.prefixlen}"


def _net(address: str) -> str:
    return str(ip_interface(address).network)


def _ip(address: str) -> str:
    return str(ip_interface(address).ip)
