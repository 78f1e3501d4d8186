"""The program that says what becomes of a held body: `python -m kitei.proxy.sandbox SOCKET CLAMD POLICY FOLDER EVENTS`.

Squid's adapter asks in a line of JSON and is answered `pass` or a page. How long a body is held and what becomes of
one that is too large or cannot be inspected stands in the policy. Of what was not clean a report is left in
FOLDER/reports, under the SHA-256 of the body, and the lane `held` tells it to the office. A release
in the policy lets one body with that SHA-256 pass, once.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Final, Literal

from kitei.proxy.inspecting import Unsure, deeds_of, is_run, signature_of
from kitei.proxy.policy import Policy, Sandbox
from kitei.proxy.written import policy_of
from kitei.spool import Lane
from kitei.values import Words

LANE: Final = "held"
_KNOWN: Final = 4096
_FRESH: Final = 600.0  # seconds for which a body's verdict is remembered; signatures change
Outcome = Literal["clean", "infected", "suspicious", "unsure", "too-large"]
_SAID: Final = {
    "infected": Words("既知のマルウェアです", "it is known malware"),
    "suspicious": Words("実行すると疑わしい動作をします", "when run, it does what nothing harmless does"),
    "unsure": Words("検査できませんでした", "it could not be inspected"),
    "too-large": Words("検査できる大きさを超えています", "it is larger than what is inspected"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one body. `told` are signatures or deeds, or why it could not be inspected."""

    outcome: Outcome
    digest: str
    told: tuple[str, ...] = ()


class Inspector:
    """Asks of each body once, and remembers for a while."""

    def __init__(self, clamd: str, policy: str, folder: Path, events: Path) -> None:
        self._clamd, self._policy = clamd, Path(policy)
        self._reports = folder / "reports"
        self._used = folder / "releases"
        for each in (self._reports, self._used):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lane = Lane(events / LANE)
        self._known: dict[str, tuple[float, Finding]] = {}

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question, one answer. Squid may go before it is told, when its client does."""
        try:
            asked = json.loads(await reader.readline())
            writer.write(await self.answer(asked))
            await writer.drain()
        except (ConnectionError, ValueError):  # nobody is left to be told
            pass
        finally:
            writer.close()

    async def answer(self, asked: dict[str, Any]) -> bytes:
        policy = policy_of(self._policy.read_text(encoding="utf-8")).policy
        bounds = policy.sandbox
        began = time.monotonic()
        finding = await self._finding(asked, bounds)
        if finding.outcome == "clean":
            return b"pass\n"
        fate = {"unsure": bounds.unsure, "too-large": bounds.too_large}.get(finding.outcome, "block")
        release = self._release(policy, finding) if fate == "block" else None
        action = "pass" if fate == "pass" or release else "block"
        self._tell(policy, asked, finding, action, release, time.monotonic() - began)
        return b"pass\n" if action == "pass" else _page(policy, finding)

    async def _finding(self, asked: dict[str, Any], bounds: Sandbox) -> Finding:
        if not asked["whole"]:
            return Finding("too-large", "")
        digest = await asyncio.to_thread(_digest, asked["path"])
        known = self._known.get(digest)
        if known is not None and time.monotonic() - known[0] < _FRESH:
            return known[1]
        try:
            finding = await asyncio.wait_for(self._inspect(asked["path"], digest), bounds.seconds)
        except TimeoutError:
            return Finding("unsure", digest, (f"not done in {bounds.seconds} s",))
        except (Unsure, OSError) as error:
            return Finding("unsure", digest, (str(error),))
        self._known[digest] = (time.monotonic(), finding)
        while len(self._known) > _KNOWN:
            self._known.pop(next(iter(self._known)))
        return finding

    async def _inspect(self, path: str, digest: str) -> Finding:
        if signature := await signature_of(path, self._clamd):
            return Finding("infected", digest, (signature,))
        if is_run(path) and (deeds := await deeds_of(path)):
            return Finding("suspicious", digest, deeds)
        return Finding("clean", digest)

    def _release(self, policy: Policy, finding: Finding) -> str | None:
        """The first release of this body that was not used yet; used it is from now on."""
        for name, digest in policy.released:
            if digest == finding.digest:
                try:
                    os.close(os.open(self._used / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                except FileExistsError:
                    continue
                return name
        return None

    def _tell(
        self,
        policy: Policy,
        asked: dict[str, Any],
        finding: Finding,
        action: str,
        release: str | None,
        took: float,
    ) -> None:
        at = datetime.now(UTC)
        told = {
            **{key: asked[key] for key in ("url", "type", "source", "user", "size")},
            **asdict(finding),
            "told": list(finding.told),
            "contract": policy.contract,
            "policy": policy.version,
            "action": action,
            "release": release or "",
            "ms": round(1000 * took),
        }
        self._lane.put(at, "web.held", told)
        if finding.digest:
            text = json.dumps({"at": at.isoformat(), **told}, ensure_ascii=False, indent=1)
            (self._reports / f"{finding.digest}.json").write_text(text + "\n", encoding="utf-8")


def _page(policy: Policy, finding: Finding) -> bytes:
    said = _SAID[finding.outcome]
    lines = [
        f"理由: {said.ja} / 契約: {policy.contract}",
        policy.page.ja,
        f"Reason: {said.en} / contract: {policy.contract}",
        policy.page.en,
        *finding.told,
        f"SHA-256: {finding.digest}" if finding.digest else "",
    ]
    text = escape("\n".join(each for each in lines if each))
    html = (
        '<!DOCTYPE html>\n<html lang="ja"><head><meta charset="utf-8"><title>このファイルは渡せません / '
        "This file is held back</title></head>\n<body><h1>このファイルは渡せません</h1>\n"
        f'<h1 lang="en">This file is held back</h1>\n<pre>{text}</pre></body></html>\n'
    ).encode()
    return b"page 403 %d\n" % len(html) + html


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def throw_away(folder: Path) -> None:
    """What a Squid that is no more left behind: a held body's name begins with the number of its process."""
    for path in folder.glob("[0-9]*-*"):
        if not Path(f"/proc/{path.name.partition('-')[0]}").exists():
            path.unlink(missing_ok=True)


async def _serve(where: str, inspector: Inspector) -> None:
    Path(where).unlink(missing_ok=True)
    server = await asyncio.start_unix_server(inspector.hear, where)
    os.chmod(where, 0o666)  # its folder is Squid's own
    async with server:
        while True:
            throw_away(Path(where).parent)
            await asyncio.sleep(60)


if __name__ == "__main__":
    _, place, clamd, policy, folder, events = sys.argv
    asyncio.run(_serve(place, Inspector(clamd, policy, Path(folder), Path(events))))
