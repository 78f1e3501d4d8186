"""Flow exports made by hand, and captures of them, for the tests of this folder."""

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path

Fields = Sequence[tuple[int, int]]  # information element, length

V4: Fields = ((8, 4), (12, 4), (1, 4), (2, 4), (4, 1), (6, 1), (7, 2), (11, 2))
V6: Fields = ((27, 16), (28, 16), (1, 4), (2, 4), (4, 1), (6, 1), (7, 2), (11, 2))


def flow(
    src: str,
    dst: str,
    octets: int = 1000,
    packets: int = 10,
    *,
    protocol: int = 17,
    flags: int = 0,
    sport: int = 4000,
    dport: int = 80,
) -> bytes:
    """A record of the templates V4 and V6."""
    addresses = ip_address(src).packed + ip_address(dst).packed
    return addresses + struct.pack(">IIBBHH", octets, packets, protocol, flags, sport, dport)


def a_set(id: int, body: bytes) -> bytes:
    body += b"\0" * (-len(body) % 4)
    return struct.pack(">HH", id, 4 + len(body)) + body


def template(id: int, fields: Fields, version: int = 9) -> bytes:
    body = struct.pack(">HH", id, len(fields)) + b"".join(struct.pack(">HH", *each) for each in fields)
    return a_set(0 if version == 9 else 2, body)


def options_template(id: int, scopes: Fields, fields: Fields, version: int = 9) -> bytes:
    listed = b"".join(struct.pack(">HH", *each) for each in (*scopes, *fields))
    if version == 9:
        return a_set(1, struct.pack(">HHH", id, 4 * len(scopes), 4 * len(fields)) + listed)
    return a_set(3, struct.pack(">HHH", id, len(scopes) + len(fields), len(scopes)) + listed)


def netflow9(
    *sets: bytes, sequence: int = 0, domain: int = 0, uptime: int = 3_600_000, at: int = 1_700_000_000
) -> bytes:
    return struct.pack(">HHIIII", 9, len(sets), uptime, at, sequence, domain) + b"".join(sets)


def ipfix(*sets: bytes, sequence: int = 0, domain: int = 0, at: int = 1_700_000_000) -> bytes:
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), at, sequence, domain) + body


def netflow5(
    flows: Sequence[tuple[str, str, int, int]], *, sequence: int = 0, engine: int = 0, sampling: int = 0
) -> bytes:
    """`flows` are (src, dst, octets, packets), all TCP SYN to port 443."""
    head = struct.pack(
        ">HHIIIIHH", 5, len(flows), 3_600_000, 1_700_000_000, 0, sequence, engine, 1 << 14 | sampling
    )
    return head + b"".join(
        ip_address(src).packed
        + ip_address(dst).packed
        + struct.pack(
            ">4sHHIIIIHHBBBBHHBBH", b"", 1, 2, packets, octets, 0, 0, 5000, 443, 0, 2, 6, 0, 0, 0, 0, 0, 0
        )
        for src, dst, octets, packets in flows
    )


def sflow_element(head: bytes, length: int, *, protocol: int = 1) -> bytes:
    padded = head + b"\0" * (-len(head) % 4)
    return struct.pack(">IIIIII", 1, 16 + len(padded), protocol, length, 4, len(head)) + padded


def sflow_sample(
    *elements: bytes, rate: int = 100, expanded: bool = False, sequence: int = 1, drops: int = 0
) -> bytes:
    body = b"".join(elements)
    if expanded:
        head = struct.pack(">11I", sequence, 0, 1, rate, rate, drops, 0, 1, 0, 2, len(elements))
    else:
        head = struct.pack(">8I", sequence, 1, rate, rate, drops, 1, 2, len(elements))
    return struct.pack(">II", 3 if expanded else 1, len(head) + len(body)) + head + body


def sflow(*samples: bytes, agent: str = "192.0.2.1", sub_agent: int = 0, sequence: int = 1) -> bytes:
    packed = ip_address(agent).packed
    head = struct.pack(">II", 5, 1 if len(packed) == 4 else 2) + packed
    return head + struct.pack(">IIII", sub_agent, sequence, 3_600_000, len(samples)) + b"".join(samples)


def ip4(src: str, dst: str, protocol: int, payload: bytes = b"", *, offset: int = 0) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, offset, 64, protocol, 0)
    return head + ip_address(src).packed + ip_address(dst).packed + payload


def ip6(src: str, dst: str, next_header: int, payload: bytes = b"") -> bytes:
    head = struct.pack(">IHBB", 6 << 28, len(payload), next_header, 64)
    return head + ip_address(src).packed + ip_address(dst).packed + payload


def udp(sport: int, dport: int, payload: bytes = b"") -> bytes:
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def tcp(sport: int, dport: int, flags: int = 2) -> bytes:
    return struct.pack(">HHIIBBHHH", sport, dport, 1, 0, 0x50, flags, 1024, 0, 0)


def ethernet(ether_type: int, payload: bytes) -> bytes:
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + struct.pack(">H", ether_type) + payload


def pcap(packets: Iterable[tuple[float, bytes]], path: Path) -> Path:
    """A capture of Ethernet frames at their seconds."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, frame in packets:
            micros = round(at * 1_000_000)
            file.write(struct.pack("<IIII", micros // 10**6, micros % 10**6, len(frame), len(frame)) + frame)
    return path


def exported(payload: bytes, *, source: str = "192.0.2.1", port: int = 2055) -> bytes:
    """A datagram to a collector as a frame."""
    return ethernet(0x0800, ip4(source, "192.0.2.200", 17, udp(port, port, payload)))
