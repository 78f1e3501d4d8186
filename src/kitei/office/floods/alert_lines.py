"""An attack in one line: target, cause, rate and what is done about it."""

from collections.abc import Mapping
from typing import Final

from kitei.collect.counters import shown
from kitei.office.floods.attacks import DETECTED, EFFECTIVE, ORDERED, OVER, STEPS, Attack, Happening
from kitei.office.floods.watch import Watched
from kitei.values import Words

_COURSE: Final[Mapping[str, Words]] = {
    DETECTED: Words("検知", "detected"),
    ORDERED: Words("指示", "ordered"),
    EFFECTIVE: Words("有効", "in force"),
    OVER: Words("終息", "over"),
}


def rate_words(attack: Attack) -> Words:
    """`120 kpps (threshold 5 kpps)`."""
    figure, threshold = (
        rate(attack.number("figure"), attack.unit),
        rate(attack.number("threshold"), attack.unit),
    )
    return Words(f"{figure}(しきい値 {threshold})", f"{figure} (threshold {threshold})")


def rate(value: int, unit: str) -> str:
    """`28.5 Mbps`."""
    text = shown(value)
    return f"{text[:-1]} {text[-1]}{unit}" if text[-1].isalpha() else f"{text} {unit}".rstrip()


def action_words(attack: Attack, contract: Watched | None) -> Words:
    """What is done about it, as far as the ledger knows."""
    if attack.is_dry_run:
        return Words("試行のため何もしない", "nothing, it is a dry run")
    acts = [STEPS[each] for each in attack.steps if each in STEPS and each != "observe"]
    if acts:
        return Words("・".join(each.ja for each in acts), " and ".join(each.en for each in acts))
    if contract is not None and not contract.mitigates:
        return Words("通知のみ(品目に緩和はない)", "told only (the item has no mitigation)")
    return Words("観察", "observing")


def detected_line(attack: Attack, contract: Watched | None) -> Words:
    """Target, cause, rate, action."""
    cause, rate, action = attack.cause, rate_words(attack), action_words(attack, contract)
    return Words(
        f"攻撃を検知: {attack.target} {cause.ja} {rate.ja} 対応: {action.ja}",
        f"Attack on {attack.target}: {cause.en} at {rate.en}; action: {action.en}",
    )


def mitigated_line(attack: Attack) -> Words:
    action = action_words(attack, None)
    return Words(
        f"緩和を開始: {attack.target} {attack.cause.ja} 対応: {action.ja}",
        f"Mitigating the attack on {attack.target}: {attack.cause.en}; action: {action.en}",
    )


def withheld_line(attack: Attack, held: Happening) -> Words:
    """That a step was due and none is taken, and what would change that."""
    most, step = held.body.get("most"), STEPS.get(str(held.body.get("step")), Words("対処", "a step"))
    return Words(
        f"緩和を見送り: {attack.target} {attack.cause.ja} {step.ja}は上限({most} 件)のため行っていない。"
        "要らないものを release するか、ポリシーの most を上げる",
        f"Not mitigating the attack on {attack.target}: {attack.cause.en}; {step.en} was due, and the policy's"
        f" limit of {most} is reached: release what is not needed, or raise `most`",
    )


def step_line(attack: Attack, noted: Happening) -> Words:
    """That a step of the incident procedure was taken. Its note is the operator's own and goes to nobody."""
    step = str(noted.body.get("step"))
    return Words(
        f"インシデント: {attack.target} {attack.cause.ja} 手順「{step}」を実施",
        f"Incident on {attack.target}: {attack.cause.en}; step taken: {step}",
    )


def over_line(attack: Attack) -> Words:
    """With how soon it was met, where something was in force against it."""
    lasted, action, soon = lasting(attack), action_words(attack, None), Words("", "")
    if attack.in_force is not None:
        seen, met = attack.after(attack.detected.at), attack.after(attack.in_force)
        soon = Words(
            f"(検知まで {seen:.1f} 秒、有効まで {met:.1f} 秒)", f" (seen in {seen:.1f} s, met in {met:.1f} s)"
        )
    return Words(
        f"攻撃が終息: {attack.target} {attack.cause.ja} 継続 {lasted.ja} 対応: {action.ja}{soon.ja}",
        f"Attack over on {attack.target}: {attack.cause.en}, lasted {lasted.en}; action: {action.en}{soon.en}",
    )


def course_words(attack: Attack) -> Words:
    """`detected 1.2 s, ordered 1.3 s, in force 1.9 s, over 65.0 s after it began`."""
    told = [(_COURSE[kind], seconds) for kind, seconds in attack.course]
    return Words(
        "始まりから " + "、".join(f"{words.ja} {seconds:.1f} 秒" for words, seconds in told),
        ", ".join(f"{words.en} {seconds:.1f} s" for words, seconds in told) + " after it began",
    )


def lasting(attack: Attack) -> Words:
    """From the first second of the excess to its end; so far, where it is not over."""
    end = attack.over or attack.happenings[-1].at
    total = max(0, round((end - attack.began).total_seconds()))
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    ja = (f"{hours}時間" if hours else "") + (f"{minutes}分" if hours or minutes else "") + f"{seconds}秒"
    en = (f"{hours} h " if hours else "") + (f"{minutes} min " if hours or minutes else "") + f"{seconds} s"
    return Words(ja, en)
