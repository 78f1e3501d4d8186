"""A load of PEAP logins with MS-CHAPv2 inside (RFC 2759, draft-kamath-pppext-peapv0), each a TLS session of its own.

    python peap.py SERVER PORT SOURCE SECRET USERS SECONDS WINDOW PROCESSES REALM

TLS is OpenSSL's, without sockets; the NT hashes are made beforehand. Closed loop: each of WINDOW supplicants begins
anew when it is through. Prints JSON: logins a second, the lost, and `own`, the processor time in us that a login
costs this load: a core of it can do 1,000,000 / own logins a second, however fast a server may be.
"""

import hashlib
import hmac
import json
import os
import resource
import socket
import ssl
import sys
import time
import warnings

warnings.simplefilter("ignore")  # single DES is what MS-CHAP is made of

from cryptography.hazmat.primitives.ciphers import Cipher, modes  # noqa: E402
from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES  # noqa: E402

from kitei.radius.secret import nt_hash  # noqa: E402

HASHES = 2_000
TLV_SUCCESS = bytes.fromhex("800300020001")
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE
CONTEXT.maximum_version = ssl.TLSVersion.TLSv1_2


def des(key: bytes, block: bytes) -> bytes:
    """With 7 bytes of key, as RFC 2759, 8.6 has it."""
    bits = int.from_bytes(key)
    whole = bytes((bits >> (49 - 7 * i) & 127) << 1 for i in range(8))
    encryptor = Cipher(TripleDES(whole * 3), modes.ECB()).encryptor()
    return encryptor.update(block)


def nt_response(server: bytes, own: bytes, name: bytes, hashed: bytes) -> bytes:
    challenge = hashlib.sha1(own + server + name).digest()[:8]
    keys = hashed.ljust(21, b"\0")
    return b"".join(des(keys[at : at + 7], challenge) for at in (0, 7, 14))


class Supplicant:
    """One login: takes what the server said, gives what to say; None when it is over."""

    def __init__(self, name: bytes, hashed: bytes) -> None:
        self.name, self.hashed = name, hashed
        self.coming, self.going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = CONTEXT.wrap_bio(self.coming, self.going)
        self.waiting = b""
        self.is_open = False

    def first(self) -> bytes:
        return bytes((2, 0)) + (5 + len(self.name)).to_bytes(2) + b"\x01" + self.name

    def answer(self, eap: bytes) -> bytes:
        """`eap`: a request of PEAP, whole."""
        flags = eap[5]
        data = eap[10:] if flags & 0x80 else eap[6:]
        self.coming.write(data)
        if flags & 0x40:  # more to come
            return self._said(eap[1], b"")
        if not self.waiting:
            self._step()
            self.waiting = self.going.read()
        piece, self.waiting = self.waiting[:1300], self.waiting[1300:]
        return self._said(eap[1], piece)

    def _step(self) -> None:
        try:
            if not self.is_open:
                self.tls.do_handshake()
                self.is_open = True
                return
            inner = self.tls.read(4096)
        except ssl.SSLWantReadError:
            return
        self.tls.write(self._inner(inner))

    def _inner(self, told: bytes) -> bytes:
        """Without its header, but for the last word, which has one."""
        if len(told) > 4 and told[0] == 1 and int.from_bytes(told[2:4]) == len(told):
            if told[4] == 33:
                return bytes((2, told[1])) + (11).to_bytes(2) + b"\x21" + TLV_SUCCESS
            told = told[4:]
        if told[0] == 1:
            return b"\x01" + self.name
        if told[0] != 26:
            raise ValueError(f"inner method {told[0]}")
        if told[1] == 3:  # success
            return bytes((26, 3))
        own = os.urandom(16)
        response = nt_response(told[6:22], own, self.name, self.hashed)
        body = bytes((49,)) + own + bytes(8) + response + b"\0" + self.name
        return bytes((26, 2, told[2])) + (4 + len(body)).to_bytes(2) + body

    def _said(self, identifier: int, data: bytes) -> bytes:
        return bytes((2, identifier)) + (6 + len(data)).to_bytes(2) + b"\x19\0" + data


def packet(identifier: int, name: bytes, eap: bytes, state: bytes, secret: bytes) -> bytes:
    pieces = [eap[at : at + 253] for at in range(0, len(eap), 253)]
    pairs = bytes((1, len(name) + 2)) + name + b"".join(bytes((79, len(p) + 2)) + p for p in pieces)
    if state:
        pairs += bytes((24, len(state) + 2)) + state
    head = bytes((1, identifier)) + (38 + len(pairs)).to_bytes(2) + os.urandom(16)
    sign = hmac.digest(secret, head + b"\x50\x12" + bytes(16) + pairs, "md5")
    return head + b"\x50\x12" + sign + pairs


def parsed(told: bytes) -> tuple[bytes, bytes]:
    """EAP and State."""
    eap, state, at = b"", b"", 20
    while at < len(told):
        kind, size = told[at], told[at + 1]
        if kind == 79:
            eap += told[at + 2 : at + size]
        elif kind == 24:
            state = told[at + 2 : at + size]
        at += size
    return eap, state


def drive(
    line: socket.socket, secret: bytes, realm: str, users: int, seconds: float, window: int
) -> list[int]:
    """Accepted, refused, lost."""
    hashes = [nt_hash(f"password-{n}") for n in range(min(users, HASHES))]
    slots: list[Supplicant] = []
    done = [0, 0, 0]
    number = os.getpid()

    def begin(at: int) -> None:
        nonlocal number
        number += 1
        user = number * 7919 % len(hashes)
        one = Supplicant(f"u{user}{realm}".encode(), bytes.fromhex(hashes[user]))
        slots[at:] = [one, *slots[at + 1 :]]
        line.send(packet(at, one.name, one.first(), b"", secret))

    line.settimeout(2.0)
    until = time.perf_counter() + seconds
    for at in range(window):
        begin(at)
    while time.perf_counter() < until:
        try:
            told = line.recv(4096)
        except TimeoutError:
            done[2] += window
            for at in range(window):
                begin(at)
            continue
        at = told[1]
        if told[0] == 11:
            eap, state = parsed(told)
            one = slots[at]
            line.send(packet(at, one.name, one.answer(eap), state, secret))
        else:
            done[told[0] != 2] += 1
            begin(at)
    return done


def main(argv: list[str]) -> None:
    server, port, source, secret, users, seconds, window, processes, realm = argv
    ends = []
    for _ in range(int(processes)):
        here, there = os.pipe()
        if os.fork() == 0:
            line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            line.bind((source, 0))
            line.connect((server, int(port)))
            done = drive(line, secret.encode(), realm, int(users), float(seconds), int(window))
            own = resource.getrusage(resource.RUSAGE_SELF)
            os.write(there, json.dumps([*done, own.ru_utime + own.ru_stime]).encode())
            os._exit(0)
        os.close(there)
        ends.append(here)
    told = [json.loads(os.read(end, 4096)) for end in ends]
    accepted, refused, lost, spent = (sum(each[i] for each in told) for i in range(4))
    answers = accepted + refused
    print(
        json.dumps(
            {
                "rate": answers / float(seconds),
                "accepted": accepted / max(1, answers),
                "lost": lost,
                "own": 1e6 * spent / max(1, answers),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
