"""Stand-ins for those who meet our RADIUS server: customers' own servers, clients, terminators."""

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from kitei.drivers.host import LinuxHost
from kitei.network import Origin
from kitei.radius.document import user_record
from kitei.radius.policy import Pairs, User
from kitei.radius.secret import keep
from kitei.radius.table import write_table

FOR = Origin("contract-1", ("auth-outsource@2019-12-01#art:1",))
HOME_SECRET = "the secret of a home server"

_HOME = """\
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {folder}
run_dir = {folder}
name = {name}
max_requests = 16384
log {{
  destination = stdout
}}
security {{
  reject_delay = 0
  status_server = yes
  require_message_authenticator = yes
}}
proxy_requests = no
thread pool {{
  start_servers = 2
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 3
}}
modules {{
  pap {{
  }}
  chap {{
  }}
  mschap {{
  }}
  always ok {{
    rcode = ok
  }}
  files {{
    usersfile = {folder}/users
  }}
  detail {{
    filename = {folder}/detail
  }}
}}
client anyone {{
  ipaddr = 127.0.0.0/8
  secret = "{secret}"
}}
server default {{
  listen {{
    type = auth
    ipaddr = {address}
    port = 1812
  }}
  listen {{
    type = acct
    ipaddr = {address}
    port = 1813
  }}
  authorize {{
    files
    mschap
    chap
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
    Auth-Type CHAP {{
      chap
    }}
    Auth-Type MS-CHAP {{
      mschap
    }}
  }}
  accounting {{
    detail
  }}
}}
"""


def record(password: str, methods: Iterable[str] = ("pap",), off: bool = False, reply: Pairs = ()) -> str:
    forms = keep(password, frozenset(methods), os.urandom(16))
    return user_record(User(forms.hashed, forms.nt, forms.clear, off, reply))


def put_sack(host: LinuxHost, name: str, content: str | bytes) -> None:
    """As it arrives from the controller: whole, and for nobody else's eyes."""
    folder = Path(host.state("sacks"))
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f".{name}"
    draft.write_bytes(content if isinstance(content, bytes) else content.encode())
    draft.chmod(0o600)
    draft.rename(folder / name)


def put_users(host: LinuxHost, name: str, users: Mapping[str, str]) -> None:
    put_sack(host, name, write_table(users.items()))


def start_home(host: LinuxHost, name: str, address: str, users: Mapping[str, str]) -> None:
    """A customer's own RADIUS server at a loopback address. It says who it is in Filter-Id."""
    folder = Path(host.state("homes", name))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
    text = "".join(f'{u}\tCleartext-Password := "{p}"\n\tFilter-Id = "{name}"\n' for u, p in users.items())
    (folder / "users").write_text(text)
    config = _HOME.format(folder=folder, name=name, address=address, secret=HOME_SECRET)
    (folder / "radiusd.conf").write_text(config)
    host.keep_running(f"home-{name}", ["/usr/sbin/freeradius", "-f", "-d", str(folder)])


def ask(
    host: LinuxHost,
    source: str,
    secret: str,
    attributes: str,
    kind: str = "auth",
    server: str = "127.0.0.1",
    tries: int = 2,
    patience: float = 1.0,
) -> tuple[str, dict[str, str]]:
    """By radclient: what came back (`'Access-Accept'`, `'nothing'`) with its attributes."""
    keyfile = Path(host.state(f"radclient.{secrets.token_hex(4)}"))
    keyfile.write_text(secret)
    family = "IPv6" if ":" in source else "IP"
    port = 1812 if kind == "auth" else 1813
    at = f"[{server}]:{port}" if ":" in server else f"{server}:{port}"
    argv = ["radclient", "-x", "-t", str(patience), "-r", str(tries), "-S", str(keyfile)]
    done = host.run(
        [*argv, at, kind], stdin=f"{attributes}, Packet-Src-{family}-Address={source}\n", timeout=30
    )
    keyfile.unlink()
    if "Received " not in done.out:
        return "nothing", {}
    received = done.out.rpartition("Received ")[2]
    pairs = re.findall(r"^\t(\S+) = (.*)$", received, re.M)
    return received.split()[0], {name: value.strip('"') for name, value in pairs}
