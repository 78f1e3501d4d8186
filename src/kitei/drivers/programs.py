"""Programs that must keep running, and outlive the one who keeps them.

Each runs in its own session with its output in a file, so the death of its keeper changes nothing for it.
A file per program says which process it is; the next keeper reads them and takes the programs over.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_SETTLED = 10.0  # seconds of life after which a death counts as the first again
_LOG_LIMIT = 1 << 20  # bytes; a longer log starts anew with the program


@dataclass(slots=True)
class _Program:
    """One kept program. `child` is None when an earlier keeper started it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    pid: int
    handle: int
    child: subprocess.Popen[bytes] | None
    since: float
    pause: float = _FIRST_PAUSE


class Programs:
    """Starts programs, starts them again when they die, and stops them. `told` hears of every restart.

    `enter` is put before every command (to enter a namespace).
    """

    def __init__(
        self, folder: Path, enter: Sequence[str] = (), told: Callable[[str], None] = lambda name: None
    ) -> None:
        self._folder = folder
        self._enter = tuple(enter)
        self._told = told
        self._lock = threading.RLock()
        self._kept: dict[str, _Program] = {}
        self._due: dict[str, tuple[float, _Program]] = {}
        self._wake: int | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in sorted(folder.glob("*.json")):
            self._take_over(file)

    def keep(self, name: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Have this program running from now on; one of that name with another command line is replaced."""
        with self._lock:
            kept = self._kept.get(name) or (self._due[name][1] if name in self._due else None)
            if kept and (kept.argv, dict(kept.env)) == (tuple(argv), dict(env)):
                return
            self.stop(name)
            self._start(name, tuple(argv), env, _FIRST_PAUSE)

    def stop(self, name: str, patience: float = 5.0) -> None:
        """End it: SIGTERM, after `patience` seconds SIGKILL, to all of its session."""
        with self._lock:
            self._due.pop(name, None)
            program = self._kept.pop(name, None)
            (self._folder / f"{name}.json").unlink(missing_ok=True)
        if program is None:
            return
        _signal_session(program.pid, signal.SIGTERM)
        if not _ends_within(program.handle, patience):
            _signal_session(program.pid, signal.SIGKILL)
            _ends_within(program.handle, patience)
        _signal_session(program.pid, signal.SIGKILL)  # children that did not follow their parent
        self._bury(program)

    def running(self) -> dict[str, int]:
        """Process ids by name. A program between death and restart is not in it."""
        with self._lock:
            return {name: p.pid for name, p in self._kept.items() if not _has_ended(p.handle)}

    def _start(self, name: str, argv: tuple[str, ...], env: Mapping[str, str], pause: float) -> None:
        log = self._folder / f"{name}.log"
        fresh = log.exists() and log.stat().st_size > _LOG_LIMIT
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if fresh else 0)
        out = os.open(log, flags, 0o600)
        try:
            child = subprocess.Popen(
                [*self._enter, *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **env},
                start_new_session=True,
            )
        finally:
            os.close(out)
        handle = os.pidfd_open(child.pid)
        self._remember(name, argv, env, child.pid)
        self._kept[name] = _Program(argv, env, child.pid, handle, child, time.monotonic(), pause)
        self._watch()

    def _remember(self, name: str, argv: tuple[str, ...], env: Mapping[str, str], pid: int) -> None:
        told = {"pid": pid, "born": _born(pid), "argv": argv, "env": dict(env)}
        file = self._folder / f"{name}.json"
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(told))
        draft.rename(file)

    def _take_over(self, file: Path) -> None:
        """Keep what an earlier keeper started, if it is still that very process; forget it otherwise."""
        try:
            told = json.loads(file.read_text())
            pid, argv = int(told["pid"]), tuple(told["argv"])
            handle = os.pidfd_open(pid)
        except (ValueError, KeyError, ProcessLookupError):
            file.unlink(missing_ok=True)
            return
        if _born(pid) != told["born"]:
            os.close(handle)
            file.unlink(missing_ok=True)
            return
        self._kept[file.stem] = _Program(argv, told["env"], pid, handle, None, time.monotonic())
        self._watch()

    def _bury(self, program: _Program) -> None:
        if program.child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.child.wait(1.0)
        os.close(program.handle)

    def _watch(self) -> None:
        if self._wake is None:
            self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            threading.Thread(target=self._attend, name="programs", daemon=True).start()
        os.eventfd_write(self._wake, 1)

    def _attend(self) -> None:
        assert self._wake is not None
        while True:
            with self._lock:
                handles = {p.handle: name for name, p in self._kept.items()}
                waits = [due for due, _ in self._due.values()]
            poll = select.poll()
            for handle in (*handles, self._wake):
                poll.register(handle, select.POLLIN)
            left = None if not waits else max(0, int(1000 * (min(waits) - time.monotonic())) + 1)
            ready = [handle for handle, _ in poll.poll(left)]
            if self._wake in ready:
                os.eventfd_read(self._wake)
            for name in self._restarted(handles[h] for h in ready if h in handles):
                self._told(name)

    def _restarted(self, dead: Iterator[str]) -> list[str]:
        """Bury the dead, note when they are due again, and start those that are due now."""
        now = time.monotonic()
        with self._lock:
            for name in dead:
                program = self._kept.get(name)
                if program is None or not _has_ended(program.handle):
                    continue
                del self._kept[name]
                _signal_session(program.pid, signal.SIGTERM)  # its children may have something to tidy
                self._bury(program)
                pause = _FIRST_PAUSE if now - program.since > _SETTLED else program.pause
                self._due[name] = (now + pause, program)
            risen = [name for name, (due, _) in self._due.items() if due <= now]
            for name in risen:
                _, program = self._due.pop(name)
                _signal_session(program.pid, signal.SIGKILL)
                self._start(name, program.argv, program.env, min(2 * program.pause, _LONGEST_PAUSE))
        return risen


def _has_ended(handle: int) -> bool:
    return _ends_within(handle, 0.0)


def _ends_within(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(int(1000 * seconds)))


def _signal_session(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _born(pid: int) -> str | None:
    """When a process started: the boot, and clock ticks since. With its number it names one process for good."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {stat.rpartition(')')[2].split()[19]}"
