"""Two editions beside each other, provision by provision: what a 新旧対照表 shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from kitei.terms.cites import Cite
from kitei.terms.editions import Edition
from kitei.terms.provisions import By, Honoured, Provision
from kitei.terms.transitions import Transition
from kitei.terms.values import Choice, Value
from kitei.values import Words

Kind: TypeAlias = Literal["added", "removed", "moved", "changed"]

_GIST: Final = Words("趣旨", "says")
_CLASS: Final = Words("区分", "class")
_HONOURED: Final = Words("守り方", "honoured by")
_TRANSITION: Final = Words("経過措置", "transition")
_BY: Final[Mapping[By, Words]] = {
    "rule": Words("規則", "rule"),
    "value": Words("数値・一覧", "value"),
    "network": Words("網", "network"),
    "deadline": Words("期限", "deadline"),
    "note": Words("注記", "note"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a provision says: what it is about, and what is said of it."""

    about: Words
    says: Words


@dataclass(frozen=True, slots=True)
class Row:
    """A provision that differs: what it said and what it says, of that only what is not the same.

    `old` and `new` are where it stands, None in the edition that has no such provision; a moved one says
    the same in another place.
    """

    kind: Kind
    old: Cite | None
    new: Cite | None
    heading: Words
    said: tuple[Line, ...]
    says: tuple[Line, ...]


def compare(old: Edition, new: Edition) -> tuple[Row, ...]:
    """What differs, in the new edition's order; what went stands where it stood before."""
    before, after = _lines(old), _lines(new)
    moved = _moved(old, new, before, after)
    rows: list[Row] = []
    for path in _in_order(old, new):
        was, now = old.provisions.get(path), new.provisions.get(path)
        if path in moved.values():
            continue  # told where it stands now
        if now is not None and path in moved:
            then = old.provisions[moved[path]]
            rows.append(Row("moved", then.cite, now.cite, now.heading, (), ()))
        elif was is None and now is not None:
            rows.append(Row("added", None, now.cite, now.heading, (), _listed(after[path])))
        elif now is None and was is not None:
            rows.append(Row("removed", was.cite, None, was.heading, _listed(before[path]), ()))
        elif was is not None and now is not None and before[path] != after[path]:
            said = tuple(line for key, line in before[path].items() if after[path].get(key) != line)
            says = tuple(line for key, line in after[path].items() if before[path].get(key) != line)
            rows.append(Row("changed", was.cite, now.cite, now.heading, said, says))
    return tuple(rows)


def _in_order(old: Edition, new: Edition) -> list[str]:
    """All paths of both: the new order, and what is gone behind what it followed."""
    order = list(new.provisions)
    behind: str | None = None
    for path in old.provisions:
        if path not in new.provisions:
            order.insert(order.index(behind) + 1 if behind in order else 0, path)
        behind = path
    return order


def _moved(
    old: Edition,
    new: Edition,
    before: Mapping[str, Mapping[str, Line]],
    after: Mapping[str, Mapping[str, Line]],
) -> Mapping[str, str]:
    """New paths of provisions that say word for word what another path, now gone, said."""
    gone = [path for path in old.provisions if path not in new.provisions]
    came = [path for path in new.provisions if path not in old.provisions]
    found: dict[str, str] = {}
    for path in came:
        for other in gone:
            same = old.provisions[other].heading == new.provisions[path].heading
            if same and other not in found.values() and _content(before[other]) == _content(after[path]):
                found[path] = other
                break
    return found


def _content(lines: Mapping[str, Line]) -> Mapping[str, Line]:
    """What is said, apart from how the code honours it, which names paths of its own."""
    return {key: line for key, line in lines.items() if key != "honoured"}


def _listed(lines: Mapping[str, Line]) -> tuple[Line, ...]:
    return tuple(_content(lines).values())


def _lines(edition: Edition) -> Mapping[str, dict[str, Line]]:
    """Everything an edition says, by the provision that says it and by what it is about."""
    found = {path: _of_provision(provision) for path, provision in edition.provisions.items()}
    for value in edition.values.values():
        found[value.cite.path][f"value {value.name}"] = Line(value.title, _shown(value))
        for choice in _choices(value):
            line = Line(value.title, _entry(choice))
            found[choice.cite.path][f"choice {value.name} {choice.slug}"] = line
    for number, transition in enumerate(edition.transitions):
        found[transition.cite.path][f"transition {number}"] = Line(_TRANSITION, _crossing(transition))
    return found


def _of_provision(provision: Provision) -> dict[str, Line]:
    ways = [_way(each) for each in provision.honoured]
    return {
        "gist": Line(_GIST, provision.gist),
        "class": Line(_CLASS, Words(provision.kind, provision.kind)),
        "honoured": Line(
            _HONOURED, Words("、".join(each.ja for each in ways), ", ".join(each.en for each in ways))
        ),
    }


def _way(way: Honoured) -> Words:
    what, by = way.what, _BY[way.by]
    if isinstance(what, Words):
        return Words(f"{by.ja}({what.ja})", f"{by.en} ({what.en})")
    return Words(f"{by.ja} {what}", f"{by.en} {what}")


def _choices(value: Value) -> tuple[Choice, ...]:
    return value.choices if isinstance(value.value, tuple) and isinstance(value.value[0], Choice) else ()


def _shown(value: Value) -> Words:
    if choices := _choices(value):
        return Words("、".join(c.name.ja for c in choices), ", ".join(c.name.en for c in choices))
    if isinstance(value.value, tuple):
        texts = [str(each) for each in value.value]
        return Words("、".join(texts), ", ".join(texts))
    text = f"{value.value:,}" if isinstance(value.value, int) else str(value.value)
    return Words(text, text)


def _entry(choice: Choice) -> Words:
    more = ", ".join(f"{name} {_plain(each)}" for name, each in choice.attributes.items())
    return Words(
        f"{choice.name.ja}({more})" if more else choice.name.ja,
        f"{choice.name.en} ({more})" if more else choice.name.en,
    )


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _crossing(transition: Transition) -> Words:
    """A transition in a line: from when, for whom, and what becomes of them."""
    until = transition.made_until
    about = ", ".join(f"{name}={each}" for name, each in transition.where.items())
    sets = ", ".join(f"{name}={each}" for name, each in transition.sets.items())
    keeps = ", ".join(transition.keeps)
    withdraws = ", ".join(f"{name}={each}" for name, each in transition.withdraws.items())
    ja = [f"{transition.on} から"]
    en = [f"from {transition.on}"]
    for told, word_ja, word_en in (
        (until, "まで締結の契約", "contracts made until"),
        (about, "対象", "where"),
        (sets, "変更", "becomes"),
        (keeps, "維持", "keeps"),
        (withdraws, "新規停止", "not sold any more"),
    ):
        if told:
            ja.append(f"{word_ja}: {told}")
            en.append(f"{word_en} {told}")
    return Words("; ".join(ja), "; ".join(en))
