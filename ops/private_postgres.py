"""A PostgreSQL of one's own: in a temporary folder, behind a Unix socket only, gone when its user is.

It is as durable as a real one (fsync on), so that what is tested and measured on it means something.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_START = 30.0  # seconds


def programs() -> Path | None:
    """The folder of the newest installed server's programs, None where there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


@contextmanager
def private_postgres() -> Iterator[str]:
    """Its URL, for as long as the block runs. FileNotFoundError where PostgreSQL is not installed."""
    bin = programs()
    if bin is None:
        raise FileNotFoundError("no /usr/lib/postgresql/*/bin/initdb: install Debian's postgresql")
    folder = Path(tempfile.mkdtemp(prefix="kitei-postgres-"))
    server: subprocess.Popen[bytes] | None = None
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data, log = folder / "data", folder / "log"
        how = ["-U", "kitei", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        make = [str(bin / "initdb"), "-D", str(data), *how]
        subprocess.run([*_unprivileged(), *make], check=True, capture_output=True, cwd="/")
        settings = ("listen_addresses=", "fsync=on", "synchronous_commit=on", "shared_buffers=32MB")
        start = [str(bin / "postgres"), "-D", str(data), "-k", str(folder), *(f"--{s}" for s in settings)]
        with log.open("wb") as out:
            server = subprocess.Popen(
                [*_unprivileged("--pdeathsig", "INT"), *start],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                cwd="/",
            )
        _await(server, bin, folder, log)
        yield f"postgresql://kitei@/postgres?host={folder}"
    finally:
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(folder)


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """The URL of a new database of that server, dropped afterwards."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield server.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _unprivileged(*more: str) -> list[str]:
    """PostgreSQL refuses to be root; `setpriv` becomes what it starts, so its process id is the server's."""
    if os.geteuid() == 0:
        return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", *more, "--"]
    return ["setpriv", *more, "--"] if more else []


def _await(server: "subprocess.Popen[bytes]", bin: Path, folder: Path, log: Path) -> None:
    until = time.monotonic() + _START
    while subprocess.run([bin / "pg_isready", "-q", "-h", folder], cwd="/").returncode != 0:
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.05)
