"""Remote access by WireGuard: the kernel's where it has it, wireguard-go where it does not.

Ours are ports named `kw…`. The node makes its private key, keeps it in its state folder and tells only the public
one, as an event. Devices come, go and change in place: nobody else's session notices.
"""

import ipaddress
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from kitei.network import (
    Host,
    Part,
    PermanentError,
    RemoteAccess,
    RemoteDevice,
    Risk,
    Step,
    TemporaryError,
)
from kitei.network.expiry import still_wanted
from kitei.spool import Lane

__all__ = ["PREFIX", "PROGRAM", "RemoteSeen", "Wireguard", "handshakes"]

PREFIX: Final = "kw"
PROGRAM: Final = "wireguard"
LANE: Final = "gateway"
KEYED: Final = "gateway.keyed"
_KEY: Final = "wireguard.key"
_ALIAS: Final = "kitei-remote:"
_STARTS: Final = 5.0  # seconds wireguard-go may take to make its port
_TOGETHER: Final = 200  # peers removed by one command
_LACKING: Final = ("Unknown device type", "Operation not supported")


@dataclass(frozen=True, slots=True)
class RemoteSeen:
    """What there is of remote access. `port` '' : no port of ours; `keyed`: it has the key that this node keeps.

    `others` are ports of ours beside the first; `peers` are inner prefixes by public key.
    """

    at: datetime
    port: str = ""
    others: tuple[str, ...] = ()
    owner: str = ""
    listen: int = 0
    keyed: bool = False
    mtu: int = 0
    up: bool = False
    addresses: frozenset[str] = frozenset()
    peers: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Wireguard:
    """The driver of RemoteAccess and RemoteDevice."""

    name = "wireguard"
    reads = (RemoteAccess, RemoteDevice)

    def see(self, host: Host) -> RemoteSeen:
        links = [link for link in _links(host) if str(link["ifname"]).startswith(PREFIX)]
        now = host.now()
        if not links:
            return RemoteSeen(now)
        link, *others = links
        port = str(link["ifname"])
        told = _dump(host, port)
        addresses = frozenset(
            f"{each['local']}/{each['prefixlen']}"
            for each in link.get("addr_info", ())
            if not str(each["local"]).startswith("fe80:")
        )
        private, _, listen, _ = told[0] if told else ("", "", "0", "")
        return RemoteSeen(
            now,
            port,
            tuple(str(each["ifname"]) for each in others),
            str(link.get("ifalias", "")).removeprefix(_ALIAS),
            int(listen),
            bool(told) and private == (host.read(host.state(_KEY)) or "").strip(),
            int(link["mtu"]),
            "UP" in link["flags"],
            addresses,
            {row[0]: _prefixes(row[3]) for row in told[1:]},
        )

    def plan(self, wanted: Sequence[Part], seen: RemoteSeen) -> tuple[Step, ...]:
        parts = tuple(still_wanted(wanted, seen.at))
        access = next((part for part in parts if isinstance(part, RemoteAccess)), None)
        devices = [part for part in parts if isinstance(part, RemoteDevice)]
        return tuple(self._steps(access, devices, seen))

    def _steps(
        self, access: RemoteAccess | None, devices: Sequence[RemoteDevice], seen: RemoteSeen
    ) -> Iterator[Step]:
        name = access.name if access else ""
        for port in (seen.port, *seen.others):
            if port and port != name:
                yield Step(self.name, f"remove {port}", "remove", {"port": port}, Risk.OUTAGE, (seen.owner,))
        if access is None:
            return
        there = seen if seen.port == name else RemoteSeen(seen.at)
        if not there.port:
            yield Step(self.name, f"make {name}", "make", {"access": access})
        elif not _is_right(access, there):
            yield Step(self.name, f"set {name} as it must be", "set", {"access": access})
        yield from self._peers(name, devices, there)

    def _peers(self, port: str, devices: Sequence[RemoteDevice], seen: RemoteSeen) -> Iterator[Step]:
        """Those that go are out before others come in: an address may have changed hands."""
        right = {each.public_key: _prefixes(",".join(each.addresses)) for each in devices}
        gone = sorted(key for key in seen.peers if key not in right)
        if gone:
            do = f"let {len(gone)} devices in no longer"
            yield Step(self.name, do, "shut out", {"port": port, "keys": gone})
        fresh = {key: own for key, own in sorted(right.items()) if seen.peers.get(key) != own}
        if fresh:
            yield Step(self.name, f"let {len(fresh)} devices in", "let in", {"port": port, "peers": fresh})

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        match step.act:
            case "make":
                _make(host, told["access"])
            case "set":
                _set(host, told["access"])
            case "remove":
                _remove(host, told["port"])
            case "shut out":
                keys = told["keys"]
                for first in range(0, len(keys), _TOGETHER):
                    words = [w for key in keys[first : first + _TOGETHER] for w in ("peer", key, "remove")]
                    _wg(host, ["set", told["port"], *words])
            case "let in":
                text = "".join(
                    f"[Peer]\nPublicKey = {key}\nAllowedIPs = {', '.join(sorted(own))}\n"
                    for key, own in told["peers"].items()
                )
                _wg(host, ["addconf", told["port"], "/dev/stdin"], text)
            case _:
                raise ValueError(f"{step.act!r} is not an act of wireguard such as 'make'")


def handshakes(host: Host, port: str) -> dict[str, int] | None:
    """When each device was heard last, by public key, in seconds since 1970 (0: never); None: nobody answers."""
    done = host.run(["wg", "show", port, "latest-handshakes"], timeout=2.0)
    if done.code != 0:
        return None
    rows = (line.split("\t") for line in done.out.splitlines())
    return {key: int(at) for key, at in rows}


def _is_right(access: RemoteAccess, seen: RemoteSeen) -> bool:
    addresses = frozenset(map(_interface, access.addresses))
    return (
        seen.owner == access.origin.owner
        and (seen.listen, seen.mtu, seen.addresses) == (access.listen, access.mtu, addresses)
        and seen.keyed
        and seen.up
    )


# -- the machine -------------------------------------------------------------------------------------


def _make(host: Host, access: RemoteAccess) -> None:
    done = host.run(["ip", "link", "add", access.name, "type", "wireguard"])
    if done.code != 0 and any(word in done.err for word in _LACKING):
        host.stop(PROGRAM)  # one that lost its port serves nobody
        host.keep_running(PROGRAM, ["wireguard-go", "-f", access.name])
        _wait(host, access.name)
    elif done.code != 0:
        raise TemporaryError(f"{host.name} could not make {access.name}: {done.err.strip()}")
    _set(host, access)


def _wait(host: Host, port: str) -> None:
    until = time.monotonic() + _STARTS
    while not _dump(host, port):
        if time.monotonic() > until:
            raise TemporaryError(f"wireguard-go on {host.name} does not make {port}", 2.0)
        time.sleep(0.02)


def _set(host: Host, access: RemoteAccess) -> None:
    port = access.name
    _wg(host, ["set", port, "listen-port", str(access.listen), "private-key", _keyed(host)])
    alias = f"{_ALIAS}{access.origin.owner}"
    _ip(host, "link", "set", port, "mtu", str(access.mtu), "alias", alias, "up")
    right = set(map(_interface, access.addresses))
    for link in _links(host):
        if link["ifname"] == port:
            for each in link.get("addr_info", ()):
                address = f"{each['local']}/{each['prefixlen']}"
                if address not in right and not address.startswith("fe80:"):
                    _ip(host, "address", "del", address, "dev", port)
    for address in sorted(right):
        nodad = ["nodad"] if ":" in address else []
        _ip(host, "address", "replace", address, "dev", port, *nodad)


def _keyed(host: Host) -> str:
    """The path of this node's private key, made when there is none. Its public half is told each time it is put on
    a port: an office that lost it hears it again."""
    path = host.state(_KEY)
    if host.read(path) is None:
        made = host.run(["wg", "genkey"])
        if made.code != 0:
            raise PermanentError(f"wg on {host.name} makes no key: {made.err.strip()}")
        host.write(path, made.out)
    public = host.run(["wg", "pubkey"], stdin=host.read(path) or "")
    if public.code != 0:
        raise PermanentError(f"{path} on {host.name} holds no key: {public.err.strip()}")
    lane = Lane(Path(host.state("events", LANE)))
    lane.put(host.now(), KEYED, {"public_key": public.out.strip()})
    lane.close()
    return path


def _remove(host: Host, port: str) -> None:
    if PROGRAM in host.running():
        host.stop(PROGRAM)  # its port goes with it
    host.run(["ip", "link", "del", port])


def _dump(host: Host, port: str) -> list[list[str]]:
    """Rows as `wg show … dump` has them, the port's own first; none while nobody answers."""
    done = host.run(["wg", "show", port, "dump"])
    return [line.split("\t") for line in done.out.splitlines()] if done.code == 0 else []


def _prefixes(told: str) -> frozenset[str]:
    return frozenset(str(ipaddress.ip_network(each)) for each in told.split(",") if "/" in each)


def _interface(address: str) -> str:
    return str(ipaddress.ip_interface(address))


def _links(host: Host) -> list[dict[str, Any]]:
    done = host.run(["ip", "-j", "-d", "address"])
    if done.code != 0:
        raise TemporaryError(f"ip on {host.name} does not answer: {done.err.strip()}")
    return list(json.loads(done.out or "[]"))


def _wg(host: Host, words: Sequence[str], stdin: str = "") -> None:
    done = host.run(["wg", *words], stdin=stdin)
    if done.code != 0:
        raise TemporaryError(f"wg on {host.name} refuses '{' '.join(words[:2])}': {done.err.strip()}")


def _ip(host: Host, *words: str) -> None:
    done = host.run(["ip", *words])
    if done.code != 0:
        raise TemporaryError(f"{host.name} refuses 'ip {' '.join(words)}': {done.err.strip()}")
