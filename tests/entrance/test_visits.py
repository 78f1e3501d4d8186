"""Sessions and visits of browsers' users, from what Squid and the programs beside it tell."""

from datetime import UTC, datetime
from typing import Any

from kitei.entrance.signin import WITHIN, WRONG, Bans, SignIn
from kitei.entrance.visits import NOT_REACHED, Sessions, Visits, connected_to

AT = datetime(2026, 6, 10, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_session_is_a_user_at_an_address_while_anything_is_connected_from_there() -> None:
    clock = Clock()
    told: list[tuple[Any, ...]] = []
    sessions = Sessions(lambda *each: told.append(each), clock)
    sessions.see("ann", "198.51.100.1")
    sessions.see("ann", "198.51.100.1", received=10, sent=100)
    sessions.see("ann", "198.51.100.2")
    assert [each[0] for each in told] == ["Start", "Start"] and told[0][1] != told[1][1]
    for clock.now in (30.0, 59.0, 61.0, 100.0):
        sessions.tick(frozenset({"198.51.100.1"}))
    ended = [each for each in told if each[0] == "Stop"]
    assert [each[3] for each in ended] == ["198.51.100.2"], "nothing was connected from there for a minute"
    assert ("Interim-Update", told[0][1], "ann", "198.51.100.1", 10, 100, 61) in told
    clock.now = 200.0
    sessions.tick(frozenset())
    assert told[-1] == ("Stop", told[0][1], "ann", "198.51.100.1", 10, 100, 200)
    sessions.see("ann", "198.51.100.1")
    assert told[-1][0] == "Start" and told[-1][1] != told[0][1]


def line(**other: str) -> dict[str, str]:
    told = {"user": "ann", "source": "198.51.100.1", "host": "10.1.0.7", "port": "443"}
    return {**told, "status": "200", "got": "10", "sent": "100", "why": "-", **other}


def test_visits_to_one_host_are_gathered_and_each_outcome_apart() -> None:
    put: list[Any] = []
    visits = Visits(lambda at, kind, body: put.append(body))
    for each in (line(), line(), line(status="503"), line(status="403", why="not-designated", host="x")):
        visits.take(each, AT)
    visits.take(line(user="-", status="407"), AT)
    visits.tell()
    assert [(each["host"], each["why"], each["count"], each["sent"]) for each in put] == [
        ("10.1.0.7", "", 2, 200),
        ("10.1.0.7", NOT_REACHED, 1, 100),
        ("x", "not-designated", 1, 100),
    ]
    visits.tell()
    assert len(put) == 3


def test_who_is_connected_is_read_as_the_kernel_writes_it() -> None:
    four = "   0: 010200C0:01BB 016433C6:CCF4 01 00000000:00000000 00:00000000 00000000     0        0 1"
    listening = "   1: 010200C0:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2"
    other = "   2: 010200C0:0016 026433C6:CCF4 01 00000000:00000000 00:00000000 00000000     0        0 3"
    six = (
        "   3: B80D0120000000000000000001000000:01BB B80D0120000000000000000007000000:CCF4 01 0:0 0:0 0 0 0 4"
    )
    mapped = (
        "   4: 0000000000000000FFFF0000010200C0:01BB 0000000000000000FFFF0000036433C6:CCF4 01 0:0 0:0 0 0 0 5"
    )
    found = connected_to(443, iter([four, listening, other, six, mapped]))
    assert found == {"198.51.100.1", "2001:db8::7", "198.51.100.3"}


class Server:
    """A RADIUS server that knows one password, or does not answer."""

    answers = True

    def __init__(self) -> None:
        self.asked = 0

    def may_in(self, user: str, password: str, source: str) -> bool:
        self.asked += 1
        if not self.answers:
            raise TimeoutError("no answer")
        return password == "right"


def test_an_address_that_tries_passwords_out_is_not_asked_about_for_a_while() -> None:
    clock, server = Clock(), Server()
    told: list[tuple[str, ...]] = []
    signin = SignIn(server, Bans(clock), lambda *each: told.append(each))  # type: ignore[arg-type]
    assert signin.answer("ann", "right", "a") == "OK"
    for _ in range(WRONG):
        assert signin.answer("ann", "wrong", "a") == "ERR"
    asked = server.asked
    assert signin.answer("ann", "right", "a") == "ERR" and server.asked == asked
    assert told == [("ann", "a", "locked")]
    assert signin.answer("ann", "right", "b") == "OK", "another address is not theirs"
    clock.now = WITHIN + 1
    assert signin.answer("ann", "right", "a") == "OK"
    server.answers = False
    assert signin.answer("ann", "right", "a").startswith("BH"), "no answer is no wrong password"
    assert signin.answer("ann", "x" * 129, "a") == "ERR" and signin.answer("", "right", "a") == "ERR"
