"""Scenes that need a network of their own, or an agent to kill: `python scenes.py NAME FOLDER`."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stand import FOR, Files, Node, Served, eventually, make_orders

from kitei.agent import AgentConfig, run
from kitei.drivers.host import LinuxHost
from kitei.network import Address, Host, Part, Probe, Risk, Step

ONE, TWO, THREE = (Address(FOR, "lo", f"192.0.2.{n}/32") for n in (1, 2, 3))
PROBE = Probe(FOR, "p", "192.0.2.1", "192.0.2.2", 100, "end-to-end")


class Addresses:
    """Makes addresses of `lo` be so."""

    name = "addresses"
    reads = (object,)

    def see(self, host: Host) -> frozenset[str]:
        shown = host.run(["ip", "-o", "-4", "addr", "show", "dev", "lo"]).out.splitlines()
        return frozenset(line.split()[3] for line in shown) - {"127.0.0.1/8"}

    def plan(self, wanted: Sequence[Part], seen: frozenset[str]) -> tuple[Step, ...]:
        right = {part.address for part in wanted if isinstance(part, Address)}
        return (
            *(Step(self.name, f"add {a}", "add", {"address": a}) for a in sorted(right - seen)),
            *(
                Step(self.name, f"remove {a}", "del", {"address": a}, Risk.OUTAGE, (FOR.owner,))
                for a in sorted(seen - right)
            ),
        )

    def apply(self, host: Host, step: Step) -> None:
        done = host.run(["ip", "addr", step.act, step.with_["address"], "dev", "lo"])
        assert done.code == 0, done.err


def green_node(folder: Path, served: Served) -> Node:
    """A node under orders 1, whose probe is green and known to be."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    node = Node(folder, served)
    node.drivers = [Addresses()]
    node.office.publish(make_orders(1, ONE, TWO, PROBE))
    node.start()
    assert eventually(lambda: node.reports(1) and is_green(node))
    return node


def is_green(node: Node) -> bool:
    told = [state for report in node.office.reports for state in report.states]
    return bool(told) and told[-1].up


def fell_back(node: Node) -> bool:
    faults = {fault.kind: fault for fault in node.report.faults}
    return "fell-back" in faults and faults["fell-back"].subject == "p" and node.report.generation == 1


def orders_that_darken_a_probe_are_taken_back(folder: Path, served: Served) -> None:
    node = green_node(folder, served)
    node.office.publish(make_orders(2, ONE, PROBE, may_cut=[FOR.owner]))
    assert eventually(lambda: fell_back(node))
    assert eventually(lambda: is_green(node))
    assert TWO.address in Addresses().see(node.host)
    assert not node.report.applied
    # the same again, as when another node's orders are published with a new generation: not tried again
    node.office.publish(make_orders(3, ONE, PROBE, may_cut=[FOR.owner]))
    time.sleep(3 * node.confirm)
    assert TWO.address in Addresses().see(node.host)
    assert fell_back(node)
    # and other orders are taken up
    node.office.publish(make_orders(4, ONE, TWO, THREE, PROBE))
    assert eventually(lambda: node.reports(4) and not node.report.faults)
    node.stop()


def a_loss_that_only_coincides_does_not_hold_orders_back(folder: Path, served: Served) -> None:
    node = green_node(folder, served)
    for line in (
        "add table ip t",
        "add chain ip t out { type filter hook output priority 0; }",
        "add rule ip t out ip daddr 192.0.2.2 drop",
    ):
        subprocess.run(["nft", line], check=True)
    node.office.publish(make_orders(2, ONE, TWO, THREE, PROBE))
    assert eventually(lambda: any(fault.kind == "coincidence" for fault in node.report.faults))
    assert eventually(lambda: node.reports(2))
    assert THREE.address in Addresses().see(node.host)
    node.stop()


def a_fall_back_survives_the_agents_death(folder: Path, served: Served) -> None:
    node = green_node(folder, served)
    node.confirm = 3.0
    node.stop()
    node.start()
    assert eventually(lambda: node.reports(1) and len(node.agent._prober.green()) == 1)  # type: ignore[union-attr]
    node.office.publish(make_orders(2, ONE, PROBE, may_cut=[FOR.owner]))
    assert eventually(lambda: TWO.address not in Addresses().see(node.host))
    node.stop()  # on trial, the probe dark: the next agent must know what was green before
    node.start()
    assert eventually(lambda: fell_back(node))
    assert TWO.address in Addresses().see(node.host)
    node.stop()


def agent(folder: Path, served: Served | None = None) -> None:
    """Be an agent whose every step takes a while, until killed."""
    config = AgentConfig(
        node="n1",
        host=LinuxHost("n1", folder / "state"),
        controller=f"unix:{folder}/controller.sock",
        clock=lambda: datetime.now(UTC),
        drivers=[Files(folder / "made", pause=0.03)],
        heartbeat=0.3,
    )
    raise SystemExit(run(config))


if __name__ == "__main__":
    scene, place = globals()[sys.argv[1]], Path(sys.argv[2])
    if scene is agent:
        agent(place)
    with Served(place / "controller.sock") as stage:
        scene(place, stage)
    sys.stdout.flush()
    os._exit(0)
