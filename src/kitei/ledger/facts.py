"""A fact is what happened; an entry is a fact as recorded, chained to the one before; a strike takes one back."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from kitei.values import JsonObject, canonical

STRUCK = "entry.struck"


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
        """What `hash` must be: over everything above it, in canonical form (the instant in UTC)."""
        return hash_of(
            self.seq, self.stream, self.version, self.fact, self.recorded_at, self.actor, self.prev_hash
        )


def hash_of(
    seq: int, stream: str, version: int, fact: Fact, recorded_at: datetime, actor: str, prev_hash: str
) -> str:
    """SHA-256 of an entry, over decoded values: a store may write them in any order of keys."""
    return hash_around(canonical(fact.body), seq, stream, version, fact, recorded_at, actor, prev_hash)


def hash_around(
    body: bytes,
    seq: int,
    stream: str,
    version: int,
    fact: Fact,
    recorded_at: datetime,
    actor: str,
    prev_hash: str,
) -> str:
    """The same, where the canonical form of the fact's body is known already.

    It is the digest of one canonical object with the keys below and `body`, which comes after `actor`.
    """
    rest = canonical(
        {
            "cites": fact.cites,
            "effective_on": fact.effective_on.isoformat(),
            "kind": fact.kind,
            "prev_hash": prev_hash,
            "recorded_at": recorded_at.astimezone(UTC).isoformat(),
            "seq": seq,
            "stream": stream,
            "version": version,
        }
    )
    whole = b"".join((canonical({"actor": actor})[:-1], b',"body":', body, b",", rest[1:]))
    return hashlib.sha256(whole).hexdigest()


def strike(entry: Entry, why: str) -> Fact:
    """A fact that takes an entry back; append it to the same stream, and what is right after it.

    It takes effect on the day the entry did, so that every reading that saw the entry sees it struck.
    """
    if entry.fact.kind == STRUCK:
        raise ValueError(f"entry {entry.seq} is itself a strike; append anew what it struck instead")
    return Fact(STRUCK, {"seq": entry.seq, "why": why}, entry.fact.effective_on, entry.fact.cites)


def standing(entries: Iterable[Entry]) -> Iterator[Entry]:
    """What is left of entries once strikes are obeyed, without the strikes themselves.

    Read `upto` a position before the strike and the old answer comes back. A strike counts only within
    its own stream.
    """
    read = list(entries)
    struck = {(entry.stream, entry.fact.body.get("seq")) for entry in read if entry.fact.kind == STRUCK}
    return (entry for entry in read if entry.fact.kind != STRUCK and (entry.stream, entry.seq) not in struck)
