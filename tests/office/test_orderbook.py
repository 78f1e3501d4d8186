"""An order book is read as a whole: every fault of every file is told, and until there is none, nothing is recorded."""

from pathlib import Path

import pytest

from kitei.desk import Unreadable
from kitei.office import Office
from kitei.office.orderbook import read_book, take_book

OPERATOR = """
[provider]
name = { ja = "例示通信株式会社", en = "Example Carrier" }
address = { ja = "東京都千代田区", en = "Chiyoda, Tokyo" }
registration = "T7000012050002"
contact = "03-0000-0000"

[[party]]
id = "acme"
name = { ja = "アクメ", en = "Acme" }
address = { ja = "大阪市北区", en = "Kita, Osaka" }

[[list]]
name = "equivalent-devices"
entries = ["Kitei Linux Router"]
from = 2026-04-01

[[parameter]]
name = "max-children"
value = 100

[[convention]]
key = "money.rounding"
value = "floor"
from = 2026-04-01

[[quote]]
customer = "acme"
fee = "monthly"
amount = 30000
first = 2026-04-01
scope = { kind = "child" }

[[machine]]
serial = "J-1"
model = "Kitei Linux Router"
node = "osaka-a"
wan_port = "wan0"
wan_address = "198.18.0.1/24"
wan_gateway = "198.18.0.254"
lan_port = "lan0"

[monitor]
node = "monitor"
port = "cls0"
address = "203.0.113.1/24"
"""

ORDERS = """
[[apply]]
id = "A-001"
by = "acme"
at = 2026-04-02T10:00:00+09:00

[[apply.sites]]
kind = "parent"
network = "acme-1"
item = "single-star-single-edge"
name = "東京本社"
lans = [{ prefix = "10.0.0.0/16", gateway = "10.0.0.1" }]

[[apply.sites]]
kind = "child"
network = "acme-1"
item = "single-star-single-edge"
name = "大阪支店"
lans = [{ prefix = "10.1.0.0/16" }]
"""


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def faults(error: Unreadable) -> list[str]:
    return [str(fault) for fault in error.faults]


def test_statements_parties_and_acts_are_read_and_recorded(office: Office, tmp_path: Path) -> None:
    book = read_book(write(tmp_path / "book", a_toml=OPERATOR, b_toml=ORDERS), office)
    assert [asked.place for asked in book.acts] == ["b.toml: apply[0]"]
    outcomes = list(take_book(office, book))
    assert [outcome.decided.application for outcome in outcomes] == ["A-001"]
    assert {e.fact.kind for e in office.facts_of_operator()} == {
        "operator.set",
        "operator.listed",
        "quote.recorded",
        "machine.registered",
        "monitor.placed",
    }
    party = office.shelf.party("acme")
    assert party is not None and party.name.ja == "アクメ"


def test_personal_data_stays_out_of_the_ledger(office: Office, tmp_path: Path) -> None:
    list(take_book(office, read_book(write(tmp_path / "book", a_toml=OPERATOR), office)))
    assert all("大阪市北区" not in repr(entry) for entry in office.book.read())


def test_the_same_book_again_records_nothing(office: Office, tmp_path: Path) -> None:
    folder = write(tmp_path / "book", a_toml=OPERATOR, b_toml=ORDERS)
    first = list(take_book(office, read_book(folder, office)))
    head = office.book.head()
    again = list(take_book(office, read_book(folder, office)))
    assert office.book.head() == head
    assert [o.decided.repeated for o in first] == [False] and [o.decided.repeated for o in again] == [True]
    assert again[0].decided.decision.verdict is first[0].decided.decision.verdict
    assert again[0].decided.contracts == first[0].decided.contracts


def test_every_fault_of_every_file_is_told_with_its_place(office: Office, tmp_path: Path) -> None:
    bad_orders = ORDERS.replace('kind = "child"\n', "").replace("10.1.0.0/16", "10.1.0.0/99")
    bad_operator = OPERATOR.replace("T7000012050002", "T1234567890123").replace('"floor"', '"down"')
    folder = write(
        tmp_path / "book",
        a_toml=bad_operator + "\n[[colour]]\nname = 'red'\n",
        b_toml=bad_orders,
        c_toml="[apply\n",
        d_json='{"cancel": {"by": "acme", "contract": "x", "expect": "maybe"}}',
    )
    with pytest.raises(Unreadable) as told:
        read_book(folder, office)
    found = faults(told.value)
    wanted = [
        "a.toml: provider: ",
        "a.toml: convention[0].value: 'down' is not one of ",
        "a.toml: colour[0]: is not known",
        "b.toml: apply[0].sites[1].kind: is missing",
        "b.toml: apply[0].sites[1].lans[0].prefix: '10.1.0.0/99' is not an IPv4 prefix",
        "c.toml: is not TOML",
        "d.json: cancel.expect: write one of accept, refer, refuse",
    ]
    for text in wanted:
        assert any(each.startswith(text) for each in found), (text, found)
    assert len(found) == len(wanted)
    assert office.book.head() == 0 and office.shelf.parties() == ()


def test_an_id_given_twice_is_a_fault_that_names_both_places(office: Office, tmp_path: Path) -> None:
    folder = write(tmp_path / "book", a_toml=ORDERS, b_toml=ORDERS)
    with pytest.raises(Unreadable, match=r"b.toml: apply\[0\].id: 'A-001' is the id of a.toml: apply\[0\]"):
        read_book(folder, office)


def test_a_folder_without_orders_is_a_fault(office: Office, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="neither"):
        read_book(write(tmp_path / "empty"), office)
    with pytest.raises(Unreadable, match="cannot be read"):
        read_book(tmp_path / "nowhere.toml", office)


def test_acts_of_a_file_go_in_order_of_their_instants(office: Office) -> None:
    def cancel(id: str, at: str) -> dict[str, object]:
        return {"id": id, "by": "acme", "contract": "C1", **({"at": at} if at else {})}

    book = read_book(
        {
            "cancel": [cancel("3", ""), cancel("2", "2026-05-02T09:00:00+09:00")],
            "claim-credit": [cancel("1", "2026-05-01T23:59:00Z")],
        },
        office,
    )
    assert [asked.written["id"] for asked in book.acts] == ["1", "2", "3"]


def test_what_is_expected_is_told_apart_from_the_act(office: Office) -> None:
    book = read_book({"cancel": {"by": "acme", "contract": "C1", "expect": "refuse"}}, office)
    assert book.acts[0].expect == "refuse" and "expect" not in book.acts[0].written
