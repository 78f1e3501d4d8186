"""Who stays when an agent dies: it takes back what has ended, so that nothing against an attack outlives its end.

Forked off when the agent begins, it costs next to no memory and waits for that agent's death. From then on it goes by
the orders on the disk: when a part in them ends, the drivers that read it are asked, as the agent would have asked them.
It goes when another agent is there, or when nothing is left that will end.
"""

import fcntl
import gc
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Set
from typing import Final

from kitei.agent.config import AgentConfig
from kitei.agent.converge import converge
from kitei.agent.expiries import Expiries
from kitei.agent.kept import load
from kitei.network import Orders

LOCK: Final = "agent.lock"
_PATIENCE: Final = 5.0  # seconds for which a keeper may be at work when the next agent comes
_NAME: Final = "kitei-keeper"
_AGAIN: Final = 2.0  # seconds until what failed is tried again
_STRAYS: Final = 4096  # handles that a child might have of its parent's


def take_lock(config: AgentConfig, patience: float = _PATIENCE) -> int | None:
    """The lock of the one agent of a node, as an open file; None where another has it. It goes with its process."""
    lock = os.open(config.host.state(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(lock)
                return None
            time.sleep(0.05)
        else:
            return lock


def leave_keeper(config: AgentConfig) -> int:
    """Fork the keeper off this process, which is an agent that has no threads yet; the keeper's process id."""
    agent = os.pidfd_open(os.getpid())
    gc.freeze()  # what both have stays shared
    keeper = os.fork()
    if keeper:
        os.close(agent)
        return keeper
    code = 70
    try:
        _settle(config, agent)
        _wait_for_death(0)
        _watch(config)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _settle(config: AgentConfig, agent: int) -> None:
    """A session of its own, a log of its own, and nothing of the agent's held open but its death (as handle 0)."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    log = os.open(config.host.state("keeper.log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(agent, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, _STRAYS)
    sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
    with open("/proc/self/comm", "w") as name:
        name.write(_NAME)


def _wait_for_death(agent: int) -> None:
    poll = select.poll()
    poll.register(agent, select.POLLIN)
    poll.poll()


def _watch(config: AgentConfig) -> None:
    """Raises DiskError where the orders cannot be read."""
    orders = load(config.host, config.node).in_force
    if orders is None:
        return
    expiries = Expiries(config.drivers, config.clock)
    expiries.want(orders.intent.parts)
    wrong = set[str]()
    while wrong or expiries.pause() is not None:
        lock = take_lock(config, 0.0)
        if lock is None:
            return  # another agent goes on
        try:
            due = wrong | expiries.due()
            wrong = _take_back(config, orders, due) if due else set()
        finally:
            os.close(lock)
        left = expiries.pause()
        time.sleep(_AGAIN if wrong else left or 0.0)


def _take_back(config: AgentConfig, orders: Orders, names: Set[str]) -> set[str]:
    """Ask these drivers, in a process of its own: what they load is gone with it. Those that have to be asked again."""
    worker = os.fork()
    if worker:
        return set() if os.waitpid(worker, 0)[1] == 0 else set(names)
    code = 70
    try:
        host = config.host.anew()
        done = [
            converge(driver, host, orders.intent.parts, orders.may_cut)
            for driver in config.drivers
            if driver.name in names
        ]
        for outcome in done:
            print(config.clock().isoformat(), outcome)
        code = 0 if all(outcome.again is None for outcome in done) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
