"""Whether users can log in at a gateway of GIO Remote Access: TLS up to where it asks who they are, and the operator's
own login."""

import os
import secrets
import socket
import ssl
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kitei.drivers.x509 import is_current
from kitei.network import BrowserGateway, LoginProbe, Part, TunnelGateway
from kitei.radius.login import is_proved, login_request
from kitei.radius.packet import Code

_PATIENCE: Final = 2.0  # seconds an answer may take
LOSSES: Final = 2  # looks in a row that find nothing, until it is lost


class Entrance:
    """One gateway, looked at again and again. `sacks` is the folder with the secrets of this node."""

    def __init__(self, sacks: str) -> None:
        self._sacks = sacks
        self._losses = 0

    def works(self, gateway: TunnelGateway | BrowserGateway, parts: Sequence[Part], at: datetime) -> bool:
        logins = [each for each in parts if isinstance(each, LoginProbe) and each.path == "login"]
        is_right = answers(gateway, at) and all(logs_in(each, self._sacks) for each in logins)
        self._losses = 0 if is_right else self._losses + 1
        return self._losses < LOSSES


def answers(gateway: TunnelGateway | BrowserGateway, at: datetime) -> bool:
    """Whether a gateway of this node asks who users are."""
    is_proxy = isinstance(gateway, BrowserGateway)
    return asks_who((gateway.asks_from, gateway.port), gateway.name, is_proxy, at)


def asks_who(place: tuple[str, int], name: str, is_proxy: bool, at: datetime) -> bool:
    """Whether a login form comes by TLS, or a proxy asks for a login, with a certificate of today. Who signed it is
    its users' affair."""
    page, wanted = (f"http://{name}/", b" 407 ") if is_proxy else ("/", b" 200 ")
    told = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    told.check_hostname, told.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection(place, timeout=_PATIENCE) as plain,
            told.wrap_socket(plain, server_hostname=name) as line,
        ):
            line.sendall(f"GET {page} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            is_asked = wanted in line.recv(4096).partition(b"\r\n")[0]
            return is_asked and is_current(line.getpeercert(binary_form=True) or b"", at)
    except (OSError, ValueError):
        return False


def logs_in(probe: LoginProbe, sacks: str) -> bool:
    """Whether the node's RADIUS server lets the operator's own user in."""
    try:
        with open(os.path.join(sacks, probe.sack), "rb") as file:
            secret = file.read()
        with open(os.path.join(sacks, probe.password)) as words:
            password = words.read()
        asked = login_request(1, secrets.token_bytes(16), probe.user, password, probe.source, secret)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(_PATIENCE)
            line.bind((probe.source, 0))
            line.connect((probe.server, probe.port))
            line.send(asked)
            answer = line.recv(4096)
    except OSError:
        return False
    return is_proved(answer, asked, secret) and answer[0] == Code.ACCESS_ACCEPT
