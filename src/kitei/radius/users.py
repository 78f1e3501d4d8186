"""A customer's users as a list: imported from CSV with every fault told, exported without any secret.

Columns: `name`, `password`, `state` (on, off, or gone, which takes the user out), then any RADIUS attributes for
the answer, by their names (`Framed-IP-Address`). Only `name` must be there, and what has no column stays as it is.
An empty `password` keeps the one there is.

What a spreadsheet would take for a formula is written with `'` before it, and read without.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network
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
_NAME: Final = re.compile(r"[^\s@](?:[^@]{0,62}[^\s@])?")
_NAME_BYTES: Final = 128  # with its realm it has to fit into 253 (RFC 2865, 5.1)
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")  # categories of characters that nobody sees
_STATES: Final = ("", "on", "off", "gone")
_FORMULA: Final = re.compile(r"'*[-=+@\t\r＝＋－＠]")
_FIELD: Final = 4096  # characters; no value may be longer than 253 bytes
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
    """One line, good in itself. An empty password, a state of None, and attributes without a column: as they were."""

    name: str
    password: str
    state: str | None
    reply: Pairs
    columns: frozenset[str] = frozenset()


class Faulty(ValueError):
    """Nothing was taken; `faults` are all there are."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.line}:{f.column}: {f.what.en}" for f in self.faults))


def read_csv(text: str, known: Collection[str], most: int) -> tuple[Entry, ...]:
    """The lines of a CSV file. `known` are users there are now, `most` how many the contract covers.

    Users that the file leaves out stay. Raises Faulty with every fault.
    """
    rows = list(_rows(text))
    heading = [name.strip() for name in rows[0][1]] if rows else []
    faults = list(_heading_faults(heading))
    if faults:
        raise Faulty(faults)
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for line, row in rows[1:]:
        if not any(cell.strip() for cell in row):
            continue
        entry, wrong = _entry(heading, row, line, known)
        faults += wrong
        if entry.name in seen:
            faults.append(_twice(line, entry.name, seen[entry.name]))
        seen.setdefault(entry.name, line)
        entries.append(entry)
    count = count_after(entries, known)
    if count > most:
        faults.append(_too_many(count, most))
    if faults:
        raise Faulty(faults)
    return tuple(entries)


def count_after(entries: Iterable[Entry], known: Collection[str]) -> int:
    """How many users there are then."""
    there = set(known)
    for entry in entries:
        (there.discard if entry.state == "gone" else there.add)(entry.name)
    return len(there)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins in. Raises Faulty where a value is too long, or is not closed."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    begins = 1
    try:
        for row in reader:
            yield begins, row
            if any(len(cell) > _FIELD for cell in row):
                raise Faulty([Fault(begins, "", _TOO_LONG)])
            begins = reader.line_num + 1
    except csv.Error:
        raise Faulty([Fault(begins, "", _TOO_LONG)]) from None


_TOO_LONG: Final = Words(
    f"値が {_FIELD} 文字を超えています。引用符が閉じていないかもしれません",
    f"a value is longer than {_FIELD} characters; perhaps a quotation mark is not closed",
)


def write_csv(users: Mapping[str, User]) -> str:
    """All users, the password column empty: what is written can be read back and changes nothing."""
    attributes = [name for name in MAY_REPLY if any(name in dict(user.reply) for user in users.values())]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["name", "password", "state", *attributes])
    for name, user in sorted(users.items()):
        told = dict(user.reply)
        values = (_shown(told.get(each, "")) for each in attributes)
        table.writerow([_shown(name), "", "off" if user.off else "on", *values])
    return out.getvalue()


def _shown(value: str) -> str:
    """A cell that no spreadsheet runs (CWE-1236)."""
    return f"'{value}" if _FORMULA.match(value) else value


def _meant(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def take(
    entries: Sequence[Entry], users: Mapping[str, User], methods: Collection[str], salts: Iterator[bytes]
) -> dict[str, str | None]:
    """The records that entries make of users, by name, None: gone. Only those that change. Hashing takes its time."""
    changed: dict[str, str | None] = {}
    for entry in entries:
        if entry.state == "gone":
            changed[entry.name] = None
            continue
        before = users.get(entry.name, User())
        forms = Forms(before.hashed, before.nt, before.clear)
        if entry.password:
            forms = keep(entry.password, methods, next(salts))
        off = before.off if entry.state is None else entry.state == "off"
        user = User(*forms, off, _reply(entry, before), before.matrix)
        if entry.name not in users or user != before:
            changed[entry.name] = user_record(user)
    return changed


def _reply(entry: Entry, before: User) -> Pairs:
    """In the order of the attributes' names, as exported."""
    told = {name: value for name, value in before.reply if name not in entry.columns} | dict(entry.reply)
    return tuple((name, told[name]) for name in MAY_REPLY if name in told)


def change_password(record: str, old: str, new: str, methods: Collection[str], salt: bytes) -> str | Words:
    """A user's own change: the new record, or why not."""
    user = read_user(record)
    if not (user.clear == old if user.clear else matches(old, user.hashed)):
        return OTHER_PASSWORD
    if wrong := password_fault(new):
        return wrong
    forms = keep(new, methods, salt)
    return user_record(User(forms.hashed, forms.nt, forms.clear, user.off, user.reply, user.matrix))


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
    name, password = _meant(cells.get("name", "").strip()), cells.get("password", "")
    state = cells["state"].strip().lower() if "state" in cells else None
    if not _is_name(name):
        told = Words(
            f"{name[:99]!r} は利用者名ではありません。@や見えない文字のない1~64文字({_NAME_BYTES}バイトまで)です",
            f"{name[:99]!r} is not a user's name; 1 to 64 characters (at most {_NAME_BYTES} bytes) that can be "
            "seen, without @, are right",
        )
        faults.append(Fault(line, "name", told))
    if password and (wrong := password_fault(password)):
        faults.append(Fault(line, "password", wrong))
    if state == "gone" and name not in known:
        faults.append(
            Fault(line, "state", Words("この名前の利用者はいません", "there is no user of this name"))
        )
    elif not password and name not in known:
        told = Words("新しい利用者にはパスワードが要ります", "a new user needs a password")
        faults.append(Fault(line, "password", told))
    if state is not None and state not in _STATES:
        told = Words(
            f"{state[:99]!r} は on、off、gone のどれでもありません",
            f"{state[:99]!r} is none of on, off and gone",
        )
        faults.append(Fault(line, "state", told))
    columns = frozenset(cells) & frozenset(MAY_REPLY)
    reply = tuple((each, _meant(cells[each].strip())) for each in MAY_REPLY if cells.get(each, "").strip())
    for attribute, value in reply:
        if wrong := _value_fault(attribute, value):
            faults.append(Fault(line, attribute, wrong))
    return Entry(name, password, state, reply, columns), faults


def _is_name(name: str) -> bool:
    if not _NAME.fullmatch(name) or any(unicodedata.category(char) in _UNSEEN for char in name):
        return False
    return len(name.encode()) <= _NAME_BYTES


def _value_fault(attribute: str, value: str) -> Words | None:
    """A node could not answer with what is no value of its attribute: the login would fail."""
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in value) or len(value.encode()) > 247:
        return Words(
            "247バイト以下の、制御文字のない値です", "at most 247 bytes without control characters are right"
        )
    right = _RIGHT.get(attribute)
    if right is None:
        return None
    what, is_right = right
    try:
        if is_right(value):
            return None
    except ValueError:
        pass
    return Words(f"{value!r} は使えません。正しくは {what.ja} です", f"{value!r} is none; {what.en} is right")


def _is_route(value: str) -> bool:
    """RFC 2865, 5.22: a destination, then a gateway and metrics."""
    return bool(IPv4Network(value.split()[0], strict=False))


def _is_seconds(value: str) -> bool:
    return value.isascii() and value.isdecimal() and 0 < int(value) < 2**32


_SECONDS: Final = (Words("1 以上の秒数", "a number of seconds from 1"), _is_seconds)
_ADDRESS: Final = (Words("192.0.2.1 のような IPv4 アドレス", "an IPv4 address as 192.0.2.1"), IPv4Address)
_RIGHT: Final[Mapping[str, tuple[Words, Callable[[str], object]]]] = {
    "Framed-IP-Address": _ADDRESS,
    "Framed-IP-Netmask": _ADDRESS,
    "Framed-IPv6-Prefix": (
        Words("2001:db8::/64 のような IPv6 プレフィックス", "an IPv6 prefix as 2001:db8::/64"),
        IPv6Network,
    ),
    "Framed-Route": (
        Words("198.51.100.0/24 で始まる経路", "a route that begins as 198.51.100.0/24"),
        _is_route,
    ),
    "Idle-Timeout": _SECONDS,
    "Session-Timeout": _SECONDS,
}


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
