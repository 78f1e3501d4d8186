"""What nodes may ask of an office: the side that the controller serves (`kitei.web.NodesOffice`)."""

from dataclasses import dataclass
from pathlib import Path

from kitei.network import Orders
from kitei.network.report import Report
from kitei.office.hearing import Hearing
from kitei.office.office import Office
from kitei.office.publishing import Publishing


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Orders down, reports up, certificates signed. All calls come from one thread."""

    office: Office
    publishing: Publishing
    hearing: Hearing

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
        return self.publishing.published()

    def orders_for(self, node: str) -> Orders | None:
        return self.publishing.orders_for(node)

    def take_report(self, node: str, report: Report) -> None:
        self.hearing.take_report(node, report)

    def sign(self, node: str, csr: str) -> None:
        self.publishing.sign(node, csr)
