"""What a change would cut, by the parts of a gateway before and after."""

from dataclasses import replace
from datetime import UTC, datetime

from kitei.network import Appliance, Egress, Filter, FilterRule, Origin, Part
from kitei.network.access_filter import Flow
from kitei.network.inspection import Entry, Inside, entries_text
from kitei.office.access.testing import cut_by, judged

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FOR = Origin("f-2", ("secure-access@2026-04-01#art:1.1.t3",))
GATE = Filter(FOR, "wan0", ("lan0 10.1.0.0/24",), (), 0, (), 1)
EGRESS = Egress(FOR, "wan0", ("203.0.113.100",), "", False)
FLOW = Flow("10.1.0.2", "198.51.100.7", "tcp", 22)
NO_SSH = Entry("no-ssh", "application", "deny", ("ssh",))
CLOSED = Appliance(FOR, "office", 1, 1, "deny", entries_text((NO_SSH,)), None)
OPEN = replace(CLOSED, blind="allow")


def parts(number: int, *more: Part) -> tuple[Part, ...]:
    return (GATE, EGRESS, FilterRule(FOR, "out", 1, "allow", (), (), (), None, number), *more)


def is_cut(before: tuple[Part, ...], after: tuple[Part, ...]) -> bool:
    return cut_by(before, after, (FLOW,), NOW) == (FLOW,)


def test_a_flow_ends_where_a_closed_profile_did_not_see_it_begin() -> None:
    plain, closed, opened = parts(0), parts(1, CLOSED), parts(1, OPEN)
    assert is_cut(plain, closed) and not is_cut(plain, opened)
    assert not is_cut(closed, closed) and not is_cut(closed, plain)
    assert is_cut(opened, closed) and not is_cut(closed, opened), "another engine begins"
    assert not is_cut(closed, parts(1, replace(CLOSED, version=2, text=entries_text(()))))
    assert is_cut(closed, parts(2, replace(CLOSED, name="other", number=2)))
    assert is_cut(closed, (GATE, EGRESS)), "no rule allows it any more"


def test_what_is_seen_inside_is_asked_of_the_profile_and_only_where_a_rule_allows() -> None:
    inside = Inside(application="ssh")
    assert not judged(parts(1, CLOSED), FLOW, NOW, inside).allowed
    assert judged(parts(0, CLOSED), FLOW, NOW, inside).allowed
    said = judged((GATE, EGRESS, CLOSED), FLOW, NOW, inside)
    assert (said.allowed, said.rule, said.appliance, said.noticed) == (False, "default", None, ())
