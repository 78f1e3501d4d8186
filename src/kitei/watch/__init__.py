"""Observation to outage: what was seen, when a contract could not be used, and what is wrong now."""

from kitei.watch.alarms import Alarm, find_alarms
from kitei.watch.availability import Availability, Stretch, Ways, stretches
from kitei.watch.facts import outage_json, outage_of
from kitei.watch.intervals import Interval, union, without
from kitei.watch.observations import (
    CONTROLLER,
    History,
    Observation,
    Point,
    What,
    hearing,
    history_of,
    observation_json,
    observation_of,
    watched,
    watching,
)
from kitei.watch.outages import Cause, Outage, Party, Report, baseless, find_outages, joined, recognise

__all__ = [
    "CONTROLLER",
    "Alarm",
    "Availability",
    "Cause",
    "History",
    "Interval",
    "Observation",
    "Outage",
    "Party",
    "Point",
    "Report",
    "Stretch",
    "Ways",
    "What",
    "baseless",
    "find_alarms",
    "find_outages",
    "hearing",
    "history_of",
    "joined",
    "observation_json",
    "observation_of",
    "outage_json",
    "outage_of",
    "recognise",
    "stretches",
    "union",
    "watched",
    "watching",
    "without",
]
