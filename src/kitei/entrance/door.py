"""The program beside Squid that knows the designated hosts: `python -m kitei.entrance.door HOSTS`.

A line is `NUMBER USER SOURCE HOST`; OK: it is passed on, ERR: it is refused, and the page says why. An address has to
lie in a designated prefix; a name has to be a designated name itself, whatever address it leads to. A changed file is
taken up with the next line. Who comes is told to `kitei.entrance.visits`.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from ipaddress import ip_address, ip_network
from typing import Any, Final

from kitei.entrance.words import NOT_DESIGNATED, Word
from kitei.proxy.hosts import host_of
from kitei.proxy.lines import answer_all, pairs

_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Hosts:
    """The designated hosts of a contract, and the provisions by which it is these alone."""

    prefixes: Sequence[Any]
    names: frozenset[str]
    contract: str
    cites: str

    def holds(self, asked: str) -> bool:
        host = host_of(asked)
        if host is None:
            return False
        try:
            address = ip_address(host)
        except ValueError:
            return host in self.names
        return any(address in each for each in self.prefixes if each.version == address.version)


def hosts_of(text: str) -> Hosts:
    """Out of the file that the driver writes. Raises ValueError and KeyError for what is none."""
    told = json.loads(text)
    prefixes = tuple(ip_network(each) for each in told["prefixes"])
    return Hosts(prefixes, frozenset(told["names"]), str(told["contract"]), ", ".join(told["cites"]))


def hosts_text(prefixes: Sequence[str], names: Sequence[str], contract: str, cites: Sequence[str]) -> str:
    told = {"prefixes": [*prefixes], "names": [*names], "contract": contract, "cites": [*cites]}
    return json.dumps(told, indent=1) + "\n"


class Door:
    """Answers by the file as it is now; one that cannot be read leaves those before in force."""

    def __init__(self, path: str, told: Callable[[str, str], object]) -> None:
        self._path, self._told = path, told
        self._mark: tuple[int, int] | None = None
        self._hosts = Hosts((), frozenset(), "", "")

    def answer(self, words: list[str]) -> str:
        if len(words) < _WORDS:
            return "BH message=too-few-words"
        user, source, host = words[:_WORDS]  # Squid adds what the `acl` line says besides, which is nothing
        self._told(user, source)
        hosts = self._now()
        if hosts.holds(host):
            return "OK"
        return f"ERR {pairs(why=NOT_DESIGNATED, message=page_line(hosts))}"

    def _now(self) -> Hosts:
        state = os.stat(self._path)
        mark = (state.st_ino, state.st_mtime_ns)
        if mark != self._mark:
            self._mark = mark
            try:
                with open(self._path, encoding="utf-8") as file:
                    self._hosts = hosts_of(file.read())
            except (OSError, ValueError, KeyError, TypeError) as error:
                print(f"{self._path} cannot be read, what was before stays: {error!r}", file=sys.stderr)
        return self._hosts


def page_line(hosts: Hosts) -> str:
    """What the page says, as HTML: why, under which contract and by which provisions."""
    return escape(
        f"理由: 契約で指定されたホストではありません / 契約: {hosts.contract} / 条項: {hosts.cites}\n"
        f"Reason: not a host that the contract designates / contract: {hosts.contract} / provisions: {hosts.cites}"
    )


def run(path: str) -> None:
    """Answer until nobody asks any more."""
    answer_all(Door(path, Word().tell).answer)


if __name__ == "__main__":
    run(sys.argv[1])
