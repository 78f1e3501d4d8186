"""A policy and its lists as one text (JSON), as a gateway has it in a file, and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_network
from typing import Any

from kitei.proxy.policy import Policy, Rule, Sandbox
from kitei.values import Json, Words


@dataclass(frozen=True, slots=True)
class Written:
    """`short` are lists that stand in the text; `packed` the others by name, each with its file."""

    policy: Policy
    short: Mapping[str, tuple[str, ...]]
    packed: Mapping[str, str]


def policy_text(written: Written) -> str:
    """One line; the same for what is the same."""
    policy = written.policy
    sandbox = policy.sandbox
    told: dict[str, Json] = {
        "contract": policy.contract,
        "version": policy.version,
        "default": policy.default,
        "inspect": policy.inspect,
        "sign_in": policy.sign_in,
        "page": _words(policy.page),
        "people": {name: list(groups) for name, groups in policy.people.items()},
        "sources": [[str(network), user] for network, user in policy.sources],
        "sandbox": [sandbox.largest, sandbox.seconds, sandbox.too_large, sandbox.unsure],
        "released": [list(each) for each in policy.released],
        "rules": [_rule(rule) for rule in policy.rules],
        "short": {name: list(names) for name, names in written.short.items()},
        "packed": dict(written.packed),
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def policy_of(text: str) -> Written:
    """Read it back. ValueError, KeyError or TypeError where it is none: only this program writes it."""
    told: Any = json.loads(text)
    policy = Policy(
        contract=str(told["contract"]),
        version=int(told["version"]),
        rules=tuple(map(_rule_of, told["rules"])),
        default=told["default"],
        inspect=told["inspect"],
        sign_in=told["sign_in"],
        page=Words(*told["page"]),
        people={name: tuple(groups) for name, groups in told["people"].items()},
        sources=tuple((ip_network(network), user) for network, user in told["sources"]),
        sandbox=Sandbox(*told["sandbox"]),
        released=tuple((name, digest) for name, digest in told["released"]),
    )
    short = {name: tuple(names) for name, names in told["short"].items()}
    return Written(policy, short, dict(told["packed"]))


def _words(words: Words) -> Json:
    return [words.ja, words.en]


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.id,
        "action": rule.action,
        "lists": list(rule.lists),
        "domains": list(rule.domains),
        "urls": [list(each) for each in rule.urls],
        "users": list(rule.users),
        "groups": list(rule.groups),
        "days": list(rule.days),
        "hours": [list(each) for each in rule.hours],
        "until": None if rule.until is None else rule.until.isoformat(),
        "reason": _words(rule.reason),
    }


def _rule_of(told: Any) -> Rule:
    return Rule(
        id=told["id"],
        action=told["action"],
        lists=tuple(told["lists"]),
        domains=tuple(told["domains"]),
        urls=tuple((host, path) for host, path in told["urls"]),
        users=tuple(told["users"]),
        groups=tuple(told["groups"]),
        days=tuple(told["days"]),
        hours=tuple((begin, end) for begin, end in told["hours"]),
        until=None if told["until"] is None else date.fromisoformat(told["until"]),
        reason=Words(*told["reason"]),
    )
