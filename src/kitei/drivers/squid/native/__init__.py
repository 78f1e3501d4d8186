"""Our adapter for Squid, built here when it is first needed (`holding.cc`)."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from kitei.network import PermanentError

_SOURCE: Final = Path(__file__).parent / "holding.cc"
_FLAGS: Final = ("-O2", "-std=gnu++17", "-fPIC", "-shared", "-Wall", "-Wextra")


def adapter() -> str:
    """Where it is, or will be: another source is another folder. Squid, which is not root, reads it there."""
    digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]
    return f"/usr/local/lib/kitei/holding-{digest}-{os.uname().machine}.so"


def build() -> None:
    """Build it if it is not there yet. PermanentError says what is missing."""
    place = Path(adapter())
    if place.exists():
        return
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        raise PermanentError("there is no C++ compiler to build Squid's adapter with; apt-get install g++")
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    with tempfile.TemporaryDirectory(dir=place.parent) as draft:
        made = Path(draft) / place.name
        argv = [compiler, *_FLAGS, "-o", str(made), str(_SOURCE), "-lecap"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PermanentError(
                "Squid's adapter does not compile (it needs libecap3-dev): " + done.stderr.strip()[-1000:]
            )
        made.chmod(0o644)
        os.replace(made, place)
