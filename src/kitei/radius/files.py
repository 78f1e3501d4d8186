"""Files of the running RADIUS server: read whole, and written so that a kill leaves the one before or the new one."""

import json
import os
from typing import Final

from kitei.radius.rows import BEGINNING

_LOG_LIMIT: Final = 64 << 20  # bytes of a log before it is put aside


def read_text(path: str) -> str:
    with open(path) as file:
        return file.read()


def replace_text(path: str, text: str) -> None:
    with open(path + ".new", "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    os.replace(path + ".new", path)


def add_line(path: str, line: str) -> None:
    if os.path.exists(path) and os.path.getsize(path) > _LOG_LIMIT:
        os.replace(path, path + ".1")
    with open(path, "a", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(line + "\n")


def logins_place(path: str) -> tuple[int, int]:
    """Where the server before this one had read to, a second before its end or less; the beginning if it told nothing."""
    try:
        number, at = json.loads(read_text(path))["logins"]
    except (FileNotFoundError, ValueError, KeyError):
        return BEGINNING
    return int(number), int(at)
