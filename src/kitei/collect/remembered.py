"""What a collector knows again after its own death: the last second it judged, and the alarms that stood."""

import json
import os
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from kitei.collect.detection import NO_WATCHES, Key, Watch, Watches
from kitei.values import Json, JsonObject


def remember(file: Path, at: int, watches: Watches) -> None:
    """Write it down as a whole, without waiting for the disk: a process may die each moment, a machine seldom."""
    alarms: list[Json] = [_row(key, watch) for key, watch in watches.items() if watch.alarmed is not None]
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"last": at, "alarms": alarms}))
    os.replace(draft, file)


def recall(file: Path, now: int) -> tuple[int | None, Watches]:
    """The last second, None at a first start, and the alarms. Nobody knows of calm meanwhile: each has yet to
    be calm for as long as it takes. What cannot be read is as if there were none."""
    try:
        written = json.loads(file.read_text())
        last = int(written["last"])
        alarms = dict(_watch(row, now) for row in written["alarms"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None, NO_WATCHES
    return last, alarms


def _row(key: Key, watch: Watch) -> JsonObject:
    policy, scope, target = key
    return {
        "policy": policy,
        "scope": scope,
        "target": str(target),
        "since": watch.since,
        "alarmed": watch.alarmed,
        "calm": watch.calm,
        "last": list(watch.last),
    }


def _watch(row: Mapping[str, Any], now: int) -> tuple[Key, Watch]:
    scope = row["scope"]
    if scope not in ("host", "prefix"):
        raise ValueError(scope)
    target = ip_address(row["target"]) if scope == "host" else ip_network(row["target"])
    metric, figure, threshold = row["last"]
    since = int(row["since"])
    watch = Watch(
        since=since,
        high_at=now,
        excess_from=since,
        alarmed=int(row["alarmed"]),
        calm=int(row["calm"]),
        last=(str(metric), int(figure), int(threshold)),
    )
    return (str(row["policy"]), scope, target), watch
