"""A citation: which provision of which edition of which service's terms."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from kitei.values import Words

_PATH = re.compile(
    r"^(art:\d+(\.\d+){0,2}|schedule:\d+(\.\d+){0,2}|suppl:(dates|\d{4}-\d{2}-\d{2}(\.\d+)?))"
    r"(\.(i|ii|iii|iv|v|vi))?(\.[tsa]\d+)*$"
)


@dataclass(frozen=True, slots=True, order=True)
class Cite:
    """`str(cite)` is `managed-vpn-pro@2024-05-01#art:9.2`, and `Cite.parse` reads it back."""

    service: str
    edition: date
    path: str

    def __post_init__(self) -> None:
        if not _PATH.match(self.path):
            raise ValueError(f"{self.path!r} is not a provision path such as 'art:7.1.2'")

    def __str__(self) -> str:
        return f"{self.service}@{self.edition}#{self.path}"

    @classmethod
    def parse(cls, text: str) -> "Cite":
        return _parse(text)

    @property
    def plain(self) -> str:
        """The paragraph or item, without table rows (.tN), sentences (.sN) and separable rules (.aN)."""
        return re.split(r"\.[tsa]\d+", self.path)[0]

    @property
    def words(self) -> Words:
        """As people cite it: 第22条第2項 / art. 22(2), 別紙1 3(3) / schedule 1, 3(3), 附則(2010-02-01)."""
        kind, _, numbers = self.plain.partition(":")
        first, *rest = numbers.split(".")
        match kind:
            case "art":
                ja = f"第{first}条" + "".join(
                    f"第{n}{unit}" for n, unit in zip(rest, ("項", "号"), strict=False)
                )
                return Words(ja, f"art. {first}" + "".join(f"({n})" for n in rest))
            case "schedule":
                more = rest[0] + "".join(f"({n})" for n in rest[1:]) if rest else ""
                return Words(
                    f"別紙{first} {more}".strip(), f"schedule {first}" + (f", {more}" if more else "")
                )
            case _:
                paragraph = f"第{rest[0]}項" if rest else ""
                return Words(f"附則({first}){paragraph}", f"suppl. {first}" + "".join(f"({n})" for n in rest))


@lru_cache(8192)
def _parse(text: str) -> Cite:
    """Contracts cite the same few hundred provisions over and over."""
    match = re.fullmatch(r"([a-z0-9-]+)@(\d{4}-\d{2}-\d{2})#(.+)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a citation such as 'managed-vpn-pro@2024-05-01#art:9.2'")
    return Cite(match[1], date.fromisoformat(match[2]), match[3])
