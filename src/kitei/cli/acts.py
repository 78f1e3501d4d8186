"""`apply`, `order`, `cancel`, `claim`, `ask`: what is asked, and what the terms say of it."""

import tomllib
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from kitei.catalogue import SERVICES, service_named
from kitei.cli.desk import faults_told, office_of
from kitei.cli.show import decided_json, decided_text
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.desk import Verdict
from kitei.office.desk import MANAGED_VPN
from kitei.office.orderbook import Outcome, read_book, take_book
from kitei.values import Words

_by = option("--by", required=True, ja="誰が(契約者の id)", en="Who asks: a customer's id.")
_contract = option("--contract", required=True, ja="契約の id", en="The contract's id.")
_what_if = option("--what-if", is_flag=True, ja="判断だけして記録しない", en="Only decide; record nothing.")


@command(
    "apply",
    ja="申込のファイルまたはフォルダを受け付け、規程で判断し、記録する",
    en="Take an order book (a file or a folder), decide it by the terms and record it.",
)
@click.argument("source", type=click.Path(exists=True, path_type=Path))
def apply(talk: Talk, source: Path) -> None:
    with office_of(talk) as office:
        office.publish_editions()
        book, outcomes = read_book(source, office), list[Outcome]()
        try:
            for each in take_book(office, book):
                outcomes.append(each)
        except Exception:
            if outcomes:  # decided and recorded, and likely why the next one cannot be
                _tell(talk, outcomes)
            raise
        _tell(talk, outcomes)


def _tell(talk: Talk, outcomes: Sequence[Outcome]) -> None:
    talk.answer(
        [decided_json(each.decided, each.asked.place) for each in outcomes],
        lambda: "\n".join(
            decided_text(each.decided, talk.language, f"{each.decided.application} {each.asked.place}")
            for each in outcomes
        ),
    )


@command("order", ja="設定変更の作業を注文する", en="Order a change of settings (a work order).")
@_by
@_contract
@option("--add-lan", multiple=True, ja="加える LAN(PREFIX[@GATEWAY])", en="A LAN to add: PREFIX[@GATEWAY].")
@option("--remove-lan", multiple=True, ja="除く LAN", en="A LAN to remove.")
@option("--wan-address", ja="新しい WAN アドレス", en="A new WAN address.")
@option(
    "--start",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
    ja="作業開始",
    en="When work starts.",
)
@_what_if
def order(
    talk: Talk,
    by: str,
    contract: str,
    add_lan: tuple[str, ...],
    remove_lan: tuple[str, ...],
    wan_address: str | None,
    start: datetime | None,
    what_if: bool,
) -> None:
    asked: dict[str, Any] = {
        "by": by,
        "contract": contract,
        "add_lans": [_lan(text) for text in add_lan],
        "remove_lans": list(remove_lan),
        "wan_address": wan_address,
        "start": _in_tokyo(start),
    }
    _ask(talk, "work-order", asked, what_if)


@command("cancel", ja="解約を通知する", en="Give notice of termination.")
@_by
@_contract
@option("--designated", type=click.DateTime(["%Y-%m-%d"]), ja="指定する解除日", en="The day it shall end.")
@option("--ground", default="customer-notice", show_default=True, ja="事由", en="The ground.")
@option(
    "--form", default="prescribed", show_default=True, ja="様式(所定: prescribed)", en="The form it came on."
)
@_what_if
def cancel(
    talk: Talk, by: str, contract: str, designated: datetime | None, ground: str, form: str, what_if: bool
) -> None:
    asked = {"by": by, "contract": contract, "ground": ground, "form": form, "designated": _day(designated)}
    _ask(talk, "cancel", asked, what_if)


@command("claim", ja="料金の減額を請求する", en="Claim a credit for an outage.")
@_by
@_contract
@option("--outage", ja="利用不能の id(なければ全て)", en="An outage's id; without it, all not claimed yet.")
@_what_if
def claim(talk: Talk, by: str, contract: str, outage: str | None, what_if: bool) -> None:
    _ask(talk, "claim-credit", {"by": by, "contract": contract, "outage": outage}, what_if)


@command(
    "ask",
    ja="規程にある行為を何でも頼む。KEY=VALUE は申込ファイルと同じ(なければ行為と項目の一覧)",
    en="Ask any act the terms know; KEY=VALUE as in an order book. Without them: the acts, and their keys.",
)
@click.argument("act", required=False)
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@option(
    "--service",
    ja="サービス(なければ契約のもの)",
    en="The service; without it, that of the contract it is about.",
)
@option("--by", default="operator", show_default=True, ja="誰が", en="Who asks.")
@_what_if
def ask(
    talk: Talk, act: str | None, pairs: tuple[str, ...], service: str | None, by: str, what_if: bool
) -> None:
    if act is None or not pairs:
        with faults_told(talk):
            _tell_acts(talk, act, service)
    else:
        _ask(talk, act, {"by": by, **_written(pairs)}, what_if, service)


def _tell_acts(talk: Talk, act: str | None, service: str | None) -> None:
    """The acts of services by name, or the keys of one act."""
    chosen = [service_named(service)] if service else list(SERVICES.values())
    found = {
        each.name: {name: [field.name for field in fields(kind)] for name, kind in each.acts.items()}
        for each in chosen
        if act is None or act in each.acts
    }
    if not found:
        known = ", ".join(sorted({name for each in chosen for name in each.acts}))
        raise LookupError(f"there is no act {act!r}; there are {known}")
    told = {name: acts if act is None else {act: acts[act]} for name, acts in found.items()}
    talk.answer(
        told,
        lambda: "\n".join(
            f"{click.style(name, bold=True)}\n"
            + "\n".join(f"  {each}: {', '.join(keys)}" for each, keys in acts.items())
            for name, acts in told.items()
        ),
    )


def _written(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Each KEY=VALUE as TOML would have it, else as text; `a.b=1` stands in a table."""
    written: dict[str, Any] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not all(key.split(".")):
            raise Misuse(Words(f"{pair!r} は KEY=VALUE ではありません", f"{pair!r} is not KEY=VALUE"))
        *tables, last = key.split(".")
        inner = written
        for name in tables:
            inner = inner.setdefault(name, {})
            if not isinstance(inner, dict):
                raise Misuse(Words(f"{pair!r}: {name} は表ではありません", f"{pair!r}: {name} is no table"))
        try:
            inner[last] = tomllib.loads(f"it = {value}", parse_float=str)["it"]  # 99.9 stays exact
        except tomllib.TOMLDecodeError:
            inner[last] = value
    return written


def _ask(talk: Talk, act: str, asked: dict[str, Any], what_if: bool, service: str | None = None) -> None:
    """Put one act to the office. A refusal ends with exit status 1, an act that cannot be read with 2."""
    written = {key: value for key, value in asked.items() if value not in (None, [], ())}
    with office_of(talk) as office:
        if service is None:
            about = office.contracts().get(str(written.get("contract")))
            service = about.service if about else MANAGED_VPN
        if what_if or talk.on is not None:
            decided = office.decide(act, written, service=service, on=talk.on)
        else:
            decided = office.apply(act, written, service=service)
        talk.answer(decided_json(decided), lambda: decided_text(decided, talk.language))
        if decided.decision.outcome is Verdict.REFUSE:
            raise SystemExit(1)


def _lan(text: str) -> dict[str, str]:
    prefix, _, gateway = text.partition("@")
    return {"prefix": prefix, "gateway": gateway} if gateway else {"prefix": prefix}


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _in_tokyo(moment: datetime | None) -> datetime | None:
    from kitei.values import JST

    return moment.replace(tzinfo=JST) if moment else None
