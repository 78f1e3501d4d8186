"""`ddos policy`: what the contracts have watched, policies to begin with, and whether a file is what they say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from kitei.cli.ddos import baseline_of_file, baseline_option, book_of_file
from kitei.cli.desk import office_of
from kitei.cli.show import decided_json, decided_text
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.collect.policies import BadPolicies
from kitei.desk import Verdict
from kitei.office.floods.policies import acts_of, policies_json, set_policies
from kitei.office.floods.watch import Watched, compare, drafted, watched
from kitei.services.ddos.defending import STEPS
from kitei.values import JsonObject, Words


@command(
    "policy",
    ja="契約が見るものとポリシーを示す。--set で定め、--check でファイルが契約どおりかを、--draft で初めのファイルを",
    en="Show what contracts have watched, and how; --set a policy file, --check one, or --draft one to begin with.",
)
@option(
    "--set",
    "given",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="定めるポリシーのファイル([policy.ladder] と [policy.scrub] も書ける)",
    en="The policy file to put in force; [policy.ladder] and [policy.scrub] may stand in it.",
)
@option("--what-if", is_flag=True, ja="判断だけして記録しない", en="Only decide; record nothing.")
@option(
    "--by",
    default="operator",
    show_default=True,
    ja="誰が(operator か契約者の id)",
    en="Who asks: the operator, or the customer's id.",
)
@option(
    "--check",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="確かめるしきい値のファイル",
    en="The policy file to check.",
)
@option(
    "--draft", is_flag=True, ja="初めのしきい値を TOML で書く", en="Print policies to begin with, as TOML."
)
@baseline_option
def policy(
    talk: Talk,
    file: Path | None,
    given: Path | None,
    what_if: bool,
    by: str,
    draft: bool,
    baseline: Path | None,
) -> None:
    if given is not None:
        _set(talk, given, baseline, by, what_if)
        return
    book = book_of_file(file, talk, baseline) if file else None
    with office_of(talk) as office:
        contracts = dict(office.contracts())
        found = watched(contracts, talk.on or office.today())
        told = {each.contract: policies_json(contracts[each.contract]) for each in found}
    if book is not None:
        faults = compare(book, found)
        talk.answer(
            [{"place": each.place, "wrong": each.words.to(talk.language)} for each in faults],
            lambda: "\n".join(f"{each.place}: {each.words.to(talk.language)}" for each in faults),
        )
        raise SystemExit(1 if faults else 0)
    if draft:
        talk.say(drafted(found))
        return
    talk.answer(
        [{**each.json(), "policies": [*told[each.contract]]} for each in found],
        lambda: "\n".join(_lines(each, told[each.contract], talk) for each in found),
    )


def _set(talk: Talk, file: Path, learned: Path | None, by: str, what_if: bool) -> None:
    """Each policy of the file as an act of its own; a refusal of any ends with exit status 1."""
    baseline = baseline_of_file(learned) if learned else None
    try:
        acts = acts_of(file.read_text(encoding="utf-8"), baseline, by)
    except UnicodeDecodeError as error:
        raise Misuse(f"{file}: byte {error.start}: {_NOT_UTF8.to(talk.language)}") from None
    except BadPolicies as error:
        lines = [f"{file}: {each.place}: {each.words.to(talk.language)}" for each in error.faults]
        raise Misuse("\n".join(lines)) from None
    with office_of(talk) as office:
        decided = set_policies(office, acts, what_if=what_if)
        talk.answer(
            [decided_json(each) for each in decided],
            lambda: "\n".join(decided_text(each, talk.language) for each in decided),
        )
    if any(each.decision.verdict is Verdict.REFUSE for each in decided):
        raise SystemExit(1)


_NOT_UTF8 = Words("UTF-8 ではありません", "is not UTF-8")


def _lines(each: Watched, policies: Sequence[JsonObject], talk: Talk) -> str:
    return "\n".join([_line(each, talk), *(_policy_line(policy, talk) for policy in policies)])


def _policy_line(policy: JsonObject, talk: Talk) -> str:
    """A policy and its ladder in one line."""
    watch: Any = policy["watch"]
    ladder: Any = policy["ladder"]
    over = [
        f"{scope} " + " ".join(f"{m}={v}" for m, v in watch[scope].items())
        for scope in ("host", "prefix")
        if watch.get(scope)
    ]
    steps = ", ".join(f"{step} {ladder[step]}" for step in STEPS)
    dry = Words("試行、", "dry run, ").to(talk.language) if policy["dry_run"] else ""
    name = str(policy["name"] or "-")
    return f"  {name}: {'; '.join(over)}; {dry}{steps}, hold {ladder['hold']} s"


def _line(each: Watched, talk: Talk) -> str:
    does = (
        Words("検知と防御", "detects and mitigates") if each.mitigates else Words("検知のみ", "detects only")
    )
    seen = ", ".join(f"{address.prefix} ({address.designated_by})" for address in each.addresses) or "-"
    return f"{each.contract} {each.customer} {each.item}: {does.to(talk.language)}: {seen}"
