"""Articles 1, 5 and 10: what may be done against an attack on a contract, by whom, and for how long."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Final

from kitei.clauses.notice import still_in_force
from kitei.clauses.who import OPERATOR
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.ddos.act import Act
from kitei.services.ddos.contract import addresses
from kitei.services.ddos.defence import (
    Mitigation,
    Policy,
    attacks,
    mitigations,
    policies,
    policy_of,
    standing_mitigations,
)
from kitei.services.ddos.defending import (
    CONTROLLER,
    Mitigate,
    Prolong,
    Release,
    Step,
)
from kitei.services.ddos.ladder import FILTERED
from kitei.services.ddos.means import Means, means
from kitei.values import Words

LONGEST: Final = 24 * 3600
SHORTEST: Final = 10
_STEPS: Final[dict[Step, Words]] = {
    "rate-limit": Words("流量の制限", "limiting the rate"),
    "filter": Words("フィルタ", "filtering"),
    "divert": Words("装置への迂回", "diversion to the scrubber"),
    "blackhole": Words("宛先の遮断", "discarding all for the target"),
}


def means_of(s: Situation, contract: Contract) -> Means | None:
    """What the contract has a right to on the day; it looks no further than to the contract it is added to."""
    return means(contract, s.contracts, s.on)


def row_of(s: Situation, contract: Contract) -> str:
    """The provision of the contract's item."""
    found = means_of(s, contract)
    return found.watch_paths[0] if found else s.lists["items"][contract.item].cite.path


def answering(contract: Contract, target: str, attack: str | None) -> Policy:
    """The policy that speaks for a target: that of the alarm, else the first whose prefixes hold it."""
    named = next((each for each in attacks(contract) if each.id == attack), None)
    if named is not None:
        return policy_of(contract, named.policy)
    wanted = ip_network(target)
    for each in policies(contract):
        if any(
            (net := ip_network(prefix)).version == wanted.version and wanted.subnet_of(net)  # type: ignore[arg-type]
            for prefix in each.prefixes
        ):
            return each
    return policies(contract)[0]


# -- who ---------------------------------------------------------------------------------------------


def allowed_to_ask(asked: Mitigate | Prolong | Release, s: Situation) -> Iterator[Finding]:
    """The operator, its controller, and the contract's own customer."""
    contract = s.contract(asked.contract)
    if asked.by not in (CONTROLLER, OPERATOR, contract.customer):
        yield s.refuse(
            row_of(s, contract),
            why=Words(
                f"{asked.by} は契約 {contract.id} の契約者ではありません",
                f"{asked.by} is not the customer of contract {contract.id}",
            ),
            place="by",
        )
    if not isinstance(asked, Release):  # what stands may be taken back even when the contract is over
        yield from still_in_force(s, row_of(s, contract), contract)


def within(s: Situation, found: Means, target: str, place: str) -> Iterator[Finding]:
    """Art. 5.1 and 5.2: nothing is done to traffic of addresses that are not designated."""
    if found.protects(target):
        yield s.accept(
            "art:5.1",
            "art:5.2",
            why=Words(f"{target} は保護の対象です", f"{target} is protected by the contract"),
        )
        return
    known = "、".join(each.prefix for each in found.addresses) or "なし"
    there = ", ".join(each.prefix for each in found.addresses) or "nothing"
    yield s.refuse(
        "art:5.2",
        why=Words(
            f"{target} はこの契約の保護の対象ではありません。あるのは {known}",
            f"{target} is not protected by this contract; it protects {there}",
        ),
        place=place,
        remedy=Words("対象の範囲の中から選んでください", "name a target inside those prefixes"),
    )


# -- what is done ------------------------------------------------------------------------------------


def defends(asked: Mitigate | Prolong, s: Situation) -> Iterator[Finding]:
    """Art. 1: a type D, and a type M on one, never mitigates, whoever asks and whatever happens."""
    contract = s.contract(asked.contract)
    found = means_of(s, contract)
    if found is None:
        return
    if not found.mitigates:
        yield s.refuse(
            *found.defence_paths,
            why=Words(
                f"{found.treated.name.ja}は見張るだけで、緩和しません",
                f"{found.treated.name.en} watches only and never mitigates",
            ),
            place="contract",
            remedy=Words("緩和には品目の変更が要ります", "mitigation takes a change of item"),
            defects=s.defects(found.treated.cite.path),
        )
        return
    rate = f"{found.clean_bps / 1e6:g} Mbps" if found.clean_bps else ""
    yield s.accept(
        *dict.fromkeys((*found.defence_paths, *found.clean_paths)),
        why=Words(
            f"{found.treated.name.ja}は緩和します" + (f"。緩和後に通すのは {rate} まで" if rate else ""),
            f"{found.treated.name.en} mitigates" + (f"; up to {rate} may pass afterwards" if rate else ""),
        ),
    )


def step_allowed(asked: Mitigate, s: Situation) -> Iterator[Finding]:
    """Art. 1: each item defends by the policy set for the contract; a type M by its own."""
    contract = s.contract(asked.contract)
    found = means_of(s, contract)
    if found is None or not found.mitigates:
        return
    yield from within(s, found, asked.target, "mitigate.target")
    if asked.by == contract.customer:
        yield from _nobody_elses(s, contract, asked)
    policy = answering(contract, asked.target, asked.attack)
    mode, step = policy.ladder.mode(asked.step), _STEPS[asked.step]
    paths = tuple(dict.fromkeys((found.watch_paths[0], *found.defence_paths[:1])))
    if mode == "forbidden" or (mode == "by-hand" and asked.by == CONTROLLER):
        yield s.refuse(
            *paths,
            why=Words(
                f"{step.ja}はこの契約のポリシーが禁じています"
                if mode == "forbidden"
                else f"{step.ja}は人の指示によるものとポリシーが定めています",
                f"the contract's policy forbids {step.en}"
                if mode == "forbidden"
                else f"the contract's policy leaves {step.en} to a person",
            ),
            place="mitigate.step",
            remedy=Words("set-policy で ladder を変えられます", "set-policy can change the ladder"),
        )
        return
    if asked.step == "filter" and _metric(contract, asked) not in FILTERED:
        yield s.refuse(
            *paths,
            why=Words(
                "何を落とすかを示す警報がなく、フィルタでは見分けられません",
                "no alarm says what to drop, so that a filter could tell it from good traffic",
            ),
            place="mitigate.step",
            remedy=Words("rate-limit か divert を選んでください", "choose rate-limit or divert"),
        )
        return
    by = Words(
        "自動で" if asked.by == CONTROLLER else "指示により",
        "of itself" if asked.by == CONTROLLER else "as asked",
    )
    yield s.accept(
        *paths,
        why=Words(f"{step.ja}を{by.ja}行います", f"{step.en}, {by.en}: the contract's policy allows it"),
    )
    if asked.step in ("blackhole", "filter", "rate-limit"):
        yield s.accept("art:15.2", why=_HITS_GOOD_TRAFFIC)


def _nobody_elses(s: Situation, contract: Contract, asked: Mitigate) -> Iterator[Finding]:
    """Art. 5.2 and 15.2: what a customer asks for may reach nobody else's traffic unless the operator agrees."""
    wanted = ip_network(asked.target)
    for other in s.contracts.values():
        if other.customer == contract.customer or not other.is_in_force(s.on):
            continue
        if any(wanted.overlaps(ip_network(each.prefix)) for each in addresses(other, s.on)):
            yield s.refer(
                "art:5.2",
                "art:15.2",
                proposes=Verdict.REFUSE,
                why=Words(
                    f"{asked.target} は別の契約者も保護の対象に指定しています",
                    f"{asked.target} is designated by another customer as well",
                ),
                place="mitigate.target",
                remedy=Words("当社が確かめて判断します", "it is for the operator to look into"),
            )
            return


def _metric(contract: Contract, asked: Mitigate) -> str:
    """What the alarm is about that stands on the target, empty where none does."""
    standing = [each for each in attacks(contract) if each.stands and each.target == asked.target]
    return next((each.metric for each in standing if asked.attack in (None, each.id)), "")


_HITS_GOOD_TRAFFIC: Final = Words(
    "正常な通信にも影響することがあります", "traffic thought normal may be affected as well"
)


def bounded(asked: Mitigate | Prolong, s: Situation) -> Iterator[Finding]:
    """Everything expires, and only so much is in force at once (art. 15.1 limits functions where it must)."""
    contract = s.contract(asked.contract)
    if asked.hold is not None and not SHORTEST <= asked.hold <= LONGEST:
        yield s.refuse(
            row_of(s, contract),
            why=Words(
                f"{asked.hold} 秒は {SHORTEST} 秒から {LONGEST} 秒の間ではありません",
                f"{asked.hold} is not between {SHORTEST} and {LONGEST} seconds",
            ),
            place="hold",
            remedy=Words("続くあいだは延ばせます", "it can be prolonged while it is needed"),
        )
    if isinstance(asked, Prolong):
        return
    there = standing_mitigations(contract)
    same = next((each for each in there if (each.step, each.target) == (asked.step, asked.target)), None)
    if same is not None:
        yield s.refuse(
            row_of(s, contract),
            why=Words(f"すでに {same.id} が行われています", f"{same.id} does that already"),
            place="mitigate.target",
            remedy=Words(f"prolong で {same.id} を延ばせます", f"prolong {same.id} instead"),
        )
    most = answering(contract, asked.target, asked.attack).ladder.most
    if len(there) >= most:
        yield s.refuse(
            "art:15.1",
            row_of(s, contract),
            why=Words(f"同時に行えるのは {most} 件までです", f"no more than {most} may be in force at once"),
            place="mitigate",
            remedy=Words("要らないものを release してください", "release what is not needed"),
        )


def named_mitigation(asked: Prolong | Release, s: Situation) -> Iterator[Finding]:
    """There must be something to prolong or to take back."""
    contract = s.contract(asked.contract)
    if picked(contract, asked):
        found = picked(contract, asked)
        yield s.accept(
            row_of(s, contract),
            why=Words(
                "、".join(f"{each.id}({each.step} {each.target})" for each in found),
                ", ".join(f"{each.id} ({each.step} {each.target})" for each in found),
            ),
        )
        return
    there = ", ".join(f"{each.id} {each.step} {each.target}" for each in standing_mitigations(contract))
    yield s.refuse(
        row_of(s, contract),
        why=Words(f"行われているのは {there or 'なし'}", f"what is in force is {there or 'nothing'}"),
        place="mitigation",
    )


def picked(contract: Contract, asked: Prolong | Release) -> tuple[Mitigation, ...]:
    """What an act means: one by its number, all against a target, or all there are."""
    target = asked.target if isinstance(asked, Release) else None
    return tuple(
        each
        for each in mitigations(contract)
        if each.stands and asked.mitigation in (None, each.id) and target in (None, each.target)
    )


def until(asked: Act, contract: Contract, target: str, attack: str | None, hold: int | None) -> str:
    """When a step runs out that is ordered or prolonged by this act."""
    seconds = hold if hold is not None else answering(contract, target, attack).ladder.hold
    return (asked.at + timedelta(seconds=min(max(seconds, SHORTEST), LONGEST))).isoformat()
