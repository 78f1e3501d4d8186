"""A load of RADIUS logins that is not the bottleneck: `load.c`, built when it is first needed."""

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).with_name("load.c")


def built() -> Path:
    """The program's place."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kitei"
    place = cache / f"radius-load-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}"
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = place.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-o", str(draft), str(SOURCE), "-lm"], check=True)
        os.replace(draft, place)
    return place


def start(before: Sequence[str], **words: object) -> subprocess.Popen[str]:
    """Under way; `before` are words before the command, such as `ip netns exec NAME`."""
    argv = [*before, str(built()), *(f"{name}={value}" for name, value in words.items())]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def told(load: subprocess.Popen[str]) -> dict[str, float]:
    """What it says at its end (`load.c` has the words)."""
    out, _ = load.communicate(timeout=120)
    assert load.returncode == 0, out
    found: dict[str, float] = json.loads(out)
    return found
