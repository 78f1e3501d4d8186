"""Names: used but in no list, misspelt, broken by a table's layout, or never defined."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator

from kitei.terms.reading.flaws import Confidence, Flaw, flaw, place
from kitei.terms.reading.folding import squeeze
from kitei.terms.reading.passages import Passage
from kitei.terms.reading.speech import spoken
from kitei.terms.reading.subject import NOUN
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_CHOSEN = re.compile(
    r"(?P<what>[一-龠々ァ-ヶー]{1,12})を(?P<names>(?:又は|若しくは|もしくは|または|[^をはがに。]){1,80}?)とする"
)
_AND = re.compile(r"、|又は|及び|並びに|若しくは|もしくは|または|および")
_BRACKETS = re.compile(r"\([^()]*\)")
_BEFORE_SLASH = re.compile(rf"{NOUN}+(?: {NOUN}+)*$")
_BEHIND_SLASH = re.compile(rf"(?:(?!及び|又は|並びに|若しくは){NOUN})+")


def chosen(survey: Survey) -> Iterator[Flaw]:
    """`品目をXとする` where X is no item, or where what X is counted as is called otherwise."""
    counted = {each.what for each in survey.names.lists}
    quoted = {squeeze(each) for each in survey.names.quoted}
    for passage, text in survey.uses():
        bare = _BRACKETS.sub(lambda m: "　" * len(m[0]), text)
        for match in _CHOSEN.finditer(bare):
            names = [part.strip("　「」 ") for part in _AND.split(match["names"])]
            known = [name for name in names if name]
            if match["what"] in counted:
                yield from _unlisted(survey, passage, match, known, quoted)
            else:
                yield from _miscounted(survey, passage, match, known)


def _unlisted(
    survey: Survey, passage: Passage, match: re.Match[str], names: list[str], quoted: set[str]
) -> Iterator[Flaw]:
    lists = [each for each in survey.names.lists if each.what == match["what"]]
    for name in names:
        if any(each.has(name) for each in lists) or squeeze(name) in quoted:
            continue
        every = [each for one in lists for each in one.names]
        if re.search(r"[ぁ-ん]{2}", name) or name in ("以下", "以上", "未満", "もの"):
            continue
        near = difflib.get_close_matches(name, every, 1, 0.6)
        hint = near[0] if near else "、".join(every[:6])
        gist = Words(
            f"{match['what']}に「{name}」はない({hint})。", f"No {match['what']} is called '{name}' ({hint})."
        )
        yield flaw("name-unknown", "high" if near else "medium", passage, name, gist, at=match.start("names"))


def _miscounted(survey: Survey, passage: Passage, match: re.Match[str], names: list[str]) -> Iterator[Flaw]:
    """The names are of a list that is called by another word: `区分をI` for `品目区分をI`."""
    homes = [each for each in survey.names.lists if names and all(each.has(name) for name in names)]
    is_near = any(
        each.what.endswith(match["what"]) or all(name.startswith(match["what"]) for name in names)
        for each in homes
    )
    if not is_near:
        return
    right = homes[0].what
    gist = Words(f"これは「{right}」の名前である。", f"These are names of '{right}'.")
    quote = f"{match['what']}を{match['names'].strip()}"
    yield flaw("name-varies", "medium", passage, quote, gist, at=match.start())


def broken(survey: Survey) -> Iterator[Flaw]:
    """Names a table's layout broke: cells that are a piece of a name the text has whole, or no name at all."""
    title = survey.document.title
    whole = Counter(name for _, text in survey.uses() for name in _slashed(text, title))
    for group in survey.names.lists:
        lost = [
            (name, row)
            for name, row in zip(group.names, group.places, strict=True)
            if not _appears(survey, name, row) and (_is_scrap(name) or _is_piece(name, whole))
        ]
        spare = [name for name in whole if name not in group.names]
        for name, row in lost:
            right = [each for each in spare if squeeze(name) in squeeze(each)]
            left = [
                each
                for each in spare
                if squeeze(each.split("/")[0]) in squeeze(title)
                and not any(squeeze(other) in squeeze(each) for other, _ in lost)
            ]
            guess = (right or left or [""])[0]
            sure: Confidence = "high" if right or (guess and len(left) == 1) else "medium"
            gist = Words(
                f"表の中で名前が壊れている({guess}?)。" if guess else "表の中で名前が壊れている。",
                f"The table broke this name ('{guess}'?)." if guess else "The table broke this name.",
            )
            yield flaw("name-broken", sure, row, name, gist)


def _slashed(text: str, title: str) -> Iterator[str]:
    """The names of the form `service/kind`: the service as the title has it, or the words before the stroke."""
    for stroke in re.finditer("/", text):
        before, behind = text[: stroke.start()], _BEHIND_SLASH.match(text, stroke.end())
        own = next((title[at:] for at in range(len(title) - 3) if before.endswith(title[at:])), "")
        words = _BEFORE_SLASH.search(before[-60:])
        service = max(own, words[0] if words else "", key=len)
        if behind and service:
            yield f"{service}/{behind[0]}"


def _appears(survey: Survey, name: str, row: Passage) -> bool:
    bare = squeeze(name)
    return any(
        bare in squeeze(text) for passage, text in survey.uses() if passage is not row and "/" not in bare
    ) or any(
        re.search(rf"(?<!{NOUN}){re.escape(name)}(?!{NOUN})", text)
        for p, text in survey.uses()
        if p is not row
    )


def _is_scrap(name: str) -> bool:
    return bool(re.fullmatch(r"\d{1,3}\s*/?\s*[A-Za-z]{0,3}|[^\wァ-ヶ一-龠]+", name))


def _is_piece(name: str, whole: Counter[str]) -> bool:
    bare = squeeze(name)
    return any(bare != squeeze(each) and bare in squeeze(each) and "/" in name for each in whole)


_PREFIXED = re.compile(
    rf"(?:(?<!{NOUN})|(?<=当該)|(?<=各))(?P<term>(?:指定|対象|特定|認定|登録|本)(?:[一-龠々]{{1,4}}|[ァ-ヶー]{{2,12}})+)"
)


def undefined(survey: Survey) -> Iterator[Flaw]:
    """`指定端末`, `本サービス`: words that a definition makes, without one."""
    defined = set(survey.names.defined) | {name for each in survey.names.lists for name in each.names}
    used: dict[str, list[tuple[Passage, int]]] = {}
    for passage, text in survey.uses():
        for match in _PREFIXED.finditer(text):
            used.setdefault(match["term"], []).append((passage, match.start()))
    families = {term[:2] for term in survey.names.defined}
    for term, uses in used.items():
        if any(term in name or term.startswith(name) for name in defined) or _is_plain(term):
            continue
        passages = {id(passage) for passage, _ in uses}
        if len(uses) < 2 and not term.startswith("本"):
            continue
        sure: Confidence = (
            "high"
            if len(uses) >= 4 and term[:2] in families
            else "medium"
            if len(passages) >= 6 and not term.startswith("本")
            else "low"
        )
        hint = _described(term, [passage for passage, _ in uses])
        gist = Words(
            f"「{term}」は {len(uses)} 回使われているが、定義がない。"
            + (f"{hint.ja}がそれと思われる。" if hint else ""),
            f"'{term}' is used {len(uses)} times and never defined."
            + (f" {hint.en} may say what it is." if hint else ""),
        )
        first, at = uses[0]
        yield flaw("term-undefined", sure, first, term, gist, at=at, also=[place(p, n) for p, n in uses[1:]])


def _described(term: str, passages: list[Passage]) -> Words | None:
    """Where the text says what an undefined thing is: `当社が貸与するX`."""
    for passage in passages:
        match = re.search(
            rf"[^、。()]{{0,20}}(?:貸与|設置|交付|配布|提供)する{re.escape(term)}", passage.text
        )
        if match:
            where = spoken(passage.id)
            return Words(f"{where.ja}の「{match[0]}」", f"{where.en}, '{match[0]}',")
    return None


def _is_plain(term: str) -> bool:
    """Words that carry the prefix by themselves, and those that point to the document at hand."""
    return bool(
        re.match(
            r"(?:本人|本邦|本来|本日|本体|本店|本社|本件|本[章節編給]|本採用|本規則|本条|本項|本号|本文|本書|本則|本(?:規程|規約|約款|個別規程|契約)|特定商取引|指定(?:事業者|期日|日|の)|登録免許|対象外|対象者)",
            term,
        )
    )


_ANCHOR = re.compile(
    r"起算日は、?(?P<term>[一-龠々ァ-ヶー]{2,12}日)と|(?P<term2>[一-龠々ァ-ヶー]{2,12}日)から起算"
)


def anchors(survey: Survey) -> Iterator[Flaw]:
    """A day that a period counts from, and that the document does not define."""
    told: set[str] = set()
    for passage, text in survey.uses():
        for match in _ANCHOR.finditer(text):
            term = match["term"] or match["term2"]
            if term in told or term in survey.names.defined or re.match(r"当該|翌", term):
                continue
            told.add(term)
            gist = Words(f"「{term}」の定めがこの文書にない。", f"'{term}' is not defined in this document.")
            yield flaw("term-undefined", "low", passage, term, gist)
