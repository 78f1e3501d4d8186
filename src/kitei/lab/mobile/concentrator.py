"""An L2TP access concentrator (LAC, RFC 2661): it asks RADIUS where a phone's session goes, and takes it there.

It stands in for a mobile network's. Where a terminator does not answer, it tries the next one that it was told. Each
phone with a namespace has a TUN device there, so that real programs' packets go through the session.
"""

import os
import queue
import secrets
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from kitei.lab.mobile.asking import (
    CALLING,
    CAUSE,
    CLASS,
    ERROR_CAUSE,
    FILTER,
    FRAMED,
    FRAMED_ADDRESS,
    IN,
    NAS,
    OUT,
    PORT,
    PORT_TYPE,
    SECONDS,
    SERVICE,
    SESSION,
    SESSION_TIMEOUT,
    STATUS,
    USER,
    Asker,
    Door,
    Refused,
    doors_of,
)
from kitei.lab.mobile.call import Call
from kitei.lab.mobile.phone import Phone, inside
from kitei.lab.mobile.ppp import Link
from kitei.lab.mobile.tunnel import Tunnel
from kitei.radius.l2tp import Message, Pair, long, pair, read_control, short
from kitei.radius.packet import Attribute, Code, answer, attributes_of, is_stated

_L2TP, _COA = 1701, 3799
_TICK: Final = 0.1  # seconds
_SETUP: Final = 8.0  # seconds a session may take
_PREFIX: Final = 3.0  # seconds an advertisement may take
_NOT_FOUND: Final = 503  # Error-Cause: no such session (RFC 5176, 3.6)


class Concentrator:
    """Lives in a namespace, at one address. `end` takes all its sessions down."""

    def __init__(self, namespace: str, address: str, servers: Sequence[str], secret: bytes) -> None:
        self._namespace, self._address, self._secret = namespace, address, secret
        self._wire = self._socket(_L2TP)
        self._ear = self._socket(_COA)
        self._ask = Asker(self._socket(0), servers, secret)
        self._tell = Asker(self._socket(0), servers, secret)
        self._lock = threading.RLock()
        self._asking = threading.Lock()
        self._tunnels: dict[int, Tunnel] = {}
        self._calls: dict[int, Call] = {}
        self._numbers = iter(range(1, 65535))
        self._phones: dict[int, Call] = {}
        self._told: queue.Queue[list[Attribute] | None] = queue.Queue()
        self._over = False
        self.untold = 0
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._run, self._account)]
        for each in self._threads:
            each.start()

    def dial(
        self,
        user: str | bytes,
        password: str | bytes,
        phone: str | None = None,
        method: Literal["pap", "chap"] = "chap",
        calling: str = "09012345678",
        marks: Iterable[Attribute] = (),
    ) -> Call:
        """A phone's session, up. Raises Refused: by RADIUS, by every terminator, or by the customer's users."""
        name, word = _bytes(user), _bytes(password)
        number = next(self._numbers)
        doors = doors_of(self._permitted(name, word, number, calling, marks))
        for door in doors:
            tunnel = self._tunnel_to(door)
            if tunnel is None:
                continue
            try:
                return self._session(tunnel, number, name, word, phone, method, calling)
            except Refused:
                if not tunnel.is_lost:
                    raise
        tried = ", ".join(door.endpoint for door in doors) or "none was named"
        raise Refused(f"no terminator answers: {tried}")

    def doors(
        self, user: str | bytes, password: str | bytes, calling: str = "09012345678"
    ) -> tuple[Door, ...]:
        """Where a session would go. Raises Refused."""
        return doors_of(self._permitted(_bytes(user), _bytes(password), 1, calling, ()))

    def calls(self) -> tuple[Call, ...]:
        with self._lock:
            return tuple(self._calls.values())

    def report(self, call: Call, used: int = 0) -> None:
        """An interim update of a session, `used` octets more than it really had."""
        call.received += used
        self._note(call, 3)

    def hang_up(self, call: Call, why: str = "the phone hung up") -> None:
        with self._lock:
            if self._calls.pop(call.number, None) is None:
                return
            self._say(call, [call.link.close()])
            call.tunnel.say(_ended(call), call.theirs)
            self._finish(call, why)
        if threading.current_thread() is not self._threads[0]:
            call.gone.wait(_SETUP)

    def end(self) -> None:
        for call in self.calls():
            self.hang_up(call, "the concentrator ends")
        with self._lock:
            for tunnel in self._tunnels.values():
                tunnel.close()
            self._over = True
        self._told.put(None)
        for each in self._threads:
            each.join(10)
        for line in (self._wire, self._ear, self._ask.line, self._tell.line):
            line.close()

    # setting up

    def _permitted(
        self, user: bytes, password: bytes, number: int, calling: str, marks: Iterable[Attribute]
    ) -> tuple[Attribute, ...]:
        told = [*self._place(number), Attribute(CALLING, calling.encode()), *marks]
        with self._asking:
            return self._ask.may(user, password, told)

    def _place(self, number: int) -> list[Attribute]:
        return [
            Attribute(NAS, socket.inet_aton(self._address)),
            Attribute(PORT, long(number)),
            Attribute(PORT_TYPE, long(5)),  # virtual
            Attribute(SERVICE, long(2)),  # framed
            Attribute(FRAMED, long(1)),  # PPP
        ]

    def _tunnel_to(self, door: Door) -> Tunnel | None:
        with self._lock:
            tunnel = next(
                (each for each in self._tunnels.values() if each.door == door and each.is_live), None
            )
            if tunnel is None:
                number = 1 + secrets.randbelow(65535)
                tunnel = self._tunnels[number] = Tunnel(number, door, self._wire)
                tunnel.open()
        tunnel.ready.wait(_SETUP)
        return tunnel if tunnel.is_open else None

    def _session(
        self,
        tunnel: Tunnel,
        number: int,
        user: bytes,
        password: bytes,
        phone: str | None,
        method: Literal["pap", "chap"],
        calling: str,
    ) -> Call:
        device = Phone(phone) if phone else None
        call = Call(user, number, tunnel, Link(user, password, method), device)
        with self._lock:
            self._calls[number] = call
            tunnel.say(
                (
                    pair(Pair.MESSAGE, short(Message.ICRQ)),
                    pair(Pair.SESSION, short(number)),
                    pair(Pair.SERIAL, long(number)),
                    pair(Pair.CALLING, calling.encode()),
                )
            )
        call.up.wait(_SETUP)
        if not call.link.is_up or call.over.is_set():
            why = call.why or call.link.failed or "the session did not come up"
            self.hang_up(call, why)
            raise Refused(call.link.failed or call.why)
        if device is not None:
            device.connect(call.link.address)
            self._connect6(call, device)
        self._note(call, 1)
        return call

    def _connect6(self, call: Call, device: Phone) -> None:
        """A terminator that speaks IPv6 advertises a prefix soon; one that does not keeps nobody waiting."""
        until = time.monotonic() + _PREFIX
        while time.monotonic() < until and call.link.wants6 and not call.link.prefix:
            time.sleep(0.02)
        if call.link.prefix:
            call.address6 = device.connect6(call.link.prefix, call.link.interface)

    # what comes in

    def _run(self) -> None:
        next_tick = time.monotonic()
        with selectors.DefaultSelector() as eyes:
            eyes.register(self._wire, selectors.EVENT_READ)
            eyes.register(self._ear, selectors.EVENT_READ)
            while not self._over:
                self._watch_phones(eyes)
                ready = [key.fileobj for key, _ in eyes.select(max(0.0, next_tick - time.monotonic()))]
                for what in ready:
                    self._take(what)
                if time.monotonic() >= next_tick:
                    next_tick = time.monotonic() + _TICK
                    self._tick()

    def _watch_phones(self, eyes: selectors.BaseSelector) -> None:
        for handle, call in list(self._phones.items()):
            if call.over.is_set() and call.phone is not None:
                eyes.unregister(handle)
                call.phone.close()
                del self._phones[handle]
                call.gone.set()
        for call in self.calls():
            if call.phone and call.phone.handle not in self._phones:
                eyes.register(call.phone.handle, selectors.EVENT_READ)
                self._phones[call.phone.handle] = call

    def _take(self, what: object) -> None:
        if isinstance(what, int):
            call = self._phones[what]
            if call.phone is None:
                return
            with self._lock:
                for frame in call.phone.packets():
                    if call.link.is_up:
                        call.received += len(frame) - 4
                        call.tunnel.carry(call.theirs, frame)
            return
        line = self._ear if what is self._ear else self._wire
        try:
            packet, caller = line.recvfrom(65535)
        except OSError:
            return  # "connection refused" of something sent before
        with self._lock:
            if line is self._ear:
                self._obey(packet, caller)
            elif len(packet) >= 6 and packet[0] & 0x80:
                self._hear_control(packet)
            elif len(packet) >= 6:
                self._hear_data(packet)

    def _hear_control(self, packet: bytes) -> None:
        told = read_control(packet)
        tunnel = self._tunnels.get(told.tunnel) if told else None
        if told is None or tunnel is None or not tunnel.hear(told):
            return
        kind = int.from_bytes(told.pairs.get(Pair.MESSAGE, b""))
        call = self._calls.get(told.session)
        if kind == Message.ICRP and call is not None:
            call.theirs = int.from_bytes(told.pairs[Pair.SESSION])
            tunnel.say(_CONNECTED, call.theirs)
            self._say(call, call.link.open())
        elif kind == Message.CDN and call is not None:
            self._gone(call, "the terminator ended it")
        elif kind == Message.STOPCCN:
            self._lose(tunnel)

    def _hear_data(self, packet: bytes) -> None:
        word, at = struct.unpack_from(">H", packet)[0], 2
        at += 2 if word & 0x4000 else 0
        session = struct.unpack_from(">H", packet, at + 2)[0]
        at += 4 + (4 if word & 0x0800 else 0)
        if word & 0x0200:
            at += 2 + struct.unpack_from(">H", packet, at)[0]
        call = self._calls.get(session)
        if call is None:
            return
        replies, inner, protocol = call.link.hear(packet[at:])
        self._say(call, replies)
        if protocol:
            call.sent += len(inner)
            if call.phone is not None and call.up.is_set():
                call.phone.take(inner)
        if call.link.ended:
            self._gone(call, call.link.failed)
        elif call.link.is_up or call.link.failed:
            call.up.set()

    def _obey(self, packet: bytes, caller: tuple[str, int]) -> None:
        """A Disconnect or a CoA (RFC 5176), about every session that all it names fits."""
        if not is_stated(packet, self._secret) or packet[0] not in (
            Code.DISCONNECT_REQUEST,
            Code.COA_REQUEST,
        ):
            return
        told = list(attributes_of(packet))
        meant = [call for call in self._calls.values() if call.theirs and self._is_meant(call, told)]
        done, undone = (
            (Code.DISCONNECT_ACK, Code.DISCONNECT_NAK)
            if packet[0] == Code.DISCONNECT_REQUEST
            else (Code.COA_ACK, Code.COA_NAK)
        )
        why = [] if meant else [Attribute(ERROR_CAUSE, long(_NOT_FOUND))]
        for call in meant:
            if packet[0] == Code.DISCONNECT_REQUEST:
                self.hang_up(call, "RADIUS asked for it")
            else:
                _change(call, told)
        self._ear.sendto(answer(done if meant else undone, packet, why, self._secret), caller)

    def _is_meant(self, call: Call, told: Iterable[Attribute]) -> bool:
        own = {
            SESSION: call.id.encode(),
            USER: call.user,
            PORT: long(call.number),
            FRAMED_ADDRESS: call.link.address,
            NAS: socket.inet_aton(self._address),
        }
        named = [each for each in told if each.type in own]
        return bool(named) and all(own[each.type] == each.value for each in named)

    # what goes on by itself

    def _tick(self) -> None:
        now = time.monotonic()
        with self._lock:
            for number, tunnel in list(self._tunnels.items()):
                if not tunnel.tick(now):
                    self._lose(tunnel)
                    del self._tunnels[number]
            for call in list(self._calls.values()):
                if call.theirs:
                    self._say(call, call.link.tick(now))
                if call.until is not None and now > call.until:
                    self.hang_up(call, "its time is over")

    def _lose(self, tunnel: Tunnel) -> None:
        tunnel.lost()
        for call in [each for each in self._calls.values() if each.tunnel is tunnel]:
            self._gone(call, "the tunnel is gone")

    def _gone(self, call: Call, why: str) -> None:
        if self._calls.pop(call.number, None) is not None:
            self._finish(call, why)

    def _finish(self, call: Call, why: str) -> None:
        was_up = call.up.is_set() and call.link.is_up
        call.why = why
        call.over.set()
        if call.phone is None:
            call.gone.set()
        call.up.set()
        if was_up:
            self._note(call, 2)

    def _say(self, call: Call, frames: Iterable[bytes]) -> None:
        for frame in frames:
            call.tunnel.carry(call.theirs, frame)

    # accounting

    def _note(self, call: Call, status: int) -> None:
        told = [
            Attribute(STATUS, long(status)),
            Attribute(SESSION, call.id.encode()),
            Attribute(USER, call.user),
            *self._place(call.number),
            Attribute(FRAMED_ADDRESS, call.link.address),
            Attribute(SECONDS, long(int(time.monotonic() - call.since))),
            Attribute(IN, long(call.received & 0xFFFFFFFF)),
            Attribute(OUT, long(call.sent & 0xFFFFFFFF)),
            *(Attribute(CLASS, mark) for mark in call.marks),
        ]
        self._told.put(told if status != 2 else [*told, Attribute(CAUSE, long(1))])

    def _account(self) -> None:
        """In order, each until it is taken or nobody takes it."""
        while (told := self._told.get()) is not None:
            if not self._tell.tell(told):
                self.untold += 1

    def _socket(self, port: int) -> socket.socket:
        return inside(self._namespace, lambda: _bound(self._address, port))


def _bound(address: str, port: int) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((address, port))
    return line


def _change(call: Call, told: Sequence[Attribute]) -> None:
    for each in told:
        if each.type == SESSION_TIMEOUT:
            call.until = call.since + int.from_bytes(each.value)
    if any(each.type == FILTER for each in told):
        call.filters = tuple(each.value.decode() for each in told if each.type == FILTER)


def _ended(call: Call) -> tuple[bytes, ...]:
    return (
        pair(Pair.MESSAGE, short(Message.CDN)),
        pair(Pair.RESULT, short(3)),  # for administrative reasons
        pair(Pair.SESSION, short(call.number)),
    )


_CONNECTED: Final = (
    pair(Pair.MESSAGE, short(Message.ICCN)),
    pair(Pair.SPEED, long(100_000_000)),
    pair(Pair.FRAMING_TYPE, long(1)),
)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else os.fsencode(text)
