"""The designated hosts, in whatever spelling, and no other."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from kitei.entrance.door import Door, hosts_of, hosts_text

TEXT = hosts_text(("10.1.0.0/24", "fd00::/64"), ("app.acme.example",), "c-<1>", ("x@2025-07-01#art:5.3",))


@pytest.mark.parametrize(
    ("host", "is_held"),
    [
        ("10.1.0.7", True),
        ("10.1.1.7", False),
        ("[fd00::7]", True),
        ("fd00:1::7", False),
        ("app.acme.example", True),
        ("APP.Acme.Example.", True),
        ("x.app.acme.example", False),
        ("acme.example", False),
        ("10.1.0.7.acme.example", False),
        ("0xa010007", False),
        ("167837703", False),
        ("010.1.0.7", False),
        ("::ffff:10.1.0.7", False),
        ("localhost", False),
        ("", False),
        ("-", False),
    ],
)
def test_a_host_is_in_a_designated_prefix_or_is_a_designated_name(host: str, is_held: bool) -> None:
    assert hosts_of(TEXT).holds(host) is is_held


def test_a_refusal_names_contract_and_provisions_and_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    file = tmp_path / "hosts.json"
    file.write_text(TEXT)
    door = Door(str(file), lambda user, source: told.append((user, source)))
    assert door.answer(["ann", "198.51.100.1", "10.1.0.7", "-"]) == "OK"
    refused = unquote(door.answer(["ann", "198.51.100.1", "10.9.9.9"]))
    assert refused.startswith("ERR") and "art:5.3" in refused and "c-&lt;1&gt;" in refused
    (tmp_path / "other").write_text(hosts_text(("10.9.9.0/24",), (), "c-1", ()))
    (tmp_path / "other").replace(file)
    assert door.answer(["ann", "198.51.100.1", "10.9.9.9"]) == "OK"
    (tmp_path / "other").write_text("{")
    (tmp_path / "other").replace(file)
    assert door.answer(["ann", "198.51.100.1", "10.9.9.9"]) == "OK", "what was before stays"
    assert door.answer(["ann"]).startswith("BH")
    assert told == [("ann", "198.51.100.1")] * 4
