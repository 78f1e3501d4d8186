"""A FlowRule as a flow specification (RFC 8955, RFC 8956): its components and their operators."""

import struct
from ipaddress import ip_network

from kitei.drivers.gobgp.values import Component, Match
from kitei.network import FlowRule

_PROTOCOL, _TO_PORT, _FROM_PORT, _FLAGS, _FRAGMENT = 3, 5, 6, 9, 12  # types of components
_EQUALS, _ANY_BIT, _ALL_BITS, _NONE_AND = 0x01, 0x00, 0x01, 0x42  # operators
_SYN, _ACK = 0x02, 0x10
_PIECES = 0x02 | 0x04 | 0x08  # is a fragment, is the first one, is the last one
_TCP, _UDP = 6, 17
_MOST_PORTS = 200  # a specification is at most 4,095 bytes long, and upstreams bear far less


def match_of(rule: FlowRule) -> Match:
    return Match(
        str(ip_network(rule.destination)),
        str(ip_network(rule.source)) if rule.source is not None else None,
        tuple(_components(rule)),
    )


def _components(rule: FlowRule) -> list[Component]:
    """In the order of their types, as they must be written."""
    found: list[Component] = []
    if rule.protocol is not None:
        found.append((_PROTOCOL, ((_EQUALS, rule.protocol),)))
    for number, ports in ((_TO_PORT, rule.destination_ports), (_FROM_PORT, rule.source_ports)):
        if ports:
            found.append((number, tuple((_EQUALS, port) for port in sorted(set(ports)))))
    if rule.syn:
        found.append((_FLAGS, ((_ALL_BITS, _SYN), (_NONE_AND, _ACK))))
    if rule.fragments:
        found.append((_FRAGMENT, ((_ANY_BIT, _PIECES),)))
    return found


def rate_of(rule: FlowRule) -> float:
    """Bytes a second as the wire carries them: an IEEE single (RFC 8955, 7.1)."""
    return float(struct.unpack("f", struct.pack("f", rule.rate))[0])


def flaws_of_rule(rule: FlowRule) -> list[str]:
    """What no router could make of it, beside its destination."""
    flaws = []
    if rule.source is not None:
        try:
            if ip_network(rule.source).version != ip_network(rule.destination).version:
                flaws.append(f"its source {rule.source} is of the other family")
        except ValueError:
            flaws.append(f"its source {rule.source!r} is not a prefix such as '192.0.2.0/24'")
    if rule.protocol is not None and not 0 <= rule.protocol <= 255:
        flaws.append(f"protocol {rule.protocol} is not between 0 and 255")
    ports = (*rule.source_ports, *rule.destination_ports)
    if any(not 0 <= port <= 65535 for port in ports):
        flaws.append("its ports are not between 0 and 65535")
    if len(ports) > _MOST_PORTS:
        flaws.append(f"it names {len(ports)} ports; at most {_MOST_PORTS} fit")
    if ports and rule.protocol not in (_TCP, _UDP):
        flaws.append("it names ports, so its protocol must be 6 or 17")
    if rule.syn and rule.protocol != _TCP:
        flaws.append("it asks for SYN, so its protocol must be 6")
    if rule.rate < 0:
        flaws.append(f"rate {rule.rate} is below 0")
    return flaws
