"""What a node keeps on its disk: the last good orders, those on trial, and those it gave up."""

import json
from dataclasses import dataclass

from kitei.network import Host, Orders, PermanentError, TemporaryError
from kitei.network.codec import Unreadable, orders_json, orders_of
from kitei.values import Json

_FILE = "orders.json"


class DiskError(Exception):
    """What could not be written or read; nothing on the disk has changed."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Orders taken up and not yet found good: the probes in `green` were so before and must be so again."""

    orders: Orders
    green: frozenset[str]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Orders taken back because `probes` stayed dark. `settled`: under the orders before they came back."""

    orders: Orders
    probes: frozenset[str]
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """All of it. A file is replaced as a whole, so that one kill leaves one of two states."""

    good: Orders | None = None
    trial: Trial | None = None
    given_up: GivenUp | None = None

    @property
    def in_force(self) -> Orders | None:
        return self.trial.orders if self.trial else self.good

    @property
    def newest(self) -> int:
        """The highest generation this node has judged or is about to judge; it asks for later ones."""
        known = (self.good, self.trial and self.trial.orders, self.given_up and self.given_up.orders)
        return max((orders.generation for orders in known if orders), default=0)


def load(host: Host, node: str) -> Kept:
    """What was kept, or nothing. Raises DiskError for a file that is damaged."""
    place = host.state(_FILE)
    try:
        text = host.read(place)
        return _kept_of(json.loads(text), node) if text is not None else Kept()
    except (OSError, ValueError, KeyError, TypeError, TemporaryError, PermanentError) as error:
        raise DiskError(f"{place}: {error}") from error


def save(host: Host, kept: Kept) -> None:
    """Raises DiskError; then the file before is whole."""
    place = host.state(_FILE)
    try:
        host.write(place, json.dumps(_kept_json(kept)))
    except (OSError, TemporaryError, PermanentError) as error:
        raise DiskError(f"{place}: {error}") from error


def _kept_json(kept: Kept) -> Json:
    return {
        "good": orders_json(kept.good) if kept.good else None,
        "trial": {"orders": orders_json(kept.trial.orders), "green": sorted(kept.trial.green)}
        if kept.trial
        else None,
        "given_up": {
            "orders": orders_json(kept.given_up.orders),
            "probes": sorted(kept.given_up.probes),
            "settled": kept.given_up.settled,
        }
        if kept.given_up
        else None,
    }


def _kept_of(written: Json, node: str) -> Kept:
    if not isinstance(written, dict):
        raise Unreadable([f"{written!r} is not what this node keeps"])
    good, trial, given_up = written["good"], written["trial"], written["given_up"]
    return Kept(
        good=orders_of(good, node) if good is not None else None,
        trial=Trial(orders_of(trial["orders"], node), frozenset(trial["green"])) if trial else None,
        given_up=GivenUp(
            orders_of(given_up["orders"], node), frozenset(given_up["probes"]), given_up["settled"] is True
        )
        if given_up
        else None,
    )
