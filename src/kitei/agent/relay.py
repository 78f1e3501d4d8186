"""Events of this node's programs, carried to the controller: at once, in order, and again until heard."""

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from kitei.agent.config import AgentConfig
from kitei.agent.controller import Controller, Refused, Unfit, Unreachable
from kitei.agent.talk import Pauses
from kitei.network.codec import Unreadable
from kitei.network.events import MOST_TOGETHER, Batch, event_of
from kitei.spool import Taking, lanes
from kitei.values import JsonObject

LANES: Final = "events"
"""The folder of lanes in the node's state: whoever puts a lane there is heard."""

_GLANCE: Final = 0.02  # seconds between looks at a lane that is there: a stat costs microseconds
_FEW: Final = 1.0  # and between looks for lanes


class Relay:
    """One thread for all lanes while there is little to carry; a lane has a line of its own, so that a long
    history does not stand before an alarm."""

    def __init__(self, config: AgentConfig, guard: Callable[[Callable[[], None]], None]) -> None:
        self._config = config
        self._guard = guard
        self._folder = Path(config.host.state(LANES))
        self._carriers: dict[str, _Carrier] = {}
        self._over = threading.Event()

    def end(self) -> None:
        self._over.set()
        for carrier in tuple(self._carriers.values()):
            carrier.hang_up()

    def run(self) -> None:
        threads: list[threading.Thread] = []
        while not self._over.is_set():
            for folder in lanes(self._folder):
                if folder.name not in self._carriers:
                    carrier = _Carrier(self._config, folder, self._over)
                    self._carriers[folder.name] = carrier
                    name = f"relay-{folder.name}"
                    thread = threading.Thread(target=self._guard, args=(carrier.run,), name=name, daemon=True)
                    thread.start()
                    threads.append(thread)
            self._over.wait(_FEW)
        for thread in threads:
            thread.join(2.0)


class _Carrier:
    """Carries one lane."""

    def __init__(self, config: AgentConfig, folder: Path, over: threading.Event) -> None:
        self._controller = Controller(config.controller, config.node, config.papers)
        self._lane = folder.name
        self._taking = Taking(folder)
        self._over = over
        self._trouble = ""

    def hang_up(self) -> None:
        self._controller.hang_up()

    def run(self) -> None:
        pauses = Pauses()
        while not self._over.is_set():
            if not self._taking.has_news():
                self._over.wait(_GLANCE)
                continue
            try:
                self._carry()
            except (Unreachable, Refused, Unreadable, OSError) as error:  # it is still there to be told again
                self._log(str(error))
                self._over.wait(pauses.next())
            else:
                self._log("")
                pauses.reset()

    def _carry(self) -> None:
        due = self._taking.due(MOST_TOGETHER)
        if due:
            try:
                self._tell(due)
            except (Unfit, Unreadable):  # one of them is at fault: the others are not to wait for it for ever
                for each in due:
                    self._tell_alone(each)

    def _tell(self, due: Sequence[JsonObject]) -> None:
        batch = Batch(self._lane, self._taking.series, tuple(event_of(each) for each in due))
        try:
            heard = self._controller.events(batch)
        except Unreachable:  # perhaps only the line that was kept since last time: an alarm does not wait
            heard = self._controller.events(batch)
        self._taking.heard(heard)

    def _tell_alone(self, event: JsonObject) -> None:
        """The number that is passed over is missing at the controller, which counts it as lost."""
        number = event["number"]
        assert isinstance(number, int)  # Taking gives no others
        try:
            self._tell([event])
        except (Unfit, Unreadable) as error:
            told = f"{self._lane}: event {number} is passed over, no controller could take it: {error}"
            print(told, file=sys.stderr, flush=True)
            self._taking.heard(number)

    def _log(self, trouble: str) -> None:
        """Told where the agent's output goes: once, not each time."""
        if trouble and trouble != self._trouble and not self._over.is_set():
            print(f"{self._lane} are not heard: {trouble}", file=sys.stderr, flush=True)
        elif self._trouble and not trouble:
            print(f"{self._lane} are heard again", file=sys.stderr, flush=True)
        self._trouble = trouble
