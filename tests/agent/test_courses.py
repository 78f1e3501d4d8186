"""What a probe says of its path, by which echoes came back."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kitei.agent.probes import LOSSES, Course

echoes = st.lists(st.booleans(), max_size=60)


def followed(answers: list[bool], grace: float = 0.0) -> tuple[Course, list[tuple[int, bool]]]:
    """One echo a second, answered in a tenth or never; where the state changed, and to what."""
    course = Course(patience=0.5, grace=grace)
    changes = []
    for second, is_answered in enumerate(answers):
        if course.expire(second):
            changes.append((second, bool(course.up)))
        count = course.send(second)
        if is_answered and course.answer(count, second + 0.1):
            changes.append((second, bool(course.up)))
    if course.expire(len(answers)):
        changes.append((len(answers), bool(course.up)))
    return course, changes


@given(echoes)
def test_a_path_is_down_after_three_losses_in_a_row_and_up_after_one_answer(answers):
    course, _ = followed(answers)
    expected = None
    for end in range(1, len(answers) + 1):
        if answers[end - 1]:
            expected = True
        elif end >= LOSSES and not any(answers[end - LOSSES : end]):
            expected = False
    assert course.up is expected


@given(echoes)
def test_changes_alternate(answers):
    _, changes = followed(answers)
    states = [up for _, up in changes]
    assert all(one is not other for one, other in pairwise(states))


@given(st.integers(0, 9), st.integers(LOSSES, 20))
def test_a_loss_is_dated_from_its_first_echo(good, lost):
    course, changes = followed([True] + [True] * good + [False] * lost)
    assert course.up is False
    assert course.lost_since == good + 1
    assert changes[-1] == (good + 1 + LOSSES, False)


@given(echoes, st.integers(1, 60))
def test_the_first_word_is_not_down_before_grace_is_over(answers, grace):
    _, changes = followed(answers, grace)
    assert all(second >= grace or any(answers[: second + 1]) for second, up in changes if not up)


def test_an_answer_to_what_was_never_asked_is_nothing():
    course = Course(patience=0.5, grace=0.0)
    course.send(0.0)
    assert not course.answer(7, 0.1)
    assert course.up is None


def test_an_answer_counts_once():
    course = Course(patience=0.5, grace=0.0)
    count = course.send(0.0)
    assert course.answer(count, 0.1)
    for second in range(1, LOSSES + 2):
        course.answer(count, second)
        course.send(second)
        course.expire(second + 0.9)
    assert course.up is False


def test_echoes_under_way_stay_few():
    course = Course(patience=0.5, grace=0.0)
    for tenth in range(10_000):
        course.expire(tenth / 10)
        course.send(tenth / 10)
    assert len(course.under_way) <= 6
