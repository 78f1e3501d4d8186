"""What a customer prepares before use, and that the operator may withhold the service until then."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kitei.clauses.acts import CheckReadiness, Provision
from kitei.clauses.notice import still_in_force
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.terms import Choice
from kitei.values import Words


def all_of_them(s: Situation, contract: Contract) -> Sequence[Choice]:
    """What has to be ready where the list is the same for every contract."""
    return s.edition.value("preparations").choices


@dataclass(frozen=True, slots=True)
class Readiness:
    """A service's preparations; its methods are rules. `needed` are those of one contract.

    Roles: `readiness` (the list), `withhold`.
    """

    needed: Callable[[Situation, Contract], Sequence[Choice]] = all_of_them

    def checklist(self, asked: CheckReadiness, s: Situation) -> Iterator[Finding]:
        """The list to show."""
        contract = s.contract(asked.contract)
        yield from still_in_force(s, s.role("readiness"), contract)
        items = self.needed(s, contract)
        yield s.accept(
            s.role("readiness"),
            *(each.cite.path for each in items),
            why=Words(
                "契約者が整えるもの: " + ("、".join(each.name.ja for each in items) or "ありません"),
                "the customer prepares: " + (", ".join(each.name.en for each in items) or "nothing"),
            ),
        )

    def prepared(self, asked: Provision, s: Situation) -> Iterator[Finding]:
        """What is not prepared lets the operator withhold the service, without default."""
        contract = s.contract(asked.contract)
        yield from still_in_force(s, s.role("withhold"), contract)
        yield from prepared_ones(
            s, [(each, asked.known.ready.get(each.slug)) for each in self.needed(s, contract)]
        )


def prepared_ones(s: Situation, told: Sequence[tuple[Choice, bool | None]]) -> Iterator[Finding]:
    """Each preparation with whether it is made (None: not told): what is missing, and what follows."""
    for each, ready in told:
        if not ready:
            yield not_prepared(s, each, ready, f"provision.known.ready.{each.slug}")
    done = (each.cite.path for each, ready in told if ready)
    yield s.confirm(_PREPARED, s.role("readiness"), *done, s.role("withhold"))


_PREPARED = Words(
    "準備がすべて整えば提供を始めます。整わないときに提供しなくても当社の不履行ではありません",
    "service begins when all is prepared; withholding it until then is no default of the operator",
)


def not_prepared(
    s: Situation, each: Choice, ready: bool | None, place: str, part: int | None = None
) -> Finding:
    """A preparation that is not made (False), or of which nothing was told (None)."""
    return withheld(
        s,
        each.cite.path,
        Words(f"{each.name.ja}が整っていません", f"not ready: {each.name.en}")
        if ready is False
        else Words(f"{each.name.ja}の確認がまだです", f"not confirmed yet: {each.name.en}"),
        Words("整えて知らせてください", "prepare it and tell the operator"),
        place,
        part,
    )


def withheld(
    s: Situation, path: str, why: Words, remedy: Words, place: str = "", part: int | None = None
) -> Finding:
    """The terms say the operator may withhold, not that it must: a person decides, by default it does."""
    withhold = s.role("withhold")
    return s.refer(
        path,
        withhold,
        proposes=Verdict.REFUSE,
        why=why,
        remedy=remedy,
        place=place,
        part=part,
        defects=s.defects(withhold),
    )
