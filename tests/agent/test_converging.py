"""One driver's turn: what is held, what is retried, what is told."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from stand import FOR, OTHER, Files, route

from kitei.agent.converge import converge, cuts
from kitei.drivers.host import LinuxHost
from kitei.network import Risk, Step

risks = st.sampled_from(list(Risk))
owners = st.frozensets(st.sampled_from("abcd"))


@given(risks, owners, owners)
def test_a_step_is_held_if_and_only_if_it_cuts_someone_who_did_not_agree(risk, at_risk, agreed):
    step = Step("d", "do it", "do", {}, risk, tuple(at_risk))
    assert cuts(step, tuple(agreed)) == (risk is Risk.OUTAGE and bool(at_risk - agreed))


@given(risks, owners)
def test_nothing_is_held_when_all_agreed(risk, at_risk):
    assert not cuts(Step("d", "do it", "do", {}, risk, tuple(at_risk)), None)


def test_a_held_step_is_told_and_the_others_are_taken(tmp_path: Path) -> None:
    files, host = Files(tmp_path / "made"), LinuxHost("n1", tmp_path / "state")
    converge(files, host, [route(1), route(2, origin=OTHER)], ())
    outcome = converge(files, host, [route(3)], may_cut=[OTHER.owner])
    assert [(held.do, held.owners) for held in outcome.waiting] == [("remove 10.1.0.0_16", (FOR.owner,))]
    assert set(files.see(host)) == {"10.1.0.0_16", "10.3.0.0_16"}
    assert not outcome.is_right


def test_a_second_turn_changes_nothing(tmp_path: Path) -> None:
    files, host = Files(tmp_path / "made"), LinuxHost("n1", tmp_path / "state")
    assert converge(files, host, [route(1)], ()).changed
    outcome = converge(files, host, [route(1)], ())
    assert outcome.is_right
    assert not outcome.changed


def test_what_does_not_become_right_is_a_fault(tmp_path: Path) -> None:
    class Stubborn(Files):
        def apply(self, host, step) -> None:
            pass

    outcome = converge(Stubborn(tmp_path / "made"), LinuxHost("n1", tmp_path / "state"), [route(1)], ())
    assert outcome.fault is not None
    assert "write 10.1.0.0_16" in outcome.fault.detail


def test_each_kind_of_error_is_told_with_what_it_asks_for(tmp_path: Path) -> None:
    files, host = Files(tmp_path / "made"), LinuxHost("n1", tmp_path / "state")
    temporary, permanent, defect = (
        converge(files, host, [route(1, via)], ()) for via in ("temporary", "permanent", "defect")
    )
    assert temporary.again == 0.05
    assert permanent.again is None
    assert [o.fault.detail for o in (temporary, permanent, defect) if o.fault] == [
        "not yet",
        "this gateway is no gateway",
        "ZeroDivisionError: a defect",
    ]
