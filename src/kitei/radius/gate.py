"""The functions that the RADIUS server calls by name (rlm_python3). It loads this module once, in each of its forms.

A module is all the server can call, so the module must know the engine: the one changing global of the house.
"""

import gc
import os
import sys
import threading
from typing import Final

from kitei.radius.engine import OK, Engine, Request, Result

_ENGINES: Final[list[Engine]] = []


def instantiate(config: object) -> int:
    """The server starts. What is raised here ends it, and its log says why."""
    if not _ENGINES:
        gc.disable()  # to go through a book of 100,000 sessions, all would wait 0.2 s; the engine collects what is young
        sys.setswitchinterval(0.0001)  # seconds a call may wait for our thread; 0.005 would be felt
        engine = Engine(os.environ["KITEI_RADIUS"], os.environ["KITEI_SACKS"], os.environ.get("KITEI_EVENTS"))
        threading.Thread(target=engine.run, name="kitei", daemon=True).start()
        _ENGINES.append(engine)
    return OK


def authorize(request: Request) -> Result:
    return _ENGINES[0].authorize(request)


def authorize_inner(request: Request) -> Result:
    """Inside PEAP or TTLS, which Tmp-String-1 names."""
    return _ENGINES[0].authorize(request, dict(request).get("Tmp-String-1", "") or "unknown")


def certified(request: Request) -> Result:
    return _ENGINES[0].certified(request)


def account(request: Request) -> Result:
    return _ENGINES[0].account(request)
