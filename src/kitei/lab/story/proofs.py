"""Proof with packets: what reaches whom, what the wire carries, and what happens when machines die."""

import time
from collections.abc import Callable
from typing import Final

from kitei.lab.reach import Attempt, is_whole
from kitei.lab.story.stage import Stage
from kitei.services.managed_vpn.contract import Site
from kitei.values import Words

FOREIGN: Final = ("192.168.7.7", "172.16.0.9", "8.8.8.8", "100.64.0.1", "10.200.0.1")


def isolate(stage: Stage) -> None:
    """Nothing but a child and its own parent, and nothing readable on the wire."""
    telling, lab = stage.telling, stage.lab
    telling.open_scene(Words("隔離", "Isolation"))
    hosts = list(lab.hosts.values())
    allowed = {frozenset((one.name, other.name)) for one, other in stage.pairs()}
    addresses = sorted({host.ip for host in hosts})
    tries = [Attempt(h.name, h.ip, ip, "udp") for h in hosts for ip in addresses if ip != h.ip]
    with lab.capture() as carried:
        outcomes = lab.attempt(tries, 1.0)
    wrong = [
        f"{o.attempt.origin}→{place}"
        for o in outcomes
        for place in o.arrived
        if frozenset((o.attempt.origin, place)) not in allowed
    ]
    right = sum(len(o.arrived) for o in outcomes) - len(wrong)
    telling.promise(
        f"{len(tries)} 通りの宛先のうち、届くのは自分の親子の間だけ(同じ 10.0.0.0/8 を使う別の網にも届かない)",
        f"of {len(tries)} ways tried, only child and own parent hear one another, also where prefixes are equal",
        not wrong and right == 2 * len(allowed),
        ", ".join(wrong[:3]) or f"{right}",
    )
    wire = carried[0]
    telling.promise(
        "回線に出るのは IKE と ESP だけ",
        "the wire carries IKE and ESP only",
        wire.is_protected and wire.encrypted > 0,
        ", ".join(f"{kind} {count}" for kind, count in sorted(wire.frames.items()))
        + "".join(wire.strays[:1]),
    )
    spoofs = [
        Attempt(one.name, source, other.ip, "udp")
        for one, other in stage.pairs()
        for source in (*FOREIGN, other.ip)
    ]
    _nothing(
        stage, spoofs, "偽りの、または指定外の送信元は通らない", "no spoofed or undesignated source passes"
    )
    six = [Attempt(host.name, "fd00::1", target) for host in hosts for target in ("fd00::2", "2001:db8::1")]
    _nothing(stage, six, "IPv6 は通らない", "no IPv6 passes")
    _misconfigure(stage)


def _nothing(stage: Stage, tries: list[Attempt], ja: str, en: str) -> None:
    outcomes = stage.lab.attempt(tries, 0.8)
    arrived = [f"{o.attempt.source}→{o.arrived}" for o in outcomes if o.arrived or o.answered]
    stage.telling.promise(
        f"{ja}({len(tries)} 通り)", f"{en} ({len(tries)} ways)", not arrived, "; ".join(arrived[:3])
    )


def _misconfigure(stage: Stage) -> None:
    """A child's own device is made to let everything through; the hub still refuses."""
    child = stage.children(stage.network_of("single-star-single-edge"))[0]
    node, host = stage.node(child), stage.host(child)
    parent = stage.host(stage.parent(child.network))
    stage.lab.misconfigure(node, [["nft", "flush", "ruleset"]])
    try:
        tries = [Attempt(host.name, source, parent.ip, "udp") for source in FOREIGN]
        others = [
            stage.host(each) for each in stage.children(child.network) if each.contract != child.contract
        ]
        tries += [Attempt(host.name, host.ip, other.ip, "udp") for other in others]
        _nothing(
            stage,
            tries,
            f"{node} をわざと誤設定しても同じ",
            f"the same holds when {node} is misconfigured on purpose",
        )
    finally:
        stage.lab.mend(node)
    stage.wait_until_whole()


def survive(stage: Stage) -> None:
    """Hub 1 is lost in three ways, and edge A; traffic goes on, and nothing is lost when they return."""
    telling = stage.telling
    telling.open_scene(Words("故障", "Machines die"))
    network = stage.network_of("dual-star-dual-edge")
    parent, child = stage.parent(network), stage.children(network)[0]
    hub, edge = stage.node(parent), stage.node(child)
    telling.say(
        f"{child.name} と {parent.name} の LAN ホストの間に 10 ミリ秒ごとの流れを双方向に流し、機器を殺します。",
        f"A 10 ms stream runs both ways between LAN hosts at {child.name} and {parent.name} while machines die.",
    )
    rows: list[tuple[str, str, str, str]] = []
    ways: tuple[tuple[str, Words, Callable[[str], None]], ...] = (
        (hub, Words("ハブ 1: 回線とLANの断", "hub 1: links down"), stage.lab.pull),
        (hub, Words("ハブ 1: 黙って捨てる", "hub 1: silently blackholed"), stage.lab.silence),
        (hub, Words("ハブ 1: 全プロセスを kill -9", "hub 1: kill -9 of everything"), stage.lab.kill),
        (edge, Words("エッジ A: 断", "edge A: links down"), stage.lab.pull),
    )
    for node, words, harm in ways:
        gap, lost, back = _lose(stage, node, harm, child, parent)
        rows.append((words.to(telling.language), f"{gap:.0f} ms", str(lost), str(back)))
        telling.promise(
            f"{words.ja}: 通信は続き、復旧で一つも失わない",
            f"{words.en}: traffic goes on, and nothing is lost when it returns",
            0 < gap < 1000 and back == 0,
            f"{gap:.0f} ms, {back}",
        )
    heads = [
        Words("何を", "what"),
        Words("最長の途切れ", "longest gap"),
        Words("失ったデータグラム", "datagrams lost"),
        Words("復旧時の損失", "lost at return"),
    ]
    telling.table(heads, rows)
    _single(stage)


def _lose(
    stage: Stage, node: str, harm: Callable[[str], None], child: Site, parent: Site
) -> tuple[float, int, int]:
    """Longest gap (ms) and loss while a node is lost, and loss while it returns."""
    here, there = stage.host(child), stage.host(parent)
    with stage.lab.stream(here, there) as lost:
        time.sleep(0.8)
        harm(node)
        time.sleep(2.0)
    with stage.lab.stream(here, there) as restored:
        stage.lab.mend(node)
        time.sleep(2.0)
        stage.wait_until_whole()
        stage.wait_until_green()
        time.sleep(0.5)
    return lost[0].longest_gap, lost[0].lost, restored[0].lost


def _single(stage: Stage) -> None:
    """A single star is what it says: not redundant."""
    network = stage.network_of("single-star-single-edge")
    parent, child = stage.parent(network), stage.children(network)[0]
    hub = stage.node(parent)
    stage.lab.pull(hub)
    time.sleep(0.5)
    try:
        outcome = stage.lab.attempt(
            [Attempt(stage.host(child).name, stage.host(child).ip, stage.host(parent).ip)]
        )[0]
    finally:
        stage.lab.mend(hub)
    stage.telling.promise(
        f"シングルスター {network} はハブを失えば止まる。冗長とは言わない",
        f"the single star {network} stops without its hub, and nobody calls it redundant",
        not is_whole(outcome, stage.host(parent)),
    )
    stage.wait_until_whole()
    stage.wait_until_green()
