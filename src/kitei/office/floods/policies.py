"""A file of policies put to the terms, one act a policy; and the policies in force, as they can be told."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from kitei import desk
from kitei.collect.baseline import Baseline
from kitei.collect.policies import BadPolicies, Fault, policies_of
from kitei.collect.policy import Policy
from kitei.ledger.contracts import Contract
from kitei.office.desk import Decided
from kitei.office.office import Office
from kitei.services.ddos import SERVICE
from kitei.services.ddos.defence import Policy as InForce
from kitei.services.ddos.defence import policies
from kitei.services.ddos.defending import STEPS
from kitei.values import Json, JsonObject, Words

_FOLLOWS: Final = ("ladder", "scrub")  # what a collector checks and does nothing by


def acts_of(text: str, baseline: Baseline | None = None, by: str = "operator") -> tuple[dict[str, Any], ...]:
    """The acts that set a file's policies: those of a collector's file, each with what follows if it says so.

    Raises BadPolicies with everything wrong. `learned` becomes the figure it stands for.
    """
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPolicies(
            (Fault("file", Words(f"TOML ではありません: {error}", f"is not TOML: {error}")),)
        ) from None
    rows = written.get("policy", [])
    book, faults = policies_of(rows, "", baseline)
    strange = [
        Fault(key, Words("[[policy]] だけを書きます", "only [[policy]] stands here"))
        for key in written
        if key != "policy"
    ]
    if faults or strange:
        raise BadPolicies((*strange, *faults))
    by_name = {policy.name: policy for policy in book.policies}
    return tuple(_act(told, by_name[told["name"]], by) for told in rows)


def set_policies(
    office: Office, acts: tuple[dict[str, Any], ...], *, what_if: bool = False
) -> tuple[Decided, ...]:
    """Every policy decided by the terms and, where they allow it, recorded.

    All are read before any is: Unreadable with every fault, LookupError for what is no contract.
    """
    ask = office.decide if what_if else office.apply
    faults: list[desk.Fault] = []
    for number, act in enumerate(acts, 1):
        office.contract(act["contract"])
        try:
            office.read("set-policy", act, service=SERVICE.name)
        except desk.Unreadable as error:
            faults += [desk.Fault(f"policy {number}: {each.place}", each.wrong) for each in error.faults]
    if faults:
        raise desk.Unreadable(tuple(faults))
    return tuple(ask("set-policy", act, service=SERVICE.name) for act in acts)


def _act(told: Mapping[str, Any], found: Policy, by: str) -> dict[str, Any]:
    """What was written, with figures in place of what was learned."""
    contract, _, name = found.name.partition("/")
    asked: dict[str, Any] = {
        key: told[key] for key in ("timing", "guards", "dry_run", *_FOLLOWS) if key in told
    }
    asked |= {"by": by, "contract": contract, "prefixes": [str(each) for each in found.prefixes]}
    asked |= {key: dict(value) for key, value in (("host", found.host), ("prefix", found.prefix)) if value}
    if name:
        asked["name"] = name
    if found.overrides:
        asked["override"] = [
            {"network": str(each.network), "host": dict(each.host)} for each in found.overrides
        ]
    return asked


def policies_json(contract: Contract) -> list[JsonObject]:
    """The policies a contract has in force; the first of all where none was set."""
    return [_json(each) for each in policies(contract)]


def _json(policy: InForce) -> JsonObject:
    ladder = asdict(policy.ladder)
    modes: dict[str, Json] = {step: policy.ladder.mode(step) for step in STEPS}
    rest = {key: value for key, value in ladder.items() if key.replace("_", "-") not in STEPS}
    return {
        "name": policy.name,
        "prefixes": list(policy.prefixes),
        "watch": policy.watch,
        "dry_run": policy.dry_run,
        "ladder": {**modes, **rest},
        "scrub": {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(policy.scrub).items()},
        "cites": list(policy.cites),
    }
