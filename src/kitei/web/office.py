"""What the web side needs of an office."""

from typing import Protocol

from kitei.network import Orders
from kitei.network.events import Batch
from kitei.network.report import Report


class NodesOffice(Protocol):
    """All calls come from one thread, one after another.

    What cannot be is told by LookupError (no such node), PermissionError (not allowed) or ValueError
    (what was sent is wrong); anything else is a defect.
    """

    def published(self) -> int:
        """A number that grows whenever orders of any node change. Asked ten times a second: make it cheap."""
        ...

    def orders_for(self, node: str) -> Orders | None:
        """The node's latest orders; None for a node without any, known or not."""
        ...

    def take_report(self, node: str, report: Report) -> None:
        """A report may come twice; the second time changes nothing."""
        ...

    def take_events(self, node: str, batch: Batch) -> int:
        """The number up to which the events of this lane and series are taken. What is known adds nothing."""
        ...

    def sign(self, node: str, csr: str) -> None:
        """Certify the node's request (PEM). The certificate comes to it with its next orders."""
        ...

    def sack(self, node: str, name: str) -> bytes:
        """What is in a sack that the node's latest orders name; to any other it is not told whether there is one."""
        ...
