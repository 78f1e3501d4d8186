"""A fact is what happened; an entry is a fact as recorded, chained to the one before."""

from dataclasses import dataclass
from datetime import date, datetime

from kitei.values import JsonObject, digest_of


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened.

    `kind` is `noun.past-participle` such as `contract.concluded`; `effective_on` is the civil day
    (Asia/Tokyo) it takes effect; `cites` are citations in text form (see `kitei.terms.Cite`).
    """

    kind: str
    body: JsonObject
    effective_on: date
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A recorded fact. `seq` orders the whole ledger, `version` orders its stream from 1."""

    seq: int
    stream: str
    version: int
    fact: Fact
    recorded_at: datetime
    actor: str
    prev_hash: str
    hash: str

    def computed_hash(self) -> str:
        """What `hash` must be: over everything above it, in canonical form."""
        return digest_of(
            {
                "seq": self.seq,
                "stream": self.stream,
                "version": self.version,
                "kind": self.fact.kind,
                "body": self.fact.body,
                "effective_on": self.fact.effective_on.isoformat(),
                "cites": list(self.fact.cites),
                "recorded_at": self.recorded_at.isoformat(),
                "actor": self.actor,
                "prev_hash": self.prev_hash,
            }
        )
