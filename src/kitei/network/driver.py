"""How a driver makes a part of a node so: see, plan, apply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Generic, Protocol, TypeVar

from kitei.network.parts import Part

Seen = TypeVar("Seen")


class Risk(IntEnum):
    """What a step may do to traffic that flows now."""

    NONE = 0
    BLIP = 1
    OUTAGE = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One change to a node, as a value. `do` reads as a sentence; `act` is the driver's own word for it.

    `owners` are the contracts whose traffic is at risk.
    """

    driver: str
    do: str
    act: str
    with_: Mapping[str, Any] = field(default_factory=dict)
    risk: Risk = Risk.NONE
    owners: tuple[str, ...] = ()


class TemporaryError(Exception):
    """It may work later: try again after `delay` seconds."""

    def __init__(self, what: str, delay: float = 1.0) -> None:
        super().__init__(what)
        self.delay = delay


class PermanentError(Exception):
    """It will not work until someone changes something; the message says what."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str


class Host(Protocol):
    """All a driver can touch. One implementation serves a real machine and a namespace of the lab."""

    name: str

    def anew(self) -> "Host":
        """The same node, for a process that was forked off: nothing of it is shared with this one."""
        ...

    def now(self) -> datetime:
        """What time it is on this node, aware."""
        ...

    def run(self, argv: Sequence[str], stdin: str = "", timeout: float = 10.0) -> Ran:
        """Run a command to its end. Never raises for its exit code; TemporaryError on time-out."""
        ...

    def read(self, path: str) -> str | None:
        """A file's text, None when there is none."""
        ...

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Replace a file as a whole, durably."""
        ...

    def remove(self, path: str) -> None: ...

    def state(self, *parts: str) -> str:
        """A path below this node's own state folder (0700)."""
        ...

    def keep_running(self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start a program and start it again whenever it dies, until `stop`."""
        ...

    def stop(self, name: str) -> None: ...

    def running(self) -> Mapping[str, int]:
        """Names and process ids of what `keep_running` keeps."""
        ...

    def connect(self, path: str) -> Any:
        """A connected Unix stream socket. TemporaryError while nobody listens there."""
        ...

    def netlink(self) -> Any:
        """A pyroute2 IPRoute in this node's network namespace."""
        ...


class Driver(Protocol, Generic[Seen]):
    """Law: apply `plan(wanted, see(host))`, and `plan(wanted, see(host))` is empty.

    A driver owns a namespace of things on the machine (an nft table, an interface prefix, a folder) and
    plans the removal of whatever it finds there and does not want. `reads` are the types of the parts that
    its plans depend on: others may come, go and change without it.
    """

    name: str

    @property
    def reads(self) -> tuple[type, ...]: ...

    def see(self, host: Host) -> Seen: ...

    def plan(self, wanted: Sequence[Part], seen: Seen) -> tuple[Step, ...]:
        """Pure: steps if and only if something is wrong. Parts of other drivers are passed over."""
        ...

    def apply(self, host: Host, step: Step) -> None: ...
