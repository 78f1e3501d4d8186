"""The controller as a program: the office of a folder, served to its nodes."""

from pathlib import Path

from kitei.office.bell import Bell
from kitei.office.dispatch import Dispatch
from kitei.web.serve import Door, serve


def run(home: Path, door: Door | None = None) -> int:
    """Serve a provider's nodes until SIGTERM. Raises BlockingIOError if a controller runs there already."""
    dispatch = Dispatch.open(home)
    bell = Bell(home)
    try:
        bell.start()
        serve(dispatch, dispatch.office.home.socket, door)
    finally:
        bell.close()
        dispatch.close()
    return 0
