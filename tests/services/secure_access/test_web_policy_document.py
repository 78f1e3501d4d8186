"""The customer's document for the Web: what it says is what is decided, and every fault of it is told at once."""

from datetime import date, datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.proxy.policy import Request, Rule, Sandbox, Tables, decide_request
from kitei.services.secure_access.document import Unreadable
from kitei.services.secure_access.web_policy import CATEGORY, compile_web_policy, read_web_policy
from kitei.values import JST, Words

WHOLE = """
default = "block"
inspect = true
sign-in = true
page = { ja = "内線 1234 へ", en = "Ask extension 1234" }
[sources]
"10.8.0.5" = "alice"
"2001:db8::/64" = "kiosk"
[lists]
partners = ["Example.co.jp", "192.0.2.8"]
[sandbox]
largest-mib = 8
unsure = "pass"
[[rule]]
id = "r-games"
action = "block"
categories = ["games"]
groups = ["sales"]
days = ["mon", "fri"]
hours = ["09:00-12:00", "22:00-05:00"]
until = 2027-03-31
reason = { ja = "業務時間中です", en = "not in office hours" }
[[rule]]
id = "r-partners"
action = "allow"
lists = ["partners"]
domains = ["日本語.jp"]
urls = ["https://shop.jp/toys/"]
users = ["bob"]
"""


def test_what_is_written_is_what_is_read() -> None:
    release = f'[[release]]\nid = "once-1"\nsha256 = "{"AB" * 32}"\n'
    document = read_web_policy(WHOLE + release, ("games",))
    told = document.policy
    assert told.released == (("once-1", "ab" * 32),)
    assert (told.default, told.inspect, told.sign_in, told.page.en) == (
        "block",
        True,
        True,
        "Ask extension 1234",
    )
    assert told.rules == (
        Rule(
            "r-games",
            "block",
            lists=(CATEGORY + "games",),
            groups=("sales",),
            days=(0, 4),
            hours=((540, 720), (1320, 300)),
            until=date(2027, 3, 31),
            reason=Words("業務時間中です", "not in office hours"),
        ),
        Rule(
            "r-partners",
            "allow",
            lists=("partners",),
            domains=("xn--wgv71a119e.jp",),
            urls=(("shop.jp", "/toys/"),),
            users=("bob",),
        ),
    )
    assert told.sandbox == Sandbox(largest=8 << 20, unsure="pass")
    assert document.lists == {"partners": ("example.co.jp", "192.0.2.8")}
    assert document.named == ("group:sales", "user:alice", "user:bob", "user:kiosk")
    assert document.listed == (CATEGORY + "games", "partners")


def test_it_decides_with_the_people_of_the_contract_and_the_devices_of_remote_connect() -> None:
    document = read_web_policy(WHOLE, ("games",))
    devices = {ip_network("10.8.0.9/32"): "bob"}
    policy = compile_web_policy(document, "C-1", 3, {"alice": ("sales",)}, devices)
    lists = {CATEGORY + "games": {"play.jp"}, "partners": set(document.lists["partners"])}
    tables, monday = Tables(policy, lists), datetime(2026, 11, 23, 10, tzinfo=JST)
    told = decide_request(tables, Request("www.play.jp", source="10.8.0.5"), monday)
    assert (told.action, told.rule, told.contract, told.version) == ("block", "r-games", "C-1", 3)
    assert decide_request(tables, Request("example.co.jp", source="10.8.0.9"), monday).rule == "r-partners"
    assert policy.sandbox == Sandbox(largest=8 << 20, unsure="pass")


def test_every_fault_is_told_with_its_place() -> None:
    with pytest.raises(Unreadable) as told:
        read_web_policy(
            """
            defualt = "allow"
            inspect = "yes"
            [sources]
            "10.8.0.300" = "alice"
            [lists]
            Bad = ["a..b"]
            [[rule]]
            id = "R 1"
            action = "deny"
            categories = ["gmaes"]
            domains = ["a.jp", "A.jp", ""]
            urls = ["a.jp", "a.jp/x?y"]
            days = ["monday"]
            hours = ["9-18", "24:00-25:00", "10:00-10:00"]
            until = "soon"
            [[rule]]
            id = "default"
            action = "no-inspect"
            urls = ["a.jp/x"]
            groups = []
            [[release]]
            id = "once"
            sha256 = "abc"
            [[release]]
            id = "once"
            """,
            ("games",),
            (),
        )
    places = [fault.place for fault in told.value.faults]
    assert sorted(places) == sorted(
        [
            "file",
            "default",
            "inspect",
            "sources",
            "lists.Bad",
            "lists.Bad[0]",
            "rule 1.id",
            "rule 1.action",
            "rule 1.categories[0]",
            "rule 1.domains[1]",
            "rule 1.domains[2]",
            "rule 1.urls[0]",
            "rule 1.urls[1]",
            "rule 1.days[0]",
            "rule 1.hours[0]",
            "rule 1.hours[1]",
            "rule 1.hours[2]",
            "rule 1.until",
            "rule 2.id",
            "rule 2.groups",
            "rule 2.urls",
            "rule 2.urls",
            "release 1.sha256",
            "release 2.sha256",
            "release 2.id",
        ]
    )
    assert all(fault.words.ja and fault.words.en for fault in told.value.faults)


def test_a_rule_on_urls_needs_tls_opened() -> None:
    rule = '[[rule]]\nid = "r-1"\naction = "block"\nurls = ["a.jp/x"]\n'
    with pytest.raises(Unreadable, match="inspect = true"):
        read_web_policy('default = "allow"\n' + rule, ())
    assert read_web_policy('default = "allow"\ninspect = true\n' + rule, ()).policy.rules[0].id == "r-1"


ODD = st.sampled_from(
    ('"x"', "1", "true", "[]", "{}", '[""]', "[1]", '["a.jp"]', "1.5", "2026-01-01", "[[1]]")
)
KEYS = st.sampled_from(
    ("id", "action", "categories", "lists", "domains", "urls", "users", "days", "hours", "until", "reason")
)


@given(st.lists(st.tuples(KEYS, ODD), unique_by=lambda pair: pair[0]), ODD, ODD)
def test_something_odd_anywhere_is_a_fault_or_is_read_and_never_breaks(
    written: list[tuple[str, str]], default: str, sandbox: str
) -> None:
    text = f"default = {default}\nsandbox = {sandbox}\nsources = {sandbox}\nlists = {default}\n[[rule]]\n"
    text += "".join(f"{key} = {value}\n" for key, value in written)
    with pytest.raises(Unreadable) as told:
        read_web_policy(text, ("games",))
    assert told.value.faults
