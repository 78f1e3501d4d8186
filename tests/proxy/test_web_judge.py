"""The program beside Squid: its answers line by line, and a policy that changes under it."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.proxy.judge import Judge
from kitei.proxy.packing import pack_file
from kitei.proxy.policy import Policy, Rule, Sandbox
from kitei.proxy.signin import users_of, users_text
from kitei.proxy.written import Written, policy_of, policy_text
from kitei.values import Words

RULES = (
    Rule("r-bad", "block", domains=("bad.jp",), reason=Words("危険 <b>", "dangerous")),
    Rule("r-toys", "block", urls=(("shop.jp", "/toys/"),)),
    Rule("r-bank", "no-inspect", domains=("bank.jp",)),
    Rule("r-many", "block", lists=("many",)),
)


def put(folder: Path, version: int, **more: object) -> None:
    policy = Policy("C-1", version, RULES, "allow", **more)  # type: ignore[arg-type]
    draft = folder / "policy.new"
    draft.write_text(policy_text(Written(policy, {}, {"many": "many.packed"})))
    os.replace(draft, folder / "policy.json")


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    (tmp_path / "many").write_text("play.jp\n")
    pack_file(str(tmp_path / "many"), str(tmp_path / "many.packed"))
    put(tmp_path, 1)
    return Judge(str(tmp_path / "policy.json"), str(tmp_path))


def ask(judge: Judge, method: str, sni: str, host: str, path: str, kind: str) -> str:
    return judge.answer(["-", "10.1.0.2", method, sni, host, path, kind])


def test_what_passes_and_what_does_not_with_all_that_a_record_needs(judge: Judge) -> None:
    word, *told = ask(judge, "GET", "-", "ok.jp", "/", "http").split(" ")
    assert (word, told) == ("OK", ["rule=default", "policy=1", "contract=C-1", "action=allow"])
    refused = ask(judge, "GET", "-", "www.bad.jp", "/", "http")
    assert refused.startswith("ERR rule=r-bad policy=1 contract=C-1 action=block message=")
    message = unquote(refused.rpartition("message=")[2])
    assert "危険 &lt;b&gt;" in message and "dangerous" in message and "r-bad" in message
    assert ask(judge, "GET", "-", "a.play.jp", "/", "http").startswith("ERR rule=r-many")


def test_tls_that_stays_closed_is_decided_by_its_name_and_not_by_who_is_dialled(judge: Judge) -> None:
    assert ask(judge, "CONNECT", "bad.jp", "192.0.2.1", "-", "splice") == "ERR"
    assert ask(judge, "CONNECT", "bad.jp", "ok.jp", "-", "bump") == "ERR"
    assert ask(judge, "CONNECT", "ok.jp", "192.0.2.1", "-", "splice") == "OK"
    assert ask(judge, "CONNECT", "-", "bad.jp", "-", "http").startswith("ERR")


def test_tls_that_is_opened_passes_so_that_the_page_can_be_shown_inside(judge: Judge, tmp_path: Path) -> None:
    put(tmp_path, 2, inspect=True)
    assert ask(judge, "CONNECT", "bad.jp", "192.0.2.1", "-", "bump") == "OK"
    assert ask(judge, "CONNECT", "-", "bad.jp", "-", "http").startswith("OK rule=r-bad policy=2")
    assert ask(judge, "GET", "-", "shop.jp", "/toys/1", "http").startswith("ERR rule=r-toys")
    assert ask(judge, "CONNECT", "www.bank.jp", "192.0.2.1", "-", "splice") == "OK"
    assert "exempt=r-bank" in ask(judge, "CONNECT", "www.bank.jp", "192.0.2.1", "-", "http")


def test_a_changed_policy_counts_from_the_next_line_and_a_broken_one_never(
    judge: Judge, tmp_path: Path
) -> None:
    put(tmp_path, 2)
    assert "policy=2" in ask(judge, "GET", "-", "ok.jp", "/", "http")
    (tmp_path / "policy.json").write_text("{")
    assert "policy=2" in ask(judge, "GET", "-", "ok.jp", "/", "http")
    put(tmp_path, 3)
    assert "policy=3" in ask(judge, "GET", "-", "ok.jp", "/", "http")


@given(st.lists(st.text(max_size=20), max_size=9))
def test_no_line_ends_the_program(words: list[str]) -> None:
    policy = policy_text(Written(Policy("C-1", 1, RULES[:3], "block"), {}, {}))
    judge = _judge_of(policy)
    assert judge.answer(words).split(" ")[0] in ("OK", "ERR", "BH")
    assert judge.answer([*[*words, *(7 * ["-"])][:6], "http"]).split(" ")[0] in ("OK", "ERR")


def _judge_of(text: str) -> Judge:
    place = Path(os.environ.get("TMPDIR", "/tmp")) / f"kitei-judge-{os.getpid()}.json"
    place.write_text(text)
    try:
        judge = Judge(str(place), "/")
        judge.now = lambda: judge.tables  # type: ignore[method-assign]
        return judge
    finally:
        place.unlink()


def test_it_answers_many_lines_at_once_each_with_its_number(judge: Judge, tmp_path: Path) -> None:
    lines = "".join(f"{n} - 10.1.0.2 GET - {'bad' if n % 2 else 'ok'}.jp / http\n" for n in range(500))
    argv = [sys.executable, "-m", "kitei.proxy.judge", str(tmp_path / "policy.json"), str(tmp_path)]
    done = subprocess.run(argv, input=lines, capture_output=True, text=True, check=True, timeout=60)
    told = [line.split(" ")[:2] for line in done.stdout.splitlines()]
    assert told == [[str(n), "ERR" if n % 2 else "OK"] for n in range(500)]


def test_a_policy_reads_back_as_it_was_written() -> None:
    policy = Policy(
        "C-1",
        3,
        RULES,
        "block",
        inspect=True,
        people={"alice": ("sales",)},
        sandbox=Sandbox(largest=5, unsure="pass"),
        released=(("once", "ab" * 32),),
    )
    written = Written(policy, {"few": ("a.jp",)}, {"many": "many@1"})
    assert policy_of(policy_text(written)) == written


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.just("scrypt$1$1$1$a$b"), max_size=5))
def test_users_of_any_name_read_back(users: dict[str, str]) -> None:
    assert users_of(users_text(users)) == users
