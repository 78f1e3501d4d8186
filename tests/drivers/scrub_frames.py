"""Frames made by hand, and what a program says of one (BPF_PROG_TEST_RUN)."""

import ctypes
import socket
import struct
from ipaddress import ip_address

from kitei.drivers.scrubber.bpf import Program, libbpf

DROP, PASS, BACK = 1, 2, 3  # XDP_DROP, XDP_PASS, XDP_TX
FIN, SYN, RST, ACK = 1, 2, 4, 16
MACS = b"\x02\0\0\0\0\x02" + b"\x02\0\0\0\0\x01"


def checksum(told: bytes) -> int:
    told += b"\0" * (len(told) % 2)
    total = sum(struct.unpack(f">{len(told) // 2}H", told))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(packet: bytes, *tags: int, macs: bytes = MACS) -> bytes:
    """A frame of an IP packet, in these VLANs (the outermost first)."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    labels = b"".join(struct.pack(">HH", 0x8100, tag) for tag in tags)
    return (macs + labels + struct.pack(">H", kind) + packet).ljust(60, b"\0")


def ip(
    source: str, target: str, protocol: int, payload: bytes, *, offset: int = 0, more: bool = False
) -> bytes:
    """`offset` is in units of eight bytes; with it or `more` the packet is a fragment."""
    a, b = ip_address(source), ip_address(target)
    if a.version == 6:
        if offset or more:
            payload = struct.pack(">BBHI", protocol, 0, offset << 3 | more, 7) + payload
            protocol = 44
        return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 60) + a.packed + b.packed + payload
    place = offset | (0x2000 if more else 0)
    head = (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, place, 60, protocol, 0) + a.packed + b.packed
    )
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def udp(source: str, target: str, sport: int, dport: int = 9, size: int = 8) -> bytes:
    head = struct.pack(">HHHH", sport, dport, 8 + size, 0)
    return ip(source, target, 17, head + bytes(size))


def tcp(
    source: str, target: str, flags: int, sport: int = 40000, dport: int = 80, seq: int = 0, ack: int = 0
) -> bytes:
    a, b = ip_address(source), ip_address(target)
    head = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 1024, 0, 0)
    whole = checksum(a.packed + b.packed + struct.pack(">II", len(head), 6) + head)
    return ip(source, target, 6, head[:16] + struct.pack(">H", whole) + head[18:])


class _Options(ctypes.Structure):
    """`struct bpf_test_run_opts` (bpf/bpf.h)."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("data_in", ctypes.c_void_p),
        ("data_out", ctypes.c_void_p),
        ("data_in_size", ctypes.c_uint32),
        ("data_out_size", ctypes.c_uint32),
        ("context_in", ctypes.c_void_p),
        ("context_out", ctypes.c_void_p),
        ("context_in_size", ctypes.c_uint32),
        ("context_out_size", ctypes.c_uint32),
        ("verdict", ctypes.c_uint32),
        ("repeat", ctypes.c_int),
        ("duration", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("cpu", ctypes.c_uint32),
        ("batch_size", ctypes.c_uint32),
    )


def tried(program: Program, frame: bytes) -> tuple[int, bytes]:
    """The verdict, and the frame as the program left it."""
    given, left = ctypes.create_string_buffer(frame, len(frame)), ctypes.create_string_buffer(2048)
    options = _Options(size=ctypes.sizeof(_Options), repeat=1)
    options.data_in, options.data_in_size = ctypes.addressof(given), len(frame)
    options.data_out, options.data_out_size = ctypes.addressof(left), len(left)
    if libbpf().bpf_prog_test_run_opts(program.handle, ctypes.byref(options)):
        raise OSError(ctypes.get_errno(), "the program cannot be tried")
    return options.verdict, left.raw[: options.data_out_size]


def sender(interface: str) -> socket.socket:
    """A socket that sends frames as they are; open it in the namespace of the interface."""
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    line.bind((interface, 0))
    return line
