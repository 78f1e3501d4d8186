"""A customer's users as a list: imported from CSV with every fault told, exported without any secret.

Columns: `name`, `password`, `state` (on or off), then any RADIUS attributes for the answer, by their names
(`Framed-IP-Address`). Only `name` must be there. An empty or absent `password` keeps the one there is.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kitei.radius.document import read_user, user_record
from kitei.radius.policy import Pairs, User
from kitei.radius.secret import METHODS, Forms, keep, matches, serves
from kitei.values import Words

MAY_REPLY: Final = (
    "Class",
    "Filter-Id",
    "Framed-IP-Address",
    "Framed-IP-Netmask",
    "Framed-IPv6-Prefix",
    "Framed-Route",
    "Idle-Timeout",
    "Reply-Message",
    "Session-Timeout",
)
_NAME: Final = re.compile(r"[^\s@\x00-\x1f\x7f](?:[^@\x00-\x1f\x7f]{0,62}[^\s@\x00-\x1f\x7f])?")
_STATES: Final = {"": False, "on": False, "off": True}
OTHER_PASSWORD: Final = Words("現在のパスワードが違います", "the present password is another")
_SHORTEST, _LONGEST = 8, 128  # a PAP password holds 128 bytes (RFC 2865, 5.2)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a line (from 1, the heading's) and column, and what would be right."""

    line: int
    column: str
    what: Words


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, good in itself. An empty password: as it was."""

    name: str
    password: str
    off: bool
    reply: Pairs


class Faulty(ValueError):
    """Nothing was taken; `faults` are all there are."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.line}:{f.column}: {f.what.en}" for f in self.faults))


def read_csv(text: str, known: Collection[str], most: int) -> tuple[Entry, ...]:
    """The lines of a CSV file. `known` are users there are now, `most` how many the contract covers.

    Users that the file leaves out stay. Raises Faulty with every fault.
    """
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    heading = [name.strip() for name in rows[0]] if rows else []
    faults = list(_heading_faults(heading))
    if faults:
        raise Faulty(faults)
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        entry, wrong = _entry(heading, row, line, known)
        faults += wrong
        if entry.name in seen:
            faults.append(_twice(line, entry.name, seen[entry.name]))
        seen.setdefault(entry.name, line)
        entries.append(entry)
    count = len({*known, *seen})
    if count > most:
        faults.append(_too_many(count, most))
    if faults:
        raise Faulty(faults)
    return tuple(entries)


def write_csv(users: Mapping[str, User]) -> str:
    """All users, the password column empty: what is written can be read back and changes nothing."""
    attributes = [name for name in MAY_REPLY if any(name in dict(user.reply) for user in users.values())]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["name", "password", "state", *attributes])
    for name, user in sorted(users.items()):
        told = dict(user.reply)
        table.writerow([name, "", "off" if user.off else "on", *(told.get(each, "") for each in attributes)])
    return out.getvalue()


def take(
    entries: Sequence[Entry], users: Mapping[str, User], methods: Collection[str], salts: Iterator[bytes]
) -> dict[str, str]:
    """The records that entries make of users, by name: only those that change. Pure; hashing takes its time."""
    changed: dict[str, str] = {}
    for entry in entries:
        before = users.get(entry.name, User())
        forms = Forms(before.hashed, before.nt, before.clear)
        if entry.password:
            forms = keep(entry.password, methods, next(salts))
        user = User(*forms, entry.off, entry.reply)
        if entry.name not in users or user != before:
            changed[entry.name] = user_record(user)
    return changed


def change_password(record: str, old: str, new: str, methods: Collection[str], salt: bytes) -> str | Words:
    """A user's own change: the new record, or why not."""
    user = read_user(record)
    if not (user.clear == old if user.clear else matches(old, user.hashed)):
        return OTHER_PASSWORD
    if wrong := password_fault(new):
        return wrong
    forms = keep(new, methods, salt)
    return user_record(User(forms.hashed, forms.nt, forms.clear, user.off, user.reply))


def without_login(users: Mapping[str, User], methods: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Users whose kept secret does not serve a method that is enabled, with those methods: they must set it anew."""
    enabled = [method for method in METHODS if method in methods]
    found = {
        name: tuple(m for m in enabled if not serves_user(user, m)) for name, user in sorted(users.items())
    }
    return {name: missing for name, missing in found.items() if missing}


def serves_user(user: User, method: str) -> bool:
    return serves(Forms(user.hashed, user.nt, user.clear), method)


def password_fault(password: str) -> Words | None:
    size = len(password.encode())
    if len(password) < _SHORTEST or size > _LONGEST:
        return Words(
            f"パスワードは{_SHORTEST}文字以上、{_LONGEST}バイト以下です",
            f"a password has {_SHORTEST} characters or more, and at most {_LONGEST} bytes",
        )
    if any(ord(char) < 32 or ord(char) == 127 for char in password):
        return Words("パスワードに制御文字は使えません", "a password holds no control characters")
    return None


def _heading_faults(heading: Sequence[str]) -> Iterator[Fault]:
    right = ("name", "password", "state", *MAY_REPLY)
    if "name" not in heading:
        yield Fault(1, "name", Words("name の列がありません", "there is no column `name`"))
    for name in dict.fromkeys(heading):
        if name not in right:
            shown = ", ".join(right)
            yield Fault(
                1, name, Words(f"この列はありません。使える列: {shown}", f"no such column; there are {shown}")
            )
        elif heading.count(name) > 1:
            yield Fault(1, name, Words("同じ列が二つあります", "the column stands twice"))


def _entry(
    heading: Sequence[str], row: Sequence[str], line: int, known: Collection[str]
) -> tuple[Entry, list[Fault]]:
    faults: list[Fault] = []
    if len(row) != len(heading):
        told = Words(
            f"{len(row)} 個の値。見出しは {len(heading)} 列です",
            f"{len(row)} values; the heading has {len(heading)}",
        )
        faults.append(Fault(line, "", told))
    cells = dict(zip(heading, row, strict=False))
    name, password = cells.get("name", "").strip(), cells.get("password", "")
    if not _NAME.fullmatch(name):
        told = Words(
            f"{name!r} は利用者名ではありません。@、改行のない1~64文字です",
            f"{name!r} is not a user's name; 1 to 64 characters without @ are right",
        )
        faults.append(Fault(line, "name", told))
    if password and (wrong := password_fault(password)):
        faults.append(Fault(line, "password", wrong))
    if not password and name not in known:
        told = Words("新しい利用者にはパスワードが要ります", "a new user needs a password")
        faults.append(Fault(line, "password", told))
    state = cells.get("state", "").strip().lower()
    if state not in _STATES:
        faults.append(
            Fault(
                line,
                "state",
                Words(f"{state!r} は on でも off でもありません", f"{state!r} is neither on nor off"),
            )
        )
    reply = tuple((each, cells[each].strip()) for each in MAY_REPLY if cells.get(each, "").strip())
    for attribute, value in reply:
        if len(value.encode()) > 247 or any(ord(char) < 32 or ord(char) == 127 for char in value):
            told = Words(
                "247バイト以下の、制御文字のない値です",
                "at most 247 bytes without control characters are right",
            )
            faults.append(Fault(line, attribute, told))
    return Entry(name, password, _STATES.get(state, False), reply), faults


def _twice(line: int, name: str, first: int) -> Fault:
    return Fault(
        line, "name", Words(f"{name} は {first} 行目にもあります", f"{name} stands in line {first} too")
    )


def _too_many(count: int, most: int) -> Fault:
    return Fault(
        0,
        "",
        Words(
            f"利用者が {count} 人になります。契約のアカウント数は {most} です",
            f"there would be {count} users; the contract covers {most} accounts",
        ),
    )
