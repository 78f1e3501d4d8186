"""What the WAN carries, frame by frame: IKE, ESP, ARP, and anything else, which there must not be."""

import select
import socket
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from kitei.lab.inside import Errand, Stop, send
from kitei.lab.stream import MARK
from kitei.lab.wire import WAN

_ETH_P_ALL = 3
_OUTGOING = 4  # PACKET_OUTGOING of packet(7): the copy a bridge hands on, already counted when it came in
PROTECTED = ("esp", "esp-in-udp", "ike", "keep-alive")


@dataclass(frozen=True, slots=True)
class Carried:
    """Frames that devices put on the WAN, by kind; `strays` are the first few of kind `other`, in words.

    `readable` counts frames in which the lab's plaintext mark could be read: it must be none.
    """

    frames: Mapping[str, int]
    readable: int
    strays: tuple[str, ...] = field(default=())

    @property
    def is_protected(self) -> bool:
        return self.readable == 0 and self.frames.get("other", 0) == 0

    @property
    def encrypted(self) -> int:
        return self.frames.get("esp", 0) + self.frames.get("esp-in-udp", 0)


@dataclass(slots=True)
class Capture:
    """A capture under way on the whole WAN."""

    errand: Errand

    def finish(self) -> Carried:
        self.errand.end()
        told = self.errand.finish()
        return Carried(told["frames"], told["readable"], tuple(told["strays"]))


def start() -> Capture:
    """Begin to watch what every device puts on the WAN."""
    return Capture(send(WAN, _watch))


def kind(frame: bytes) -> str:
    """What an Ethernet frame is, by RFC 826, RFC 4303, RFC 3948 and RFC 7296."""
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype == 0x0806:
        return "arp"
    if ethertype != 0x0800 or len(frame) < 34:
        return "other"
    header = 14 + (frame[14] & 15) * 4
    if int.from_bytes(frame[20:22], "big") & 0x1FFF:
        return "other"  # a later fragment hides its ports: protected traffic here never needs one
    if frame[23] == 50:
        return "esp"
    if frame[23] != 17 or len(frame) < header + 8:
        return "other"
    source, target, length = struct.unpack_from("!HHH", frame, header)
    payload = frame[header + 8 : header + length]
    if 500 in (source, target):
        return "ike"
    if 4500 not in (source, target):
        return "other"
    if payload == b"\xff":
        return "keep-alive"
    return "ike" if payload[:4] == bytes(4) else "esp-in-udp"


def _in_words(frame: bytes) -> str:
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype != 0x0800 or len(frame) < 34:
        return f"ethertype 0x{ethertype:04x}, {len(frame)} bytes"
    ends = f"{socket.inet_ntoa(frame[26:30])} > {socket.inet_ntoa(frame[30:34])}"
    return f"{ends} protocol {frame[23]}, {len(frame)} bytes"


def _watch() -> dict[str, object]:
    """Inside the WAN's namespace, until asked to end."""
    stop = Stop()
    frames: Counter[str] = Counter()
    readable = 0
    strays: list[str] = []
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL)) as tap:
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        tap.setblocking(False)
        while not stop:
            if not select.select([tap], [], [], 0.1)[0]:
                continue
            frame, (jack, _, direction, *_) = tap.recvfrom(65535)
            if direction == _OUTGOING or not jack.startswith("p"):
                continue
            what = kind(frame)
            frames[what] += 1
            readable += MARK in frame
            if what == "other" and len(strays) < 8:
                strays.append(_in_words(frame))
    return {"frames": frames, "readable": readable, "strays": strays}
