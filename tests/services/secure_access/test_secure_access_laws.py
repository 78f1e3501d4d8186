"""Laws of Secure Access: the limit, the least accounts, who may have what, and money that adds up."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.desk import Decision, Verdict
from kitei.desk.cases import Case
from kitei.services.secure_access.cases import run, translate
from kitei.services.secure_access.conclusion import conclude
from kitei.services.secure_access.edition import TERMS
from kitei.terms import term_last_day

KINDS = TERMS.first.value("kinds").slugs
QUALIFYING = ("web-gateway", "firewall-1", "firewall-2")
BACKBONE = [{"customer": "C1", "service": "IIJプライベートバックボーンサービス"}]
AT = "2026-06-01T10:00:00+09:00"

applications = some.lists(
    some.fixed_dictionaries({"kind": some.sampled_from(KINDS), "accounts": some.integers(45, 60)}),
    min_size=1,
    max_size=9,
)
held = some.lists(some.sampled_from(KINDS), max_size=6)


def contract(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "customer": "C1", "kind": kind, "billing_start": "2026-04-01", **more}


def case(contracts: list[dict[str, Any]], **when: Any) -> Case:
    given = {"contracts": contracts, "other_services": [dict(each) for each in BACKBONE]}
    return Case("X", TERMS.service, given, {"at": AT, "by": "C1", **when}, {})


def applied(there: list[str], wanted: list[dict[str, Any]]) -> tuple[Case, Decision]:
    contracts = [contract(f"K{at}", kind) for at, kind in enumerate(there)]
    asked = case(contracts, action="apply", applications=wanted)
    return asked, run(asked)


@given(held, applications)
@settings(max_examples=150, deadline=None)
def test_no_batch_leads_beyond_the_limit_and_none_is_cut_short(
    there: list[str], wanted: list[dict[str, Any]]
) -> None:
    asked, decision = applied(there, wanted)
    accepted = [each["kind"] for at, each in enumerate(wanted) if decision.of_part(at) is Verdict.ACCEPT]
    for kind in KINDS:
        before, more = there.count(kind), accepted.count(kind)
        assert more == 0 or before + more <= 3
        fit = sum(each["kind"] == kind and each["accounts"] >= 50 for each in wanted)
        if kind in QUALIFYING:
            assert more == max(0, min(fit, 3 - before))
    granted = decision.granted()
    act, situation = translate(asked)
    facts = conclude(act, granted, situation) if granted else ()
    concluded = [fact.body["kind"] for _, fact in facts if fact.kind == "contract.concluded"]
    assert concluded == accepted


@given(held, applications)
@settings(max_examples=100, deadline=None)
def test_whoever_gets_a_connect_kind_has_a_gateway_or_a_firewall(
    there: list[str], wanted: list[dict[str, Any]]
) -> None:
    _, decision = applied(there, wanted)
    accepted = [each["kind"] for at, each in enumerate(wanted) if decision.of_part(at) is Verdict.ACCEPT]
    if any(kind not in QUALIFYING for kind in accepted):
        assert any(kind in QUALIFYING for kind in (*there, *accepted))


@given(applications)
@settings(max_examples=60, deadline=None)
def test_the_order_of_a_batch_does_not_change_how_many_of_a_kind_it_brings(
    wanted: list[dict[str, Any]],
) -> None:
    def brought(batch: list[dict[str, Any]]) -> list[str]:
        _, decision = applied([], batch)
        return sorted(each["kind"] for at, each in enumerate(batch) if decision.of_part(at) is Verdict.ACCEPT)

    assert brought(wanted) == brought(wanted[::-1])


@given(
    start=some.dates(date(2026, 4, 2), date(2032, 1, 1)),
    days=some.integers(0, 60),
    basic=some.integers(0, 100_000),
    each=some.integers(0, 1_000),
    accounts=some.integers(50, 500),
)
@settings(max_examples=150, deadline=None)
def test_a_settlement_is_what_remains_of_the_month_at_the_fee_of_the_last_day(
    start: date, days: int, basic: int, each: int, accounts: int
) -> None:
    effective = start + timedelta(days=days)
    model = {"basic_jpy": basic, "per_account_jpy": each}
    gateway = contract(
        "W1", "web-gateway", accounts=accounts, billing_start=start.isoformat(), fee_model=model
    )
    when = {"action": "operator-terminate", "at": f"{effective}T10:00:00+09:00", "contract": "W1"}
    asked = Case(
        "X", TERMS.service, {"contracts": [gateway]}, {**when, "effective": effective.isoformat()}, {}
    )
    decision = run(asked)
    last, fee = term_last_day(start, 1), basic + each * accounts
    left = (last - effective).days
    if left <= 0:
        assert decision.amounts["settlement"] == 0
    elif left < 28:
        assert abs(decision.amounts["settlement"] - fee * left / 30) <= 0.5
    assert decision.dates["effective"] == effective


@given(some.integers(50, 400), some.integers(50, 400), some.integers(1, 500))
@settings(max_examples=60, deadline=None)
def test_a_month_costs_by_the_accounts_of_its_end(before: int, after: int, each: int) -> None:
    gateway = contract(
        "W1",
        "web-gateway",
        accounts=before,
        fee_model={"basic_jpy": 1_000, "per_account_jpy": each},
        changes=[{"date": "2026-06-01", "accounts": after}],
    )
    told = run(case([gateway], action="month-close", contract="W1"))
    assert told.amounts["monthly"] == 1_000 + each * after
    flat = contract(
        "X1",
        "private-connect",
        accounts=before,
        fee_model={"basic_jpy": 1_000, "flat_jpy": each},
        changes=[{"date": "2026-06-01", "accounts": after}],
    )
    assert run(case([flat], action="month-close", contract="X1")).amounts["monthly"] == 1_000 + each


@given(some.integers(-10_000, 10_000), some.sampled_from(("web-gateway", "remote-connect")))
@settings(max_examples=60, deadline=None)
def test_accounts_change_to_fifty_or_more_and_to_nothing_less(accounts: int, kind: str) -> None:
    decision = run(case([contract("W1", kind)], action="change", contract="W1", accounts=accounts))
    assert (decision.verdict is Verdict.ACCEPT) == (accounts >= 50)


@given(some.sampled_from(KINDS), some.integers(0, 3_000))
@settings(max_examples=60, deadline=None)
def test_traffic_is_carried_by_the_kind_it_is_for_and_no_other(kind: str, megabits: int) -> None:
    contracts = [contract("W1", "web-gateway"), contract("K1", kind)]
    fast = run(case(contracts, action="network-event", contract="K1", mbps=megabits))
    assert (fast.verdict is Verdict.ACCEPT) == (kind == "private-connect" and megabits <= 1_000)
    page = run(case(contracts, action="network-event", contract="K1", http_request="https://example.com/"))
    assert (page.verdict is Verdict.ACCEPT) == (kind == "web-gateway")
