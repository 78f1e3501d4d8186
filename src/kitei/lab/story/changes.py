"""What changes: a work order, a cancellation, an outage of 49 hours and its credit."""

import time
from datetime import datetime, timedelta
from typing import Final

from kitei.desk import Verdict
from kitei.lab.story.stage import Stage
from kitei.office import Decided
from kitei.office.trouble import cause_found
from kitei.services.managed_vpn.contract import Site
from kitei.terms import months_after
from kitei.values import JST, Words, Yen, in_yen
from kitei.watch import Cause

OUTAGE: Final = timedelta(hours=49)


def order_work(stage: Stage) -> None:
    """The parent's holder adds a LAN prefix, live; the child's holder may not."""
    telling = stage.telling
    telling.open_scene(Words("設定変更", "A change of settings"))
    network = stage.network_of("dual-star-dual-edge")
    parent, child = stage.parent(network), stage.children(network)[0]
    prefix = "10.99.0.0/16"
    start = stage.office.clock()
    asked = {
        "id": "add-lan",
        "by": parent.customer,
        "contract": child.contract,
        "add_lans": [{"prefix": prefix, "gateway": "10.99.0.1"}],
        "start": start.isoformat(),
    }
    here, there = stage.host(child), stage.host(parent)
    with stage.lab.stream(here, there) as running:
        decided = stage.office.apply("work-order", asked)
        stage.lay()
        plan = stage.publish()
        new = next(each for each in stage.lab.hosts_at(child.contract) if each.prefix == prefix)
        begun = time.monotonic()
        left = stage.lab.wait_until_whole([(new, there)], 30)
        took = time.monotonic() - begun
        stage.wait_until_green()
    telling.promise(
        f"親たる契約の契約者の注文で {child.name} に {prefix} が加わり、{there.name} に届く",
        f"ordered by the parent contract's holder, {prefix} joins {child.name} and reaches {there.name}",
        decided.decision.verdict is Verdict.ACCEPT and not left,
        f"{took:.1f} s, {len(plan.changes)} parts, no one cut: {not plan.cuts}",
    )
    telling.promise(
        "その間、流れている通信は一つも失われない",
        "meanwhile the traffic that flows loses nothing",
        running[0].lost == 0,
        f"{running[0].sent}",
    )
    fees = [
        charge
        for contract in stage.office.contracts().values()
        for charge in contract.charges
        if charge.name == "setting-change" and charge.customer == parent.customer
    ]
    fee = sum(charge.amount or 0 for charge in fees)
    telling.promise(
        f"作業料金は機器 {len(child.devices)} 台 × 1 作業 × 5,000 円(営業時間内の開始)",
        f"its fee is by the clock: {len(child.devices)} devices x 1 work x 5,000 yen (begun within hours)",
        fee == 5_000 * len(child.devices),
        in_yen(Yen(fee)),
    )
    night = dict(asked, id="", start=start.replace(hour=20, minute=30).isoformat())
    night["add_lans"] = [{"prefix": "10.98.0.0/16", "gateway": "10.98.0.1"}]
    night.pop("id")
    late = stage.office.decide("work-order", night)
    amounts = [int(amount) for amount in late.decision.amounts.values()]
    telling.promise(
        "20 時 30 分に始まる作業なら 1 台 10,000 円",
        "begun at 20:30 it would be 10,000 yen a device",
        10_000 * len(child.devices) in amounts,
        ", ".join(in_yen(Yen(amount)) for amount in amounts),
    )
    _refuse_a_childs_holder(stage)


def _refuse_a_childs_holder(stage: Stage) -> None:
    """A child contract held by another than its parent's holder: its settings are not the child's to order."""
    child = next(
        each
        for each in stage.sites()
        if each.kind == "child" and each.customer != stage.parent(each.network).customer
    )
    asked = {"by": child.customer, "contract": child.contract, "add_lans": [{"prefix": "10.97.0.0/16"}]}
    decided = stage.office.apply("work-order", asked)
    paths = {cite.plain for cite in decided.decision.cites}
    stage.telling.promise(
        f"{child.customer} が自分の子拠点 {child.name} の設定を注文しても拒まれる",
        f"{child.customer} orders the same for its own child site {child.name} and is refused",
        decided.decision.verdict is Verdict.REFUSE and "art:10.2" in paths,
        stage.articles([str(cite) for cite in decided.decision.cites]),
    )


def cancel(stage: Stage) -> None:
    """Notice, effective day by the terms, and at its end the child is gone everywhere and no longer believed."""
    telling = stage.telling
    telling.open_scene(Words("解約", "A cancellation"))
    network = stage.network_of("dual-star-dual-edge")
    parent, leaving = stage.parent(network), stage.children(network)[-1]
    staying = stage.children(network)[0]
    decided = stage.office.apply(
        "cancel", {"by": leaving.customer, "contract": leaving.contract, "form": "prescribed"}
    )
    ending = stage.contract(leaving.contract).ending
    last = ending.last if ending else None
    notice = stage.office.today()
    telling.promise(
        f"{notice} に届いた通知は、30 日を経過する日 {last} に効力を生じる",
        f"a notice that arrives on {notice} takes effect on {last}, when its 30 days run out",
        last == notice + timedelta(days=30),
        stage.articles(ending.cites if ending else ()),
    )
    _tell_settlement(stage, decided, leaving)
    if last is None:
        return
    nodes = [stage.node(leaving, device.slot) for device in leaving.devices]
    host = stage.host(leaving)
    stage.set_clock(datetime(last.year, last.month, last.day, 23, 30, tzinfo=JST))
    telling.promise(
        f"最終日 {last} の 23 時 30 分にはまだ通じている",
        f"on its last day, {last} at 23:30, it still works",
        not stage.lab.wait_until_whole([(host, stage.host(parent))], 5) and stage.publishing.plan().is_empty,
    )
    with stage.lab.stream(stage.host(staying), stage.host(parent)) as others:
        time.sleep(0.5)
        stage.advance(timedelta(hours=1))
        plan = stage.publish()
        gone = _wait_until_silent(stage, leaving, parent) and stage.wait_until_green(30)
        time.sleep(0.5)
    telling.promise(
        f"日が変わると {leaving.name} はどのノードからも消える(切れるのはその契約だけ)",
        f"after midnight {leaving.name} is gone from every node, and only its contract is cut",
        gone and plan.cuts == (leaving.contract,) and not _is_anywhere(stage, leaving),
        ", ".join(plan.cuts),
    )
    revoked = [
        str(entry.fact.body["device"])
        for entry in stage.office.book.read(f"network:{network}")
        if entry.fact.kind == "certificate.revoked"
    ]
    telling.promise(
        "その機器の証明書は失効している",
        "its devices' certificates are revoked",
        {device.serial for device in leaving.devices} <= set(revoked),
        ", ".join(revoked),
    )
    telling.promise(
        "ほかの子拠点の通信は一つも失われない",
        "the other children lose nothing",
        others[0].lost == 0,
        f"{others[0].sent}, {others[0].lost}; {', '.join(nodes)}",
    )


def _tell_settlement(stage: Stage, decided: Decided, leaving: Site) -> None:
    contract = stage.contract(leaving.contract)
    charges = [charge for charge in contract.charges if "settlement" in charge.name]
    total = sum(charge.amount or 0 for charge in charges)
    stage.telling.promise(
        f"最低利用期間({contract.term.last if contract.term else '-'} まで)の残りに対する調定金が計算される",
        f"the rest of the minimum term (to {contract.term.last if contract.term else '-'}) is settled",
        total > 0 and all(charge.amount is not None for charge in charges),
        f"{in_yen(Yen(total))}, {stage.articles([c for charge in charges for c in charge.cites])}",
    )


def _wait_until_silent(stage: Stage, leaving: Site, parent: Site, within: float = 20.0) -> bool:
    """Until a site that left is no longer reached."""
    until = time.monotonic() + within
    host = next(each for each in stage.lab.hosts.values() if each.site == leaving.contract)
    while time.monotonic() < until:
        if stage.lab.wait_until_whole([(host, stage.host(parent))], 0.1):
            return True
        time.sleep(0.3)
    return False


def _is_anywhere(stage: Stage, leaving: Site) -> bool:
    return any(
        part.origin.owner == leaving.contract
        for node in stage.publishing.published_intent().nodes.values()
        for part in node.parts
    )


def fail_for_49_hours(stage: Stage) -> None:
    """The single star's hub is down for 49 hours of the clock; its children claim, one in time, one too late."""
    telling = stage.telling
    telling.open_scene(Words("49 時間の利用不能", "49 hours without service"))
    network = stage.network_of("single-star-single-edge")
    parent, children = stage.parent(network), stage.children(network)
    hub = stage.node(parent)
    stage.lab.kill(hub)
    known = _wait_for_alarms(stage, [each.contract for each in children])
    telling.promise(
        "監視が全経路の不通を知り、契約ごとに警報を出す",
        "monitoring learns that every path is down, and says so contract by contract",
        known,
    )
    stage.advance(OUTAGE)
    stage.lab.mend(hub)
    stage.wait_until_whole()
    stage.wait_until_green()
    found = stage.hearing.find_outages()
    one, other = children[0], children[1]
    outage = next((each for each in found if each.contract == one.contract), None)
    telling.promise(
        "契約の利用不能は 49 時間と数えられる",
        "the contract's outage counts 49 hours",
        outage is not None and 49 <= outage.hours() < 49.5,
        outage.evidence[0].to(telling.language) if outage and outage.evidence else "",
    )
    cause = Words("当社ハブ機器の故障", "our hub device failed")
    stage.office.state(
        [cause_found(Cause(each.contract, each.began_at, "operator", cause)) for each in found], "operator"
    )
    stage.hearing.find_outages()
    claim = stage.office.apply("claim-credit", {"by": one.customer, "contract": one.contract})
    credits = stage.contract(one.contract).credits
    telling.promise(
        "請求に応じて、月額の 2/30 が減額される",
        "on claim, 2/30 of the monthly fee is credited",
        claim.decision.verdict is not Verdict.REFUSE and [each.units for each in credits] == [2],
        f"{in_yen(Yen(sum(each.amount for each in credits)))}, {stage.articles([c for x in credits for c in x.cites])}",
    )
    last = months_after(stage.office.today(), 3) + timedelta(days=1)
    late = stage.office.decide("claim-credit", {"by": other.customer, "contract": other.contract}, on=last)
    in_time = stage.office.decide(
        "claim-credit", {"by": other.customer, "contract": other.contract}, on=last - timedelta(days=1)
    )
    telling.promise(
        f"{other.name} の請求は {last - timedelta(days=1)} なら間に合い、一日遅れの {last} は拒まれる",
        f"{other.name} could claim until {last - timedelta(days=1)}; on {last}, a day late, it is refused",
        late.decision.outcome is Verdict.REFUSE and in_time.decision.outcome is not Verdict.REFUSE,
        stage.articles([str(cite) for cite in late.decision.cites]),
    )


def _wait_for_alarms(stage: Stage, contracts: list[str], within: float = 30.0) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        out = {alarm.contract for alarm in stage.hearing.alarms() if alarm.trouble == "out"}
        if set(contracts) <= out:
            return True
        time.sleep(0.3)
    return False
