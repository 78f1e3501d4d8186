"""Messages of the outbox go out: by e-mail and by webhook, in the order of each place, again after a while where
nobody took them.

At least once: a message counts as sent when it was taken. Both ways carry its id, by which a receiver knows a
second one: as `Message-ID`, and as `webhook-id`. A webhook is signed as Standard Webhooks says
(https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`.
"""

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from kitei.office.post import Enclosed, Letter, Post, Undelivered
from kitei.store.outbox import Message, Outbox
from kitei.values import Words, canonical

PATIENCE: Final = timedelta(hours=72)
"""How long a message is tried; then it is given up, and `kitei ddos alerts` says so."""
KEPT: Final = timedelta(days=90)
_FIRST, _LONGEST = 1.0, 60.0  # seconds between two tries: who is back after an outage is told within a minute
_TIMEOUT: Final = 10.0
_AT_ONCE: Final = 8
_IN_A_ROW: Final = 50
_ANSWER: Final = 64 << 10

Secret = Callable[[str], str]
"""The secret that a customer's webhooks are signed with, as text."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round came to."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


def deliver(outbox: Outbox, post: Post, secret: Secret, clock: Callable[[], datetime]) -> Delivered:
    """Send what is due. Places do not wait for one another; at one place a message waits for those before it."""
    sent = failed = given_up = 0
    for _ in range(_IN_A_ROW):
        now = clock()
        due = [each for each in outbox.heads() if each.next_at <= now]
        if not due:
            break
        with ThreadPoolExecutor(_AT_ONCE, "delivery") as pool:
            outcomes = list(pool.map(lambda each: _send(each, post, secret), due))
        for message, why in zip(due, outcomes, strict=True):
            if why is None:
                outbox.sent(message, now)
                sent += 1
            elif now - message.made_at >= PATIENCE:
                outbox.give_up(message, why.en, now)
                given_up += 1
            else:
                outbox.failed(message, why.en, now + wait_after(message.attempts + 1))
                failed += 1
    return Delivered(sent, failed, given_up)


def wait_after(attempts: int) -> timedelta:
    """Twice as long after each try, from a second to a minute."""
    return timedelta(seconds=min(_LONGEST, _FIRST * 2.0 ** min(attempts - 1, 20)))


def _send(message: Message, post: Post, secret: Secret) -> Words | None:
    """None once it was taken, else why not."""
    try:
        if message.way == "webhook":
            post_webhook(message.place, message.id, message.body.get("data"), secret(message.customer))
        else:
            post.send(_letter(message))
    except Undelivered as error:
        return error.words
    return None


def _letter(message: Message) -> Letter:
    place = message.place
    subject, text = str(message.body["subject"]), str(message.body["text"])
    kept: Any = message.body.get("enclosed", ())
    enclosed = tuple(Enclosed(each["name"], base64.b64decode(each["pdf"])) for each in kept)
    return Letter(message.id, Words("", ""), place, subject, text, message.made_at, enclosed)


def post_webhook(url: str, id: str, value: Any, secret: str) -> None:
    """POST a value as JSON, signed. Any answer of 2xx is taking it; redirects are not followed.

    Raises Undelivered.
    """
    body = canonical(value)
    at = str(int(time.time()))  # the receiver's clock decides whether it is fresh, not the provider's
    headers = {
        "content-type": "application/json",
        "user-agent": "kitei",
        "webhook-id": id,
        "webhook-timestamp": at,
        "webhook-signature": signature(id, at, body, secret),
    }
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is no URL such as https://hooks.example.jp/kitei")
        connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=_TIMEOUT, context=ssl.create_default_context()
            )
            if secure
            else http.client.HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT)
        )
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read(_ANSWER)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Undelivered(Words(f"{_shown(url)} に送れません({error})", f"{_shown(url)}: {error}")) from None
    if not 200 <= answer.status < 300:
        status = f"{answer.status} {answer.reason}"
        raise Undelivered(Words(f"{_shown(url)} の応答は {status}", f"{_shown(url)} answered {status}"))


def signature(id: str, timestamp: str, body: bytes, secret: str) -> str:
    """`v1,` and the code in base64; the key is what follows `whsec_`, in base64 as well."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    code = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(code).decode()


def _shown(url: str) -> str:
    """A URL without what may be secret in it."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}/…"
    except ValueError:
        return json.dumps(url[:40])
