"""Links read from the kernel and changed in it, by netlink (rtnetlink(7))."""

import errno
from collections.abc import Mapping
from ipaddress import ip_interface, ip_network
from socket import AF_INET
from typing import Any

from pyroute2.netlink.exceptions import NetlinkError

from kitei.drivers.links.plan import FORWARDS_BOTH, switches_for
from kitei.drivers.links.seen import (
    ALIAS,
    PROTOCOL,
    VXLAN_PORT,
    Device,
    Held,
    LinksSeen,
    Tunnel,
    Way,
    tunnel_between,
)
from kitei.network import Host, PermanentError, Step, TemporaryError

_BLACKHOLE = 6  # RTN_BLACKHOLE
_MAIN = 254
_UP = 1  # IFF_UP


def see_links(host: Host) -> LinksSeen:
    with host.netlink() as ip:
        links = list(ip.get_links())
        names = {link["index"]: str(link.get_attr("IFLA_IFNAME")) for link in links}
        devices = {names[link["index"]]: _device(link) for link in links}
        addresses = frozenset(_held(told, names) for told in ip.get_addr(family=AF_INET))
        ways = [_way(told, names) for told in ip.get_routes(family=AF_INET, table=_MAIN, proto=PROTOCOL)]
    known = (*switches_for(sorted(devices), sorted(devices)), *FORWARDS_BOTH)
    paths = [f"/proc/sys/{path}" for path in dict.fromkeys(known)]
    told = host.run(["grep", "-s", "", *paths]).out  # each as path:value; those a kernel lacks are left out
    switches = dict(line.removeprefix("/proc/sys/").split(":", 1) for line in told.splitlines())
    return LinksSeen(devices, addresses, frozenset(way for way in ways if way), switches)


def _device(link: Any) -> Device:
    alias = link.get_attr("IFLA_IFALIAS") or ""
    owner = alias.removeprefix(ALIAS) if alias.startswith(ALIAS) else None
    tunnel = None
    if link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") == "vxlan":
        vxlan = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA")
        tunnel = Tunnel(
            vxlan.get_attr("IFLA_VXLAN_ID"),
            vxlan.get_attr("IFLA_VXLAN_LOCAL"),
            vxlan.get_attr("IFLA_VXLAN_GROUP"),
            link.get_attr("IFLA_ADDRESS"),
            vxlan.get_attr("IFLA_VXLAN_PORT"),
            bool(vxlan.get_attr("IFLA_VXLAN_LEARNING")),
        )
    name = str(link.get_attr("IFLA_IFNAME"))
    return Device(name, bool(link["flags"] & _UP), link.get_attr("IFLA_MTU"), owner, tunnel)


def _held(told: Any, names: Mapping[int, str]) -> Held:
    address = f"{told.get_attr('IFA_LOCAL')}/{told['prefixlen']}"
    return Held(names.get(told["index"], "?"), address, told.get_attr("IFA_PROTO") == PROTOCOL)


def _way(told: Any, names: Mapping[int, str]) -> Way | None:
    if told["proto"] != PROTOCOL:
        return None
    destination = f"{told.get_attr('RTA_DST') or '0.0.0.0'}/{told['dst_len']}"
    leads = told.get_attr("RTA_OIF")
    return Way(
        destination,
        None if told["type"] == _BLACKHOLE else told.get_attr("RTA_GATEWAY"),
        told.get_attr("RTA_PRIORITY") or 0,
        names.get(leads) if leads else None,
    )


def change_links(host: Host, step: Step) -> None:
    if step.act == "find":
        there = ", ".join(step.with_["there"])
        raise PermanentError(
            f"port {step.with_['name']} does not exist on {host.name}; it has {there}: "
            "correct the machine's ports, or plug it in"
        )
    if step.act == "switch":
        done = host.run(["sysctl", "-qw", *(f"{p}={v}" for p, v in step.with_["switches"].items())])
        if done.code != 0:
            raise PermanentError(f"{host.name} refuses kernel switches: {done.err.strip()}")
        return
    try:
        with host.netlink() as ip:
            _change(ip, step)
    except NetlinkError as fault:
        raise TemporaryError(f"{host.name} could not {step.do}: {fault}") from fault


def _change(ip: Any, step: Step) -> None:
    with_ = step.with_
    match step.act:
        case "set":
            _set(ip, _index(ip, with_["name"]), with_)
        case "make":
            tunnel = tunnel_between(with_["number"], with_["local"], with_["remote"])
            ip.link(
                "add",
                ifname=with_["name"],
                address=tunnel.mac,
                kind="vxlan",
                vxlan_id=with_["number"],
                vxlan_local=with_["local"],
                vxlan_group=with_["remote"],
                vxlan_port=VXLAN_PORT,
                vxlan_learning=0,
            )
            _set(ip, _index(ip, with_["name"]), {**with_, "up": True})
        case "delete":
            ip.link("del", index=_index(ip, with_["name"]))
        case "give":
            at = ip_interface(with_["address"])
            index = _index(ip, with_["port"])
            ip.addr("add", index=index, address=str(at.ip), prefixlen=at.network.prefixlen, proto=PROTOCOL)
        case "take":
            at = ip_interface(with_["address"])
            index = _index(ip, with_["port"])
            ip.addr("del", index=index, address=str(at.ip), prefixlen=at.network.prefixlen)
        case "route":
            ip.route("replace", **_route(with_))
        case "unroute":
            _unroute(ip, with_)
        case _:
            raise ValueError(f"{step.act!r} is not an act of links such as 'make'")


def _set(ip: Any, index: int, with_: Mapping[str, Any]) -> None:
    alias = f"{ALIAS}{with_['owner']}" if with_["owner"] else ""
    ip.link("set", index=index, mtu=with_["mtu"], ifalias=alias, state="up" if with_["up"] else "down")


def _index(ip: Any, name: str) -> int:
    for index in ip.link_lookup(ifname=name):
        return int(index)
    raise TemporaryError(f"device {name} went away meanwhile")


def _route(with_: Mapping[str, Any]) -> dict[str, Any]:
    towards = {"gateway": with_["via"]} if with_["via"] else {"type": "blackhole"}
    metric = {"priority": with_["metric"]} if with_["metric"] else {}
    return (
        {"dst": str(ip_network(with_["destination"])), "proto": PROTOCOL, "table": _MAIN} | towards | metric
    )


def _unroute(ip: Any, with_: Mapping[str, Any]) -> None:
    try:
        ip.route("del", **_route(with_))
    except NetlinkError as fault:
        if fault.code != errno.ESRCH:  # it went with its device or address a moment ago
            raise
