"""Who logs in by EAP: whatever a server says, it is answered or told to be nothing to go on with."""

import ssl
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.radius.supplicant import Supplicant, proof_of

NOW = datetime(2026, 2, 2, tzinfo=UTC)


def framed(kind: int, number: int, content: bytes) -> bytes:
    return bytes((1, number)) + (5 + len(content)).to_bytes(2) + bytes((kind,)) + content


messages = some.binary(max_size=60) | some.builds(
    framed, some.sampled_from([1, 4, 13, 21, 25, 26]), some.integers(0, 255), some.binary(max_size=60)
)


@given(some.sampled_from(["ttls", "peap"]), some.lists(messages, max_size=6))
@settings(max_examples=400, deadline=None)
def test_whatever_a_server_says_is_answered_in_kind_or_refused(way: str, said: list[bytes]) -> None:
    supplicant = Supplicant(way, "kitei-probe@a.example", "nobody chose it", NOW)  # type: ignore[arg-type]
    assert supplicant.begin()[5:] == b"kitei-probe@a.example"
    for asked in said:
        try:
            told = supplicant.answer(asked)
        except (ValueError, ssl.SSLError):
            break
        assert told[0] == 2 and told[1] == asked[1] and int.from_bytes(told[2:4]) == len(told)


@given(some.sampled_from(["ttls", "peap"]), some.integers(0, 255), some.sampled_from([1, 4, 13, 26]))
def test_another_method_is_answered_with_the_one_it_has(way: str, number: int, kind: int) -> None:
    supplicant = Supplicant(way, "a@b", "x", NOW)  # type: ignore[arg-type]
    own = {"ttls": 21, "peap": 25}[way]
    assert supplicant.answer(framed(kind, number, b"x")) == bytes((2, number, 0, 6, 3, own))


def test_a_proof_is_the_one_that_rfc_2759_shows() -> None:
    challenge = bytes.fromhex("5B5D7C7D7B3F2F3E3C2C602132262628")
    own = bytes.fromhex("21402324255E262A28295F2B3A337C7E")
    shown = "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF"
    assert proof_of(challenge, own, b"User", "clientPass").hex().upper() == shown
