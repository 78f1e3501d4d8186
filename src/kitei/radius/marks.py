"""Under which marks the server's module in C may remember a login: counters in a mapped file, counted up on a change.

The first is everybody's, the others are those of users by slots. A login that was remembered under another sum than
now is decided anew.
"""

import mmap
import os
import struct
from typing import Final
from zlib import crc32

_SLOTS: Final = 1 << 16
_MARK: Final = struct.Struct("<I")
_SIZE: Final = _MARK.size * (1 + _SLOTS)


class Marks:
    """The file `marks` in the server's folder; the module and we both make it when it is not there."""

    def __init__(self, folder: str) -> None:
        file = os.open(os.path.join(folder, "marks"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(file, _SIZE)
            self._map = mmap.mmap(file, _SIZE)
        finally:
            os.close(file)

    def of(self, realm: str, user: str) -> tuple[int, int]:
        """The user's slot and mark. Ask before you decide: a change meanwhile makes the decision forgotten."""
        slot = _slot(realm, user)
        return slot, (self._get(0) + self._get(1 + slot)) & 0xFFFFFFFF

    def forget(self, realm: str, user: str) -> None:
        self._count_up(1 + _slot(realm, user))

    def forget_all(self) -> None:
        self._count_up(0)

    def _get(self, place: int) -> int:
        return int(_MARK.unpack_from(self._map, place * _MARK.size)[0])

    def _count_up(self, place: int) -> None:
        _MARK.pack_into(self._map, place * _MARK.size, (self._get(place) + 1) & 0xFFFFFFFF)


def _slot(realm: str, user: str) -> int:
    return crc32(f"{user}@{realm}".encode(errors="surrogateescape")) % _SLOTS
