"""Secrets of sessions with routers: in the vault and on the one node that needs them, and nowhere else."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_defence import BOOK, SERVICE, Clock, clock

from kitei.desk import Verdict
from kitei.network import Upstream
from kitei.network.codec import orders_json
from kitei.office import Office
from kitei.office.dispatch import Dispatch
from kitei.office.floods.sessions import put_session_secret
from kitei.office.hearing import Hearing
from kitei.office.office import Refusal
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing

__all__ = ["clock"]
SECRET = "tambourine-17-lantern"


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    opened = Office.open(tmp_path / "home", clock, f"sqlite:///{tmp_path}/kitei.db")
    opened.publish_editions()
    upstream = [{**BOOK["upstream"][0], "hops": 1}]
    list(take_book(opened, read_book({**BOOK, "upstream": upstream}, opened)))
    asked = {"by": "acme", "services": [{"item": "E", "addresses": ["203.0.113.0/24"]}]}
    assert opened.apply("apply", asked, service=SERVICE).decision.verdict is Verdict.ACCEPT
    yield opened
    opened.close()


def test_a_speaker_is_told_the_name_and_gets_the_secret_for_it(office: Office, tmp_path: Path) -> None:
    publishing = Publishing.of(office)
    publishing.apply_plan()
    (before,) = [p for p in publishing.published_intent().nodes["speak1"].parts if isinstance(p, Upstream)]
    assert (before.sack, before.hops) == (None, 1)
    sack = put_session_secret(office, "border1", SECRET)
    publishing.apply_plan()
    (after,) = [p for p in publishing.published_intent().nodes["speak1"].parts if isinstance(p, Upstream)]
    assert after.sack == sack == "upstream.border1@1"
    dispatch = Dispatch(office, publishing, Hearing(office, publishing))
    assert dispatch.sack("speak1", sack) == SECRET.encode()
    with pytest.raises(PermissionError):
        dispatch.sack("scrub1", sack)
    orders = dispatch.orders_for("speak1")
    assert orders is not None and SECRET not in json.dumps(orders_json(orders))
    assert SECRET.encode() not in (tmp_path / "kitei.db").read_bytes()


def test_a_router_that_is_not_there_has_no_secret(office: Office) -> None:
    with pytest.raises(Refusal, match="there is no router border9; there are border1"):
        put_session_secret(office, "border9", SECRET)
