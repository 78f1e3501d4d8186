"""Asking the node's own RADIUS server, over loopback: may a user in, and that a session begins, goes on or ends."""

import socket
from ipaddress import ip_address
from secrets import token_bytes
from typing import Final, Literal

from kitei.radius.login import hidden, is_proved
from kitei.radius.packet import Attribute, Code, access_request, is_answer, stated

HERE: Final = "127.0.0.1"
AUTHENTICATION, ACCOUNTING = 1812, 1813
_TRIES: Final = 3
_PATIENCE: Final = 3.0  # seconds an answer may take; a first check of a password is slow on purpose
_NAME, _PASSWORD, _ASKER, _FRAMED, _STATION = 1, 2, 4, 8, 31
_STATUS, _INPUT, _OUTPUT, _SESSION, _SECONDS = 40, 42, 43, 44, 46
_MORE_IN, _MORE_OUT = 52, 53
_STATUSES: Final = {"Start": 1, "Stop": 2, "Interim-Update": 3, "Accounting-On": 7}

Status = Literal["Start", "Stop", "Interim-Update", "Accounting-On"]


class Asker:
    """Who asks from the gateway's IPv4 address, by which its sessions are known. TimeoutError: no answer came."""

    def __init__(self, address: str, secret: bytes) -> None:
        self._address, self._secret = address, secret

    def may_in(self, user: str, password: str, source: str) -> bool:
        authenticator = token_bytes(16)
        told = (
            Attribute(_NAME, user.encode()[:253]),
            Attribute(_PASSWORD, hidden(password, authenticator, self._secret)),
            self._own(),
            Attribute(_STATION, source.encode()),
        )
        asked = access_request(token_bytes(1)[0], authenticator, told, self._secret)
        answer = self._ask(asked, AUTHENTICATION)
        return is_proved(answer, asked, self._secret) and answer[0] == Code.ACCESS_ACCEPT

    def account(
        self,
        status: Status,
        session: str,
        user: str = "",
        source: str = "",
        received: int = 0,
        sent: int = 0,
        seconds: int = 0,
    ) -> None:
        """`received` and `sent` are octets from and to the user."""
        told = [_number(_STATUS, _STATUSES[status]), Attribute(_SESSION, session.encode()), self._own()]
        if user:
            told.append(Attribute(_NAME, user.encode()[:253]))
        if source:
            told.append(Attribute(_STATION, source.encode()))
            place = ip_address(source)
            told += [Attribute(_FRAMED, place.packed)] if place.version == 4 else []
        for kind, more, octets in ((_INPUT, _MORE_IN, received), (_OUTPUT, _MORE_OUT, sent)):
            told += [_number(kind, octets & 0xFFFFFFFF), _number(more, octets >> 32)]
        told.append(_number(_SECONDS, seconds))
        asked = stated(Code.ACCOUNTING_REQUEST, token_bytes(1)[0], told, self._secret)
        if not is_answer(self._ask(asked, ACCOUNTING), asked, self._secret):
            raise TimeoutError("what answered does not know the secret")

    def _own(self) -> Attribute:
        return Attribute(_ASKER, ip_address(self._address).packed)

    def _ask(self, asked: bytes, port: int) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(_PATIENCE)
            line.bind((self._address, 0))
            line.connect((HERE, port))
            for left in reversed(range(_TRIES)):
                line.send(asked)
                try:
                    return line.recv(4096)
                except (TimeoutError, ConnectionRefusedError):
                    if not left:
                        raise TimeoutError("no answer from the RADIUS server of this node") from None
        raise AssertionError("tries are at least one")


def _number(kind: int, value: int) -> Attribute:
    return Attribute(kind, value.to_bytes(4))
