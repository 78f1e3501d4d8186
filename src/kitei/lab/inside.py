"""Work done inside one network namespace: a forked process that enters it, works, and tells its result."""

import ctypes
import json
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyroute2

_CLONE_NEWNET = 0x40000000
_MS_BIND = 4096
NAMESPACES = "/run/netns"


class ErrandFailed(Exception):
    """What went wrong inside a namespace."""


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(done: int, what: str) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def make_namespace(name: str) -> None:
    """Make an empty network namespace and stay in it: the caller's process moves there."""
    path = f"{NAMESPACES}/{name}"
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o444))
    _checked(libc().unshare(_CLONE_NEWNET), f"new network namespace {name}")
    done = libc().mount(b"/proc/self/ns/net", path.encode(), b"none", _MS_BIND, None)
    _checked(done, f"name network namespace {name}")


def enter_namespace(name: str) -> None:
    """Move this process (which must have one thread) into a named network namespace."""
    handle = os.open(f"{NAMESPACES}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(libc().setns(handle, _CLONE_NEWNET), f"enter network namespace {name}")
    finally:
        os.close(handle)


@dataclass(slots=True)
class Errand:
    """A process at work in a namespace. `finish` waits for its result, `end` asks it to finish early."""

    name: str
    pid: int
    pipe: int

    def finish(self, timeout: float = 30.0) -> Any:
        """What the function returned, after JSON. Raises ErrandFailed with its error, or on time-out."""
        until = time.monotonic() + timeout
        told = b""
        try:
            while True:
                left = until - time.monotonic()
                if left <= 0 or not select.select([self.pipe], [], [], left)[0]:
                    os.kill(self.pid, signal.SIGKILL)
                    raise ErrandFailed(f"{self.name}: no result within {timeout:g} s")
                piece = os.read(self.pipe, 1 << 16)
                if not piece:
                    break
                told += piece
        finally:
            os.close(self.pipe)
            os.waitpid(self.pid, 0)
        if not told:
            raise ErrandFailed(f"{self.name}: died without a result")
        outcome = json.loads(told)
        if "failed" in outcome:
            raise ErrandFailed(f"{self.name}: {outcome['failed']}")
        return outcome["done"]

    def end(self) -> None:
        """Ask it to stop and tell what it has so far."""
        os.kill(self.pid, signal.SIGTERM)


def send(namespace: str | None, function: Callable[..., Any], *arguments: Any) -> Errand:
    """Fork a process that enters the namespace and calls the function, whose result must be JSON."""
    pipe, told = os.pipe()
    pid = os.fork()
    if pid:
        os.close(told)
        return Errand(f"{function.__name__} in {namespace or 'the room'}", pid, pipe)
    os.close(pipe)
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if namespace is not None:
            enter_namespace(namespace)
        outcome = {"done": function(*arguments)}
    except BaseException as error:
        outcome = {"failed": f"{type(error).__name__}: {error}"}
    rest = json.dumps(outcome).encode()
    while rest:
        rest = rest[os.write(told, rest) :]
    os._exit(0)


def call(namespace: str | None, function: Callable[..., Any], *arguments: Any, timeout: float = 30.0) -> Any:
    """`send` and wait."""
    return send(namespace, function, *arguments).finish(timeout)


def netlink() -> Any:
    """A pyroute2 IPRoute where this process is, to be used in a `with`. Only in errands: it may start threads."""
    untyped: Any = pyroute2
    return untyped.IPRoute()


class Stop:
    """True once this process was asked to end: for loops in an errand."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def __bool__(self) -> bool:
        return self.asked
