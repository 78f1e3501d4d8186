"""`access log` and `access who`: what was denied by which rule, and who left by an address and port at a time."""

from datetime import datetime
from ipaddress import ip_address

import click

from kitei.cli.access_inside import hits_json, hits_line, row_json, row_line
from kitei.cli.desk import office_of
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.office.access.inspecting import entry_hits, inspected
from kitei.office.access.logbook import Kept, hygiene, log_of, provisions
from kitei.store.inspected import InspectedRow
from kitei.store.passing import DenialRow, FlowRow
from kitei.values import JST, JsonObject, Words


@command(
    "log",
    ja="止めたパケットと、流れの中に見て決めたことを新しい順に、規則と方針の版とともに。--flows は通した流れ",
    en="Packets that were denied and what was decided inside flows, the latest first, with rule and version of the"
    " policy; --flows: what passed.",
)
@click.argument("contract")
@option("--flows", is_flag=True, ja="通した流れ", en="What passed instead.")
@option("--open", "only_open", is_flag=True, ja="いま続いている流れだけ", en="Only what goes on now.")
@option("--rule", ja="この規則だけ", en="Of this rule alone.")
@option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, ja="行数", en="Lines.")
def log(talk: Talk, contract: str, flows: bool, only_open: bool, rule: str | None, limit: int) -> None:
    with office_of(talk) as office:
        found = office.contract(contract)
        kept = log_of(office)
        if flows or only_open:
            passed = kept.flows(contract, only_open=only_open, most=limit)
            talk.answer([flow_json(each) for each in passed], lambda: "\n".join(map(flow_line, passed)))
            return
        denied = kept.denials(contract, rule=rule, most=limit)
        cites = list(provisions(office, found))
        seen = [each for each in inspected(office, contract, limit) if rule in (None, each.rule, each.entry)]
    both: list[DenialRow | InspectedRow] = sorted((*denied, *seen), key=lambda each: each.at, reverse=True)
    rows: list[JsonObject] = [{**_row_json(each), "cites": cites} for each in both[:limit]]
    talk.answer(rows, lambda: "\n".join(map(_row_line, both[:limit])))


def _row_json(each: DenialRow | InspectedRow) -> JsonObject:
    return row_json(each) if isinstance(each, InspectedRow) else _denial_json(each)


def _row_line(each: DenialRow | InspectedRow) -> str:
    return row_line(each) if isinstance(each, InspectedRow) else _denial_line(each)


@command(
    "who",
    ja="この時刻にこのアドレスとポートから出ていたのはだれか",
    en="Who left by this address and port at that time?",
)
@click.argument("address")
@click.argument("port", type=click.IntRange(0, 65535))
@option("--at", ja="時刻(なければいま)", en="The instant; now where none is given.")
@option("--protocol", type=click.Choice(["tcp", "udp", "icmp", "ipv6-icmp"]), ja="種別", en="The protocol.")
def who(talk: Talk, address: str, port: int, at: str | None, protocol: str | None) -> None:
    try:
        egress = str(ip_address(address))
        instant = datetime.fromisoformat(at) if at else None
    except ValueError:
        raise Misuse(
            Words(
                "'203.0.113.60' のようなアドレスと '2026-12-01T09:00:00+09:00' のような時刻です",
                "an address such as '203.0.113.60' and an instant such as '2026-12-01T09:00:00+09:00'",
            )
        ) from None
    if instant is not None and instant.tzinfo is None:
        instant = instant.replace(tzinfo=JST)
    with office_of(talk) as office:
        found = log_of(office).who(egress, port, instant or office.clock(), protocol)
    nobody = Words("記録にありません", "nobody, as far as is written down")
    talk.answer(
        [flow_json(each) for each in found],
        lambda: "\n".join(map(flow_line, found)) or nobody.to(talk.language),
    )


@command(
    "rules",
    ja="規則ごとの当たりと、効かない規則(ほかに隠れる、終わった、だれもいない、当たったことがない)",
    en="Hits by rule, and rules that do nothing: shadowed, over, about nobody, never hit.",
)
@click.argument("contract")
def rules(talk: Talk, contract: str) -> None:
    with office_of(talk) as office:
        found = hygiene(office, office.contract(contract))
        entries = entry_hits(office, office.contract(contract))
    talk.answer(
        [*map(_kept_json, found), *map(hits_json, entries)],
        lambda: "\n".join([*(_kept_line(each, talk) for each in found), *map(hits_line, entries)]),
    )


def _kept_json(each: Kept) -> JsonObject:
    return {
        "rule": each.rule,
        "action": each.action,
        "hits": each.packets,
        "last": each.last.astimezone(JST).isoformat() if each.last else None,
        "until": each.until,
        "shadowed_by": each.over or None,
        "stands": each.stands,
    }


def _kept_line(each: Kept, talk: Talk) -> str:
    last = f"{each.last.astimezone(JST):%Y-%m-%d %H:%M}" if each.last else "-"
    if not each.stands:
        note = Words("働いていない(終わった、またはだれもいない)", "does nothing: over, or about nobody")
    elif each.over:
        note = Words(f"{each.over} に隠れる", f"shadowed by {each.over}")
    elif not each.packets:
        note = Words("当たったことがない", "never hit")
    else:
        note = Words("", "")
    return f"{each.rule:32} {each.action:5} {each.packets:>10} {last:16} {note.to(talk.language)}".rstrip()


def flow_json(each: FlowRow) -> JsonObject:
    told: dict[str, str | int | None] = {
        name: getattr(each, name) for name in each.__slots__ if name not in ("begun", "ended", "number")
    }
    ended = each.ended.astimezone(JST).isoformat() if each.ended else None
    return {**told, "begun": each.begun.astimezone(JST).isoformat(), "ended": ended}


def flow_line(each: FlowRow) -> str:
    begun = f"{each.begun.astimezone(JST):%Y-%m-%d %H:%M:%S}"
    ended = f"{each.ended.astimezone(JST):%H:%M:%S}" if each.ended else "…"
    person = f"  {each.account}/{each.device}" if each.account else ""
    ends = f"{_at(each.source, each.source_port)} → {_at(each.destination, each.port)}"
    return f"{begun}-{ended}  {each.contract}{person}  {each.protocol} {ends}  ({_at(each.egress, each.egress_port)})"


def _denial_json(each: DenialRow) -> JsonObject:
    told: dict[str, str | int] = {name: getattr(each, name) for name in each.__slots__ if name != "at"}
    return {"at": each.at.astimezone(JST).isoformat(), **told}


def _denial_line(each: DenialRow) -> str:
    person = f"  {each.account}/{each.device}" if each.account else ""
    ends = f"{_at(each.source, each.source_port)} → {_at(each.destination, each.port)}"
    return f"{each.at.astimezone(JST):%Y-%m-%d %H:%M:%S}  {each.rule} (v{each.policy}){person}  {each.protocol} {ends}"


def _at(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{port}" if port else address
