"""FreeRADIUS as its manual sets it up: clients.conf, a users file with passwords, PAP."""

from pathlib import Path

_CONFIG = """\
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {folder}
run_dir = {folder}
name = stock
max_requests = 65536
cleanup_delay = 5
log {{
  destination = stdout
}}
security {{
  reject_delay = 0
  status_server = yes
  require_message_authenticator = yes
  limit_proxy_state = yes
}}
proxy_requests = no
thread pool {{
  start_servers = 4
  max_servers = 16
  min_spare_servers = 1
  max_spare_servers = 16
  max_queue_size = 65536
}}
modules {{
  pap {{
    normalise = no
  }}
  files {{
    usersfile = {folder}/users
  }}
}}
client load {{
  ipaddr = 127.0.0.2
  secret = "{secret}"
}}
server default {{
  listen {{
    type = auth
    ipaddr = 127.0.0.1
    port = {port}
  }}
  authorize {{
    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
  }}
}}
"""


def prepare(folder: Path, port: int, secret: str, users: int, realm: str) -> list[str]:
    """Write it down; the command that runs it."""
    folder.mkdir(parents=True)
    (folder / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
    with open(folder / "users", "w") as file:
        for number in range(users):
            file.write(
                f'u{number}{realm}\tCleartext-Password := "password-{number}"\n\tFramed-IP-Address = 10.1.2.3\n'
            )
    (folder / "radiusd.conf").write_text(_CONFIG.format(folder=folder, port=port, secret=secret))
    return ["/usr/sbin/freeradius", "-f", "-d", str(folder)]
