"""The provider's processes in the room: one controller, and one agent a node, forked from this loaded process.

Who dies is started again, a little later each time; who dies five times within a minute stays down, and
`lost` names it. A node whose processes were killed on purpose stays dead until it is started again.
"""

import contextlib
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kitei.agent import AgentConfig
from kitei.agent import run as run_agent
from kitei.clock import shifted_clock
from kitei.drivers import ALL
from kitei.drivers.host import LinuxHost
from kitei.lab.inside import enter_namespace

CONTROLLER = "controller"
_DEATHS_ALLOWED = 5
_WITHIN = 60.0
_FIRST_PAUSE = 0.1


@dataclass(slots=True)
class Kept:
    """A process that must run. `pid` is None while it is dead; `deaths` are the recent ones' times."""

    be: Callable[[], int]
    log: Path
    pid: int | None = None
    deaths: list[float] = field(default_factory=list)
    again_at: float = 0.0

    @property
    def is_lost(self) -> bool:
        return len(self.deaths) >= _DEATHS_ALLOWED


@dataclass(slots=True)
class Provider:
    """Keeps controller and agents running, from a home folder shared with the world outside the room."""

    home: Path
    kept: dict[str, Kept] = field(default_factory=dict)
    leaving: list[int] = field(default_factory=list)

    def start_controller(self, serve: Callable[[Path], int]) -> None:
        """`serve` answers nodes and people at `controller.sock` in the home folder until SIGTERM."""
        self._keep(CONTROLLER, lambda: serve(self.home), self.home / "controller.log")

    def start_nodes(self, nodes: Iterable[str]) -> None:
        """One agent in each node's namespace. A node whose agent runs already is left alone."""
        gc.collect()
        gc.freeze()  # what all agents share stays shared: collecting would copy its pages in each of them
        for node in nodes:
            if node not in self.kept:
                state = self.home / "nodes" / node
                state.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._keep(node, self._agent_of(node, state), state / "agent.log")

    def stop(self, name: str) -> None:
        """End a controller or an agent and do not start it again. What an agent set up goes on."""
        kept = self.kept.pop(name, None)
        if kept is not None and kept.pid is not None:
            _signal(kept.pid, signal.SIGCONT)
            _signal(kept.pid, signal.SIGTERM)
            _wait(kept.pid, 5.0)

    def kill(self, name: str) -> None:
        """SIGKILL, and see it come back."""
        kept = self._of(name)
        if kept.pid is not None:
            os.kill(kept.pid, signal.SIGKILL)

    def freeze(self, name: str) -> None:
        """Halt a process so that it repairs nothing, until `thaw`."""
        kept = self._of(name)
        if kept.pid is not None:
            os.kill(kept.pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        kept = self._of(name)
        if kept.pid is not None:
            os.kill(kept.pid, signal.SIGCONT)

    def forget(self, name: str) -> None:
        """Do not start it again when it dies."""
        kept = self.kept.pop(name, None)
        if kept is not None and kept.pid is not None:
            self.leaving.append(kept.pid)

    @property
    def lost(self) -> list[str]:
        return [name for name, kept in self.kept.items() if kept.is_lost]

    def tend(self) -> None:
        """Reap who died, start again whose pause is over. Called many times a second."""
        self.leaving = [pid for pid in self.leaving if os.waitpid(pid, os.WNOHANG)[0] == 0]
        now = time.monotonic()
        for name, kept in self.kept.items():
            if kept.pid is not None and os.waitpid(kept.pid, os.WNOHANG)[0]:
                kept.pid = None
                kept.deaths = [at for at in kept.deaths if now - at < _WITHIN] + [now]
                kept.again_at = now + _FIRST_PAUSE * 2 ** (len(kept.deaths) - 1)
            if kept.pid is None and not kept.is_lost and now >= kept.again_at:
                kept.pid = _begin(name, kept)

    def _keep(self, name: str, be: Callable[[], int], log: Path) -> None:
        if name not in self.kept:
            kept = self.kept[name] = Kept(be, log)
            kept.pid = _begin(name, kept)

    def _of(self, name: str) -> Kept:
        if name not in self.kept:
            raise KeyError(f"no process {name!r} is kept here; there are {', '.join(self.kept) or 'none'}")
        return self.kept[name]

    def _agent_of(self, node: str, state: Path) -> Callable[[], int]:
        def be() -> int:
            enter_namespace(node)
            clock = shifted_clock(self.home / "clock")
            host = LinuxHost(node, state, clock=clock)
            code: int = run_agent(AgentConfig(node, host, f"unix:{self.home}/controller.sock", clock, ALL))
            return code

        return be


def _begin(name: str, kept: Kept) -> int:
    """Fork, and be it. The child keeps nothing open of its parent's but its log."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        log = os.open(kept.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for standard in (1, 2):
            os.dup2(log, standard)
        os.closerange(3, 4096)
        sys.stdout = os.fdopen(1, "w", buffering=1)
        sys.stderr = os.fdopen(2, "w", buffering=1)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        code = kept.be()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        os.kill(pid, number)


def _wait(pid: int, patience: float) -> None:
    until = time.monotonic() + patience
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > until:
            _signal(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.01)
