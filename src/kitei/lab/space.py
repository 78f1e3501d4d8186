"""A private room for a whole provider: own network, mounts and processes; ending it ends everything in it.

`enter` starts a program in new network, mount and pid namespaces, with its own `/run`, `/etc/frr` and
`/var/tmp`. The rest of the file system is the machine's, so a socket in KITEI_HOME is a door to outside.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OWN_FOLDERS = ("/run", "/etc/frr", "/var/tmp")


@dataclass(slots=True)
class Space:
    """A room and the program it was made for. Leaving it, or the death of who entered, ends everything."""

    room: subprocess.Popen[bytes]

    def is_open(self) -> bool:
        return self.room.poll() is None

    def leave(self) -> None:
        """End every process in the room and wait until they are gone. To leave twice is nothing."""
        if self.room.stdin:
            self.room.stdin.close()  # the room's first process ends when this end closes
        try:
            self.room.wait(10)
        except subprocess.TimeoutExpired:
            self.room.kill()
            self.room.wait(10)


def enter(
    argv: Sequence[str], env: Mapping[str, str] | None = None, output: Path | int | None = None
) -> Space:
    """Start a program in a new room; `output` takes what it and its children print (None: ours).

    Raises PermissionError where namespaces cannot be made.
    """
    if os.geteuid() != 0:
        raise PermissionError("the lab makes network namespaces and needs root: run it as root")
    command = [_tool("unshare"), "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command += [sys.executable, "-m", "kitei.lab.space", *argv]
    where = (
        os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if isinstance(output, Path) else output
    )
    try:
        room = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=where, stderr=where, env=env, start_new_session=True
        )
    finally:
        if isinstance(output, Path) and where is not None:
            os.close(where)
    return Space(room)


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"the lab needs {name}, which is not installed; see packages.txt")
    return path


def _furnish() -> None:
    """What the engines expect of a machine that has just booted."""
    for folder in OWN_FOLDERS:
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder], check=True)
    for folder in ("/run/netns", "/run/frr", "/var/tmp/frr", "/run/lock"):
        os.makedirs(folder, exist_ok=True)
    os.chmod("/var/tmp", 0o1777)
    for folder in ("/run/frr", "/etc/frr", "/var/tmp/frr"):
        shutil.chown(folder, "frr", "frr")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def _rule(argv: Sequence[str]) -> int:
    """Be the room's first process: start the program, reap every orphan, end when either end is gone."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(list(argv), stdin=subprocess.DEVNULL) as program:
        ours = program.pid
        while True:
            ready, _, _ = select.select([wake, sys.stdin], [], [])
            if sys.stdin in ready and not os.read(sys.stdin.fileno(), 4096):
                os._exit(0)  # who entered has left; the kernel ends whatever is still in the room
            if wake in ready:
                os.read(wake, 4096)
            while True:
                try:
                    pid, status = os.waitpid(-1, os.WNOHANG)
                except ChildProcessError:
                    break
                if pid == ours:
                    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
                if pid == 0:
                    break


if __name__ == "__main__":
    _furnish()
    raise SystemExit(_rule(sys.argv[1:]))
