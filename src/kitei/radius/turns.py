"""Letting those go first who answer somebody: what runs beside them does a little, and then rests."""

import ctypes
import platform
import struct
import time
from collections.abc import Callable
from typing import Final

_REST: Final = 1e-3  # seconds; shorter ones cost more than the work between
_LONGEST: Final = 1e-2
_SLICE: Final = 10_000_000  # nanoseconds, some times the usual
_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}  # no library has it
_ATTRIBUTES: Final = struct.Struct(
    "IIQiIQQQ"
)  # struct sched_attr: size, policy, flags, nice, priority, runtime


class Turns:
    """One thread's. `behind` says by how many seconds it is.

    To yield is not enough: a program of another group (autogroup) waits until our slice ends. Nor is a low priority:
    a processor that works for us is not idle, so who wakes goes to stand behind others on another.
    """

    def __init__(self, behind: Callable[[], float]) -> None:
        self._behind = behind
        self._pause = _REST

    def give_way(self) -> None:
        """After a fraction of a millisecond's work. The rest is the shorter the more this is behind, and none from
        one second on, so that nothing starves it. Python's lock is free meanwhile."""
        if (rest := _REST * (1.0 - self._behind())) > 0:
            time.sleep(rest)

    def wait(self, was_something: bool) -> None:
        """For more to do, which is near where something was."""
        self._pause = _REST if was_something else min(2 * self._pause, _LONGEST)
        time.sleep(self._pause)


def let_interrupt() -> None:
    """Who wakes may take this thread's processor at once, as it asks for longer slices (Linux 6.12; before, and on
    other machines, nothing is asked). Its share of the processors is the same."""
    if number := _SCHED_SETATTR.get(platform.machine()):
        told = _ATTRIBUTES.pack(_ATTRIBUTES.size, 0, 0, 0, 0, _SLICE, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, told, 0)
