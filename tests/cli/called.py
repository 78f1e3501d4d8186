"""The command line as it is called: another process, a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cli:
    """A provider's home, and what its commands say."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, *words: str, lang: str = "en", cwd: Path = ROOT, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        env = {
            **os.environ,
            "KITEI_HOME": str(self.home),
            "KITEI_LANG": lang,
            "PYTHONPATH": str(ROOT / "src"),
        }
        env.pop("KITEI_DATABASE", None)
        return subprocess.run(
            [sys.executable, "-m", "kitei.cli", *words],
            env={**env, **self.environment},
            cwd=cwd,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def answer(self, words: Sequence[str], code: int = 0) -> Any:
        ran = self.run(*words, "--json")
        assert ran.returncode == code, ran.stderr or ran.stdout
        return json.loads(ran.stdout)
