"""The rows that the server's module in C writes while it answers, read on from where we were.

A file `<name>.<n>` begins with 8 bytes, little-endian: the offset behind its last whole row, and in the highest bit
whether nothing more comes. Rows are lines of JSON. The next file is made ahead, so what a killed server has left is
complete when the next but one is there. A row cut short by a kill is behind that offset.
"""

import os
import struct
from pathlib import Path
from typing import Final

_HEAD: Final = 8
_DONE: Final = 1 << 63
BEGINNING: Final = (0, _HEAD)
_LONGEST: Final = 1 << 14  # bytes of a row are fewer


class Rows:
    """Reads on. `number` and `at` are the place after what was read last."""

    def __init__(self, folder: str, name: str) -> None:
        self.number, self.at = BEGINNING
        self._stem = os.path.join(folder, name)
        self._file = -1

    def begin(self, number: int, at: int) -> None:
        """Before anything is read: the place to go on from."""
        self.number, self.at = number, at

    def read(self, most: int = _LONGEST) -> bytes:
        """The next whole rows, about `most` bytes of them, at least one; empty when there are no more yet."""
        while True:
            if self._file < 0 and not self._open():
                return b""
            (told,) = struct.unpack("<Q", os.pread(self._file, _HEAD, 0).ljust(_HEAD, b"\0"))
            end, is_done = told & ~_DONE, told >= _DONE
            if end > self.at:
                taken = os.pread(self._file, min(end - self.at, most), self.at)
                if b"\n" not in taken:
                    taken = os.pread(self._file, min(end - self.at, _LONGEST), self.at)
                rows = taken[: taken.rfind(b"\n") + 1]
                self.at += len(rows)
                return rows
            if not is_done and not os.path.exists(f"{self._stem}.{self.number + 2}"):
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
