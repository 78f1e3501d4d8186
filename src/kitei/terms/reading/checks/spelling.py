"""Names misspelt: a letter lost, doubled or misread in what the document calls its things."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator

from kitei.terms.reading.flaws import Flaw, flaw
from kitei.terms.reading.folding import squeeze
from kitei.terms.reading.names import NameList
from kitei.terms.reading.passages import Passage
from kitei.terms.reading.subject import NOUN
from kitei.terms.reading.survey import Survey
from kitei.values import Words

_TOKEN = re.compile(r"[一-龠々ァ-ヶーA-Za-z0-9:/]{6,}")
# Names of the trade whose capitals are part of them, and of no one provider's documents.
_TRADE = (
    "WireGuard", "OpenVPN", "IPsec", "IPv4", "IPv6", "DDoS", "DNSSEC", "WebSocket", "JavaScript", "GitHub", "PostgreSQL",
    "MySQL", "macOS", "iPhone", "iPad", "OpenSSL", "OpenSSH", "FreeBSD", "VMware", "YouTube", "PayPal", "LinkedIn",
)  # fmt: skip
_LIKE = 0.75


def options(survey: Survey) -> Iterator[Flaw]:
    """`…オプション` that no list has: a near name is a slip, one of another service is not ours to list."""
    for group in survey.names.lists:
        ending = _ending(group)
        if not ending:
            continue
        pattern = re.compile(rf"{NOUN}+(?: {NOUN}+)*?{ending}")
        seen: dict[str, tuple[Passage, int, int]] = {}
        for passage, text in survey.uses():
            for match in pattern.finditer(text):
                name = re.sub(r"^第\d+条", "", match[0])
                if (
                    len(name) > len(ending)
                    and not _is_listed(name, group)
                    and not _is_others(text, match, seen)
                ):
                    first = seen.get(name, (passage, match.start(), 0))
                    seen[name] = (first[0], first[1], first[2] + 1)
        for name, (passage, at, count) in seen.items():
            near = difflib.get_close_matches(name, group.names, 1, _LIKE)
            if near:
                gist = Words(f"「{near[0]}」のことと思われる。", f"Probably '{near[0]}'.")
                yield flaw("name-misspelt", "high", passage, name, gist, at=at)
            elif count > 1 or len(name) > len(ending) + 2:
                gist = Words(f"「{group.what}」に「{name}」はない。", f"No {group.what} is called '{name}'.")
                yield flaw("name-unknown", "medium", passage, name, gist, at=at)


def _ending(group: NameList) -> str:
    """What the names of a list all end with (`オプション`), at least four characters of it."""
    if len(group.names) < 1 or not group.what:
        return ""
    reversed_names = [name[::-1] for name in group.names]
    common = _common_prefix(reversed_names)[::-1] if len(group.names) > 1 else ""
    if len(group.names) == 1:
        common = next(
            (
                group.what[:n]
                for n in range(len(group.what), 3, -1)
                if group.names[0].endswith(group.what[:n])
            ),
            "",
        )
    tail = re.search(r"[ァ-ヶー]{4,}$|[一-龠]{3,}$", common)
    return tail[0] if tail else ""


def _common_prefix(names: list[str]) -> str:
    first, last = min(names), max(names)
    for place_, char in enumerate(first):
        if place_ >= len(last) or last[place_] != char:
            return first[:place_]
    return first


def _is_listed(name: str, group: NameList) -> bool:
    bare = squeeze(name)
    return any(bare.endswith(squeeze(each)) or squeeze(each).startswith(bare) for each in group.names)


def _is_others(text: str, match: re.Match[str], seen: object) -> bool:
    """Whether the name is said to be of another service: `XサービスにおけるY`, `Yに係るXサービス`."""
    before, after = text[max(0, match.start() - 8) : match.start()], text[match.end() : match.end() + 40]
    ahead = re.search(r"(?:サービス|会社|社|者)(?:における|の|が提供する)$", before)
    return bool(ahead or re.match(rf"に(?:係る|関する)(?:{NOUN}|[ 「])+サービス", after))


def near_misses(survey: Survey) -> Iterator[Flaw]:
    """Words that are all but one of the document's names: a letter lost, doubled or misread."""
    names = [name for name in survey.names.known if len(name) >= 6]
    known = {squeeze(name) for name in [*names, *(art.heading for art in survey.document.articles)]}
    tokens = Counter(token for _, text in survey.uses() for token in _TOKEN.findall(text))
    told: set[str] = set()
    for passage, text in survey.uses():
        for match in _TOKEN.finditer(text):
            token = match[0]
            if token in told or tokens[token] > 2 or any(name in squeeze(token) for name in known):
                continue
            if any(squeeze(token) in name for name in known):
                continue
            near = _nearest(token, names)
            if near:
                told.add(token)
                gist = Words(f"「{near}」のことと思われる。", f"Probably '{near}'.")
                yield flaw("name-misspelt", "high", passage, token, gist, at=match.start())


def _nearest(token: str, names: list[str]) -> str:
    """The name a token is a slip of: alike, beginning alike, and not merely another name of its family."""
    for name in names:
        bare = name.replace(" ", "")
        ends_alike = bare[:2] == token[:2] or (len(bare) >= 8 and bare[-4:] == token[-4:])
        if abs(len(bare) - len(token)) > 3 or not ends_alike:
            continue
        matcher = difflib.SequenceMatcher(None, bare, token, autojunk=False)
        edits = [code for code in matcher.get_opcodes() if code[0] != "equal"]
        changed = sum(max(i2 - i1, j2 - j1) for _, i1, i2, j1, j2 in edits)
        if matcher.ratio() >= 0.8 and changed <= 3 and not _is_family(edits, bare, token):
            return name
    return ""


def _is_family(edits: object, name: str, token: str) -> bool:
    """Names that differ by a whole word of their own (`甲種`, `乙種`; `受信機`, `送信機`) are no slips."""
    assert isinstance(edits, list)
    for _, i1, i2, j1, j2 in edits:
        words = (name[i1:i2], token[j1:j2])
        if all(re.fullmatch(r"[A-Za-z0-9]+|[一-龠]+", word) for word in words):
            return True
    return False


def families(survey: Survey) -> Iterator[Flaw]:
    """`甲種A`, `甲種B` are listed, and once the text has `甲極A`: short names, told by their family."""
    for group in survey.names.lists:
        stem = _common_prefix([name.replace(" ", "") for name in group.names])
        tails = {name.replace(" ", "")[len(stem) :] for name in group.names}
        if len(group.names) < 2 or not 2 <= len(stem) <= 6 or not all(1 <= len(tail) <= 2 for tail in tails):
            continue
        pattern = re.compile(
            rf"(?<!{NOUN})({NOUN}{{{len(stem) - 1},{len(stem) + 1}}}?)({'|'.join(tails)})(?!{NOUN})"
        )
        for passage, text in survey.uses():
            for match in pattern.finditer(text):
                like = difflib.SequenceMatcher(None, stem, match[1]).ratio()
                if (
                    match[1] != stem
                    and 0.6 <= like < 1
                    and sum(t.count(match[1]) for _, t in survey.uses()) <= 2
                ):
                    gist = Words(f"「{stem}{match[2]}」のことと思われる。", f"Probably '{stem}{match[2]}'.")
                    yield flaw("name-misspelt", "medium", passage, match[0], gist, at=match.start())


def trade_names(survey: Survey) -> Iterator[Flaw]:
    """`Ipsec`, `wireguard`: a name of the trade with other capitals. All in capitals is a style of its own."""
    known = {name.casefold(): name for name in _TRADE}
    for passage, text in survey.uses():
        for match in re.finditer(r"(?<![A-Za-z0-9.@/-])[A-Za-z][A-Za-z0-9]+(?![A-Za-z0-9.@/-])", text):
            right = known.get(match[0].casefold())
            if right and match[0] != right and not match[0].isupper():
                gist = Words(f"「{right}」と綴る。", f"It is spelt '{right}'.")
                yield flaw("name-misspelt", "low", passage, match[0], gist, at=match.start())
