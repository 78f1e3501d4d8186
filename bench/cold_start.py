"""How long `kitei decide` takes from the shell to its answer: a program started anew, a ledger read, a decision shown.

Python keeps what it compiled, as it does for who installed Kitei; the first run, which compiles, is not counted.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figure import Figure

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "examples" / "order-book"
PROMISED = 0.5
RUNS = 9
ASKED = """
[[cancel]]
by = "minato"
contract = "minato-sales-1"
at = 2026-12-01T10:00:00+09:00
"""


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="kitei-cold-") as folder:
        home, asked = Path(folder) / "home", Path(folder) / "cancel.toml"
        asked.write_text(ASKED)
        _kitei(home, "apply", str(BOOK))
        _timed(home, asked)
        took = sorted(_timed(home, asked) for _ in range(RUNS))
        bare = sorted(_seconds([sys.executable, "-c", "pass"]) for _ in range(RUNS))
    return [
        Figure(
            bench="cold_start",
            what=f"`kitei decide` on the example provider's ledger, median of {RUNS}",
            value=took[RUNS // 2],
            unit="s",
            promised=PROMISED,
            sense="at most",
            peer="an empty Python program",
            peer_value=bare[RUNS // 2],
        )
    ]


def _timed(home: Path, asked: Path) -> float:
    began = time.perf_counter()
    said = _kitei(home, "decide", str(asked))
    took = time.perf_counter() - began
    if "2026-12-31" not in said:
        raise RuntimeError(f"a notice of 1 December ends on the 31st, and this was said: {said}")
    return took


def _kitei(home: Path, *words: str) -> str:
    env = {**os.environ, "KITEI_HOME": str(home), "KITEI_LANG": "en", "PYTHONPATH": str(ROOT / "src")}
    env["PYTHONPYCACHEPREFIX"] = str(home.parent / "compiled")
    for name in ("KITEI_DATABASE", "PYTHONDONTWRITEBYTECODE"):
        env.pop(name, None)
    ran = subprocess.run(
        [sys.executable, "-m", "kitei.cli", *words], env=env, capture_output=True, text=True, check=True
    )
    return ran.stdout


def _seconds(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(words, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    print(*measure(), sep="\n")
