"""What the RADIUS server calls (rlm_python3): the policy of this node, held in memory and kept fresh beside the calls.

The server calls from several threads, one at a time (Python's lock). A call makes no system call except to
write accounting down; a thread of ours watches the files. In its folder

`policy.json` is the driver's, `dead.json` the watcher's; ours are `sessions.json` with `sessions.<n>.log`
(accounting since), `events.log` (a list of answers and why, each line) and `state.json` (figures, each second).
"""

import hmac
import json
import os
import secrets
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, TypeAlias

from kitei.radius.document import Read, read_policy, read_user
from kitei.radius.leaving import ask_to_end
from kitei.radius.policy import (
    Answer,
    Caps,
    Client,
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
from kitei.radius.secret import matches
from kitei.radius.sessions import Event, Session, Sessions, event_of
from kitei.radius.table import Damaged, Table, read_changes
from kitei.radius.telling import Telling

REJECT, OK, HANDLED, NOTFOUND, NOOP, UPDATED = 0, 2, 3, 6, 7, 8  # rlm_rcode_t
_LOOK: Final = 0.05  # seconds between looks at the files
_KNOWN_PASSWORDS: Final = 1_000_000
_KNOWN_LOGINS: Final = 200_000
_LOG_LIMIT: Final = 64 << 20  # bytes of sessions.log before it is folded into sessions.json

Request: TypeAlias = tuple[tuple[str, str], ...]
Result: TypeAlias = int | tuple[int, tuple[tuple[str, ...], ...], Pairs]


class Engine:
    """One server's policy with all it knows."""

    def __init__(self, folder: str, sacks: str, events: str | None = None) -> None:
        self._folder = folder
        self._telling = Telling(events)
        self._sacks = sacks
        self._policy = Policy({}, {})
        self._read: Read | None = None
        self._tables: dict[tuple[str, str | None], Callable[[str], User | None]] = {}
        self._stamps: dict[str, tuple[int, int]] = {}
        self._probers: frozenset[str] = frozenset()
        self._synthetic: dict[str, str] = {}
        self._dead: set[str] = set()
        self._tokens: dict[str, tuple[float, float]] = {}
        self._accepted: dict[tuple[str, str], tuple[bytes, int, Result]] = {}
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self._events: deque[tuple[float, str, str, str, str]] = deque(maxlen=100_000)
        self._counts: Counter[str] = Counter()
        self._reasons = dict.fromkeys(Reason, 0)
        self._unsigned: Counter[str] = Counter()
        self._relay = ""
        self._ending: deque[Session] = deque()
        self._writing = threading.Lock()
        self._number = 0
        self._sessions = self._restore()
        self._log = self._open_log()
        self._world = World(
            self._may_ask, self._is_password, self._sessions.count, self._sessions.octets, self._dead
        )
        self._trouble = ""
        self.look()
        if "policy.json" not in self._stamps:
            raise Damaged(
                f"{folder}/policy.json is missing; the driver writes it before it starts the server"
            )

    # what the server calls

    def authorize(self, request: Request, tunnel: str = "") -> Result:
        told = dict(request)
        address, name, password = (
            told.get("Tmp-String-0", ""),
            told.get("User-Name", ""),
            told.get("User-Password"),
        )
        if not tunnel and "Message-Authenticator" not in told:
            self._unsigned[address] += 1
            client = self._policy.clients.get(address)
            if client is None or not client.transition:  # an answer could be forged (CVE-2024-3596)
                self._note(address, told, Reason.NOT_SIGNED)
                return _SILENCE
        if address in self._probers:
            return self._probed(told)
        known = self._accepted  # of the policy as it is now: the next one begins with none
        if password is None or tunnel:
            return self._decide(address, told, tunnel)
        before = known.get((address, name))
        digest = blake2b(password.encode(), key=self._key, digest_size=16).digest()
        if (
            before is not None
            and before[0] == digest
            and (not before[1] or self._may_ask(address, before[1]))
        ):
            self._note(address, told, Reason.ACCEPTED)
            return before[2]
        result = self._decide(address, told, tunnel)
        if (
            isinstance(result, tuple)
            and result[2] is _ACCEPT
            and (rate := self._free_of_caps(address, name)) is not None
        ):
            if len(known) >= _KNOWN_LOGINS:
                known.clear()
            known[address, name] = (digest, rate, result)
        return result

    def _decide(self, address: str, told: dict[str, str], tunnel: str) -> Result:
        found = answer_of(self._policy, self._world, address, told, tunnel)
        if found.act == "accept":
            self._note(address, told, found.reason)
            return UPDATED, _all_of(found.reply), _ACCEPT
        return self._other(address, told, found)

    def _free_of_caps(self, address: str, told: str) -> int | None:
        """The client's rate, if whether this user may log in hangs on the password alone."""
        client = self._policy.clients.get(address)
        _, realm, _ = realm_of(self._policy, client, told) if client else ("", None, None)
        if client is None or not isinstance(realm, Group) or realm.caps != Caps():
            return None
        return client.rate

    def _other(self, address: str, told: dict[str, str], found: Answer) -> Result:
        if found.act == "refuse":
            self._note(address, told, found.reason)
            return REJECT
        if found.act == "silent":
            self._note(address, told, found.reason)
            return _SILENCE
        if found.act == "proxy":
            return UPDATED, (), (("Home-Server-Name", self._relay), *found.control)
        return (UPDATED if found.act == "check" else NOOP), _all_of(found.reply), found.control

    def _probed(self, told: dict[str, str]) -> Result:
        """A login of the operator's own: no one's, so it is in no log; a refusal says why."""
        found = answer_to_prober(self._policy, self._world, self._synthetic, told)
        self._counts[f"probe-{found.reason.value}"] += 1
        if found.act == "refuse":
            return REJECT, (("Reply-Message", "+=", found.reason.value),), ()
        if found.act == "accept":
            return UPDATED, _all_of(found.reply), _ACCEPT
        if found.act == "proxy":
            return UPDATED, (), (("Home-Server-Name", self._relay), *found.control)
        return _SILENCE

    def certified(self, request: Request) -> Result:
        """A certificate was shown and is valid: may its owner log in under the name that was told?"""
        told = dict(request)
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

    def finished(self, request: Request, is_accept: bool) -> Result:
        """The server compared a secret itself, or carried EAP to its end."""
        told = dict(request)
        reason = Reason.ACCEPTED if is_accept else Reason.WRONG_SECRET
        self._note(told.get("Tmp-String-0", ""), told, reason)
        return NOOP

    def account(self, request: Request) -> Result:
        """Answered once it is written down (RFC 2866, 2)."""
        told = dict(request)
        address = told.get("Tmp-String-0", "")
        client = self._policy.clients.get(address)
        if client is None:
            return _SILENCE
        name, realm, _ = realm_of(self._policy, client, told.get("User-Name", ""))
        event = event_of(told, address, realm.realm if realm else "", name, time.time())
        if event is not None and (realm is not None or event.status.startswith("Accounting")):
            with self._writing:  # between the two, no other may fold the log
                os.write(self._log, json.dumps(event).encode() + b"\n")
                self._sessions.hear(event)
            self._telling.heard(event)
            if realm is not None and event.status != "Stop":
                self._mind_caps(event, client)
        if isinstance(realm, Proxy):
            return self._relayed(realm, name)
        return OK

    def _relayed(self, realm: Proxy, name: str) -> Result:
        found = passed_on(realm, self._world, name)
        if found.act == "proxy":
            return UPDATED, (), (("Home-Server-Name", self._relay), *found.control)
        return _SILENCE

    def knows(self, address: str) -> bool:
        """May this address ask at all?"""
        return address in self._policy.clients or address in self._probers

    # what runs beside the calls

    def look(self) -> None:
        """Take up what changed in the folder."""
        if self._changed("policy.json"):
            text = self._text("policy.json")
            self._read = read_policy(text, self._finder, self._secret, self._read)
            self._relay = self._read.told["relay"]
            self._policy = self._read.policy
            self._probers = frozenset(self._read.told.get("probers", ()))
            self._synthetic = {
                name: self._secret(each["synthetic"])
                for name, each in self._read.told["realms"].items()
                if each.get("synthetic")
            }
            used = {(each.get("users"), each.get("changes")) for each in self._read.told["realms"].values()}
            self._tables = {sacks: find for sacks, find in self._tables.items() if sacks in used}
        if self._changed("dead.json"):
            dead = set(json.loads(self._text("dead.json")))
            self._dead.intersection_update(dead)
            self._dead.update(dead)

    def run(self) -> None:
        """Look, write and tidy until the process ends."""
        second = 0.0
        while True:
            try:
                self.look()
                self._write_events()
                if time.monotonic() - second >= 1.0:
                    second = time.monotonic()
                    self._write_state()
                    self._telling.tell(self._unsigned)
                    self._sessions.tidy(time.time())
                    self._end_sessions()
                    if os.fstat(self._log).st_size > _LOG_LIMIT:
                        self._fold()
                self._trouble = ""
            except Exception as error:  # told in state.json; the policy before stays in force
                self._trouble = f"{type(error).__name__}: {error}"
                self._counts["trouble"] += 1
            time.sleep(_LOOK)

    def _changed(self, name: str) -> bool:
        try:
            stat = os.stat(self._path(name))
        except FileNotFoundError:
            return False
        stamp = (stat.st_ino, stat.st_mtime_ns)
        if self._stamps.get(name) == stamp:
            return False
        self._stamps[name] = stamp
        return True

    def _finder(self, users: str, changes: str | None) -> Callable[[str], User | None]:
        made = self._tables.get((users, changes))
        if made is None:
            table = Table(os.path.join(self._sacks, users))
            newer = read_changes(self._secret(changes)) if changes else {}
            made = self._tables[users, changes] = _search(table, newer)
        return made

    def _secret(self, sack: str) -> str:
        return _read(os.path.join(self._sacks, sack))

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _text(self, name: str) -> str:
        return _read(self._path(name))

    # what the policy asks of the world

    def _may_ask(self, address: str, rate: int) -> bool:
        """A bucket of one second's requests, so that a burst passes and a flood does not."""
        now = time.monotonic()
        left, since = self._tokens.get(address, (float(rate), now))
        left = min(float(rate), left + (now - since) * rate)
        may = left >= 1.0
        self._tokens[address] = (left - 1.0 if may else left, now)
        return may

    def _is_password(self, who: str, password: str, hashed: str) -> bool:
        """A password found right once is known by a keyed digest, which does not outlive this process."""
        digest = hmac.digest(self._key, f"{hashed}\0{password}".encode(), "sha256")
        if self._known.get(who) == digest:
            return True
        if not matches(password, hashed):
            return False
        self._known[who] = digest
        if len(self._known) > _KNOWN_PASSWORDS:
            self._known.popitem(last=False)
        return True

    # sessions

    def _mind_caps(self, event: Event, client: Client) -> None:
        """One whose traffic is used up, or who is one too many, is asked to leave (RFC 5176)."""
        realm = self._policy.realms[event.realm]
        caps = realm.caps
        together, own = self._sessions.octets(event.realm, event.user)
        open_together, open_own = self._sessions.count(event.realm, event.user)
        over = (
            (caps.octets and together >= caps.octets)
            or (caps.octets_each and own >= caps.octets_each)
            or (event.status == "Start" and caps.sessions and open_together > caps.sessions)
            or (event.status == "Start" and caps.sessions_each and open_own > caps.sessions_each)
        )
        if over:
            self._ending.extend(
                s for s in self._sessions if (s.client, s.session) == (event.client, event.session)
            )

    def _end_sessions(self) -> None:
        while self._ending:
            session = self._ending.popleft()
            client = self._policy.clients.get(session.client)
            if client is not None:
                heard = ask_to_end(session, self._secret(client.sack).encode())
                self._counts[f"disconnect-{heard.value}"] += 1

    def _restore(self) -> Sessions:
        """The snapshot, and what was written since into the logs from its number on."""
        book = Sessions()
        if os.path.exists(self._path("sessions.json")):
            told = json.loads(self._text("sessions.json"))
            self._number = told["log"]
            book = Sessions.restored(told)
        while os.path.exists(self._path(f"sessions.{self._number}.log")):
            with open(self._path(f"sessions.{self._number}.log")) as file:
                for line in file:
                    if line.endswith("\n"):  # one cut short by a kill was not answered
                        book.hear(Event(*json.loads(line)))
            self._number += 1
        return book

    def _open_log(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(self._path(f"sessions.{self._number}.log"), flags, 0o600)

    def _fold(self) -> None:
        """Begin a new log, and put a snapshot in the place of those before. After a kill anywhere both agree."""
        with self._writing:
            self._number += 1
            old, self._log = self._log, self._open_log()
            told = json.dumps({**self._sessions.snapshot(), "log": self._number})
        os.close(old)
        _replace(self._path("sessions.json"), told)
        number = self._number - 1
        while number >= 0 and os.path.exists(self._path(f"sessions.{number}.log")):
            os.unlink(self._path(f"sessions.{number}.log"))
            number -= 1

    # what people read later

    def _note(self, address: str, told: dict[str, str], reason: Reason) -> None:
        self._counts[reason.value] += 1
        self._events.append(
            (
                time.time(),
                address,
                told.get("User-Name", ""),
                told.get("Calling-Station-Id", ""),
                reason.value,
            )
        )

    def _write_events(self) -> None:
        if not self._events:
            return
        path = self._path("events.log")
        if os.path.exists(path) and os.path.getsize(path) > _LOG_LIMIT:
            os.replace(path, path + ".1")
        these = [self._events.popleft() for _ in range(len(self._events))]
        line = json.dumps(these, ensure_ascii=False)  # one call for all: the callers wait while it runs
        with open(path, "a", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(line + "\n")
        self._telling.logins(line)

    def _write_state(self) -> None:
        told = {
            "counts": {**self._counts, **{r.value: count for r, count in self._reasons.items() if count}},
            "unsigned": {address: count for address, count in self._unsigned.items() if count},
            "dead": sorted(self._dead),
            "sessions": sum(1 for _ in self._sessions),
            "policy": self._stamps.get("policy.json"),
            "trouble": self._trouble,
        }
        _replace(self._path("state.json"), json.dumps(told))


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()


def _replace(path: str, text: str) -> None:
    with open(path + ".new", "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


_TEXTS: Final = {reason: reason.value for reason in Reason}
_ACCEPT: Final[Pairs] = (("Auth-Type", "Accept"),)
_SILENCE: Final[Result] = (HANDLED, (), (("Response-Packet-Type", "Do-Not-Respond"),))


def _all_of(reply: Pairs) -> tuple[tuple[str, ...], ...]:
    """Attributes that may stand more than once (the server's operator `+=`)."""
    return tuple((name, "+=", value) for name, value in reply)


def _search(table: Table, newer: dict[str, str | None]) -> Callable[[str], User | None]:
    def find(name: str) -> User | None:
        record = newer[name] if name in newer else table.get(name)
        return None if record is None else read_user(record)

    return find
