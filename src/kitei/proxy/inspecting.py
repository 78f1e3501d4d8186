"""What is known of a file before anyone gets it: ClamAV's signatures, and what it does when it is run.

Programs and scripts of this system are run for some seconds where nothing is real (bubblewrap: no network, no one
else's files, decoys for documents) while strace writes down their calls. Windows programs are not run: there is
nothing here that could. A network attempt counts, though nothing is there to be reached.
"""

import asyncio
import os
import re
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_GULP: Final = 1 << 16
_RUNS: Final = 5.0  # seconds a file is let run
_CALLS: Final = (
    "execve,connect,openat,unlink,unlinkat,rename,renameat2,ptrace,mount,bpf,init_module,unshare,setns"
)
_SAMPLE: Final = "/tmp/sample"
_HOME: Final = "/home/user"
_NOBODY: Final = "64090"  # a user of no one's, so that its processes can be counted
_LOWERED: Final = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--no-new-privs")
_BOUNDS: Final = (
    *("prlimit", "--cpu=5", "--fsize=67108864", "--nofile=256", "--core=0", "--nproc=128", "--as=2147483648"),
)
_ROOM: Final = (
    *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
    *("--uid", "65534", "--gid", "65534", "--hostname", "desk", "--clearenv", "--setenv", "HOME", _HOME),
    *("--setenv", "PATH", "/usr/bin:/bin", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"),
    *("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"),
    *("--tmpfs", "/tmp", "--dir", "/etc"),
)
_CALL: Final = re.compile(r"^\d+\s+(\w+)\((.*)$")
_PEER: Final = re.compile(
    r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([0-9a-f.:]+)"'
)
_PATH: Final = re.compile(r'"([^"]*)"')
_POWERS: Final = frozenset({"ptrace", "mount", "bpf", "init_module", "unshare", "setns"})


class Unsure(Exception):
    """The file could not be inspected; the message says why."""


async def signature_of(path: str, clamd: str) -> str:
    """The name of the signature that a file has, "" for none. Unsure: clamd does not answer, or cannot tell."""
    try:
        reader, writer = await asyncio.open_unix_connection(clamd)
    except OSError as error:
        raise Unsure(f"clamd: {error.strerror}") from error
    try:
        writer.write(b"zINSTREAM\0")
        with open(path, "rb") as file:
            while gulp := file.read(_GULP):
                writer.write(struct.pack("!I", len(gulp)) + gulp)
                await writer.drain()
        writer.write(bytes(4))
        told = (await reader.read(4096)).rstrip(b"\0\n").decode(errors="replace")
    except OSError as error:
        raise Unsure(f"clamd: {error.strerror}") from error
    finally:
        writer.close()
    if told == "stream: OK":
        return ""
    if told.endswith(" FOUND"):
        return told.removeprefix("stream: ").removesuffix(" FOUND")
    raise Unsure(f"clamd: {told or 'no answer'}")


def is_run(path: str) -> bool:
    """Whether this system would run it: an ELF program, or a script that names its interpreter."""
    with open(path, "rb") as file:
        head = file.read(4)
    return head == b"\x7fELF" or head[:2] == b"#!"


async def deeds_of(path: str) -> tuple[str, ...]:
    """What it did that nothing harmless does, each once, in the order of doing. Unsure: it could not be run."""
    with tempfile.TemporaryDirectory(prefix="kitei-sandbox-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        sample, calls = place / "sample", place / "calls"
        sample.write_bytes(Path(path).read_bytes())
        sample.chmod(0o755)
        decoys = place / "home"
        decoys.mkdir(mode=0o777)
        decoys.chmod(0o777)
        for name in ("accounts.xlsx", "letter.docx", "photo.jpg"):
            (decoys / name).write_bytes(os.urandom(4096))
            (decoys / name).chmod(0o666)
        watched = ("strace", "-f", "-qq", "-s", "200", "-e", f"trace={_CALLS}", "-o", str(calls))
        inside = ("--bind", str(decoys), _HOME, "--ro-bind", str(sample), _SAMPLE, "--chdir", _HOME)
        calls.touch()
        calls.chmod(0o666)
        await _run((*_LOWERED, *watched, *_BOUNDS, *_ROOM, *inside, "--", _SAMPLE))
        told = calls.read_text(errors="replace") if calls.exists() else ""
    if f'execve("{_SAMPLE}"' not in told:
        raise Unsure("the sandbox could not run it")
    return tuple(dict.fromkeys(_deeds(told)))


async def _run(argv: tuple[str, ...]) -> None:
    """Until it ends or its time is up; nothing of it lives on, for all of it hangs on bubblewrap."""
    nowhere = asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    try:
        await asyncio.wait_for(child.wait(), _RUNS)
    except TimeoutError:
        pass  # what it did until then is written down
    finally:
        if child.returncode is None:
            os.killpg(child.pid, 9)
            await child.wait()


def _deeds(calls: str) -> Iterator[str]:
    """From its own first moment on: before, bubblewrap made the room."""
    begun = False
    for line in calls.splitlines():
        found = _CALL.match(line)
        if found is None:
            continue
        name, rest = found.groups()
        paths = _PATH.findall(rest)
        if name == "execve" and paths and paths[0] == _SAMPLE:
            begun = True
        elif begun:
            yield from _deed(name, rest, paths)


def _deed(name: str, rest: str, paths: list[str]) -> Iterator[str]:
    if (
        name == "connect"
        and (peer := _PEER.search(rest))
        and not peer[2].startswith("127.")
        and peer[2] != "::1"
    ):
        yield f"connects to {peer[2]} port {peer[1]}"
    if name in _POWERS:
        yield f"calls {name}"
    if name == "execve" and paths and paths[0].startswith(("/tmp/", _HOME)):
        yield f"runs what it wrote: {paths[0]}"
    for path in paths[:2]:
        if path.startswith(("/etc/shadow", "/root/", "/home/user/.ssh")):
            yield f"looks for {path}"
        spoils = name != "openat" or "O_WRONLY" in rest or "O_RDWR" in rest
        if name != "execve" and spoils and path.endswith((".xlsx", ".docx", ".jpg")):
            yield f"spoils the document {path.rpartition('/')[2]}"
