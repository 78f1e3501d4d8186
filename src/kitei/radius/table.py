"""The file in which a node finds a user: read by mapping it into memory, so a million users cost no start-up.

Layout, little-endian: magic `KTUSERS1`, number of slots (8 bytes), a 16-byte key; then slots of 8 bytes of hash
and 8 of offset (0: empty); then records of key length (2), value length (4), key, value. A name is looked for
from its slot onwards. The file is never changed; another takes its place.
"""

import json
import mmap
import secrets
import struct
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from types import TracebackType
from typing import Final

from kitei.radius.names import bytes_of

_MAGIC: Final = b"KTUSERS1"
_HEAD: Final = struct.Struct("<8sQ16s")
_SLOT: Final = struct.Struct("<QQ")
_RECORD: Final = struct.Struct("<HI")


class Damaged(ValueError):
    """Not such a file, or not a whole one; the text says which."""


def write_table(entries: Iterable[tuple[str, str]], key: bytes | None = None) -> bytes:
    """The file's bytes. A name that stands twice: the later one is found. ValueError: a name above 65,535 bytes."""
    own = key or secrets.token_bytes(16)
    wanted = {name.encode(): value.encode() for name, value in entries}
    slots = max(8, 1 << (2 * len(wanted)).bit_length())
    index: list[tuple[int, int] | None] = [None] * slots
    offset = _HEAD.size + slots * _SLOT.size
    records = []
    for name, value in wanted.items():
        if len(name) > 0xFFFF:
            raise ValueError(f"a name of {len(name)} bytes; 65,535 are the most")
        mark = _hash(name, own)
        at = mark % slots
        while index[at] is not None:
            at = (at + 1) % slots
        index[at] = (mark, offset)
        records.append(_RECORD.pack(len(name), len(value)) + name + value)
        offset += len(records[-1])
    packed = b"".join(_SLOT.pack(*(slot or (0, 0))) for slot in index)
    return b"".join((_HEAD.pack(_MAGIC, slots, own), packed, *records))


class Table:
    """An open file of users. Raises Damaged, or OSError, when it cannot be one."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            try:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as fault:
                raise Damaged(f"{path} is empty") from fault
        if len(self._map) < _HEAD.size:
            raise Damaged(f"{path} is too short")
        magic, self._slots, self._key = _HEAD.unpack_from(self._map)
        if magic != _MAGIC or len(self._map) < _HEAD.size + self._slots * _SLOT.size or not self._slots:
            raise Damaged(f"{path} is not a whole table of users")

    def get(self, name: str) -> str | None:
        sought = bytes_of(name)
        mark = _hash(sought, self._key)
        at = mark % self._slots
        for _ in range(self._slots):
            found, offset = _SLOT.unpack_from(self._map, _HEAD.size + at * _SLOT.size)
            if offset == 0:
                return None
            if found == mark:
                length, size = _RECORD.unpack_from(self._map, offset)
                start = offset + _RECORD.size
                if self._map[start : start + length] == sought:
                    return self._map[start + length : start + length + size].decode()
            at = (at + 1) % self._slots
        return None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        at = _HEAD.size + self._slots * _SLOT.size
        while at < len(self._map):
            length, size = _RECORD.unpack_from(self._map, at)
            at += _RECORD.size
            yield self._map[at : at + length].decode(), self._map[at + length : at + length + size].decode()
            at += length + size

    def close(self) -> None:
        self._map.close()

    def __enter__(self) -> "Table":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()


def write_changes(changes: Mapping[str, str | None]) -> str:
    """What changed since a table was made; None: the user is gone."""
    return json.dumps(changes, ensure_ascii=False, separators=(",", ":"))


def read_changes(text: str) -> dict[str, str | None]:
    """Raises Damaged."""
    try:
        told = json.loads(text)
    except ValueError as fault:
        raise Damaged(f"the changes are not JSON: {fault}") from fault
    if not isinstance(told, dict) or not all(v is None or isinstance(v, str) for v in told.values()):
        raise Damaged("the changes are not names with records")
    return told


def _hash(name: bytes, key: bytes) -> int:
    return int.from_bytes(blake2b(name, digest_size=8, key=key).digest(), "little")
