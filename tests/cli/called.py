"""The command line as it is called: by its own entry, in a home of its own, as another process where asked."""

import io
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kitei.cli import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cli:
    """A provider's home, and what its commands say."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, *words: str, lang: str = "en", cwd: Path = ROOT, given: str | bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        """What the program's entry does in this process: a start costs half a second, and there are hundreds.

        Help keeps the language it was first asked in, so that is asked of a `program`.
        """
        entered = given.encode() if isinstance(given, str) else given
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with (
            patch.dict(os.environ, self._environment(lang), clear=True),
            patch.object(sys, "argv", ["kitei", *words]),
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(entered), "utf-8")),
            chdir(cwd),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = _code_of_main()
        said, told = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(words, code, said, told)

    def program(self, *words: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
        """The same in a process of its own, as a shell starts it."""
        return subprocess.run(
            [sys.executable, "-m", "kitei.cli", *words],
            env={**self._environment(lang), "PYTHONPATH": str(ROOT / "src")},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def answer(self, words: Sequence[str], code: int = 0) -> Any:
        ran = self.run(*words, "--json")
        assert ran.returncode == code, ran.stderr or ran.stdout
        return json.loads(ran.stdout)

    def _environment(self, lang: str) -> dict[str, str]:
        env = {**os.environ, "KITEI_HOME": str(self.home), "KITEI_LANG": lang}
        env.pop("KITEI_DATABASE", None)
        return {**env, **self.environment}


def _code_of_main() -> int:
    """The status the process would end with."""
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except Exception:
        traceback.print_exc()
        return 1
    return 0
