"""What nodes may ask of an office: the side that the controller serves (`kitei.web.NodesOffice`)."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kitei.clock import Steps
from kitei.network import Orders, sacks_of
from kitei.network.events import Batch
from kitei.network.report import Report
from kitei.office.access.deciding import end_what_is_over
from kitei.office.floods.defence import Defence
from kitei.office.floods.enforcing import Enforcing
from kitei.office.floods.naming import LANES, Naming
from kitei.office.hearing import Hearing
from kitei.office.office import Office, Refusal
from kitei.office.publishing import Publishing
from kitei.office.radius.forgetting import forget_ended
from kitei.office.radius.forms import forget_forms
from kitei.office.radius.logins import Logins
from kitei.office.safe import open_vault
from kitei.office.takers import TAKERS
from kitei.office.telling import Telling
from kitei.office.turning import Days
from kitei.store import StoreError
from kitei.store.vault import Vault

log = logging.getLogger(__name__)

_REST: Final = 2.0


@dataclass(slots=True)
class Dispatch:
    """Orders down, reports up, certificates signed. All calls come from one thread."""

    office: Office
    publishing: Publishing
    hearing: Hearing
    _telling: Telling | None = None
    _defence: Defence | None = None
    _enforcing: Enforcing | None = None
    _days: Days | None = None
    _vault: Vault | None = None
    _again: float = 0.0

    @classmethod
    def open(cls, folder: Path) -> "Dispatch":
        """The dispatch of the provider that lives in a folder."""
        office = Office.open(folder)
        publishing = Publishing.of(office)
        return cls(office, publishing, Hearing(office, publishing))

    def close(self) -> None:
        self.office.close()

    def published(self) -> int:
        """A number that grows whenever orders of any node change. Asked often, so it keeps watch as well."""
        self.hearing.look_around()
        self._turn_the_day()
        self._defend()
        return self.publishing.published()

    def orders_for(self, node: str) -> Orders | None:
        return self.publishing.orders_for(node)

    def take_report(self, node: str, report: Report) -> None:
        self.hearing.take_report(node, report)
        try:
            self.defence.take_report(report)
            self._enforce().take(report)
        except Exception:  # the report is kept, and what stands is looked at again with the next
            log.exception("what %s has in force could not be told", node)
        self._defend()  # a route may have waited for this word

    @property
    def defence(self) -> Defence:
        if self._defence is None:
            self._defence = Defence(self.office)
        return self._defence

    def take_events(self, node: str, batch: Batch) -> int:
        if self._telling is None:
            naming = Naming(self.office, self.publishing.orders_for)
            takers = {**TAKERS, "floods": self.defence.take}
            sifted = {lane: naming.guarded(lane, takers[lane]) for lane in LANES}
            self._telling = Telling.of(self.office, {**takers, **sifted})
        taken = self._telling.take(node, batch)
        self._defend()  # what was heard of floods is answered before anything else is asked
        return taken

    def sign(self, node: str, csr: str) -> None:
        self.publishing.sign(node, csr)

    def sack(self, node: str, name: str) -> bytes:
        """Secrets leave the vault for the nodes whose orders name them, and for no one else."""
        orders = self.publishing.orders_for(node)
        if orders is None or name not in sacks_of(orders.intent.parts):
            raise PermissionError(f"the orders of {node} name no {name!r}")
        if self._vault is None:
            self._vault = open_vault(self.office.home, self.office.book.engine)
        try:
            return self._vault.content(name)
        except StoreError as error:
            raise LookupError(str(error)) from None

    def _defend(self) -> None:
        """A fault of the defence is told with all that is known of it, and no node goes without orders for it."""
        if time.monotonic() < self._again:
            return
        try:
            changed = self.defence.work()
            if changed:
                self.publishing.remember(self.defence.published())
            if changed or not self._enforce().waits:
                self._enforce().expect(self.defence.published())
        except Exception:
            self._again = time.monotonic() + _REST
            log.exception("the defence against floods failed; it goes on in %g seconds", _REST)

    def _enforce(self) -> Enforcing:
        if self._enforcing is None:
            self._enforcing = Enforcing(self.office)
        return self._enforcing

    def _turn_the_day(self) -> None:
        """At the beginning of a day, and of this process, what ended with the day before leaves the nodes."""
        if self._days is None:
            self._days = Days(self.office, Steps().moved)
        today = self._days.turned()
        if today is None:
            return
        try:
            plan = self.publishing.end_what_is_over()
        except Refusal as refusal:  # it waits for an operator's approval
            log.warning("ended contracts still stand on nodes: %s", refusal)
        else:
            if plan is not None:
                log.info("%s: ended contracts left %s", today, ", ".join(plan.nodes))
        if self.publishing.estate().gateways:
            for node in end_what_is_over(self.office):
                log.info("%s: what an option or another service gave it is taken back", node)
        estate = self.publishing.estate()
        if not (estate.radius or estate.remote):
            return
        logins = Logins.of(self.office)
        for each in forget_ended(logins):
            log.info("%s, which ended on %s: its secrets and users are forgotten", each.contract, each.last)
        for contract, users in forget_forms(logins).items():
            log.info("%s: %d users' secrets are in fewer forms now", contract, users)
