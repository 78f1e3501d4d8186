"""A page that the operator knows, asked for through a customer's Web gateway: what a dead proxy looks like from outside."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from web_stand import FOR, OUTSIDE4, Stand, entered, eventually, stand

from kitei.agent.gates import Gates
from kitei.network import Filter
from kitei.proxy.policy import Policy

pytestmark = pytest.mark.lab

PAGE = f"http://{OUTSIDE4}/alive"
GATE = Filter(FOR, "wan", (), (), 0, (), 0)


@pytest.fixture(scope="module")
def web(shared_bench: Any, make_right: Any) -> Iterator[Stand]:
    with stand(shared_bench, make_right, {}) as made:
        yield made


class Watch:
    """The gateway as its own agent feels it."""

    def __init__(self, web: Stand, *parts: Any) -> None:
        self.parts, self._gates = (GATE, *parts), Gates(web.host)
        self._in = entered(web.host.name)

    def is_up(self) -> bool | None:
        felt = self._in(lambda: dict(self._gates.feel(self.parts)))
        found = felt.get(("gateway", "web-gateway"))
        return None if found is None else found.up


def test_a_visit_comes_through_whatever_the_customer_blocks_and_asks_of_its_users(web: Stand) -> None:
    policy = Policy("C-1", 1, (), "block", sign_in=True)
    parts = web.gateway(policy, visits=(PAGE,), sign_in=True)
    web.put(parts)
    watch = Watch(web, *parts)
    assert watch.is_up() is True
    refused = web.curl(PAGE, "-w", "%{http_code}")
    assert refused.stdout.endswith("403"), "nobody else is let by"


def test_a_proxy_that_is_killed_or_hangs_is_out_and_one_that_is_back_is_not(web: Stand) -> None:
    parts = web.gateway(Policy("C-1", 1, (), "allow"), visits=(PAGE,))
    web.put(parts)
    watch = Watch(web, *parts)
    assert watch.is_up() is True
    squids = {name: pid for name, pid in web.host.running().items() if name.startswith("web-squid-")}
    for pid in squids.values():
        os.kill(pid, signal.SIGSTOP)
    assert eventually(lambda: watch.is_up() is False, 40.0)
    for pid in squids.values():
        os.kill(pid, signal.SIGCONT)
    assert eventually(lambda: watch.is_up() is True, 40.0)
    for name in squids:
        web.host.stop(name)
    assert eventually(lambda: watch.is_up() is False, 40.0)
    web.put(parts)
    assert eventually(lambda: watch.is_up() is True, 40.0)


def test_a_page_that_does_not_come_to_anybody_says_nothing_about_the_gateway(web: Stand) -> None:
    parts = web.gateway(Policy("C-1", 1, (), "allow"), visits=(f"http://{OUTSIDE4}:81/alive",))
    web.put(parts)
    assert Watch(web, *parts).is_up() is None
