"""The program beside Squid that says whether a request passes: `python -m kitei.proxy.judge POLICY LISTS`.

    USER SOURCE METHOD SNI HOST PATH http    OK: it passes; ERR: it is refused. CONNECT where TLS will be opened
                                             passes, for only inside can be shown why not
    USER SOURCE METHOD SNI HOST PATH splice  OK: this TLS goes through unopened
    USER SOURCE METHOD SNI HOST PATH bump    OK: it is opened

`-` stands for what is not known. It asks the very tables that the tester asks, and takes up a changed policy with
the next line, without a pause.
"""

import mmap
import os
import sys
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from typing import Final

from kitei.proxy.hosts import host_of
from kitei.proxy.lines import answer_all, pairs
from kitei.proxy.names import Names
from kitei.proxy.policy import NameList, Request, Tables, Verdict, decide_request
from kitei.proxy.written import policy_of
from kitei.values import Words

VISITOR: Final = "127.0.0.1"
"""Whoever asks from there is on the node itself: the operator's visitor, who asks whether the gateway works."""

_WORDS: Final = 7


class Judge:
    """The tables of the policy file as it is now. A file that cannot be read leaves those before in force."""

    def __init__(self, policy: str, lists: str) -> None:
        self._path, self._lists = policy, lists
        self._mark: tuple[int, int] | None = None
        self.tables = self._read()

    def now(self) -> Tables:
        state = os.stat(self._path)
        mark = (state.st_ino, state.st_mtime_ns)
        if mark != self._mark:
            try:
                self.tables = self._read()
            except (OSError, ValueError, KeyError, TypeError) as error:
                print(f"{self._path} cannot be read, what was before stays: {error!r}", file=sys.stderr)
                self._mark = mark  # told once
        return self.tables

    def _read(self) -> Tables:
        with open(self._path, encoding="utf-8") as file:
            state = os.fstat(file.fileno())
            written = policy_of(file.read())
        lists: dict[str, NameList] = {name: frozenset(names) for name, names in written.short.items()}
        for name, packed in written.packed.items():
            with open(os.path.join(self._lists, packed), "rb") as file:
                lists[name] = Names(memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)))
        self._mark = (state.st_ino, state.st_mtime_ns)
        return Tables(written.policy, lists)

    def answer(self, words: list[str]) -> str:
        if len(words) != _WORDS:
            return "BH"
        told = ("" if word == "-" else word for word in words)
        user, source, method, sni, host, path, kind = told
        if source == VISITOR and kind == "http":
            self.now()
            return "OK action=visit"
        at = datetime.now(UTC)
        hidden = method == "CONNECT"
        request = Request(_host(sni if sni and hidden else host), None if hidden else path, user, source)
        if kind == "http":
            return self._pass(request, at)
        verdict = decide_request(self.now(), request, at)
        is_so = verdict.inspect if kind == "bump" else not verdict.inspect and verdict.action == "allow"
        return "OK" if is_so else "ERR"

    def _pass(self, request: Request, at: datetime) -> str:
        tables = self.now()
        verdict = decide_request(tables, request, at)
        later = request.path is None and verdict.inspect
        return _line(verdict, later, tables.policy.page)


@lru_cache(4096)
def _line(verdict: Verdict, later: bool, page: Words) -> str:
    """`later`: TLS is to be opened first, and what is inside decided then."""
    word = "ERR" if verdict.action == "block" and not later else "OK"
    told = pairs(
        rule=verdict.rule,
        policy=str(verdict.version),
        contract=verdict.contract,
        who=verdict.user,
        exempt=verdict.exempt,
        action="look" if later else verdict.action,
        message=page_line(verdict, page) if word == "ERR" else "",
    )
    return f"{word} {told}"


def page_line(verdict: Verdict, page: Words) -> str:
    """What the block page says, as HTML: why, by which rule of which contract, and whom to ask."""
    reason = verdict.reason
    ja = f"理由: {reason.ja or '-'} / 規則: {verdict.rule}(ポリシー第 {verdict.version} 版)/ 契約: {verdict.contract}"
    en = f"Reason: {reason.en or '-'} / rule: {verdict.rule} (policy version {verdict.version}) / contract: {verdict.contract}"
    return escape("\n".join(each for each in (ja, page.ja, en, page.en) if each))


@lru_cache(1 << 16)
def _host(written: str) -> str:
    """What is no host name is asked about as it is: only rules about everything, and the default, are about it."""
    return host_of(written) or written.lower()


def run(policy: str, lists: str) -> None:
    """Answer until nobody asks any more."""
    answer_all(Judge(policy, lists).answer)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
