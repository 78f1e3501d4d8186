"""Decisions as the ledger keeps them, and back for those who read."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from kitei.clauses.contract import charge_json
from kitei.desk import Decision, Finding, Verdict
from kitei.ledger.contracts import Charge
from kitei.terms import Cite
from kitei.values import Json, JsonObject, Words, Yen


def decision_json(decision: Decision) -> JsonObject:
    """The body of an `application.decided` fact, apart from the application's own id."""
    return {
        "verdict": decision.verdict.name.lower(),
        "outcome": decision.outcome.name.lower(),
        "review": decision.review,
        "at": decision.at.isoformat(),
        "findings": [_finding_json(finding) for finding in decision.findings],
        "dates": {name: day.isoformat() for name, day in decision.dates.items()},
        "amounts": {name: int(amount) for name, amount in decision.amounts.items()},
    }


def decision_of(written: JsonObject) -> Decision:
    """Read one back."""
    body = cast(Mapping[str, Any], written)
    outcome = Verdict[body["outcome"].upper()]
    verdict = Verdict[body["verdict"].upper()]
    return Decision(
        verdict=verdict,
        findings=tuple(_finding_of(each) for each in body["findings"]),
        at=datetime.fromisoformat(body["at"]),
        dates={name: date.fromisoformat(day) for name, day in body["dates"].items()},
        amounts={name: Yen(amount) for name, amount in body["amounts"].items()},
        proposed=outcome if verdict is Verdict.REFER else None,
    )


def _finding_json(finding: Finding) -> JsonObject:
    return {
        "verdict": finding.verdict.name.lower(),
        "cites": [str(cite) for cite in finding.cites],
        "why": _words_json(finding.why),
        "place": finding.place,
        "remedy": _words_json(finding.remedy),
        "conventions": [list(pair) for pair in finding.conventions],
        "defects": list(finding.defects),
        "review": finding.review,
        "missing": list(finding.missing),
        "proposes": finding.proposes.name.lower() if finding.proposes is not None else None,
        "dates": {name: day.isoformat() for name, day in finding.dates},
        "amounts": [[name, int(amount)] for name, amount in finding.amounts],
        "charges": [_charge_json(charge) for charge in finding.charges],
        "part": finding.part,
        "topic": finding.topic,
    }


def _finding_of(body: Mapping[str, Any]) -> Finding:
    return Finding(
        verdict=Verdict[body["verdict"].upper()],
        cites=tuple(Cite.parse(cite) for cite in body["cites"]),
        why=Words(**body["why"]),
        place=body["place"],
        remedy=Words(**body["remedy"]) if body["remedy"] else None,
        conventions=tuple((key, value) for key, value in body["conventions"]),
        defects=tuple(body["defects"]),
        review=body["review"],
        missing=tuple(body["missing"]),
        proposes=Verdict[body["proposes"].upper()] if body["proposes"] else None,
        dates=tuple((name, date.fromisoformat(day)) for name, day in body["dates"].items()),
        amounts=tuple((name, Yen(amount)) for name, amount in body["amounts"]),
        charges=tuple(_charge_of(charge) for charge in body["charges"]),
        part=body["part"],
        topic=body["topic"],
    )


def _charge_json(charge: Charge) -> JsonObject:
    """A charge as it falls due if the whole is accepted."""
    return {
        **charge_json(charge),
        "contract": charge.contract,
        "due_on": charge.due_on.isoformat(),
        "cites": list(charge.cites),
    }


def _charge_of(body: Mapping[str, Any]) -> Charge:
    return Charge(
        name=body["name"],
        customer=body["customer"],
        due_on=date.fromisoformat(body["due_on"]),
        amount=None if body["amount"] is None else Yen(body["amount"]),
        cites=tuple(body["cites"]),
        detail=body["detail"],
        missing=body["missing"],
        conventions=tuple((key, value) for key, value in body["conventions"]),
        contract=body["contract"],
    )


def _words_json(words: Words | None) -> Json:
    return None if words is None else {"ja": words.ja, "en": words.en}


def plain(value: object) -> Json:
    """TOML's values as JSON's: days and instants as text. TypeError for what neither has."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case bool() | int() | str() | None:
            return value
        case _:
            raise TypeError(f"{value!r} is nothing an order book can hold")
