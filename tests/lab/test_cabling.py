"""Cables join any two places, routers between them carry both families, and programs live in them."""

import sys
import time
from pathlib import Path

import pytest

from kitei.lab.cabling import Cable, End, Way
from kitei.lab.lab import Lab, LabError, open_lab

CABLES = (
    Cable(
        End("user", "net0", ("192.0.2.2/30", "2001:db8::2/64")),
        End("router", "u0", ("192.0.2.1/30", "2001:db8::1/64")),
    ),
    Cable(End("server", "net0", ("198.51.100.2/24",)), End("router", "s0", ("198.51.100.1/24",))),
)
WAYS = (Way("user", "default", "192.0.2.1"), Way("server", "default", "198.51.100.1"))


@pytest.mark.lab
def test_what_is_cabled_reaches_over_its_router(tmp_path: Path) -> None:
    with open_lab(tmp_path / "lab") as lab:
        lab.cable(CABLES, WAYS, ["router"])
        lab.cable(CABLES, WAYS, ["router"])  # all there: nothing to lay
        assert lab.run("user", ["ping", "-c", "1", "-W", "2", "198.51.100.2"]).code == 0
        assert lab.run("user", ["ping", "-c", "1", "-W", "2", "2001:db8::1"]).code == 0
        with pytest.raises(LabError, match=r"one end of .* is plugged in already"):
            lab.cable([Cable(End("user", "net0"), End("stranger", "net0"))])
        serve_and_ask(lab, tmp_path)
        ports = [
            Cable(End(who, "net0", (f"10.0.0.{n}/24",)), End("switch", f"p{n}"))
            for n, who in ((1, "a"), (2, "b"))
        ]
        lab.cable(ports, switches=["switch"])
        assert lab.run("a", ["ping", "-c", "1", "-W", "2", "10.0.0.2"]).code == 0


def serve_and_ask(lab: Lab, folder: Path) -> None:
    (folder / "word").write_text("here")
    serve = [sys.executable, "-m", "http.server", "80", "--bind", "198.51.100.2", "--directory", str(folder)]
    lab.begin("web", "server", serve)
    with pytest.raises(LabError, match="'web' runs already"):
        lab.begin("web", "server", serve)
    ask = (
        "import urllib.request as u; print(u.urlopen('http://198.51.100.2/word', timeout=2).read().decode())"
    )
    until = time.monotonic() + 20
    while (told := lab.run("user", [sys.executable, "-c", ask])).code and time.monotonic() < until:
        time.sleep(0.1)
    assert told.out == "here\n"
    assert lab.finish("web") == -15
    assert lab.run("user", [sys.executable, "-c", ask]).code != 0
