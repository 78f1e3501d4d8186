"""`./run bench [NAME ...] [--json]`: run the benchmarks, each beside its peer, and print figure, promise, ratio.

A benchmark is a module of this folder with `measure() -> list[Figure]`.
"""

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from figure import Figure  # noqa: E402

NOT_BENCHES = {"run", "figure", "population", "flow_load", "ordinary_day", "captured"}


def names() -> list[str]:
    return sorted(p.stem for p in HERE.glob("*.py") if p.stem not in NOT_BENCHES)


def main(argv: list[str]) -> int:
    as_json = "--json" in argv
    wanted = [word for word in argv if not word.startswith("-")]
    unknown = [word for word in wanted if word not in names()]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in wanted or names():
        found: list[Figure] = importlib.import_module(name).measure()
        figures += found
        if not as_json:
            for figure in found:
                print(figure, flush=True)
    if as_json:
        print(
            json.dumps([asdict(figure) | {"ratio": figure.ratio, "kept": figure.kept} for figure in figures])
        )
    return 0 if all(figure.kept for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
