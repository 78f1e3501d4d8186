"""`terms impact`: what a new edition would change, asked of every contract before it is published."""

from collections.abc import Iterator, Sequence

import click

from kitei.cli.desk import desk_of
from kitei.cli.speak import Talk, command, option
from kitei.office.editions import edition_called
from kitei.office.impact import Answer, Change, Impact
from kitei.office.impact import impact as weigh
from kitei.values import JsonObject, Language, Words, Yen, in_yen

_ACTS = {
    "cancel": Words("解約", "to cancel"),
    "read-term": Words("最低利用期間", "the minimum term"),
    "month-close": Words("その月の料金", "the month's charges"),
    "claim-credit": Words("減額の請求", "to claim a credit"),
    "stop-option": Words("オプションの廃止", "to stop an option"),
    "add-option": Words("オプションの追加", "to add an option"),
}
_SHOWN = 20


@command(
    "impact",
    ja="新しい版(フォルダ)が、どの契約の、どの答と何円を変えるか",
    en="Which contracts, answers and yen a new edition (a folder) would change.",
)
@click.argument("new")
@option("--service", ja="フォルダがどのサービスの版か", en="Of which service the folder is an edition.")
@option("--all", "every", is_flag=True, ja="変わる答をすべて示す", en="Show every answer that changes.")
@option(
    "--processes",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    ja="同時に使うプロセスの数",
    en="How many processes share the work.",
)
def impact(talk: Talk, new: str, service: str | None, every: bool, processes: int) -> None:
    with desk_of(talk) as office:
        found = weigh(office, edition_called(new, service), processes)
    talk.answer(
        {
            "old": str(found.old),
            "new": str(found.edition),
            "digest": found.edition.digest,
            "on": found.on.isoformat(),
            "contracts": found.contracts,
            "asked": found.asked,
            "touched": list(found.touched),
            "failed": dict(found.failed),
            "acts": {act: dict(each) for act, each in _by_act(found).items()},
            "changes": [_change_json(change) for change in found.changes],
        },
        lambda: "\n".join(_lines(found, every, talk.language)),
    )
    if found.failed:
        raise SystemExit(1)


def _by_act(found: Impact) -> dict[str, dict[str, int]]:
    real = [change for change in found.changes if not change.is_of_grounds]
    return {
        act: {
            "answers": sum(change.question.act == act for change in real),
            "grounds_only": sum(
                change.question.act == act and change.is_of_grounds for change in found.changes
            ),
            "outcomes": sum(
                change.question.act == act and change.old.outcome != change.new.outcome for change in real
            ),
            "yen": sum(change.yen for change in real if change.question.act == act),
        }
        for act in dict.fromkeys(change.question.act for change in found.changes)
    }


def _lines(found: Impact, every: bool, language: Language) -> Iterator[str]:
    yield click.style(f"{found.old} → {found.edition}  ({found.on})", bold=True)
    yield Words(
        f"{found.contracts} 契約に {found.asked} 件の問い: {len(found.touched)} 契約で答が変わります",
        f"{found.asked} questions of {found.contracts} contracts: {len(found.touched)} contracts get another answer",
    ).to(language)
    for act, each in _by_act(found).items():
        name = _ACTS.get(act, Words(act, act)).to(language)
        yield Words(
            f"  {name}: 答 {each['answers']} 件(可否 {each['outcomes']} 件)、根拠だけ {each['grounds_only']} 件、{in_yen(Yen(each['yen']))}",
            f"  {name}: {each['answers']} answers ({each['outcomes']} outcomes), {each['grounds_only']} in their grounds alone, {in_yen(Yen(each['yen']))}",
        ).to(language)
    for told, count in found.failed.items():
        wrong = Words("新しい版では答えられません", "the new edition cannot answer").to(language)
        yield click.style(f"  ✗ {wrong} ({count}): {told}", fg="red")
    real = [change for change in found.changes if not change.is_of_grounds]
    for change in real if every else real[:_SHOWN]:
        yield _change_text(change, language)
    if not every and len(real) > _SHOWN:
        rest = len(real) - _SHOWN
        yield Words(f"ほか {rest} 件(--all で全件)", f"and {rest} more (--all shows them)").to(language)


def _change_text(change: Change, language: Language) -> str:
    asked, differs = change.question, "; ".join(_differences(change.old, change.new))
    about = f" {asked.about}" if asked.about else ""
    alike = f" ×{asked.alike}" if asked.alike > 1 else ""
    name = _ACTS.get(asked.act, Words(asked.act, asked.act)).to(language)
    return f"  {asked.contract}{alike} {name}{about}: {differs}"


def _differences(old: Answer, new: Answer) -> Iterator[str]:
    if old.outcome != new.outcome:
        yield f"{old.outcome} → {new.outcome}"
    yield from _differing(old.dates, new.dates)
    yield from _differing(
        [(name, in_yen(Yen(yen))) for name, yen in old.amounts],
        [(name, in_yen(Yen(yen))) for name, yen in new.amounts],
    )
    if old.missing != new.missing:
        yield f"? {', '.join(old.missing) or '-'} → {', '.join(new.missing) or '-'}"


def _differing(old: Sequence[tuple[str, object]], new: Sequence[tuple[str, object]]) -> Iterator[str]:
    before, after = dict(old), dict(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"{name} {before.get(name, '-')} → {after.get(name, '-')}"


def _change_json(change: Change) -> JsonObject:
    asked = change.question
    return {
        "contract": asked.contract,
        "customer": asked.customer,
        "act": asked.act,
        "about": asked.about,
        "alike": asked.alike,
        "grounds_only": change.is_of_grounds,
        "yen": change.yen,
        "old": _answer_json(change.old),
        "new": _answer_json(change.new),
    }


def _answer_json(answer: Answer) -> JsonObject:
    return {
        "outcome": answer.outcome,
        "dates": {name: day.isoformat() for name, day in answer.dates},
        "amounts": dict(answer.amounts),
        "missing": list(answer.missing),
        "provisions": sorted(answer.provisions),
    }
