"""A list of host names, of up to millions, as bytes that are looked into where they lie (a file mapped to memory).

65,536 counts of 4 bytes (how many digests begin with that number or a smaller one), then the digests in order: 16
bytes of BLAKE2b each, so that two names are one with a chance of less than 1 in 10^25 for a list of a million.
"""

import struct
from collections.abc import Iterable
from hashlib import blake2b
from itertools import accumulate
from typing import Final

_HEAD: Final = b"kitei names 1\n\0\0"
_FAN: Final = 1 << 16
_COUNT: Final = struct.Struct("<I")
_WIDTH: Final = 16


def pack_names(names: Iterable[str]) -> bytes:
    """The list as bytes. Names are as `kitei.proxy.hosts.host_of` writes them; one given twice stands once."""
    digests = sorted({_digest(name) for name in names})
    counts = [0] * _FAN
    for digest in digests:
        counts[digest[0] << 8 | digest[1]] += 1
    fan = struct.pack(f"<{_FAN}I", *accumulate(counts))
    return b"".join((_HEAD, fan, *digests))


class Names:
    """A packed list. ValueError where the bytes are none."""

    __slots__ = ("_bytes", "count")

    def __init__(self, packed: bytes | memoryview) -> None:
        start = len(_HEAD) + 4 * _FAN
        if bytes(packed[: len(_HEAD)]) != _HEAD or len(packed) < start:
            raise ValueError("these bytes are no list of names")
        self.count: int = _COUNT.unpack_from(packed, start - 4)[0]
        if len(packed) != start + self.count * _WIDTH:
            raise ValueError(f"a list of {self.count} names breaks off or goes on after its end")
        self._bytes = packed

    def __contains__(self, name: str) -> bool:
        digest = _digest(name)
        slot = len(_HEAD) + 4 * (digest[0] << 8 | digest[1])
        low = _COUNT.unpack_from(self._bytes, slot - 4)[0] if slot > len(_HEAD) else 0
        high = _COUNT.unpack_from(self._bytes, slot)[0]
        start = len(_HEAD) + 4 * _FAN
        for at in range(start + low * _WIDTH, start + high * _WIDTH, _WIDTH):
            if self._bytes[at : at + _WIDTH] == digest:
                return True
        return False

    def __len__(self) -> int:
        return self.count


def _digest(name: str) -> bytes:
    return blake2b(name.encode(errors="surrogateescape"), digest_size=_WIDTH).digest()
