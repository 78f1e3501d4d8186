"""Doubts: what looks like an attack by its volume and is known to be something else."""

from dataclasses import dataclass
from math import isqrt

from kitei.collect.counters import METRICS, Counters, shown
from kitei.collect.policy import VOLUME, Guards
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an excess is not (yet) believed: `noise`, `speed-test`, `transfer` or `crowd`."""

    name: str
    words: Words


def doubt(guards: Guards, counters: Counters, metric: str, threshold: int, excess: int) -> Doubt | None:
    """The first doubt about an excess of `metric` that has lasted `excess` seconds."""
    return (
        _noise(guards, counters, metric, threshold)
        or _few(guards, counters, metric, threshold, excess)
        or _crowd(guards, counters, metric, threshold)
    )


def is_clear(guards: Guards, counters: Counters, metric: str, least: int) -> bool:
    """Whether an excess is surely at least `least` and nothing that ordinary traffic does for a moment."""
    if metric in VOLUME and _is_established(guards, counters):
        return False
    return _surely(guards, counters, metric) >= least


def _surely(guards: Guards, counters: Counters, metric: str) -> int:
    """The figure less its noise."""
    found = _error(guards, counters, metric)
    return counters.figure(metric) - (found[1] if found else 0)


def _noise(guards: Guards, counters: Counters, metric: str, threshold: int) -> Doubt | None:
    """A figure of n samples has a standard error of 1/√n of itself (of counts; of bytes a little more).

    Without sampling there is no noise. Beyond 65,535 samples it is below half a percent and left alone.
    """
    found = _error(guards, counters, metric)
    if found is None:
        return None
    figure, (samples, error) = counters.figure(metric), found
    if figure - error >= threshold:
        return None
    return Doubt(
        "noise",
        Words(
            f"標本 {samples} 個では {shown(figure)} は ±{shown(error)} の幅がある",
            f"{samples} samples leave {shown(figure)} uncertain by {shown(error)}",
        ),
    )


def _error(guards: Guards, counters: Counters, metric: str) -> tuple[int, int] | None:
    """How many samples a figure is of, and how far off it may be by that; None where that is nothing."""
    if metric == "flows" or counters.samples in (0, 65_535) or counters.samples >= counters.packets:
        return None
    figure = counters.figure(metric)
    whole = counters.figure("bps" if METRICS[metric][1] == 8 else "pps")
    samples = counters.samples * figure // max(1, whole)
    return samples, guards.noise_sigmas * figure // max(1, isqrt(samples))


def _is_established(guards: Guards, counters: Counters) -> bool:
    """By what is surely SYN: of few samples, one in five is SYN by chance now and then."""
    mostly_tcp = counters.tcp * 100 >= counters.packets * guards.tcp_percent
    found = _error(guards, counters, "syn-pps")
    surely_syn = counters.syn - found[1] if found else counters.syn
    return mostly_tcp and surely_syn * 100 <= counters.tcp * guards.syn_percent


def _few(guards: Guards, counters: Counters, metric: str, threshold: int, excess: int) -> Doubt | None:
    """A speed test first; what goes on is a backup or the like, which takes as long as it takes."""
    if metric not in VOLUME or counters.sources > guards.few_sources:
        return None
    if not _is_established(guards, counters):
        return None
    if excess >= guards.patience:
        needed = threshold * guards.crowd_percent // 100
        if _surely(guards, counters, metric) >= needed:
            return None
        return Doubt(
            "transfer",
            Words(
                f"成立した TCP が {counters.sources} 送信元から続く。長い転送とみて {shown(needed)} まで待つ",
                f"established TCP of {counters.sources} sources goes on: as of a long transfer, believed from"
                f" {shown(needed)}",
            ),
        )
    return Doubt(
        "speed-test",
        Words(
            f"成立した TCP が {counters.sources} 送信元から。速度測定とみて {guards.patience} 秒待つ",
            f"established TCP of {counters.sources} sources: waits {guards.patience} s as for a speed test",
        ),
    )


def _crowd(guards: Guards, counters: Counters, metric: str, threshold: int) -> Doubt | None:
    if metric not in VOLUME or counters.sources <= guards.few_sources:
        return None
    if not _is_established(guards, counters):
        return None
    to_services = sum(packets for port, packets in counters.ports if port in guards.services)
    if to_services * 2 < counters.packets:
        return None
    needed = threshold * guards.crowd_percent // 100
    if _surely(guards, counters, metric) >= needed:
        return None
    return Doubt(
        "crowd",
        Words(
            f"広い送信元から成立した TCP がサービスのポートへ。混雑とみて {shown(needed)} まで待つ",
            f"established TCP of many sources to service ports: as of a crowd, believed from {shown(needed)}",
        ),
    )
