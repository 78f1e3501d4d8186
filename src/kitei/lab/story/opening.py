"""The first scenes: terms, the order book, and the network that was contracted."""

import time
from collections import Counter
from collections.abc import Sequence

from kitei.desk import Finding, Verdict
from kitei.lab.story.stage import CONTROLLER, Stage
from kitei.office.orderbook import read_book, take_book
from kitei.services.managed_vpn.edition import TERMS
from kitei.values import Words


def publish_terms(stage: Stage) -> None:
    """The provider's terms, with their hash in the ledger."""
    stage.telling.open_scene(Words("規程", "Terms"))
    stage.office.publish_editions()
    edition = TERMS.editions[-1]
    stage.telling.say(
        f"マネージド VPN PRO の {edition.in_force} 版: 条項 {len(edition.provisions)} 件。"
        f"公表した版のハッシュ {edition.digest[:12]} を台帳に記しました。",
        f"Managed VPN PRO, edition of {edition.in_force}: {len(edition.provisions)} provisions. "
        f"Its hash {edition.digest[:12]} is in the ledger.",
    )
    again = stage.office.publish_editions()
    stage.telling.promise(
        "公表した版は、もう一度公表しても二度は記されない",
        "taken again, a published edition is not recorded twice",
        again == (),
    )


def take_orders(stage: Stage) -> None:
    """The order book: what is accepted, and what is refused with its article."""
    telling = stage.telling
    telling.open_scene(Words("申込と判断", "The order book, decided"))
    outcomes = list(take_book(stage.office, read_book(stage.book, stage.office)))
    counted = Counter(each.decided.decision.verdict.name.lower() for each in outcomes)
    telling.say(
        f"{len(outcomes)} 件の申込と届出を規程で判断しました: 承諾 {counted['accept']}、拒絶 {counted['refuse']}。",
        f"{len(outcomes)} acts decided by the terms: {counted['accept']} accepted, {counted['refuse']} refused.",
    )
    refused = [each for each in outcomes if each.decided.decision.verdict is Verdict.REFUSE]
    rows = [
        (
            each.decided.application,
            stage.articles([str(cite) for f in _strict(each.decided.decision.findings) for cite in f.cites]),
            _strict(each.decided.decision.findings)[0].why.to(telling.language),
        )
        for each in refused
    ]
    heads = [Words("拒絶された申込", "refused"), Words("根拠", "by"), Words("理由", "why")]
    telling.table(heads, rows)
    unexpected = [each.decided.application for each in outcomes if not each.is_expected]
    telling.promise(
        "どの申込も、書いた人の予期どおりに判断された",
        "every application was decided as its writer expected",
        not unexpected,
        ", ".join(unexpected),
    )
    telling.promise(
        "拒絶はすべて条項を引用する",
        "every refusal cites a provision",
        bool(refused) and all(each.decided.decision.cites for each in refused),
    )
    before = stage.office.book.head()
    list(take_book(stage.office, read_book(stage.book, stage.office)))
    telling.promise(
        "同じ申込簿をもう一度受けても何も増えない",
        "the same order book taken again records nothing new",
        stage.office.book.head() == before,
    )


def bring_up(stage: Stage) -> None:
    """What was contracted comes up, by the contracts alone."""
    telling = stage.telling
    telling.open_scene(Words("網が立つ", "The network comes up"))
    plan = stage.publishing.plan()
    telling.say(
        f"契約だけから {len(plan.nodes)} 台のノードの {len(plan.changes)} 個の部品が決まりました。",
        f"The contracts alone say {len(plan.nodes)} nodes and {len(plan.changes)} parts.",
    )
    stage.lay()
    begun = time.monotonic()
    stage.lab.start_controller(CONTROLLER)
    stage.publish()
    stage.lab.start_nodes(plan.nodes)
    with telling.waiting("エンジンを起動し、トンネルを張っています", "engines start, tunnels come up"):
        left = stage.wait_until_whole()
        whole = time.monotonic() - begun
        green = stage.wait_until_green()
    telling.promise(
        f"すべての子拠点の LAN が親拠点の LAN に届く({len(stage.pairs())} 組)",
        f"every child LAN reaches its parent's LAN ({len(stage.pairs())} pairs)",
        not left,
        f"{whole:.1f} s" if not left else ", ".join(one.name for one, _ in left),
    )
    alarms = [alarm.words.to(telling.language) for alarm in stage.hearing.alarms()]
    telling.promise(
        "監視のすべてが緑になる",
        "all that is watched is up, as the nodes report it",
        green,
        "; ".join(alarms[:3]),
    )
    telling.promise(
        "計画をもう一度立てると空である",
        "planned again, there is nothing to do",
        stage.publishing.plan().is_empty,
    )


def _strict(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict is Verdict.REFUSE]
