"""`access policy` and `access test`: what a customer has decided, what a change would cut, what becomes of a flow."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import click

from kitei.cli.access_inside import inside, noticed_json, noticed_line
from kitei.cli.access_log import flow_json, flow_line
from kitei.cli.desk import office_of
from kitei.cli.show import cites_text, decided_json, decided_text
from kitei.cli.speak import Fault, Misuse, Talk, command, option
from kitei.desk import Verdict
from kitei.ledger.contracts import Contract
from kitei.network import Part
from kitei.network.access_filter import Flow
from kitei.office import Office
from kitei.office.access.deciding import decide, gateway_of, parts_with
from kitei.office.access.logbook import cuts
from kitei.office.access.testing import Judged, judged
from kitei.services.secure_access.people import policies
from kitei.store.passing import FlowRow
from kitei.values import JsonObject, Words

_PROTOCOLS: Final = {"icmp": {4: "icmp", 6: "ipv6-icmp"}}


@command(
    "policy",
    ja="契約の方針を見る。FILE で決める(--check は記録せず、何が切れるかまで言う)",
    en="Show a contract's policy; FILE sets it, --check tells what it would come to and records nothing.",
)
@click.argument("contract")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--check", is_flag=True, ja="記録しない", en="Record nothing.")
@option("--version", type=int, ja="前の版を見る", en="Show an earlier version.")
@option("--by", ja="だれが(ふつうは契約者)", en="Who asks: usually the customer.")
def policy(
    talk: Talk, contract: str, file: Path | None, check: bool, version: int | None, by: str | None
) -> None:
    if file is None:
        _show(talk, contract, version)
        return
    text = _text(file, talk)
    with office_of(talk) as office:
        held = office.contract(contract)
        asked = {"by": by or held.customer, "contract": contract, "text": text}
        decided = decide(office, "set-policy", asked, what_if=True)
        is_good = decided.decision.verdict is Verdict.ACCEPT
        gone = cuts(office, held, text) if is_good else ()
        if not check:
            decided = decide(office, "set-policy", asked)
    talk.answer(
        {**decided_json(decided), "cuts": [flow_json(each) for each in gone]},
        lambda: "\n".join([decided_text(decided, talk.language), *_cut_lines(gone, check, talk)]),
    )
    if decided.decision.verdict is not Verdict.ACCEPT:
        raise SystemExit(1)


def _cut_lines(gone: tuple[FlowRow, ...], check: bool, talk: Talk) -> list[str]:
    """The flows that go on and are not allowed any more."""
    if not gone:
        return []
    head = (
        Words(f"続いている {len(gone)} 本の流れが切れます:", f"{len(gone)} flows that go on would be cut:")
        if check
        else Words(f"続いていた {len(gone)} 本の流れが切れます:", f"{len(gone)} flows that went on are cut:")
    )
    return [head.to(talk.language), *(f"  {flow_line(each)}" for each in gone)]


def _show(talk: Talk, contract: str, version: int | None) -> None:
    with office_of(talk) as office:
        found = policies(office.contract(contract))
    wanted = [each for each in found if version in (None, each.version)]
    if not wanted:
        raise Fault(Words(f"{contract} に方針はありません", f"{contract} has no such policy"))
    last = wanted[-1]
    head = f"# {contract} v{last.version} {last.at.isoformat()} {last.by}\n"
    told: JsonObject = {"version": last.version, "at": last.at.isoformat(), "by": last.by, "text": last.text}
    talk.answer(told, lambda: head + last.text.rstrip())


def _text(file: Path, talk: Talk) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        wrong = Words("UTF-8 ではありません", "is not UTF-8").to(talk.language)
        raise Misuse(f"{file}: byte {error.start}: {wrong}") from None


@command(
    "test",
    ja="この流れは通るか。どの規則が、どの版の方針で、どの契約と条により決めるか",
    en="Does a flow pass, by which rule of which version of the policy, under which contract and provision?",
)
@click.argument("contract")
@click.argument("source")
@click.argument("destination")
@click.argument("service")
@option(
    "--policy",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="この方針なら",
    en="As if this policy were set.",
)
@option(
    "--application", ja="中に見えるアプリケーション(タイプ 2)", en="The application seen inside (type 2)."
)
@option("--host", ja="中に見える名前(HTTP、TLS)", en="The name seen inside (HTTP, TLS).")
@option("--signature", type=int, ja="中に見える脅威の sid", en="The sid of a threat seen inside.")
@option("--sha256", ja="中に見えるファイルの SHA-256", en="The SHA-256 of a file seen inside.")
def test(
    talk: Talk, contract: str, source: str, destination: str, service: str, file: Path | None, **seen: Any
) -> None:
    flow = _flow(source, destination, service)
    with office_of(talk) as office:
        found = office.contract(contract)
        parts = _parts(office, found, _text(file, talk) if file else None)
        told = judged(parts, flow, office.clock(), inside(office, **seen))
    talk.answer(_json(told), lambda: _line(told, talk))
    if not told.allowed:
        raise SystemExit(1)


def _parts(office: Office, contract: Contract, text: str | None) -> tuple[Part, ...]:
    place = gateway_of(office, contract)
    if place is None:
        raise Fault(
            Words(f"{contract.id} のゲートウェイがありません", f"no gateway stands for {contract.id}")
        )
    return parts_with(office, place, contract, text)


def _flow(source: str, destination: str, service: str) -> Flow:
    """`tcp/443`, `udp/53`, `icmp`, `proto/47`."""
    try:
        one, other = ip_address(source), ip_address(destination)
        name, _, number = service.partition("/")
        protocol = _PROTOCOLS.get(name, {}).get(one.version, number if name == "proto" else name)
        if one.version != other.version or (name in ("tcp", "udp")) is not (number != "" and name != "proto"):
            raise ValueError(service)
        if name not in ("tcp", "udp", "icmp", "proto"):
            raise ValueError(service)
        return Flow(str(one), str(other), protocol, int(number) if name in ("tcp", "udp") else 0)
    except ValueError:
        raise Misuse(
            Words(
                "同じ種類のアドレス二つと、tcp/443、udp/53、icmp、proto/47 のような種別です",
                "two addresses of one family, and a service such as tcp/443, udp/53, icmp or proto/47",
            )
        ) from None


def _json(told: Judged) -> dict[str, Any]:
    return {
        "allowed": told.allowed,
        "rule": told.rule,
        "policy": told.version,
        "contract": told.contract,
        "cites": list(told.cites),
        "leaves_by": told.leaves_by or None,
        "profile": told.appliance.name if told.appliance else None,
        "inside": [noticed_json(each) for each in told.noticed],
    }


def _line(told: Judged, talk: Talk) -> str:
    what = Words("通します", "passes") if told.allowed else Words("止めます", "is stopped")
    by = Words(f"{told.leaves_by} から出ます", f"leaves by {told.leaves_by}") if told.leaves_by else None
    head = f"{what.to(talk.language)}: {told.rule} (v{told.version}), {told.contract}"
    seen = map(noticed_line, told.noticed)
    lines = [head, by.to(talk.language) if by else "", *seen, cites_text(told.cites, talk.language)]
    return "\n".join(filter(None, lines))
