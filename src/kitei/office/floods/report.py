"""A contract's month under watch: what came, what attacked, what was done, and what was watched at all.

Numbers of traffic come from the history, what was done from the ledger; what a provision decides names it. A
day of which nothing was judged has no figures, which is not zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from kitei.accounts import Provider, Recipient
from kitei.ledger import Entry, standing
from kitei.ledger.contracts import Contract
from kitei.ledger.facts import Fact
from kitei.network.sheaf import first_second
from kitei.office.closing import provider_told, recipient_of
from kitei.office.floods.attacks import STEPS, Attack, attacks_of
from kitei.office.office import Office, Refusal
from kitei.services.ddos.contract import Address, addresses, extra_mbps, item_on
from kitei.services.ddos.edition import TERMS
from kitei.store import tallies
from kitei.store.history import History
from kitei.store.tallies import Daily, Peak, Scrubbed, Top
from kitei.terms import Choice, Edition
from kitei.values import JST, Month, Words
from kitei.watch import Outage, outage_of

_MOST: Final = 10
_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Struck:
    """An attack as the report tells it. `peak` is None where no second of it was kept: then its alarm's figure
    is all there is."""

    attack: Attack
    peak: Peak | None
    ended: datetime | None

    @property
    def seconds(self) -> int | None:
        """How long it lasted; None while it goes on."""
        return None if self.ended is None else round((self.ended - self.attack.began).total_seconds())

    @property
    def cites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cite for each in self.attack.happenings for cite in each.cites))


@dataclass(frozen=True, slots=True)
class Change:
    """Something of the contract that took effect in the month."""

    on: date
    what: Words
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A month of one contract, complete to `upto` (its last day, or a day within it), that day included.

    `days` are those of which something is known. `clean_mbps` is what may pass after mitigation; None where the
    item sets no such ceiling. `unusable` are the seconds of its days in which the contract could not be used at all
    (article 14: as its outages were found). `includes` is whether the item includes a report.
    """

    contract: str
    customer: str
    month: Month
    upto: date
    item: Choice
    mitigates: bool
    includes: bool
    addresses: tuple[Address, ...]
    clean_mbps: int | None
    clean_cites: tuple[str, ...]
    days: tuple[Daily, ...]
    protocols: tuple[Top, ...]
    targets: tuple[Top, ...]
    ports: tuple[Top, ...]
    attacks: tuple[Struck, ...]
    scrubbed: Scrubbed | None
    outages: tuple[Outage, ...]
    unusable: int
    changes: tuple[Change, ...]
    recipient: Recipient
    provider: Provider

    @property
    def is_whole(self) -> bool:
        return self.upto == self.month.last

    @property
    def days_meant(self) -> tuple[date, ...]:
        return tuple(day for day in self.month.days() if day <= self.upto)

    @property
    def bytes(self) -> int | None:
        """All that came; None where nothing was judged."""
        return sum(each.bytes for each in self.days) if self.days else None

    @property
    def packets(self) -> int | None:
        return sum(each.packets for each in self.days) if self.days else None

    @property
    def most(self) -> Daily | None:
        """The day of the fullest minute."""
        return max(self.days, key=lambda each: (each.most_bps, -each.day.toordinal()), default=None)

    @property
    def judged(self) -> int:
        return sum(each.judged for each in self.days)

    @property
    def meant(self) -> int:
        """Seconds there were."""
        return len(self.days_meant) * _SECONDS_A_DAY

    @property
    def outage_cite(self) -> str:
        """The provision that says what an outage is."""
        return str(TERMS.on(self.upto).cite("art:14.1"))

    @property
    def cites(self) -> tuple[str, ...]:
        """Every provision the report rests on, each once."""
        found = [str(self.item.cite), *self.clean_cites, self.outage_cite]
        for address in self.addresses:
            found += address.cites
        for struck in self.attacks:
            found += struck.cites
        for change in self.changes:
            found += change.cites
        return tuple(dict.fromkeys(found))


def flood_report(office: Office, history: History, contract: str, month: Month) -> Report:
    """The report of a month, or of its days that are over. Refusal: the month has none that is over; LookupError."""
    found = office.contract(contract)
    if found.service != TERMS.service:
        raise Refusal(
            Words(
                f"{contract} は DDoS プロテクションの契約ではありません",
                f"{contract} is no contract of DDoS Protection",
            )
        )
    upto = min(month.last, office.today() - timedelta(days=1))
    if upto < month.first:
        raise Refusal(Words(f"{month} の日がまだ一日も終わっていません", f"no day of {month} is over yet"))
    entries = tuple(standing(office.book.read(f"contract:{contract}")))
    base = _base(office, found)
    edition = TERMS.on(upto)
    item = edition.lists["items"][item_on(found, upto)]
    ceiling, cites = _ceiling(found, base, upto, edition)
    first, until = first_second(month.first), first_second(upto + timedelta(days=1))
    watched = contract
    outages = tuple(each for each in map(outage_of, found.outages) if _unusable((each,), first, until))
    return Report(
        contract,
        found.customer,
        month,
        upto,
        item,
        _mitigates(item, base, upto, edition),
        item.has("reports"),
        addresses(found, upto) or addresses(base, upto),
        ceiling,
        cites,
        tuple(each for each in tallies.daily(history, watched, month) if each.day <= upto),
        tallies.top(history, "protocol", first, until, contract=watched),
        tallies.top(history, "target", first, until, contract=watched, most=_MOST),
        tallies.top(history, "port", first, until, contract=watched, most=_MOST),
        tuple(_struck(history, each, until) for each in attacks_of(entries) if _is_in(each, first, until)),
        tallies.scrubbed(history, contract, first, until),
        outages,
        _unusable(outages, first, until),
        tuple(_changes(entries, month.first, upto)),
        recipient_of(office.book, found.customer),
        provider_told(office.picture().said),
    )


# -- of the contract ---------------------------------------------------------------------------------


def _base(office: Office, contract: Contract) -> Contract:
    """The contract a type M is added to; others are their own."""
    base = contract.body.get("base")
    return office.contract(base) if isinstance(base, str) and base else contract


def _mitigates(item: Choice, base: Contract, on: date, edition: Edition) -> bool:
    told = str(item.attributes.get("mitigates", "no"))
    if told == "base":
        told = str(edition.lists["items"][item_on(base, on)].attributes.get("mitigates", "no"))
    return told == "yes"


def _ceiling(
    contract: Contract, base: Contract, on: date, edition: Edition
) -> tuple[int | None, tuple[str, ...]]:
    """What may pass after mitigation, and the provisions that say so."""
    item = edition.lists["items"][item_on(contract, on)]
    if item.attributes.get("mitigates") == "base":
        contract, item = base, edition.lists["items"][item_on(base, on)]
    ceiling: Any = item.attributes.get("ceiling_mbps")
    if not isinstance(ceiling, int) or item.attributes.get("mitigates") != "yes":
        return None, ()
    cites = [str(item.cite)]
    extra = extra_mbps(contract, on)
    if extra:
        cites.append(str(edition.cite("art:10.2.5.a2")))
    return ceiling + extra, tuple(cites)


def _changes(entries: Iterable[Entry], first: date, last: date) -> Iterable[Change]:
    for entry in entries:
        fact = entry.fact
        if first <= fact.effective_on <= last and fact.kind in _CHANGES:
            yield Change(fact.effective_on, _told(fact), fact.cites)


_CHANGES: Final[Mapping[str, Words]] = {
    "contract.concluded": Words("契約の成立", "the contract was concluded"),
    "contract.amended": Words("契約内容の変更", "the contract was changed"),
    "contract.ended": Words("契約の終了", "the contract ended"),
    "option.added": Words("オプションの追加", "an option was added"),
    "option.ended": Words("オプションの終了", "an option ended"),
    "policy.set": Words("ポリシーの設定", "a policy was set"),
}


def _told(fact: Fact) -> Words:
    head, body = _CHANGES[fact.kind], fact.body
    name = body.get("name") or body.get("option") or body.get("item")
    more = [str(name)] if name else []
    if fact.kind == "policy.set":
        if isinstance(watch := body.get("watch"), Mapping):
            limits: Any = watch.get("host") or {}
            more += [f"{metric} {limits[metric]}" for metric in sorted(limits)]
        if body.get("dry_run"):
            more.append("dry run")
    told = ", ".join(more)
    return Words(f"{head.ja}({told})", f"{head.en} ({told})") if told else head


def _unusable(outages: Iterable[Outage], first: int, until: int) -> int:
    """Seconds of the span within any of the outages; one that lasts reaches to its end."""
    spans = sorted(
        (max(first, int(each.began_at.timestamp())), min(until, int(each.restored_at.timestamp())))
        if each.restored_at is not None
        else (max(first, int(each.began_at.timestamp())), until)
        for each in outages
    )
    total, reached = 0, first
    for begin, end in spans:
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total


# -- of attacks --------------------------------------------------------------------------------------


def _is_in(attack: Attack, first: int, until: int) -> bool:
    """Whether any of it lies in the span."""
    over = attack.over
    return attack.began.timestamp() < until and (over is None or over.timestamp() >= first)


def _struck(history: History, attack: Attack, until: int) -> Struck:
    over = attack.over
    ended = over if over is not None and over.timestamp() < until else None
    last = until if ended is None else int(ended.timestamp()) + 1
    peak = tallies.peak(history, attack.contract, attack.target, int(attack.began.timestamp()), last)
    return Struck(attack, peak, ended)


def step_words(steps: Iterable[str]) -> Words:
    """`迂回・洗浄`, `divert and scrub`; a dash for none."""
    told = [STEPS.get(each, Words(each, each)) for each in steps]
    if not told:
        return Words("―", "-")
    return Words("・".join(each.ja for each in told), ", ".join(each.en for each in told))


def clock_text(instant: datetime) -> str:
    """`06-10 06:01:10` in Asia/Tokyo."""
    return instant.astimezone(JST).strftime("%m-%d %H:%M:%S")
