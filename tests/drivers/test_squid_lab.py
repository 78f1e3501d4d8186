"""A Web gateway with real packets: what passes, what is refused and why, what is opened, and changes under load."""

import random
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from web_stand import CLIENT4, EGRESS4, EGRESS6, FOR, GATEWAY4, GATEWAY6, Stand, eventually, stand

from kitei.drivers.squid import Squid
from kitei.drivers.squid.config import ports_of
from kitei.network import WebList
from kitei.proxy.policy import Policy, Request, Rule, Tables, Verdict, decide_request
from kitei.proxy.signin import users_text
from kitei.radius.secret import keep
from kitei.spool import Taking
from kitei.values import Words

pytestmark = pytest.mark.lab

RULES = (
    Rule("r-bad", "block", domains=("bad.test",), reason=Words("危険 & 禁止", "a dangerous site")),
    Rule("r-toys", "block", urls=(("shop.test", "/toys/"),), reason=Words("業務外です", "not for work")),
    Rule("r-bank", "no-inspect", domains=("bank.test",)),
)
WAYS = {
    "taken": (),
    "proxy4": ("-x", f"http://{GATEWAY4}:3128"),
    "proxy6": ("-x", f"http://[{GATEWAY6}]:3128"),
}


def policy(*rules: Rule, version: int = 1, **more: Any) -> Policy:
    return Policy("C-1", version, rules, "allow", **more)


@pytest.fixture(scope="module")
def web(shared_bench: Any, make_right: Any) -> Iterator[Stand]:
    with stand(shared_bench, make_right, {}) as made:
        yield made


@pytest.mark.parametrize("way", WAYS)
def test_names_are_enough_to_allow_and_to_block_without_any_authority_on_clients(
    web: Stand, way: str
) -> None:
    web.put(web.gateway(policy(*RULES)))
    allowed = web.curl("https://ok.test/x", "--cacert", web.root, *WAYS[way])
    assert '"path": "/x"' in allowed.stdout, allowed
    blocked = web.curl("http://bad.test/", "-w", "%{http_code}", *WAYS[way])
    for told in ("危険 &amp; 禁止", "a dangerous site", "r-bad", "C-1", "403"):
        assert told in blocked.stdout, blocked
    cut = web.curl("https://bad.test/", "--cacert", web.root, *WAYS[way])
    assert cut.returncode != 0 and not cut.stdout, cut


@pytest.mark.parametrize("way", WAYS)
def test_opened_tls_is_decided_by_url_and_shows_why_and_exempt_names_stay_unopened(
    web: Stand, way: str
) -> None:
    web.put(web.gateway(policy(*RULES, version=2, inspect=True)))
    own = ("--cacert", web.trust(), *WAYS[way])
    assert '"path": "/books/"' in web.curl("https://shop.test/books/", *own).stdout
    toys = web.curl("https://shop.test/x/../%74oys/1", "--path-as-is", "-w", "%{http_code}", *own)
    assert "業務外です" in toys.stdout and toys.stdout.endswith("403"), toys
    bad = web.curl("https://bad.test/", "-w", "%{http_code}", *own)
    assert "r-bad" in bad.stdout and bad.stdout.endswith("403"), bad
    assert (
        web.curl("https://bank.test/", *own).returncode == 60
    )  # not the gateway's paper, but the bank's own
    assert '"path": "/"' in web.curl("https://bank.test/", "--cacert", web.root, *WAYS[way]).stdout


def test_whoever_comes_to_the_proxy_signs_in_where_that_is_wanted_and_rules_know_who_it_is(
    web: Stand,
) -> None:
    salt = bytes(range(16))
    users = {name: keep(f"pass of {name}", (), salt).hashed for name in ("alice", "bøb")}
    web.host.write(web.host.state("sacks", "web-users.C-1@1"), users_text(users))
    sales = policy(
        Rule("r-sales", "block", domains=("shop.test",), groups=("sales",)),
        Rule("r-one", "block", domains=("ok.test",), users=("bøb",)),
        version=3,
        people={"alice": ("sales",), "bøb": ()},
    )
    web.put(web.gateway(sales, sign_in=True, users="web-users.C-1@1"))

    def status(url: str, user: str) -> str:
        way = ("-x", f"http://{GATEWAY4}:3128", *(("--proxy-user", user) if user else ()))
        return web.curl(url, *way, "-o", "/dev/null", "-w", "%{http_code}").stdout

    assert status("http://shop.test/", "") == "407"
    assert status("http://shop.test/", "alice:wrong") == "407"
    assert status("http://shop.test/", "nobody:pass of alice") == "407"
    assert status("http://shop.test/", "alice:pass of alice") == "403"
    assert status("http://shop.test/", "bøb:pass of bøb") == "200"
    assert status("http://ok.test/", "bøb:pass of bøb") == "403"
    assert web.curl("http://shop.test/").returncode == 0  # taken without the client's doing: nobody to ask
    told = eventually(lambda: [each for each in web.records() if each["rule"] == "r-one"])
    assert (told[-1]["who"], told[-1]["contract"], told[-1]["policy"]) == ("bøb", "C-1", "3")


def test_requests_leave_by_the_address_told_and_a_new_address_refuses_nothing(web: Stand) -> None:
    plain = policy(version=4)
    web.put(web.gateway(plain, egress=(EGRESS4,)))
    before = {program: pid for program, pid in web.host.running().items() if "squid" in program}
    with web.load("http://ok.test/", "https://ok.test/") as failures:
        web.put(web.gateway(policy(*RULES, version=5), egress=(EGRESS4,)))
        web.put(web.gateway(plain, egress=(EGRESS4, EGRESS6)))
    assert failures.done > 50 and not failures.told, (failures.done, failures.told[:3])
    assert {program: pid for program, pid in web.host.running().items() if "squid" in program} != before
    assert f'"from": "::ffff:{EGRESS4}"' in web.curl("http://v4.test/").stdout
    assert f'"from": "{EGRESS6}"' in web.curl("http://v6.test/", "-6").stdout


def test_what_is_refused_is_told_to_the_office_with_its_rule(web: Stand) -> None:
    web.put(web.gateway(policy(*RULES, version=6)))
    assert web.curl("http://bad.test/path").returncode == 0
    lane = Path(web.host.state("events", "web"))

    def told() -> list[Any]:
        events = Taking(lane).due(1000)
        return [each for each in events if each["kind"] == "web.refused" and each["body"]["policy"] == 6]

    (trusted,) = [each for each in Taking(lane).due(1000) if each["kind"] == "web.trusted"]
    assert trusted["body"]["certificate"] == Path(web.trust()).read_text()
    event = eventually(told)[-1]
    assert datetime.fromisoformat(event["at"]).tzinfo is not None
    body = event["body"]
    assert (body["rule"], body["contract"], body["source"], body["url"], body["status"]) == (
        *("r-bad", "C-1", CLIENT4, "http://bad.test/path", 403),
    )


def test_a_list_comes_beside_the_orders_and_is_waited_for(web: Stand) -> None:
    web.put(web.gateway(policy(version=6)))
    listed = policy(Rule("r-list", "block", lists=("category.games",)), version=7)
    gateway = web.gateway(listed, packed={"category.games": "web-list.games@1"})
    part = WebList(FOR, "category.games", "web-list.games@1")
    acts = [step.act for step in Squid().plan((*gateway, part), Squid().see(web.host))]
    assert acts == ["await"]
    names = "".join(f"play{n}.test  # a game\n" for n in range(100_000))
    web.host.write(web.host.state("sacks", "web-list.games@1"), "Ok.Test\n" + names)
    web.put((*gateway, part))
    assert "r-list" in web.curl("http://www.ok.test/").stdout
    assert "r-list" in web.curl("http://play99999.test/").stdout
    assert '"host": "bad.test"' in web.curl("http://bad.test/").stdout


@pytest.mark.parametrize(
    "harm",
    [
        "delete table inet kitei_web",
        "flush chain inet kitei_web taken",
        "insert rule inet kitei_web own drop",
    ],
)
def test_another_hands_changes_are_repaired(web: Stand, harm: str) -> None:
    gateway = web.gateway(policy(version=8))
    web.put(gateway)
    assert web.host.run(["nft", harm]).code == 0
    assert [step.act for step in web.put(gateway)] == ["rules"]
    assert web.curl("http://ok.test/").returncode == 0


def test_who_is_not_inside_finds_no_proxy(web: Stand) -> None:
    web.put(web.gateway(policy(version=8)))
    there = [f"http://203.0.113.101:{port}" for port in (3128, *ports_of(0), *ports_of(1))]
    outside = ("ip", "netns", "exec", web.outside, "curl", "-sS", "--max-time", "2", "http://ok.test/", "-x")
    asking = [subprocess.Popen([*outside, each], stderr=subprocess.DEVNULL) for each in there]
    assert {each.wait(20) for each in asking} <= {7, 28}


def test_the_tester_answers_as_the_proxy_does(web: Stand) -> None:
    """Rules and requests by chance; whatever the tables say is what a client gets."""
    chance = random.Random(20261121)
    hosts = ("ok.test", "bad.test", "shop.test", "a.shop.test", "bank.test")
    paths = ("/", "/toys/1", "/books/")
    for version in (20, 21):
        rules = tuple(_rule(chance, f"r-{n}", hosts, paths) for n in range(6))
        asked = Policy("C-1", version, rules, chance.choice(("allow", "block")), inspect=version != 21)
        web.put(web.gateway(asked, lists={"own": ("shop.test",)}))
        tables = Tables(asked, {"own": {"shop.test"}})
        for host in hosts:
            for path in paths:
                for scheme in ("http", "https"):
                    told = _told(tables, scheme, host, path)
                    got = web.curl(f"{scheme}://{host}{path}", "-k", "-w", "%{http_code}").stdout
                    if told.action == "allow":
                        assert got.endswith("200"), (told, got)
                    elif scheme == "http" or told.inspect:
                        assert f"規則: {told.rule}(" in got and got.endswith("403"), (told, got)
                    else:
                        assert got == "000", (told, got)


def _told(tables: Tables, scheme: str, host: str, path: str) -> Verdict:
    """Inside TLS the path is seen only where it is opened."""
    at, source = datetime.now(UTC), CLIENT4
    closed = decide_request(tables, Request(host, None, "", source), at)
    if scheme == "https" and not closed.inspect:
        return closed
    return decide_request(tables, Request(host, path, "", source), at)


def _rule(chance: random.Random, name: str, hosts: tuple[str, ...], paths: tuple[str, ...]) -> Rule:
    place: dict[str, Any] = chance.choice(
        (
            {"domains": (chance.choice(hosts),)},
            {"domains": ("test",)},
            {"lists": ("own",)},
            {"urls": ((chance.choice(hosts), chance.choice(paths)),)},
        )
    )
    action: Any = chance.choice(("allow", "block", "no-inspect"))
    if action == "no-inspect" and "urls" in place:
        action = "block"
    return Rule(name, action, **place, hours=chance.choice(((), (), ((0, 1440),))))
