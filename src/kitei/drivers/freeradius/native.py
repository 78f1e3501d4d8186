"""Our module in C for the RADIUS server, built here when it is first needed (`kitei/radius/native`)."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import kitei.radius
from kitei.network import PermanentError

_SOURCES: Final = Path(str(kitei.radius.__file__)).parent / "native"
_BEFORE: Final = (
    "autoconf",
    "build",
    "features",
    "radpaths",
)  # headers that the server's own build names first
_FLAGS: Final = ("-O2", "-std=gnu11", "-fPIC", "-shared", "-Wall", "-Wno-unused-parameter")


def folder() -> Path:
    """Where the built module is, or will be: another source is another folder."""
    digest = hashlib.sha256()
    for path in sorted(_SOURCES.rglob("*.[ch]")):
        digest.update(path.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "kitei" / f"radius-{digest.hexdigest()[:16]}-{os.uname().machine}"


def build() -> None:
    """Build it if it is not there yet. PermanentError says what is missing."""
    place = folder() / "rlm_kitei.so"
    if place.exists():
        return
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise PermanentError(
            "there is no C compiler to build the RADIUS module with; apt-get install gcc libc6-dev"
        )
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=place.parent) as draft:
        made = Path(draft) / place.name
        first = [word for name in _BEFORE for word in ("-include", f"freeradius/{name}.h")]
        argv = [compiler, *_FLAGS, f"-I{_SOURCES}", *first, "-o", str(made), str(_SOURCES / "rlm_kitei.c")]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PermanentError(
                "the RADIUS module does not compile (it needs libfreeradius-dev, libtalloc-dev and libssl-dev): "
                + done.stderr.strip()[-1000:]
            )
        os.replace(made, place)
