"""The trials of `by_hand.trials`, of a network that Kitei keeps: the same harms, streams and waits."""

import time

from by_hand.layout import lay_out
from by_hand.trials import AFTER, BEFORE, HARMS, KINDS

from with_kitei.network import WithKitei, begun


def failover(runs: int) -> dict[str, list[dict[str, float]]]:
    """As `by_hand.trials.failover`."""
    layout = lay_out(2, [1, 1, 2], True)
    sessions = sum(len(layout.links_of(d)) + (layout.mate_of(d) is not None) for d in layout.devices)
    with begun(layout) as network:
        network.wait_for("end-to-end", len(layout.devices) - 2)
        network.wait_for("bfd", sessions)
        return {
            f"{node}: {harm}": [_harm_once(network, sessions, node, site, harm) for _ in range(runs)]
            for node, site, harm in KINDS
        }


def _harm_once(network: WithKitei, sessions: int, node: str, site: int, harm: str) -> dict[str, float]:
    lab = network.lab
    does = dict(zip(HARMS, (lab.pull, lab.silence, lab.kill), strict=True))
    time.sleep(1.0)
    with lab.stream(network.host(site), network.host(0)) as harmed:
        time.sleep(BEFORE)
        does[harm](node)
        time.sleep(AFTER)
    with lab.stream(network.host(site), network.host(0)) as mended:
        lab.mend(node)
        time.sleep(
            2.5
        )  # until the agents have told of the sessions lost, so that their return can be awaited
        network.wait_for("bfd", sessions)
        time.sleep(AFTER)
    return {
        "gap": harmed[0].longest_gap,
        "lost": harmed[0].lost,
        "mended gap": mended[0].longest_gap,
        "mended lost": mended[0].lost,
    }


def throughput(seconds: int, rounds: int) -> list[float]:
    """As `by_hand.trials.throughput`."""
    with begun(lay_out(1, [1], False)) as network:
        network.wait_for("end-to-end", 1)
        return [_tcp(network, seconds) for _ in range(rounds)]


def _tcp(network: WithKitei, seconds: int) -> float:
    told = network.lab.order(
        "iperf",
        sender=network.host(1).name,
        receiver=network.host(0).name,
        address=network.host(0).ip,
        seconds=seconds,
    )
    return float(told)


def sites(count: int, hubs: int) -> float:
    """Seconds from nothing, not even a room, to all probes green."""
    begin = time.monotonic()
    with begun(lay_out(hubs, [1] * count, hubs == 2)) as network:
        network.wait_for("end-to-end", count)
        return time.monotonic() - begin
