"""What each item does with traffic: carried or not, mitigated or not, and who is called (art. 1, 5, 10.2)."""

from collections.abc import Iterator
from fractions import Fraction
from ipaddress import ip_network

from kitei.clauses.notice import own_notice, still_in_force
from kitei.clauses.options import running
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.ddos.application import AskSupport
from kitei.services.ddos.contract import addresses, extra_mbps, item_on, text_of
from kitei.services.ddos.operation import NetworkEvent
from kitei.terms import Choice
from kitei.values import JST, Words

ATTACKS = ("attack", "mitigation-asked")


def treated_as(s: Situation, contract: Contract) -> tuple[Contract, Choice]:
    """The contract and item whose treatment traffic gets: a type M is treated as its base is."""
    base = s.contracts.get(text_of(contract, "base") or "")
    treating = base if item_on(contract, s.on) == "type-m" and base is not None else contract
    return treating, s.lists["items"][item_on(treating, s.on)]


def ceiling_of(s: Situation, contract: Contract) -> int | None:
    """What may pass in Mbps, extensions included; None where the item names no such ceiling."""
    treating, item = treated_as(s, contract)
    return item.number("ceiling_mbps") + extra_mbps(treating, s.on) if item.has("ceiling_mbps") else None


def shown(rate: int | Fraction) -> str:
    """A rate as people write it."""
    return f"{float(rate):g}" if isinstance(rate, Fraction) else str(rate)


def alive(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """A contract that is not in force watches nothing."""
    contract = s.contract(asked.contract)
    told = (asked.event, asked.offered_mbps, asked.clean_mbps, asked.mbps, asked.target)
    if all(each is None for each in told) and asked.path == "operator":
        yield s.refuse(
            s.lists["items"][item_on(contract, s.on)].cite.path,
            why=Words("何が起きたか書かれていません", "it is not said what happened"),
            place="network-event",
            remedy=Words("event か速度か target を書いてください", "give an event, a rate or a target"),
        )
    yield from still_in_force(s, s.lists["items"][item_on(contract, s.on)].cite.path, contract)


def rates(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1: up to the ceiling after mitigation, that much included; type W below its limit (convention ddp.rates)."""
    contract, how = s.contract(asked.contract), s.reading("ddp.rates")
    treating, item = treated_as(s, contract)
    used = (how.pair,)
    if item.has("below_mbps"):
        seen = next(
            (each for each in (asked.mbps, asked.offered_mbps, asked.clean_mbps) if each is not None), None
        )
        if seen is not None:
            yield _below(s, item, seen, used)
        return
    told = asked.clean_mbps if asked.clean_mbps is not None else asked.mbps
    rate = asked.offered_mbps if how.value == "peak" and asked.offered_mbps is not None else told
    ceiling = ceiling_of(s, contract)
    if rate is None or ceiling is None:
        return
    extra = extra_mbps(treating, s.on)
    paths = (item.cite.path, *(("art:10.2.5.a2",) if extra else ()))
    sum_of = f"{ceiling - extra} + {extra} = {ceiling}" if extra else f"{ceiling}"
    if rate <= ceiling:
        yield s.accept(
            *paths,
            why=Words(
                f"緩和の後の {shown(rate)} Mbps は上限 {sum_of} Mbps に収まります",
                f"{shown(rate)} Mbps after mitigation fit the ceiling of {sum_of} Mbps",
            ),
            conventions=used,
        )
    else:
        yield s.refuse(
            *paths,
            why=Words(
                f"緩和の後の {shown(rate)} Mbps は上限 {sum_of} Mbps を超え、超えた分は運びません",
                f"{shown(rate)} Mbps after mitigation exceed the ceiling of {sum_of} Mbps; the excess is not carried",
            ),
            place="network-event.clean_mbps",
            remedy=Words(
                "帯域拡張オプションで上限を広げられます", "the bandwidth extension raises the ceiling"
            ),
            conventions=used,
        )


def _below(s: Situation, item: Choice, rate: int | Fraction, used: tuple[tuple[str, str], ...]) -> Finding:
    limit = item.number("below_mbps")
    if rate < limit:
        return s.accept(
            item.cite.path,
            why=Words(
                f"{shown(rate)} Mbps は {limit} Mbps 未満です", f"{shown(rate)} Mbps are below {limit}"
            ),
            conventions=used,
        )
    return s.refuse(
        item.cite.path,
        why=Words(
            f"{shown(rate)} Mbps は {limit} Mbps 未満ではありません",
            f"{shown(rate)} Mbps are not below {limit}",
        ),
        place="network-event.mbps",
        conventions=used,
    )


def mitigated(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1 and 10.2(1): an attack is mitigated except for type D; without one only where always-on is had."""
    if asked.event is None:
        return
    contract = s.contract(asked.contract)
    treating, item = treated_as(s, contract)
    added = (s.lists["items"][item_on(contract, s.on)].cite.path,) if treating is not contract else ()
    always = running(contract, "always-on", s.on) or running(treating, "always-on", s.on)
    if item.text("mitigates") == "no":
        if asked.event in (*ATTACKS, "no-attack"):
            yield s.refuse(
                *added,
                item.cite.path,
                why=Words(
                    f"{item.name.ja}は見張るだけで、緩和しません。知らせは出します",
                    f"{item.name.en} watches only and never mitigates; the alarm is given",
                ),
                place="network-event.event",
                remedy=Words("緩和には品目の変更が要ります", "mitigation takes a change of item"),
            )
    elif asked.event == "no-attack":
        yield _at_all_times(s, bool(always))
    elif asked.event in ATTACKS:
        paths = ("art:10.2.1.a2",) if always else ()
        yield s.accept(
            *added,
            item.cite.path,
            *paths,
            why=Words(
                "攻撃を緩和し、きれいな通信を通します", "the attack is mitigated and clean traffic passes"
            ),
        )


def _at_all_times(s: Situation, always: bool) -> Finding:
    if always:
        return s.accept(
            "art:10.2.1.a2",
            why=Words("攻撃がなくても守りを当て続けます", "defence stays applied, attack or none"),
        )
    return s.refuse(
        "art:10.2.1.a2",
        "art:10.2.1",
        why=Words(
            "常時防御オプションがないので、攻撃が見つかるまで守りは当てません",
            "without the always-on option no defence is applied until an attack is seen",
        ),
        place="network-event.event",
        remedy=Words("常時防御オプションがあれば当て続けます", "with the always-on option it stays applied"),
    )


def incident(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1, type P: the operator's people are called in; for other items nobody is."""
    if asked.event != "incident":
        return
    _, item = treated_as(s, s.contract(asked.contract))
    if item.has("incidents"):
        yield s.accept(
            item.cite.path,
            why=Words("当社の定めた体制で対応します", "the operator's incident response is engaged"),
        )
    else:
        yield s.refuse(
            "art:1.1.t3",
            item.cite.path,
            why=Words(
                f"インシデントの体制はタイプ P のもので、{item.name.ja}にはありません",
                f"incident response is type P's; {item.name.en} has none",
            ),
            place="network-event.event",
        )


def policy_watched(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1, type M: policies it adds are watched as its base is."""
    contract = s.contract(asked.contract)
    if asked.event is None:
        return
    if item_on(contract, s.on) != "type-m":
        if asked.event == "policy-traffic":
            yield s.refuse(
                "art:1.1.t7",
                why=Words(
                    "足したポリシーがあるのはタイプ M だけです", "only a type M has policies that were added"
                ),
                place="network-event.event",
            )
        return
    treating, item = treated_as(s, contract)
    if treating is contract or not treating.is_in_force(s.on):
        yield s.refuse(
            "art:1.1.t7",
            "art:3.1.4",
            why=Words("土台の契約がありません", "there is no contract that it is added to"),
            place="network-event.contract",
        )
    else:
        yield s.accept(
            "art:1.1.t7",
            why=Words(
                f"足したポリシーは {treating.id}({item.name.ja})と同じに扱います",
                f"the added policy is treated as {treating.id} ({item.name.en}) is",
            ),
        )


def target_protected(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 5: only designated addresses are watched."""
    if asked.target is None:
        return
    contract = s.contract(asked.contract)
    target = ip_network(asked.target)
    inside = [
        each.prefix
        for each in addresses(contract, s.on)
        if (net := ip_network(each.prefix)).version == target.version and target.subnet_of(net)  # type: ignore[arg-type]
    ]
    if inside:
        yield s.accept(
            "art:5.1",
            "art:5.2",
            why=Words(f"{asked.target} は {inside[0]} にあります", f"{asked.target} lies in {inside[0]}"),
        )
    else:
        yield s.refuse(
            "art:5.2",
            why=Words(f"{asked.target} は指定されていません", f"{asked.target} is not designated"),
            place="network-event.target",
        )


def other_carrier(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 10.2(8): attacks by way of another carrier are seen and stopped with the multi-ISP option only."""
    if asked.path != "other-carrier":
        return
    contract = s.contract(asked.contract)
    if running(contract, "multi-isp", s.on):
        yield s.accept(
            "art:10.2.8.a2",
            why=Words(
                "他の事業者を経る攻撃も防ぎます", "attacks by way of the other carrier are stopped too"
            ),
        )
    else:
        yield s.refuse(
            "art:10.2.8.a2",
            "art:10.2.8",
            why=Words(
                "マルチ ISP 対応オプションがなく、他の事業者の経路は見ていません",
                "without the multi-ISP option the other carrier's path is not watched",
            ),
            place="network-event.path",
        )


def way_back(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 10.2(9): clean traffic comes back by the tunnel where there is a tunnel router."""
    if asked.event != "clean-traffic":
        return
    if running(s.contract(asked.contract), "tunnel-router", s.on):
        yield s.accept(
            "art:10.2.9.a2",
            why=Words("緩和後の通信をトンネルで届けます", "clean traffic is carried through the tunnel"),
        )
    else:
        yield s.refuse(
            "art:10.2.9.a2",
            why=Words("トンネルルータオプションがありません", "there is no tunnel router option"),
            place="network-event.event",
        )


def relearned(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 10.2(4): thresholds are learned anew for contracts with the re-aging option."""
    if asked.event != "relearning":
        return
    if running(s.contract(asked.contract), "re-aging", s.on):
        yield s.accept(
            "art:10.2.4.a2",
            why=Words(
                "学び直して、しきい値の勧めを報告します",
                "traffic is learned anew and thresholds are recommended",
            ),
        )
    else:
        yield s.refuse(
            "art:10.2.4.a2",
            "art:10.2.4",
            why=Words("再エージングオプションがありません", "there is no re-aging option"),
            place="network-event.event",
        )


_LIMITS = {
    "impaired": (
        ("art:15.1",),
        Words(
            "設備に著しい支障があるか、そのおそれがあれば、機能の一部が制限されることがあります",
            "functions may be limited in part while equipment is, or may be, badly impaired",
        ),
    ),
    "good-traffic-hit": (
        ("art:15.2",),
        Words(
            "指定サービスや正常な通信に影響することがあります",
            "the designated service and traffic thought normal may be affected",
        ),
    ),
    "attack-missed": (
        ("art:15.3", "art:15.4"),
        Words(
            "すべての攻撃を見つけて防ぐことは保証していません",
            "that every attack is seen and controlled is not warranted",
        ),
    ),
}


def not_warranted(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 15: what the service is allowed to fall short of, without default; another event is for people to judge."""
    if asked.event in _LIMITS:
        paths, why = _LIMITS[asked.event]
        yield s.accept(*paths, why=why)
    elif asked.event == "other":
        yield s.refer(
            s.lists["items"][item_on(s.contract(asked.contract), s.on)].cite.path,
            proposes=Verdict.ACCEPT,
            why=Words("何をすべきかは人が見て決めます", "what it calls for is for people to judge"),
        )


def supported(asked: AskSupport, s: Situation) -> Iterator[Finding]:
    """Art. 10.2(6): at all hours with extended support, else in the operator's own hours (parameter)."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:10.2.6", contract, asked)
    if running(contract, "extended-support", s.on):
        yield s.accept(
            "art:10.2.6.a2",
            why=Words("拡張された時間に応じます", "it is answered, for hours are extended"),
        )
        return
    begin, end = s.operator.number("support-hours-from"), s.operator.number("support-hours-until")
    if begin is None or end is None:
        yield s.refer(
            "art:10.2.6.a2",
            "art:10.2.6",
            proposes=Verdict.REFUSE,
            why=Words(
                "拡張サポートがなく、通常の対応時間は当社の値に記録されていません",
                "there is no extended support, and the operator's usual hours are not recorded",
            ),
            place="support.at",
            remedy=Words(
                "support-hours-from と -until を設定してください", "set support-hours-from and -until"
            ),
            defects=("COM-D09",),
        )
    else:
        yield _in_hours(asked, s, begin, end)


def _in_hours(asked: AskSupport, s: Situation, begin: int, end: int) -> Finding:
    hour = asked.at.astimezone(JST).hour
    if begin <= hour < end:
        return s.accept(
            "art:10.2.6.a2",
            why=Words(
                f"通常の {begin} 時から {end} 時の間です", f"it is between {begin}:00 and {end}:00, as usual"
            ),
            defects=("COM-D09",),
        )
    return s.refuse(
        "art:10.2.6.a2",
        "art:10.2.6",
        why=Words(
            f"通常の {begin} 時から {end} 時の外で、拡張サポートがありません",
            f"it is outside {begin}:00 to {end}:00, and there is no extended support",
        ),
        place="support.at",
        remedy=Words(
            "拡張サポートオプションで時間が広がります", "the extended support option widens the hours"
        ),
        defects=("COM-D09",),
    )
