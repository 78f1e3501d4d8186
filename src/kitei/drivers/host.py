"""The machine a node is: its commands, files, programs and links. All that drivers touch, they touch here."""

import contextlib
import os
import secrets
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyroute2
from pyroute2.netlink.exceptions import NetlinkError

from kitei.drivers.programs import Programs
from kitei.network import PermanentError, TemporaryError
from kitei.network.driver import Ran


class LinuxHost:
    """A Linux machine, or a network namespace of one.

    Without `netns` it acts where its own process is: on a real machine, or in the namespace that process
    has entered. With a name (of /run/netns) every command, program and netlink socket goes there.
    Programs go on when this process ends; the next LinuxHost with the same `state_dir` takes them over.
    `restarted` hears, from another thread, the name of every program that died and was started again.
    """

    def __init__(
        self,
        name: str,
        state_dir: str | Path,
        netns: str | None = None,
        restarted: Callable[[str], None] = lambda name: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._clock = clock
        self._state = Path(state_dir)
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._state.chmod(0o700)
        self._netns = netns
        self._enter = () if netns is None else ("nsenter", f"--net=/run/netns/{netns}", "--")
        self._lines: dict[tuple[int, int], Any] = {}
        self._programs = Programs(self._state / "programs", self._enter, restarted)

    def anew(self) -> "LinuxHost":
        return LinuxHost(self.name, self._state, self._netns, clock=self._clock)

    def now(self) -> datetime:
        return self._clock()

    def run(self, argv: Sequence[str], stdin: str = "", timeout: float = 10.0) -> Ran:
        """Run a command to its end. Its input goes by a pipe, so secrets belong there and not in `argv`."""
        try:
            done = subprocess.run(
                [*self._enter, *argv], input=stdin, capture_output=True, text=True, timeout=timeout
            )
        except subprocess.TimeoutExpired as late:
            raise TemporaryError(f"{argv[0]} on {self.name} did not end within {timeout:g} s") from late
        except FileNotFoundError as absent:
            raise PermanentError(
                f"{argv[0]} is not installed on {self.name}; packages.txt says what is"
            ) from absent
        return Ran(done.returncode, done.stdout, done.stderr)

    def read(self, path: str) -> str | None:
        try:
            return Path(path).read_text()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Replace a file as a whole: after a crash it holds the old text or the new. Makes its folder."""
        folder = os.path.dirname(path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        draft = f"{path}.{secrets.token_hex(4)}.new"
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(handle, "w") as file:
                os.fchmod(handle, mode)
                file.write(text)
                file.flush()
                os.fsync(handle)
            os.replace(draft, path)
        except OSError as fault:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)
            raise TemporaryError(f"{path} on {self.name} cannot be written: {fault.strerror}", 5.0) from fault
        shelf = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(shelf)
        finally:
            os.close(shelf)

    def remove(self, path: str) -> None:
        """Remove a file or an empty folder; nothing there is fine."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.unlink(path)

    def state(self, *parts: str) -> str:
        return str(self._state.joinpath(*parts))

    def keep_running(self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._programs.keep(name, argv, env or {})

    def stop(self, name: str) -> None:
        self._programs.stop(name)

    def running(self) -> Mapping[str, int]:
        return self._programs.running()

    def connect(self, path: str) -> socket.socket:
        """Reads and writes on it fail after 10 s of silence. A path may be longer than a socket's 107 bytes."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(10.0)
        try:
            with _short_path(path) as near:
                line.connect(near)
        except OSError as fault:
            line.close()
            raise TemporaryError(f"nobody answers at {path} on {self.name}: {fault.strerror}", 0.1) from fault
        return line

    @contextlib.contextmanager
    def netlink(self) -> Iterator[Any]:
        """An IPRoute in the node's namespace. It is kept: to open one costs more than to use it."""
        who = (os.getpid(), threading.get_ident())
        line = self._lines.get(who) or self._open_line()
        self._lines[who] = line
        try:
            yield line
        except NetlinkError:
            raise  # the kernel's answer; the line is sound
        except BaseException:
            self._lines.pop(who).close()
            raise

    def close(self) -> None:
        """Let go of the machine; its programs go on."""
        while self._lines:
            self._lines.popitem()[1].close()

    def _open_line(self) -> Any:
        made: Any = pyroute2
        return made.IPRoute() if self._netns is None else made.NetNS(self._netns)


@contextlib.contextmanager
def _short_path(path: str) -> Any:
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)
