"""Return tunnels in the kernel: GRE (RFC 2784) where it is there, VXLAN (RFC 7348) where it is not.

What is ours: devices named `kr` and a number, routes with protocol 108, and the table `inet kitei_return`. Whether
the kernel has GRE is learnt by asking it for a GRE device; where it has none a VXLAN device stands in, and says so
in its alias. Both ends must come to the same, so where only one has GRE, order `vxlan`.
"""

import json
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final

from kitei.drivers.tunnels.clamp import TABLE
from kitei.drivers.tunnels.plan import plan_tunnels
from kitei.drivers.tunnels.seen import (
    PORT,
    PREFIX,
    PROTOCOL,
    End,
    Into,
    TunnelsSeen,
    device_of,
    link_local_of,
    mac_of,
)
from kitei.network import Host, Part, PermanentError, ReturnTunnel, Step, TemporaryError
from kitei.values import digest_of

__all__ = ["Tunnels", "TunnelsSeen"]

_MEMORY: Final = "tunnels.json"
_ALIAS, _STANDS_IN = "kitei-return:", "kitei-return-in-place-of-gre:"
_LACKING: Final = (
    "Unknown device type",
    "Operation not supported",
)  # the kernel's words for a kind it has not


class Tunnels:
    """The driver of ReturnTunnel."""

    name = "tunnels"
    reads = (ReturnTunnel,)

    def see(self, host: Host) -> TunnelsSeen:
        memory = host.read(host.state(_MEMORY))
        if memory is None:
            return TunnelsSeen()  # written before anything is made, removed after everything is gone
        links = [link for link in _asked(host, "-d", "address") if _is_ours(link)]
        return TunnelsSeen(
            present=True,
            ends={link["ifname"]: _end(link) for link in links},
            routes=frozenset(_routes(host)),
            clamp=_loaded(host, json.loads(memory)),
        )

    def plan(self, wanted: Sequence[Part], seen: TunnelsSeen) -> tuple[Step, ...]:
        return plan_tunnels(wanted, seen)

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        match step.act:
            case "make":
                _make(host, told["part"])
            case "set":
                _set(host, told["part"], told["kind"], told["surplus"])
            case "delete":
                _ip(host, "link", "del", told["device"])
            case "route":
                _ip(host, *_family(told["route"]), "route", "replace", *_words(told["route"]))
            case "unroute":
                _ip(host, *_family(told["route"]), "route", "del", *_words(told["route"]))
            case "clamp":
                _load(host, told["text"])
            case "clear":
                _filter(host, "")
                host.remove(host.state(_MEMORY))
            case "refuse":
                raise PermanentError("; ".join(told["flaws"]))
            case _:
                raise ValueError(f"{step.act!r} is not an act of tunnels such as 'make'")


def _make(host: Host, part: ReturnTunnel) -> None:
    kind = part.encapsulation
    if kind == "gre":
        done = host.run(["ip", "link", "add", device_of(part), *_gre(part)])
        if done.code != 0 and any(word in done.err for word in _LACKING):
            kind = "vxlan"  # this kernel has no GRE
        elif done.code != 0:
            raise TemporaryError(f"{host.name} could not make {device_of(part)}: {done.err.strip()}")
    if kind == "vxlan":
        _ip(host, "link", "add", device_of(part), *_vxlan(part))
    _set(host, part, kind, ())


def _gre(part: ReturnTunnel) -> tuple[str, ...]:
    kind = "gre" if ip_address(part.local).version == 4 else "ip6gre"
    return ("type", kind, "local", part.local, "remote", part.remote, "key", str(part.number))


def _vxlan(part: ReturnTunnel) -> tuple[str, ...]:
    ends = ("local", part.local, "remote", part.remote, "dstport", str(PORT))
    return ("address", mac_of(part.local), "type", "vxlan", "id", str(part.number), *ends, "nolearning")


def _set(host: Host, part: ReturnTunnel, kind: str, surplus: Sequence[str]) -> None:
    """What is right stays, and so do the routes through it. Loose reverse-path checks (RFC 3704, 2.4): answers may go another way than the questions came."""
    device, name = device_of(part), part.origin.owner
    alias = f"{_ALIAS if kind == part.encapsulation else _STANDS_IN}{name}"
    _ip(host, "link", "set", device, "mtu", str(part.mtu), "alias", alias, "addrgenmode", "none", "up")
    for address in surplus:
        _ip(host, "address", "del", address, "dev", device)
    switches = [f"net.ipv4.conf.{device}.rp_filter=2", f"net.ipv6.conf.{device}.disable_ipv6=0"]
    done = host.run(["sysctl", "-qw", *switches])
    if done.code != 0:
        raise PermanentError(f"{host.name} refuses kernel switches: {done.err.strip()}")
    _ip(host, "address", "replace", part.address, "dev", device)
    _ip(host, "-6", "address", "replace", f"{link_local_of(part.local)}/64", "dev", device, "nodad")


def _end(link: Mapping[str, Any]) -> End:
    info = link.get("linkinfo", {})
    told = info.get("info_data", {})
    alias = str(link.get("ifalias", ""))
    stands_in = alias.startswith(_STANDS_IN)
    is_vxlan = info.get("info_kind") == "vxlan"
    return End(
        kind="vxlan" if is_vxlan else "gre",
        number=_number(told.get("id" if is_vxlan else "ikey", 0)),
        local=str(told.get("local") or told.get("local6") or ""),
        remote=str(told.get("remote") or told.get("remote6") or ""),
        mtu=int(link["mtu"]),
        owner=alias.removeprefix(_STANDS_IN).removeprefix(_ALIAS),
        stands_in=stands_in,
        up="UP" in link["flags"],
        addresses=frozenset(f"{a['local']}/{a['prefixlen']}" for a in link.get("addr_info", ())),
    )


def _number(told: Any) -> int:
    """A GRE key is told as an address."""
    return int(ip_address(told)) if isinstance(told, str) and "." in told else int(told)


def _is_ours(link: Mapping[str, Any]) -> bool:
    return str(link["ifname"]).startswith(PREFIX) and link.get("linkinfo", {}).get("info_kind") in (
        "vxlan",
        "gre",
        "ip6gre",
    )


def _routes(host: Host) -> list[Into]:
    found = []
    for family in ("-4", "-6"):
        for route in _asked(host, family, "route", "show", "table", "main", "proto", str(PROTOCOL)):
            found.append(Into(str(ip_network(route["dst"])), str(route.get("dev", "")), route.get("gateway")))
    return found


def _words(route: Into) -> tuple[str, ...]:
    via = ("via", route.via) if route.via else ()
    return (route.prefix, *via, "dev", route.device, "onlink", "proto", str(PROTOCOL))


def _family(route: Into) -> tuple[str, ...]:
    return ("-6",) if ":" in route.prefix else ("-4",)


def _load(host: Host, text: str) -> None:
    if host.read(host.state(_MEMORY)) is None:
        host.write(host.state(_MEMORY), "{}")
    _filter(host, text)
    host.write(
        host.state(_MEMORY), json.dumps({"text": digest_of(text), "listing": digest_of(_listing(host))})
    )


def _loaded(host: Host, memory: Mapping[str, str]) -> str | None:
    """The digest of the text last loaded, if nobody changed it in the kernel since."""
    return memory.get("text") if memory.get("listing") == digest_of(_listing(host)) else None


def _filter(host: Host, text: str) -> None:
    fresh = f"table {TABLE}\ndelete table {TABLE}\n"  # the first line, so that there is one to delete
    done = host.run(["nft", "-f", "-"], stdin=fresh + text)
    if done.code != 0:
        raise PermanentError(f"nft on {host.name} refuses the filter of tunnels: {done.err.strip()}")


def _listing(host: Host) -> str:
    """The rules without their counters; empty when the table is absent."""
    return host.run(["nft", "-s", "list", "table", *TABLE.split()]).out


def _asked(host: Host, *words: str) -> list[Any]:
    done = host.run(["ip", "-j", *words])
    if done.code != 0:
        raise TemporaryError(f"ip on {host.name} does not answer: {done.err.strip()}")
    return list(json.loads(done.out or "[]"))


def _ip(host: Host, *words: str) -> None:
    done = host.run(["ip", *words])
    if done.code != 0:
        raise TemporaryError(f"{host.name} refuses 'ip {' '.join(words)}': {done.err.strip()}")
