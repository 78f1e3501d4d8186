"""Letters to customers: into a folder, or by e-mail. KITEI_POST names which; the home's outbox is the default."""

import os
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from kitei.values import Words

_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A paper that goes with a letter: its file's name and the PDF."""

    name: str
    pdf: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter. `id` is the same whenever the same letter is sent; `address` '' where none is known."""

    id: str
    to: Words
    address: str
    subject: str
    text: str
    at: datetime
    enclosed: tuple[Enclosed, ...] = ()


class Undelivered(Exception):
    """A letter did not go out; `words` say why and what would be right."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


class Post(Protocol):
    """Where letters go."""

    def send(self, letter: Letter) -> None:
        """Send one. Raises Undelivered."""
        ...


def post_of(url: str, outbox: Path) -> Post:
    """`''`: the folder given; `outbox:///path`: another; `smtp://host:port?from=a@b`: that server (smtps: TLS from
    the first byte; with `user:password@`, smtp goes on in TLS by STARTTLS).

    Raises Undelivered for what is none of these.
    """
    if not url:
        return Outbox(outbox)
    parts = urlsplit(url)
    match parts.scheme:
        case "outbox" if parts.path:
            return Outbox(Path(unquote(parts.path)))
        case "smtp" | "smtps" if parts.hostname and (sender := parse_qs(parts.query).get("from")):
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            secure = parts.scheme == "smtps"
            return Smtp(
                parts.hostname, parts.port or (465 if secure else 25), sender[0], user, password, secure
            )
    wanted = "outbox:///folder, smtp://host:port?from=desk@example.jp"
    shown = parts.scheme or "''"
    raise Undelivered(
        Words(
            f"KITEI_POST({shown}: …)は使えません。{wanted} のように書いてください",
            f"KITEI_POST ({shown}: ...) is no post; write {wanted}",
        )
    )


@dataclass(frozen=True, slots=True)
class Outbox:
    """A folder: each letter a file, named by its id, whole or not there."""

    folder: Path

    def send(self, letter: Letter) -> None:
        draft = self.folder / f".{letter.id}.eml"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(_message(letter, "kitei@localhost").as_bytes(policy=SMTP))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self.folder / f"{letter.id}.eml")
        except OSError as error:
            raise Undelivered(
                Words(
                    f"{self.folder} に書けません({error.strerror})",
                    f"{self.folder} cannot be written ({error.strerror})",
                )
            ) from None


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server. `sender` is who writes; `secure` speaks TLS from the first byte. A password is told to nobody but
    a server whose certificate is right: without `secure`, after STARTTLS."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    secure: bool = False

    def send(self, letter: Letter) -> None:
        import smtplib  # only who writes mail pays for it

        if not letter.address:
            raise Undelivered(
                Words(
                    f"{letter.to.ja} のメールアドレスがありません。[[party]] の more.email に書いてください",
                    f"{letter.to.en} has no e-mail address; write it into more.email of its [[party]]",
                )
            )
        trusted = ssl.create_default_context()
        try:
            with (
                smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=trusted)
                if self.secure
                else smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
            ) as server:
                if self.user:
                    if not self.secure:
                        server.starttls(context=trusted)
                    server.login(self.user, self.password)
                server.send_message(_message(letter, self.sender), self.sender, [letter.address])
        except (OSError, smtplib.SMTPException) as error:
            raise Undelivered(
                Words(f"{self.host}:{self.port} に送れません({error})", f"{self.host}:{self.port}: {error}")
            ) from None


def _message(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = f"<{letter.id}@kitei>"
    message["Date"] = format_datetime(letter.at)
    message["From"] = sender
    if letter.address:
        try:
            message["To"] = Address(_one_line(letter.to.ja), addr_spec=letter.address)
        except (ValueError, MessageError):
            shown = ascii(letter.address)
            raise Undelivered(
                Words(f"{shown} はメールアドレスではありません", f"{shown} is not an e-mail address")
            ) from None
    message["Subject"] = _one_line(letter.subject)
    message.set_content(letter.text)
    for each in letter.enclosed:
        message.add_attachment(each.pdf, maintype="application", subtype="pdf", filename=_one_line(each.name))
    return message


def _one_line(text: str) -> str:
    """A header is one line whatever names it is made of: a line's end in it would begin another header."""
    return "".join(each if each.isprintable() else " " for each in text)
