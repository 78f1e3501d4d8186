"""An excerpt holds packets towards its target alone, some of each second, and any reader of pcap opens it."""

import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest

from kitei.collect.capture import frames
from kitei.collect.excerpt import excerpt, program

PORT = 49_009


@contextmanager
def sending(*targets: str) -> Iterator[None]:
    """Datagrams to each target over loopback, all the while."""
    stopped = threading.Event()

    def send() -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four,
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six,
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sink,
        ):
            sink.bind(("::", PORT))  # or ICMP would come back, to ::1 as well
            while not stopped.wait(0.001):
                for each in targets:
                    (six if ":" in each else four).sendto(b"x" * 300, (each, PORT))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def listening(target: str, **more: int) -> bytes:
    try:
        return excerpt("lo", ip_network(target), **more)  # type: ignore[arg-type]
    except PermissionError:
        pytest.skip("a packet socket needs root")


@pytest.mark.lab
@pytest.mark.parametrize("target", ["127.0.0.9/32", "::1/128"])
def test_packets_to_the_target_alone_are_kept_some_of_each_second(tmp_path: Path, target: str) -> None:
    with sending("127.0.0.9", "127.0.0.10", "::1"):
        pcap = listening(target, packets=20, seconds=2)
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap)
    kept = list(frames(path))
    assert len(kept) == 20
    address = ip_network(target).network_address.packed
    at = 16 if len(address) == 4 else 24
    assert {each.head[at : at + len(address)] for each in kept} == {address}
    assert {(len(each.head), each.length) for each in kept} == {(128, 328 if len(address) == 4 else 348)}
    by_second = Counter(round((each.at_ns - kept[0].at_ns) / 10**9) for each in kept)
    assert by_second == {0: 10, 1: 10}
    listed = subprocess.run(
        ["tshark", "-r", path, "-T", "fields", "-e", "udp.dstport"], capture_output=True, text=True
    )
    assert listed.stdout.split() == [str(PORT)] * 20


@pytest.mark.lab
def test_silence_and_a_stop_are_an_empty_capture_and_an_interface_that_is_not_there_an_error() -> None:
    assert len(listening("192.0.2.1/32", packets=5, seconds=1)) == 24
    began = time.monotonic()
    assert len(excerpt("lo", ip_network("192.0.2.1/32"), seconds=60, stopped=lambda: True)) == 24
    assert time.monotonic() - began < 30
    with pytest.raises(OSError):
        excerpt("nowhere0", ip_network("192.0.2.1/32"), seconds=1)


@pytest.mark.parametrize(
    "target", ["203.0.113.0/24", "0.0.0.0/0", "2001:db8:1:2::/64", "2001:db8::5/128", "::/0"]
)
def test_every_jump_of_the_program_lands_within_it(target: str) -> None:
    lines = program(ip_network(target), 128)
    for n, (code, jt, jf, _) in enumerate(lines):
        if code == 0x15:
            assert jt == 0 and n + 1 + jf == len(lines) - 1
    assert lines[-2][3] == 128 and lines[-1] == (0x06, 0, 0, 0)
