"""What a profile says of what is seen inside a flow, and how signatures are read."""

from hypothesis import given
from hypothesis import strategies as st

from kitei.network.inspection import (
    ANY,
    APPLICATIONS,
    WHATS,
    Entry,
    Inside,
    entries_of,
    entries_text,
    look,
)
from kitei.network.signatures import SEVERITIES, read_signatures

HIGH = 'alert tcp any any -> any any (msg:"a; \\"b\\""; content:"x;y"; classtype:domain-c2; sid:7; rev:3;)\n'


def test_the_first_entry_about_a_thing_decides_and_a_name_means_all_below_it() -> None:
    entries = (
        Entry("spared", "site", "allow", ("ok.games.example",)),
        Entry("games", "site", "deny", ("games.example",)),
        Entry("only", "application", "allow", ("http", "tls")),
        Entry("rest", "application", "deny", (ANY,)),
    )

    def said(**inside: str) -> list[tuple[str, str]]:
        return [(each.entry, each.action) for each in look(entries, Inside(**inside))]

    assert said(application="tls", host="A.Games.Example.") == [("only", "allow"), ("games", "deny")]
    assert said(application="ssh", host="x.ok.games.example") == [("rest", "deny"), ("spared", "allow")]
    assert said(application="unknown", host="notgames.example") == [("rest", "deny"), ("default", "allow")]
    assert said() == []


def test_threats_are_known_by_severity_category_and_number_and_noted_where_none_decides() -> None:
    ((signature,), faults) = read_signatures(HIGH)
    assert not faults and (signature.severity, signature.category) == ("high", "domain-c2")
    for name in ("severity:high", "category:domain-c2", "signature:7"):
        (found,) = look((Entry("t", "threat", "deny", (name,)),), Inside(signature=signature))
        assert (found.entry, found.action, found.name) == ("t", "deny", "7")
    (found,) = look((Entry("t", "threat", "deny", ("severity:low",)),), Inside(signature=signature))
    assert (found.entry, found.action) == ("default", "log")


def test_a_signature_keeps_what_it_looks_for_and_loses_what_is_said_about_it() -> None:
    ((signature,), _) = read_signatures("# remark\n\n" + HIGH.replace("(msg", "( \\\n  msg"))
    assert signature.message == 'a; \\"b\\"'
    assert signature.body == 'content:"x;y"; sid:7; ' and signature.head == "tcp any any -> any any"


def test_every_line_that_will_not_do_is_told_with_its_number() -> None:
    lines = (
        HIGH.strip(),
        HIGH.strip(),
        HIGH.strip().replace("alert", "drop").replace("sid:7", "sid:8"),
        HIGH.strip().replace("sid:7", "sid:0"),
        HIGH.strip().replace("sid:7", "sid:9; lua:a.lua"),
        HIGH.strip().replace("sid:7", "sid:10; nfq_set_mark:1"),
        HIGH.strip().replace("domain-c2", "no-such").replace("sid:7", "sid:11"),
        HIGH.strip().replace("tcp any", "tcp $NO_SUCH").replace("sid:7", "sid:12"),
        'alert tcp any any -> any any (content:"x"; sid:13;)',
        "alert tcp any",
        'alert tcp any any -> any any (msg:"x" sid:14;)',
    )
    found, faults = read_signatures("\n".join(lines))
    assert [each.sid for each in found] == [7]
    assert [each.line for each in faults] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


NAMES = {
    "application": st.sampled_from((*APPLICATIONS, ANY)),
    "site": st.sampled_from(("example", "a.example", "b.a.example", "192.0.2.1")),
    "threat": st.sampled_from((*(f"severity:{each}" for each in SEVERITIES), "signature:7")),
    "file": st.sampled_from(("ab" * 32, "cd" * 32)),
}
ENTRY = st.sampled_from(WHATS).flatmap(
    lambda what: st.builds(
        Entry,
        st.sampled_from(("a", "b", "c")),
        st.just(what),
        st.sampled_from(("allow", "deny", "log")),
        st.lists(NAMES[what], min_size=1, max_size=3).map(tuple),
    )
)


@given(st.lists(ENTRY, max_size=6).map(tuple))
def test_what_is_written_is_read_back(entries: tuple[Entry, ...]) -> None:
    assert entries_of(entries_text(entries)) == entries


@given(st.lists(ENTRY, max_size=6).map(tuple), st.sampled_from(("example", "a.example", "c.b.a.example")))
def test_an_entry_that_says_what_was_decided_anyway_changes_nothing(
    entries: tuple[Entry, ...], host: str
) -> None:
    (before,) = look(entries, Inside(host=host))
    (after,) = look((*entries, Entry("last", "site", before.action, (host,))), Inside(host=host))
    assert after.action == before.action
