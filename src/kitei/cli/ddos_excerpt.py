"""`ddos excerpt`: a few packets towards a target off an interface of this machine, as pcap."""

from ipaddress import ip_network
from pathlib import Path

import click

from kitei.cli.speak import Fault, Misuse, Talk, command, option
from kitei.collect.excerpt import PACKETS, SECONDS, SNAP
from kitei.collect.excerpt import excerpt as capture
from kitei.values import Words


@command(
    "excerpt",
    ja="この機械のインタフェースから、対象あてのパケットを少しだけ pcap にする",
    en="Capture a few packets towards a target off an interface of this machine, as pcap.",
)
@click.argument("target")
@option("--interface", required=True, ja="インタフェース", en="The interface they pass.")
@option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    ja="書くファイル",
    en="The file to write.",
)
@option(
    "--packets",
    type=click.IntRange(1, 10_000),
    default=PACKETS,
    show_default=True,
    ja="いくつ",
    en="How many.",
)
@option(
    "--seconds",
    type=click.IntRange(1, 300),
    default=SECONDS,
    show_default=True,
    ja="何秒に分けて",
    en="Over how long.",
)
@option(
    "--snap",
    type=click.IntRange(20, 65535),
    default=SNAP,
    show_default=True,
    ja="各パケットの先頭のバイト数",
    en="Bytes of each.",
)
def excerpt(
    talk: Talk, target: str, interface: str, out: Path, packets: int, seconds: int, snap: int
) -> None:
    try:
        network = ip_network(target)
    except ValueError:
        right = "203.0.113.5 / 203.0.113.0/24"
        raise Misuse(
            Words(f"{target} は対象ではありません(例 {right})", f"{target!r} is no target such as {right}")
        ) from None
    try:
        pcap = capture(interface, network, packets=packets, seconds=seconds, snap=snap)
    except OSError as error:
        raise Fault(f"{interface}: {error.strerror}") from None
    out.write_bytes(pcap)
    talk.answer({"file": str(out), "bytes": len(pcap)}, lambda: f"{out}  {len(pcap)} B")
