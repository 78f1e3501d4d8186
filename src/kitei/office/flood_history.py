"""The home's history of floods: sheaves come from nodes, and are in Parquet before anybody asks of them."""

from typing import TYPE_CHECKING

from kitei.network.events import Event
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
    """Keep collectors' sheaves. They are kept by name, so one told twice counts once. BadSheaf: what is none."""
    history = history_of(office.home)
    for event in events:
        history.take(node, str(event.body.get("name")), str(event.body.get("text")))
