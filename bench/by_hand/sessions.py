"""What the routing daemons of a node say of their sessions, by their own sockets (as `vtysh` does)."""

import json
import socket
import time
from collections.abc import Mapping
from typing import Any


def ask(node: str, daemon: str, question: str) -> Any:
    """The JSON answer of a daemon; None where it does not run."""
    with socket.socket(socket.AF_UNIX) as vty:
        vty.settimeout(2)
        try:
            vty.connect(f"/run/frr/{node}/{daemon}.vty")
            _say(vty, "enable")
            return json.loads(_say(vty, question) or b"null")
        except OSError:
            return None


def _say(vty: socket.socket, line: str) -> bytes:
    vty.sendall(line.encode() + b"\0")
    told = b""
    while told[-4:-1] != bytes(3):  # an answer ends with three zero bytes and its return code
        piece = vty.recv(1 << 16)
        if not piece:
            raise ConnectionError(f"the daemon hung up at {line!r}")
        told += piece
    return told[:-4].strip(b"\0")


def bfd_up(node: str) -> int:
    """How many BFD sessions of a node are up."""
    return sum(1 for peer in ask(node, "bfdd", "show bfd peers json") or () if peer.get("status") == "up")


def wait_for_bfd(wanted: Mapping[str, int], within: float = 30.0) -> None:
    """Until each node has as many BFD sessions up as wanted. Raises TimeoutError naming those that have not."""
    until = time.monotonic() + within
    while lacking := {
        node: (bfd_up(node), number) for node, number in wanted.items() if bfd_up(node) < number
    }:
        if time.monotonic() > until:
            raise TimeoutError(f"BFD sessions (up, wanted) after {within:.0f} s: {lacking}")
        time.sleep(0.1)
