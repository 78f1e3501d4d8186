"""`ddos mitigate`, `prolong`, `release`: what a person has done against an attack, by the terms."""

from typing import Any

import click

from kitei.cli.desk import office_of
from kitei.cli.show import decided_json, decided_text
from kitei.cli.speak import Talk, command, option
from kitei.desk import Verdict

_SERVICE = "ddos-protection"

_by = option(
    "--by",
    default="operator",
    show_default=True,
    ja="誰が(operator か契約者の id)",
    en="Who asks: the operator, or the customer's id.",
)
_why = option("--why", ja="理由", en="Why.")
_hold = option(
    "--hold", type=int, ja="続ける秒数(なければポリシーの値)", en="For how many seconds (else the policy's)."
)
_what_if = option("--what-if", is_flag=True, ja="判断だけして記録しない", en="Only decide; record nothing.")


@command(
    "mitigate",
    ja="攻撃への対処を指示する。規程と契約のポリシーが許せば、すぐにノードへの指示になる",
    en="Order a step against an attack; where the terms and the contract's policy allow it, nodes are told at once.",
)
@click.argument("contract")
@click.argument("target")
@option(
    "--step",
    type=click.Choice(["rate-limit", "filter", "divert", "blackhole"]),
    required=True,
    ja="対処の段",
    en="The step of the ladder.",
)
@_hold
@_by
@_why
@_what_if
def mitigate(talk: Talk, contract: str, target: str, what_if: bool, **more: Any) -> None:
    _ask(talk, "mitigate", {"contract": contract, "target": target, **more}, what_if)


@command("prolong", ja="続いている対処を延ばす", en="Hold a step that is in force for longer.")
@click.argument("contract")
@click.argument("mitigation")
@_hold
@_by
@_what_if
def prolong(talk: Talk, contract: str, mitigation: str, what_if: bool, **more: Any) -> None:
    _ask(talk, "prolong", {"contract": contract, "mitigation": mitigation, **more}, what_if)


@command(
    "release",
    ja="対処をやめる(--mitigation か --target がなければ契約のすべて)",
    en="Take steps back: one, all against a target, or all of the contract.",
)
@click.argument("contract")
@option("--mitigation", ja="対処の番号", en="The step's number.")
@option("--target", ja="対象のアドレス", en="The target.")
@_by
@_why
@_what_if
def release(talk: Talk, contract: str, what_if: bool, **more: Any) -> None:
    _ask(talk, "release", {"contract": contract, **more}, what_if)


def _ask(talk: Talk, act: str, asked: dict[str, Any], what_if: bool) -> None:
    """Put it to the terms. A refusal ends with exit status 1; the controller publishes what was accepted."""
    written = {key: value for key, value in asked.items() if value is not None}
    with office_of(talk) as office:
        office.contract(str(asked["contract"]))
        if what_if or talk.on is not None:
            decided = office.decide(act, written, service=_SERVICE, on=talk.on)
        else:
            decided = office.apply(act, written, service=_SERVICE)
        talk.answer(decided_json(decided), lambda: decided_text(decided, talk.language))
        if decided.decision.verdict is Verdict.REFUSE:
            raise SystemExit(1)
