"""A mail server of the test's own, as much of SMTP (RFC 5321) as a client needs."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast


@dataclass
class Mailbox:
    """What a server took; `refuses` are addresses that it does not, `most` the bytes of a letter that it does."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    most: int = 10_000_000


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            for line in self.rfile:
                word = line.strip().upper()
                if word.startswith(b"RCPT") and any(each.upper().encode() in word for each in box.refuses):
                    self.wfile.write(b"550 no such user\r\n")
                elif word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    self._take()
                elif word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

        def _take(self) -> None:
            lines = []
            for line in self.rfile:
                if line == b".\r\n":
                    break
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            if sum(map(len, lines)) > box.most:
                self.wfile.write(b"552 too big\r\n")
                return
            box.letters.append(cast(EmailMessage, message_from_bytes(b"".join(lines), policy=default)))
            self.wfile.write(b"250 taken\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield box
        server.shutdown()
