"""Frames are told apart by what RFC 3948 and RFC 7296 say of them."""

import struct

from kitei.lab.capture import kind


def ethernet(ethertype: int, payload: bytes) -> bytes:
    return bytes(12) + struct.pack("!H", ethertype) + payload


def ipv4(protocol: int, payload: bytes, fragment: int = 0) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, fragment, 64, protocol, 0) + bytes(8)
    return ethernet(0x0800, header + payload)


def udp(port: int, payload: bytes) -> bytes:
    return ipv4(17, struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload)


def test_esp_is_known_bare_and_in_udp() -> None:
    assert kind(ipv4(50, b"\1\2\3\4")) == "esp"
    assert kind(udp(4500, b"\1\2\3\4 sealed")) == "esp-in-udp"


def test_ike_is_known_on_both_its_ports_and_apart_from_esp() -> None:
    assert kind(udp(500, b"any")) == "ike"
    assert kind(udp(4500, bytes(4) + b"ike")) == "ike"
    assert kind(udp(4500, b"\xff") + bytes(17)) == "keep-alive"  # with Ethernet's padding


def test_everything_else_is_a_stray() -> None:
    assert kind(udp(4789, b"vxlan")) == "other"
    assert kind(ipv4(1, b"ping")) == "other"
    assert kind(ipv4(17, bytes(12), fragment=7)) == "other"
    assert kind(ethernet(0x86DD, bytes(40))) == "other"
    assert kind(ethernet(0x0806, bytes(28))) == "arp"
