"""Many synthetic logins by one socket: each answer finds who asked, and who is answered no more leaves nothing behind."""

import hashlib
import hmac
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kitei.agent import logins
from kitei.agent.logins import LoginProber
from kitei.network import LoginProbe, Origin
from kitei.network.report import State
from kitei.radius.packet import Code

SECRETS = {"one@1": b"a secret", "other@1": b"another secret"}
PROBE = LoginProbe(
    Origin("c", ()), "p", "127.0.0.1", "127.0.0.1", 0, "u@r.example", "one@1", "password@1", "login", 1000
)


class Server:
    """Lets everybody in, with the secret of the contract that is named by the user; as many at once as there are."""

    def __init__(self) -> None:
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind(("127.0.0.1", 0))
        self.line.settimeout(0.1)
        self.port = self.line.getsockname()[1]
        self.is_open, self.is_over = True, threading.Event()
        self.asked: Counter[int] = Counter()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        held: list[tuple[bytes, tuple[str, int]]] = []
        while not self.is_over.is_set():
            try:
                held.append(self.line.recvfrom(4096))
                self.asked[held[-1][0][1]] += 1
                if len(held) < 20:
                    continue
            except TimeoutError:
                pass
            for packet, who in reversed(held) if self.is_open else ():  # in another order than they came
                secret = SECRETS["other@1" if b"other" in packet else "one@1"]
                self.line.sendto(accepted(packet, secret), who)
            held.clear()

    def close(self) -> None:
        self.is_over.set()
        self.thread.join()
        self.line.close()


def accepted(asked: bytes, secret: bytes) -> bytes:
    """Access-Accept with its Message-Authenticator first (RFC 2865, RFC 3579)."""
    head = bytes((Code.ACCESS_ACCEPT, asked[1])) + (38).to_bytes(2)
    blank = bytes((80, 18)) + bytes(16)
    proof = hmac.new(secret, head + asked[4:20] + blank, hashlib.md5).digest()
    told = bytes((80, 18)) + proof
    return head + hashlib.md5(head + asked[4:20] + told + secret).digest() + told


@pytest.fixture
def server() -> Iterator[Server]:
    opened = Server()
    yield opened
    opened.close()


@pytest.fixture
def prober(tmp_path: Path) -> Iterator[tuple[LoginProber, dict[str, State]]]:
    for name, secret in {**SECRETS, "password@1": b"pw"}.items():
        (tmp_path / name).write_bytes(secret)
    told: dict[str, State] = {}
    made = LoginProber(
        str(tmp_path), lambda: datetime.now(UTC), lambda state: told.update({state.subject: state}), 1.0
    )
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made, told
    made.end()
    thread.join()


def probes(server: Server, count: int) -> list[LoginProbe]:
    return [
        replace(PROBE, name=f"p{n}", port=server.port, user=f"u{n}@r.example", sack="one@1")
        if n % 2
        else replace(PROBE, name=f"p{n}", port=server.port, user=f"other{n}@r.example", sack="other@1")
        for n in range(count)
    ]


def eventually(found: object) -> None:
    until = time.monotonic() + 30
    while not found():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def test_each_answer_finds_who_asked_though_many_ask_by_one_number(
    server: Server, prober: tuple[LoginProber, dict[str, State]]
) -> None:
    made, told = prober
    made.watch(probes(server, 600))  # by a socket with 256 numbers
    eventually(lambda: len(told) == 600 and all(state.up for state in told.values()))
    assert max(server.asked.values()) > 1
    server.is_open = False
    eventually(lambda: not any(state.up for state in told.values()))
    made.watch([])
    with made._lock:
        assert not any(made._waiting.values()), "what is lost or not asked for any more is waited for no more"


def test_who_asks_less_often_keeps_what_is_known(
    server: Server, prober: tuple[LoginProber, dict[str, State]]
) -> None:
    made, told = prober
    made.watch(probes(server, 3))
    eventually(lambda: len(told) == 3)
    known = made.states()
    made.watch([replace(each, interval=40_000) for each in probes(server, 3)])
    assert made.states() == known


def test_a_lost_login_is_tried_again_soon_but_by_eap_no_more_often_than_a_server_bears() -> None:
    for way, seconds in (("pap", 1.0), ("tunnel", 1.0), ("peap", 8.0), ("ttls", 8.0)):
        assert logins._eager(replace(PROBE, interval=40_000, way=way)) == seconds
    assert logins._eager(replace(PROBE, interval=1_000, way="peap")) == 1.0
