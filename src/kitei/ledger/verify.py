"""Is the book what was written? The first bad entry and why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from kitei.ledger.book import Book, UnreadableEntry
from kitei.ledger.facts import Entry
from kitei.values import Words

Wrong = Literal["unreadable", "gap", "chain", "hash", "version", "tail"]


@dataclass(frozen=True, slots=True)
class BadEntry:
    """The first entry that is not as it was recorded. `entry` is None where it is missing or unreadable."""

    seq: int
    wrong: Wrong
    why: Words
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """`count` entries were found good, up to position `seq` whose hash is `tip`; `bad` is the first that is not.

    Keep `tip` elsewhere, and nobody can rewrite the book unseen, not even all of it.
    """

    count: int
    seq: int
    tip: str
    bad: BadEntry | None

    @property
    def is_whole(self) -> bool:
        return self.bad is None

    @property
    def first_bad(self) -> Entry | None:
        return self.bad.entry if self.bad else None

    @property
    def why(self) -> Words | None:
        return self.bad.why if self.bad else None


def verify(book: Book) -> Verification:
    """As `verify_entries`, and the end of the book must be where the book itself notes it."""
    noted = book.tip()
    return verify_entries(book.read(upto=noted[0]), tip=noted)


def verify_entries(entries: Iterable[Entry], *, tip: tuple[int, str] | None = None) -> Verification:
    """Walk a whole book from its first entry: positions, versions, every hash and every link.

    `tip` is the position and hash it must end at, as noted elsewhere; without it, entries missing at the
    end are not noticed.
    """
    seq, last = 0, ""
    versions: dict[str, int] = {}
    try:
        for entry in entries:
            if bad := _fault(entry, seq, last, versions.get(entry.stream, 0) + 1):
                return Verification(seq, seq, last, bad)
            versions[entry.stream] = entry.version
            seq, last = entry.seq, entry.hash
    except UnreadableEntry as error:
        why = Words(f"読めません: {error.why}", f"it cannot be read: {error.why}")
        return Verification(seq, seq, last, BadEntry(error.seq, "unreadable", why))
    if tip is not None and tip != (seq, last):
        why = Words(
            f"台帳の末尾は {tip[0]} 番 {tip[1][:12]}… のはずが {seq} 番 {last[:12]}… です",
            f"the book should end at {tip[0]} {tip[1][:12]}…, but it ends at {seq} {last[:12]}…",
        )
        return Verification(seq, seq, last, BadEntry(seq if seq == tip[0] else seq + 1, "tail", why))
    return Verification(seq, seq, last, None)


def _fault(entry: Entry, seq: int, tip: str, version: int) -> BadEntry | None:
    """What is wrong with the entry that follows position `seq` with hash `tip`, due as `version`."""
    if entry.seq != seq + 1:
        return BadEntry(
            seq + 1,
            "gap",
            Words(
                f"{seq + 1} 番があるべきところに {entry.seq} 番があります",
                f"where entry {seq + 1} was due stands entry {entry.seq}",
            ),
            entry,
        )
    if entry.prev_hash != tip:
        return BadEntry(
            entry.seq,
            "chain",
            Words(
                f"前の記載のハッシュ {entry.prev_hash[:12]}… が {tip[:12]}… と一致しません",
                f"it names {entry.prev_hash[:12]}… as the hash before it, which is {tip[:12]}…",
            ),
            entry,
        )
    if (computed := _computed(entry.computed_hash)) != entry.hash:
        return BadEntry(
            entry.seq,
            "hash",
            Words(
                f"内容のハッシュは {computed[:12]}… ですが {entry.hash[:12]}… と記されています",
                f"its contents hash to {computed[:12]}…, but {entry.hash[:12]}… was recorded",
            ),
            entry,
        )
    if entry.version != version:
        return BadEntry(
            entry.seq,
            "version",
            Words(
                f"{entry.stream} の第 {version} 版であるべきところ第 {entry.version} 版です",
                f"it is version {entry.version} of {entry.stream}, where {version} was due",
            ),
            entry,
        )
    return None


def _computed(hash_of_contents: Callable[[], str]) -> str:
    """The hash of the contents; contents that have none were never recorded here."""
    try:
        return hash_of_contents()
    except (TypeError, ValueError) as error:
        return f"({error})"
