"""Sentences: brackets, words doubled or dropped, ends that do not end, yes where no is meant."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from kitei.terms.reading.flaws import Confidence, Flaw, flaw, place
from kitei.terms.reading.passages import Passage
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_PAIRS = {")": "(", "」": "「", "』": "『", "]": "[", "】": "【", "〕": "〔"}
_LABEL = re.compile(r"(?:^|[、。:\s|])[0-9a-zA-Zア-ンイロハ一-十]{1,2}$")

_JA = r"[ぁ-んァ-ヶー一-龠々]"
_PHRASE = re.compile(
    r"(?P<part>(?=[^|]{0,12}[ぁ-ん一-龠])[ぁ-んァ-ヶー一-龠々]{3,14})(?P=part)|(?P<kanji>[一-龠]{2})(?P=kanji)"
)
_REDUPLICATED = re.compile(r"^(?:それ|各々|様々|度々|一つ|一人)")
_PARTICLES = re.compile(
    r"(?<=[ァ-ヶー一-龠々A-Za-z0-9)」])(にに|をを|がが|でで|はは|へへ)|(?<=と)しし|(?<![ぁ-ん])しし(?=ます|た|て)|([ぁ-ん])\2\2|、、|。。|[、。][、。]"
)
_TWICE_TO = re.compile(rf"への{_JA}{{1,8}}への")
_TOGETHER = re.compile(r"[うくすつぬむるぐぶ]ともに")
_RUNS_ON = re.compile(r"(?:ます|ません|ました|です)、")
_PREDICATE = re.compile(r"(?:ます|ません|です|ました|する|である|できる|ならない|ものとす|とする)$")
_ABLE = re.compile(r"当該(?P<verb>[一-龠]{2,4})(?:することが)?できること")
_OFTEN = 3


def brackets(survey: Survey) -> Iterator[Flaw]:
    """Brackets that are never closed, or closed once too often."""
    for passage in survey.document.walk():
        if passage.kind == "front":
            continue
        for text, is_own in ((passage.heading, False), (passage.text, True)):
            for at, char in _loose_brackets(text):
                gist = (
                    Words(f"「{char}」を閉じる括弧がない。", f"'{char}' is never closed.")
                    if char in _PAIRS.values()
                    else Words(f"「{char}」に対する開き括弧がない。", f"'{char}' closes nothing.")
                )
                quote = text[max(0, at - 8) : at + 2]
                yield flaw("brackets", "high", passage, quote, gist, at=at if is_own else -1)


def _loose_brackets(text: str) -> Iterator[tuple[int, str]]:
    open_: list[tuple[int, str]] = []
    for at, char in enumerate(text):
        if char in _PAIRS.values():
            open_.append((at, char))
        elif char in _PAIRS:
            if open_ and open_[-1][1] == _PAIRS[char]:
                open_.pop()
            elif not (char == ")" and _LABEL.search(("" if at <= 3 else "-") + text[max(0, at - 3) : at])):
                yield at, char
    yield from open_


def doubled(survey: Survey) -> Iterator[Flaw]:
    """The same words twice over, a particle twice, two marks in a row."""
    for passage in survey.document.walk():
        for match in _PHRASE.finditer(passage.text):
            part = match["part"] or match["kanji"]
            is_seam = match.start() + len(part) in passage.starts
            if not _REDUPLICATED.match(part) and not is_seam:
                gist = Words(f"「{part}」が二度ある。", f"'{part}' stands twice.")
                yield flaw("doubled", "high", passage, match[0], gist, at=match.start())
        for match in _PARTICLES.finditer(passage.text):
            gist = Words(f"「{match[0]}」は重なり。", f"'{match[0]}' is doubled.")
            quote = passage.text[max(0, match.start() - 4) : match.end() + 2]
            yield flaw("doubled", "high", passage, quote, gist, at=match.start())
    yield from _twice_to(survey)


def _twice_to(survey: Survey) -> Iterator[Flaw]:
    found: dict[str, list[tuple[Passage, int]]] = {}
    for passage in survey.document.walk():
        for match in _TWICE_TO.finditer(passage.text):
            found.setdefault(match[0], []).append((passage, match.start()))
    for quote, uses in found.items():
        gist = Words(
            "「への」が続く。初めのものは「の」と思われる。", "'への' twice over; the first is probably 'の'."
        )
        also = [place(passage, at) for passage, at in uses[1:]]
        yield flaw("doubled", "medium", uses[0][0], quote, gist, at=uses[0][1], also=also)


def dropped(survey: Survey) -> Iterator[Flaw]:
    """A character that the same phrase has everywhere else, or the と of とともに."""
    texts = [(each, each.text) for each in survey.document.walk()]
    for passage, text in texts:
        for match in _TOGETHER.finditer(text):
            gist = Words("「とともに」と書くところ。", "It should read 'とともに'.")
            yield flaw("dropped", "high", passage, match[0], gist, at=match.start())
    middles: dict[str, Counter[str]] = {}
    windows: Counter[str] = Counter()
    for _, text in texts:
        for at in range(len(text) - 7):
            windows[text[at : at + 8]] += 1
        for at in range(len(text) - 8):
            if re.match(r"[ァ-ヶー一-龠々]", text[at + 4]):
                middles.setdefault(text[at : at + 4] + text[at + 5 : at + 9], Counter())[text[at + 4]] += 1
    for passage, text in texts:
        yield from _phrases_short_of(passage, text, middles, windows)


def _phrases_short_of(
    passage: Passage, text: str, middles: dict[str, Counter[str]], windows: Counter[str]
) -> Iterator[Flaw]:
    at = 0
    while at < len(text) - 7:
        window = text[at : at + 8]
        usual = middles.get(window, Counter()).most_common(1)
        if usual and usual[0][1] >= _OFTEN > windows[window] and usual[0][1] > windows[window]:
            right = window[:4] + usual[0][0] + window[4:]
            gist = Words(
                f"ほかの {usual[0][1]} か所は「{right}」。",
                f"It reads '{right}' in {usual[0][1]} other places.",
            )
            yield flaw("dropped", "medium", passage, window, gist, at=at + 3)
            at += 8
        at += 1


def ends(survey: Survey) -> Iterator[Flaw]:
    """A paragraph without its full stop, where its like have one; a sentence that goes on with a comma."""
    leads = [each for each in survey.document.walk() if each.kind == "paragraph" and _has_list(each)]
    for passage in survey.document.walk():
        text = passage.text
        around = leads if _has_list(passage) else survey.index.siblings(passage)
        if passage.kind == "paragraph" and _PREDICATE.search(text) and _end_with_a_stop(around):
            gist = Words("句点がない。", "The full stop is missing.")
            yield flaw("sentence-end", "high", passage, text[-8:], gist, at=len(text) - 1)
        for match in _RUNS_ON.finditer(text):
            if not re.match(r"[^。]*[」]", text[match.end() : match.end() + 200]):
                gist = Words("言い切った文が読点で続いている。", "A finished sentence goes on with a comma.")
                quote = text[max(0, match.start() - 4) : match.end() + 3]
                yield flaw("sentence-end", "medium", passage, quote, gist, at=match.start())


def _has_list(passage: Passage) -> bool:
    return any(child.kind in ("item", "row", "subitem") for child in passage.children)


def _end_with_a_stop(passages: Sequence[Passage]) -> bool:
    """Whether half of them at least do; the one in question does not count."""
    return sum(each.text.endswith("。") for each in passages) * 2 >= len(passages) - 1


def contradictions(survey: Survey) -> Iterator[Flaw]:
    """`転送することができないことがあり…当該転送できることについて`: the second takes up the first with the no lost."""
    for passage in survey.document.walk():
        for match in _ABLE.finditer(passage.text):
            before = passage.text[: match.start()]
            if re.search(rf"{match['verb']}(?:することが)?できない", before):
                right = match[0].replace("できる", "できない")
                gist = Words(f"「{right}」と思われる。", f"Probably '{right}'.")
                sure: Confidence = "high"
                yield flaw("contradiction", sure, passage, match[0], gist, at=match.start())
