"""Where states come from: each engine's own socket, asked directly.

To start `vtysh` or `swanctl` each second would cost thirty milliseconds of a core a time; this costs less
than one.
"""

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kitei.agent.senses import Feeling, Felt, Numb
from kitei.drivers.freeradius.policy import target_name
from kitei.drivers.frr import vty_of
from kitei.drivers.strongswan.alive import living_links
from kitei.network import (
    BgpNeighbour,
    Gateway,
    HomeServer,
    Host,
    Part,
    SecureLink,
    TemporaryError,
    TunnelTerminator,
)
from kitei.network.report import What

_PATIENCE: Final = 2.0  # seconds
_FIRST_REDIAL, _LONGEST_REDIAL = 0.5, 2.0
_ANSWER_ENDS: Final = bytes(3)  # then one byte with the return code


class Ike:
    """Secure links by charon (RFC 7296): associated, with traffic keys installed.

    charon tries again for ever where nobody answers, and never after it was refused (its peer may have had no
    papers yet). So `redial` is called while a link that this node dials is down, less and less often.
    """

    name = "charon"
    kinds: frozenset[What] = frozenset({"ike"})

    def __init__(self, host: Host, redial: Callable[[], None]) -> None:
        self._host = host
        self._redial = redial
        self._pause = _FIRST_REDIAL
        self._next = 0.0

    def feel(self, parts: Sequence[Part]) -> Felt:
        links = {part.name: part.dials for part in parts if isinstance(part, SecureLink)}
        if not links:
            return {}
        try:
            living = living_links(self._host, _PATIENCE)
        except TimeoutError as error:
            raise Numb(f"silent for {_PATIENCE:g} s") from error
        self._mind(any(dials and name not in living for name, dials in links.items()))
        return {("ike", name): Feeling(name in living, {}) for name in links}

    def _mind(self, is_down: bool) -> None:
        now = time.monotonic()
        if not is_down:
            self._pause, self._next = _FIRST_REDIAL, now + _FIRST_REDIAL
        elif now >= self._next:
            self._next = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_REDIAL)
            self._redial()


class Bfd:
    """BFD sessions by bfdd (RFC 5880), by neighbour."""

    name = "bfdd"
    kinds: frozenset[What] = frozenset({"bfd"})

    def __init__(self, host: Host) -> None:
        self._host = host

    def feel(self, parts: Sequence[Part]) -> Felt:
        wanted = _neighbours(parts)
        if not wanted:
            return {}
        peers = ask_daemon(self._host, "bfdd", "show bfd peers json") or []
        up = {str(peer.get("peer")) for peer in peers if peer.get("status") == "up"}
        return {("bfd", name): Feeling(address in up, {}) for address, name in wanted.items()}


class Bgp:
    """BGP sessions by bgpd (RFC 4271), by neighbour, with how many prefixes each sent."""

    name = "bgpd"
    kinds: frozenset[What] = frozenset({"bgp"})

    def __init__(self, host: Host) -> None:
        self._host = host

    def feel(self, parts: Sequence[Part]) -> Felt:
        wanted = _neighbours(parts)
        if not wanted:
            return {}
        told = ask_daemon(self._host, "bgpd", "show bgp ipv4 unicast summary json") or {}
        peers: Mapping[str, Mapping[str, Any]] = told.get("ipv4Unicast", told).get("peers", {})
        return {("bgp", name): _session(peers.get(address, {})) for address, name in wanted.items()}


class Gateways:
    """Whether this node holds each virtual gateway address (VRRP, RFC 9568)."""

    name = "gateways"
    kinds: frozenset[What] = frozenset({"vrrp"})

    def feel(self, parts: Sequence[Part]) -> Felt:
        addresses = [part.address for part in parts if isinstance(part, Gateway)]
        return {("vrrp", address): Feeling(_is_ours(address.split("/")[0]), {}) for address in addresses}


class Homes:
    """Customers' own devices behind this node: their RADIUS servers and tunnel terminators, by the watch over them.

    They are told as long as the watch runs that knows them; one that must not be asked (`silent`) is not told.
    """

    name = "homes"
    kinds: frozenset[What] = frozenset({"home"})

    def __init__(self, host: Host) -> None:
        self._host = host

    def feel(self, parts: Sequence[Part]) -> Felt:
        wanted = [part for part in parts if isinstance(part, HomeServer | TunnelTerminator)]
        told = self._host.read(self._host.state("radius", "dead.json")) if wanted else None
        if told is None or "radius-watch" not in self._host.running():
            return {}
        dead = frozenset(json.loads(told))
        return {
            ("home", part.key): Feeling(target_name(part) not in dead, {})
            for part in wanted
            if not (isinstance(part, HomeServer) and part.silent)
        }


class Programs:
    """Programs that are kept running: those there were after the last change, and whether they are still.

    `restarted` is called when one is another process than before: it has lost what it was told.
    """

    name = "programs"
    kinds: frozenset[What] = frozenset({"engine"})

    def __init__(self, host: Host, restarted: Callable[[], None]) -> None:
        self._host = host
        self._restarted = restarted
        self._expected: Mapping[str, int] = {}

    def expect(self) -> None:
        """What runs now is what should."""
        self._expected = dict(self._host.running())

    def feel(self, parts: Sequence[Part]) -> Felt:
        expected, running = self._expected, self._host.running()
        if any(running.get(name, pid) != pid for name, pid in expected.items()):
            self._expected = {**expected, **{n: pid for n, pid in running.items() if n in expected}}
            self._restarted()
        return {("engine", name): Feeling(name in running, {}) for name in expected}


def ask_daemon(host: Host, daemon: str, question: str) -> Any:
    """The JSON answer of one of FRR's daemons; None where it does not run. Raises Numb."""
    try:
        with host.connect(vty_of(host, daemon)) as line:
            line.settimeout(_PATIENCE)
            _say(line, "enable")  # bfdd knows no `show` below it
            return json.loads(_say(line, question) or b"null")
    except (TemporaryError, ConnectionError):
        return None
    except (OSError, ValueError) as error:
        raise Numb(f"{question!r}: {error}") from error


def _say(line: socket.socket, words: str) -> bytes:
    line.sendall(words.encode() + b"\0")
    told = bytearray()
    while told[-4:-1] != _ANSWER_ENDS:
        piece = line.recv(1 << 16)
        if not piece:
            raise ConnectionError(f"the daemon hung up at {words!r}")
        told += piece
    return bytes(told[:-4]).strip(b"\0")


def _session(peer: Mapping[str, Any]) -> Feeling:
    received = peer.get("pfxRcd")
    detail = {"prefixes": received} if type(received) is int else {}
    return Feeling(peer.get("state") == "Established", detail)


def _neighbours(parts: Sequence[Part]) -> dict[str, str]:
    return {part.address: part.name for part in parts if isinstance(part, BgpNeighbour)}


def _is_ours(address: str) -> bool:
    """An address can be bound to if and only if it is on one of our interfaces; this is the cheapest way to ask."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as test:
        try:
            test.bind((address, 0))
        except OSError:
            return False
        return True
