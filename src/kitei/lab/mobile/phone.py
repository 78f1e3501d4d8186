"""A phone: a network namespace with a TUN device, whose packets a session carries."""

import errno
import fcntl
import os
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Final, TypeVar

from kitei.lab.inside import enter_namespace
from kitei.lab.mobile.ppp import IPV4, IPV6, framed

_TUNSETIFF, _TUN, _NO_INFORMATION = 0x400454CA, 0x0001, 0x1000
_DEVICE: Final = "ppp0"
_MOST: Final = 65535
Made = TypeVar("Made")


class Phone:
    """`handle` is readable when the phone has sent something."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self.handle: int = inside(namespace, _device)

    def connect(self, address: bytes) -> None:
        """The address that was agreed, and everything goes through the session."""
        self._ip(f"link set {_DEVICE} mtu 1400 addrgenmode none up")
        self._ip(f"address add {IPv4Address(address)}/32 dev {_DEVICE}")
        self._ip(f"route replace default dev {_DEVICE}")

    def connect6(self, prefix: bytes, interface: bytes) -> str:
        """The IPv6 address out of what was advertised and what was agreed."""
        address = str(IPv6Address(prefix + interface))
        self._ip(f"address add {address}/64 dev {_DEVICE} nodad")
        self._ip(f"-6 route replace default dev {_DEVICE}")
        return address

    def _ip(self, words: str) -> None:
        subprocess.run(["ip", "-n", self._namespace, *words.split()], check=True, capture_output=True)

    def packets(self) -> Iterator[bytes]:
        """What the phone sent, as PPP frames."""
        for _ in range(64):
            try:
                packet = os.read(self.handle, _MOST)
            except BlockingIOError:
                return
            yield framed(IPV6 if packet[0] >> 4 == 6 else IPV4, packet)

    def take(self, packet: bytes) -> None:
        try:
            os.write(self.handle, packet)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EINVAL):  # the device is down, or that was no IP packet
                raise

    def close(self) -> None:
        os.close(self.handle)


def inside(namespace: str, make: Callable[[], Made]) -> Made:
    """What a thread of the namespace makes: a socket or a device stays there, whoever uses it."""
    found: list[Made] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            enter_namespace(namespace)
            found.append(make())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def _device() -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH22x", _DEVICE.encode(), _TUN | _NO_INFORMATION))
    return handle
