"""BPF programs and maps of the running kernel, by libbpf (libbpf.so.1) through ctypes.

A program lives as long as an interface or a process holds it, and its maps as long as the program. So nothing is
pinned and no file system is needed: whoever comes next finds the program by the interface, and the maps by the
program. Every call lets go of the interpreter for as long as it lasts.
"""

import ctypes
import errno
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from kitei.network import PermanentError

u8, u32, u64 = ctypes.c_uint8, ctypes.c_uint32, ctypes.c_uint64
_BATCH: Final = 8192
_MOST_MAPS: Final = 64


class NoXdp(PermanentError):
    """There can be no XDP here, whatever is wanted of it; the message says why."""


class _ProgramInfo(ctypes.Structure):
    """The head of `struct bpf_prog_info` (linux/bpf.h)."""

    _fields_ = (
        ("type", u32),
        ("id", u32),
        ("tag", u8 * 8),
        ("jited_length", u32),
        ("length", u32),
        ("jited", u64),
        ("instructions", u64),
        ("load_time", u64),
        ("user", u32),
        ("map_count", u32),
        ("map_ids", u64),
        ("name", ctypes.c_char * 16),
    )


class _MapInfo(ctypes.Structure):
    """The head of `struct bpf_map_info`."""

    _fields_ = (
        ("type", u32),
        ("id", u32),
        ("key_size", u32),
        ("value_size", u32),
        ("max_entries", u32),
        ("flags", u32),
        ("name", ctypes.c_char * 16),
    )


class _OpenOptions(ctypes.Structure):
    """`struct bpf_object_open_opts` (bpf/libbpf.h) up to where the verifier's words go."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("object_name", ctypes.c_char_p),
        ("relaxed_maps", ctypes.c_bool),
        ("pin_root_path", ctypes.c_char_p),
        ("attached_to", u32),
        ("kconfig", ctypes.c_char_p),
        ("types", ctypes.c_char_p),
        ("log", ctypes.c_void_p),
        ("log_size", ctypes.c_size_t),
        ("log_level", u32),
        ("pad", u32),
    )


@cache
def libbpf() -> ctypes.CDLL:
    """The library, bound. NoXdp where it is missing."""
    try:
        found = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError as absent:
        raise NoXdp(f"libbpf is missing; apt-get install libbpf1 brings it ({absent})") from absent
    place, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
        ("libbpf_set_print", place, [place]),
        ("bpf_object__open_file", place, [text, place]),
        ("bpf_object__load", number, [place]),
        ("bpf_object__close", None, [place]),
        ("bpf_object__find_program_by_name", place, [place, text]),
        ("bpf_object__next_map", place, [place, place]),
        ("bpf_program__fd", number, [place]),
        ("bpf_map__fd", number, [place]),
        ("bpf_prog_bind_map", number, [number, number, place]),
        ("bpf_prog_get_fd_by_id", number, [u32]),
        ("bpf_map_get_fd_by_id", number, [u32]),
        ("bpf_obj_get_info_by_fd", number, [number, place, ctypes.POINTER(u32)]),
        ("bpf_map_lookup_elem", number, [number, place, place]),
        ("bpf_map_update_elem", number, [number, place, place, u64]),
        ("bpf_map_delete_elem", number, [number, place]),
        ("bpf_map_lookup_and_delete_elem", number, [number, place, place]),
        ("bpf_map_lookup_batch", number, [number, place, place, place, place, ctypes.POINTER(u32), place]),
        ("bpf_map_update_batch", number, [number, place, place, ctypes.POINTER(u32), place]),
        ("bpf_map_delete_batch", number, [number, place, ctypes.POINTER(u32), place]),
        ("bpf_prog_test_run_opts", number, [number, place]),
    ):
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    found.libbpf_set_print(None)  # it would write to the agent's own error output
    return found


@dataclass(frozen=True, slots=True)
class Map:
    """A map, open. Keys and values are bytes, of these sizes."""

    name: str
    handle: int
    key_size: int
    value_size: int
    most: int

    def get(self, key: bytes) -> bytes | None:
        value = ctypes.create_string_buffer(self.value_size)
        if libbpf().bpf_map_lookup_elem(self.handle, self._of(key), value) == 0:
            return value.raw
        if ctypes.get_errno() == errno.ENOENT:
            return None
        raise self._refusal("cannot be read")

    def put(self, key: bytes, value: bytes) -> None:
        assert len(value) == self.value_size, self.name
        if libbpf().bpf_map_update_elem(self.handle, self._of(key), value, 0):
            raise self._refusal("cannot be written")

    def take(self, key: bytes) -> None:
        """Remove an entry; one that is not there is fine."""
        if libbpf().bpf_map_delete_elem(self.handle, self._of(key)) and ctypes.get_errno() != errno.ENOENT:
            raise self._refusal("cannot be emptied")

    def memory(self) -> mmap.mmap:
        """The one value of global data, to be read and written in place: what is longer than a word not as one."""
        return mmap.mmap(self.handle, self.value_size)

    def put_all(self, keys: Sequence[bytes], value: bytes) -> None:
        """The same value for all these."""
        for at in range(0, len(keys), _BATCH):
            part = keys[at : at + _BATCH]
            count = u32(len(part))
            values = value * len(part)
            if libbpf().bpf_map_update_batch(self.handle, b"".join(part), values, ctypes.byref(count), None):
                raise self._refusal("cannot be filled")

    def take_all(self, keys: Sequence[bytes]) -> None:
        for at in range(0, len(keys), _BATCH):
            part = keys[at : at + _BATCH]
            count = u32(len(part))
            if libbpf().bpf_map_delete_batch(self.handle, b"".join(part), ctypes.byref(count), None):
                raise self._refusal("cannot be emptied")

    def pop(self) -> bytes | None:
        """The oldest of a queue, taken out of it; None where it is empty."""
        value = ctypes.create_string_buffer(self.value_size)
        if libbpf().bpf_map_lookup_and_delete_elem(self.handle, None, value) == 0:
            return value.raw
        if ctypes.get_errno() == errno.ENOENT:
            return None
        raise self._refusal("cannot be taken from")

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """All there is, a batch at a time; do not change the map meanwhile."""
        done, before = False, None
        bookmark = ctypes.create_string_buffer(max(self.key_size, 8))
        keys = ctypes.create_string_buffer(self.key_size * _BATCH)
        values = ctypes.create_string_buffer(self.value_size * _BATCH)
        while not done:
            count = u32(_BATCH)
            if libbpf().bpf_map_lookup_batch(
                self.handle, before, bookmark, keys, values, ctypes.byref(count), None
            ):
                if ctypes.get_errno() != errno.ENOENT:
                    raise self._refusal("cannot be listed")
                done = True
            raw, told = keys.raw, values.raw
            for n in range(count.value):
                yield (
                    raw[n * self.key_size : (n + 1) * self.key_size],
                    told[n * self.value_size : (n + 1) * self.value_size],
                )
            before = bookmark

    def _of(self, key: bytes) -> bytes:
        assert len(key) == self.key_size, self.name
        return key

    def _refusal(self, what: str) -> PermanentError:
        number = ctypes.get_errno()
        full = f"; it holds {self.most} entries at most" if number in (errno.ENOSPC, errno.E2BIG) else ""
        return PermanentError(f"the map {self.name} {what}: {os.strerror(number)}{full}")


class Program:
    """An XDP program with its maps, open as long as this is: a context manager."""

    def __init__(self, handle: int, maps: Mapping[str, Map], ends: ExitStack) -> None:
        self.handle = handle
        self.maps = maps
        self._ends = ends

    def __enter__(self) -> "Program":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()


def loaded(place: Path, name: str) -> Program:
    """Load a program anew. It is gone again with this process, unless it is attached."""
    lib = libbpf()
    log = ctypes.create_string_buffer(1 << 20)
    options = _OpenOptions(log=ctypes.addressof(log), log_size=len(log))
    options.object_name = name.encode()  # so is its global data called
    options.size = ctypes.sizeof(options)
    opened = lib.bpf_object__open_file(str(place).encode(), ctypes.byref(options))
    if not opened:
        raise PermanentError(f"{place} is no BPF object: {os.strerror(ctypes.get_errno())}")
    ends = ExitStack()
    ends.callback(lib.bpf_object__close, opened)
    try:
        code = lib.bpf_object__load(opened)
        if code:
            why = log.value.decode(errors="replace").strip()[-2000:]
            raise NoXdp(f"the kernel does not take the XDP program: {os.strerror(-code)} {why}")
        handle = lib.bpf_program__fd(lib.bpf_object__find_program_by_name(opened, name.encode()))
        each = None
        while each := lib.bpf_object__next_map(opened, each):
            lib.bpf_prog_bind_map(handle, lib.bpf_map__fd(each), None)  # also those only the agent reads
        maps = [_map_of(number, ends) for number in _program_info(handle)[1]]
    except BaseException:
        ends.close()
        raise
    return Program(handle, {one.name: one for one in maps}, ends)


def running(number: int) -> Program | None:
    """The program that the kernel knows by this number; None if there is none any more."""
    handle = libbpf().bpf_prog_get_fd_by_id(number)
    if handle < 0:
        return None
    ends = ExitStack()
    ends.callback(os.close, handle)
    try:
        maps = [_map_of(each, ends) for each in _program_info(handle)[1]]
    except BaseException:
        ends.close()
        raise
    return Program(handle, {each.name: each for each in maps}, ends)


def _program_info(handle: int) -> tuple[int, tuple[int, ...]]:
    numbers = (u32 * _MOST_MAPS)()
    info = _ProgramInfo(map_count=_MOST_MAPS, map_ids=ctypes.addressof(numbers))
    _ask(handle, info)
    return info.id, tuple(numbers[: info.map_count])


def _map_of(number: int, ends: ExitStack) -> Map:
    handle = libbpf().bpf_map_get_fd_by_id(number)
    if handle < 0:
        raise PermanentError(f"map {number} cannot be opened: {os.strerror(ctypes.get_errno())}")
    ends.callback(os.close, handle)
    info = _MapInfo()
    _ask(handle, info)
    return Map(info.name.decode(), handle, info.key_size, info.value_size, info.max_entries)


def _ask(handle: int, info: Any) -> None:
    size = u32(ctypes.sizeof(info))
    if libbpf().bpf_obj_get_info_by_fd(handle, ctypes.byref(info), ctypes.byref(size)):
        raise PermanentError(f"the kernel does not describe {handle}: {os.strerror(ctypes.get_errno())}")
