"""A gateway of Secure Access: what passes, by which address it leaves, and the way to the Private Backbone.

What is ours: the table `inet kitei_access`, addresses and routes with protocol 109, and forwarding, which begins when
the table stands and ends before it goes.
"""

import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeVar

from pyroute2.netlink.exceptions import NetlinkError

import kitei
from kitei.drivers.access.rules import TABLE, table
from kitei.drivers.access.seen import FORWARDING, PROTOCOL, SWITCHES, AccessSeen, Held, Way
from kitei.drivers.access.shaper import ceiling, shape, unshape
from kitei.network import (
    Appliance,
    BackboneLink,
    Egress,
    Filter,
    FilterRule,
    Host,
    Part,
    PermanentError,
    Risk,
    Step,
    TemporaryError,
)
from kitei.network.expiry import still_wanted
from kitei.values import digest_of

__all__ = ["LANE", "PROGRAM", "Access", "AccessSeen", "counted", "stands"]

_MEMORY: Final = "access.json"
PROGRAM: Final = "passing"
LANE: Final = "passing"
_Kind = TypeVar("_Kind")


class Access:
    """The driver of Filter, FilterRule, Egress and BackboneLink. Of appliances it reads what goes on without them."""

    name = "access"
    reads = (Filter, FilterRule, Appliance, Egress, BackboneLink)

    def see(self, host: Host) -> AccessSeen:
        memory = host.read(host.state(_MEMORY))
        if memory is None:
            return AccessSeen(host.now())  # written before anything is made, removed after everything is gone
        told = json.loads(memory)
        listing = _listing(host)
        with host.netlink() as ip:
            names = {link["index"]: str(link.get_attr("IFLA_IFNAME")) for link in ip.get_links()}
            held = frozenset(_held(ip, names))
            ways = frozenset(_ways(ip, names))
        switches = host.run(["sysctl", "-n", *SWITCHES]).out.split()
        intact = bool(listing) and told.get("listing") == digest_of(listing)
        return AccessSeen(
            host.now(),
            True,
            told.get("text") if intact else None,
            tuple(told.get("owners", ())),
            held,
            ways,
            switches == ["1"] * len(SWITCHES),
            PROGRAM in host.running(),
            (port, ceiling(host, port)) if (port := told.get("shaped")) else None,
        )

    def plan(self, wanted: Sequence[Part], seen: AccessSeen) -> tuple[Step, ...]:
        parts = tuple(still_wanted(wanted, seen.at))
        gate, egress, link = _one(parts, Filter), _one(parts, Egress), _one(parts, BackboneLink)
        if gate is None:
            return tuple(self._end(seen))
        rules = [part for part in parts if isinstance(part, FilterRule)]
        text = table(gate, rules, egress, [part for part in parts if isinstance(part, Appliance)])
        owners = sorted({part.origin.owner for part in parts if isinstance(part, self.reads)})
        return tuple(self._steps(text, owners, egress, link, seen))

    def _end(self, seen: AccessSeen) -> Iterator[Step]:
        if seen.present:
            made = {
                "held": sorted(seen.held, key=str),
                "ways": sorted(seen.ways, key=str),
                "shaped": seen.shaped,
            }
            do = "stop forwarding and take the gateway down"
            yield Step(self.name, do, "end", made, Risk.OUTAGE, seen.owners)

    def _steps(
        self,
        text: str,
        owners: list[str],
        egress: Egress | None,
        link: BackboneLink | None,
        seen: AccessSeen,
    ) -> Iterator[Step]:
        held = {Held(egress.port, str(ip_address(each))) for each in egress.addresses} if egress else set()
        ways = set(_wanted_ways(link)) if link else set()
        for each in sorted(held - seen.held, key=str):
            yield Step(self.name, f"give {each.port} {each.address} to leave by", "give", {"held": each})
        if seen.loaded != digest_of(text) or list(seen.owners) != owners:
            yield Step(self.name, "put what passes in force", "load", {"text": text, "owners": owners})
        for each in sorted(seen.held - held, key=str):
            do = f"take {each.address} from {each.port}, with the flows that leave by it"
            yield Step(self.name, do, "take", {"held": each}, Risk.BLIP, tuple(owners))
        for way in sorted(seen.ways - ways, key=str):
            yield Step(
                self.name, f"end the way to {way.prefix}", "unroute", {"way": way}, Risk.BLIP, tuple(owners)
            )
        for way in sorted(ways - seen.ways, key=str):
            yield Step(self.name, f"lead {way.prefix} to the backbone", "route", {"way": way})
        wanted = (link.port, link.megabits) if link else None
        if seen.shaped is not None and (wanted is None or seen.shaped[0] != wanted[0]):
            yield Step(self.name, f"hold {seen.shaped[0]} to nothing", "unshape", {"port": seen.shaped[0]})
        if wanted is not None and seen.shaped != wanted:
            port, megabits = wanted
            do = f"hold {port} to {megabits} Mbit/s both ways"
            yield Step(self.name, do, "shape", {"port": port, "megabits": megabits})
        if not seen.records:
            yield Step(self.name, "write down what passes and what is denied", "record")
        if not seen.forwards:
            yield Step(self.name, "forward", "forward")

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        match step.act:
            case "give":
                _remember(host)
                _address(host, "add", told["held"])
            case "take":
                _address(host, "del", told["held"])
                _cut(host, told["held"].address)
            case "load":
                _load(host, told["text"], told["owners"])
            case "route" | "unroute":
                _route(host, "replace" if step.act == "route" else "del", told["way"])
            case "shape":
                _remember(host, shaped=told["port"])
                shape(host, told["port"], told["megabits"])
            case "unshape":
                unshape(host, told["port"])
                _remember(host, shaped="")
            case "record":
                _record(host)
            case "forward":
                _switch(host, "1")
            case "end":
                _switch(host, "0")
                host.stop(PROGRAM)
                if told["shaped"]:
                    unshape(host, told["shaped"][0])
                for way in told["ways"]:
                    _route(host, "del", way)
                for held in told["held"]:
                    _address(host, "del", held)
                    _cut(host, held.address)
                _filter(host, "")
                host.remove(host.state(_MEMORY))
            case _:
                raise ValueError(f"{step.act!r} is not an act of access such as 'load'")


def _one(parts: Sequence[Part], kind: type[_Kind]) -> _Kind | None:
    return next((part for part in parts if isinstance(part, kind)), None)


def _wanted_ways(link: BackboneLink) -> Iterator[Way]:
    via = {ip_address(each).version: str(ip_address(each)) for each in link.via}
    for prefix in link.prefixes:
        net = ip_network(prefix)
        if net.version in via:
            yield Way(str(net), via[net.version], link.port)


# -- the kernel --------------------------------------------------------------------------------------


def _held(ip: Any, names: dict[int, str]) -> Iterator[Held]:
    for told in ip.get_addr():
        if told.get_attr("IFA_PROTO") == PROTOCOL:
            address = told.get_attr("IFA_LOCAL") or told.get_attr("IFA_ADDRESS")
            yield Held(names.get(told["index"], "?"), str(ip_address(address)))


def _ways(ip: Any, names: dict[int, str]) -> Iterator[Way]:
    for told in ip.get_routes(proto=PROTOCOL):
        if told["proto"] == PROTOCOL and told.get_attr("RTA_DST"):
            prefix = str(ip_network(f"{told.get_attr('RTA_DST')}/{told['dst_len']}"))
            via = told.get_attr("RTA_GATEWAY") or ""
            yield Way(prefix, str(ip_address(via)) if via else "", names.get(told.get_attr("RTA_OIF"), "?"))


def _address(host: Host, act: str, held: Held) -> None:
    length = ip_address(held.address).max_prefixlen
    with host.netlink() as ip:
        more = {"proto": PROTOCOL} if act == "add" else {}
        if act == "add" and length == 128:
            more["flags"] = _NODAD
        _ask(
            host,
            f"{act} {held.address}",
            lambda: ip.addr(
                act, index=_index(ip, host, held.port), address=held.address, prefixlen=length, **more
            ),
        )


def _route(host: Host, act: str, way: Way) -> None:
    with host.netlink() as ip:
        more = {"family": 10} if ":" in way.prefix else {}
        _ask(
            host,
            f"{act} {way.prefix}",
            lambda: ip.route(
                act, dst=way.prefix, gateway=way.via, oif=_index(ip, host, way.port), proto=PROTOCOL, **more
            ),
        )


_NODAD: Final = 2  # IFA_F_NODAD: it is ours by statement, and used at once
_GONE: Final = (errno.ESRCH, errno.EADDRNOTAVAIL, errno.ENODEV, errno.EEXIST)


def _ask(host: Host, what: str, change: Any) -> None:
    """What is so already, or went with its device, is right."""
    try:
        change()
    except NetlinkError as fault:
        if fault.code not in _GONE:
            raise TemporaryError(f"{host.name} could not {what}: {fault}") from fault


def _index(ip: Any, host: Host, port: str) -> int:
    for index in ip.link_lookup(ifname=port):
        return int(index)
    raise PermanentError(
        f"port {port} does not exist on {host.name}: correct the gateway's ports, or plug it in"
    )


def _cut(host: Host, address: str) -> None:
    """End what still leaves by an address; that there was nothing is fine."""
    family = ["-f", "ipv6"] if ":" in address else []
    host.run(["conntrack", "-D", *family, "--reply-dst", address])


def _switch(host: Host, value: str) -> None:
    names = SWITCHES if value == "1" else FORWARDING
    done = host.run(["sysctl", "-qw", *(f"{name}={value}" for name in names)])
    if done.code != 0:
        raise PermanentError(f"{host.name} refuses kernel switches: {done.err.strip()}")


def _remember(host: Host, **more: Any) -> None:
    """Keep in mind what was made; once anything is, there is a memory."""
    told = json.loads(host.read(host.state(_MEMORY)) or "{}")
    host.write(host.state(_MEMORY), json.dumps({**told, **more}))


def _load(host: Host, text: str, owners: Sequence[str]) -> None:
    """Old and new change places at one instant. Counters go on from where they were, but for packets of that instant."""
    _remember(host)
    for name, (packets, bytes_) in counted(host).items():
        text = text.replace(f"counter {name} {{\n", f"counter {name} {{\npackets {packets} bytes {bytes_}\n")
    _filter(host, text)
    blank = _blank(text)
    _remember(host, text=digest_of(blank), listing=digest_of(_listing(host)), owners=list(owners))


def _blank(text: str) -> str:
    """The text as it was planned, without what was counted before."""
    return "".join(line for line in text.splitlines(True) if not line.startswith("packets "))


def counted(host: Host) -> dict[str, tuple[int, int]]:
    """Packets and bytes by counter; nothing where there is no table."""
    done = host.run(["nft", "-j", "list", "counters", "table", *TABLE.split()])
    if done.code != 0:
        return {}
    told = (entry["counter"] for entry in json.loads(done.out)["nftables"] if "counter" in entry)
    return {each["name"]: (int(each["packets"]), int(each["bytes"])) for each in told}


def stands(host: Host) -> bool:
    """Whether the filter is there and the machine forwards by it; cheap."""
    switches = host.run(["sysctl", "-n", *SWITCHES]).out.split()
    there = host.run(["nft", "list", "chain", *TABLE.split(), "leave"]).code == 0
    return there and switches == ["1"] * len(SWITCHES)


def _record(host: Host) -> None:
    argv = [sys.executable, "-m", "kitei.drivers.access.recorder", host.state("events", LANE)]
    code = os.path.dirname(os.path.dirname(os.path.abspath(kitei.__file__)))
    host.keep_running(PROGRAM, argv, {"PYTHONPATH": code})


def _filter(host: Host, text: str) -> None:
    fresh = f"table {TABLE}\ndelete table {TABLE}\n"  # the first line, so that there is one to delete
    done = host.run(["nft", "-f", "-"], stdin=fresh + text, timeout=30.0)
    if done.code != 0:
        raise PermanentError(f"nft on {host.name} refuses the gateway's filter: {done.err.strip()}")


def _listing(host: Host) -> str:
    """The rules without their counters; empty when the table is absent."""
    return host.run(["nft", "-s", "list", "table", *TABLE.split()], timeout=30.0).out
