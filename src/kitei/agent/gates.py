"""Whether a gateway works, and which devices are connected: asked of the kernel itself, and by a login."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kitei.agent.senses import Feeling, Felt, Numb
from kitei.agent.tunnels import Entrance
from kitei.agent.visits import Visitor
from kitei.drivers.access import stands
from kitei.drivers.squid.visiting import proxy_port
from kitei.drivers.suricata import inspects
from kitei.drivers.wireguard import handshakes
from kitei.network import (
    Appliance,
    BackboneLink,
    BrowserGateway,
    Filter,
    FilterRule,
    Host,
    LoginProbe,
    NetworkRelay,
    Part,
    RemoteAccess,
    RemoteDevice,
    TemporaryError,
    TunnelGateway,
    WebGateway,
)
from kitei.network.report import What

_EVERY: Final = 3.0  # seconds: to ask costs two commands
_FRESH: Final = (
    190  # seconds: WireGuard shakes hands anew every 120 while there is traffic, and gives up after 180
)


class Gates:
    """`gateway` by the part's key: the filter stands, its port to the Internet has a line, and not all it lets pass
    ends where nobody looks; an appliance looks into flows; known pages come through the proxy; the remote access
    answers there; the port to the backbone has a line; users can log in for tunnels, or by browser. `device` by its
    name: it shook hands a short while ago."""

    name = "gates"
    kinds: frozenset[What] = frozenset({"gateway", "device"})

    def __init__(self, host: Host) -> None:
        self._host = host
        self._entrance = Entrance(host.state("sacks"))
        self._visitor = Visitor()
        self._felt: Felt = {}
        self._of: tuple[Part, ...] = ()
        self._next = 0.0

    def feel(self, parts: Sequence[Part]) -> Felt:
        of = tuple(each for each in parts if isinstance(each, _FELT | LoginProbe))
        if not any(isinstance(each, _FELT) for each in of):
            return {}
        now = time.monotonic()
        if of != self._of or now >= self._next:
            try:
                self._felt = self._look(of)
            except TemporaryError as error:
                raise Numb(str(error)) from error
            self._of, self._next = of, now + _EVERY
        return self._felt

    def _look(self, parts: Sequence[Part]) -> Felt:
        lines = self._lines()
        gate = next((each for each in parts if isinstance(each, Filter)), None)
        out = gate is not None and gate.outside in lines
        felt: dict[tuple[What, str], Feeling] = {}
        heard: dict[str, int] = {}
        looks: dict[int, bool] = {}
        for part in parts:
            match part:
                case Appliance():
                    looks[part.number] = inspects(self._host, part)
                    felt["gateway", part.key] = Feeling(looks[part.number], {})
                case WebGateway() if part.visits:
                    came = self._visitor.works(part.visits, proxy_port(self._host))
                    if came is not None or not out:
                        felt["gateway", part.key] = Feeling(out and came is True, {})
                    elif (before := self._felt.get(("gateway", part.key))) is not None:
                        felt["gateway", part.key] = before
                case TunnelGateway() | BrowserGateway():
                    works = self._entrance.works(part, parts, self._host.now())
                    felt["gateway", part.key] = Feeling(works, {})
                case BackboneLink() | NetworkRelay():
                    felt["gateway", part.key] = Feeling(part.port in lines, {})
                case RemoteAccess():
                    told = handshakes(self._host, part.name)
                    heard = told or {}
                    felt["gateway", part.key] = Feeling(out and told is not None and part.name in lines, {})
        if gate is not None:
            works = out and stands(self._host) and not _is_blind(parts, looks)
            felt["gateway", gate.key] = Feeling(works, {})
        now = time.time()  # the kernel's own clock, as handshakes are told by it
        for part in parts:
            if isinstance(part, RemoteDevice):
                at = heard.get(part.public_key, 0)
                felt["device", part.name] = Feeling(0 < now - at < _FRESH, {"at": at} if at else {})
        return felt

    def _lines(self) -> frozenset[str]:
        """Ports that are up and have a line."""
        with self._host.netlink() as ip:
            return frozenset(str(link.get_attr("IFLA_IFNAME")) for link in ip.get_links() if _has_line(link))


def _is_blind(parts: Sequence[Part], looks: Mapping[int, bool]) -> bool:
    """Whether all that may pass is to be looked into by closed profiles, and none of them looks."""
    closed = {each.number for each in parts if isinstance(each, Appliance) and each.blind == "deny"}
    allowed = {each.profile for each in parts if isinstance(each, FilterRule) and each.action == "allow"}
    return bool(allowed) and all(each in closed and not looks[each] for each in allowed)


def _has_line(link: Any) -> bool:
    return bool(link["flags"] & _UP) and link.get_attr("IFLA_OPERSTATE") in ("UP", "UNKNOWN")


_UP: Final = 1  # IFF_UP
_FELT: Final = (
    Filter
    | FilterRule
    | Appliance
    | WebGateway
    | RemoteAccess
    | RemoteDevice
    | BackboneLink
    | TunnelGateway
    | BrowserGateway
    | NetworkRelay
)
