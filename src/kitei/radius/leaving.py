"""Sends a session away: one whose traffic is used up, or who is one too many."""

import secrets
import socket
from typing import Final

from kitei.radius.packet import Attribute, Code, is_answer, stated
from kitei.radius.sessions import Session

_COA_PORT: Final = 3799


def ask_to_end(session: Session, secret: bytes) -> bool:
    """Ask three times for the end of a session (RFC 5176). True: the access server answered."""
    named = [Attribute(44, session.session.encode()), Attribute(1, session.user.encode())]
    packet = stated(Code.DISCONNECT_REQUEST, secrets.randbelow(256), named, secret)
    family = socket.AF_INET6 if ":" in session.client else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.settimeout(0.5)
        line.connect((session.client, _COA_PORT))
        for _ in range(3):
            try:
                line.send(packet)
                if is_answer(line.recv(4096), packet, secret):
                    return True
            except OSError:
                continue
    return False
