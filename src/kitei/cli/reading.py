"""`terms read` and `terms lint`: a provider's own text as provisions, and what is amiss in it."""

import sys
from pathlib import Path

import click

from kitei.cli.speak import Misuse, Talk, command, option
from kitei.terms.reading import (
    CHECKS,
    SURE,
    Document,
    Flaw,
    Passage,
    lint_terms,
    read_terms,
)
from kitei.values import JsonObject, Language, Words

_ENCODINGS = ("utf-8-sig", "cp932", "euc_jp")
_SURE = {"high": Words("高", "high"), "medium": Words("中", "medium"), "low": Words("低", "low")}
_CLIP = 60


@command(
    "read",
    ja="規程の原文を条項の木として読む(`-` は標準入力)",
    en="Read raw Japanese terms as a tree of provisions (`-` reads standard input).",
)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def read(talk: Talk, file: Path) -> None:
    document = read_terms(_text_of(file))
    talk.answer(_document_json(document), lambda: _tree(document, talk.language))


@command(
    "lint",
    ja="規程の原文の書き損じを、確かさと場所を添えて挙げる",
    en="Find what is amiss in raw Japanese terms, with a confidence and the place.",
)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@option(
    "--least",
    type=click.Choice(SURE),
    default="low",
    show_default=True,
    ja="この確かさ以上のものだけ挙げる",
    en="Only flaws at least this sure.",
)
@option(
    "--fail-on",
    type=click.Choice(SURE),
    ja="この確かさ以上のものがあれば 1 で終わる",
    en="End with 1 where a flaw is at least this sure.",
)
def lint(talk: Talk, file: Path, least: str, fail_on: str | None) -> None:
    document = read_terms(_text_of(file))
    found = [each for each in lint_terms(document) if _is_at_least(each, least)]
    counts: dict[str, int] = {sure: sum(each.confidence == sure for each in found) for sure in SURE}
    value: JsonObject = {
        "file": str(file),
        "title": document.title,
        "count": len(found),
        "confidence": dict(counts),
        "flaws": [each.json() for each in found],
    }
    talk.answer(value, lambda: _report(file, found, counts, talk.language))
    if fail_on is not None and any(_is_at_least(each, fail_on) for each in found):
        raise SystemExit(1)


def _is_at_least(flaw: Flaw, least: str) -> bool:
    return SURE.index(flaw.confidence) <= [*SURE].index(least)  # type: ignore[arg-type]


def _text_of(file: Path) -> str:
    """The text in whichever of the usual encodings it is."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Misuse(
            Words(f"{file} を読めません: {error.strerror}", f"Cannot read {file}: {error.strerror}")
        ) from None
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    tried = "UTF-8, Shift_JIS (cp932), EUC-JP"
    raise Misuse(
        Words(f"{file} は {tried} のどれでもありません。", f"{file} is none of {tried}; save it as UTF-8.")
    )


def _document_json(document: Document) -> JsonObject:
    return {
        "title": document.title,
        "as_of": document.as_of.isoformat() if document.as_of else None,
        "count": sum(1 for _ in document.walk()),
        "provisions": [_passage_json(each) for each in document.passages],
        "noise": [{"line": each.line, "kind": each.kind, "text": each.text} for each in document.noise],
    }


def _passage_json(passage: Passage) -> JsonObject:
    sentences = passage.sentences
    return {
        "id": passage.id,
        "kind": passage.kind,
        "number": passage.number,
        "heading": passage.heading,
        "text": passage.text,
        "lines": list(passage.lines),
        "columns": list(passage.columns),
        "cells": list(passage.cells),
        "sentences": [
            {"id": each.id, "text": each.text, "line": each.line} for each in sentences if len(sentences) > 1
        ],
        "children": [_passage_json(each) for each in passage.children],
    }


def _tree(document: Document, language: Language) -> str:
    lines: list[str] = []
    for passage in document.passages:
        _branch(passage, 0, lines)
    count = sum(1 for _ in document.walk())
    for noise in document.noise:
        lines.append(f"{noise.line:>5}  ({noise.kind}) {noise.text[:_CLIP]}")
    lines.append(
        Words(
            f"{count} 条項、条項でない行 {len(document.noise)}。",
            f"{count} provisions, {len(document.noise)} lines that belong to none.",
        ).to(language)
    )
    return "\n".join(lines)


def _branch(passage: Passage, depth: int, lines: list[str]) -> None:
    text = passage.text
    clip = text[:_CLIP] + ("…" if len(text) > _CLIP else "")
    shown = " ".join(part for part in (passage.heading and f"[{passage.heading}]", clip) if part)
    lines.append(f"{passage.line:>5}  {'  ' * depth}{passage.id}  {shown}".rstrip())
    for child in passage.children:
        _branch(child, depth + 1, lines)


def _report(file: Path, found: list[Flaw], counts: dict[str, int], language: Language) -> str:
    lines = []
    for each in found:
        more = f" (+{len(each.also)})" if each.also else ""
        lines.append(
            f"{file}:{each.place.line}: {each.place.id}: {_SURE[each.confidence].to(language)}: "
            f"{CHECKS[each.check].to(language)} [{each.check}] 「{each.quote}」 {each.gist.to(language)}{more}"
        )
    total = Words(
        f"{len(found)} 件(高 {counts['high']}、中 {counts['medium']}、低 {counts['low']})。",
        f"{len(found)} found ({counts['high']} high, {counts['medium']} medium, {counts['low']} low).",
    )
    return "\n".join([*lines, total.to(language)])
