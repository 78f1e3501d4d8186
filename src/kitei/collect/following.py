"""What is to follow an alarm, as a file of policies tells it: no matter of a collector's, which only sees.

Its shape is checked all the same, so that one file serves the collector, a replay and the contract, and a slip in it
is found wherever it is read.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Any, Final

from kitei.collect.counters import quantity

STEPS: Final = ("rate-limit", "filter", "divert", "blackhole")
MODES: Final = ("automatic", "by-hand", "forbidden")
FRAGMENTS: Final = ("pass", "drop")
WHOLE: Final = ("hold", "climb", "linger", "linger_most", "memory", "blind", "most")
AMOUNTS: Final = ("rate", "blackhole_above")
LADDER: Final = (*STEPS, *WHOLE, *AMOUNTS)
SCRUB: Final = ("source_pps", "syn_proof", "reflectors", "fragments", "allow", "deny")

Tell = Callable[[str, str, str], None]
"""Told of a fault: its place, and what is wrong in Japanese and English."""


def check_ladder(place: str, written: Any, tell: Tell) -> None:
    """Steps have a mode, times are whole seconds, rates are quantities."""
    for key, value in _known(place, written, LADDER, tell):
        here = f"{place}.{key}"
        if key in STEPS:
            _one_of(here, value, MODES, tell)
        elif key in WHOLE:
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                tell(here, f"{value} は 0 以上の整数ではありません", f"{value!r} is no whole number")
        else:
            _amount(here, value, tell)


def check_scrub(place: str, written: Any, tell: Tell) -> None:
    """A rate, ports, lists of prefixes, and two choices."""
    for key, value in _known(place, written, SCRUB, tell):
        here = f"{place}.{key}"
        match key:
            case "source_pps":
                _amount(here, value, tell)
            case "syn_proof":
                if not isinstance(value, bool):
                    tell(here, "true か false です", "is true or false")
            case "fragments":
                _one_of(here, value, FRAGMENTS, tell)
            case "reflectors":
                if not isinstance(value, list) or not all(_is_port(each) for each in value):
                    tell(here, "ポート番号の列です", "is a list of port numbers")
            case _:
                if not isinstance(value, list) or not all(_is_prefix(each) for each in value):
                    right = "192.0.2.0/24"
                    tell(
                        here, f"プレフィックスの列です(例 {right})", f"is a list of prefixes such as {right}"
                    )


def _known(place: str, written: Any, keys: tuple[str, ...], tell: Tell) -> list[tuple[str, Any]]:
    if not isinstance(written, Mapping):
        tell(place, "表でなければなりません", f"{written!r} is not a table")
        return []
    for key in written:
        if key not in keys:
            right = ", ".join(get_close_matches(str(key), keys, n=1) or keys)
            tell(place, f"{key} という項目はありません: {right}", f"there is no {key!r}: {right}")
    return [(key, value) for key, value in written.items() if key in keys]


def _one_of(place: str, value: Any, known: tuple[str, ...], tell: Tell) -> None:
    if value not in known:
        listed = ", ".join(known)
        tell(place, f"{value} ではなく {listed} のどれかです", f"{value!r} is not one of {listed}")


def _amount(place: str, value: Any, tell: Tell) -> None:
    try:
        negative = quantity(value) < 0
    except ValueError as error:
        tell(place, f"{value} は量ではありません(例 '500M')", str(error))
        return
    if negative:
        tell(place, "負の値です", "is negative")


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _is_prefix(value: Any) -> bool:
    try:
        ip_network(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True
