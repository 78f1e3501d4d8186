"""An attack in one line: target, cause, rate and what is done about it."""

from kitei.collect.counters import shown
from kitei.office.attacks import STEPS, Attack
from kitei.office.flood_watch import Watched
from kitei.values import Words


def rate_words(attack: Attack) -> Words:
    """`120 kpps (threshold 5 kpps)`."""
    figure, threshold = rate(attack.number("figure"), attack.unit), rate(attack.number("threshold"), attack.unit)
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


def over_line(attack: Attack) -> Words:
    lasted = lasting(attack)
    action = action_words(attack, None)
    return Words(
        f"攻撃が終息: {attack.target} {attack.cause.ja} 継続 {lasted.ja} 対応: {action.ja}",
        f"Attack over on {attack.target}: {attack.cause.en}, lasted {lasted.en}; action: {action.en}",
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
