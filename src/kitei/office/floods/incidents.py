"""What happened in an attack, with its evidence: the course of it, its figures, who sent, and packets kept of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kitei.office.desk import Desk
from kitei.office.floods.attacks import NOTED, Attack, attacks_of
from kitei.office.floods.evidence import Excerpt, excerpts_of
from kitei.office.floods.values import scrubbed_json
from kitei.office.home import Home
from kitei.services.ddos import SERVICE
from kitei.services.ddos.edition import TERMS
from kitei.store import tallies
from kitei.store.history import History
from kitei.store.tallies import Peak, Sample, Scrubbed, Top
from kitei.values import Json

_SAMPLES, _TOPS, _SERIES = 50, 10, 600
_BEFORE: Final = 30


@dataclass(frozen=True, slots=True)
class Incident:
    """An attack and its evidence. `upto` is its end, or when it was looked at while it goes on.

    `series` is (unix second, bits, packets) from the alarm on; flows are a sample, so `sources` are those of it.
    `peak` is None where no second was kept; `scrubbed` is all that was scrubbed for the contract meanwhile.
    """

    attack: Attack
    upto: datetime
    peak: Peak | None
    series: tuple[tuple[int, int, int], ...]
    samples: tuple[Sample, ...]
    sources: tuple[Top, ...]
    ports: tuple[Top, ...]
    scrubbed: Scrubbed | None
    excerpts: tuple[Excerpt, ...]

    @property
    def seconds(self) -> int:
        return max(0, round((self.upto - self.attack.began).total_seconds()))

    @property
    def cites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cite for each in self.attack.happenings for cite in each.cites))


def attacks(office: Desk[Any], contract: str | None = None) -> tuple[Attack, ...]:
    """The attacks on a contract, or on all contracts of DDoS Protection, in order of their detection."""
    if contract is not None:
        office.contract(contract)
        return attacks_of(office.book.read(f"contract:{contract}"))
    names = [id for id, each in office.contracts().items() if each.service == TERMS.service]
    found = [each for id in names for each in attacks_of(office.book.read(f"contract:{id}"))]
    return tuple(sorted(found, key=lambda each: (each.detected.at, each.detected.seq)))


def incident(office: Desk[Any], history: History, id: str) -> Incident:
    """An attack by its id. LookupError names the latest there are."""
    known = attacks(office)
    attack = next((each for each in known if each.id == id), None)
    if attack is None:
        latest = ", ".join(each.id for each in known[-5:]) or "none at all"
        raise LookupError(f"there is no attack {id!r}; the latest are {latest}")
    return incident_of(attack, history, office.home, office.clock())


def incident_of(attack: Attack, history: History, home: Home, now: datetime) -> Incident:
    """An attack with what the history and the folder of evidence hold of it."""
    upto = attack.over or max(now, attack.happenings[-1].at)
    first, until = int(attack.began.timestamp()), int(upto.timestamp()) + 1
    about = (history, attack.contract, attack.target, first, until)
    return Incident(
        attack,
        upto,
        tallies.peak(*about),
        tallies.seconds(*about, _SERIES),
        tallies.samples(*about, _SAMPLES),
        tallies.sources(*about, _TOPS),
        tallies.ports(*about, _TOPS),
        tallies.scrubbed(history, attack.contract, first, until),
        tuple(excerpts_of(home, attack.contract, attack.target, first - _BEFORE, until)),
    )


def steps_left(office: Desk[Any], attack: Attack) -> tuple[str, ...]:
    """The operator's steps (list `incident-steps`) that were not taken yet; none where no incident was opened."""
    if not any(each.kind == "incident.opened" for each in attack.happenings):
        return ()
    named = office.situation(SERVICE, office.today()).operator.lists.get("incident-steps", ())
    taken = {each.body.get("step") for each in attack.happenings if each.kind == NOTED}
    return tuple(str(each) for each in named if each not in taken)


def incident_json(found: Incident) -> dict[str, Json]:
    """All of it as values."""
    attack, peak = found.attack, found.peak
    return {
        **attack_json(attack),
        "upto": found.upto.isoformat(),
        "seconds": found.seconds,
        "peak": {"bps": peak.bps, "pps": peak.pps, "bytes": peak.bytes, "packets": peak.packets}
        if peak
        else None,
        "timeline": list(_timeline(attack)),
        "series": [list(each) for each in found.series],
        "flows": [
            {
                "at": each.at,
                "src": each.src,
                "sport": each.sport,
                "dst": each.dst,
                "dport": each.dport,
                "protocol": each.protocol,
                "bytes": each.bytes,
                "packets": each.packets,
                "flags": each.flags,
                "exporter": each.exporter,
            }
            for each in found.samples
        ],
        "sources": [{"source": e.name, "bytes": e.bytes, "packets": e.packets} for e in found.sources],
        "ports": [{"port": each.name, "packets": each.packets} for each in found.ports],
        "scrubbed": scrubbed_json(found.scrubbed),
        "captures": [
            {"file": str(each.path), "bytes": each.bytes, "node": each.node} for each in found.excerpts
        ],
        "cites": list(found.cites),
    }


def attack_json(attack: Attack) -> dict[str, Json]:
    return {
        "attack": attack.id,
        "contract": attack.contract,
        "policy": attack.text("policy"),
        "scope": attack.text("scope"),
        "target": attack.target,
        "metric": attack.text("metric"),
        "figure": attack.number("figure"),
        "threshold": attack.number("threshold"),
        "about_sources": attack.number("sources"),
        "dry_run": attack.is_dry_run,
        "node": attack.text("node"),
        "began": attack.began.isoformat(),
        "detected": attack.detected.at.isoformat(),
        "in_force": attack.in_force.isoformat() if attack.in_force else None,
        "over": attack.over.isoformat() if attack.over else None,
        "steps": list(attack.steps),
        "course_ms": {kind: round(seconds * 1000) for kind, seconds in attack.course},
    }


def _timeline(attack: Attack) -> Iterator[Json]:
    for each in attack.happenings:
        yield {
            "at": each.at.isoformat(),
            "after_ms": round(attack.after(each.at) * 1000),
            "kind": each.kind,
            "what": {"ja": each.words.ja, "en": each.words.en},
            "actor": each.actor,
            "seq": each.seq,
            "body": dict(each.body),
            "cites": list(each.cites),
        }
