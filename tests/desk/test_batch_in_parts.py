"""A batch of applications of which each stands for itself."""

from datetime import datetime

from kitei.desk import Finding, Verdict
from kitei.desk.decision import weigh
from kitei.ledger.contracts import Charge
from kitei.terms import Cite
from kitei.values import JST, Words, Yen

AT = datetime(2026, 6, 1, 10, 0, tzinfo=JST)
CITE = Cite.parse("secure-access@2026-04-01#art:4.3")
ACCEPT, REFER, REFUSE = Verdict.ACCEPT, Verdict.REFER, Verdict.REFUSE


def finding(verdict: Verdict, part: int | None, topic: str = "") -> Finding:
    due = Charge("initial", "acme", AT.date(), Yen(100), (), {}, None, (), f"c{part}")
    charges = () if part is None else (due,)
    proposes = ACCEPT if verdict is REFER else None
    why = Words("理由", "a reason")
    return Finding(verdict, (CITE,), why, part=part, topic=topic, proposes=proposes, charges=charges)


def test_what_stands_of_a_refused_batch_is_a_decision_of_its_own() -> None:
    decision = weigh((finding(ACCEPT, 0), finding(REFUSE, 1), finding(ACCEPT, None), finding(ACCEPT, 2)), AT)
    assert decision.verdict is REFUSE
    assert decision.parts == {0: ACCEPT, 1: REFUSE, 2: ACCEPT}
    granted = decision.granted()
    assert granted is not None and granted.verdict is ACCEPT
    assert [each.contract for each in granted.charges] == ["c0", "c2"]
    assert granted.amounts == {"initial": Yen(200)}


def test_what_refuses_the_whole_leaves_nothing_standing() -> None:
    assert weigh((finding(ACCEPT, 0), finding(REFUSE, None)), AT).granted() is None
    assert weigh((finding(REFUSE, 0), finding(REFUSE, 1)), AT).granted() is None
    assert weigh((finding(REFUSE, None),), AT).granted() is None


def test_what_a_person_has_to_judge_does_not_stand_yet() -> None:
    assert weigh((finding(REFER, 0), finding(ACCEPT, 1)), AT).granted() is None
    granted = weigh((finding(REFER, 0), finding(ACCEPT, 1), finding(REFUSE, 2)), AT).granted()
    assert granted is not None and [each.contract for each in granted.charges] == ["c1"]


def test_a_question_beside_the_batch_bars_nothing() -> None:
    decision = weigh((finding(ACCEPT, 0), finding(REFUSE, None, "route-control")), AT)
    assert decision.verdict is ACCEPT and decision.granted() is decision
    both = weigh((finding(ACCEPT, 0), finding(REFUSE, 1), finding(REFUSE, None, "route-control")), AT)
    granted = both.granted()
    assert granted is not None and granted.verdict is ACCEPT


def test_one_question_has_no_parts() -> None:
    assert weigh((finding(ACCEPT, None),), AT).parts == {}
