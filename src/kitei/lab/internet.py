"""The world around a provider's flood protection: two providers' routers, users, attackers, web servers.

`ISP_A` is the operator's own border, `ISP_B` another provider's. Both run BIRD, export flows of what comes in
from the internet (NetFlow v9 by softflowd, sFlow v5 by pmacctd) and stand on one exchange segment with the
operator's nodes. Users and attackers are places of their own; all of it is as real as namespaces allow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import Final

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

    @property
    def ip(self) -> str:
        return str(ip_interface(self.address).ip)


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

    @property
    def router(self) -> str:
        return f"edge-{self.name}"

    @property
    def server(self) -> str:
        return f"web-{self.name}"

    @property
    def gateway(self) -> str:
        """The first address of the prefix, the edge router's."""
        network = ip_network(self.prefix)
        return f"{network[1]}/{network.prefixlen}"

    @property
    def address(self) -> str:
        """The server's, the tenth of the prefix."""
        network = ip_network(self.prefix)
        return f"{network[10]}/{network.prefixlen}"

    @property
    def ip(self) -> str:
        return str(ip_interface(self.address).ip)


@dataclass(frozen=True, slots=True)
class Stand:
    """A node of the operator's on the exchange segment; its agent sets the rest.

    `behind` is a second way out, by `ISP_A`: (port, address, the border's address there).
    """

    node: str
    port: str
    address: str
    behind: tuple[str, str, str] | None = None


ISP_A = Provider("isp-a", 64500, "100.64.0.2/30", "100.64.0.1/30", "100.64.9.1/24")
ISP_B = Provider("isp-b", 64501, "100.64.0.6/30", "100.64.0.5/30", "100.64.9.2/24")
PROVIDERS: Final = (ISP_A, ISP_B)
USER_ADDRESSES: Final = tuple(f"192.0.2.{n}/25" for n in range(2, 34))
BOT_ADDRESSES: Final = ("192.0.2.130/25",)
USER_GATEWAY, BOT_GATEWAY = "192.0.2.1/25", "192.0.2.129/25"


def lay(lab: Lab, sites: Sequence[Site], stands: Sequence[Stand]) -> None:
    """Cables and routes of the whole world."""
    cables = [
        Cable(End(USERS, "eth0", USER_ADDRESSES), End(CORE, "users", (USER_GATEWAY,))),
        Cable(End(BOTS, "eth0", BOT_ADDRESSES), End(CORE, "bots", (BOT_GATEWAY,))),
    ]
    ways = [Way(USERS, "default", _ip(USER_GATEWAY)), Way(BOTS, "default", _ip(BOT_GATEWAY))]
    for provider in PROVIDERS:
        cables += [
            Cable(
                End(provider.name, OUTSIDE, (provider.uplink,)), End(CORE, provider.name, (provider.core,))
            ),
            Cable(End(provider.name, "ix0", (provider.address,)), End(EXCHANGE, provider.name)),
        ]
        ways.append(Way(provider.name, "default", _ip(provider.core)))
    for site in sites:
        cables += [
            Cable(End(site.provider.name, site.name, (site.border,)), End(site.router, "wan0", (site.edge,))),
            Cable(End(site.router, "lan0", (site.gateway,)), End(site.server, "eth0", (site.address,))),
        ]
        ways += [
            Way(CORE, site.prefix, _ip(site.provider.uplink)),
            Way(CORE, _net(site.edge), _ip(site.provider.uplink)),
            Way(site.router, "default", _ip(site.border)),
            Way(site.server, "default", _ip(site.gateway)),
        ]
        others = [each for each in PROVIDERS if each is not site.provider]
        ways += [Way(each.name, _net(site.edge), site.provider.ip) for each in others]
    cables += [Cable(End(each.node, each.port, (each.address,)), End(EXCHANGE, each.node)) for each in stands]
    routers = [CORE, *(each.name for each in PROVIDERS), *(site.router for site in sites)]
    for each in stands:
        if each.behind is not None:
            port, address, border = each.behind
            cables.append(Cable(End(each.node, port, (address,)), End(ISP_A.name, each.node, (border,))))
            ways += [Way(each.node, "default", _ip(border)), Way(ISP_B.name, _net(address), ISP_A.ip)]
            routers.append(each.node)
    lab.cable(cables, ways, routers, [EXCHANGE])
    for site in sites:
        line = ["tbf", "rate", f"{site.mbit}mbit", "burst", "256kb", "latency", "20ms"]
        lab.run(site.provider.name, ["tc", "qdisc", "replace", "dev", site.name, "root", *line])


def bird(provider: Provider, sites: Sequence[Site], speaker: str, speaker_asn: int) -> str:
    """BIRD's configuration: static routes to its customers, and what the speaker may tell it.

    A route with the community BLACKHOLE (RFC 7999) is discarded. Flow specifications are kept in tables, from
    which `enforced` makes the router's filters: BIRD has no forwarding of its own for them.
    """
    own = "\n".join(
        f"  route {site.prefix} via {_ip(site.edge)};" for site in sites if site.provider is provider
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
protocol kernel {{ ipv6 {{ export where source = RTS_BGP; import none; }}; }}
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


def control(home: Path, provider: Provider) -> Path:
    return home / f"{provider.name}.bird"


def start_netflow(lab: Lab, provider: Provider, collector: str, port: int) -> None:
    """NetFlow v9 of what comes in from the internet: each flow told within about a second."""
    ages = ("general", "tcp", "tcp.rst", "tcp.fin", "udp", "icmp", "maxlife")
    times = [*(f"-t{name}=1" for name in ages), "-texpint=0"]  # looked through all the time, not each minute
    command = ["softflowd", "-D", "-i", OUTSIDE, "-v", "9", "-n", f"{collector}:{port}", "-m", "65536"]
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


def _net(address: str) -> str:
    return str(ip_interface(address).network)


def _ip(address: str) -> str:
    return str(ip_interface(address).ip)
