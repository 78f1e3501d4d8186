"""What the RADIUS server calls (rlm_python3): the policy of this node, held in memory and kept fresh beside the calls.

The server calls from several threads, one at a time (Python's lock). A call makes no system call; a thread of ours
watches the files. What is decided again and again the module in C remembers (`native/rlm_kitei.c`), under marks that
we count up. In its folder

`policy.json` is the driver's, `dead.json` the watcher's; the module's are `sessions.<n>` and `logins.<n>`, rows that
it wrote; ours are `marks`, `sessions.json` (a snapshot of the book of sessions), `events.log` (a list of answers and
why, each line) and `state.json` (figures, each second).
"""

import gc
import hmac
import json
import os
import secrets
import signal
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from kitei.radius.accounting import Accounting
from kitei.radius.challenges import CODES, Challenges
from kitei.radius.document import Read, Users, but_changes, read_policy
from kitei.radius.files import add_line, logins_place, read_text, replace_text
from kitei.radius.leaving import Messenger, Order, orders
from kitei.radius.marks import Marks
from kitei.radius.names import bytes_of, sendable, told_of
from kitei.radius.peers import Peers
from kitei.radius.policy import (
    Answer,
    Group,
    Pairs,
    Policy,
    Proxy,
    Reason,
    User,
    World,
    certificate,
    passed_on,
    realm_of,
)
from kitei.radius.policy import answer as answer_of
from kitei.radius.probing import answer_to_prober
from kitei.radius.rates import Rates
from kitei.radius.rows import Rows
from kitei.radius.secret import matches
from kitei.radius.table import Damaged, Table, read_changes
from kitei.radius.telling import Telling
from kitei.radius.turns import Turns

REJECT, OK, HANDLED, NOOP, UPDATED = 0, 2, 3, 7, 8  # rlm_rcode_t
_TELL: Final = 0.02  # seconds between readings of the module's logins, which people see later
_PIECES: Final = 10  # of accounting, between two looks at the policy
_KNOWN_PASSWORDS: Final = 1_000_000
_LOST: Final = 600.0  # seconds a node is silent until what only it heard of counts no more
_ENDED_TOLD: Final = 20_000  # sessions that ended, of which a node is told that comes (back)
_AT_ONCE: Final = 200  # rows made to text at once
_MUCH: Final = 1 << 13  # bytes of logins read at once, after which there may be more
_HEARD_AT_ONCE: Final = 50  # events of another node

Request: TypeAlias = tuple[tuple[str, str], ...]
Result: TypeAlias = int | tuple[int, tuple[tuple[str, ...], ...], Pairs]


class _Reading(Exception):
    """The sessions are being read, and how many there are is not known yet."""


class Engine:
    """One server's policy with all it knows."""

    def __init__(self, folder: str, sacks: str, events: str | None = None) -> None:
        self._folder = folder
        self._telling = Telling(events)
        self._sacks = sacks
        self._policy = Policy({}, {})
        self._read: Read | None = None
        self._tables: dict[tuple[str, str | None], Users] = {}
        self._stamps: dict[str, tuple[int, int]] = {}
        self._probers: frozenset[str] = frozenset()
        self._synthetic: dict[str, str] = {}
        self._dead: set[str] = set()
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self._events: deque[tuple[float, str, str, str, str]] = deque(maxlen=100_000)
        self._counts: Counter[str] = Counter()
        self._unsigned: Counter[str] = Counter()
        self._relay = ""
        self._marks = Marks(folder)
        self._accounting = Accounting(folder, lambda: self._policy, self._marks)
        self._logins = Rows(folder, "logins")
        self._logins.begin(*logins_place(self._path("state.json")))
        self._peers = Peers(lambda: self._accounting.book.words(_ENDED_TOLD))
        self._messenger = Messenger(self._counts, self._accounting.over)
        ask, matrix = Rates().may_ask, Challenges().login
        self._world = World(ask, self._is_password, self._sessions, self._octets, self._dead, matrix)
        self._counted = self._world._replace(may_ask=lambda address, rate: True)
        self._trouble = ""
        self._turns = Turns(self._accounting.behind)
        self.look()
        if "policy.json" not in self._stamps:
            raise Damaged(
                f"{folder}/policy.json is missing; the driver writes it before it starts the server"
            )

    # what the server calls

    def authorize(self, request: Request, tunnel: str = "") -> Result:
        """`Tmp-Integer-2`: the module in C has counted this request already."""
        told = told_of(request)
        address = told.get("Tmp-String-0", "")
        if not tunnel and "Message-Authenticator" not in told:
            self._unsigned[address] += 1
            client = self._policy.clients.get(address)
            if client is None or not client.transition:  # an answer could be forged (CVE-2024-3596)
                self._note(address, told, Reason.NOT_SIGNED)
                return _SILENCE
        if address in self._probers:
            return self._probed(told, tunnel)
        remembered = self._mark(address, told, tunnel)
        world = self._counted if "Tmp-Integer-2" in told else self._world
        try:
            found = answer_of(self._policy, world, address, told, tunnel)
        except _Reading:  # asked again, or another node is, and it will be known
            return _SILENCE
        if found.act == "accept":
            self._note(address, told, found.reason)
            return UPDATED, _all_of(found.reply), (*_ACCEPT, *(() if tunnel or found.control else remembered))
        if found.act == "eap" or (found.act == "check" and tunnel):
            return CODES.get(found.act, NOOP), _all_of(found.reply), (*found.control, *remembered)
        return self._other(address, told, found)

    def _mark(self, address: str, told: Mapping[str, str], tunnel: str) -> Pairs:
        """Under what an accepted login to one of our users may be remembered, what to compare with inside a tunnel,
        or that EAP with them is ours to carry on. Taken before it is decided."""
        client = self._policy.clients.get(address)
        name, realm, _ = (
            realm_of(self._policy, client, told.get("User-Name", "")) if client else ("", None, None)
        )
        if (
            client is None
            or not isinstance(realm, Group)
            or not {"User-Password", "EAP-Message"} & told.keys()
        ):
            return ()
        is_of_user = tunnel or "User-Password" in told
        slot, mark = self._marks.of(realm.realm, name) if is_of_user else self._marks.of("", "")
        if tunnel:
            return ("Tmp-Integer-0", str(mark)), ("Tmp-Integer-1", str(slot))
        return ("Tmp-Integer-0", str(mark)), ("Tmp-Integer-1", str(slot)), ("Tmp-Integer-2", str(client.rate))

    def _other(self, address: str, told: dict[str, str], found: Answer) -> Result:
        if found.act == "refuse":
            self._note(address, told, found.reason)
            return REJECT
        if found.act == "silent":
            self._note(address, told, found.reason)
            return _SILENCE
        if found.act == "proxy":
            return UPDATED, (), self._on(found)
        return CODES.get(found.act, NOOP), _all_of(found.reply), found.control

    def _probed(self, told: dict[str, str], tunnel: str) -> Result:
        """A login of the operator's own: no one's, so it is in no log; a refusal says why."""
        found = answer_to_prober(self._policy, self._world, self._synthetic, told, tunnel)
        self._counts[f"probe-{found.reason.value}"] += 1
        if found.act == "refuse":
            return REJECT, (("Reply-Message", "+=", found.reason.value),), ()
        if found.act == "accept":
            return UPDATED, _all_of(found.reply), _ACCEPT
        if found.act == "silent":
            return _SILENCE
        return self._other("", told, found._replace(control=(*found.control, _IN_NO_LOG)))

    def certified(self, request: Request) -> Result:
        """A certificate was shown and is valid: may its owner log in under the name that was told?"""
        told = told_of(request)
        address = told.get("Tmp-String-0", "")
        client = self._policy.clients.get(address)
        name, realm, reason = (
            realm_of(self._policy, client, told.get("User-Name", ""))
            if client
            else ("", None, Reason.UNKNOWN_CLIENT)
        )
        if isinstance(realm, Group):
            owner = told.get("TLS-Client-Cert-Common-Name", "").rpartition("@")
            is_own = owner[0] == name if owner[1] else owner[2] == name
            reason = (
                certificate(realm, name, told.get("TLS-Client-Cert-Issuer", ""))
                if is_own
                else Reason.NOT_YOUR_CERTIFICATE
            )
        if reason is Reason.ACCEPTED and realm is not None:
            return OK
        self._note(address, told, reason)
        return REJECT

    def account(self, request: Request) -> Result:
        """It is written down already (RFC 2866, 2): who answers it?"""
        told = told_of(request)
        address = told.get("Tmp-String-0", "")
        client = self._policy.clients.get(address)
        if client is None:
            return _SILENCE
        slot, mark = self._marks.of("", "")
        rate = ("Tmp-Integer-2", str(client.rate))
        name, realm, _ = realm_of(self._policy, client, told.get("User-Name", ""))
        if isinstance(realm, Proxy):
            found = passed_on(realm, self._world, name)
            return (UPDATED, (), (*self._on(found), rate)) if found.act == "proxy" else _SILENCE
        if not isinstance(realm, Group):
            return UPDATED, (), (rate,)
        return UPDATED, (), (("Tmp-Integer-0", str(mark)), ("Tmp-Integer-1", str(slot)), rate)

    def _on(self, found: Answer) -> Pairs:
        return ("Home-Server-Name", self._relay), *(sendable(*each) for each in found.control)

    # what runs beside the calls

    def look(self) -> None:
        """Take up what changed in the folder."""
        if stamp := self._changed("policy.json"):
            before, text, was = self._read, read_text(self._path("policy.json")), self._policy
            self._read = read_policy(text, self._finder, self._secret, before)
            self._stamps["policy.json"] = stamp
            self._relay = self._read.told["relay"]
            self._policy = self._read.policy
            self._probers = frozenset(self._read.told.get("probers", ()))
            self._synthetic = {
                name: self._secret(each["synthetic"])
                for name, each in self._read.told["realms"].items()
                if each.get("synthetic")
            }
            used = {(each.get("users"), each.get("changes")) for each in self._read.told["realms"].values()}
            self._forget(before.told if before else {}, self._read.told)  # once the new one is in force
            self._tables = {sacks: table for sacks, table in self._tables.items() if sacks in used}
            if self._accounting.is_whole:
                self._take_up_sessions(was)
        if stamp := self._changed("dead.json"):
            self._stamps["dead.json"] = stamp
            dead = set(json.loads(read_text(self._path("dead.json"))))
            self._dead.intersection_update(dead)
            self._dead.update(dead)

    def _take_up_sessions(self, was: Policy) -> None:
        """What a new policy means for those that are open, and who else is to hear of them."""
        assert self._read is not None
        self._turns.be_as_others()  # threads may begin here
        waiting, peers = self._read.told.get("waiting", ()), self._read.told.get("peers")
        book = self._accounting.book
        self._messenger.put(list(orders(book, was, self._policy, waiting, self._secret)))
        self._peers.take_up(peers, self._secret(peers["sack"]).encode() if peers else b"")

    def _restore(self) -> None:
        """Read the sessions of the server before this one, while who needs no count of them is answered."""
        was = self._policy
        for _ in self._accounting.restore():
            self._turns.give_way()
            self._look_out()
        gc.freeze()  # nobody has to look through all of them
        self._take_up_sessions(was)

    def _look_out(self) -> None:
        try:
            self.look()
            self._trouble = ""
        except Exception as error:  # told in state.json; the policy before stays in force
            self._trouble = f"{type(error).__name__}: {error}"
            self._counts["trouble"] += 1

    def run(self) -> None:
        """Look, write and tidy until the process ends."""
        second = told = 0.0
        while True:
            heard = 0
            try:
                if not self._accounting.is_whole:
                    self._restore()
                self.look()
                heard = self._hear_accounting()
                self._hear_peers()
                self._write_events()
                if time.monotonic() - told >= _TELL:
                    told = time.monotonic()
                    self._write_logins()
                if self._accounting.is_set_back:  # the server's timers wait for hours that were
                    os.kill(os.getpid(), signal.SIGTERM)
                    return
                if time.monotonic() - second >= 1.0:
                    second = time.monotonic()
                    self._write_state()
                    self._telling.tell(self._unsigned)
                    self._accounting.tidy(time.time())
                    for _ in self._accounting.keep():
                        self._turns.give_way()
                        self._look_out()
                    self._end_sessions()
                gc.collect(0)  # what came since the last look, a part of a millisecond's work
                self._trouble = ""
            except Exception as error:  # told in state.json; the policy before stays in force
                self._trouble = f"{type(error).__name__}: {error}"
                self._counts["trouble"] += 1
            if heard < _PIECES:
                self._turns.wait(was_something=heard > 0)

    def _hear_accounting(self) -> int:
        """Some of it, in pieces: a changed policy is not to wait for all, however much comes. How many there were."""
        for heard in range(_PIECES):
            if not (events := self._accounting.catch_up()):
                return heard
            self._peers.tell(events)
            self._telling.heard(events)
            self._turns.give_way()
        return _PIECES

    def _hear_peers(self) -> None:
        heard = self._peers.heard
        while heard:
            node, events = heard.popleft()
            for number, event in enumerate(events, start=1):
                self._accounting.hear(event, node)
                if number % _HEARD_AT_ONCE == 0:
                    self._turns.give_way()
        self._accounting.lose(self._peers.silent(_LOST))

    def _changed(self, name: str) -> tuple[int, int] | None:
        """The stamp of a file that is another than the one taken up; None: it is the same, or not there."""
        try:
            stat = os.stat(self._path(name))
        except FileNotFoundError:
            return None
        stamp = (stat.st_ino, stat.st_mtime_ns)
        return None if self._stamps.get(name) == stamp else stamp

    def _forget(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """What was remembered under the policy before: of changed users, and of all where more has changed."""
        if but_changes(before) != but_changes(after):
            self._accounting.begin_anew()
            return
        for name, realm in after["realms"].items():
            old = before["realms"][name]
            if realm.get("changes") != old.get("changes"):
                newer = self._newer(realm["users"], realm["changes"])
                older = self._newer(old["users"], old["changes"])
                for user, _ in newer.items() ^ older.items():
                    self._marks.forget(name, user)

    def _newer(self, users: str, changes: str | None) -> dict[str, str | None]:
        """What a realm's changes were read to; those of the policy before are known until it is gone."""
        return self._tables[users, changes].newer

    def _finder(self, users: str, changes: str | None) -> Callable[[str], User | None]:
        made = self._tables.get((users, changes))
        if made is None:
            table = Table(os.path.join(self._sacks, users))
            newer = read_changes(self._secret(changes)) if changes else {}
            made = self._tables[users, changes] = Users(table, newer)
        return made.find

    def _secret(self, sack: str) -> str:
        return read_text(os.path.join(self._sacks, sack))

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    # what the policy asks of the world

    def _sessions(self, realm: str, user: str) -> tuple[int, int]:
        if not self._accounting.is_whole:
            raise _Reading
        return self._accounting.book.count(realm, user)

    def _octets(self, realm: str, user: str) -> tuple[int, int]:
        if not self._accounting.is_whole:
            raise _Reading
        return self._accounting.book.octets(realm, user)

    def _is_password(self, who: str, password: str, hashed: str) -> bool:
        """A password found right once is known by a keyed digest, which does not outlive this process."""
        digest = hmac.digest(self._key, bytes_of(f"{hashed}\0{password}"), "sha256")
        if self._known.get(who) == digest:
            return True
        if not matches(password, hashed):
            return False
        self._known[who] = digest
        if len(self._known) > _KNOWN_PASSWORDS:
            self._known.popitem(last=False)
        return True

    def _end_sessions(self) -> None:
        ending = self._accounting.ending
        while ending:
            session = ending.popleft()
            client = self._policy.clients.get(session.client)
            if client is not None:
                self._messenger.put([Order(session, self._secret(client.sack).encode())])

    # what people read later

    def _note(self, address: str, told: dict[str, str], reason: Reason) -> None:
        self._counts[reason.value] += 1
        who = told.get("User-Name", ""), told.get("Calling-Station-Id", "")
        self._events.append((time.time(), address, *who, reason.value))

    def _write_events(self) -> None:
        """What the policy answered, in lines that nobody waits for long."""
        while self._events:
            these = [self._events.popleft() for _ in range(min(_AT_ONCE, len(self._events)))]
            self._write_line(json.dumps(these))  # ASCII: a name may hold what is no text

    def _write_logins(self) -> None:
        """What the module in C answered without the policy. What comes meanwhile waits, so that it is many at once."""
        more = True
        while more and (rows := self._logins.read()):
            more = len(rows) > _MUCH
            for reason in (Reason.ACCEPTED, Reason.WRONG_SECRET, Reason.TOO_MANY_REQUESTS):
                self._counts[reason.value] += rows.count(f'"{reason.value}"]\n'.encode())
            self._write_line("[" + rows.decode().rstrip("\n").replace("]\n", "],") + "]")
            self._logins.forget()
            self._turns.give_way()

    def _write_line(self, line: str) -> None:
        add_line(self._path("events.log"), line)
        self._telling.logins(line)

    def _write_state(self) -> None:
        told = {
            "counts": {name: count for name, count in self._counts.items() if count},
            "unsigned": {address: count for address, count in self._unsigned.items() if count},
            "dead": sorted(self._dead),
            "sessions": len(self._accounting.book),
            "policy": self._stamps.get("policy.json"),
            "logins": (self._logins.number, self._logins.at),
            "trouble": self._trouble or self._accounting.loss,
        }
        replace_text(self._path("state.json"), json.dumps(told))


_ACCEPT: Final[Pairs] = (("Auth-Type", "Accept"),)
_IN_NO_LOG: Final = ("Tmp-Integer-3", "1")
_SILENCE: Final[Result] = (HANDLED, (), (("Response-Packet-Type", "Do-Not-Respond"),))


def _all_of(reply: Pairs) -> tuple[tuple[str, ...], ...]:
    """Attributes that may stand more than once (the server's operator `+=`)."""
    return tuple((name, "+=", value) for name, value in reply)
