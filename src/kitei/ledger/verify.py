"""Is the book what was written? The first bad entry and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kitei.ledger.book import Book, UnreadableEntry
from kitei.values import Words

Wrong = Literal["unreadable", "gap", "chain", "hash", "version", "tail"]


@dataclass(frozen=True, slots=True)
class BadEntry:
    """The first entry that is not as it was recorded."""

    seq: int
    wrong: Wrong
    why: Words


@dataclass(frozen=True, slots=True)
class Verification:
    """`entries` were found good, up to position `seq` whose hash is `tip`; `bad` is the first that is not.

    Keep `tip` elsewhere, and nobody can rewrite the book unseen, not even all of it.
    """

    entries: int
    seq: int
    tip: str
    bad: BadEntry | None

    @property
    def is_whole(self) -> bool:
        return self.bad is None


def verify(book: Book) -> Verification:
    """Walk the whole book: positions without gaps, versions without gaps, every hash and every link."""
    entries, seq, tip = 0, 0, ""
    versions: dict[str, int] = {}
    noted, noted_hash = book.tip()

    def bad(at: int, wrong: Wrong, ja: str, en: str) -> Verification:
        return Verification(entries, seq, tip, BadEntry(at, wrong, Words(ja, en)))

    try:
        for entry in book.read():
            due = versions.get(entry.stream, 0) + 1
            if entry.seq != seq + 1:
                return bad(seq + 1, "gap", f"{seq + 1} 番の記載がありません", f"entry {seq + 1} is missing")
            if entry.prev_hash != tip:
                return bad(
                    entry.seq,
                    "chain",
                    f"前の記載のハッシュ {entry.prev_hash[:12]}… が {tip[:12]}… と一致しません",
                    f"it names {entry.prev_hash[:12]}… as the hash before it, which is {tip[:12]}…",
                )
            if (computed := _computed(entry.computed_hash)) != entry.hash:
                return bad(
                    entry.seq,
                    "hash",
                    f"内容のハッシュは {computed[:12]}… ですが {entry.hash[:12]}… と記されています",
                    f"its contents hash to {computed[:12]}…, but {entry.hash[:12]}… was recorded",
                )
            if entry.version != due:
                return bad(
                    entry.seq,
                    "version",
                    f"{entry.stream} の第 {due} 版であるべきところ第 {entry.version} 版です",
                    f"it is version {entry.version} of {entry.stream}, where {due} was due",
                )
            if entry.seq == noted and entry.hash != noted_hash:
                return bad(
                    entry.seq,
                    "tail",
                    f"{noted} 番のハッシュは別に控えた {noted_hash[:12]}… ではなく {entry.hash[:12]}… です",
                    f"its hash is {entry.hash[:12]}…, but {noted_hash[:12]}… was noted as that of {noted}",
                )
            versions[entry.stream] = due
            entries, seq, tip = entries + 1, entry.seq, entry.hash
    except UnreadableEntry as error:
        return bad(error.seq, "unreadable", f"読めません: {error.why}", f"it cannot be read: {error.why}")
    end = book.tip()[0]  # asked again: the book may have grown meanwhile
    if seq < noted:
        return bad(
            seq + 1,
            "tail",
            f"台帳は {noted} 番まであるはずが {seq} 番で終わっています",
            f"the book should reach {noted}, but it ends at {seq}",
        )
    if seq > end:
        return bad(
            end + 1,
            "tail",
            f"台帳の末尾は {end} 番のはずが {seq} 番まであります",
            f"the book should end at {end}, but it goes on to {seq}",
        )
    return Verification(entries, seq, tip, None)


def _computed(hash_of_contents: Callable[[], str]) -> str:
    """The hash of the contents; contents that have none were never recorded here."""
    try:
        return hash_of_contents()
    except (TypeError, ValueError) as error:
        return f"({error})"
