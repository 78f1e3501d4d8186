"""A load of PAP logins: packets are made beforehand, so that the sender only sends, receives and counts.

    python load.py SERVER PORT SOURCE SECRET USERS SECONDS WINDOW

Closed loop: WINDOW requests are under way; each answer lets the next go. One in twenty has a wrong password.
Prints JSON: answers a second, the share of accepts, the lost, latencies in ms. `echo` instead of a server's name
measures the load's own ceiling: another process that gives every packet back at once.
"""

import hashlib
import hmac
import json
import os
import socket
import sys
import time

PACKETS = 20_480


def packets(secret: bytes, users: int, realm: str) -> list[bytes]:
    """Requests with Message-Authenticator, spread over all users; identifiers run round."""
    made = []
    for index in range(PACKETS):
        number = (index * 7919) % users
        password = f"no{number}" if index % 20 == 7 else f"password-{number}"
        proof = os.urandom(16)
        hidden = bytes(
            a ^ b
            for a, b in zip(
                password.encode().ljust(16, b"\0"), hashlib.md5(secret + proof).digest(), strict=True
            )
        )
        name = f"u{number}{realm}".encode()
        pairs = bytes((1, len(name) + 2)) + name + bytes((2, 18)) + hidden
        head = bytes((1, index % 256)) + (38 + len(pairs)).to_bytes(2, "big") + proof
        mark = bytes((80, 18))
        sign = hmac.new(secret, head + mark + bytes(16) + pairs, "md5").digest()
        made.append(head + mark + sign + pairs)
    return made


def drive(line: socket.socket, made: list[bytes], seconds: float, window: int) -> dict[str, float]:
    line.settimeout(1.0)
    send, receive, clock = line.send, line.recv, time.perf_counter
    sent_at = [0.0] * 256
    times: list[float] = []
    answers = accepts = lost = index = 0

    def go() -> None:
        nonlocal index
        packet = made[index % PACKETS]
        sent_at[packet[1]] = clock()
        send(packet)
        index += 1

    begun = clock()
    for _ in range(window):
        go()
    while clock() - begun < seconds:
        try:
            packet = receive(4096)
        except TimeoutError:
            lost += window
            for _ in range(window):
                go()
            continue
        answers += 1
        accepts += packet[0] == 2
        times.append(clock() - sent_at[packet[1]])
        go()
    took = clock() - begun
    times.sort()
    return {
        "rate": answers / took,
        "accepted": accepts / max(1, answers),
        "lost": lost,
        "p50": 1000 * times[len(times) // 2],
        "p99": 1000 * times[int(0.99 * len(times))],
    }


def main(argv: list[str]) -> None:
    server, port, source, secret, users, seconds, window, realm = argv
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((source, 0))
    if server == "echo":
        far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        far.bind(("127.0.0.1", 0))
        port = str(far.getsockname()[1])
        server = "127.0.0.1"
        if os.fork() == 0:
            try:
                far.settimeout(2.0)
                while True:
                    packet, back = far.recvfrom(4096)
                    far.sendto(packet[:20], back)
            except TimeoutError:
                os._exit(0)
    line.connect((server, int(port)))
    made = packets(secret.encode(), int(users), realm)
    print(json.dumps(drive(line, made, float(seconds), int(window))))


if __name__ == "__main__":
    main(sys.argv[1:])
