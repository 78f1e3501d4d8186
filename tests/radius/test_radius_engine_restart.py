"""A server that begins again answers those who need no count of sessions, before it has read them."""

import json
import threading
import time
from pathlib import Path

from kitei.radius.document import user_record
from kitei.radius.engine import HANDLED, UPDATED, Engine
from kitei.radius.policy import User
from kitei.radius.table import write_table

_CLIENT = {"owner": "c1", "realms": ["free.example", "capped.example"], "carries": "", "transition": False, "rate": 0, "sack": ""}  # fmt: skip


def realm(sessions: int) -> dict[str, object]:
    group = {
        "owner": "c1",
        "kind": "group",
        "users": "users@1",
        "changes": None,
        "methods": ["pap"],
        "issuer": "",
    }
    return {**group, "caps": [sessions, 0, 0, 0]}


def login(engine: Engine, name: str) -> object:
    told = (
        ("Tmp-String-0", "192.0.2.1"),
        ("Message-Authenticator", "0x00"),
        ("User-Name", name),
        ("User-Password", "word"),
    )
    found = engine.authorize(told)
    return found[0] if isinstance(found, tuple) else found


def test_only_a_realm_with_a_cap_waits_for_the_sessions_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "users@1").write_bytes(write_table([("ann", user_record(User(clear="word")))]))
    realms = {"free.example": realm(0), "capped.example": realm(1)}
    policy = {"clients": {"192.0.2.1": _CLIENT}, "realms": realms, "relay": ""}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    (tmp_path / "sessions.json").write_text('["place", [0, 8]]\n')
    engine = Engine(str(tmp_path), str(tmp_path))
    assert login(engine, "ann@free.example") == UPDATED
    assert login(engine, "ann@capped.example") == HANDLED, "how many there are is not known yet"
    threading.Thread(target=engine.run, daemon=True).start()
    until = time.monotonic() + 20
    while login(engine, "ann@capped.example") != UPDATED:
        assert time.monotonic() < until
        time.sleep(0.02)
