"""Why a login was refused can be told in both languages, and found by whose it was."""

import json

from kitei.radius.policy import Reason
from kitei.radius.reasons import WORDS, of_realm, read_log


def test_every_reason_has_its_words() -> None:
    assert set(WORDS) == set(Reason)
    assert all(words.ja and words.en for words in WORDS.values())
    assert len({words.en for words in WORDS.values()}) == len(WORDS)


def test_a_customers_logins_are_found() -> None:
    told = [
        [1.0, "192.0.2.7", "alice@A.example", "", "accepted"],
        [2.0, "192.0.2.8", "alice@b.example", "", "wrong-secret"],
        [3.0, "192.0.2.7", "bob", "", "no-such-user"],
    ]
    lines = [json.dumps(told[:1]) + "\n", json.dumps(told[1:]) + "\n", '[[4.0, "192.0.2.7", "cut sh']
    found = list(of_realm(read_log(lines), "a.example", ["192.0.2.7"]))
    assert [(login.user, login.reason) for login in found] == [
        ("alice@A.example", Reason.ACCEPTED),
        ("bob", Reason.NO_SUCH_USER),
    ]


def test_a_name_that_is_no_text_can_be_read_and_printed() -> None:
    told = [[1.0, "192.0.2.7", b"ph\xf6ne@a.example".decode(errors="surrogateescape"), "a\0b", "accepted"]]
    (login,) = of_realm(read_log([json.dumps(told) + "\n"]), "a.example")
    assert (login.user, login.station) == ("ph\\xf6ne@a.example", "a\\x00b")
