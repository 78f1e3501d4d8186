"""The whole line without a network: order book, plan, reports, outage, claim, month, and why."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kitei.desk import Verdict
from kitei.ledger import Fact
from kitei.network import Probe
from kitei.network.report import Report, State
from kitei.office import Office, Refusal
from kitei.office.closing import close_month, close_together, invoices, made_again, preview
from kitei.office.dispatch import Dispatch
from kitei.office.due import due
from kitei.office.hearing import Hearing
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing
from kitei.office.trouble import cause_found
from kitei.office.why import why_line, why_part
from kitei.values import JST, Month, Words
from kitei.watch import Cause, outage_of

BOOK = Path(__file__).parents[2] / "examples" / "order-book"
MAY = datetime(2026, 5, 10, 9, 0, tzinfo=JST)


class SetTime:
    def __init__(self) -> None:
        self.at = datetime(2026, 5, 2, 9, 0, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def provider(tmp_path: Path, time: SetTime) -> Iterator[Office]:
    """The order book taken and its network published."""
    office = Office.open(tmp_path / "home", time, f"sqlite:///{tmp_path}/kitei.db")
    office.publish_editions()
    assert all(outcome.is_expected for outcome in take_book(office, read_book(BOOK, office)))
    Publishing.of(office).apply_plan()
    yield office
    office.close()


def child_with_probe(office: Office) -> tuple[str, str, tuple[str, ...]]:
    """A child of the single star: its contract, node and the names of its probes."""
    intent = Publishing.of(office).published_intent()
    for name, contract in office.contracts().items():
        if contract.kind == "child" and contract.item == "single-star-single-edge":
            for node in intent.nodes.values():
                probes = [p.name for p in node.parts if isinstance(p, Probe) and p.origin.owner == name]
                if probes:
                    return name, node.node, tuple(probes)
    raise AssertionError("no child of a single star has a probe")


def report(office: Office, node: str, at: datetime, probes: tuple[str, ...], up: bool) -> Report:
    orders = Publishing.of(office).orders_for(node)
    assert orders is not None
    states = tuple(State(at, probe, "end-to-end", up) for probe in probes)
    return Report(node, at, orders.generation, orders.intent.digest, True, states=states)


def test_a_plan_is_published_once_and_then_there_is_nothing_to_do(provider: Office) -> None:
    publishing = Publishing.of(provider)
    assert publishing.plan().is_empty
    assert all(publishing.orders_for(node) for node in provider.shelf.in_force())
    assert any(entry.fact.kind == "intent.published" for entry in provider.book.read("intent"))


def test_secrets_are_neither_in_the_ledger_nor_in_orders(provider: Office) -> None:
    for entry in provider.book.read():
        assert "PRIVATE KEY" not in repr(entry)
    for published in provider.shelf.in_force().values():
        assert "PRIVATE KEY" not in published.orders


def test_a_report_of_nobodys_or_anothers_is_turned_away_and_twice_is_once(
    provider: Office, time: SetTime
) -> None:
    hearing = Hearing.of(provider)
    _, node, probes = child_with_probe(provider)
    told = report(provider, node, time.at, probes, True)
    with pytest.raises(ValueError, match="speaks for itself"):
        hearing.take_report("tokyo-a" if node != "tokyo-a" else "osaka-a", told)
    with pytest.raises(LookupError):
        hearing.take_report("nowhere", Report("nowhere", time.at, 1, "", True))
    hearing.take_report(node, told)
    seen = provider.shelf.observations()
    hearing.take_report(node, told)
    assert provider.shelf.observations() == seen


def test_a_node_that_falls_silent_is_noted_and_breaks_no_contract(provider: Office, time: SetTime) -> None:
    seconds = [0.0]
    hearing = Hearing(provider, Publishing.of(provider), lambda: seconds[0])
    _, node, probes = child_with_probe(provider)
    seconds[0] = 10.0
    hearing.take_report(node, report(provider, node, time.at, probes, True))
    seconds[0] = 100.0
    assert node in hearing.look_around()
    assert any(alarm.trouble == "silent" for alarm in hearing.alarms())
    assert hearing.find_outages() == ()


def moved(office: Office, node: str, to: str) -> None:
    """The machine of a node is another one from now on."""
    machine = next(each for each in Publishing.of(office).estate().machines.values() if each.node == node)
    told = {"service": "managed-vpn-pro", "machine": [{**asdict(machine), "node": to}]}
    list(take_book(office, read_book(told, office)))
    Publishing.of(office).apply_plan(approve=True)


def outages(office: Office, name: str) -> list[tuple[datetime, datetime | None]]:
    """Those on record, looked for by one who has just come, and that a second look finds nothing new."""
    Hearing.of(office).find_outages()
    head = office.book.head()
    Hearing.of(office).find_outages()
    assert office.book.head() == head
    return [(each.began_at, each.restored_at) for each in map(outage_of, office.contract(name).outages)]


@pytest.mark.parametrize("works", [True, False])
def test_an_open_outage_goes_on_or_ends_under_the_ways_that_took_the_place_of_its_own(
    provider: Office, time: SetTime, works: bool
) -> None:
    hearing = Hearing.of(provider)
    name, node, probes = child_with_probe(provider)
    for at, up in ((MAY, True), (MAY + timedelta(hours=1), False)):
        time.at = at
        hearing.take_report(node, report(provider, node, at, probes, up))
        hearing.find_outages()
    began, changed = time.at, MAY + timedelta(hours=5)
    time.at = changed
    moved(provider, node, "another-1")
    assert child_with_probe(provider)[:2] == (name, "another-1")
    assert outages(provider, name) == [(began, None)], "nothing is known of the new way yet"
    time.at = heard = changed + timedelta(minutes=10)
    probes = child_with_probe(provider)[2]
    hearing.take_report("another-1", report(provider, "another-1", heard, probes, works))
    assert outages(provider, name) == [(began, heard if works else None)]
    assert any(each.trouble == "out" for each in Hearing.of(provider).alarms()) is not works
    time.at = heard + timedelta(hours=1)
    hearing.take_report("another-1", report(provider, "another-1", time.at, probes, True))
    assert outages(provider, name) == [(began, heard if works else time.at)]


def test_an_open_outage_ends_with_its_contract(provider: Office, time: SetTime) -> None:
    hearing = Hearing.of(provider)
    name, node, probes = child_with_probe(provider)
    for at, up in ((MAY, True), (MAY + timedelta(hours=1), False)):
        time.at = at
        hearing.take_report(node, report(provider, node, at, probes, up))
        hearing.find_outages()
    fact = Fact("contract.ending-set", {"last": "2026-05-20", "ground": "cancelled"}, date(2026, 5, 11))
    provider.state([(f"contract:{name}", fact)])
    time.at = datetime(2026, 5, 21, 0, 0, 30, tzinfo=JST)
    assert outages(provider, name) == [(MAY + timedelta(hours=1), datetime(2026, 5, 21, tzinfo=JST))]


def test_an_outage_of_49_hours_is_found_claimed_credited_and_invoiced(
    provider: Office, time: SetTime
) -> None:
    hearing = Hearing.of(provider)
    name, node, probes = child_with_probe(provider)
    customer = provider.contract(name).customer
    for at, up in ((MAY, True), (MAY + timedelta(hours=1), False), (MAY + timedelta(hours=50), True)):
        time.at = at
        hearing.take_report(node, report(provider, node, at, probes, up))
    provider.state(
        [cause_found(Cause(name, MAY + timedelta(hours=2), "operator", Words("当社設備", "ours")))]
    )
    (outage,) = [each for each in hearing.find_outages() if each.contract == name]
    assert outage.hours() == 49 and outage.cause == "operator"
    head = provider.book.head()
    hearing.find_outages()
    assert provider.book.head() == head, "what is known already is not recorded again"

    time.at = datetime(2026, 5, 20, 9, tzinfo=JST)
    claim = provider.apply("claim-credit", {"by": customer, "contract": name, "outage": outage.id})
    assert claim.decision.verdict is Verdict.ACCEPT, claim.decision.findings
    assert [credit.units for credit in provider.contract(name).credits] == [2]

    with pytest.raises(Refusal, match="not over yet"):
        close_month(provider, Month(2026, 5))
    time.at = datetime(2026, 6, 1, 9, tzinfo=JST)
    bill = next(each for each in close_month(provider, Month(2026, 5)) if each.customer == customer)
    assert bill.invoice is not None and bill.is_new
    (credit,) = [line for line in bill.invoice.lines if line.is_returned and line.contract == name]
    fee = next(line for line in bill.invoice.lines if line.contract == name and line.name == "monthly")
    assert credit.amount == -fee.amount * 2 // 30
    assert made_again(provider, bill.invoice) == bill.invoice
    assert not any(each.is_new for each in close_month(provider, Month(2026, 5))), "a month is closed once"

    steps = [step.what.en for step in why_line(provider, credit).steps]
    assert steps[0] == "invoice line" and {"contract", "application", "decision"} <= set(steps)
    assert any("art:21" in each.cite for each in why_line(provider, credit).provisions)


def test_a_claim_a_day_late_is_refused(provider: Office, time: SetTime) -> None:
    hearing = Hearing.of(provider)
    name, node, probes = child_with_probe(provider)
    for at, up in ((MAY, True), (MAY + timedelta(hours=1), False), (MAY + timedelta(hours=50), True)):
        time.at = at
        hearing.take_report(node, report(provider, node, at, probes, up))
    provider.state(
        [cause_found(Cause(name, MAY + timedelta(hours=2), "operator", Words("当社設備", "ours")))]
    )
    (outage,) = [each for each in hearing.find_outages() if each.contract == name]
    asked = {"by": provider.contract(name).customer, "contract": name, "outage": outage.id}
    verdicts = [
        provider.decide("claim-credit", {**asked, "at": f"2026-{day}T12:00:00+09:00"}).decision.verdict
        for day in ("08-10", "08-11", "08-12", "08-13")
    ]
    assert verdicts[0] is Verdict.ACCEPT and verdicts[-1] is Verdict.REFUSE
    assert verdicts == sorted(verdicts), "once too late, always too late"


def test_why_walks_from_a_nodes_line_to_the_application_and_its_provisions(provider: Office) -> None:
    _, node, _ = child_with_probe(provider)
    orders = Publishing.of(provider).orders_for(node)
    assert orders is not None
    for part in orders.intent.parts:
        (why,) = why_part(provider, node, part.key)
        assert why.steps[0].name == part.key and why.provisions
        assert all(each.gist.ja and each.gist.en and each.heading.ja for each in why.provisions)
        if part.origin.owner in provider.contracts():
            assert [step.what.en for step in why.steps][-2:] == ["application", "decision"]
    with pytest.raises(LookupError, match="has nothing with"):
        why_part(provider, node, "no such thing")
    with pytest.raises(LookupError, match="no node with orders"):
        why_part(provider, "nowhere", "forwarding")


def test_a_cut_of_a_live_contract_is_refused_with_its_name_until_it_is_approved(provider: Office) -> None:
    name, _, _ = child_with_probe(provider)
    lan = provider.contract(name).body["lans"][0]["prefix"]  # type: ignore[index,call-overload]
    gone = {"remove_lans": [{"prefix": lan, "last": "2026-05-01"}]}
    provider.state([(f"contract:{name}", Fact("contract.amended", gone, date(2026, 5, 1)))])
    publishing, head = Publishing.of(provider), provider.shelf.generation()
    with pytest.raises(Refusal, match=name):
        publishing.apply_plan()
    assert provider.shelf.generation() == head, "nothing was published"
    publishing.apply_plan(approve=True)
    approved = [e.fact.body for e in provider.book.read("intent") if e.fact.kind == "cut.approved"]
    assert any(name in body["owners"] for body in approved)  # type: ignore[operator]


def test_deadlines_are_listed_in_order_with_their_provisions(provider: Office) -> None:
    found = due(provider, date(2028, 1, 1))
    assert found and [each.on for each in found] == sorted(each.on for each in found)
    assert all(each.cites and each.what.ja for each in found)


def test_the_day_after_its_last_a_contract_leaves_the_nodes(provider: Office, time: SetTime) -> None:
    name, node, _ = child_with_probe(provider)
    asked = {"by": provider.contract(name).customer, "contract": name, "form": "prescribed"}
    decided = provider.apply("cancel", asked)
    last = decided.decision.dates["effective"]
    dispatch = Dispatch(provider, Publishing.of(provider), Hearing(provider, Publishing.of(provider)))

    time.at = datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=JST)
    before = dispatch.published()
    assert name in owners(provider, node), "it is served to the end of its last day"
    assert dispatch.published() == before

    time.at += timedelta(seconds=1)
    assert dispatch.published() > before
    assert name not in owners(provider, node)
    assert dispatch.published() == dispatch.published(), "it is done once"


def test_what_was_never_published_is_not_published_by_the_turn_of_a_day(
    provider: Office, time: SetTime
) -> None:
    name, _, _ = child_with_probe(provider)
    provider.apply("cancel", {"by": provider.contract(name).customer, "contract": name})
    publishing = Publishing.of(provider)
    site = {"kind": "child", "network": provider.contract(name).group, "item": "single-star-single-edge"}
    site |= {"name": "new", "models": ["Cisco 891FJ"], "lans": [{"prefix": "10.77.0.0/16"}]}  # type: ignore[dict-item]
    new = provider.apply("apply", {"by": provider.contract(name).customer, "sites": [site]})
    assert new.contracts
    time.at += timedelta(days=60)
    publishing.end_what_is_over()
    served = {p.origin.owner for n in publishing.published_intent().nodes.values() for p in n.parts}
    assert not served & {name, *new.contracts}
    assert publishing.end_what_is_over() is None


def owners(office: Office, node: str) -> set[str]:
    found = Publishing.of(office).published_intent().nodes.get(node)
    return {part.origin.owner for part in found.parts} if found else set()


def test_several_processes_issue_what_one_would(provider: Office, time: SetTime) -> None:
    for name, contract in provider.contracts().items():
        quote = {"fee": "monthly", "amount": 30_000, "first": "2026-01-01", "last": None}
        said = Fact("quote.recorded", {"service": contract.service, **quote}, date(2026, 4, 1))
        started = {"by": "operator", "contract": name, "billing_start": "2026-05-02"}
        provider.state([(f"customer:{contract.customer}", said)])
        provider.apply("start-billing", started)
    time.at = datetime(2026, 6, 2, 9, 0, tzinfo=JST)
    may = Month(2026, 5)
    wanted = {bill.customer: bill.invoice for bill in preview(provider, may) if bill.invoice}
    missing = {bill.customer for bill in preview(provider, may) if bill.incomplete}
    closed = list(close_together(provider, may, processes=2))
    assert sum(each.issued for each in closed) == len(wanted) > 0
    assert {bill.customer for each in closed for bill in each.incomplete} == missing
    assert {each.customer: each for each in invoices(provider, may)} == wanted
    assert not any(bill.is_new for bill in close_month(provider, may)), "nothing is left to issue"
