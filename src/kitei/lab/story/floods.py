"""Floods: seen by what routers tell, stopped by what was bought, taken back when they are over."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from kitei.desk import Verdict
from kitei.lab.attacks import Kind
from kitei.lab.internet import Site
from kitei.lab.story.flooded import SITES, SPEAKER, Ground, contract, site, until
from kitei.lab.story.stage import Stage
from kitei.network import Announcement, FlowRule, RouteLeave, Scrubbing
from kitei.office.orderbook import read_book, take_book
from kitei.office.why import why_part
from kitei.services.ddos.defence import attacks, mitigations, standing_mitigations
from kitei.store.outbox import Outbox
from kitei.values import Words

BOOK: Final = Path(__file__).parents[4] / "examples" / "floods"
_WAVE: Final = 6.0
_SOON: Final = 5.0  # seconds, of which the routers' own export takes up to two
_CEILINGS: Final = (("kaede", 500), ("sumire", 1000), ("tsubaki", 500))  # Mbit/s, types E, X, E (article 1)
_WIDE: Final = 2000
_FLOODS: Final[tuple[tuple[str, Sequence[tuple[Kind, int]]], ...]] = (
    ("kaede", (("dns", 12_000), ("syn", 12_000))),
    ("sumire", (("ntp", 20_000), ("fragments", 12_000))),
    ("tsubaki", (("dns", 12_000), ("syn", 12_000))),
    ("yuzu", (("dns", 12_000), ("syn", 12_000))),
)


def stop_floods(stage: Stage) -> None:
    """The whole scene, from four applications to routes taken back."""
    stage.telling.open_scene(Words("攻撃", "Floods"))
    _take_orders(stage)
    ground = Ground(stage)
    _bring_up(stage, ground)
    for name, kinds in _FLOODS:
        _flood(stage, ground, site(name), kinds)
    ground.relent()
    for name, ceiling in _CEILINGS:
        _hold_the_rate(stage, ground, site(name), ceiling)
    _calm(stage, ground)
    ground.send_home()
    _ask_why(stage)


def _take_orders(stage: Stage) -> None:
    telling = stage.telling
    outcomes = list(take_book(stage.office, read_book(BOOK, stage.office)))
    telling.promise(
        "E、X、D の三種類と、別の事業者を経る E の申込が、書いた人の予期どおりに判断された",
        "types E, X and D, and an E by way of another provider, are decided as expected",
        all(each.is_expected for each in outcomes),
    )
    for each in outcomes:
        if each.decided.decision.verdict is Verdict.REFUSE:
            finding = next(f for f in each.decided.decision.findings if f.verdict is Verdict.REFUSE)
            told = stage.articles([str(cite) for cite in finding.cites])
            why = finding.why
            telling.say(
                f"  拒絶 {each.decided.application}: {told} {why.ja}",
                f"  refused {each.decided.application}: {told} {why.en}",
            )


def _bring_up(stage: Stage, ground: Ground) -> None:
    telling = stage.telling
    with telling.waiting(
        "収集装置、経路制御、清浄装置を起動しています", "collector, route speaker and scrubber start"
    ):
        nodes = ground.bring_up()
    telling.promise(
        f"{len(nodes)} 台のノードが立ち、二つの事業者のルータと BGP で話す",
        f"{len(nodes)} nodes are up and speak BGP with the routers of two providers",
        True,
        ", ".join(nodes),
    )
    time.sleep(2.0)
    now = time.time()
    fared = [ground.visits(each, now - 1.5, now) for each in SITES]
    telling.promise(
        "攻撃の前は、どのサイトの訪問も失われない",
        "before any attack no visit to any site is lost",
        all(each.made and not each.lost for each in fared),
        f"{sum(each.made for each in fared)}",
    )


def _flood(stage: Stage, ground: Ground, of: Site, kinds: Sequence[tuple[Kind, int]]) -> None:
    """One site is attacked: when is it seen, when is it diverted, and what do its visitors notice?"""
    telling, name = stage.telling, contract(of)
    began, first = time.time(), stage.office.clock()
    for kind, pps in kinds:
        ground.attack(of, kind, pps)
    seen = until(lambda: bool(attacks(stage.contract(name))), 15.0)
    if of.name == "yuzu":
        time.sleep(3.0)
        _only_alarmed(stage, ground, of, seen)
        _tell_alert(stage, name)
        return
    stopped = until(lambda: ground.is_diverted(of), 15.0)
    diverted = time.time()
    time.sleep(1.0)
    clean = time.time()
    time.sleep(_WAVE)
    before, after = ground.visits(of, began, clean), ground.visits(of, clean, clean + _WAVE - 1.0)
    detected = _seconds(first, attacks(stage.contract(name))[0].at) if seen else None
    words = " + ".join(kind for kind, _ in kinds)
    telling.promise(
        f"{name}: {words} の最初のパケットから経路が変わるまで 5 秒以内",
        f"{name}: from the first packet of {words} to the diversion at the border in 5 s",
        seen and stopped and diverted - began <= _SOON,
        f"{detected:.1f} s → {diverted - began:.1f} s" if detected is not None else "not seen",
    )
    telling.promise(
        f"{name}: 緩和の間に失われる訪問は 1 % 以下",
        f"{name}: of visits during mitigation at most 1 % are lost",
        after.made > 0 and after.loss <= 0.01,
        f"{before.lost}/{before.made} → {after.lost}/{after.made}",
    )
    _tell_alert(stage, name)


def _tell_alert(stage: Stage, name: str) -> None:
    """What the customer was told of it, in one line by e-mail (here: into the home's folder `outbox`)."""
    stage.telling.promise(
        f"{name}: 契約者に一行で知らされた",
        f"{name}: the customer was told, in one line",
        until(lambda: bool(_alerts(stage, name)), 10.0),
    )
    for ja, en in _alerts(stage, name)[:1]:
        stage.telling.say(f"  ✉ {ja}", f"  ✉ {en}")


def _alerts(stage: Stage, name: str) -> list[tuple[str, str]]:
    """The alerts that went out for a contract, in both languages, oldest first."""
    told = [each.body.get("data") for each in Outbox(stage.office.book.engine).last(50) if each.sent_at]
    mine = [data for data in cast(list[Any], told) if data and data.get("contract") == name]
    return [(data["text"]["ja"], data["text"]["en"]) for data in mine]


def _only_alarmed(stage: Stage, ground: Ground, of: Site, seen: bool) -> None:
    name = contract(of)
    parts = [
        part
        for node in stage.publishing.published_intent().nodes.values()
        for part in node.parts
        if part.origin.owner == name and isinstance(part, Announcement | FlowRule | Scrubbing | RouteLeave)
    ]
    stage.telling.promise(
        f"{name}: タイプ D は知らせるだけで、経路も清浄も動かない",
        f"{name}: type D is alarmed and nothing else: no route, no scrubbing",
        seen and not parts and not mitigations(stage.contract(name)) and not ground.is_diverted(of),
        ", ".join(part.key for part in parts),
    )


def _hold_the_rate(stage: Stage, ground: Ground, of: Site, ceiling: int) -> None:
    """As much as this machine can offer of what no filter can tell from good traffic."""
    ground.widen(of, _WIDE)
    ground.attack(of, "bulk", 0)
    until(lambda: ground.is_diverted(of), 10.0)
    time.sleep(1.5)
    offered, passed = ground.carried(of, 3.0)
    ground.relent()
    stage.telling.promise(
        f"{contract(of)}: 緩和後に通るのは {ceiling} Mbps まで",
        f"{contract(of)}: of what passes after mitigation no more than {ceiling} Mbps",
        passed <= ceiling * 1.05 and passed >= 0.8 * min(offered, ceiling),
        f"{offered:.0f} → {passed:.0f} Mbit/s",
    )


def _calm(stage: Stage, ground: Ground) -> None:
    ground.relent()
    telling = stage.telling
    with telling.waiting(
        "攻撃が終わりました。元に戻るのを待ちます",
        "the attacks are over; waiting for everything to be taken back",
    ):
        over = until(
            lambda: (
                not any(ground.is_diverted(each) for each in SITES)
                and not any(standing_mitigations(stage.contract(contract(each))) for each in SITES)
                and not _left(stage)
            ),
            60.0,
        )
    telling.promise(
        "攻撃が終わると、経路も清浄もすべて取り下げられる",
        "when attacks are over, every route and every scrubbing is taken back",
        over,
        ", ".join(_left(stage)[:3]),
    )


def _left(stage: Stage) -> list[str]:
    """What is still ordered of nodes against attacks."""
    return [
        part.key
        for node in stage.publishing.published_intent().nodes.values()
        for part in node.parts
        if isinstance(part, Announcement | FlowRule | Scrubbing)
    ]


def _ask_why(stage: Stage) -> None:
    found = why_part(stage.office, SPEAKER.node, f"route-leave:{contract(site('kaede'))}")
    for step in found[0].steps:
        stage.telling.say(
            f"  [bold]{step.what.ja}[/bold] {step.name}: {step.detail.ja[:140]}",
            f"  [bold]{step.what.en}[/bold] {step.name}: {step.detail.en[:140]}",
        )


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()
