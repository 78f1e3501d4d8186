"""Users of a browsers' gateway: curl for pages, and a conversation through the proxy that goes on until it is cut."""

import subprocess
import sys
from pathlib import Path

from kitei.drivers.host import LinuxHost

# Talks with a host through the proxy by CONNECT, a line in the log for each answer.
_TALK = """import base64, socket, ssl, sys, time
address, name, trusted, user, host, port = sys.argv[1:]
context = ssl.create_default_context(cafile=trusted)
line = context.wrap_socket(socket.create_connection((address, 443), timeout=5), server_hostname=name)
key = base64.b64encode(f"{user}:{user} password".encode()).decode()
line.sendall(f"CONNECT {host}:{port} HTTP/1.1\\r\\nHost: {host}\\r\\nProxy-Authorization: Basic {key}\\r\\n\\r\\n".encode())
print(line.recv(4096).split(b"\\r\\n")[0].decode(), flush=True)
line.settimeout(3)
while True:
    line.sendall(b"k\\n")
    print(line.recv(100), flush=True)
    time.sleep(0.1)
"""


class Browser:
    """One user's machine. `address` is the gateway's, `name` what it is called there."""

    def __init__(self, host: LinuxHost, folder: Path, authority: str, name: str, address: str) -> None:
        self.host, self.folder, self.name, self.address = host, folder, name, address
        folder.mkdir(exist_ok=True)
        self.trust(authority)

    def trust(self, authority: str) -> None:
        (self.folder / "authority.pem").write_text(authority)

    def get(self, url: str, login: str = "", *more: str) -> tuple[str, str]:
        """The status and the page; of what was sent to the proxy by CONNECT, the proxy's status where it refuses.
        `000` where no answer came."""
        argv = ["curl", "-sS", "--max-time", "10", "-o", "-", "-w", "\n%{http_connect} %{http_code}"]
        argv += ["--proxy", f"https://{self.name}:443", "--resolve", f"{self.name}:443:{self.address}"]
        argv += ["--proxy-cacert", str(self.folder / "authority.pem"), "--proxy-basic"]
        argv += ["--proxy-user", login] if login else []
        page, _, codes = self.host.run([*argv, *more, url], timeout=15.0).out.rpartition("\n")
        connect, code = codes.split()
        return (connect if code == "000" else code), page

    def talk(self, user: str, host: str, port: int) -> Path:
        """Begin a conversation; its log."""
        log = self.folder / f"talk-{host}-{port}"
        argv = [sys.executable, "-c", _TALK, self.address, self.name, str(self.folder / "authority.pem")]
        with log.open("w") as out:
            subprocess.Popen(
                [*self.host._enter, *argv, user, host, str(port)],
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        return log


def goes_on(log: Path) -> bool:
    """Whether a conversation has begun and was not cut."""
    text = log.read_text()
    return " 200 " in text and text.count("\n") > 3 and "Error" not in text and "timed out" not in text
