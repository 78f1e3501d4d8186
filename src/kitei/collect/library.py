"""The compiled half of the meter: built from `native/` by the machine's C compiler when first needed, and bound.

Every call lets go of the interpreter for as long as it lasts (ctypes does), so that receiving, counting and
ending a second never hold up the rest of the program. The library lies in `__pycache__`, else in the user's
cache folder, under the digest of its source: a changed source is a new library, and two processes that build
at once both succeed.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from kitei.values import Words

_SOURCE: Final = Path(__file__).parent / "native"
_FLAGS: Final = ("-std=c11", "-O3", "-fvisibility=hidden", "-fPIC", "-shared", "-Wall")


class NoCompiler(Exception):
    """The meter cannot be built here; `words` says what would be right."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


def _digest() -> str:
    found = hashlib.sha256(" ".join(_FLAGS).encode())
    for path in sorted(_SOURCE.iterdir()):
        if path.suffix in {".c", ".h"}:
            found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def _folder() -> Path:
    beside = Path(__file__).parent / "__pycache__"
    with suppress(OSError):  # an installed package may stand where we cannot write
        beside.mkdir(exist_ok=True)
    if os.access(beside, os.W_OK):
        return beside
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kitei"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def build() -> Path:
    """The library's place, built if it is not there yet."""
    place = _folder() / f"meter-{_digest()}-{os.uname().machine}.so"
    if place.exists():
        return place
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoCompiler(
            Words(
                "フローの計数部を作る C コンパイラがありません。apt-get install gcc libc6-dev で入ります",
                "there is no C compiler to build the flow meter with; apt-get install gcc libc6-dev brings one",
            )
        )
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder) / place.name
        command = [compiler, *_FLAGS, "-o", str(made), str(_SOURCE / "meter.c"), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = done.stderr.strip()[-2000:]
            raise NoCompiler(
                Words(f"フローの計数部を作れません: {last}", f"the flow meter does not compile: {last}")
            )
        os.replace(made, place)
    return place


u8, u16, u32, u64 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64

FAULT_COUNT: Final = 14
LIMIT_COUNT: Final = 14
PORT_COUNT: Final = 3


class Totals(ctypes.Structure):
    """The head of a meter."""

    _fields_ = (
        ("datagrams", u64),
        ("records", u64),
        ("elsewhere", u64),
        ("kernel_drops", u64),
        ("templates", u64),
        ("template_bytes", u64),
        ("sessions", u64),
        ("hosts6", u64),
        ("faults", u64 * FAULT_COUNT),
    )


class RawSession(ctypes.Structure):
    """`Session` of flow.h, up to what only C reads."""

    _fields_ = (
        ("address", u8 * 16),
        ("agent", u8 * 16),
        ("domain", u32),
        ("port", u16),
        ("protocol", u16),
        ("first_ns", u64),
        ("last_ns", u64),
        ("datagrams", u64),
        ("records", u64),
        ("lost", u64),
        ("gaps", u64),
        ("late", u64),
        ("restarts", u64),
        ("missing_templates", u64),
        ("malformed", u64),
        ("source_drops", u64),
        ("expected", u32),
        ("late_next", u32),
        ("uptime", u32),
        ("fixed_rate", u32),
        ("rate", u32),
        ("templates", u32),
        ("samplers", u32),
        ("synced", u8),
        ("listed", u8),
        ("is_late", u8),
        ("ingress_only", u8),
        ("pad", u8 * 4),
        ("templates_heard", u64),
    )


class RawTally(ctypes.Structure):
    """`Tally` of flow.h."""

    _fields_ = (
        ("address", u8 * 16),
        ("group", u32),
        ("sources", u32),
        ("bytes", u64),
        ("packets", u64),
        ("tcp_bytes", u64),
        ("udp_bytes", u64),
        ("icmp_bytes", u64),
        ("amp_bytes", u64),
        ("flows", u32),
        ("tcp", u32),
        ("udp", u32),
        ("icmp", u32),
        ("syn", u32),
        ("fragments", u32),
        ("port_packets", u32 * PORT_COUNT),
        ("port", u16 * PORT_COUNT),
        ("spilled", u16),
        ("samples", u32),
        ("pad", u32),
    )


class RawRecord(ctypes.Structure):
    """`Record` of flow.h."""

    _fields_ = (
        ("src", u8 * 16),
        ("dst", u8 * 16),
        ("exporter", u8 * 16),
        ("bytes", u64),
        ("packets", u64),
        ("first_ms", u64),
        ("last_ms", u64),
        ("domain", u32),
        ("rate", u32),
        ("in_if", u32),
        ("out_if", u32),
        ("src_as", u32),
        ("dst_as", u32),
        ("group", u32),
        ("flows", u32),
        ("sport", u16),
        ("dport", u16),
        ("vlan", u16),
        ("template_id", u16),
        ("exporter_port", u16),
        ("family", u8),
        ("protocol", u8),
        ("flags", u8),
        ("tos", u8),
        ("icmp_type", u8),
        ("icmp_code", u8),
        ("fragment", u8),
        ("version", u8),
        ("direction", u8),
        ("back", u8),
        ("tunnel", u8),
        ("pad", u8),
    )


@cache
def library() -> ctypes.CDLL:
    """The library, bound; its structures are compared with ours, so that no field is ever read askew."""
    found = ctypes.CDLL(str(build()))
    meter, data = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
        ("meter_new", meter, [u32] * 7 + [u64]),
        ("meter_free", None, [meter]),
        ("meter_protect4", ctypes.c_int, [meter, u32, u32, u32]),
        ("meter_protect6", ctypes.c_int, [meter, data, u32, u32]),
        ("meter_unprotect", None, [meter]),
        ("meter_limit", None, [meter, u32, ctypes.POINTER(u64), u32]),
        ("meter_list", ctypes.c_int, [meter, data, u32, u32]),
        ("meter_unlist", None, [meter]),
        ("meter_close", None, [meter, u32]),
        ("meter_tap", None, [meter, ctypes.c_void_p, u32]),
        ("meter_tap_for", ctypes.c_int, [meter, data, u32]),
        ("meter_tapped", u32, [meter]),
        ("meter_feed", None, [meter, data, u32, data, u32, u64]),
        ("meter_feed_all", None, [meter, data, u64, data, u32, u64]),
        ("meter_packet", ctypes.c_int, [meter, data, u32, u32, u32, u32, u64]),
        ("meter_sessions", u32, [meter, ctypes.c_void_p, u32]),
        ("meter_size", u32, [ctypes.c_int]),
        ("meter_prepare", ctypes.c_int, [meter, ctypes.c_int]),
        ("meter_receive", ctypes.c_int, [meter, ctypes.c_void_p, ctypes.c_void_p, u32, u64]),
        ("meter_stop", None, [meter, ctypes.c_int]),
        ("meter_early", None, [meter, u64, u64]),
        ("meter_peek", u32, [meter, ctypes.c_void_p, u32]),
        ("meter_roll", u32, [meter, ctypes.c_int, *[ctypes.c_void_p] * 1, u32, *[ctypes.c_void_p] * 3]),
    ):
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    ours = (*(ctypes.sizeof(each) for each in (RawSession, RawTally, RawRecord)), FAULT_COUNT)
    theirs = tuple(found.meter_size(what) for what in range(4))
    if ours != theirs:
        raise ImportError(f"the meter was built from other sources: sizes {theirs}, expected {ours}")
    return found
