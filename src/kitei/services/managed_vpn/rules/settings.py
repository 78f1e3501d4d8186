"""Articles 10 and 22(1), (3), (4): who may have settings changed, to what, and what the work costs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from kitei.accounts.tax import rounded
from kitei.clauses.fees import charge
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.application import WorkOrder
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.rules.networks import parent_of
from kitei.values import JST, Words, Yen, in_yen


def sites_of(asked: WorkOrder, s: Situation) -> tuple[Contract, ...]:
    """The contracts whose settings an order would change. Raises LookupError for an unknown one."""
    names = [asked.contract] if asked.contract is not None else []
    found = [s.contract(name) for name in names]
    for tunnel in asked.tunnels:
        found += [each for end in tunnel if (each := contract_at(s, end))]
    return tuple({each.id: each for each in found}.values())


def contract_at(s: Situation, end: str) -> Contract | None:
    """The contract that an end of a tunnel belongs to: itself by id, or the one with that device."""
    found = s.contracts.get(end)
    if found is not None:
        return found
    return next(
        (each for each in s.contracts.values() if any(device.serial == end for device in each.devices)), None
    )


def authority(asked: WorkOrder, s: Situation) -> Iterator[Finding]:
    """Art. 10.1 to 10.3: settings change at the word of the parent's holder, parent's and children's alike."""
    sites = sites_of(asked, s)
    how = s.reading("mvp.holders")
    children = any(each.kind == "child" for each in sites)
    for site in sites:
        parent = parent_of(s, site.group)
        if parent is not None and parent.customer == asked.by:
            continue
        holder = (
            Words(f"親の契約者は {parent.customer} です", f"the parent is held by {parent.customer}")
            if parent
            else Words("有効な親の契約がありません", "no parent contract is in force")
        )
        yield s.refuse(
            "art:10.1",
            "art:10.2",
            why=Words(
                f"{asked.by} は {site.id} の設定を変えさせる権限を持ちません。{holder.ja}",
                f"{asked.by} has no authority over the settings of {site.id}; {holder.en}",
            ),
            place="work-order.by",
            remedy=Words(
                "同じ VPN の親の契約者から指示してください",
                "let the holder of the parent contract of the same VPN give the order",
            ),
            conventions=(how.pair,),
            defects=("MVP-D11",),
        )
    paths = ("art:10.1", "art:10.2", "art:10.3") if children else ("art:10.1", "art:10.3")
    yield s.confirm(_AUTHORITY, *paths)


_AUTHORITY = Words(
    "親の契約者の指示により、当社が作業します",
    "the operator does the work at the word of the parent's holder",
)


def sites_live(asked: WorkOrder, s: Situation) -> Iterator[Finding]:
    """Art. 10.1: only what is in force has settings; monitoring is no site."""
    for site in sites_of(asked, s):
        if not site.is_in_force(s.on) or not is_site(site):
            yield s.refuse(
                "art:10.1",
                why=Words(
                    f"{site.id} は {s.on} に有効な拠点ではありません",
                    f"{site.id} is no site in force on {s.on}",
                ),
                place="work-order.contract",
            )


def removed_lans(asked: WorkOrder, s: Situation) -> Iterator[Finding]:
    """Art. 7.2: only what was designated can be taken back."""
    if not asked.remove_lans or asked.contract is None:
        return
    from kitei.services.managed_vpn.contract import lans

    there = {lan.prefix for lan in lans(s.contract(asked.contract), s.on)}
    for at, prefix in enumerate(asked.remove_lans):
        if prefix not in there:
            yield s.refuse(
                "art:7.2",
                why=Words(
                    f"{prefix} は {asked.contract} に指定されていません",
                    f"{prefix} is not designated at {asked.contract}",
                ),
                place=f"work-order.remove_lans[{at}]",
                remedy=Words(
                    "指定されているのは " + ("、".join(sorted(there)) or "ありません"),
                    "designated are " + (", ".join(sorted(there)) or "none"),
                ),
            )


def tunnels(asked: WorkOrder, s: Situation) -> Iterator[Finding]:
    """Art. 22.1, 22.3 and 22.4: which ends may be connected."""
    for at, ends in enumerate(asked.tunnels):
        place = f"work-order.tunnels[{at}]"
        contracts = [contract_at(s, end) for end in ends]
        known = [each for each in contracts if each is not None]
        if len(ends) != 2 or len(known) < 2:
            off = ", ".join(end for end, each in zip(ends, contracts, strict=True) if each is None)
            yield s.refuse(
                "art:22.1",
                why=Words(
                    f"{off or '片側だけの指定'} はこのサービスの機器ではありません",
                    f"{off or 'one end alone'} is no device of this service",
                ),
                place=place,
                remedy=Words(
                    "このサービスを使う二つの端を書いてください",
                    "name two ends that are both on this service",
                ),
            )
        else:
            yield _connection(s, known[0], known[1], place)


def _connection(s: Situation, one: Contract, other: Contract, place: str) -> Finding:
    kinds = {one.kind, other.kind}
    row = s.lists["items"][one.item].cite.path
    if kinds == {"parent"}:
        return s.refuse(
            "art:22.3",
            why=Words(
                f"{one.id} と {other.id} は別々の親たる契約です。契約者が同じでもつなげません",
                f"{one.id} and {other.id} are two parent contracts, not to be connected though one customer holds both",
            ),
            place=place,
            remedy=Words(
                "それぞれの VPN 網に子拠点を置いてください", "have a child site in each VPN network"
            ),
        )
    if kinds == {"child"}:
        return s.refer(
            row,
            proposes=Verdict.REFUSE,
            why=Words("子どうしの接続は品目にありません", "the items connect no child with another"),
            place=place,
        )
    child, parent = (one, other) if one.kind == "child" else (other, one)
    if child.group != parent.group:
        return s.refuse(
            "art:22.4",
            why=Words(
                f"{child.id} の親は VPN 網 {child.group} にあり、{parent.id} にもつなぐことはできません",
                f"{child.id} has its parent in VPN network {child.group} and cannot connect to {parent.id} as well",
            ),
            place=place,
            remedy=Words(
                f"VPN 網 {parent.group} にこの拠点の子の契約を結んでください",
                f"take a child contract for this site in VPN network {parent.group}",
            ),
        )
    return s.accept(
        "art:22.4",
        row,
        why=Words(
            f"{child.id} がつながる親たる契約は {parent.id} 一つです。機器の数は問いません",
            f"{child.id} connects to one parent contract, {parent.id}, with whichever of its devices",
        ),
    )


def work_fee(asked: WorkOrder, s: Situation) -> Iterator[Finding]:
    """Art. 10.4 and Schedule 1, 3(3): by device and work and the clock, owed by the parent's holder."""
    sites = sites_of(asked, s)
    parent = parent_of(s, sites[0].group) if sites else None
    if parent is None:
        return
    unit = s.reading("work.unit")
    devices = asked.devices if asked.devices is not None else sum(_devices(s, each) for each in sites)
    works = asked.works
    if unit.value == "setting-item":
        items = len(asked.add_lans) + len(asked.remove_lans) + len(asked.tunnels)
        works = max(1, items + (asked.wan_address is not None))
    if devices < 1 or works < 1:
        yield s.refuse(
            "schedule:1.3.3",
            why=Words(
                f"{devices} 台・{works} 作業では数えられません",
                f"{devices} devices and {works} works are no order",
            ),
            place="work-order.devices",
            remedy=Words("1 以上にしてください", "give 1 or more"),
        )
        return
    start = (asked.start or asked.at).astimezone(JST)
    price, row, conventions = work_price(s, start, asked.end)
    if asked.outcome == "failed-by-operator":
        yield s.accept(
            "art:10.4",
            "schedule:1.3.3",
            why=Words(
                "当社の落ち度で失敗した作業に費用はかかりません",
                "work that failed by the operator's fault is free",
            ),
            amounts=(("setting-change", Yen(0)),),
            conventions=(unit.pair,),
        )
        return
    each, clock = in_yen(price), f"{start:%H:%M}"
    rates = Words(
        f"{clock} 開始、{devices} 台 × {works} 作業 × {each}",
        f"starts {clock}: {devices} devices × {works} works × {each}",
    )
    again = asked.outcome == "repeated-after-operator-fault"
    yield charge(
        s,
        "setting-change",
        row,
        contract=parent.id,
        customer=parent.customer,
        due_on=start.date(),
        amount=Yen(price * devices * works),
        why=Words(rates.ja + ("(当社のやり直しは数えません)" if again else ""), rates.en),
        more=("art:10.4", "schedule:1.3.3", "art:19.1.s2"),
        detail={
            "sites": [site.id for site in sites],
            "order": asked.id,
            "devices": devices,
            "works": works,
            "unit": price,
            "start": start.isoformat(),
        },
        conventions=(*conventions, unit.pair, s.reading("mvp.holders").pair),
        defects=("MVP-D09",),
    )


def _devices(s: Situation, site: Contract) -> int:
    """How many VPN devices stand at a site, by its item."""
    item = s.lists["items"][site.item]
    return item.number(f"devices_at_{site.kind}") if item.has(f"devices_at_{site.kind}") else 1


def work_price(
    s: Situation, start: datetime, end: datetime | None
) -> tuple[Yen, str, tuple[tuple[str, str], ...]]:
    """Yen for one device and work, the row it stands in, and the readings used. Hours are Tokyo's."""
    hours, days = s.reading("work.fee-hours"), s.reading("work.fee-days")
    used = (hours.pair, days.pair, s.reading("clock.zone").pair)
    low, high = s.number("work_fee_in_hours"), s.number("work_fee_out_of_hours")
    first, last = start.astimezone(JST), (end or start).astimezone(JST)
    match hours.value:
        case "start-half-open":
            inside = _is_inside(s, first)
        case "start-closed":
            inside = _is_inside(s, first) or _is_inside(s, first - timedelta(microseconds=1))
        case "wholly-inside":
            inside = _is_inside(s, first) and first.date() == last.date() and last <= _closing(s, last)
        case _:
            part = _part_inside(s, first, last)
            price = rounded(part * low + (1 - part) * high, s.reading("money.rounding").value)
            return price, "schedule:1.3.3.t1" if part else "schedule:1.3.3.t2", used
    return (Yen(low), "schedule:1.3.3.t1", used) if inside else (Yen(high), "schedule:1.3.3.t2", used)


def _opening(s: Situation, day: datetime) -> datetime:
    return day.replace(hour=s.number("work_hours_from"), minute=0, second=0, microsecond=0)


def _closing(s: Situation, day: datetime) -> datetime:
    return day.replace(hour=s.number("work_hours_until"), minute=0, second=0, microsecond=0)


def _is_inside(s: Situation, moment: datetime) -> bool:
    if s.reading("work.fee-days").value == "business-days" and (
        moment.weekday() > 4 or s.operator.designates("holidays", moment.date().isoformat())
    ):
        return False
    return _opening(s, moment) <= moment < _closing(s, moment)


def _part_inside(s: Situation, first: datetime, last: datetime) -> Fraction:
    """How much of a work lies inside the hours, by time; of one without length, whether it does."""
    if last <= first:
        return Fraction(_is_inside(s, first))
    inside, day = timedelta(0), first
    while day.date() <= last.date():
        if _is_inside(s, _opening(s, day)):
            overlap = min(last, _closing(s, day)) - max(first, _opening(s, day))
            inside += max(overlap, timedelta(0))
        day += timedelta(days=1)
    return Fraction(inside // timedelta(microseconds=1), (last - first) // timedelta(microseconds=1))
