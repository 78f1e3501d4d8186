"""The answers of RADIUS as laws: for any request, any client, any realm."""

from hypothesis import given
from hypothesis import strategies as some

from kitei.radius.policy import (
    Answer,
    Caps,
    Client,
    Group,
    Policy,
    Proxy,
    Reason,
    Target,
    User,
    Vpdn,
    World,
    answer,
    by_weight,
    in_turn,
    tunnel_attributes,
)
from kitei.radius.secret import keep, matches, nt_hash, serves

USERS = {
    "alice": User(hashed="h:pw", reply=(("Framed-IP-Address", "10.0.0.1"),)),
    "bob": User(hashed="h:pw", nt="00" * 16),
    "carol": User(hashed="h:pw", clear="pw"),
    "off": User(hashed="h:pw", off=True),
}
SHOP = Group("c-1", "shop.example", frozenset({"pap", "chap", "mschapv2", "ttls"}), USERS.get)
OTHER = Group("c-2", "other.example", frozenset({"pap"}), {"alice": User(hashed="h:other")}.get)
HOMES = (Target("one", "192.0.2.1", 1, 1), Target("two", "192.0.2.2", 2, 1))
DOORS = tuple(Target(f"d{i}", f"192.0.2.{10 + i}", 1 + i // 2, i, "s") for i in range(4))
POLICY = Policy(
    {
        "192.0.2.7": Client("c-1", frozenset({"shop.example"})),
        "192.0.2.8": Client("c-2", frozenset({"other.example", "passed.example"}), rate=3),
        "192.0.2.9": Client("carrier", frozenset(), carries="D"),
    },
    {
        "shop.example": SHOP,
        "other.example": OTHER,
        "passed.example": Proxy("c-2", "passed.example", False, HOMES),
        "shop.example/d": Vpdn("c-1v", "shop.example/d", "D", False, DOORS),
        "door.example/d": Vpdn("c-3", "door.example/d", "D", True, DOORS),
        "k.example/k": Vpdn("c-4", "k.example/k", "K", True, DOORS),
    },
)


def world(**told: object) -> World:
    known: dict = {
        "may_ask": lambda address, rate: True,
        "is_password": lambda who, password, hashed: hashed == f"h:{password}",
        "sessions": lambda realm, user: (0, 0),
        "octets": lambda realm, user: (0, 0),
        "dead": frozenset(),
    }
    return World(**{**known, **told})


names = some.sampled_from(["User-Name", "User-Password", "CHAP-Password", "EAP-Message", "MS-CHAP2-Response"])
texts = some.text(max_size=12) | some.sampled_from(
    [
        "alice@shop.example",
        "alice",
        "alice@SHOP.example",
        "off@shop.example",
        "x@door.example",
        "a@b@shop.example",
    ]
)
requests = some.dictionaries(names, texts, max_size=5)
addresses = some.sampled_from(["192.0.2.7", "192.0.2.8", "192.0.2.9", "198.51.100.1", ""])


@given(addresses, requests, some.sampled_from(["", "PEAP", "TTLS", "GTC"]))
def test_every_request_has_one_answer_and_a_refusal_has_a_reason(address, request, tunnel) -> None:
    found = answer(POLICY, world(), address, request, tunnel)
    assert isinstance(found, Answer)
    assert (found.reason is Reason.ACCEPTED) == (found.act not in ("refuse", "silent"))
    if address not in POLICY.clients:
        assert found == Answer("silent", Reason.UNKNOWN_CLIENT)


@given(requests, some.sampled_from(["", "PEAP", "TTLS"]))
def test_nobody_is_let_in_by_another_customers_realm(request, tunnel) -> None:
    found = answer(POLICY, world(), "192.0.2.8", request, tunnel)
    realm = request.get("User-Name", "").rpartition("@")[2].lower()
    if realm not in ("other.example", "passed.example"):
        assert found.act == "refuse"


@given(some.sampled_from(sorted(USERS)), some.text(max_size=8))
def test_only_the_password_lets_a_user_in_by_pap(user, password) -> None:
    request = {"User-Name": f"{user}@shop.example", "User-Password": password}
    found = answer(POLICY, world(), "192.0.2.7", request)
    assert (found.act == "accept") == (password == "pw" and user != "off")
    right = answer(POLICY, world(), "192.0.2.7", {**request, "User-Password": "pw"})
    assert right == (
        Answer("refuse", Reason.USER_IS_OFF)
        if user == "off"
        else Answer("accept", Reason.ACCEPTED, (), USERS[user].reply)
    )


def test_a_method_needs_the_form_it_rests_on() -> None:
    def by(user: str, attribute: str) -> Answer:
        return answer(POLICY, world(), "192.0.2.7", {"User-Name": user, attribute: "x"})

    assert by("carol", "CHAP-Password").control == (("Cleartext-Password", "pw"),)
    assert by("bob", "CHAP-Password").reason is Reason.METHOD_NOT_ENABLED
    assert by("bob", "MS-CHAP2-Response").control == (("NT-Password", "0x" + "00" * 16),)
    assert by("alice", "MS-CHAP2-Response").reason is Reason.METHOD_NOT_ENABLED
    assert by("alice", "EAP-Message").act == "eap"


@given(some.integers(0, 5), some.integers(0, 5), some.integers(0, 3), some.integers(0, 3))
def test_a_cap_is_reached_and_never_passed(together, own, cap, cap_each) -> None:
    group = Group("c-1", "shop.example", frozenset({"pap"}), USERS.get, caps=Caps(cap, cap_each, 0, 0))
    policy = Policy(POLICY.clients, {"shop.example": group})
    counted = world(sessions=lambda realm, user: (together, own))
    found = answer(policy, counted, "192.0.2.7", {"User-Name": "alice", "User-Password": "pw"})
    over = bool((cap and together >= cap) or (cap_each and own >= cap_each))
    assert found.act == ("refuse" if over else "accept")
    spent = world(octets=lambda realm, user: (together, own))
    group = Group("c-1", "shop.example", frozenset({"pap"}), USERS.get, caps=Caps(0, 0, cap, cap_each))
    found = answer(
        Policy(POLICY.clients, {"shop.example": group}),
        spent,
        "192.0.2.7",
        {"User-Name": "alice", "User-Password": "pw"},
    )
    assert (found.reason is Reason.TOO_MUCH_TRAFFIC) == over


def test_one_over_its_rate_hears_nothing() -> None:
    slow = world(may_ask=lambda address, rate: False)
    assert (
        answer(POLICY, slow, "192.0.2.8", {"User-Name": "alice@other.example"}).reason
        is Reason.TOO_MANY_REQUESTS
    )
    assert answer(POLICY, slow, "192.0.2.7", {"User-Name": "alice", "User-Password": "pw"}).act == "accept"


@given(some.sets(some.sampled_from(["one", "two"])))
def test_a_realm_is_passed_on_while_a_home_server_lives(dead) -> None:
    found = answer(POLICY, world(dead=frozenset(dead)), "192.0.2.8", {"User-Name": "x@passed.example"})
    assert found.act == ("silent" if dead == {"one", "two"} else "proxy")


@given(some.sets(some.sampled_from([d.name for d in DOORS])), some.text(max_size=6))
def test_tunnels_lead_to_living_terminators_only_the_preferred_first(dead, caller) -> None:
    request = {"User-Name": "x@door.example", "Calling-Station-Id": caller}
    found = answer(POLICY, world(dead=frozenset(dead)), "192.0.2.9", request)
    living = in_turn(DOORS, frozenset(dead))
    if not living:
        assert found == Answer("refuse", Reason.NO_TERMINATOR)
        return
    told = [value for name, value in found.reply if name.startswith("Tunnel-Server-Endpoint")]
    assert sorted(told) == sorted(d.address for d in living)
    assert next(d for d in DOORS if d.address == told[0]).preference == living[0].preference
    assert answer(POLICY, world(), "192.0.2.9", {"User-Name": "x@k.example"}).act == "refuse"


@given(some.lists(some.integers(0, 5), min_size=1, max_size=6))
def test_weights_are_shares(weights) -> None:
    targets = [Target(str(i), str(i), 1, weight) for i, weight in enumerate(weights)]
    total = sum(weights) or len(weights)
    drawn = [by_weight(targets, number).name for number in range(total)]
    for target in targets:
        assert drawn.count(target.name) == (target.weight if sum(weights) else 1)


def test_a_tag_is_never_above_31() -> None:
    many = [Target(str(i), "192.0.2.1", 1, 1) for i in range(40)]
    tags = {int(name.partition(":")[2]) for name, _ in tunnel_attributes(many)}
    assert tags == set(range(1, 32))


def test_secrets_are_kept_in_no_more_forms_than_needed() -> None:
    salt = bytes(16)
    assert keep("pw", {"pap", "ttls"}, salt)[1:] == ("", "")
    assert keep("pw", {"peap"}, salt)[1:] == (nt_hash("pw"), "")
    assert keep("pw", {"chap"}, salt).clear == "pw"
    forms = keep("pw", {"pap"}, salt)
    assert matches("pw", forms.hashed) and not matches("PW", forms.hashed) and "pw" not in forms.hashed
    assert serves(forms, "pap") and not serves(forms, "chap") and not serves(forms, "peap")


def test_the_nt_hash_is_that_of_the_books() -> None:
    assert nt_hash("password") == "8846f7eaee8fb117ad06bdd830b7586c"
    assert nt_hash("clientPass") == "44ebba8d5312b8d611474411f56989ae"  # RFC 2759, 9.2


def test_one_name_is_a_user_at_a_terminal_and_a_tunnel_from_the_mobile_network() -> None:
    asked = {"User-Name": "alice@Shop.example", "User-Password": "pw"}
    assert answer(POLICY, world(), "192.0.2.7", asked).reply == (("Framed-IP-Address", "10.0.0.1"),)
    assert ("Tunnel-Type:1", "L2TP") in answer(POLICY, world(), "192.0.2.9", asked).reply
    for address in POLICY.clients:
        for letter in "dDkK":
            told = answer(POLICY, world(), address, {**asked, "User-Name": f"alice@shop.example/{letter}"})
            assert told == Answer("refuse", Reason.NOT_YOUR_REALM), "nobody calls a realm as nodes do"
