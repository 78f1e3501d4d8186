"""Policies as text again: what `read_policies` reads, so that a re-aging can be approved as a file."""

from dataclasses import fields
from typing import Any

from kitei.collect.policy import Book, Guards, Policy, Thresholds, Timing


def write_policies(book: Book) -> str:
    """A file that reads back as the book, but for its version, which is of the text."""
    return "\n".join(_policy(policy) for policy in book.policies)


def _policy(policy: Policy) -> str:
    lines = [
        "[[policy]]",
        f"name = {_text(policy.name)}",
        "prefixes = [" + ", ".join(f'"{each}"' for each in policy.prefixes) + "]",
        f"dry_run = {str(policy.dry_run).lower()}",
        f"host = {_thresholds(policy.host)}",
        f"prefix = {_thresholds(policy.prefix)}",
    ]
    for override in policy.overrides:
        lines += [
            "[[policy.override]]",
            f'network = "{override.network}"',
            f"host = {_thresholds(override.host)}",
        ]
    lines += ["[policy.timing]", *_settings(policy.timing), "[policy.guards]", *_settings(policy.guards)]
    for table, values in policy.follows.items():
        lines += [f"[policy.{table}]", *(f"{key} = {_value(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _text(name: str) -> str:
    """A TOML basic string."""
    kept = (
        each if each not in '"\\' and ord(each) >= 32 and ord(each) != 127 else f"\\u{ord(each):04x}"
        for each in name
    )
    return '"' + "".join(kept) + '"'


def _value(value: Any) -> str:
    """Texts, whole numbers, truths and lists of them."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value)
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
        case _:
            return str(value)


def _thresholds(thresholds: Thresholds) -> str:
    return "{ " + ", ".join(f"{metric} = {value}" for metric, value in thresholds.items()) + " }"


def _settings(settings: Timing | Guards) -> list[str]:
    values = {each.name: getattr(settings, each.name) for each in fields(settings)}
    return [
        f"{name} = {list(value) if isinstance(value, tuple) else value}" for name, value in values.items()
    ]
