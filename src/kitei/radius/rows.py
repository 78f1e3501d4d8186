"""The rows that the server's module in C writes while it answers, read on from where we were.

A file `<name>.<n>` begins with 8 bytes, little-endian: the offset behind its last whole row. Rows are lines of JSON.
The next number there means that nothing more comes in this one. A row cut short by a kill is behind that offset.
"""

import os
import struct
from pathlib import Path
from typing import Final

_HEAD: Final = 8
BEGINNING: Final = (0, _HEAD)
_MOST: Final = 1 << 14  # bytes at once, so that those who wait for Python need not wait long


class Rows:
    """Reads on. `number` and `at` are the place after what was read last."""

    def __init__(self, folder: str, name: str) -> None:
        self.number, self.at = BEGINNING
        self._stem = os.path.join(folder, name)
        self._file = -1

    def begin(self, number: int, at: int) -> None:
        """Before anything is read: the place to go on from."""
        self.number, self.at = number, at

    def read(self) -> bytes:
        """The next whole rows, at most 16 KiB of them; empty when there are no more yet."""
        while True:
            if self._file < 0 and not self._open():
                return b""
            is_last = not os.path.exists(f"{self._stem}.{self.number + 1}")  # before we look how far it goes
            (end,) = struct.unpack("<Q", os.pread(self._file, _HEAD, 0).ljust(_HEAD, b"\0"))
            if end > self.at:
                taken = os.pread(self._file, min(end - self.at, _MOST), self.at)
                rows = taken[: taken.rfind(b"\n") + 1]
                self.at += len(rows)
                return rows
            if is_last:
                return b""
            os.close(self._file)
            self._file, self.number, self.at = -1, self.number + 1, _HEAD

    def forget(self) -> None:
        """Take the files away that are read to their end."""
        number = self.number - 1
        while number >= 0 and os.path.exists(f"{self._stem}.{number}"):
            os.unlink(f"{self._stem}.{number}")
            number -= 1

    def _open(self) -> bool:
        """The file we are at, or the first there is after it."""
        try:
            self._file = os.open(f"{self._stem}.{self.number}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            folder, name = os.path.split(self._stem)
            found = (p.suffix[1:] for p in Path(folder).glob(f"{name}.*"))
            later = [int(each) for each in found if each.isdigit() and int(each) > self.number]
            if not later:
                return False
            self.number, self.at = min(later), _HEAD
            return self._open()
        return True
