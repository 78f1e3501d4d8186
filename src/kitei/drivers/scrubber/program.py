"""The XDP program of `native/`: compiled by clang for the kernel's BPF machine when first needed.

The object lies in `__pycache__`, else in the user's cache folder, under the digest of its sources, as the flow
meter's library does: a changed source is a new object, and two processes that build at once both succeed.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from kitei.drivers.scrubber.bpf import NoXdp

_SOURCE: Final = Path(__file__).parent / "native"
_COMMON: Final = ("-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror")


@cache
def cores() -> int:
    """As many as there may ever be here, or some more: a power of two."""
    ranges = Path("/sys/devices/system/cpu/possible").read_text().strip().split(",")
    most = max(int(each.rpartition("-")[2]) for each in ranges)
    return 1 << most.bit_length()


@cache
def digest() -> bytes:
    """16 bytes that stand for the sources and how they are compiled."""
    found = hashlib.sha256(" ".join(_flags()).encode())
    for path in sorted(_SOURCE.iterdir()):
        if path.suffix in {".c", ".h"}:
            found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.digest()[:16]


def built() -> Path:
    """The object's place, built if it is not there yet. NoXdp says why that cannot be."""
    place = _place()
    return place if place.exists() else build(_SOURCE / "scrub.bpf.c", place)


def check() -> None:
    """Is the object there, or can it be built? NoXdp says what is missing. It takes no time."""
    if not _place().exists():
        _compiler()


def _flags() -> tuple[str, ...]:
    return (*_COMMON, f"-DCORES={cores()}")


def build(source: Path, place: Path) -> Path:
    """Any BPF program, which may include this one's headers."""
    headers = f"-I/usr/include/{os.uname().machine}-linux-gnu"
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder) / place.name
        command = [_compiler(), *_flags(), headers, f"-I{_SOURCE}", "-c", str(source), "-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoXdp(f"the XDP program does not compile: {done.stderr.strip()[-2000:]}")
        os.replace(made, place)
    return place


def _compiler() -> str:
    compiler = shutil.which("clang")
    if compiler is None:
        raise NoXdp(
            "there is no clang to compile the XDP program; apt-get install clang libbpf-dev brings it"
        )
    return compiler


def _place() -> Path:
    return _folder() / f"scrub-{digest().hex()}.bpf.o"


def _folder() -> Path:
    beside = Path(__file__).parent / "__pycache__"
    with suppress(OSError):  # an installed package may stand where we cannot write
        beside.mkdir(exist_ok=True)
    if os.access(beside, os.W_OK):
        return beside
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kitei"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
