"""The program beside the RADIUS server that asks home servers and tunnel terminators whether they live.

    python -m kitei.radius.watch FOLDER SACKS

It reads the targets from `policy.json`, writes the dead ones to `dead.json`, and tells the relay in use, which takes
what it has in hand to another. One that has missed three questions in a row is dead, and one whose machine says that
nobody listens there at once; one answer, and it lives. Home servers are asked by Status-Server (RFC 5997), over TLS those of RadSec; terminators for a tunnel they need not grant. A home server that knows no
such question (`silent`) counts as alive.
"""

import json
import os
import secrets
import selectors
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from kitei.radius.l2tp import answered, ask_for_tunnel, hang_up
from kitei.radius.packet import is_answer, status_server

_EVERY: Final = 0.5  # seconds between questions
_MISSES: Final = 3
_L2TP: Final = 1701
_STEP: Final = 2.0  # seconds by which a clock was set; a leap second is less
_RADSEC_PATIENCE: Final = 2.0


class Watch:
    """Targets, and how many answers each is behind."""

    def __init__(self, folder: str, sacks: str) -> None:
        self._folder, self._sacks = folder, sacks
        self._stamp: tuple[int, int] | None = None
        self._targets: dict[str, Mapping[str, Any]] = {}
        self._missed: dict[str, int] = {}
        self._asked: dict[str, bytes] = {}
        self._relay = ""
        self._ahead = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        self._told: tuple[str, frozenset[str]] | None = None
        self._wire = selectors.DefaultSelector()
        self._sockets: dict[str, socket.socket] = {}
        self._secured: dict[str, threading.Thread] = {}
        self._broken: set[str] = set()  # RadSec connections that ended: what was in hand there gets no answer
        self._lock = threading.Lock()

    def run(self) -> None:
        while True:
            begun = time.monotonic()
            self._read_policy()
            self._mind_clock()
            self._ask()
            while (left := begun + _EVERY - time.monotonic()) > 0:
                self._hear(left)
                self._judge()

    def _read_policy(self) -> None:
        try:
            stat = os.stat(os.path.join(self._folder, "policy.json"))
        except FileNotFoundError:
            return
        if self._stamp == (stat.st_ino, stat.st_mtime_ns):
            return
        self._stamp = (stat.st_ino, stat.st_mtime_ns)
        with open(os.path.join(self._folder, "policy.json")) as file:
            told = json.load(file)
        self._relay = told["relay"]
        targets = {
            each["name"]: each
            for realm in told["realms"].values()
            for each in realm.get("targets", ())
            if not each.get("silent")
        }
        for name in self._targets.keys() - targets.keys():
            self._forget(name)
        self._targets = targets

    def _mind_clock(self) -> None:
        """A server's timers wait for the hours again that a clock was set back by: a relay is begun anew."""
        ahead = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        was, self._ahead = self._ahead, ahead
        if self._relay and ahead < was - _STEP:
            self._order("terminate")
            self._told = None  # the one begun anew knows of nobody who is dead

    def _forget(self, name: str) -> None:
        self._missed.pop(name, None)
        self._asked.pop(name, None)
        line = self._sockets.pop(name, None)
        if line is not None:
            self._wire.unregister(line)
            line.close()

    def _ask(self) -> None:
        for name, target in self._targets.items():
            self._missed[name] = self._missed.get(name, 0) + 1
            if target["transport"] == "radsec":
                self._ask_securely(name, target)
                continue
            try:
                question = self._question(target)
                self._asked[name] = question
                self._line(name, target).send(question)
            except OSError:
                continue  # unreachable now: a miss like any other

    def _question(self, target: Mapping[str, Any]) -> bytes:
        if target["transport"] == "l2tp":
            return ask_for_tunnel(1 + secrets.randbelow(65535), b"kitei")
        return status_server(secrets.randbelow(256), secrets.token_bytes(16), self._secret(target))

    def _secret(self, target: Mapping[str, Any]) -> bytes:
        with open(os.path.join(self._sacks, target["sack"]), "rb") as file:
            return file.read()

    def _line(self, name: str, target: Mapping[str, Any]) -> socket.socket:
        line = self._sockets.get(name)
        if line is None:
            family = socket.AF_INET6 if ":" in target["address"] else socket.AF_INET
            line = socket.socket(family, socket.SOCK_DGRAM)
            line.setblocking(False)
            line.connect((target["address"], target.get("port", _L2TP)))
            self._sockets[name] = line
            self._wire.register(line, selectors.EVENT_READ, name)
        return line

    def _hear(self, seconds: float) -> None:
        for key, _ in self._wire.select(seconds):
            name, line = key.data, key.fileobj
            assert isinstance(line, socket.socket)
            try:
                packet = line.recv(4096)
            except ConnectionRefusedError:
                self._missed[name] = _MISSES
                continue
            except OSError:
                continue  # unreachable now: the question is missed already
            if self._is_life(name, packet, line):
                self._missed[name] = 0

    def _is_life(self, name: str, packet: bytes, line: socket.socket) -> bool:
        target, question = self._targets[name], self._asked.get(name, b"")
        if target["transport"] == "udp":
            return is_answer(packet, question, self._secret(target))
        told = answered(packet)
        if told is None:
            return False
        tunnel, theirs = told
        if theirs:
            line.send(hang_up(tunnel, theirs))
        return True

    def _ask_securely(self, name: str, target: Mapping[str, Any]) -> None:
        """In a thread of its own: a connection that hangs must not delay the others' questions."""
        asking = self._secured.get(name)
        if asking is None or not asking.is_alive():
            asking = threading.Thread(target=self._ask_over_tls, args=(name, target), daemon=True)
            self._secured[name] = asking
            asking.start()

    def _ask_over_tls(self, name: str, target: Mapping[str, Any]) -> None:
        try:
            with (
                socket.create_connection((target["address"], target["port"]), _RADSEC_PATIENCE) as plain,
                self._context(target).wrap_socket(plain) as line,
            ):
                secret = self._secret(target)
                while self._targets.get(name) is target:
                    question = status_server(secrets.randbelow(256), secrets.token_bytes(16), secret)
                    line.sendall(question)
                    if not is_answer(line.recv(4096), question, secret):
                        self._broken.add(name)
                        return
                    self._missed[name] = 0
                    time.sleep(2 * _EVERY)
        except TimeoutError:
            return  # a miss; another thread tries again
        except (OSError, ValueError):
            self._broken.add(name)

    def _context(self, target: Mapping[str, Any]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # RadSec servers are known by their authority (RFC 6614, 2.3)
        context.load_verify_locations(cadata=target["authority"])
        context.load_cert_chain(os.path.join(self._sacks, target["papers"]))
        return context

    def _judge(self) -> None:
        broken = frozenset(self._broken)
        dead = broken | {name for name, missed in self._missed.items() if missed >= _MISSES}
        if self._told == (self._relay, dead):
            self._broken -= broken
            return
        before = self._told[1] if self._told and self._told[0] == self._relay else frozenset()
        _replace(os.path.join(self._folder, "dead.json"), json.dumps(sorted(dead)))
        changed = {name: "down" for name in dead - before} | {name: "alive" for name in before - dead}
        if self._tell_relay({n: s for n, s in changed.items() if n in self._targets}):
            self._told = (self._relay, dead)
            self._broken -= broken

    def _tell_relay(self, states: Mapping[str, str]) -> bool:
        """The relay decides again where what it has in hand should go. False: it could not be told yet."""
        words: list[str] = []
        for name, state in states.items():
            target = self._targets[name]
            if target["transport"] == "l2tp":
                continue
            proto, ports = ("tcp", (0,)) if target["transport"] == "radsec" else ("udp", (0, 1))
            for port in ports:
                at = f"{target['address']} {target['port'] + port} {proto}"
                words.append(f"set home_server state {at} {state}")
        return not words or self._order(*words)

    def _order(self, *words: str) -> bool:
        control = os.path.join(self._folder, f"{self._relay}.sock")
        argv = ["/usr/sbin/radmin", "-f", control, *(part for word in words for part in ("-e", word))]
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"{self._relay}: {done.stdout.strip()} {done.stderr.strip()}", flush=True)
        return done.returncode == 0


def _replace(path: str, text: str) -> None:
    handle, draft = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.replace(draft, path)


if __name__ == "__main__":
    Watch(sys.argv[1], sys.argv[2]).run()
