"""Laws of GIO Remote Access, over many situations: what holds whatever the numbers and days are."""

from datetime import date, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from kitei.clauses.history import quote_body, term_fact
from kitei.desk import Decision, Verdict
from kitei.desk.cases import case_of
from kitei.services.gio_remote.application import read_act
from kitei.services.gio_remote.cases import LINE, run
from kitei.services.gio_remote.decision import decide
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.rules.access import is_same_name
from kitei.values import JST

GATEWAY = "IIJ GIOリモートアクセスサービス/ゲートウェイ"
NETWORK = "IIJ GIOリモートアクセスサービス/ネットワーク"
VPDN = {"customer": "C1", "service": "auth-outsource", "kind": "IIJ認証アウトソースサービス/VPDN"}
DAYS = some.dates(date(2025, 8, 1), date(2028, 12, 31))
KINDS = some.sampled_from(["gateway", "network", GATEWAY, NETWORK, "router"])
ITEMS = some.sampled_from([None, "タイプA", "タイプ B", "type-a", "タイプC"])


def asked(when: dict[str, Any], *contracts: dict[str, Any], **given_: Any) -> Decision:
    told = {"at": "2025-12-10T10:00:00+09:00", "contract": "G1", **when}
    case = {"id": "L", "service": TERMS.service, "given": {"contracts": contracts, **given_}, "when": told}
    return run(case_of({**case, "then": {}}))


def contract(**more: Any) -> dict[str, Any]:
    own = {"id": "G1", "customer": "C1", "kind": GATEWAY, "item": "タイプA", "monthly_fee_jpy": 30000}
    return {**own, "billing_start": "2025-08-01", **more}


@given(most=some.integers(1, 500), there=some.integers(0, 501))
def test_a_gateway_never_has_more_than_was_agreed(most: int, there: int) -> None:
    for item, key, active, event, path in (
        ("タイプA", "sessions", "active_sessions", "new session", "art:8.1.1"),
        ("タイプB", "accounts", "accounts_in_use", "account created", "art:8.1.2"),
    ):
        decision = asked(
            {"action": "network-event", "event": event},
            contract(item=item, **{key: most, active: there}),
        )
        assert (decision.verdict is Verdict.ACCEPT) == (there < most)
        assert path in {cite.path for cite in decision.cites}


@given(first=DAYS, days=some.integers(0, 400), at=DAYS)
def test_l2tp_is_served_exactly_while_vpdn_is_held(first: date, days: int, at: date) -> None:
    last = first + timedelta(days=days)
    held = {**VPDN, "billing_start": first.isoformat(), "cancel_effective": last.isoformat()}
    event = {"action": "network-event", "tunnel": "L2TP", "at": f"{at}T23:59:59+09:00"}
    mine = asked(event, contract(), other_contracts=[held])
    assert (mine.verdict is Verdict.ACCEPT) == (first <= at <= last)
    others = asked(event, contract(), other_contracts=[{**held, "customer": "C2"}])
    assert others.verdict is Verdict.REFUSE


@given(
    prefix=some.sampled_from(["10.1.0.0/16", "192.0.2.0/28", "2001:db8:10::/48", "10.1.1.10/32"]),
    host=some.one_of(
        some.ip_addresses(v=4), some.ip_addresses(v=6), some.sampled_from([ip_address("10.1.1.10")])
    ),
)
def test_a_packet_reaches_designated_hosts_and_no_others(prefix: str, host: Any) -> None:
    event = {"action": "network-event", "packet": {"dst": str(host)}}
    decision = asked(event, contract(), facts={"designated_hosts": [prefix]})
    assert (decision.verdict is Verdict.ACCEPT) == (host in ip_network(prefix))


@given(wanted=some.lists(some.tuples(KINDS, ITEMS), min_size=1, max_size=5), turn=some.randoms())
def test_a_batch_is_accepted_when_it_has_one_of_each_kind_and_knows_its_items(
    wanted: list[tuple[str, str | None]], turn: Any
) -> None:
    def batch(of: list[tuple[str, str | None]]) -> Decision:
        applications = [
            {"kind": kind, "item": item, "browser": "ソリトン"} if item else {"kind": kind}
            for kind, item in of
        ]
        return asked({"action": "apply", "by": "C1", "contract": None, "applications": applications})

    gateways = [item for kind, item in wanted if kind in ("gateway", GATEWAY)]
    networks = [item for kind, item in wanted if kind in ("network", NETWORK)]
    right = (
        bool(gateways and networks)
        and len(gateways) + len(networks) == len(wanted)
        and None not in gateways
        and "タイプC" not in gateways + networks
    )
    decision = batch(wanted)
    assert (decision.verdict is Verdict.ACCEPT) == right
    turned = list(wanted)
    turn.shuffle(turned)
    assert batch(turned).verdict is decision.verdict


@given(start=DAYS, before=some.integers(-40, 70), fee=some.integers(0, 10**7))
def test_a_month_at_most_is_settled_and_nothing_after_it(start: date, before: int, fee: int) -> None:
    arrived = start + timedelta(days=before)
    when = {"action": "cancel", "by": "C1", "form": "prescribed", "at": f"{arrived}T10:00:00+09:00"}
    decision = asked(when, contract(billing_start=start.isoformat(), monthly_fee_jpy=fee))
    effective, end = decision.dates["effective"], decision.dates["term_end"]
    assert effective == arrived + timedelta(days=30)
    assert 0 <= decision.amounts["settlement"] <= fee
    if effective < start:
        assert decision.amounts["settlement"] == fee and decision.review
    if effective >= end:
        assert decision.amounts["settlement"] == 0


@given(hours=some.integers(0, 2000), fee=some.integers(0, 10**7))
def test_a_credit_is_whole_days_and_grows_with_the_outage(hours: int, fee: int) -> None:
    def credited(lasting: int) -> int:
        known = datetime(2026, 1, 1, tzinfo=JST)
        outage = {"known": known.isoformat(), "restored": (known + timedelta(hours=lasting)).isoformat()}
        claimed = known + timedelta(hours=lasting + 1)
        when = {"action": "claim-credit", "by": "C1", "at": claimed.isoformat()}
        decision = asked(when, contract(monthly_fee_jpy=fee), facts={"outage": outage})
        return decision.amounts["credit"]

    assert (credited(hours) > 0) == (hours >= 24 and 2 * (hours // 24) * fee >= 30)
    assert credited(hours) <= credited(hours + 1)


@given(notice=some.integers(-3 * 86400, 3 * 86400))
def test_settings_change_only_after_the_customer_was_told(notice: int) -> None:
    at = datetime(2025, 12, 10, 10, tzinfo=JST)
    told = (at + timedelta(seconds=notice)).isoformat()
    decision = asked(
        {"action": "operator-setting-change"},
        contract(),
        other_services=[{"customer": "C1", "service": "IIJモバイルサービス"}],
        facts={"prior_notice_sent": told},
    )
    assert (decision.verdict is Verdict.ACCEPT) == (notice < 0)


@given(day=DAYS, time=some.times(), first=some.integers(0, 22))
def test_without_an_option_service_keeps_to_recorded_business_hours(day: date, time: Any, first: int) -> None:
    at = datetime.combine(day + timedelta(days=1), time, JST)
    hours = f"{first}:30-{first + 1:02}:15"
    when = {
        "action": "support-request",
        "kind": "gateway setting change",
        "at": at.isoformat(),
    }
    decision = asked(when, contract(), operator_params={"business_hours": hours})
    inside = at.weekday() < 5 and (first, 30) <= (at.hour, at.minute) < (first + 1, 15)
    assert (decision.verdict is Verdict.ACCEPT) == inside
    extended = contract(options=[{"name": "拡張サポートオプション"}])
    assert asked(when, extended, operator_params={"business_hours": hours}).verdict is Verdict.ACCEPT


@given(name=some.from_regex(r"\A[a-z]{1,8}(\.[a-z]{1,8}){1,3}\Z"))
def test_a_certificate_answers_for_its_own_name_in_any_case(name: str) -> None:
    assert is_same_name(name, name.upper()) and is_same_name(f"*.{name}", f"vpn.{name}")
    assert not is_same_name(f"*.{name}", name) and not is_same_name(f"*.{name}", f"a.b.{name}")
    assert not is_same_name("", name)


@given(number=some.integers(-5, 10**6))
def test_a_change_of_number_is_one_or_more(number: int) -> None:
    when = {"action": "change", "by": "C1", "matter": "最大同時セッション数", "to": number}
    assert (asked(when, contract(sessions=10)).verdict is Verdict.ACCEPT) == (number >= 1)


def test_cases_go_through_the_functions_that_serve_customers() -> None:
    assert LINE.decide is decide and LINE.terms is TERMS
    act = read_act("day-check", {"by": "x", "at": "2026-01-01T00:00:00+09:00", "contract": "G1"}, TERMS.first)
    assert type(act).__name__ == "DayCheck"
    assert quote_body("monthly", 1)["amount"] == 1 and callable(term_fact)
