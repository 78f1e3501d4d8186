"""Reading raw terms: how fast, and how well on texts with planted slips and on five real ones.

What is found is weighed against tests/terms/reading: slips planted in clean terms, and the readers' list.
"""

import re
import sys
import time
import tomllib
from pathlib import Path

from figure import Figure

from kitei.terms.reading import Flaw, lint_terms, read_terms

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests" / "terms" / "reading"
SHARED = ROOT.parent / "shared" / "terms"
TIMES = 20


def measure() -> list[Figure]:
    return [_speed(), *_planted(), *_real()]


def _speed() -> Figure:
    text = (TESTS / "clean_hosting.ja.txt").read_text()
    lines = len(text.split("\n")) * TIMES
    begun = time.perf_counter()
    for _ in range(TIMES):
        lint_terms(read_terms(text))
    return Figure(
        "reading", "read and lint", lines / (time.perf_counter() - begun), "lines/s", 500, "at least"
    )


def _planted() -> list[Figure]:
    sys.path.insert(0, str(TESTS))
    from test_reading_planted import HOSTING, PLANTS, found_in

    found = more = 0
    for _, clean, spoiled, check, provision, least in PLANTS:
        flaws = found_in(HOSTING.replace(clean, spoiled, 1), least)
        hits = [each for each in flaws if (each.check, _plain(each)) == (check, provision)]
        found += bool(hits)
        more += len(flaws) - len(hits)
    return [
        Figure("reading", "planted slips found", 100 * found / len(PLANTS), "%", 100, "at least"),
        Figure("reading", "further flaws a slip raises", more / len(PLANTS), "each", 0.3, "at most"),
    ]


def _real() -> list[Figure]:
    """Nothing where the five texts are not at hand."""
    if not SHARED.exists():
        return []
    judged = tomllib.loads((TESTS / "judged.toml").read_text())["judged"]
    every: list[tuple[Flaw, str]] = []
    for path in sorted(SHARED.glob("*.ja.txt")):
        service = path.name.split(".")[0]
        for flaw in lint_terms(read_terms(path.read_text())):
            every.append((flaw, _defect(judged, service, flaw)))
    sure = [defect for flaw, defect in every if flaw.confidence != "low"]
    known = set(re.findall(r"^\| ([A-Z]+-D\d\d) \|", (SHARED / "defects.md").read_text(), re.MULTILINE))
    found = {defect for _, defect in every if defect}
    precision = 100 * sum(bool(defect) for _, defect in every) / len(every)
    return [
        Figure("reading", f"precision, {len(every)} flaws", precision, "%", 95, "at least"),
        Figure(
            "reading",
            f"precision, {len(sure)} sure flaws",
            100 * sum(map(bool, sure)) / len(sure),
            "%",
            100,
            "at least",
        ),
        Figure(
            "reading", f"recall of {len(known)} defects", 100 * len(found) / len(known), "%", 56, "at least"
        ),
    ]


def _plain(flaw: Flaw) -> str:
    return re.split(r"\.[as]\d+", flaw.place.id)[0]


def _defect(judged: list[dict[str, str]], service: str, flaw: Flaw) -> str:
    key = (service, flaw.check, _plain(flaw))
    same = [each for each in judged if (each["service"], each["check"], each["provision"]) == key]
    same.sort(key=lambda each: each.get("quote") != flaw.quote)
    return next((each["defect"] for each in same if each.get("quote", flaw.quote) == flaw.quote), "")
