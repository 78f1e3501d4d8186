"""A million and more odd inputs: the policy of logins and the import of users, and packets to a real server."""

import tempfile
import time
from pathlib import Path

from figure import Figure
from radius_beside import fuzz

from radius import SECRET, converge, namespace, prepared, until_answer

REQUESTS, LISTS, PACKETS = 1_000_000, 200_000, 50_000
PORT = 1812
_SENDER = """
import socket, sys, time
sys.path.insert(0, sys.argv[1])
from radius_beside import fuzz
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind(("127.0.0.2", 0))
for number, packet in enumerate(fuzz.packets(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode())):
    try:
        line.sendto(packet, ("127.0.0.1", 1812 + number % 2))
    except OSError:
        continue
    if number % 50 == 0:
        time.sleep(0.002)
"""


def measure() -> list[Figure]:
    seed = int(time.time())  # another each night; told, so that what is found can be tried again
    broken = fuzz.try_policy(seed, REQUESTS)
    faulty = fuzz.try_lists(seed, LISTS)
    return [
        Figure(
            "fuzz_radius",
            f"answers that break a law, of {REQUESTS:,} (seed {seed})",
            broken,
            "answers",
            0,
            "at most",
        ),
        Figure(
            "fuzz_radius", f"user lists neither read nor refused, of {LISTS:,}", faulty, "lists", 0, "at most"
        ),
        Figure(
            "fuzz_radius",
            f"deaths of a server by {PACKETS:,} odd packets",
            deaths(seed),
            "deaths",
            0,
            "at most",
        ),
    ]


def deaths(seed: int) -> int:
    """0: the very process that was there before still answers."""
    with tempfile.TemporaryDirectory() as folder, namespace(Path(folder)) as host:
        converge(host, prepared(host, 10))
        until_answer(host, PORT)
        before = host.running()["radius"]
        root = Path(__file__).parents[1]
        argv = ["env", f"PYTHONPATH={root / 'src'}", str(root / ".venv/bin/python"), "-c", _SENDER]
        done = host.run([*argv, str(root / "bench"), str(seed), str(PACKETS), SECRET], timeout=300)
        assert done.code == 0, done.err
        until_answer(host, PORT)
        return int(host.running()["radius"] != before)
