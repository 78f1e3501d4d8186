"""Scripts run where they harm nobody: what they did is told, and nothing of them stays."""

import asyncio
import os
from pathlib import Path

import pytest

from kitei.proxy.inspecting import Unsure, deeds_of, is_run, signature_of
from kitei.proxy.sandbox import throw_away

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="the sandbox is begun by root, and lowers itself"),
]

SCRIPTS = {
    "harmless": ("echo hello > /tmp/note; ls /usr > /dev/null; : > report.txt", ()),
    "calls": ("exec 3<>/dev/tcp/198.51.100.7/4444", ("connects to 198.51.100.7 port 4444",)),
    "calls6": ("exec 3<>/dev/tcp/2001:db8::7/443", ("connects to 2001:db8::7 port 443",)),
    "spoils": ("mv letter.docx x; echo > photo.jpg", ("spoils the document letter.docx",)),
    "drops": ("cp /bin/true /tmp/y; /tmp/y", ("runs what it wrote: /tmp/y",)),
    "spies": ("cat /etc/shadow", ("looks for /etc/shadow",)),
    "escapes": ("unshare -m true", ("calls unshare",)),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_script_did_is_told(tmp_path: Path, name: str) -> None:
    text, deeds = SCRIPTS[name]
    script = tmp_path / "script"
    script.write_text(f"#!/bin/bash\n{text}\n")
    assert is_run(str(script))
    told = asyncio.run(deeds_of(str(script)))
    assert set(deeds) <= set(told) and bool(told) is bool(deeds), told


def test_it_cannot_fork_without_end_nor_stay(tmp_path: Path) -> None:
    script = tmp_path / "script"
    mark = f"{os.getpid()}.5"
    script.write_text(f"#!/bin/bash\nfor n in $(seq 400); do sleep {mark} & done\n")
    asyncio.run(deeds_of(str(script)))
    staying = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _has(path, mark)]
    assert not staying


def _has(path: Path, mark: str) -> bool:
    try:
        return mark.encode() in path.read_bytes()
    except OSError:
        return False


def test_what_is_not_of_this_system_is_not_run(tmp_path: Path) -> None:
    for name, content in (("page", b"<html>"), ("windows", b"MZ\x90\0"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        assert not is_run(str(tmp_path / name))


def test_what_a_dead_proxy_left_is_thrown_away_and_nothing_else(tmp_path: Path) -> None:
    for name in (f"{os.getpid()}-0", "999999999-7", "ask"):
        (tmp_path / name).touch()
    throw_away(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {f"{os.getpid()}-0", "ask"}


def test_without_a_daemon_nothing_is_sure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(Unsure, match="clamd"):
        asyncio.run(signature_of(str(tmp_path / "file"), str(tmp_path / "nobody")))
