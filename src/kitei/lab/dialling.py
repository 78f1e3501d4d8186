"""A user at a terminal who dials into a gateway with OpenConnect's client; runs in a place of a lab.

`python -m kitei.lab.dialling FOLDER NAME ADDRESS USER`: the folder holds `authority.pem`, `password`, and `pattern`
where the user has one: then the answer is read off the grid that the client shows. Ends with the client, and as it did.
"""

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kitei.radius.matrix import answer_to, read_matrix

TUNNEL: Final = "vpn0"
_ROWS, _CELLS = 4, 12
_SCRIPT: Final = """#!/bin/sh
[ "$reason" = connect ] || exit 0
ip link set "$TUNDEV" up mtu "${INTERNAL_IP4_MTU:-1300}"
ip address add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV"
i=0; while [ $i -lt "${CISCO_SPLIT_INC:-0}" ]; do
  eval "ip route replace \\$CISCO_SPLIT_INC_${i}_ADDR/\\$CISCO_SPLIT_INC_${i}_MASKLEN dev $TUNDEV"; i=$((i+1)); done
"""


def dial(folder: Path, name: str, address: str, user: str) -> int:
    script = folder / "script"
    script.write_text(_SCRIPT)
    script.chmod(0o755)
    argv = ["openconnect", "--protocol=anyconnect", f"--cafile={folder}/authority.pem", "--no-system-trust"]
    argv += [f"--user={user}", f"--interface={TUNNEL}", f"--script={script}"]
    argv += [f"--resolve={name}:{address}", f"https://{name}"]
    ours, its = os.openpty()
    client = subprocess.Popen(argv, stdin=its, stdout=its, stderr=its, start_new_session=True)
    os.close(its)
    said = ""
    while client.poll() is None:
        if select.select([ours], [], [], 0.2)[0]:
            with contextlib.suppress(OSError):  # it ended
                heard = os.read(ours, 4096).decode(errors="replace")
                said += heard
                print(heard, end="", flush=True)
        elif said.rstrip().endswith(":"):
            os.write(ours, f"{_answer(folder, said)}\n".encode())
            said = ""
    return client.returncode


def _answer(folder: Path, said: str) -> str:
    """What is typed: the password, or what stands in the grid that was shown."""
    grid = grid_in(said)
    if not grid:
        return (folder / "password").read_text()
    return answer_to(read_matrix((folder / "pattern").read_text()), grid)


def grid_in(said: str) -> str:
    """The digits of a grid, row by row; '' where none is shown whole."""
    rows = [line.split() for line in said.splitlines()]
    found = ["".join(row[1:]) for row in rows if len(row) == _CELLS + 1 and row[0] in "1234"]
    return "".join(found[-_ROWS:]) if len(found) >= _ROWS else ""


def main(argv: Sequence[str]) -> int:
    if len(argv) != 4:
        raise SystemExit(__doc__)
    return dial(Path(argv[0]), *argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
