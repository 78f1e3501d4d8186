"""Fetches the sacks that orders name: secrets, and tables of users, as files that only engines here may read."""

import os
import secrets
import threading
from collections.abc import Callable, Iterable
from typing import Final

from kitei.agent.config import AgentConfig
from kitei.agent.controller import Controller, Refused, Unreachable
from kitei.agent.talk import Pauses
from kitei.network import Part, sacks_of
from kitei.network.codec import Unreadable
from kitei.network.report import Fault

_FOLDER: Final = "sacks"


class Sacks:
    """Keeps the folder `sacks` as the orders want it, in a thread of its own.

    `arrived` is called when something new is there; `wrong` hears of a fault, and None when all is there.
    """

    def __init__(
        self, config: AgentConfig, arrived: Callable[[], None], wrong: Callable[[Fault | None], None]
    ) -> None:
        self._controller = Controller(config.controller, config.node, config.papers)
        self._folder = config.host.state(_FOLDER)
        self._arrived, self._wrong = arrived, wrong
        self._lock = threading.Lock()
        self._wanted: frozenset[str] = frozenset()
        self._keeps: frozenset[str] = frozenset()
        self._news = threading.Event()
        self._over = False

    def want(self, parts: Iterable[Part], before: Iterable[Part] = ()) -> None:
        """From now on those of `parts`; those of the orders `before` stay too, for the way back."""
        with self._lock:
            self._wanted = frozenset(sacks_of(parts))
            self._keeps = self._wanted | frozenset(sacks_of(before))
        self._news.set()

    def end(self) -> None:
        self._over = True
        self._news.set()
        self._controller.hang_up()

    def run(self) -> None:
        pauses = Pauses()
        while not self._over:
            self._news.clear()
            fault = self._bring()
            self._wrong(fault)
            if fault is None:
                pauses.reset()
            self._news.wait(None if fault is None else pauses.next())

    def _bring(self) -> Fault | None:
        """Fetch what is missing, then throw away what nobody wants any more."""
        with self._lock:
            wanted, keeps = self._wanted, self._keeps
        here = frozenset(_listed(self._folder))
        fault: Fault | None = None
        came = False
        for name in sorted(wanted - here):
            try:
                _write(self._folder, name, self._controller.sack(name))
                came = True
            except (Unreachable, Refused, Unreadable, OSError) as error:
                fault = Fault("sack", name, str(error))
        if came:
            self._arrived()
        if fault is None:
            for name in here - keeps:
                os.unlink(os.path.join(self._folder, name))
        return fault


def _listed(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []


def _write(folder: str, name: str, content: bytes) -> None:
    """Whole or not at all."""
    if "/" in name or name.startswith("."):
        raise OSError(f"{name!r} is not the name of a sack such as 'client.c-17@3'")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    draft = f"{folder}.{secrets.token_hex(4)}.new"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        os.replace(draft, os.path.join(folder, name))
    except OSError:
        os.unlink(draft)
        raise
