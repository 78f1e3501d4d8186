"""One phone's session, from its dialling to its end."""

import secrets
import socket
import threading
import time

from kitei.lab.mobile.phone import Phone
from kitei.lab.mobile.ppp import Link
from kitei.lab.mobile.tunnel import Tunnel


class Call:
    """One session. `over` is set when it has ended, `gone` once its device is too; `why` says what ended it."""

    def __init__(self, user: bytes, number: int, tunnel: Tunnel, link: Link, phone: Phone | None) -> None:
        self.user, self.number, self.tunnel, self.link, self.phone = user, number, tunnel, link, phone
        self.theirs = 0
        self.id = f"{number:04x}{secrets.token_hex(4)}"
        self.since = time.monotonic()
        self.until: float | None = None
        self.received = self.sent = 0
        self.filters: tuple[str, ...] = ()
        self.marks: tuple[bytes, ...] = ()
        self.up, self.over, self.gone = threading.Event(), threading.Event(), threading.Event()
        self.address6 = ""
        self.why = ""

    @property
    def address(self) -> str:
        return socket.inet_ntoa(self.link.address)

    @property
    def endpoint(self) -> str:
        return self.tunnel.endpoint
