"""The portal as a program: the office of a folder, served to users of its groups."""

from pathlib import Path

import uvicorn

from kitei.office import Office
from kitei.office.radius.logins import Logins
from kitei.office.radius.password import Passwords
from kitei.web.portal import portal


def serve_portal(home: Path, host: str, port: int, certificate: Path | None, key: Path | None) -> None:
    """Serve until SIGTERM or SIGINT. Who asks is written down with the password's change, and nowhere else."""
    office = Office.open(home)
    try:
        uvicorn.run(
            portal(Passwords.of(Logins.of(office))),
            host=host,
            port=port,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            log_level="warning",
            access_log=False,
            server_header=False,
        )
    finally:
        office.close()
