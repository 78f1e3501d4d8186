"""The two conversations with the controller, a thread each: ask for orders, and report."""

import contextlib
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from kitei.agent.config import AgentConfig
from kitei.agent.controller import Controller, Refused, Unreachable
from kitei.network import Orders
from kitei.network.codec import Unreadable
from kitei.network.report import Fault, Report, State

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0  # seconds after the controller did not answer
_ASK_AGAIN: Final = 60.0  # seconds before a certificate that did not come is asked for again
_REMEMBERED: Final = 10_000  # changes kept for a controller that is away
_TOGETHER: Final = 0.02  # seconds in which changes gather into one report


class Pauses:
    """Growing pauses with some chance in them, so that a thousand nodes do not come back at once."""

    def __init__(self) -> None:
        self._next = _FIRST_PAUSE

    def next(self) -> float:
        pause = self._next
        self._next = min(2 * pause, _LONGEST_PAUSE)
        return pause * random.uniform(0.7, 1.3)

    def reset(self) -> None:
        self._next = _FIRST_PAUSE


class Pull:
    """Asks for orders above `newest()`. `arrived` gets those that are whole; `wrong` hears what is wrong with
    others, and None after an answer in order.
    """

    def __init__(
        self,
        config: AgentConfig,
        newest: Callable[[], int],
        arrived: Callable[[Orders], None],
        wrong: Callable[[Fault | None], None],
    ) -> None:
        self._controller = Controller(config.controller, config.node, config.papers)
        self._wait = config.wait
        self._newest = newest
        self._arrived = arrived
        self._wrong = wrong
        self._over = threading.Event()

    def end(self) -> None:
        self._over.set()
        self._controller.hang_up()

    def run(self) -> None:
        pauses = Pauses()
        while not self._over.is_set():
            after = self._newest()
            try:
                orders = self._controller.orders(after, self._wait)
                if orders is not None:
                    self._arrived(orders)
                self._wrong(None)
            except Unreachable:
                self._over.wait(pauses.next())
            except (Unreadable, Refused) as error:
                self._wrong(Fault("orders", f"> {after}", str(error)))
                self._over.wait(pauses.next())
            else:
                pauses.reset()


class Tell:
    """Reports at once what changed, and at every heartbeat. Changes are kept until a report has arrived.

    `now(states, whole)` makes the report, `known()` are all states there are, `csr()` is a request for a
    certificate as long as one is wanted; `refused` hears why it was not taken, or None.
    """

    def __init__(
        self,
        config: AgentConfig,
        now: Callable[[tuple[State, ...], bool], Report],
        known: Callable[[], tuple[State, ...]],
        csr: Callable[[], str | None],
        refused: Callable[[Fault | None], None],
    ) -> None:
        self._controller = Controller(config.controller, config.node, config.papers)
        self._heartbeat = config.heartbeat
        self._now = now
        self._known = known
        self._csr = csr
        self._refused = refused
        self._asked: str | None = None
        self._asked_at = 0.0
        self._lock = threading.Lock()
        self._changes: deque[State] = deque()
        self._whole = True
        self._trouble = ""
        self._wake = threading.Event()
        self._over = threading.Event()

    def add(self, state: State) -> None:
        with self._lock:
            if len(self._changes) == _REMEMBERED:
                self._changes.popleft()
                self._whole = True
            self._changes.append(state)
        self._wake.set()

    def nudge(self) -> None:
        """Something other than a state changed: report soon."""
        self._wake.set()

    def end(self) -> None:
        self._over.set()
        self._wake.set()
        self._controller.hang_up()

    def run(self) -> None:
        pauses = Pauses()
        while not self._over.is_set():
            self._wake.clear()
            try:
                self._request()
                self._report()
            except (Unreachable, Refused, Unreadable) as error:  # all of it is still there to be said again
                self._log(str(error))
                self._over.wait(pauses.next())
                continue
            self._log("")
            pauses.reset()
            self._wake.wait(self._heartbeat * random.uniform(0.9, 1.1))
            self._over.wait(_TOGETHER)

    def _log(self, trouble: str) -> None:
        """What the controller cannot be told is told where the agent's output goes: once, not each time."""
        if trouble and trouble != self._trouble and not self._over.is_set():
            print(f"no report: {trouble}", file=sys.stderr, flush=True)
        elif self._trouble and not trouble:
            print("reports arrive again", file=sys.stderr, flush=True)
        self._trouble = trouble

    def _request(self) -> None:
        """Refused, it is sent again with a later report: the estate may come to know this node."""
        csr = self._csr()
        if csr is None or (csr == self._asked and time.monotonic() - self._asked_at < _ASK_AGAIN):
            return
        self._asked, self._asked_at = csr, time.monotonic()
        try:
            self._controller.request(csr)
        except Refused as error:
            self._asked_at -= _ASK_AGAIN - self._heartbeat
            self._refused(Fault("identity", "CSR", str(error)))
        else:
            self._refused(None)

    def _report(self) -> None:
        with self._lock:
            changes, whole = tuple(self._changes), self._whole
        told = {(state.what, state.subject, state.at) for state in changes}
        known = [s for s in self._known() if (s.what, s.subject, s.at) not in told] if whole else []
        self._controller.tell(self._now((*known, *changes), whole))
        with self._lock:
            for _ in changes:
                with contextlib.suppress(IndexError):
                    self._changes.popleft()
            self._whole = False
