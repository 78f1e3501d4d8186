"""What the ledger comes to: contracts, applications, and what the operator said, kept up with what is appended."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kitei.catalogue import service_named
from kitei.ledger import STRUCK, Entry, standing
from kitei.ledger.contracts import Contract


class Struck(ValueError):
    """An entry strikes another: the picture has to be made anew from the beginning."""


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Read much without the garbage collector: of a ledger nothing is garbage, and it would look through all of
    it again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(slots=True)
class Picture:
    """The ledger folded up to `seq`.

    `versions` are the lengths of streams, which is what an append expects; `said` are the entries of
    `operator`, `terms` and the customers' streams, `papers` those of `network:<name>`, `invoices` those of
    `invoice:<customer>`, each in order; `applications` those of each application by its id.
    """

    seq: int = 0
    contracts: dict[str, Contract] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    said: list[Entry] = field(default_factory=list)
    papers: list[Entry] = field(default_factory=list)
    invoices: list[Entry] = field(default_factory=list)
    applications: dict[str, list[Entry]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Picture":
        """A picture of exactly these entries, strikes obeyed."""
        read = list(entries)
        picture = cls()
        picture.take(standing(read))
        for entry in read:  # a strike makes its stream longer as well
            picture.versions[entry.stream] = entry.version
            picture.seq = entry.seq
        return picture

    def take(self, entries: Iterable[Entry]) -> None:
        """Go on with entries that follow. Raises Struck at a strike: make a new picture then."""
        for entry in entries:
            if entry.fact.kind == STRUCK:
                raise Struck(f"entry {entry.seq} strikes another; fold anew from the beginning")
            kind, _, name = entry.stream.partition(":")
            match kind:
                case "contract":
                    self._grow(name, entry)
                case "application":
                    self.applications.setdefault(name, []).append(entry)
                case "operator" | "customer" | "terms":
                    self.said.append(entry)
                case "network":
                    self.papers.append(entry)
                case "invoice":
                    self.invoices.append(entry)
            self.seq, self.versions[entry.stream] = entry.seq, entry.version

    def waiting(self) -> Iterator[Entry]:
        """Decisions that were referred to a person and are not answered yet."""
        for entries in self.applications.values():
            by_kind = {entry.fact.kind: entry for entry in entries}
            decided = by_kind.get("application.decided")
            if decided is None or "application.answered" in by_kind:
                continue
            if decided.fact.body.get("verdict") == "refer":
                yield decided

    def _grow(self, name: str, entry: Entry) -> None:
        before = self.contracts.get(name)
        if before is None and entry.fact.kind != "contract.concluded":
            return  # read on an earlier day than its conclusion, or its conclusion was struck
        service = before.service if before else str(entry.fact.body["service"])
        self.contracts[name] = service_named(service).fold(before, entry)
