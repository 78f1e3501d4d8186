"""A Web gateway whose program lies where only root may look, as a clone below /root does: Squid's helpers run all the same."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from web_stand import CLIENT4, GATEWAY4, stand

import kitei
from kitei.drivers.squid import archive
from kitei.network import PermanentError
from kitei.network.codec import part_json
from kitei.network.driver import Ran
from kitei.proxy.policy import Policy, Rule
from kitei.proxy.signin import users_text
from kitei.radius.secret import keep

AGENT = """
import json, sys, time
import kitei
from kitei.drivers.host import LinuxHost
from kitei.drivers.squid import Squid
from kitei.network import TemporaryError
from kitei.network.codec import part_of

name, state, netns = sys.argv[1:]
host, parts = LinuxHost(name, state, netns=netns), [part_of(each) for each in json.load(sys.stdin)]
until = time.monotonic() + 60
while steps := Squid().plan(parts, Squid().see(host)):
    try:
        for step in steps:
            Squid().apply(host, step)
    except TemporaryError as later:
        assert time.monotonic() < until, later
        time.sleep(later.delay)
print(kitei.__file__, sys.executable)
"""


@pytest.mark.lab
def test_a_gateway_works_whose_program_is_closed_to_all_but_root(
    bench: Any, make_right: Any, tmp_path: Path
) -> None:
    hidden = tmp_path / "root"
    shutil.copytree(
        Path(kitei.__file__).parent, hidden / "src" / "kitei", ignore=shutil.ignore_patterns("__pycache__")
    )
    hidden.chmod(0o700)
    python = hidden / "python"
    python.symlink_to(os.path.realpath(sys.executable))
    salt = bytes(range(16))
    with stand(bench, make_right, {}) as web:
        web.host.write(
            web.host.state("sacks", "users@1"), users_text({"tanaka": keep("open sesame", (), salt).hashed})
        )
        policy = Policy("C-1", 1, (Rule("r-bad", "block", domains=("bad.test",)),), "allow")
        parts = web.gateway(policy, sign_in=True, users="users@1")
        argv = [str(python), "-c", AGENT, web.host.name, str(bench.folder / "g"), bench.netns("g")]
        path = f"{hidden / 'src'}:{sysconfig.get_path('purelib')}"
        told = json.dumps([part_json(part) for part in parts])
        done = subprocess.run(
            argv,
            input=told,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [str(hidden / "src" / "kitei" / "__init__.py"), str(python)]
        proxy = ("-x", f"http://{GATEWAY4}:3128", "-w", "%{http_code}")
        known = (*proxy, "-U", "tanaka:open sesame")
        assert "200" in (got := web.curl("http://ok.test/", *known)).stdout, got
        assert f'"from": "{CLIENT4}"' not in got.stdout
        assert "r-bad" in (got := web.curl("http://bad.test/", *known)).stdout, got
        assert "407" in (got := web.curl("http://ok.test/", *proxy, "-U", "tanaka:wrong")).stdout, got


class Machine:
    """A host on which only some Pythons can be run by Squid's user."""

    name = "gw"

    def __init__(self, *runs: str) -> None:
        self.runs, self.asked = runs, []

    def run(self, argv: list[str], stdin: str = "", timeout: float = 10.0) -> Ran:
        assert argv[0] == "setpriv" and argv[-1] == archive.place()
        self.asked.append(argv[-3])
        return Ran(0, "", "") if argv[-3] in self.runs else Ran(126, "", f"{argv[-3]}: Permission denied")


def test_where_its_own_python_is_closed_too_the_machines_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/root/.local/python")
    assert archive.interpreter(Machine("/usr/bin/python3")) == "/usr/bin/python3"
    assert archive.interpreter(Machine("/root/.local/python", "/usr/bin/python3")) == "/root/.local/python"
    with pytest.raises(PermanentError, match=r"/root/.local/python.*/usr/bin/python3"):
        archive.interpreter(Machine())


def test_the_archive_holds_all_that_the_helpers_import_and_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    archive.build()
    made = Path(archive.place())
    assert made.stat().st_mode & 0o777 == 0o644
    done = subprocess.run([sys.executable, "-I", "-S", made], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert hashlib.sha256(made.read_bytes()).hexdigest()[:16] in made.name
