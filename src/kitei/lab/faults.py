"""Harm done on purpose: links pulled, a silent WAN, every process killed, a device set up wrongly; and its undoing."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from kitei.lab.inside import NAMESPACES, call, netlink
from kitei.lab.wire import LAN, WAN, Wires

_SILENCE = """\
table bridge silence {
  set jacks { type ifname; }
  chain inward { type filter hook prerouting priority -300; iifname @jacks drop; }
  chain outward { type filter hook postrouting priority 300; oifname @jacks drop; }
}
"""


@dataclass(slots=True)
class Faults:
    """The lab's faults by node; `harmed` says what each suffers now."""

    wires: Wires
    harmed: dict[str, set[str]] = field(default_factory=dict)
    prepared: bool = False

    def prepare(self) -> None:
        """Lay the empty table through which links are silenced, so that silencing is one short act."""
        if not self.prepared:
            call(WAN, _nft, _SILENCE)
            self.prepared = True

    def pull(self, node: str) -> None:
        """Every cable of the node is pulled: its neighbours see their links go down."""
        self._carry(node, "down")
        self.harmed.setdefault(node, set()).add("links down")

    def silence(self, node: str) -> None:
        """The WAN loses every frame of the node's, while its links stay up."""
        self.prepare()
        call(WAN, _nft, f"add element bridge silence jacks {{ {', '.join(self._wan_jacks(node))} }}")
        self.harmed.setdefault(node, set()).add("silent WAN")

    def kill(self, node: str) -> None:
        """SIGKILL to every process in the node, at once, again until none is left."""
        self.wires.plugs_of(node)
        self.harmed.setdefault(node, set()).add("processes killed")
        until = time.monotonic() + 5
        while pids := processes_in(node):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):  # it died with its parent
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > until:
                raise RuntimeError(f"{node}: processes {pids} do not die")
            time.sleep(0.005)

    def misconfigure(self, node: str, commands: Sequence[Sequence[str]]) -> None:
        """Run commands in the node that its agent knows nothing of. Raises RuntimeError when one fails."""
        self.wires.plugs_of(node)
        call(node, _run_all, [list(command) for command in commands])
        self.harmed.setdefault(node, set()).add("misconfigured")

    def mend(self, node: str) -> frozenset[str]:
        """Undo links pulled or silenced; says what the node suffered (dead processes are for others to start)."""
        what = self.harmed.pop(node, set())
        if "links down" in what:
            self._carry(node, "up")
        if "silent WAN" in what:
            call(WAN, _nft, f"delete element bridge silence jacks {{ {', '.join(self._wan_jacks(node))} }}")
        return frozenset(what)

    def _wan_jacks(self, node: str) -> list[str]:
        return [f'"{plug.jack}"' for plug in self.wires.plugs_of(node) if plug.wire == WAN]

    def _carry(self, node: str, state: str) -> None:
        """LAN cables first: the kernel rations link events to one a second, and a gateway that is routed again
        before its LAN forwards would lose what comes for it meanwhile."""
        plugs = self.wires.plugs_of(node)
        for wire in (LAN, WAN):
            if jacks := [plug.jack for plug in plugs if plug.wire == wire]:
                call(wire, _set_links, jacks, state)


def processes_in(node: str) -> list[int]:
    """Processes whose network namespace is the node's."""
    place = os.stat(f"{NAMESPACES}/{node}").st_ino
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                if os.stat(f"/proc/{name}/ns/net").st_ino == place:
                    found.append(int(name))
            except OSError:
                continue  # it ended while we looked
    return found


def _set_links(jacks: Sequence[str], state: str) -> None:
    with netlink() as net:
        for jack in jacks:
            net.link("set", index=net.link_lookup(ifname=jack)[0], state=state)


def _nft(text: str) -> None:
    _run(["nft", "-f", "-"], text)


def _run_all(commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        _run(command)


def _run(command: Sequence[str], text: str = "") -> None:
    ran = subprocess.run(list(command), input=text, capture_output=True, text=True, timeout=10)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(command)}: {ran.stderr.strip() or ran.returncode}")
