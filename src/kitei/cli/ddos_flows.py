"""`ddos flows`: the flows of a capture as they are read, one a line."""

from datetime import UTC, datetime
from pathlib import Path

import click

from kitei.cli.ddos import CAPTURE
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.collect.capture import NotACapture, datagram_in, frames, is_capture, messages
from kitei.collect.meter import Flow, Meter
from kitei.collect.replay import EXPORT_PORTS
from kitei.collect.sizes import Sizes
from kitei.values import JsonObject

_SIZES = Sizes(blocks=1, hosts6=1, prefixes=1, told_hosts=1)


@command(
    "flows",
    ja="記録にあるフローを、読んだとおりに示す(pcap、IPFIX ファイル、データグラムそのもの)",
    en="Show the flows of a capture as they are read: pcap, IPFIX file or bare datagrams, templates first.",
)
@CAPTURE
@click.argument(
    "more", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[CAPTURE]..."
)
@option("--most", type=int, default=10_000, show_default=True, ja="示す数の上限", en="At most this many.")
@option("--port", "ports", type=int, multiple=True, ja="フローの届くポート", en="Where exports are sent to.")
def flows(talk: Talk, capture: Path, more: tuple[Path, ...], most: int, ports: tuple[int, ...]) -> None:
    with Meter(_SIZES) as meter:
        meter.tap(most)
        try:
            for file in (capture, *more):
                _feed(meter, file, frozenset(ports) or EXPORT_PORTS)
        except NotACapture as error:
            raise Misuse(str(error)) from None
        found, faults = meter.tapped(), meter.faults()
    talk.answer(
        {
            "flows": [_json(each) for each in found],
            "faults": {fault.name.lower(): count for fault, count in faults.items()},
        },
        lambda: "\n".join(
            [*map(_line, found), *(f"# {fault.name.lower()}: {count}" for fault, count in faults.items())]
        ),
    )


def _feed(meter: Meter, file: Path, ports: frozenset[int]) -> None:
    if not is_capture(file):
        for n, message in enumerate(messages(file)):
            meter.feed(message, "0.0.0.0", 0, n + 1)
        return
    for frame in frames(file):
        datagram = datagram_in(frame)
        if datagram and datagram.dport in ports:
            meter.feed(datagram.payload, datagram.src, datagram.sport, frame.at_ns)
        else:
            meter.packet(frame.head, frame.length, link=frame.link, at_ns=frame.at_ns)


def _json(each: Flow) -> JsonObject:
    return {
        "src": str(each.src),
        "dst": str(each.dst),
        "protocol": each.protocol,
        "sport": each.sport,
        "dport": each.dport,
        "bytes": each.bytes,
        "packets": each.packets,
        "flags": each.flags,
        "tos": each.tos,
        "icmp": list(each.icmp),
        "fragment": each.fragment,
        "vlan": each.vlan,
        "in_if": each.in_if,
        "out_if": each.out_if,
        "src_as": each.src_as,
        "dst_as": each.dst_as,
        "first_ms": each.first_ms,
        "last_ms": each.last_ms,
        "rate": each.rate,
        "version": each.version,
        "exporter": str(each.exporter),
        "domain": each.domain,
        "back": each.back,
        "tunnel": each.tunnel,
    }


def _line(each: Flow) -> str:
    when = (
        datetime.fromtimestamp(each.last_ms / 1000, UTC).isoformat(timespec="milliseconds")
        if each.last_ms
        else "-"
    )
    marks = "".join(mark for mark, on in (("F", each.fragment), ("<", each.back), ("T", each.tunnel)) if on)
    return (
        f"{when} {each.version} {each.src}:{each.sport} > {each.dst}:{each.dport} proto {each.protocol}"
        f" {each.bytes} B {each.packets} p 1:{each.rate} {marks}".rstrip()
    )
