"""The strictest finding wins, exceptions silence their rules, and a refusal costs nothing."""

from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from kitei.desk import Finding, Rule, Verdict, decide, weigh
from kitei.ledger.contracts import Charge
from kitei.terms import Cite
from kitei.values import JST, Words, Yen

AT = datetime(2026, 4, 1, 10, tzinfo=JST)
CITE = Cite("managed-vpn-pro", date(2024, 5, 1), "art:9.2")
WHY = Words("理由", "why")


def finding(verdict: Verdict, proposes: Verdict | None = None, amount: int = 0) -> Finding:
    charge = Charge("fee", "c", date(2026, 4, 1), Yen(amount), ())
    return Finding(verdict, (CITE,), WHY, proposes=proposes, charges=(charge,) if amount else ())


verdicts = st.lists(st.sampled_from(list(Verdict)))


@given(verdicts)
def test_the_strictest_finding_wins(found: list[Verdict]) -> None:
    assert weigh(tuple(map(finding, found)), AT).verdict is max(found, default=Verdict.ACCEPT)


@given(verdicts, st.randoms())
def test_the_order_of_findings_does_not_matter(found: list[Verdict], random: object) -> None:
    one = weigh(tuple(map(finding, found)), AT)
    other = weigh(tuple(map(finding, sorted(found))), AT)
    assert (one.verdict, one.outcome, one.amounts) == (other.verdict, other.outcome, other.amounts)


def test_a_referral_carries_the_outcome_it_proposes() -> None:
    lenient = weigh((finding(Verdict.REFER, Verdict.ACCEPT),), AT)
    strict = weigh((finding(Verdict.REFER, Verdict.ACCEPT), finding(Verdict.REFER, Verdict.REFUSE)), AT)
    assert (lenient.outcome, strict.outcome) == (Verdict.ACCEPT, Verdict.REFUSE)
    assert weigh((finding(Verdict.ACCEPT),), AT).proposed is None


def test_amounts_add_up_by_name_and_a_refusal_has_none() -> None:
    charged = (finding(Verdict.ACCEPT, amount=3), finding(Verdict.ACCEPT, amount=4))
    assert weigh(charged, AT).amounts == {"fee": 7}
    assert weigh((*charged, finding(Verdict.REFUSE)), AT).amounts == {}


def test_an_exception_silences_its_rule_only_where_it_bites() -> None:
    rules: tuple[Rule[bool, None], ...] = (
        Rule("art:9.2", lambda _, __: [finding(Verdict.REFUSE)]),
        Rule("art:9.1", lambda bites, _: [finding(Verdict.ACCEPT)] if bites else [], "art:9.2"),
    )
    assert decide(False, rules, None, AT).verdict is Verdict.REFUSE
    assert decide(True, rules, None, AT).verdict is Verdict.ACCEPT
