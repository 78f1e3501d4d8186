"""What happens in the network in a case: the event in many words, and the facts of its moment."""

import re
from collections.abc import Mapping

from kitei.desk.cases import Sheet, unknown
from kitei.services.auth_outsource.cases.asking import Asking, Body, attributes, first_of
from kitei.services.auth_outsource.cases.given import Counts

EVENTS = {
    "access-request": "access-request",
    "auth-request": "access-request",
    "authentication-request": "access-request",
    "login": "access-request",
    "vpdn-request": "vpdn-request",
    "vpdn-connection": "vpdn-request",
    "connection-request": "vpdn-request",
    "new-session": "access-request",
    "login-request": "access-request",
    "radius-request": "access-request",
    "authentication": "access-request",
    "vpdn-connect": "vpdn-request",
    "vpdn-connection-request": "vpdn-request",
    "vpdn": "vpdn-request",
}
ANSWERS = {
    "accept": "accept",
    "access-accept": "accept",
    "up": "accept",
    "reject": "reject",
    "access-reject": "reject",
    "none": "none",
    "down": "none",
    "no answer": "none",
    "unreachable": "none",
}
# An event in any of these ways is an account created.
_GROWN = re.compile(
    r"(?:add|create|register|new)-(?:user|account)|(?:user|account)-(?:added?|created?|registered|registration)"
)
# Facts of the moment, wherever they stand: in the act or beside it.
MOMENT = {
    "sessions": ("active_sessions", "sessions", "current_sessions", "sessions_in_realm"),
    "user_sessions": ("user_sessions", "active_sessions_of_user"),
    "traffic_mbps": ("traffic_mbps", "mbps"),
    "requests": ("requests_per_second", "requests"),
    "octets": ("octets", "octets_this_month"),
    "user_octets": ("user_octets",),
    "in_use": ("accounts_in_use", "registered_accounts", "accounts_registered", "database_accounts"),
    "registered": ("user_registered", "registered", "user_known", "user_in_database"),
    "credentials": ("credentials_ok", "password_ok", "credentials", "password_correct", "authenticated"),
    "answer": (
        "customer_answer",
        "customer_device",
        "customer_server",
        "customer_radius",
        "forwarded_answer",
        "home_server",
    ),
    "terminators": ("terminators", "terminating_devices"),
    "down": ("terminators_down", "down", "terminator_down"),
}


def moment_of(case: Asking) -> Body:
    """The facts of the moment, from the act or from beside it."""
    moment = {key: case.told(*names) for key, names in MOMENT.items()}
    users = case.told("registered_users", "users", "database", "database_users")
    if isinstance(moment["down"], str):
        moment["down"] = [moment["down"]]
    if isinstance(moment["sessions"], Mapping):  # by realm
        moment["sessions"] = moment["sessions"].get(str(case.when.look("user")).rpartition("@")[2])
    if users is not None and moment["registered"] is None:
        moment["registered"] = case.when.look("user") in users
    return moment


def network_event(case: Asking, moment: Body) -> Body:
    event, times = _event(case)
    if isinstance(event, int):
        moment, event = {**moment, "in_use": event - 1}, "account-created"
    line = case.when.take("line")
    plan = case.told("plan", "line_class", "line_item", "line_plan")
    if isinstance(line, Mapping):
        sheet = Sheet(line, f"{case.when.place}.line")
        told = {"service": sheet.take("service"), **attributes(sheet)}
        sheet.close()
        line = told.pop("service")
        plan = plan or next(filter(None, told.values()), None)
    subject = case.when.look("contract")
    counts = case.counts.get(subject) if subject else _only(case.counts)
    if counts is not None:
        for key in ("sessions", "in_use"):
            if moment[key] is None:
                moment = {**moment, key: getattr(counts, key)}
    user, realm = case.when.take("user"), case.when.take("realm")
    if realm and "@" not in (user or ""):
        user = f"{user or ''}@{realm}"
    if (password := case.told("password")) is not None and moment["credentials"] is None:
        moment = {**moment, "credentials": str(password) not in ("wrong", "incorrect", "bad")}
    if isinstance(moment["answer"], str):
        moment = {**moment, "answer": ANSWERS.get(moment["answer"], moment["answer"])}
    source = first_of(case.when, "src", "source", "src_ip", "from_ip", "nas")
    return {
        "event": event,
        "times": times,
        "source": source,
        "user": user,
        "line": line,
        "plan": plan,
    } | moment


def _only(counts: Mapping[str, Counts]) -> Counts | None:
    """The counts of the one contract that says any."""
    said = [each for each in counts.values() if each != Counts(None, None)]
    return said[0] if len(said) == 1 else None


def _event(case: Asking) -> tuple[str | int, int]:
    """What happens, and how often (`x1000`); an account by its number is the one after so many."""
    told = str(case.when.take("event") or "access-request")
    times = re.search(r"\s*[x×]\s*(\d+)$", told)
    plain = re.sub(r"[\s_]+", "-", told[: times.start()] if times else told).strip("-").casefold()
    numbered = re.fullmatch(r"account-#?(\d+)-(?:created|added|registered)", plain)
    if numbered:
        return int(numbered[1]), 1
    if _GROWN.fullmatch(plain):
        return "account-created", int(times[1]) if times else 1
    if plain not in EVENTS:
        raise unknown(f"{case.when.place}.event", told, [*EVENTS, "account-created"])
    return EVENTS[plain], int(times[1]) if times else 1
