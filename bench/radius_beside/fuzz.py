"""What nobody should send: requests, user lists and packets, cut up and put together anew. Deterministic by seed."""

import hashlib
import hmac
import random
import struct
from collections.abc import Iterator

from kitei.radius.policy import (
    Answer,
    Caps,
    Client,
    Group,
    Policy,
    Proxy,
    Reason,
    Target,
    User,
    Vpdn,
    World,
    answer,
)
from kitei.radius.users import Faulty, read_csv

_USERS = {
    "alice": User(clear="pw"),
    "off": User(clear="pw", off=True),
    "hashed": User(hashed="scrypt$1$1$1$AA==$AA=="),
}
_TARGETS = (
    Target("a", "192.0.2.20", 1, 3, "s"),
    Target("b", "2001:db8::1", 1, 0),
    Target("c", "192.0.2.22", 2, 1),
)
POLICY = Policy(
    {
        "192.0.2.7": Client("c1", frozenset(["shop.example"])),
        "192.0.2.8": Client("c2", frozenset(["other.example", "passed.example"]), rate=5),
        "192.0.2.9": Client("c3", frozenset(), carries="D"),
    },
    {
        "shop.example": Group(
            "c1", "shop.example", frozenset(["pap", "chap", "peap", "tls"]), _USERS.get, "/CN=x"
        ),
        "other.example": Group(
            "c2", "other.example", frozenset(["mschapv2"]), _USERS.get, "", Caps(3, 1, 9, 9)
        ),
        "passed.example": Proxy("c2", "passed.example", True, _TARGETS),
        "door.example": Vpdn("c3", "door.example", "D", True, _TARGETS),
    },
)
_NAMES = ("User-Name", "User-Password", "CHAP-Password", "EAP-Message", "MS-CHAP2-Response", "Calling-Station-Id",
          "NAS-Port", "State", "Tmp-String-0", "Message-Authenticator")  # fmt: skip
_TEXTS = ("", "alice", "alice@shop.example", "alice@SHOP.example", "off@shop.example", "hashed@shop.example", "x@door.example",
          "a@b@shop.example", "@", "@shop.example", "alice@", "pw", "\x00", "\udcff", "é" * 70, "0x", "%{User-Name}",
          "alice@other.example", "u@passed.example", "\\\\", "𝔄@shop.example", "a" * 253)  # fmt: skip
_CELLS = ("name", "password", "state", "Class", "alice", "on", "off", "pw-of-alice", '"', '""', ",", "\r\n", "\n", "\r", "\t",
          "\ufeff", "\x00", "\u3000", "=cmd()", "Framed-IP-Address", "10.0.0.1", "999.1.1.1", "名前", "é", " ", ";", "a" * 300)  # fmt: skip


def requests(seed: int, count: int) -> Iterator[tuple[str, dict[str, str], str]]:
    """Address, request and tunnel."""
    draw = random.Random(seed)
    addresses = (*POLICY.clients, "198.51.100.1", "")
    for _ in range(count):
        told = {draw.choice(_NAMES): _text(draw) for _ in range(draw.randrange(6))}
        yield draw.choice(addresses), told, draw.choice(("", "", "PEAP", "TTLS", "GTC"))


def try_policy(seed: int, count: int) -> int:
    """Answers all; how many break a law of answers."""
    draw, broken = random.Random(seed + 1), 0
    for address, told, tunnel in requests(seed, count):
        counts = draw.randrange(5), draw.randrange(3)
        dead = frozenset(draw.sample("abc", draw.randrange(4)))
        may = draw.random() < 0.9
        world = World(
            lambda a, r, may=may: may,
            lambda w, p, h: False,
            lambda r, u, c=counts: c,
            lambda r, u, c=counts: c,
            dead,
        )
        broken += not _is_lawful(answer(POLICY, world, address, told, tunnel), address, told)
    return broken


def _is_lawful(found: Answer, address: str, told: dict[str, str]) -> bool:
    if (found.reason is Reason.ACCEPTED) == (found.act in ("refuse", "silent")):
        return False
    if address not in POLICY.clients:
        return found == Answer("silent", Reason.UNKNOWN_CLIENT)
    if found.act == "accept" and "User-Password" in told and address != "192.0.2.9":
        return told["User-Password"] == "pw"
    return True


def try_lists(seed: int, count: int) -> int:
    """Reads all; how many are neither read nor refused with every fault's place."""
    draw, broken = random.Random(seed), 0
    for _ in range(count):
        start = draw.choice(("name,password,state\r\n", "name,password,state,Class\n", ""))
        text = start + "".join(
            draw.choice(_CELLS) + draw.choice(("", ",", "\n")) for _ in range(draw.randrange(14))
        )
        try:
            entries = read_csv(text, _USERS, 3)
            broken += len(entries) > 3 + len(_USERS) or any(not entry.name for entry in entries)
        except Faulty as fault:
            broken += not fault.faults
    return broken


def packets(seed: int, count: int, secret: bytes) -> Iterator[bytes]:
    """From noise, with lengths that lie, to nonsense that is signed as it must be and so is looked at."""
    draw = random.Random(seed)
    for _ in range(count):
        is_signed = draw.random() < 0.6
        pairs = b"".join(_pair(draw, is_signed) for _ in range(draw.randrange(12)))
        if is_signed:
            yield _signed(draw, pairs, secret)
            continue
        length = 20 + len(pairs) if draw.random() < 0.8 else draw.randrange(1 << 16)
        code = draw.choice((1, 1, 4, 4, 12, draw.randrange(256)))
        whole = struct.pack(">BBH", code, draw.randrange(256), length & 0xFFFF) + draw.randbytes(16) + pairs
        yield (whole if draw.random() < 0.8 else whole[: draw.randrange(len(whole) + 1)])[:4096]


def _pair(draw: random.Random, is_whole: bool) -> bytes:
    kind = draw.choice(
        (
            1,
            1,
            2,
            3,
            4,
            5,
            6,
            8,
            24,
            26,
            31,
            40,
            42,
            44,
            46,
            52,
            64,
            69,
            79,
            87,
            95,
            97,
            241,
            draw.randrange(256),
        )
    )
    value = draw.randbytes(draw.choice((0, 1, 4, 4, 16, 17, 128, 253)))
    if kind == 1 and draw.random() < 0.7:
        value = draw.choice(_TEXTS).encode(errors="surrogateescape")[:253]
    elif kind == 40:
        value = draw.choice((1, 2, 3, 7, 8, 9, 15, 1 << 31)).to_bytes(4)
    size = len(value) + 2 if is_whole or draw.random() < 0.9 else draw.randrange(256)
    return b"" if is_whole and kind == 80 else bytes((kind, size & 255)) + value


def _signed(draw: random.Random, pairs: bytes, secret: bytes) -> bytes:
    """An Access-Request (RFC 3579) or Accounting-Request (RFC 2866) of one who knows the secret."""
    if draw.random() < 0.5:
        head = struct.pack(">BBH", 4, draw.randrange(256), 20 + len(pairs))
        return head + hashlib.md5(head + bytes(16) + pairs + secret).digest() + pairs
    head = struct.pack(">BBH", 1, draw.randrange(256), 38 + len(pairs)) + draw.randbytes(16)
    mark = b"\x50\x12"
    return head + mark + hmac.digest(secret, head + mark + bytes(16) + pairs, "md5") + pairs


def _text(draw: random.Random) -> str:
    text = draw.choice(_TEXTS)
    if draw.random() < 0.5:
        return text
    at = draw.randrange(len(text) + 1)
    odd = draw.randrange(0xD800) if draw.random() < 0.5 else draw.randrange(0xE000, 0x110000)
    return text[:at] + chr(draw.choice((0, 64, 92, 34, 0xDC80, odd))) + text[at:]
