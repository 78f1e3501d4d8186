"""`cases`: decided cases, run the way a customer is served, and every disagreement."""

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from kitei.cli.desk import faults_told
from kitei.cli.show import cites_text
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.desk.casebook import NoCasebook, Page, read_casebook
from kitei.office.cases import Dispute, Judged, Standing, judge, read_disputes
from kitei.values import JsonObject, Language, Words

DISPUTED = Path("tests") / "cases" / "disputed.toml"


@command(
    "cases",
    ja="判断例のファイルを、契約者の申込と同じ道で判断し、食い違いを示す",
    en="Run a file of decided cases as customers are served, and print every disagreement.",
)
@click.argument(
    "files", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True
)
@option("--only", multiple=True, metavar="ID", ja="この id の例だけ", en="Only the case of this id.")
@option(
    "--disputed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja=f"異議のある例の一覧(既定は {DISPUTED})",
    en=f"The list of disputed cases (else {DISPUTED}, where there is one).",
)
def cases(talk: Talk, files: tuple[Path, ...], only: tuple[str, ...], disputed: Path | None) -> None:
    with faults_told(talk):
        read = _chosen({file: _read(file, talk) for file in files}, only)
        disputes = _disputes(disputed)
        judged = [(file, each) for file, pages in read.items() for each in judge(pages, disputes)]
    tally = Counter(each.standing for _, each in judged)
    failed = tally["failed"] + tally["faulty"]
    talk.answer(
        {
            "passed": tally["passed"],
            "failed": failed,
            "disputed": tally["disputed"],
            "cases": [
                {"file": str(file), **_judged_json(each)}
                for file, each in judged
                if each.standing != "passed" or each.dispute
            ],
        },
        lambda: "\n".join([*_lines(judged, talk.language), _summary(tally, failed, talk.language)]),
    )
    if failed:
        raise SystemExit(1)


def _read(file: Path, talk: Talk) -> Sequence[Page]:
    try:
        return read_casebook(file.read_text(encoding="utf-8-sig"))
    except NoCasebook as error:
        raise Misuse(f"{file}: {error.words.to(talk.language)}") from None
    except UnicodeDecodeError as error:
        wrong = Words("UTF-8 ではありません", "is not UTF-8").to(talk.language)
        raise Misuse(f"{file}: byte {error.start}: {wrong}") from None


def _chosen(read: Mapping[Path, Sequence[Page]], only: Sequence[str]) -> Mapping[Path, Sequence[Page]]:
    known = [page.id for pages in read.values() for page in pages]
    for id in only:
        if id not in known:
            close = ", ".join(get_close_matches(id, known, n=3)) or ", ".join(known[:5])
            raise Misuse(
                Words(f"{id} という例はありません。近いのは {close}", f"no case {id}; there are {close}")
            )
    return {file: [page for page in pages if not only or page.id in only] for file, pages in read.items()}


def _disputes(file: Path | None) -> dict[str, Dispute]:
    """Those of the file named, else of the project's own list in the folder one works in."""
    named = file or DISPUTED
    if file is None and not named.exists():
        return {}
    return dict(read_disputes(named.read_text(encoding="utf-8"), str(named)))


def _lines(judged: Sequence[tuple[Path, Judged]], language: Language) -> list[str]:
    lines: list[str] = []
    for file, each in judged:
        head = f"{each.page.id or '?'} ({file.name}:{each.page.line})"
        match each.standing:
            case "faulty":
                lines.append(f"✗ {head}")
                lines += [f"    {_placed(f.place, f.wrong.to(language))}" for f in each.faults]
            case "failed":
                lines.append(f"✗ {head}")
                lines += [f"    {words.to(language)}" for words in each.differences]
            case "disputed":
                assert each.dispute is not None
                word = Words("異議あり", "disputed").to(language)
                cite = cites_text([each.dispute.provision], language)
                lines.append(f"? {head} {word}: {cite} {each.dispute.why.to(language)}")
                lines += [f"    {words.to(language)}" for words in each.differences]
            case "passed" if each.dispute:
                over = Words("異議は要らなくなりました", "passes; it need not be disputed any more").to(
                    language
                )
                lines.append(f"✓ {head} {over}")
    return lines


def _placed(place: str, wrong: str) -> str:
    return f"{place}: {wrong}" if place else wrong


def _summary(tally: Mapping[Standing, int], failed: int, language: Language) -> str:
    """How many disagree and are disputed, and the last line, the same in both languages for programs to read."""
    count = tally["disputed"]
    disputed = Words(f"異議あり {count}", f"{count} disputed").to(language) + "\n" if count else ""
    return f"{disputed}{tally['passed']} passed, {failed} failed"


def _judged_json(judged: Judged) -> JsonObject:
    return {
        "id": judged.page.id,
        "line": judged.page.line,
        "standing": judged.standing,
        "differences": [{"ja": words.ja, "en": words.en} for words in judged.differences],
        "faults": [
            {"place": each.place, "wrong": {"ja": each.wrong.ja, "en": each.wrong.en}}
            for each in judged.faults
        ],
        "disputed": judged.dispute.provision if judged.dispute else None,
    }
