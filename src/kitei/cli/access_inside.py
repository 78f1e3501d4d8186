"""`access signatures`, and how what was seen inside flows is written in `access log`, `rules` and `test`."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import Fault, Misuse, Talk, command, option
from kitei.network.inspection import APPLICATIONS, Inside, Noticed
from kitei.network.signatures import SEVERITIES, Signature
from kitei.office import Office
from kitei.office.access.inspecting import EntryHits, Package, acted_on, hand_out, package_of
from kitei.store.inspected import InspectedRow
from kitei.values import JST, Json, JsonObject, Words

_HEX: Final = frozenset("0123456789abcdef")


@command(
    "signatures",
    ja="脅威のシグネチャを見る。FILE で全ゲートウェイに配る。--for は契約の profile がどうするか",
    en="Show the signatures of threats; FILE hands them out to all gateways, --for tells what a contract's profiles do.",
)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--for", "contract", ja="この契約では", en="What the profiles of a contract do about each.")
@option("--by", default="operator", show_default=True, ja="だれが", en="Who hands them out.")
def signatures(talk: Talk, file: Path | None, contract: str | None, by: str) -> None:
    with office_of(talk) as office:
        package = hand_out(office, file.read_text(encoding="utf-8"), by) if file else package_of(office)
        if package is None:
            raise Fault(Words("シグネチャはまだありません", "there are no signatures yet"))
        acts = acted_on(package, office.contract(contract)) if contract else {}
    counts = {each: package.of(each) for each in SEVERITIES}
    told: dict[str, Json] = {"sack": package.sack, **counts}
    if contract or not file:
        told["signatures"] = [_signature(each, acts.get(each.sid)) for each in package.signatures]
    head = f"{package.sack}: " + ", ".join(f"{each} {count}" for each, count in counts.items())
    talk.answer(told, lambda: "\n".join([head, *(() if file and not contract else _lines(package, acts))]))


def _signature(each: Signature, acts: Mapping[str, str] | None) -> JsonObject:
    told: JsonObject = {
        "sid": each.sid,
        "message": each.message,
        "severity": each.severity,
        "category": each.category,
    }
    return told if acts is None else {**told, "profiles": dict(acts)}


def _lines(package: Package, acts: dict[int, dict[str, str]]) -> list[str]:
    return [
        f"{each.sid:>10}  {each.severity:6} {each.category:24} {each.message}  "
        + " ".join(f"{profile}={act}" for profile, act in acts.get(each.sid, {}).items())
        for each in package.signatures
    ]


def inside(
    office: Office, application: str | None, host: str | None, signature: int | None, sha256: str | None
) -> Inside:
    """What a tester says is seen in a flow. Raises Misuse for what is no such thing."""
    if application is not None and application not in APPLICATIONS:
        right = ", ".join(APPLICATIONS)
        raise Misuse(
            Words(f"{application} は次のどれでもありません: {right}", f"{application} is none of {right}")
        )
    if sha256 is not None and (len(sha256) != 64 or not _HEX.issuperset(sha256.lower())):
        raise Misuse(Words("SHA-256 は 16 進 64 字です", "a SHA-256 has 64 hex digits"))
    found = None
    if signature is not None:
        package = package_of(office)
        found = next(
            (each for each in (package.signatures if package else ()) if each.sid == signature), None
        )
        if found is None:
            raise Fault(Words(f"シグネチャ {signature} はありません", f"there is no signature {signature}"))
    return Inside(application or "", (host or "").lower(), found, (sha256 or "").lower())


def noticed_json(each: Noticed) -> JsonObject:
    return {"what": each.what, "name": each.name, "entry": each.entry, "action": each.action}


def noticed_line(each: Noticed) -> str:
    return f"  {each.what} {each.name}: {each.action} ({each.entry})"


def row_json(each: InspectedRow) -> JsonObject:
    told: JsonObject = {field.name: getattr(each, field.name) for field in fields(each) if field.name != "at"}
    return {"at": each.at.astimezone(JST).isoformat(), **told}


def row_line(each: InspectedRow) -> str:
    person = f"  {each.account}/{each.device}" if each.account else ""
    ends = f"{each.source}:{each.source_port} → {each.destination}:{each.port}"
    seen = " ".join(filter(None, (each.what, each.name, each.host, each.message)))
    rule = f"{each.rule}/{each.profile}/{each.entry}" if each.profile else f"{each.rule}/{each.entry}"
    at = f"{each.at.astimezone(JST):%Y-%m-%d %H:%M:%S}"
    return f"{at}  {each.action}  {rule} (v{each.policy}){person}  {each.protocol} {ends}  {seen}"


def hits_json(each: EntryHits) -> JsonObject:
    return {
        "profile": each.profile,
        "what": each.what,
        "entry": each.entry,
        "action": each.action,
        "hits": each.count,
        "last": each.last.astimezone(JST).isoformat() if each.last else None,
    }


def hits_line(each: EntryHits) -> str:
    last = f"{each.last.astimezone(JST):%Y-%m-%d %H:%M}" if each.last else "-"
    name = f"{each.profile}/{each.what}/{each.entry}"
    return f"{name:32} {each.action:5} {each.count:>10} {last:16}".rstrip()
