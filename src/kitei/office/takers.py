"""Who takes which events of nodes, lane by lane; and collectors' events as words about floods."""

from collections.abc import Mapping
from typing import Any, Final

from kitei.network.codec import Unreadable
from kitei.network.detection import Word, word_of
from kitei.network.events import Event
from kitei.office.access.hearing import take_gateways
from kitei.office.access.inspecting import take_inspected
from kitei.office.access.logbook import take_passing
from kitei.office.access.web_log import take_web
from kitei.office.floods.evidence import take_excerpts
from kitei.office.floods.history import take_counters, take_scrubs
from kitei.office.radius.logbook import take_logins
from kitei.office.remote.visits import take_remote
from kitei.office.telling import Taker

TAKERS: Final[Mapping[str, Taker]] = {
    "counters": take_counters,
    "excerpts": take_excerpts,
    "gateway": take_gateways,
    "held": take_web,
    "inspected": take_inspected,
    "logins": take_logins,
    "passing": take_passing,
    "remote": take_remote,
    "scrubs": take_scrubs,
    "web": take_web,
}


def words_of(node: str, events: tuple[Event, ...]) -> tuple[Word, ...]:
    """What a collector's events say of floods: decisions in a row as one word, which ends where all alarms
    that stand are named. Unreadable: one of them is no such event."""
    words: list[Word] = []
    decided: list[Any] = []
    begun = ""
    for event in events:
        match event.kind:
            case "flood.decided":
                decided.append(event.body.get("detection"))
                begun = str(event.body.get("begun"))
            case "flood.standing":
                listed: Any = event.body.get("standing")
                if not isinstance(listed, list):
                    raise Unreadable([f"standing: {listed!r} is not a list"])
                words.append(_word(node, str(event.body.get("begun")), decided, listed))
                decided = []
    if decided:
        words.append(_word(node, begun, decided, None))
    return tuple(words)


def _word(node: str, begun: str, decided: list[Any], standing: list[Any] | None) -> Word:
    return word_of({"node": node, "begun": begun, "detections": decided, "standing": standing})
