"""Orders come before the secrets they name: until those arrive a node answers as it did, and then by the new ones."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from radius_stand import HOME_SECRET, call, put_sack, record, start_home
from test_freeradius_lab import FOR, GROUP, OTHER, SECRET, SERVER, SHOP, Node, eventually

from kitei.drivers.freeradius import Freeradius
from kitei.network import HomeServer, Part, RadiusProxy, Risk, TemporaryError
from kitei.radius.table import write_changes

pytestmark = pytest.mark.lab


@pytest.fixture
def node(bench, make_right) -> Node:
    return Node(bench.node("r"), make_right)


def order(node: Node, *parts: Part) -> None:
    """One round of an agent whose sacks have not arrived."""
    driver = Freeradius()
    steps = driver.plan((SERVER, *parts), driver.see(node.host))
    assert not [step for step in steps if step.risk is Risk.OUTAGE], "nobody loses answers by waiting"
    with pytest.raises(TemporaryError, match="has not reached"):
        for step in steps:
            driver.apply(node.host, step)


@contextmanager
def logging_in(node: Node, user: str, password: str) -> Iterator[list[str]]:
    """A customer that goes on logging in, each request sent once."""
    answers: list[str] = []
    over = threading.Event()

    def log_in_and_in() -> None:
        while not over.is_set():
            answers.append(call(node.host, "127.0.0.2", SECRET, user, password, tries=1, patience=3.0))

    customer = threading.Thread(target=log_in_and_in)
    customer.start()
    try:
        yield answers
    finally:
        over.set()
        customer.join()


def test_a_clients_old_secret_answers_until_the_new_one_is_here(node) -> None:
    node.make(SHOP, OTHER, GROUP)
    with logging_in(node, "bob", "pw-bob") as answers:
        order(node, replace(SHOP, sack="shop@2"), OTHER, GROUP)
        assert eventually(lambda: len(answers) > 20, 20.0), "and longer than a client is remembered"
    assert set(answers) == {"Access-Accept"}
    put_sack(node.host, "shop@2", "the shop's newer secret")
    node.make(replace(SHOP, sack="shop@2"), OTHER, GROUP)
    newer = "the shop's newer secret"
    assert eventually(lambda: node.login("bob", "pw-bob", secret=newer, tries=1)[0] == "Access-Accept")
    assert node.login("bob", "pw-bob", tries=1)[0] == "nothing"


def test_a_new_password_that_is_on_its_way_keeps_no_one_out(node) -> None:
    node.make(SHOP, GROUP)
    changed = replace(GROUP, changes="users@1-2")
    with logging_in(node, "bob", "pw-bob") as answers:
        order(node, SHOP, changed)
        assert eventually(lambda: len(answers) > 10, 20.0)
        assert node.login("alice", "pw-alice")[0] == "Access-Accept", "the present password, still"
        put_sack(node.host, "users@1-2", write_changes({"alice": record("pw-newer")}))
        node.make(SHOP, changed)
        assert eventually(lambda: node.login("alice", "pw-newer")[0] == "Access-Accept")
    assert node.login("alice", "pw-alice")[0] == "Access-Reject"
    assert set(answers) == {"Access-Accept"}


def test_a_home_server_is_asked_with_its_old_secret_until_the_new_one_is_here(node) -> None:
    start_home(node.host, "one", "127.0.1.1", {"carol": "pw-carol"})
    home = HomeServer(FOR, "shop.example", "127.0.1.1", 1812, "udp", "home@1", 1, 1, False, "", None)
    proxy = RadiusProxy(FOR, "shop.example", False, True)
    node.make(SHOP, proxy, home)
    assert eventually(lambda: node.login("carol", "pw-carol")[0] == "Access-Accept")
    with logging_in(node, "carol", "pw-carol") as answers:
        order(node, SHOP, proxy, replace(home, sack="home@2"))
        assert eventually(lambda: len(answers) > 10, 20.0)
        put_sack(node.host, "home@2", HOME_SECRET)
        node.make(SHOP, proxy, replace(home, sack="home@2"))
        counted = len(answers)
        assert eventually(lambda: len(answers) > counted + 10, 20.0)
    assert set(answers) == {"Access-Accept"}


def test_another_contracts_secret_is_never_gone_on_with(node) -> None:
    node.make(SHOP, GROUP)
    theirs = replace(SHOP, origin=OTHER.origin, sack="shop@2")
    driver = Freeradius()
    steps = driver.plan((SERVER, theirs, GROUP), driver.see(node.host))
    assert [(step.act, step.owners) for step in steps if step.risk is Risk.OUTAGE]
    with pytest.raises(TemporaryError, match="has not reached"):
        for step in steps:
            driver.apply(node.host, step)
    assert eventually(lambda: node.login("bob", "pw-bob", tries=1)[0] == "nothing")
