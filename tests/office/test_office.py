"""The office receives, decides and records: all of it or none, once, and never a contract out of a refusal."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kitei.desk import Unreadable, Verdict
from kitei.ledger import Fact, strike, verify
from kitei.office import Office, Refusal
from kitei.store import open_book
from kitei.values import JST

AT = "2026-04-02T10:00:00+09:00"


def network(id: str = "A-001", name: str = "acme-1", by: str = "acme", children: int = 1) -> dict[str, Any]:
    """An application for a parent and its children that nothing speaks against."""

    def site(kind: str, number: int) -> dict[str, Any]:
        return {
            "kind": kind,
            "network": name,
            "item": "single-star-single-edge",
            "name": f"{name} {number}",
            "lans": [{"prefix": f"10.{number}.0.0/16", "gateway": f"10.{number}.0.1"}],
        }

    sites = [site("parent", 0), *(site("child", number + 1) for number in range(children))]
    return {"id": id, "by": by, "at": AT, "sites": sites}


def refused(id: str = "A-009") -> dict[str, Any]:
    asked = network(id, "acme-9")
    asked["sites"][1]["lans"] = [{"prefix": "2001:db8::/32", "gateway": "2001:db8::1"}]
    return asked


def test_an_accepted_application_becomes_contracts_in_one_append(office: Office) -> None:
    decided = office.apply("apply", network(children=2))
    assert decided.decision.verdict is Verdict.ACCEPT, decided.decision.findings
    assert len(decided.contracts) == 3 == len(office.contracts())
    kinds = [entry.fact.kind for entry in decided.entries]
    assert kinds[:2] == ["application.received", "application.decided"]
    assert kinds.count("contract.concluded") == 3
    assert len({entry.recorded_at for entry in decided.entries}) == 1
    assert all(contract.application == "A-001" for contract in office.contracts().values())


def test_a_refusal_is_recorded_with_its_provisions_and_concludes_nothing(office: Office) -> None:
    decided = office.apply("apply", refused())
    assert decided.decision.verdict is Verdict.REFUSE
    assert [e.fact.kind for e in decided.entries] == ["application.received", "application.decided"]
    assert decided.entries[1].fact.cites and office.contracts() == {}


def test_what_if_records_nothing(office: Office) -> None:
    decided = office.decide("apply", network())
    assert decided.decision.verdict is Verdict.ACCEPT
    later = office.decide("apply", network(), on=decided.asked.at.date() + timedelta(days=400))
    assert later.asked.at.year == 2027
    assert office.book.head() == 0


def test_the_same_application_twice_is_recorded_once(office: Office) -> None:
    first = office.apply("apply", network())
    again = office.apply("apply", network())
    assert again.repeated and again.decision.verdict is first.decision.verdict
    assert again.entries == first.entries and again.contracts == first.contracts
    assert office.book.head() == first.entries[-1].seq


def test_another_application_under_a_known_id_is_turned_away(office: Office) -> None:
    office.apply("apply", network())
    with pytest.raises(Refusal, match="received before with other contents"):
        office.apply("apply", network(children=2))


def test_an_application_without_an_id_is_given_one(office: Office) -> None:
    asked = network()
    del asked["id"], asked["at"]
    decided = office.apply("apply", asked)
    assert decided.application == "a00001" and decided.asked.at == office.clock()
    assert office.decided("a00001").decision.verdict is decided.decision.verdict


@pytest.mark.parametrize("id", ["a b", "../x", "契約", "-"])
def test_an_id_that_is_none_is_a_fault_with_its_place(office: Office, id: str) -> None:
    with pytest.raises(Unreadable, match=r"^apply.id: "):
        office.apply("apply", network(id))


def test_a_struck_fact_is_gone_and_the_contract_can_go_on(office: Office) -> None:
    name = office.apply("apply", network()).contracts[0]
    day = datetime(2026, 5, 1, tzinfo=JST).date()
    (entry,) = office.state([(f"contract:{name}", Fact("contract.amended", {"name": "wrong"}, day))])
    before = office.book.head()
    assert office.contract(name).body["name"] == "wrong"
    office.state([(f"contract:{name}", strike(entry, "typing error"))])
    assert office.contract(name).body["name"] != "wrong"
    assert office.contracts(upto=before)[name].body["name"] == "wrong"
    office.state([(f"contract:{name}", Fact("contract.amended", {"name": "right"}, day))])
    assert office.contract(name).body["name"] == "right"
    assert office.picture().versions[f"contract:{name}"] == office.book.version(f"contract:{name}")


def test_an_edition_that_was_published_may_not_change(office: Office) -> None:
    assert office.publish_editions() and not office.publish_editions()
    known = next(e for e in office.book.read("terms"))
    office.state([("terms", strike(known, "test"))])
    office.state(
        [("terms", Fact("edition.published", {**known.fact.body, "digest": "00"}, known.fact.effective_on))]
    )
    with pytest.raises(Refusal, match="publish a new one"):
        office.publish_editions()


def test_two_offices_at_once_give_no_number_twice(url: str, tmp_path: Path) -> None:
    first = Office.open(tmp_path / "home", database=url)
    first.apply("apply", network())
    faults: list[BaseException] = []

    def add(start: int) -> None:
        office = Office.open(tmp_path / "home", database=url)
        try:
            for number in range(start, start + 8):
                asked = network(f"B-{number}", children=1)
                asked["sites"] = asked["sites"][1:]
                asked["sites"][0]["lans"] = [{"prefix": f"10.{number}.0.0/16"}]
                decided = office.apply("apply", asked)
                assert decided.decision.verdict is Verdict.ACCEPT, decided.decision.findings
        except BaseException as error:
            faults.append(error)
        finally:
            office.close()

    threads = [threading.Thread(target=add, args=(start,)) for start in (20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    numbers = [contract.body["number"] for contract in first.contracts().values()]
    assert sorted(map(str, numbers), key=int) == [str(n) for n in range(18)]
    assert first.verify().is_whole
    first.close()


_APPLY = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_office import network
from kitei.office import Office
office = Office.open(Path(sys.argv[2]), database=sys.argv[3])
print("open", flush=True)
for number in range(int(sys.argv[4])):
    office.apply("apply", network(f"A-{number:03}", f"net-{number}", children=3))
"""


@pytest.mark.parametrize("seed", range(4))
def test_kill_minus_nine_leaves_whole_applications_and_a_whole_ledger(
    url: str, tmp_path: Path, seed: int
) -> None:
    count, rng = 12, random.Random(seed)
    command = [
        sys.executable,
        "-c",
        _APPLY,
        str(Path(__file__).parent),
        str(tmp_path / "home"),
        url,
        str(count),
    ]
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as running:
            assert running.stdout is not None and running.stdout.readline() == b"open\n"
            time.sleep(rng.uniform(0, 0.15))
            os.kill(running.pid, signal.SIGKILL)
        book = open_book(url)
        assert verify(book).is_whole
        whole = {"application.received": 1, "application.decided": 1, "contract.concluded": 4}
        kinds: dict[str, list[str]] = {}
        for entry in book.read():
            of = entry.stream if entry.stream.startswith("application") else ""
            name = of.removeprefix("application:") or str(entry.fact.body.get("application"))
            kinds.setdefault(name, []).append(entry.fact.kind)
        kinds.pop("None", None)
        for name, found in kinds.items():
            assert {kind: found.count(kind) for kind in whole} == whole, name
        book.close()
    finished = subprocess.run(command, capture_output=True, timeout=60)
    assert finished.returncode == 0, finished.stderr.decode()
    office = Office.open(tmp_path / "home", database=url)
    assert len(office.contracts()) == 4 * count and office.verify().is_whole
    office.close()


def test_what_the_operator_set_and_struck_is_never_remembered(office: Office) -> None:
    from kitei.catalogue import service_named
    from kitei.ledger import Fact, strike

    service = service_named("managed-vpn-pro")

    def told() -> object:
        return office.situation(service, office.today()).operator.parameters.get("odd")

    body = {"service": service.name, "name": "odd", "value": 1}
    (entry,) = office.state([("operator", Fact("operator.set", body, office.today()))])
    assert told() == 1
    office.state([("operator", strike(entry, "a slip"))])
    assert told() is None
    office.state([("operator", Fact("operator.set", {**body, "value": 2}, office.today()))])
    assert told() == 2
