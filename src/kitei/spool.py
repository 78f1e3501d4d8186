"""Events on their way from a program of a node to its controller: on the disk from when they happen until heard.

A lane is a folder: `series` names its numbering, each `<first number>.jsonl` holds events, one a line, `heard`
the number up to which the controller has them. One process puts, another takes; they meet only in the folder.
"""

import contextlib
import itertools
import json
import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from kitei.values import Json, JsonObject

SEGMENT: Final = 1 << 20  # bytes after which a new file is begun


class Lane:
    """The end that puts. `most` bytes are kept; beyond that the oldest file goes, and the jump in the numbers
    tells the controller how many were lost."""

    def __init__(self, folder: Path, most: int = 64 << 20) -> None:
        self.folder = folder
        self._most = most
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "series").exists():
            _replace(folder / "series", secrets.token_hex(8))
        self._next = max([_heard(folder), *(_last(each) for each in _segments(folder)[-1:])]) + 1
        self._file: int | None = None
        self._size = 0

    def put(self, at: datetime, kind: str, body: JsonObject) -> int:
        """Write one event down, where the taker sees it at once; its number. OSError where the disk is full."""
        number = self._next
        written: Json = {"number": number, "at": at.isoformat(), "kind": kind, "body": body}
        line = json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if self._file is None or self._size + len(line) > SEGMENT:
            self._begin(number)
        assert self._file is not None
        done = os.write(self._file, line)
        self._size += done
        if done < len(line):
            self.close()  # the next event begins a file of its own: a torn line stands at an end only
            raise OSError(f"{self.folder}: only {done} of {len(line)} bytes of an event could be written")
        self._next += 1
        return number

    def settle(self) -> None:
        """Have the disk hold what was put; a power cut before may cost it, the death of a process does not."""
        if self._file is not None:
            os.fdatasync(self._file)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _begin(self, number: int) -> None:
        self.close()
        path = self.folder / f"{number:020d}.jsonl"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._size = 0
        kept = _segments(self.folder)
        while len(kept) > 1 and sum(_size(each) for each in kept) > self._most:
            kept.pop(0).unlink(missing_ok=True)


class Taking:
    """The end that takes: `due` are the events that were not yet heard, `heard` lets go of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._heard = _heard(folder)
        self._at: tuple[Path, int] | None = None  # the file that is read, and how far it is done

    @property
    def series(self) -> str:
        return (self.folder / "series").read_text().strip()

    def due(self, most: int, most_bytes: int = 2 << 20) -> list[JsonObject]:
        """The next events, at least one where there is one. A line that breaks off is not yet one."""
        found: list[JsonObject] = []
        size = 0
        for path in self._unheard():
            for length, event in _events(path, self._at[1] if self._at and self._at[0] == path else 0):
                number = event.get("number")
                if type(number) is not int or number <= self._heard:
                    continue
                if len(found) == most or (found and size + length > most_bytes):
                    return found
                found.append(event)
                size += length
        segments = _segments(self.folder)
        if not found and segments:
            self._at = self._done(segments[-1])
        return found

    def heard(self, number: int) -> None:
        """The controller has all up to this one."""
        self._heard = max(self._heard, number)
        _replace(self.folder / "heard", str(self._heard))
        segments = _segments(self.folder)
        for path, after in itertools.pairwise(segments):
            if int(after.stem) <= self._heard + 1:
                path.unlink(missing_ok=True)
        self._at = self._done(segments[-1]) if segments else None

    def has_news(self) -> bool:
        """Cheap: whether anything was written since all was heard."""
        segments = _segments(self.folder)
        return bool(segments) and (self._at is None or self._at != (segments[-1], _size(segments[-1])))

    def _unheard(self) -> list[Path]:
        segments = _segments(self.folder)
        firsts = [int(each.stem) for each in segments]
        return [
            path
            for n, path in enumerate(segments)
            if n + 1 == len(segments) or firsts[n + 1] > self._heard + 1
        ]

    def _done(self, path: Path) -> tuple[Path, int]:
        at = self._at[1] if self._at and self._at[0] == path else 0
        for length, event in _events(path, at):
            number = event.get("number")
            if type(number) is int and number > self._heard:
                break
            at += length
        return path, at


def lanes(folder: Path) -> list[Path]:
    """The lanes in a folder, by name."""
    try:
        return sorted(each for each in folder.iterdir() if (each / "series").exists())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _events(path: Path, at: int) -> Iterator[tuple[int, JsonObject]]:
    """Each whole line from a place on, with its length. One that is no JSON (a disk's fault) is passed over."""
    try:
        with path.open("rb") as file:
            file.seek(at)
            text = file.read()
    except FileNotFoundError:  # the putter needed room
        return
    for line in text.split(b"\n")[:-1]:
        event: Json = None
        with contextlib.suppress(ValueError):
            event = json.loads(line)
        yield len(line) + 1, event if isinstance(event, dict) else {}


def _last(path: Path) -> int:
    numbers = [event.get("number") for _, event in _events(path, 0)]
    return max([int(path.stem) - 1, *(number for number in numbers if type(number) is int)])


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.jsonl"))


def _heard(folder: Path) -> int:
    try:
        return int((folder / "heard").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)
