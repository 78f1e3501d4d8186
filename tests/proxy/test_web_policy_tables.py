"""Which rule decides a request: order, places, people, times; and lists of names as bytes."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.proxy.hosts import above, host_of, path_of
from kitei.proxy.names import Names, pack_names
from kitei.proxy.policy import Policy, Request, Rule, Tables, Verdict, decide_request
from kitei.values import JST

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=JST)
LABEL = st.sampled_from(("a", "b", "shop", "news", "example"))
HOST = st.lists(LABEL, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "jp"]))


def policy(*rules: Rule, default: str = "allow", **more: object) -> Policy:
    return Policy("C-1", 7, rules, default, **more)  # type: ignore[arg-type]


def ask(asked: Policy, request: Request, at: datetime = MONDAY, **lists: set[str]) -> Verdict:
    return decide_request(Tables(asked, lists), request, at)


def test_the_first_rule_that_is_about_it_decides_and_is_named() -> None:
    rules = policy(
        Rule("r-1", "allow", domains=("ok.shop.jp",)),
        Rule("r-2", "block", lists=("shopping",)),
        Rule("r-3", "allow"),
        default="block",
    )
    shops = {"shop.jp"}
    told = ask(rules, Request("www.ok.shop.jp", "/"), shopping=shops)
    assert (told.action, told.rule, told.version, told.contract) == ("allow", "r-1", 7, "C-1")
    assert ask(rules, Request("www.shop.jp", "/"), shopping=shops).rule == "r-2"
    assert ask(rules, Request("notshop.jp", "/"), shopping=shops).rule == "r-3"


def test_what_no_rule_is_about_falls_to_the_default() -> None:
    told = ask(policy(Rule("r-1", "allow", domains=("a.jp",)), default="block"), Request("b.jp", "/"))
    assert (told.action, told.rule) == ("block", "default")


def test_rules_are_for_users_and_groups_and_a_source_tells_the_user() -> None:
    rules = policy(
        Rule("r-1", "block", domains=("shop.jp",), groups=("sales",), users=("carol",)),
        people={"alice": ("sales",), "bob": (), "carol": ()},
        sources=((ip_network("10.8.0.0/24"), "bob"), (ip_network("10.8.0.5/32"), "alice")),
    )
    by_user = {
        user: ask(rules, Request("shop.jp", "/", user)).action for user in ("alice", "bob", "carol", "")
    }
    assert by_user == {"alice": "block", "bob": "allow", "carol": "block", "": "allow"}
    assert ask(rules, Request("shop.jp", "/", source="10.8.0.5")).user == "alice"
    assert ask(rules, Request("shop.jp", "/", source="10.8.0.6")).action == "allow"
    assert ask(rules, Request("shop.jp", "/", "bob", "10.8.0.5")).user == "bob"


@pytest.mark.parametrize(
    ("at", "action"),
    [
        ("2026-11-23 08:59", "allow"),
        ("2026-11-23 09:00", "block"),
        ("2026-11-23 17:59", "block"),
        ("2026-11-23 18:00", "allow"),
        ("2026-11-28 10:00", "allow"),  # a Saturday
        ("2026-12-01 10:00", "allow"),  # after its last day
    ],
)
def test_hours_are_of_japan_and_end_before_their_end(at: str, action: str) -> None:
    rule = Rule("r", "block", days=(0, 1, 2, 3, 4), hours=((540, 1080),), until=date(2026, 11, 30))
    assert ask(policy(rule), Request("a.jp", "/"), datetime.fromisoformat(at + "+09:00")).action == action
    utc = datetime.fromisoformat(at + "+09:00").astimezone(tz=None)
    assert ask(policy(rule), Request("a.jp", "/"), utc).action == action


def test_hours_past_midnight_belong_to_the_day_they_began() -> None:
    night = policy(Rule("r", "block", days=(4,), hours=((22 * 60, 5 * 60),)))
    friday = MONDAY + timedelta(days=4)
    assert ask(night, Request("a.jp", "/"), friday.replace(hour=22)).action == "block"
    assert ask(night, Request("a.jp", "/"), (friday + timedelta(days=1)).replace(hour=4)).action == "block"
    assert ask(night, Request("a.jp", "/"), friday.replace(hour=4)).action == "allow"
    assert ask(night, Request("a.jp", "/"), (friday + timedelta(days=1)).replace(hour=22)).action == "allow"


def test_a_rule_on_urls_has_tls_opened_and_without_that_passes_by() -> None:
    rules = policy(
        Rule("r-1", "block", urls=(("shop.jp", "/toys/"),)), Rule("r-2", "allow", domains=("shop.jp",))
    )
    opened = replace(rules, inspect=True)
    assert ask(opened, Request("shop.jp")).action == "look"
    assert ask(opened, Request("shop.jp", "/x/../%74oys/1?q")).rule == "r-1"
    assert ask(opened, Request("shop.jp", "/toys")).rule == "r-2"
    assert ask(rules, Request("shop.jp")).rule == "r-2"


def test_no_inspect_counts_wherever_it_stands_and_decides_nothing_else() -> None:
    rules = policy(
        Rule("r-1", "block", urls=(("bank.jp", "/"),)),
        Rule("r-2", "allow"),
        Rule("r-3", "no-inspect", domains=("bank.jp",)),
        inspect=True,
    )
    told = ask(rules, Request("www.bank.jp"))
    assert (told.action, told.rule, told.inspect, told.exempt) == ("allow", "r-2", False, "r-3")
    assert ask(rules, Request("a.jp")).inspect


@given(st.lists(st.tuples(st.sampled_from(("allow", "block")), HOST), max_size=6), HOST)
def test_the_tables_answer_as_reading_rule_after_rule_does(written: list[tuple[str, str]], host: str) -> None:
    rules = [Rule(f"r-{n}", action, domains=(name,)) for n, (action, name) in enumerate(written)]  # type: ignore[arg-type]
    first = next((r for r in rules if host == r.domains[0] or host.endswith("." + r.domains[0])), None)
    told = ask(policy(*rules), Request(host, "/"))
    assert (told.rule, told.action) == ((first.id, first.action) if first else ("default", "allow"))


@given(st.sets(HOST, max_size=40), HOST)
def test_a_packed_list_holds_its_names_and_no_others(names: set[str], other: str) -> None:
    packed = Names(memoryview(pack_names([*names, *names])))
    assert len(packed) == len(names)
    assert all(name in packed for name in names)
    assert (other in packed) == (other in names)


def test_bytes_that_are_no_whole_list_are_refused() -> None:
    packed = pack_names(["a.jp", "b.jp"])
    for broken in (b"", packed[:-1], packed + b"\0", b"x" + packed[1:]):
        with pytest.raises(ValueError, match="list"):
            Names(broken)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("EXAMPLE.co.jp.", "example.co.jp"),
        ("日本語.jp", "xn--wgv71a119e.jp"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("", None),
        ("a..jp", None),
        ("a b.jp", None),
    ],
)
def test_hosts_are_written_one_way(written: str, host: str | None) -> None:
    assert host_of(written) == host


def test_an_address_is_below_nothing() -> None:
    assert above("192.0.2.1") == ("192.0.2.1",)
    assert above("a.b.jp") == ("a.b.jp", "b.jp", "jp")


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/a/./b/../c", "/a/c"),
        ("//a//b?x=/../", "/a/b"),
        ("/%61%2Fb", "/a/b"),
        ("/../..", "/"),
        ("/a/..", "/"),
        ("/é", "/%C3%A9"),
        ("", "/"),
    ],
)
def test_paths_are_written_one_way(written: str, path: str) -> None:
    assert path_of(written) == path
