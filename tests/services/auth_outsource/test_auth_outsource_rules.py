"""Laws of Authentication Outsource: sets, terminals, lines, exclusive kinds, caps; and a contract's life."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.clauses.conclusion import last_day
from kitei.clauses.history import History
from kitei.desk import Decision, Unreadable, Verdict
from kitei.ledger import Fact
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource import SERVICE
from kitei.services.auth_outsource.application import ACTS
from kitei.services.auth_outsource.cases import LINE
from kitei.services.auth_outsource.contract import days_of_use, door
from kitei.services.auth_outsource.edition import TERMS
from kitei.services.auth_outsource.rules.traffic import line_meant
from kitei.values import JST, Yen

DAY = date(2026, 2, 2)
EDITION = TERMS.first
LINES = {
    "type-d": {"holds": "IIJモバイルサービス/タイプD", "item_class": "I"},
    "type-k": {"holds": "IIJモバイルサービス/タイプK", "item": "定額プランL"},
    "type-i": {"holds": "IIJモバイルサービス/タイプI", "network_type_class": "III"},
}
ITEMS = tuple(LINES)
KINDS = ("client", "group", "proxy", "vpdn")


def at(day: date, hour: int = 10) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=JST)


def history(*items: str, day: date = DAY) -> History:
    """A customer with the mobile lines of some items, and quotes for everything."""
    found = History(LINE, day)
    for item in items:
        body: dict[str, Any] = {"id": item, "first": "2020-01-01", "last": None, **LINES[item]}
        found.say("service.held", "customer:C1", **body)
    for fee, amount in (("initial", 40000), ("monthly", 30000), ("option-monthly", 9000), ("change", 3000)):
        quote: dict[str, Any] = {
            "fee": fee,
            "amount": amount,
            "first": "2020-01-01",
            "last": None,
            "scope": {},
        }
        found.say("quote.recorded", "customer:C1", **quote)
    return found


def act(name: str, day: date = DAY, **more: Any) -> Any:
    return SERVICE.read(name, {"by": "C1", "at": at(day).isoformat(), **more}, EDITION)


def ask(told: History, name: str, day: date = DAY, **more: Any) -> Decision:
    asked = act(name, day, **more)
    return SERVICE.decide(asked, told.situation(day), asked.at)


def contract(told: History, name: str, day: date = DAY) -> Contract:
    return told.situation(day).contract(name)


def wanted(kind: str, at_index: int, item: str = "type-d") -> dict[str, Any]:
    own: dict[str, dict[str, Any]] = {
        "client": {"ip": f"192.0.2.{at_index + 1}"},
        "vpdn": {"item": item},
        "group": {"accounts": 10},
    }
    return {"kind": kind, **own.get(kind, {})}


# -- what goes together ------------------------------------------------------------------------------


@given(some.lists(some.sampled_from(KINDS), min_size=1, max_size=6))
@settings(max_examples=80, deadline=None)
def test_a_batch_is_accepted_if_it_is_a_set_and_no_proxy_meets_a_group(kinds: list[str]) -> None:
    decision = ask(
        history("type-d"), "apply", services=[wanted(kind, index) for index, kind in enumerate(kinds)]
    )
    whole = "vpdn" in kinds or ("client" in kinds and {"group", "proxy"} & set(kinds))
    apart = not {"group", "proxy"} <= set(kinds)
    assert (decision.outcome is Verdict.ACCEPT) == bool(whole and apart)


@given(some.integers(0, 120), some.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_a_proxy_begins_the_day_after_the_groups_last_and_no_earlier(notice: int, start: int) -> None:
    told = history()
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1)]))
    told.do(act("cancel", contract="C1-group-1", designated=(DAY + timedelta(days=notice)).isoformat()))
    last = days_of_use(contract(told, "C1-group-1")).last
    assert last == max(DAY + timedelta(days=notice), DAY + timedelta(days=30))
    first = DAY + timedelta(days=start)
    decision = ask(told, "apply", services=[{"kind": "proxy", "first": first.isoformat()}])
    assert (decision.outcome is Verdict.ACCEPT) == (first > last)


@given(some.integers(8, 32), some.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_client_is_a_single_address_however_it_is_written(bits: int, third: int) -> None:
    prefix = f"10.{third}.0.0/{bits}" if bits > 15 else f"10.0.0.0/{bits}"
    services = [{"kind": "client", "ip": prefix}, {"kind": "group"}]
    told = history()
    if ask(told, "apply", services=services).outcome is Verdict.ACCEPT:
        assert bits == 32
        told.do(act("apply", services=services))
        again = ask(told, "apply", services=[{"kind": "client", "ip": prefix.removesuffix("/32")}])
        assert again.outcome is Verdict.REFUSE
    else:
        assert bits < 32


@given(some.sampled_from(ITEMS), some.sets(some.sampled_from(ITEMS)), some.booleans())
@settings(max_examples=60, deadline=None)
def test_an_item_takes_its_own_line_and_only_d_goes_with_the_gateway(
    item: str, lines: set[str], gateway: bool
) -> None:
    told = history(*sorted(lines))
    if gateway:
        body = {"holds": "IIJモバイル大規模プライベートゲートウェイサービス", "id": "g", "last": None}
        told.say("service.held", "customer:C1", first="2020-01-01", **body)
    decision = ask(told, "apply", services=[wanted("vpdn", 0, item)])
    assert (decision.outcome is Verdict.ACCEPT) == (item in lines and not (gateway and item != "type-d"))


@pytest.mark.parametrize("item", ITEMS)
def test_the_gateway_added_later_is_decided_as_at_application(item: str) -> None:
    told = history(*ITEMS)
    told.do(act("apply", services=[wanted("vpdn", 0, item)]))
    decision = ask(told, "take-service", service="IIJモバイル大規模プライベートゲートウェイサービス")
    assert (decision.outcome is Verdict.ACCEPT) == (item == "type-d")


@given(some.text(max_size=40))
def test_what_a_line_is_called_is_read_or_left(text: str) -> None:
    found = line_meant(history().situation(), text)
    assert found is None or text


# -- a contract's life -------------------------------------------------------------------------------


def test_what_is_applied_for_is_what_the_network_gets() -> None:
    told = history("type-k")
    services = [
        {"kind": "client", "ip": "192.0.2.10", "realm": "example.jp"},
        {"kind": "group", "accounts": 20, "realm": "example.jp"},
        {
            "kind": "VPDN",
            "item": "タイプK",
            "terminators": ["203.0.113.1", "203.0.113.2"],
            "options": [{"option": "負荷分散オプション"}],
        },
    ]
    told.do(act("apply", services=services))
    doors = {
        name: door(each, DAY) for name, each in told.situation().contracts.items() if each.is_in_force(DAY)
    }
    assert list(doors) == ["C1-client-1", "C1-group-1", "C1-vpdn-1"]
    assert (doors["C1-client-1"].ip, doors["C1-client-1"].realm) == ("192.0.2.10", "example.jp")
    assert doors["C1-group-1"].accounts == 20 and not doors["C1-group-1"].balanced
    vpdn = doors["C1-vpdn-1"]
    assert vpdn.item == "type-k"
    assert [each.address for each in vpdn.terminators] == ["203.0.113.1", "203.0.113.2"]
    assert vpdn.balanced


def test_an_initial_fee_told_for_the_whole_is_owed_once() -> None:
    decision = ask(history(), "apply", services=[wanted("client", 0), wanted("group", 1)])
    assert decision.amounts["initial"] == Yen(40000)
    assert [each.contract for each in decision.charges] == ["C1-client-1"]


@given(some.dates(date(2026, 1, 1), date(2028, 12, 31)), some.integers(0, 45))
@settings(max_examples=80, deadline=None)
def test_an_ending_costs_no_more_than_the_month_and_nothing_once_it_is_over(start: date, later: int) -> None:
    told = history(day=start)
    told.do(act("apply", start, services=[wanted("client", 0), wanted("group", 1)]))
    told.do(
        SERVICE.read(
            "start-billing",
            {"by": "operator", "at": at(start).isoformat(), "contract": "C1-group-1", "billing_start": start},
            EDITION,
        )
    )
    end = start + timedelta(days=later)
    decision = ask(
        told,
        "operator-terminate",
        end,
        by="operator",
        contract="C1-group-1",
        effective=end.isoformat(),
    )
    due, last = decision.amounts["settlement"], decision.dates["term_end"]
    assert 0 <= due <= 30000
    assert (due == 0) == (end >= last)


def test_a_change_is_charged_and_changes_the_contract() -> None:
    told = history()
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1)]))
    change: dict[str, Any] = {"contract": "C1-group-1", "matter": "アカウント数", "number": 150}
    assert ask(told, "change", **change).amounts == {"change": Yen(3000)}
    told.do(act("change", **change))
    found = contract(told, "C1-group-1")
    assert door(found, DAY).accounts == 150
    assert [(each.name, each.amount) for each in found.charges] == [("change", Yen(3000))]


def test_a_designated_change_of_kind_leaves_no_proxy_beside_a_group() -> None:
    told = history()
    told.say("operator.listed", list="changeable-matters", entries=["種類"])
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1), wanted("group", 2)]))
    change: dict[str, Any] = {"contract": "C1-group-1", "matter": "種類", "to": "プロキシ"}
    assert ask(told, "change", **change).outcome is Verdict.REFUSE
    told.do(act("cancel", contract="C1-group-2"))
    later = DAY + timedelta(days=31)
    assert ask(told, "change", later, **change).outcome is Verdict.ACCEPT
    told.do(act("change", later, **change))
    assert door(contract(told, "C1-group-1", later), later).kind == "proxy"


def test_an_option_lives_and_ends_with_its_vpdn() -> None:
    told = history("type-d")
    told.do(act("apply", services=[wanted("vpdn", 0)]))
    told.do(act("add-option", contract="C1-vpdn-1", option="負荷分散", billing_start="2026-03-31"))
    option = contract(told, "C1-vpdn-1").options[0]
    assert option.term is not None and option.term.last == date(2026, 4, 30)
    cancel = act("cancel", contract="C1-vpdn-1", designated="2026-04-15")
    decision = SERVICE.decide(cancel, told.situation(), cancel.at)
    assert decision.amounts["option-settlement"] == Yen(4500)
    told.do(cancel)
    ended = contract(told, "C1-vpdn-1")
    assert ended.ending is not None and ended.options[0].ending is not None
    assert ended.ending.last == ended.options[0].ending.last == last_day(told.situation(), date(2026, 4, 15))


def test_a_service_that_is_taken_is_held_from_then_on() -> None:
    told = history()
    asked = act("take-service", service="IIJモバイルサービス/タイプI", network_type_class="Ⅲ")
    told.do(asked)
    assert ask(told, "apply", services=[wanted("vpdn", 0, "type-i")]).outcome is Verdict.ACCEPT


@given(some.integers(0, 20), some.integers(1, 20), some.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_sessions_are_served_up_to_the_cap_and_not_beyond(there: int, cap: int, times: int) -> None:
    told = history()
    told.say("operator.set", name="max-sessions-per-realm", value=cap)
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1)]))
    event: dict[str, Any] = {
        "event": "access-request",
        "source": "192.0.2.1",
        "sessions": there,
        "times": times,
    }
    decision = ask(told, "network-event", **event)
    assert (decision.outcome is Verdict.ACCEPT) == (there + times <= cap)
    assert "art:14.2" in {cite.path for cite in decision.cites}


@given(some.integers(0, 12), some.integers(1, 12))
def test_a_database_holds_no_more_accounts_than_were_contracted(there: int, accounts: int) -> None:
    told = history()
    told.do(act("apply", services=[wanted("client", 0), {"kind": "group", "accounts": accounts}]))
    decision = ask(told, "network-event", event="account-created", in_use=there)
    assert (decision.outcome is Verdict.ACCEPT) == (there < accounts)


def test_two_customers_of_one_realm_never_meet() -> None:
    told = history()
    services = [{**wanted("client", 0), "realm": "example.jp"}, {**wanted("group", 1), "realm": "example.jp"}]
    told.do(act("apply", services=services))
    assert ask(told, "apply", by="C2", services=services).outcome is Verdict.REFUSE
    other = [{**wanted("client", 8), "realm": "example.com"}, {**wanted("group", 1), "realm": "Example.com"}]
    told.do(act("apply", by="C2", services=other))
    event: dict[str, Any] = {"event": "access-request", "source": "192.0.2.1", "user": "a@example.org"}
    assert ask(told, "network-event", **event).outcome is Verdict.REFUSE


def test_one_terminal_of_two_customers_is_for_people_to_decide() -> None:
    told = history()
    services = [wanted("client", 0), wanted("group", 1)]
    told.do(act("apply", services=services))
    decision = ask(told, "apply", by="C2", services=services)
    assert (decision.verdict, decision.outcome) == (Verdict.REFER, Verdict.ACCEPT)


def test_by_each_door_a_realm_leads_to_one_contract_and_clients_serve_whichever_there_is() -> None:
    told = history("type-d", "type-k")
    realm = {"realm": "example.jp"}
    services = [{**wanted("client", 0), **realm}, {**wanted("group", 1), **realm}]
    told.do(act("apply", services=services))
    dial = {**wanted("vpdn", 3), **realm}

    def outcome(*services: dict[str, Any], by: str = "C1") -> Verdict:
        decision = ask(told, "apply", by=by, services=list(services))
        is_cited = "art:5.6.1" in {cite.path for cite in decision.cites}
        assert is_cited, decision
        return decision.outcome

    assert outcome({**wanted("group", 2), **realm}) is Verdict.REFUSE
    assert outcome({**wanted("client", 5), **realm}) is Verdict.ACCEPT
    assert outcome(dial) is Verdict.ACCEPT, "a phone's tunnel ends where its user is asked about, by one name"
    assert outcome(dial, {**dial, "realm": "@Example.JP"}) is Verdict.REFUSE
    assert outcome(dial, {**dial, "item": "type-k"}) is Verdict.ACCEPT, "another mobile network asks"
    assert outcome(dial, by="C2") is Verdict.REFUSE, "the realm is its customer's"
    told.do(act("apply", services=[dial, {**dial, "item": "type-k"}]))
    assert outcome(dial) is Verdict.REFUSE
    told.say("operator.listed", list="changeable-matters", entries=["品目"])
    turned = ask(told, "change", contract="C1-vpdn-2", matter="品目", to=["タイプD"])
    assert turned.outcome is Verdict.REFUSE and "art:5.6.1" in {cite.path for cite in turned.cites}


@pytest.mark.parametrize(
    "realm", ["a b.jp", "a@b.jp", "a.jp/d", "@", ".jp", "a..jp", "a\nb", "-", "x" * 121, "?"]
)
def test_what_no_name_could_end_with_is_no_realm(realm: str) -> None:
    told = history()
    services = [wanted("client", 0), {**wanted("group", 1), "realm": realm}]
    decision = ask(told, "apply", services=services)
    assert decision.outcome is Verdict.REFUSE and "art:5.6.1" in {cite.path for cite in decision.cites}


# -- what the customer prepares ----------------------------------------------------------------------


def test_each_kind_is_prepared_in_its_own_way() -> None:
    told = history("type-d")
    kinds = ("client", "proxy", "vpdn")
    told.do(act("apply", services=[wanted(kind, index) for index, kind in enumerate(kinds)]))
    ways: dict[str, Any] = {
        "realm": "example.jp",
        "home_servers": [{"address": "192.0.2.200"}],
        "terminators": [{"address": "192.0.2.201"}],
        "users": 3,
        "transition": True,
    }
    fits = {
        (name, kind): ask(told, "prepare", contract=f"C1-{kind}-1", **{name: value}).outcome
        for name, value in ways.items()
        for kind in kinds
    }
    accepted = {pair for pair, outcome in fits.items() if outcome is Verdict.ACCEPT}
    assert accepted == {
        *(("realm", kind) for kind in kinds),
        ("home_servers", "proxy"),
        ("terminators", "vpdn"),
        ("transition", "client"),
    }


def test_what_was_designated_before_changes_under_article_7() -> None:
    told = history()
    told.do(act("apply", services=[wanted("client", 0), wanted("proxy", 1)]))
    told.do(act("prepare", contract="C1-proxy-1", realm="a.jp", home_servers=[{"address": "192.0.2.200"}]))
    home = door(contract(told, "C1-proxy-1"), DAY).homes[0]
    assert (home.address, home.port, home.transport) == ("192.0.2.200", 1812, "udp")
    again = ask(told, "prepare", contract="C1-proxy-1", home_servers=[{"address": "192.0.2.202"}])
    assert again.outcome is Verdict.REFUSE and "art:7.1.2" in {cite.path for cite in again.cites}
    told.say("operator.listed", list="changeable-matters", entries=["接続要求転送先"])
    told.do(act("change", contract="C1-proxy-1", matter="接続要求転送先", to=["192.0.2.202"]))
    assert [each.address for each in door(contract(told, "C1-proxy-1"), DAY).homes] == ["192.0.2.202"]


def test_users_are_handed_over_again_and_again_within_the_accounts() -> None:
    told = history()
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1)]))
    for count in (3, 10):
        told.do(act("prepare", contract="C1-group-1", users=count, methods=["peap", "pap"]))
    assert contract(told, "C1-group-1").body["users"] == 2
    assert ask(told, "prepare", contract="C1-group-1", users=11).outcome is Verdict.REFUSE


# -- who does what -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("start-billing", {"billing_start": "2026-03-01"}),
        ("limit-function", {"limit": "other-service"}),
        ("explain-outage", {"outage": "outage-1", "limit": "session-cap"}),
        ("operator-terminate", {"effective": "2026-03-01"}),
    ],
)
def test_what_is_the_operators_to_do_no_customer_does(name: str, more: dict[str, Any]) -> None:
    told = history()
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1)]))
    found = {"id": "outage-1", "began_at": at(DAY).isoformat(), "known_at": at(DAY).isoformat()}
    outage: dict[str, Any] = {**found, "restored_at": None, "total": True, "equally_bad": False}
    told.record(
        "contract:C1-group-1",
        Fact("outage.found", {**outage, "cause": "operator", "evidence": []}, DAY),
    )
    for by, outcome in (("operator", Verdict.ACCEPT), ("C1", Verdict.REFUSE), ("C2", Verdict.REFUSE)):
        assert ask(told, name, by=by, contract="C1-group-1", **more).outcome is outcome, by


def test_an_outage_of_an_allowed_limit_is_no_longer_the_operators() -> None:
    told = history()
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1)]))
    later = DAY + timedelta(days=3)
    outage: dict[str, Any] = {
        "id": "outage-1",
        "contract": "C1-group-1",
        "began_at": at(DAY).isoformat(),
        "known_at": at(DAY).isoformat(),
        "restored_at": at(DAY + timedelta(days=2)).isoformat(),
        "total": True,
        "equally_bad": False,
        "cause": "operator",
        "evidence": [],
    }
    told.record("contract:C1-group-1", Fact("outage.found", outage, DAY))
    assert ask(told, "claim-credit", later, contract="C1-group-1").amounts["credit"] == Yen(2000)
    explanation = {"contract": "C1-group-1", "outage": "outage-1", "limit": "セッションの上限"}
    told.do(act("explain-outage", later, by="operator", **explanation))
    decision = ask(told, "claim-credit", later, contract="C1-group-1")
    assert decision.outcome is Verdict.REFUSE and "art:14.2" in {cite.path for cite in decision.cites}
    unknown = {**explanation, "outage": "outage-2"}
    assert ask(told, "explain-outage", later, by="operator", **unknown).outcome is Verdict.REFUSE


# -- bad input ---------------------------------------------------------------------------------------


def test_every_fault_is_told_with_its_place() -> None:
    with pytest.raises(Unreadable) as told:
        act("apply", services=[{"kind": "client", "ip": "192.0.2.300", "colour": 1}, {"accounts": "many"}])
    places = [fault.place for fault in told.value.faults]
    assert places == [
        "apply.services[0].colour",
        "apply.services[0].ip[0]",
        "apply.services[1].kind",
        "apply.services[1].accounts",
    ]


ACTS_AS_WRITTEN: dict[str, dict[str, Any]] = {
    "apply": {
        "services": [
            {**wanted("client", 3), "realm": "a.example", "first": "2026-02-10", "last": "2026-12-31"},
            {**wanted("group", 4), "realm": "b.example"},
            {
                **wanted("vpdn", 5),
                "terminators": ["192.0.2.9"],
                "options": [
                    {"option": "load-balancing", "form": "prescribed", "billing_start": "2026-03-01"}
                ],
            },
            {"kind": "proxy", "forward_to": ["192.0.2.8"]},
        ],
        "beside": [{"service": "IIJモバイルサービス/タイプK", "item": "定額プラン", "first": "2026-02-02"}],
        "billing_start": "2026-03-01",
        "known": {"accepted_on": "2026-02-03", "accounts_in_use": 3},
    },
    "prepare": {
        "contract": "C1-group-1",
        "realm": "a.example",
        "home_servers": [{"address": "192.0.2.7", "port": 1812, "transport": "udp", "weight": 1}],
        "terminators": [{"address": "192.0.2.6", "preference": 1, "secret": True}],
        "users": 3,
        "methods": ["pap"],
        "new_secret": True,
        "transition": False,
    },
    "start-billing": {"contract": "C1-group-1", "billing_start": "2026-03-01", "option": None},
    "add-option": {"contract": "C1-vpdn-1", "option": "load-balancing", "billing_start": "2026-03-01"},
    "stop-option": {"contract": "C1-vpdn-1", "option": "load-balancing", "designated": "2026-05-01"},
    "change": {"contract": "C1-group-1", "matter": "accounts", "number": 5, "to": ["x"]},
    "take-service": {"service": "IIJモバイルサービス/タイプI", "network_type_class": "III"},
    "lose-service": {"service": "IIJモバイルサービス/タイプD", "customer": "C1"},
    "cancel": {"contract": "C1-group-1", "form": "prescribed", "arrived": "2026-02-02"},
    "operator-terminate": {"contract": "C1-group-1", "by": "operator", "effective": "2026-03-01"},
    "claim-credit": {"contract": "C1-group-1", "outage": "outage-1"},
    "claim-warranty": {"contract": "C1-group-1", "warranty": "availability"},
    "explain-outage": {"contract": "C1-group-1", "outage": "outage-1", "limit": "session-cap"},
    "limit-function": {"contract": "C1-group-1", "limit": "other-service", "service": "x"},
    "provision": {"contract": "C1-vpdn-1", "known": {"ready": {"realm": True}}},
    "check-readiness": {"contract": "C1-client-1"},
    "read-term": {"contract": "C1-vpdn-1", "option": "load-balancing"},
    "day-check": {"contract": "C1-vpdn-1"},
    "month-close": {"contract": "C1-group-1", "customer": "C1"},
    "network-event": {
        "event": "vpdn-request",
        "contract": "C1-vpdn-1",
        "source": "192.0.2.1",
        "user": "u@a.example",
        "line": "IIJモバイルサービス/タイプD class I",
        "times": 3,
        "sessions": 4,
        "terminators": ["a", "b"],
        "down": ["a"],
    },
}
ODD: tuple[Any, ...] = (
    None,
    -1,
    0,
    10**12,
    "",
    " ",
    "??",
    "2026-02-30",
    "9999-12-31",
    [],
    {},
    [[]],
    True,
    "Ⅲ" * 99,
)


def mutants(written: Any) -> Any:
    """Every way to put something odd in one place, or to leave one thing out."""
    if isinstance(written, dict):
        for key, value in written.items():
            yield {other: each for other, each in written.items() if other != key}
            for odd in (*ODD, *mutants(value)):
                yield {**written, key: odd}
    elif isinstance(written, list):
        for at_index, value in enumerate(written):
            for odd in (*ODD, *mutants(value)):
                yield [*written[:at_index], odd, *written[at_index + 1 :]]


def test_acts_as_written_here_are_all_there_are() -> None:
    assert set(ACTS_AS_WRITTEN) == set(ACTS)


@pytest.mark.parametrize("name", ACTS_AS_WRITTEN)
def test_whatever_is_asked_is_decided_or_every_fault_of_it_told(name: str) -> None:
    told = history("type-d")
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1), wanted("vpdn", 2)]))
    told.do(act("add-option", contract="C1-vpdn-1", option="load-balancing"))
    situation = told.situation()
    basic = {"by": "C1", "at": at(DAY).isoformat()}
    decided = 0
    for mutant in (ACTS_AS_WRITTEN[name], *mutants(ACTS_AS_WRITTEN[name])):
        try:
            asked = SERVICE.read(name, {**basic, **mutant}, EDITION)
        except Unreadable as unreadable:
            assert all(each.place and each.wrong.ja for each in unreadable.faults)
            continue
        contract_named = getattr(asked, "contract", None)
        if contract_named is not None and contract_named not in situation.contracts:
            with pytest.raises(LookupError, match="there is no contract"):
                SERVICE.decide(asked, situation, asked.at)
            continue
        decision = SERVICE.decide(asked, situation, asked.at)
        decided += 1
        if decision.verdict is Verdict.ACCEPT:
            for stream, fact in SERVICE.conclude(asked, decision, situation):
                assert stream and fact.body
    assert decided


def test_every_act_answers_something_with_a_provision() -> None:
    told = history("type-d")
    told.do(act("apply", services=[wanted("client", 0), wanted("group", 1), wanted("vpdn", 2)]))
    more: dict[str, dict[str, Any]] = {
        "apply": {"services": [wanted("group", 1)]},
        "prepare": {"users": 3},
        "start-billing": {"billing_start": "2026-03-01"},
        "add-option": {"contract": "C1-vpdn-1", "option": "load-balancing"},
        "stop-option": {"option": "load-balancing"},
        "change": {"matter": "accounts", "number": 5},
        "take-service": {"service": "メール"},
        "lose-service": {"service": "IIJモバイルサービス/タイプD"},
        "operator-terminate": {"by": "operator", "effective": "2026-03-01"},
        "claim-warranty": {"warranty": "availability"},
        "explain-outage": {"outage": "outage-1", "limit": "session-cap"},
        "limit-function": {"limit": "other-service"},
        "network-event": {"event": "access-request", "source": "192.0.2.1"},
    }
    nameless = ("apply", "take-service", "lose-service", "network-event")
    for name in ACTS:
        own = {} if name in nameless else {"contract": "C1-group-1"}
        decision = ask(told, name, **{**own, **more.get(name, {})})
        assert decision.cites, name
        assert all(each.why.ja and each.why.en for each in decision.findings), name
