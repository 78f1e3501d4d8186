"""The programs that Squid itself starts, in one file where its user may read them: the package may lie where it may not.

Squid's helpers run as `proxy`, and a folder of root's own is closed to it. So what they import, a part of this package
and else the standard library, is put into an archive that Python runs as it is, beside the adapter.
"""

import hashlib
import io
import os
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Final

import kitei
from kitei.network import Host, PermanentError

USER: Final = "proxy"
_PLACE: Final = Path("/usr/local/lib/kitei")
_RADIUS: Final = ("radius/__init__.py", "radius/login.py", "radius/packet.py", "radius/secret.py")
_ENTRANCE: Final = tuple(f"entrance/{each}.py" for each in ("__init__", "asking", "door", "signin", "words"))
_PARTS: Final = ("__init__.py", "proxy/*.py", *_RADIUS, *_ENTRANCE, "values/*.py")
_BEFORE_1980: Final = (1980, 1, 1, 0, 0, 0)
_MAIN: Final = """\
import sys

from kitei.entrance import door
from kitei.entrance import signin as by_radius
from kitei.proxy import judge, signin

match sys.argv[1:]:
    case ["judge", policy, lists]:
        judge.run(policy, lists)
    case ["signin", users]:
        signin.run(users)
    case ["door", hosts]:
        door.run(hosts)
    case ["by-radius", address, secret]:
        by_radius.run(address, secret)
    case []:
        pass  # that it could be read and is understood is all there is to know
"""


@cache
def _written() -> bytes:
    """The same bytes for the same sources, wherever and whenever."""
    root = Path(str(kitei.__file__)).parent
    found = {f"kitei/{each.relative_to(root)}": each for part in _PARTS for each in root.glob(part)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("__main__.py", _MAIN.encode()),
            *((n, found[n].read_bytes()) for n in sorted(found)),
        ):
            archive.writestr(zipfile.ZipInfo(name, _BEFORE_1980), text)
    return made.getvalue()


@cache
def place() -> str:
    """Where the archive is, or will be: other sources are another file."""
    return str(_PLACE / f"proxy-{hashlib.sha256(_written()).hexdigest()[:16]}.pyz")


def build() -> None:
    """Write it if it is not there yet."""
    target = Path(place())
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as draft:
        draft.write(_written())
    os.chmod(draft.name, 0o644)
    os.replace(draft.name, target)


def interpreter(host: Host) -> str:
    """A Python that Squid's user may run and that understands the archive: this one, else the machine's.

    PermanentError says what each of them answers.
    """
    told = []
    for python in dict.fromkeys((os.path.realpath(sys.executable), "/usr/bin/python3")):
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"]
        done = host.run([*as_user, python, "-I", place()])
        if done.code == 0:
            return python
        told.append(f"{python}: {done.err.strip()[-200:]}")
    raise PermanentError(
        f"no Python on {host.name} can run Squid's helpers as {USER}; apt-get install python3 ({'; '.join(told)})"
    )
