"""The bell: in a thread of the controller's, alerts go out and what collectors counted becomes history.

It has an office of its own, so that a mail server that does not answer holds nobody up.
"""

import base64
import fcntl
import logging
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Final

from kitei.clock import Clock
from kitei.office.delivery import KEPT, Delivered, Secret, deliver
from kitei.office.floods.alerting import take_alerts
from kitei.office.floods.evidence import forget_excerpts
from kitei.office.floods.history import gather, history_of
from kitei.office.office import Office
from kitei.office.post import Post, post_of
from kitei.office.safe import open_vault
from kitei.store.outbox import Outbox
from kitei.values import day_of

log = logging.getLogger(__name__)
_LOOK, _GATHER, _TIDY = 0.3, 60.0, 3600.0  # seconds
_AFTER_A_FAULT: Final = 10.0


def webhook_secret(office: Office) -> Secret:
    """The secret of a customer's webhooks, made when it is first asked for and kept in the vault."""
    vault = open_vault(office.home, office.book.engine)

    def secret(customer: str) -> str:
        name = f"webhook.{customer}"
        sack = vault.latest(name)
        if sack is None:
            sack = vault.keep(name, "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
        return vault.content(sack).decode()

    return secret


def home_post(office: Office) -> Post:
    """Where letters go, by KITEI_POST. Raises Undelivered."""
    return post_of(os.environ.get("KITEI_POST", ""), office.home.folder / "outbox")


def ring(office: Office, outbox: Outbox, post: Post, secret: Secret) -> tuple[int, Delivered]:
    """One look: what is new goes into the outbox, what is due goes out. Messages taken in, and what was sent.

    One process of a home at a time: two would both find the same messages unsent.
    """
    handle = os.open(office.home.folder / ".ringing", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return take_alerts(office, outbox), deliver(outbox, post, secret, office.clock)
    finally:
        os.close(handle)


class Bell:
    """Runs until closed. `clock` is the provider's where it is not the home's own."""

    def __init__(self, home: Path, clock: Clock | None = None) -> None:
        self._home, self._clock = home, clock
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop; what is being sent is sent first."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._listen()
            except Exception:  # of whatever kind: alerts must go on, and the outbox has kept everything
                log.exception("alerts stopped, and go on in %s s", _AFTER_A_FAULT)
                self._closing.wait(_AFTER_A_FAULT)

    def _listen(self) -> None:
        office = Office.open(self._home, self._clock)
        try:
            outbox, post, secret = Outbox(office.book.engine), home_post(office), webhook_secret(office)
            gathered = tidied = -_TIDY
            while not self._closing.wait(_LOOK):
                ring(office, outbox, post, secret)
                now = time.monotonic()
                if now - gathered >= _GATHER:
                    gathered = now
                    for words in gather(office.home).bad:
                        log.warning("a sheaf was set aside: %s", words.en)
                if now - tidied >= _TIDY:
                    tidied = now
                    _tidy(office, outbox)
        finally:
            office.close()


def _tidy(office: Office, outbox: Outbox) -> None:
    history = history_of(office.home)
    if history.folder.exists():
        history.forget(day_of(office.clock()))
    forget_excerpts(office.home, day_of(office.clock()))
    outbox.forget(office.clock() - KEPT)
