"""The controller as a program: the office of a folder, served to its nodes."""

from pathlib import Path

from kitei.office.dispatch import Dispatch
from kitei.web.serve import Door, serve


def run(home: Path, door: Door | None = None) -> int:
    """Serve a provider's nodes until SIGTERM. Raises BlockingIOError if a controller runs there already."""
    dispatch = Dispatch.open(home)
    try:
        serve(dispatch, dispatch.office.home.socket, door)
    finally:
        dispatch.close()
    return 0
