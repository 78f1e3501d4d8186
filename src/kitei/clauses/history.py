"""What happened before a decided case's act, as the facts that a ledger would hold."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kitei.clauses.acts import Act
from kitei.desk import Decision, Situation, operator_of
from kitei.desk.cases import Sheet
from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Entry, Fact
from kitei.terms import Choice, Edition, Terms, plain_name, term_last_day
from kitei.values import JST, Json, JsonObject, day_of

ALWAYS = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Line:
    """The functions of a service that a case goes through: the same that serve a customer."""

    terms: Terms
    fold: Callable[[Contract | None, Entry], Contract]
    decide: Callable[[Any, Situation, datetime], Decision]
    conclude: Callable[[Any, Decision, Situation], Sequence[tuple[str, Fact]]]


class History:
    """What happened before a case's act, in order; the situation is folded from it."""

    def __init__(self, line: Line, day: date) -> None:
        self.line, self.day = line, day
        self.customers: list[str] = []
        self._entries: list[Entry] = []

    def record(self, stream: str, fact: Fact) -> None:
        seq = len(self._entries) + 1
        version = 1 + sum(entry.stream == stream for entry in self._entries)
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=JST)
        self._entries.append(Entry(seq, stream, version, fact, midnight, "case", "", ""))

    def say(self, kind: str, stream: str = "operator", **body: Json) -> None:
        """Something the operator has set for as long as anyone remembers."""
        self.record(stream, Fact(kind, body, ALWAYS))

    def know(self, customer: str | None) -> None:
        """A customer that quotes without a name are told to."""
        if customer and customer not in self.customers:
            self.customers.append(customer)

    def do(self, asked: Act) -> None:
        """An earlier act: decided and concluded like any other."""
        s = self.situation(day_of(asked.at))
        for stream, fact in self.line.conclude(asked, self.line.decide(asked, s, asked.at), s):
            self.record(stream, fact)

    def situation(self, on: date | None = None) -> Situation:
        contracts: dict[str, Contract] = {}
        said: list[Entry] = []
        for entry in self._entries:
            kind, _, name = entry.stream.partition(":")
            if kind == "contract":
                contracts[name] = self.line.fold(contracts.get(name), entry)
            else:
                said.append(entry)
        operator = operator_of(said, self.line.terms.service)
        return Situation.of(on or self.day, self.line.terms, contracts, operator)

    def slug(self, value: str, text: str) -> str:
        """The slug of an entry of a closed list; what the list lacks stays as it is written."""
        choice = self.line.terms.editions[-1].value(value).choose(text)
        return choice.slug if choice else plain_name(text)

    def cite(self, path: str) -> str:
        return str(self.line.terms.first.cite(path))

    def role(self, name: str) -> str:
        return self.line.terms.first.role(name)


def quote_body(fee: str, amount: int, **scope: str) -> JsonObject:
    """A price told for as long as anyone remembers."""
    return {"fee": fee, "amount": amount, "first": ALWAYS.isoformat(), "last": None, "scope": dict(scope)}


def day_or_none(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def term_fact(
    history: History, fact: str, start: date, months: int, path: str, day: date | None = None, **more: Json
) -> Fact:
    """A minimum term that began on a day under a provision."""
    last = term_last_day(start, months)
    term: JsonObject = {"months": months, "start": start.isoformat(), "last": last.isoformat()}
    body: JsonObject = {"billing_start": start.isoformat(), "term": term, **more}
    return Fact(fact, body, day or start, (history.cite(path),))


def option_facts(sheet: Sheet, made: date, customer: str, history: History, **more: Json) -> Iterator[Fact]:
    """An option a contract has: `name`, `monthly_fee_jpy`, `initial_fee_jpy`, `billing_start`, `ended`.

    `more` is what else its fact says (`months`: a term of its own, 0 for none). The sheet is left open for
    what a service knows besides.
    """
    slug = history.slug("options", sheet.take("name"))
    fee, start = sheet.take("monthly_fee_jpy"), day_or_none(sheet.take("billing_start"))
    quotes: list[Json] = [quote_body("option-monthly", fee)] if fee is not None else []
    yield Fact("option.added", {"option": slug, "quotes": quotes, **more}, made)
    choice = history.line.terms.first.value("options").choose(slug)
    if (initial := sheet.take("initial_fee_jpy")) is not None:
        due: JsonObject = {"name": "option-initial", "customer": customer, "amount": initial}
        yield Fact("charge.fell-due", due, start or made, (history.cite(history.role("option-initial")),))
    listed = choice.number("term_months") if choice is not None and choice.has("term_months") else 0
    months = more.get("months", listed)
    if start is not None and type(months) is int and months:
        path = history.role("option-term")
        yield term_fact(history, "option.billing-started", start, months, path, option=slug)
    elif start is not None:
        yield Fact("option.billing-started", {"option": slug, "billing_start": start.isoformat()}, start)
    if (ended := day_or_none(sheet.take("ended"))) is not None:
        stop: JsonObject = {"option": slug, "last": ended.isoformat(), "ground": "customer-notice"}
        yield Fact("option.ending-set", stop, made)


def ending_fact(last: date, on: date, ground: str = "customer-notice", **more: Json) -> Fact:
    """A contract that ends, or has ended, on a day."""
    return Fact(
        "contract.ending-set", {"last": last.isoformat(), "ground": ground, "arrived": None, **more}, on
    )


def take_operator(
    given: Sheet,
    when: Sheet,
    history: History,
    lists: Mapping[str, str],
    parameters: Mapping[str, str],
    quotes: Mapping[str, str],
) -> None:
    """The operator's lists, parameters, conventions and quotes, each under the key a case has for it.

    The tables are (case's key → ledger's name). A quote, or a price among the parameters, counts for every
    customer of the case; any `..._initial_jpy` that has no name of its own is an option's initial fee.
    """
    params = given.sheet("operator_params")
    quoted = Sheet({**(given.take("quoted") or {}), **(when.take("quoted") or {})}, "quoted")
    for key, name in lists.items():
        if (listed := params.take(key)) is not None:
            history.say("operator.listed", list=name, entries=listed)
    for key, name in parameters.items():
        if (value := params.take(key)) is not None:
            history.say("operator.set", name=name, value=value)
    for convention, value in params.take("conventions", {}).items():
        history.say("operator.set", convention=convention, value=value)
    unnamed = {key: "option-initial" for key in quoted.keys() if key.endswith("_initial_jpy")}  # noqa: SIM118
    for key, fee in (unnamed | {**quotes}).items():
        told = [price for sheet in (quoted, params) if (price := sheet.take(key)) is not None]
        for amount in told:
            for customer in history.customers:
                history.say("quote.recorded", f"customer:{customer}", **quote_body(fee, amount))
    params.close()
    quoted.close()


def take_holdings(given: Sheet, history: History) -> None:
    """What else customers have: `other_services` and `other_contracts`, whatever else they say of each."""
    for key in ("other_services", "other_contracts"):
        for at, written in enumerate(given.take(key, [])):
            told = dict(written)
            customer, first = told.pop("customer"), told.pop("billing_start", None) or told.pop("made", None)
            body: dict[str, Json] = {
                "holds": told.pop("service"),
                "id": told.pop("id", None) or f"{key}-{at + 1}",
                "first": first or ALWAYS.isoformat(),
                "last": told.pop("cancel_effective", None) or told.pop("ended", None),
                **told,
            }
            history.record(f"customer:{customer}", Fact("service.held", body, ALWAYS))


def take_outages(facts: Sheet, when: Sheet, history: History) -> None:
    """`outage` or `outages`, of the contracts they name, else of the one the act is about."""
    told = [*facts.take("outages", []), *filter(None, (facts.take("outage"), when.take("outage")))]
    beside = {key: facts.take(key) for key in ("cause", "total")} if told else {}
    for at, each in enumerate(told):
        sheet = Sheet(each, f"outages[{at}]")
        reports = [sheet.take(key) for key in ("known", "monitor_alarm", "ticket", "customer_report")]
        known = reports[0] or min(filter(None, reports))
        cause = sheet.take("cause") or beside["cause"] or "operator"
        whole = sheet.take("total", beside["total"] if beside["total"] is not None else True)
        body: JsonObject = {
            "id": f"outage-{at + 1}",
            "began_at": sheet.take("began") or known,
            "known_at": known,
            "restored_at": sheet.take("restored"),
            "total": whole,
            "equally_bad": sheet.take("equally_bad", False),
            "cause": party(cause),
            "evidence": [
                {"ja": str(text), "en": str(text)} for text in (cause, sheet.take("detail")) if text
            ],
        }
        one = sheet.take("contract") or when.look("contract")
        for name in sheet.take("contracts") or [one]:
            history.record(f"contract:{name}", Fact("outage.found", {**body, "contract": name}, history.day))
        sheet.close()


def party(cause: str) -> str:
    """Whose doing a cause was, in the words of a case."""
    if cause.startswith("operator"):
        return "operator"
    return "customer" if cause.startswith("customer") else "third-party"


def holder(when: Sheet, history: History) -> str:
    """Who asks: as the act says, else the customer of the contract it is about, else the operator."""
    subject = when.look("contract")
    contracts = history.situation().contracts
    own = contracts[subject].customer if subject is not None and subject in contracts else None
    return str(when.take("by") or when.look("customer") or own or "operator")


# What people call a use of a lent device that the terms forbid.
_USES = {
    "remove": "detach",
    "disassemble": "dismantle",
    "open": "dismantle",
    "modify": "alter",
    "change": "alter",
    "relocate": "move",
    "analyse": "reverse-engineer",
    "use-for-other-purpose": "use-off-purpose",
    "other-purpose": "use-off-purpose",
    "off-purpose-use": "use-off-purpose",
    "repurpose": "use-off-purpose",
    "rent-out": "lend",
    "sublet": "lend",
    "sell": "transfer",
    "pledge": "dispose",
    "take-abroad": "use-abroad",
    "export": "use-abroad",
    "use-outside-japan": "use-abroad",
    "used-outside-japan": "use-abroad",
    "used-abroad": "use-abroad",
    "stopped": "stop",
    "moved": "move",
    "detached": "detach",
    "removed": "detach",
    "altered": "alter",
    "modified": "alter",
    "dismantled": "dismantle",
    "disassembled": "dismantle",
    "lent": "lend",
    "transferred": "transfer",
    "sold": "transfer",
    "disposed": "dispose",
}


def use_called(edition: Edition, text: str) -> Choice | None:
    """The forbidden use of a lent device that a text names, however it is put; None where it names none."""
    uses, plain = edition.value("forbidden_uses"), "-".join(text.casefold().replace("_", " ").split())
    return uses.choose(text) or uses.choose(_USES.get(plain, plain))
