"""The forms in which a user's secret is kept, and which login methods each form serves.

A hash cannot be turned back; it serves every method that shows the server the password itself (PAP, also
inside TTLS). MS-CHAPv2 needs the NT hash, which is as good as the password to a thief; CHAP needs the password.
So the weaker forms are kept only where the customer enabled a method that needs them.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection
from typing import Final, Literal, NamedTuple

Method = Literal["pap", "chap", "mschapv2", "peap", "ttls", "tls"]
METHODS: Final[tuple[Method, ...]] = ("pap", "chap", "mschapv2", "peap", "ttls", "tls")
NEEDS_NT: Final = frozenset({"mschapv2", "peap"})
NEEDS_CLEAR: Final = frozenset({"chap"})
_COST, _BLOCK, _LANES = 1 << 14, 8, 1  # scrypt (RFC 7914): 16 MiB and about 40 ms
_SALT: Final = 16


class Forms(NamedTuple):
    """One user's secret. An empty text: not in that form. `hashed` is `scrypt$cost$block$lanes$salt$hash`."""

    hashed: str = ""
    nt: str = ""
    clear: str = ""


def keep(password: str, methods: Collection[str], salt: bytes) -> Forms:
    """The forms these methods need and no other. `salt` is 16 random bytes."""
    if len(salt) != _SALT:
        raise ValueError(f"a salt of {len(salt)} bytes; 16 are right")
    return Forms(
        hashed=_scrypt(password, _COST, _BLOCK, _LANES, salt),
        nt=nt_hash(password) if NEEDS_NT & set(methods) else "",
        clear=password if NEEDS_CLEAR & set(methods) else "",
    )


def serves(forms: Forms, method: str) -> bool:
    """Can a login by this method be checked with these forms?"""
    if method in NEEDS_CLEAR:
        return bool(forms.clear)
    if method in NEEDS_NT:
        return bool(forms.nt or forms.clear)
    return method == "tls" or any(forms)


def matches(password: str, hashed: str) -> bool:
    """Is this the password? Takes tens of milliseconds, on purpose."""
    try:
        kind, cost, block, lanes, salt, _ = hashed.split("$")
        if kind != "scrypt":
            return False
        told = _scrypt(password, int(cost), int(block), int(lanes), base64.b64decode(salt))
    except ValueError:
        return False
    return hmac.compare_digest(told, hashed)


def nt_hash(password: str) -> str:
    """MD4 of the password in UTF-16LE (RFC 2759, 8.3), in hex."""
    return _md4(password.encode("utf-16-le")).hex()


def _scrypt(password: str, cost: int, block: int, lanes: int, salt: bytes) -> str:
    found = hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=block, p=lanes, dklen=32, maxmem=256 * cost * block
    )
    shown = (base64.b64encode(each).decode() for each in (salt, found))
    return "$".join(("scrypt", str(cost), str(block), str(lanes), *shown))


def _md4(message: bytes) -> bytes:
    """MD4 (RFC 1320): OpenSSL 3 no longer has it by default."""
    a, b, c, d = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476
    padded = message + b"\x80" + bytes((55 - len(message)) % 64) + (8 * len(message)).to_bytes(8, "little")
    for start in range(0, len(padded), 64):
        words = [int.from_bytes(padded[at : at + 4], "little") for at in range(start, start + 64, 4)]
        state = (a, b, c, d)
        for turn in range(48):
            if turn < 16:
                mixed, index, shift, add = (b & c) | (~b & d), turn, (3, 7, 11, 19)[turn % 4], 0
            elif turn < 32:
                mixed, add = (b & c) | (b & d) | (c & d), 0x5A827999
                index, shift = turn % 4 * 4 + (turn - 16) // 4, (3, 5, 9, 13)[turn % 4]
            else:
                mixed, add, shift = b ^ c ^ d, 0x6ED9EBA1, (3, 9, 11, 15)[turn % 4]
                index = (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)[turn - 32]
            total = (a + mixed + words[index] + add) & 0xFFFFFFFF
            a, b, c, d = d, ((total << shift) | (total >> (32 - shift))) & 0xFFFFFFFF, b, c
        a, b, c, d = ((old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d), strict=True))
    return b"".join(each.to_bytes(4, "little") for each in (a, b, c, d))
