"""FreeRADIUS as its manual sets it up: clients.conf, a users file with passwords, accounting in `detail` files.

PAP, and PEAP with MS-CHAPv2 where there are papers; lean: it has no module but those that this needs.
"""

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
  start_servers = {start}
  max_servers = {most}
  min_spare_servers = 1
  max_spare_servers = {most}
  max_queue_size = 65536
}}
modules {{
  pap {{
    normalise = no
  }}
  files {{
    usersfile = {folder}/users
  }}
  detail {{
    filename = {folder}/detail
  }}
{eap}}}
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
  listen {{
    type = acct
    ipaddr = 127.0.0.1
    port = {acct}
  }}
  authorize {{
{eap_authorize}    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
{eap_authenticate}  }}
  accounting {{
    detail
  }}
}}
{inner}"""
_EAP = """\
  mschap {{
  }}
  eap {{
    default_eap_type = peap
    max_sessions = 65536
    tls-config ours {{
      private_key_file = "{papers}"
      certificate_file = "{papers}"
      tls_min_version = "1.2"
      tls_max_version = "1.2"
      cipher_list = "HIGH:!aNULL:!SHA1"
      ecdh_curve = ""
      cache {{
        enable = no
      }}
    }}
    mschapv2 {{
    }}
    peap {{
      tls = ours
      default_eap_type = mschapv2
      copy_request_to_tunnel = no
      use_tunneled_reply = yes
      virtual_server = inner
    }}
  }}
"""
_EAP_AUTHORIZE = "    eap {\n      ok = return\n    }\n"
_INNER = """\
server inner {
  authorize {
    eap {
      ok = return
    }
    files
    mschap
  }
  authenticate {
    Auth-Type MS-CHAP {
      mschap
    }
    eap
  }
}
"""


def prepare(
    folder: Path,
    port: int,
    secret: str,
    users: int,
    realm: str,
    papers: str = "",
    threads: int | None = None,
) -> list[str]:
    """Write it down; the command that runs it. `papers`: a file with certificate and key, and then PEAP.

    `threads` None: 4 to 16, as needed; a number: always so many.
    """
    folder.mkdir(parents=True)
    (folder / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
    with open(folder / "users", "w") as file:
        for number in range(users):
            file.write(
                f'u{number}{realm}\tCleartext-Password := "password-{number}"\n\tFramed-IP-Address = 10.1.2.3\n'
            )
    config = _CONFIG.format(
        folder=folder,
        port=port,
        acct=port + 1,
        secret=secret,
        start=threads or 4,
        most=threads or 16,
        eap=_EAP.format(papers=papers) if papers else "",
        eap_authorize=_EAP_AUTHORIZE if papers else "",
        eap_authenticate="    eap\n" if papers else "",
        inner=_INNER if papers else "",
    )
    (folder / "radiusd.conf").write_text(config)
    return ["/usr/sbin/freeradius", "-f", "-d", str(folder)]
