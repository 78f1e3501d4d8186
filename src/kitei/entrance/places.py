"""What ocserv asks before it opens a tunnel: `python -m kitei.entrance.places FOLDER EVENTS`. Ends with 1: no place.

Accounting begins when a tunnel is up, so users who log in at the same moment may all pass the RADIUS server. Here
they come one after another, under a lock. A place is a file of the folder, called by the tunnel's address, which
names the process that serves it; one whose process is gone is free. `most` is how many there are, 0: any number.
"""

import fcntl
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from kitei.entrance.words import LANE, REFUSED, TOO_MANY
from kitei.spool import Lane


def take(folder: Path, address: str, process: str, is_served: Callable[[str], bool]) -> bool:
    """Take a place for a tunnel. Who comes back to an address takes over its place."""
    most = int((folder / "most").read_text())
    held = folder / "held"
    held.mkdir(exist_ok=True)
    for each in held.iterdir():
        if each.name == address or not is_served(each.read_text()):
            each.unlink()
    if most and sum(1 for _ in held.iterdir()) >= most:
        return False
    (held / address).write_text(process)
    return True


def serves(process: str) -> bool:
    """Whether a process, by its number, is one of ocserv's still."""
    try:
        return Path("/proc", process, "comm").read_text().startswith("ocserv")
    except (FileNotFoundError, ProcessLookupError):
        return False


def main(folder: Path, events: Path, told: Mapping[str, str]) -> int:
    address = told.get("IP_REMOTE") or told["IPV6_REMOTE"]
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if take(folder, address, told["ID"], serves):
            return 0
        body = {"user": told.get("USERNAME", ""), "source": told.get("IP_REAL", ""), "why": TOO_MANY}
        lane = Lane(events / LANE)  # one writer at a time: the lock is held
        lane.put(datetime.now(UTC), REFUSED, {**body})
        lane.close()
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), os.environ))
