"""The history of floods: sheaves of collectors gathered into Parquet, a folder for each day.

A day's manifest says which sheaves are in and which files hold them: replacing it is the one moment at which a
gathering counts, so a sheaf counts once however often it is told and wherever a process dies. Rows lie in the
order of their contract, which lets a reader of one contract pass over all others.
"""

import csv
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitei.network.sheaf import LINES, LONGEST, TEXTS, BadSheaf, SheafName, read_sheaf
from kitei.values import Words

if TYPE_CHECKING:
    import duckdb

KINDS: Final = tuple(LINES)
KEPT_DAYS: Final = 400
"""How long minutes, decisions, ports and notes are kept: a year and the month its report is asked for."""
KEPT_CLOSE_DAYS: Final = 62
"""How long seconds and flows are kept, which can tell of single people."""
_CLOSE: Final = ("second", "flow")
_FILES: Final = 12  # of a kind and day, before they are made one
_AT_ONCE: Final = 720  # sheaves in one file: what a gathering holds beside DuckDB
_WAITING: Final = 50_000
_MEMORY: Final = "512MB"
_NODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a gathering did: sheaves that are in now, and those that could not be read, with why."""

    sheaves: int = 0
    rows: int = 0
    bad: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """A day's manifest: sheaves by their node and name, files by kind, and the next file's number."""

    sheaves: tuple[str, ...]
    files: Mapping[str, tuple[str, ...]]
    next: int

    @classmethod
    def read(cls, folder: Path) -> "Day":
        """An empty one where there is none."""
        try:
            found = json.loads((folder / "manifest.json").read_text())
        except FileNotFoundError:
            return cls((), {}, 1)
        files = {kind: tuple(names) for kind, names in found["files"].items()}
        return cls(tuple(found["sheaves"]), files, found["next"])

    def write(self, folder: Path) -> None:
        body = {"sheaves": self.sheaves, "files": self.files, "next": self.next}
        draft = folder / ".manifest.json"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(body, file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(folder / "manifest.json")


class History:
    """The history in a folder. Any number of processes may read and gather; one gathers at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # -- taking in -----------------------------------------------------------------------------------

    def take(self, node: str, name: str, text: str) -> bool:
        """Keep a sheaf until it is gathered; False where it was told before. Raises BadSheaf and OSError."""
        if not _NODE.fullmatch(node):
            raise BadSheaf((Words(f"{node!r} はノード名ではありません", f"{node!r} is no name of a node"),))
        parsed = SheafName.parse(name)
        if len(text) > LONGEST:
            raise BadSheaf((Words(f"{name} は長すぎます", f"{name} is longer than {LONGEST} characters"),))
        read_sheaf(parsed, text)
        place = self._waiting / f"{node}~{name}"
        if place.exists() or f"{node}/{name}" in Day.read(self.day_folder(parsed.day)).sheaves:
            return False
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._waiting.mkdir(exist_ok=True)
        draft = self._waiting / f".{place.name}"
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(place)
        return True

    def gather(self) -> Gathered:
        """Put what waits into Parquet. A sheaf that cannot be read is set aside under `bad`."""
        done, rows, bad = 0, 0, list[Words]()
        with self._alone():
            for day, several in self._by_day().items():
                for start in range(0, len(several), _AT_ONCE):
                    sheaves, more, faults = self._gather_day(day, several[start : start + _AT_ONCE])
                    done, rows, bad = done + sheaves, rows + more, [*bad, *faults]
        return Gathered(done, rows, tuple(bad))

    def forget(self, today: date) -> tuple[date, ...]:
        """Drop what is older than it may be kept; the days of which something went."""
        gone: list[date] = []
        with self._alone():
            for day in self.days():
                folder = self.day_folder(day)
                if day < today - timedelta(days=KEPT_DAYS):
                    (folder / "manifest.json").unlink(missing_ok=True)  # from here on nobody reads it
                    shutil.rmtree(folder)
                    gone.append(day)
                elif day < today - timedelta(days=KEPT_CLOSE_DAYS):
                    before = Day.read(folder)
                    files = {kind: names for kind, names in before.files.items() if kind not in _CLOSE}
                    if files != before.files:
                        Day(before.sheaves, files, before.next).write(folder)
                        _sweep(folder, Day.read(folder))
                        gone.append(day)
        return tuple(gone)

    # -- what is there -------------------------------------------------------------------------------

    @property
    def _waiting(self) -> Path:
        return self.folder / "waiting"

    def day_folder(self, day: date) -> Path:
        return self.folder / "days" / day.isoformat()

    def days(self) -> tuple[date, ...]:
        """Every day that something is kept of, in order."""
        found = (self.folder / "days").glob("????-??-??/manifest.json")
        return tuple(sorted(date.fromisoformat(each.parent.name) for each in found))

    def files(self, kind: str, first: date, last: date) -> tuple[Path, ...]:
        """The Parquet files of a kind for these days, both included."""
        return tuple(
            self.day_folder(day) / name
            for day in self.days()
            if first <= day <= last
            for name in Day.read(self.day_folder(day)).files.get(kind, ())
        )

    def query(
        self, kind: str, first: date, last: date, sql: str, values: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        """Rows of a SELECT over `lines`, the rows of a kind in these days; `$name` in it stands for a value.

        Where a gathering threw away a file between listing and reading, it is read anew.
        """
        for attempt in range(3):
            files = self.files(kind, first, last)
            with _connection() as duck:
                try:
                    _see(duck, kind, files)
                    return duck.execute(sql, dict(values)).fetchall()
                except _io_error():
                    if attempt == 2 or files == self.files(kind, first, last):
                        raise
        raise AssertionError("not reached")

    # -- inside --------------------------------------------------------------------------------------

    def _by_day(self) -> dict[date, list[Path]]:
        found: dict[date, list[Path]] = {}
        for path in sorted(self._waiting.glob("*~*.sheaf"))[:_WAITING]:
            name = SheafName.parse(path.name.partition("~")[2])
            found.setdefault(name.day, []).append(path)
        return found

    def _gather_day(self, day: date, several: Sequence[Path]) -> tuple[int, int, list[Words]]:
        folder = self.day_folder(day)
        folder.mkdir(parents=True, exist_ok=True)
        before = Day.read(folder)
        known, told, bad = set(before.sheaves), list[str](), list[Words]()
        rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in KINDS}
        for path in several:
            sheaf = path.name.replace("~", "/", 1)
            if sheaf in known:
                continue
            try:
                read = read_sheaf(SheafName.parse(path.name.partition("~")[2]), path.read_text("utf-8"))
            except (BadSheaf, UnicodeDecodeError) as error:
                bad += error.faults if isinstance(error, BadSheaf) else [Words(str(error), str(error))]
                (self.folder / "bad").mkdir(exist_ok=True)
                path.rename(self.folder / "bad" / path.name)
                continue
            told.append(sheaf)
            for kind, lines in read.items():
                rows[kind] += lines
        after = _with_rows(folder, before, rows, tuple(told))
        after.write(folder)
        for path in several:
            path.unlink(missing_ok=True)
        _sweep(folder, after)
        return len(told), sum(map(len, rows.values())), bad

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.folder / ".gathering", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _with_rows(
    folder: Path, before: Day, rows: Mapping[str, Sequence[tuple[Any, ...]]], told: tuple[str, ...]
) -> Day:
    """The day with these rows in files of their own, or in one with all the others where those are many."""
    files, number = dict(before.files), before.next
    with _connection() as duck:
        for kind, several in rows.items():
            if not several:
                continue
            old = files.get(kind, ())
            merged = old if len(old) >= _FILES else ()
            name = f"{kind}-{number:05}.parquet"
            _write(duck, folder, kind, several, [folder / each for each in merged], folder / name)
            files[kind] = (*(each for each in old if each not in merged), name)
            number += 1
    return Day((*before.sheaves, *told), files, number)


def _write(
    duck: "duckdb.DuckDBPyConnection",
    folder: Path,
    kind: str,
    rows: Sequence[tuple[Any, ...]],
    merged: Sequence[Path],
    place: Path,
) -> None:
    """Rows and old files into one new file, on the disk when this returns."""
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".csv", encoding="utf-8", newline="") as draft:
        csv.writer(draft).writerows(tuple(_plain(value) for value in row) for row in rows)
        draft.flush()
        _see(duck, kind, merged)
        duck.execute(
            f"""COPY (SELECT * FROM lines UNION ALL BY NAME SELECT * FROM read_csv($csv, header=false,
            auto_detect=false, quote='"', escape='"', delim=',', nullstr='\\N', columns={_columns(kind)}) ORDER BY contract, moment)
            TO {_quoted(place)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 16384)""",
            {"csv": draft.name},
        )
    with place.open("rb") as file:
        os.fsync(file.fileno())


def _plain(value: object) -> object:
    return r"\N" if value is None else int(value) if isinstance(value, bool) else value


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _columns(kind: str) -> str:
    typed = (f"'{each}': '{'VARCHAR' if each in TEXTS else 'BIGINT'}'" for each in LINES[kind])
    return "{" + ", ".join(typed) + "}"


def _see(duck: "duckdb.DuckDBPyConnection", kind: str, files: Sequence[Path]) -> None:
    """Name the rows of these files `lines`; where there are no files, there are no rows."""
    if files:
        listed = ", ".join(map(_quoted, files))
        duck.execute(
            f"CREATE OR REPLACE TEMP VIEW lines AS SELECT * FROM read_parquet([{listed}], union_by_name=true)"
        )
        return
    typed = ", ".join(f'NULL::{"VARCHAR" if c in TEXTS else "BIGINT"} AS "{c}"' for c in LINES[kind])
    duck.execute(f"CREATE OR REPLACE TEMP VIEW lines AS SELECT {typed} WHERE false")


@contextmanager
def _connection() -> "Iterator[duckdb.DuckDBPyConnection]":
    import duckdb  # only who reads or gathers history pays for it

    duck = duckdb.connect(
        config={
            "memory_limit": _MEMORY,
            "threads": 2,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    try:
        yield duck
    finally:
        duck.close()


def _io_error() -> type[Exception]:
    import duckdb

    return duckdb.IOException


def _sweep(folder: Path, day: Day) -> None:
    """Throw away what no manifest names: what a gathering that died left, and what was made one."""
    named = {name for names in day.files.values() for name in names}
    for path in folder.iterdir():
        if path.name != "manifest.json" and path.name not in named:
            path.unlink(missing_ok=True)
