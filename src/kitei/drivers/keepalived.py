"""A virtual LAN gateway address between two devices, by keepalived (VRRPv3, RFC 9568).

What is ours: the node's one keepalived and its folder. `loaded` there is the configuration it was last told:
a file alone would not show whether the running program has read it.
"""

import errno
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from socket import AF_INET
from typing import Any

from pyroute2.netlink.exceptions import NetlinkError

from kitei.network import Bgp, Gateway, Host, Part, Risk, Step, TemporaryError

__all__ = ["Keepalived", "VrrpSeen", "config_for"]

_PROGRAM = "keepalived"
_GLOBAL = """\
global_defs {{
  router_id {name}
  vrrp_version 3
  script_user root
  enable_script_security
  vrrp_garp_master_delay 1
  vrrp_garp_master_refresh 60
}}
"""
_TRACK = """\
vrrp_script has_bgp_route {
  script "/bin/sh -c 'ip -4 route show proto bgp | grep -q .'"
  interval 1
  timeout 1
  init_fail
}
"""
_INSTANCE = """\
# serves {owners}
vrrp_instance {port}.{group} {{
  interface {port}
  state BACKUP
  virtual_router_id {group}
  priority {priority}
  advert_int 0.1
  virtual_ipaddress {{
{addresses}  }}
{track}}}
"""


@dataclass(frozen=True, slots=True)
class VrrpSeen:
    """`held` are addresses on ports, `(port, '10.1.0.1/24')`, whoever put them there."""

    name: str
    loaded: str | None = None
    running: bool = False
    held: frozenset[tuple[str, str]] = frozenset()


def config_for(name: str, wanted: Sequence[Part]) -> str | None:
    """keepalived.conf, None if the node keeps no gateway. Addresses of one port and group move together."""
    groups: dict[tuple[str, int], list[Gateway]] = defaultdict(list)
    for part in sorted((p for p in wanted if isinstance(p, Gateway)), key=lambda p: p.key):
        groups[part.port, part.group].append(part)
    if not groups:
        return None
    tracks = any(isinstance(part, Bgp) for part in wanted)
    text = _GLOBAL.format(name=name)
    if tracks:
        text += _TRACK
    for (port, group), gateways in sorted(groups.items()):
        text += _INSTANCE.format(
            owners=" ".join(sorted({gateway.origin.owner for gateway in gateways})),
            port=port,
            group=group,
            priority=max(gateway.priority for gateway in gateways),
            addresses="".join(f"    {ip_interface(g.address)} dev {port}\n" for g in gateways),
            track="  track_script {\n    has_bgp_route\n  }\n" if tracks else "",
        )
    return text


def kept_in(config: str) -> frozenset[tuple[str, str]]:
    """The port and address of every virtual address a configuration keeps."""
    return frozenset((port, address) for address, port in re.findall(r"^    (\S+) dev (\S+)$", config, re.M))


def _owners(config: str) -> tuple[str, ...]:
    return tuple(sorted({o for line in re.findall(r"^# serves (.*)$", config, re.M) for o in line.split()}))


class Keepalived:
    """The driver of Gateway."""

    name = "keepalived"
    reads = (Gateway, Bgp)

    def see(self, host: Host) -> VrrpSeen:
        with host.netlink() as ip:
            held = frozenset(_held(ip))
        loaded = host.read(_path(host, "loaded"))
        return VrrpSeen(host.name, loaded, _PROGRAM in host.running(), held)

    def plan(self, wanted: Sequence[Part], seen: VrrpSeen) -> tuple[Step, ...]:
        config = config_for(seen.name, wanted)
        before = seen.loaded or ""
        if config is None:
            if not seen.running and seen.loaded is None:
                return ()
            stop = Step(self.name, "stop keeping gateway addresses", "stop", {}, Risk.OUTAGE, _owners(before))
            return (stop, *self._releases(kept_in(before) & seen.held))
        if not seen.running:
            stale = (kept_in(before) | kept_in(config)) & seen.held
            start = Step(self.name, "start keeping gateway addresses", "load", {"config": config})
            return (*self._releases(stale), start)
        if seen.loaded == config:
            return ()
        gone = kept_in(before) - kept_in(config)
        owners = _owners(before) if gone else ()
        do = "change which gateway addresses are kept, or how"
        return (Step(self.name, do, "load", {"config": config}, Risk.OUTAGE if gone else Risk.NONE, owners),)

    def _releases(self, stale: frozenset[tuple[str, str]]) -> Iterator[Step]:
        """An address that nobody keeps is dead weight: its twin on the other device answers for it too."""
        for port, address in sorted(stale):
            with_ = {"port": port, "address": address}
            yield Step(self.name, f"release {address} on {port}, which nobody keeps", "release", with_)

    def apply(self, host: Host, step: Step) -> None:
        match step.act:
            case "load":
                _load(host, step.with_["config"])
            case "release":
                _release(host, step.with_)
            case "stop":
                host.stop(_PROGRAM)
                for file in ("keepalived.conf", "loaded", "pid", "vrrp.pid"):
                    host.remove(_path(host, file))
                host.remove(_path(host))
            case _:
                raise ValueError(f"{step.act!r} is not an act of keepalived such as 'load'")


def _held(ip: Any) -> Iterator[tuple[str, str]]:
    for told in ip.get_addr(family=AF_INET):
        yield (str(told.get_attr("IFA_LABEL")), f"{told.get_attr('IFA_LOCAL')}/{told['prefixlen']}")


def _path(host: Host, *file: str) -> str:
    return host.state("keepalived", *file)


def _load(host: Host, config: str) -> None:
    """A running keepalived reads it anew and stays master or backup; another is started."""
    host.write(_path(host, "keepalived.conf"), config)
    pid = host.running().get(_PROGRAM)
    if pid is not None:
        told = host.run(["kill", "-HUP", str(pid)])
        if told.code != 0:
            raise TemporaryError(f"keepalived on {host.name} ended meanwhile")
    files = ["-f", _path(host, "keepalived.conf"), "-p", _path(host, "pid"), "-r", _path(host, "vrrp.pid")]
    host.keep_running(_PROGRAM, ["/usr/sbin/keepalived", "-n", "-l", "-P", *files])
    host.write(_path(host, "loaded"), config)


def _release(host: Host, with_: Mapping[str, Any]) -> None:
    at = ip_interface(with_["address"])
    with host.netlink() as ip:
        for index in ip.link_lookup(ifname=with_["port"]):
            try:
                ip.addr("del", index=index, address=str(at.ip), prefixlen=at.network.prefixlen)
            except NetlinkError as fault:
                if fault.code != errno.EADDRNOTAVAIL:  # keepalived took it away as it ended
                    raise TemporaryError(f"{at} stays on {with_['port']} of {host.name}: {fault}") from fault
