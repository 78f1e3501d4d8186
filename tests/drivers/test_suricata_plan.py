"""A profile as Suricata's lines, and what the driver does about what it sees. Without an engine."""

from kitei.drivers.access.rules import table
from kitei.drivers.suricata import Suricata, SuricataSeen, digest_told
from kitei.drivers.suricata.config import queue_rules
from kitei.drivers.suricata.recorder import row_of
from kitei.drivers.suricata.rules import profile_rules
from kitei.network import Appliance, Filter, FilterRule, Origin
from kitei.network.inspection import Entry, entries_text
from kitei.network.signatures import read_signatures

FOR = Origin("f-2", ("secure-access@2026-04-01#art:1.1.t3",))
GATE = Filter(FOR, "wan0", ("lan0 10.1.0.0/24",), ("203.0.113.100",), 0, (), 3)
PACKAGE = """
alert http any any -> any any (msg:"one"; http.uri; content:"/x"; classtype:trojan-activity; sid:1; rev:9;)
alert http any any -> any any (msg:"mark"; http.uri; content:"/y"; flowbits:set,a; noalert; sid:2;)
"""


def part(*entries: Entry, sack: str | None = None, blind: str = "deny", number: int = 1) -> Appliance:
    return Appliance(FOR, f"p{number}", number, 3, blind, entries_text(entries), sack)  # type: ignore[arg-type]


def lines(*entries: Entry) -> list[str]:
    return profile_rules(part(*entries), read_signatures(PACKAGE)[0])[0].splitlines()


def test_a_name_is_looked_for_but_for_what_an_earlier_name_is_about() -> None:
    spared = Entry("ok", "site", "allow", ("fine.games.example", "other.example"))
    found = [
        line
        for line in lines(spared, Entry("no", "site", "deny", ("games.example", "a.other.example")))
        if " site " in line
    ]
    assert len(found) == 3, "HTTP, TLS and QUIC; what other.example spares is looked for nowhere"
    for line in found:
        assert 'content:".games.example"; nocase; endswith; content:!".fine.games.example"' in line
        assert "other.example" not in line and line.startswith("rejectboth ")


def test_signatures_act_as_entries_say_and_those_that_only_mark_never_do() -> None:
    by_action = {"deny": "rejectboth", "log": "alert"}
    for action, word in by_action.items():
        one, two = lines(Entry("t", "threat", action, ("severity:high", "severity:low")))[-2:]  # type: ignore[arg-type]
        assert one.startswith(f'{word} http any any -> any any (msg:"3 p1 threat t 1 one"; http.uri;')
        assert two.startswith("alert ") and "noalert" in two
    (left,) = [line for line in lines(Entry("t", "threat", "allow", ("signature:1",))) if "threat" in line]
    assert "sid:2;" in left


def test_a_file_that_an_earlier_entry_is_about_is_in_no_later_list() -> None:
    first = Entry("a", "file", "allow", ("ab" * 32,))
    text, files = profile_rules(part(first, Entry("b", "file", "deny", ("ab" * 32, "cd" * 32))), ())
    assert files == {"b.sha256": f"{'cd' * 32}\n"} and "filesha256:b.sha256" in text


def test_packets_are_handed_over_by_profile_and_end_where_a_closed_one_did_not_look() -> None:
    closed, opened = part(), part(blind="allow", number=2)
    first, second = queue_rules((opened, closed))
    assert first.endswith("--mark 0x10000000/0xf0000000 -j NFQUEUE --queue-num 1081")
    assert second.endswith("--mark 0x20000000/0xf0000000 -j NFQUEUE --queue-num 1082 --queue-bypass")
    rules = [FilterRule(FOR, f"r{n}", n, "allow", (), (), (), None, n) for n in (1, 2)]
    text = table(GATE, rules, None, (closed, opened))
    assert "ct mark and 0xf0000000 == 0x10000000 meta mark and 0x10000 == 0 counter drop" in text
    assert "== 0x20000000" not in text and "chain looked" not in table(GATE, [], None, ())
    assert "== 0x20000000" in table(GATE, rules, None, ()), "an appliance that is not there is no open one"


def test_nothing_is_done_where_all_is_right_and_something_where_anything_is_not() -> None:
    wanted = (part(sack="s@1"),)
    seen = SuricataSeen(
        ("f-2",),
        {"p1": digest_told(wanted[0], "s@1")},
        frozenset({"p1"}),
        queue_rules(wanted),
        frozenset({"s@1"}),
        True,
    )
    driver = Suricata()
    assert driver.plan(wanted, seen) == ()
    assert [each.act for each in driver.plan(wanted, SuricataSeen())] == ["record", "load", "await", "queues"]
    assert [each.act for each in driver.plan((part(sack="s@2"),), seen)] == ["await"]
    assert [each.act for each in driver.plan((part(number=2),), seen)] == ["load", "queues", "retire"]
    assert [each.act for each in driver.plan((), seen)] == ["end"] and driver.plan((), SuricataSeen()) == ()


def test_what_an_engine_tells_is_a_row_with_the_ends_of_the_flow() -> None:
    flow = {"src_ip": "10.1.0.2", "src_port": 5000, "dest_ip": "203.0.113.10", "dest_port": 22}
    told = {
        "timestamp": "2026-11-21T19:54:39.994526+0000",
        "proto": "TCP",
        "src_ip": "203.0.113.10",
        "dest_ip": "10.1.0.2",
        "flow": flow,
    }
    alert = {"action": "blocked", "signature": "3 p1 threat worms 9000001 a worm of theirs"}
    row = row_of({**told, "event_type": "alert", "alert": alert, "tls": {"sni": "x.example"}})
    head = [1795290879.995, 3, "p1", "threat", "worms", "9000001", "deny", "tcp"]
    assert row == [*head, *flow.values(), "x.example", "a worm of theirs"]
    blind = row_of({**told, "event_type": "drop", "drop": {"reason": "stream midstream"}})
    assert blind is not None and blind[3:7] == ["blind", "blind", "stream midstream", "deny"]
    assert row_of({**told, "event_type": "drop", "drop": {"reason": "rules"}}) is None
