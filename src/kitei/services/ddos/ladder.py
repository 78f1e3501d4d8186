"""What is due against the attacks on one contract: climb, prolong, come down. Pure; the nodes' time is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from kitei.services.ddos.defence import Attack, Mitigation, Policy
from kitei.services.ddos.defending import CONTROLLER, STEPS, Step
from kitei.values import Words

Reason: TypeAlias = Literal["over", "expired", "not-bought"]

WHY: Final[dict[Reason, Words]] = {
    "over": Words("攻撃が終わり、猶予も過ぎました", "the attack is over, and the time to be sure has passed"),
    "expired": Words("期限が過ぎ、延ばす理由がありません", "it has run out, and nothing calls for more"),
    "not-bought": Words("契約がもう認めていません", "the contract does not allow it any more"),
}

# What a filter can tell from good traffic. SYN floods cannot be filtered without refusing everyone, and mere
# volume says nothing of what to drop.
FILTERED: Final = frozenset({"udp-bps", "udp-pps", "amplified-bps", "icmp-bps", "icmp-pps", "fragment-pps"})


@dataclass(frozen=True, slots=True)
class Order:
    """Take a step against an attack, of itself."""

    step: Step
    attack: Attack


@dataclass(frozen=True, slots=True)
class Prolong:
    mitigation: Mitigation


@dataclass(frozen=True, slots=True)
class Release:
    mitigation: Mitigation
    why: Reason


@dataclass(frozen=True, slots=True)
class Withhold:
    """A step is due and is not taken: as many as the policy allows are in force. Due once for an attack."""

    step: Step
    attack: Attack
    most: int


Due: TypeAlias = Order | Prolong | Release | Withhold


def fits(step: Step, attack: Attack) -> bool:
    """Whether a step is any use of itself: a filter needs something to filter by, a blackhole one host."""
    match step:
        case "filter":
            return attack.metric in FILTERED
        case "blackhole":
            return attack.scope == "host"
        case _:
            return True


def climb(policy: Policy, attack: Attack, taken: Sequence[Mitigation], now: datetime) -> Step | None:
    """The next step that is to be taken of itself; None where there is none, or not yet.

    The first is due at once, a higher one when the alarm has stood for `climb` seconds on the last.
    """
    ladder = policy.ladder
    highest = max((STEPS.index(each.step) for each in taken), default=-1)
    if taken and now < max(each.at for each in taken) + timedelta(seconds=ladder.climb):
        return None
    for step in STEPS[highest + 1 :]:
        if ladder.mode(step) != "automatic" or not fits(step, attack):
            continue
        if step == "blackhole" and not _is_huge(policy, attack):
            continue
        return step
    return None


def _is_huge(policy: Policy, attack: Attack) -> bool:
    """A blackhole gives the target up: of itself only to save others, from so many bits a second on."""
    above = policy.ladder.blackhole_above
    return above > 0 and attack.metric.endswith("bps") and attack.figure >= above


def due(
    policy_of: "dict[str, Policy]",
    attacks: Sequence[Attack],
    mitigations: Sequence[Mitigation],
    now: datetime,
    *,
    mitigates: bool,
    blind: timedelta | None = None,
) -> Iterator[Due]:
    """Everything that is due now. `policy_of` is the policy by attack id, and under `""` for orders without one.

    `blind` is how long no collector of the contract has been heard, None where one is. An item that does not
    mitigate has nothing due but the release of what may still stand.
    """
    standing = [each for each in mitigations if each.stands]
    for each in standing:
        if not mitigates:
            yield Release(each, "not-bought")
        else:
            yield from _next(each, policy_of, attacks, now, blind)
    if not mitigates:
        return
    seconds = policy_of[""].ladder.blind
    if blind is not None and blind > timedelta(seconds=seconds):
        return  # what stands by the ledger may have ended unseen
    count = len(standing)
    for attack in attacks:
        policy = policy_of.get(attack.id, policy_of[""])
        if not attack.stands or attack.dry_run or policy.dry_run:
            continue
        if _called_off(attack, mitigations):
            continue
        taken = [each for each in standing if each.target == attack.target]
        step = climb(policy, attack, taken, now)
        if step is None:
            continue
        if count < policy.ladder.most:
            count += 1
            yield Order(step, attack)
        elif not attack.withheld:
            yield Withhold(step, attack, policy.ladder.most)


def _called_off(attack: Attack, mitigations: Sequence[Mitigation]) -> bool:
    """Whether a person took back what was done against it: then it is for people to order anything more."""
    return any(
        each.target == attack.target
        and each.released_at is not None
        and each.released_at >= attack.at
        and each.released_by != CONTROLLER
        for each in mitigations
    )


def _next(
    mitigation: Mitigation,
    policy_of: "dict[str, Policy]",
    attacks: Sequence[Attack],
    now: datetime,
    blind: timedelta | None,
) -> Iterator[Due]:
    """What becomes of a step that stands."""
    policy = policy_of.get(mitigation.attack or "", policy_of[""])
    on_target = [each for each in attacks if each.target == mitigation.target]
    half = mitigation.prolonged_at + (mitigation.until - mitigation.prolonged_at) / 2
    seen = blind is None or blind <= timedelta(seconds=policy.ladder.blind)
    if any(each.stands for each in on_target):
        if seen and now >= half:
            yield Prolong(mitigation)
        elif now >= mitigation.until:
            yield Release(mitigation, "expired")
        return
    ended = [each for each in on_target if each.over_at is not None and each.over_at >= mitigation.at]
    if ended and (mitigation.by == CONTROLLER or mitigation.attack is not None):
        over = max(each.over_at for each in ended if each.over_at is not None)
        if now >= over + linger(policy, on_target):
            yield Release(mitigation, "over")
        elif now >= half:
            yield Prolong(mitigation)
    elif now >= mitigation.until:
        yield Release(mitigation, "expired")


def linger(policy: Policy, attacks: Sequence[Attack]) -> timedelta:
    """How long to stay after the last of a target's attacks: twice as long each time it came back soon."""
    ladder, seconds = policy.ladder, policy.ladder.linger
    memory = timedelta(seconds=ladder.memory)
    before: Attack | None = None
    for attack in sorted(attacks, key=lambda each: each.at):
        came_back = before is not None and before.over_at is not None and attack.at - before.over_at <= memory
        seconds = min(2 * seconds, max(ladder.linger_most, ladder.linger)) if came_back else ladder.linger
        before = attack
    return timedelta(seconds=seconds)
