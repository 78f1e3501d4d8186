"""The home's history of floods: sheaves come from nodes, and are in Parquet before anybody asks of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kitei.clock import wall_clock
from kitei.network.events import Event
from kitei.network.sheaf import MINUTE, SheafName, set_ahead, written
from kitei.office.home import Home
from kitei.office.office import Office
from kitei.store.history import Gathered, History

if TYPE_CHECKING:
    from sqlalchemy import Connection


def history_of(home: Home) -> History:
    return History(home.folder / "history")


def up_to_date(home: Home) -> History:
    """The history with all that has come in. A sheaf that was set aside as unreadable is none of the asker's."""
    gather(home)
    return history_of(home)


def gather(home: Home) -> Gathered:
    """What waits, made Parquet; nothing is touched where nothing ever came."""
    history = history_of(home)
    return history.gather() if history.folder.exists() else Gathered()


def take_counters(office: Office, node: str, events: tuple[Event, ...], _: "Connection") -> None:
    """Keep collectors' sheaves. They are kept by name, so one told twice counts once. BadSheaf: what is none.

    Collectors keep the world's time; where the provider's clock is set ahead (a contract year in a moment), what
    they counted is set ahead with it, or the ledger's attacks would find nothing of it.
    """
    history = history_of(office.home)
    ahead = round((office.clock() - wall_clock()).total_seconds())
    for event in events:
        name, text = SheafName.parse(str(event.body.get("name"))), str(event.body.get("text"))
        if abs(ahead) > 1:
            name, text = set_ahead(name, text, ahead)
        history.take(node, str(name), text)


def take_scrubs(office: Office, node: str, events: tuple[Event, ...], _: "Connection") -> None:
    """Keep what scrubbers did: bodies {contract, seconds, offered_bps, passed_bps, offered_pps, passed_pps,
    dropped: {reason: pps}}, of the seconds up to the event. Kept by the event's number: one told twice counts once.

    ValueError: one that is none.
    """
    history = history_of(office.home)
    for event in events:
        at = int(event.at.timestamp())
        name = SheafName(at - at % MINUTE, at % MINUTE, f"scrubs.{event.number}")
        history.take(node, str(name), "\n".join(_scrubbed(at, event.body)))


def _scrubbed(at: int, body: Any) -> Iterator[str]:
    contract, seconds = str(body.get("contract")), _count(body, "seconds")
    sums = [_count(body, f"{each}_bps") * seconds // 8 for each in ("offered", "passed")]
    packets = [_count(body, f"{each}_pps") * seconds for each in ("offered", "passed")]
    yield written("scrub", at, contract, seconds, *sums, *packets)
    dropped = body.get("dropped")
    for reason in sorted(dropped) if isinstance(dropped, dict) else ():
        yield written("dropped", at, contract, str(reason), _count(dropped, reason) * seconds)


def _count(body: Any, key: str) -> int:
    value = body.get(key)
    if type(value) is not int or value < 0:
        raise ValueError(f"{key}: {value!r} is no whole number")
    return value
