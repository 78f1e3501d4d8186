"""Matrix authentication by RADIUS itself: a grid by Access-Challenge, an answer, and never the same answer again."""

from typing import Any

import pytest
from radius_stand import FOR, ask, put_sack, put_users, record

from kitei.drivers.freeradius import Freeradius
from kitei.network import Part, RadiusClient, RadiusGroup, RadiusServer
from kitei.radius.matrix import answer_to, read_matrix

pytestmark = pytest.mark.lab

PATTERN, SECRET = "A1 C2 L4 F3 B2 K1 +tail", "a-secret"


def test_a_grid_is_shown_and_its_answer_is_taken_once(bench: Any, make_right: Any) -> None:
    host = bench.node("m")
    put_sack(host, "client@1", SECRET)
    put_users(host, "users@1", {"ann": record("pw", matrix=PATTERN), "bob": record("pw")})
    parts: list[Part] = [
        RadiusServer(FOR, ("127.0.0.1",), 1812, 1813, None),
        RadiusClient(FOR, "127.0.0.2", "client@1", ("r",), "", True, 0),
        RadiusGroup(FOR, "r", "users@1", None, ("pap", "matrix"), 0, ""),
    ]
    make_right(Freeradius(), host, parts)

    def login(password: str, state: str = "", user: str = "ann") -> tuple[str, dict[str, str]]:
        more = f', State = "{state}"' if state else ""
        asked = f'User-Name = "{user}", User-Password = "{password}"{more}'
        return ask(host, "127.0.0.2", SECRET, asked.replace(f'"{state}"', state) if state else asked)

    assert login("wrong")[0] == login("pw", user="bob")[0] == "Access-Reject"
    for _ in range(2):  # a right answer is not remembered for the next login
        kind, told = login("pw")
        assert kind == "Access-Challenge", told
        rows = [row.split() for row in told["Reply-Message"].replace("\\n", "\n").splitlines()]
        grid = "".join("".join(row[1:]) for row in rows if len(row) == 13 and row[0] in "1234")
        answer = answer_to(read_matrix(PATTERN), grid)
        assert login(answer)[0] == "Access-Reject", "without its state it is a password"
        assert login(answer, told["State"])[0] == "Access-Accept"
        assert login(answer, told["State"])[0] == "Access-Reject"
    kind, told = login("pw")
    assert kind == "Access-Challenge" and login("000000tail", told["State"])[0] == "Access-Reject"
