"""The agent: level-triggered, from the orders to the machine and back to a report.

Orders are taken up on trial. Those under which the node's own probes come back are good and kept; those
under which they do not are taken back. Every turn is on the disk before it is made, so that an agent
killed anywhere goes on where it was.
"""

import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any, Final

from kitei.agent.config import AgentConfig
from kitei.agent.converge import Outcome, converge
from kitei.agent.entrances import Entrances
from kitei.agent.expiries import Expiries
from kitei.agent.gates import Gates
from kitei.agent.identity import wanted_request
from kitei.agent.keeper import LOCK, leave_keeper, take_lock
from kitei.agent.kept import DiskError, GivenUp, Kept, Trial, load, save
from kitei.agent.logins import LoginProber
from kitei.agent.probes import Prober, probes_of
from kitei.agent.relay import Relay
from kitei.agent.sacks import Sacks
from kitei.agent.scrubs import Scrubs
from kitei.agent.senses import Senses
from kitei.agent.sources import Bfd, Bgp, Gateways, Homes, Ike, Programs
from kitei.agent.talk import Pull, Tell
from kitei.agent.upstreams import Upstreams
from kitei.drivers.browsing import Browsing
from kitei.drivers.freeradius import Freeradius
from kitei.drivers.gobgp import Gobgp
from kitei.drivers.ocserv import Ocserv
from kitei.drivers.strongswan import Strongswan
from kitei.network import Driver, LoginProbe, Orders, Part, Probe
from kitei.network.report import Fault, Report, State

_GLANCE: Final = 0.05  # seconds between looks at the probes while orders are on trial
_DISK_AGAIN: Final = 5.0
_LONGEST_DELAY: Final = 30.0


class Agent:
    """One node's agent. `run` blocks until `end`; the machine goes on as it is."""

    def __init__(self, config: AgentConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_over = False
        self._failed = False
        self._mail: Orders | None = None
        self._mail_due = 0.0
        self._kept = Kept()
        self._faults: dict[str, Fault] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._done_for: dict[
            str, str
        ] = {}  # by driver, the digest of the orders that it was asked about last
        self._delays: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._untried: set[str] = set()
        self._to_look: set[str] = set()
        self._expiries = Expiries(config.drivers, config.clock)
        self._may_cut_all = False
        self._changed = False
        self._changed_at = 0.0
        self._deadline: float | None = None
        self._tell = Tell(config, self._report, self._states, self._csr, partial(self._note, "identity"))
        self._prober = Prober(config.clock, self._tell.add, config.confirm)
        self._logins = LoginProber(config.host.state("sacks"), config.clock, self._tell.add, config.confirm)
        self._programs = Programs(config.host, self._look_again)
        sources = (
            Ike(config.host, partial(self._look_again, Strongswan.name)),
            Bfd(config.host),
            Bgp(config.host),
            Upstreams(config.host),
            Gateways(),
            Homes(config.host),
            Scrubs(config.host, config.clock),
            Gates(config.host),
            Entrances(config.clock),
            self._programs,
        )
        self._senses = Senses(sources, config.clock, self._tell.add, config.confirm)
        self._sacks = Sacks(
            config,
            partial(self._look_again, Freeradius.name, Gobgp.name, Ocserv.name, Browsing.name),
            partial(self._note, "sacks"),
        )
        self._pull = Pull(config, self._newest, self._take, partial(self._note, "orders"))
        self._relay = Relay(config, self._guard)

    def end(self) -> None:
        self._is_over = True
        self._wake.set()
        for each in (
            self._pull,
            self._tell,
            self._prober,
            self._logins,
            self._senses,
            self._sacks,
            self._relay,
        ):
            each.end()

    def run(self) -> bool:
        """Work until `end`; false if a part of the agent died of a defect, which ends it too."""
        self._resume()
        threads = [
            threading.Thread(target=self._guard, args=(each.run,), name=type(each).__name__, daemon=True)
            for each in (
                self._prober,
                self._logins,
                self._senses,
                self._pull,
                self._tell,
                self._sacks,
                self._relay,
            )
        ]
        for thread in threads:
            thread.start()
        self._guard(self._work)
        self.end()
        for thread in threads:
            thread.join(2.0)
        return not self._failed

    def _guard(self, body: Callable[[], None]) -> None:
        try:
            body()
        except Exception:
            traceback.print_exc()
            self._failed = True
            self.end()

    def _work(self) -> None:
        while not self._is_over:
            self._wake.clear()
            self._take_up()
            self._drive()
            self._judge()
            self._wake.wait(self._pause())

    def _pause(self) -> float | None:
        now = time.monotonic()
        moments = list(self._due.values())
        if self._mail is not None:
            moments.append(self._mail_due)
        if self._is_in_doubt() and not self._untried:
            moments.append(now + _GLANCE)
        if (left := self._expiries.pause()) is not None:
            moments.append(now + left)
        return max(0.0, min(moments) - now) if moments else None

    # Orders arrive (in the thread that pulls) and are taken up (in the one that works).

    def _take(self, orders: Orders) -> None:
        with self._lock:
            self._mail = orders
            self._mail_due = 0.0
        self._wake.set()

    def _newest(self) -> int:
        with self._lock:
            return max(self._kept.newest, self._mail.generation if self._mail else 0)

    def _csr(self) -> str | None:
        return wanted_request(self._config.host, self._kept.in_force)

    def _note(self, key: str, fault: Fault | None) -> None:
        """Set or clear one fault, and report if that is news."""
        with self._lock:
            before = self._faults.pop(key, None)
            if fault is not None:
                self._faults[key] = fault
        if before != fault:
            self._tell.nudge()

    def _take_up(self) -> None:
        with self._lock:
            orders = self._mail
        if orders is None or time.monotonic() < self._mail_due:
            return
        kept = self._with(orders)
        if kept is not None and not self._save(kept):
            self._mail_due = time.monotonic() + _DISK_AGAIN  # they are not begun before they can be kept
            return
        with self._lock:
            if self._mail is orders:
                self._mail = None
        if kept is None:
            return
        before = self._kept
        self._kept = kept
        for key in ("refused", *(("fell-back", "coincidence") if kept.given_up is None else ())):
            self._note(key, None)
        if kept.trial is not None and not (before.trial and _same(before.trial.orders, orders)):
            self._start(orders, before=before.in_force if before.given_up is None else None)
        self._tell.nudge()

    def _with(self, orders: Orders) -> Kept | None:
        """What is kept with these orders taken up; None if they are refused."""
        kept = self._kept
        if orders.generation <= kept.newest:
            told = f"generation {orders.generation} is not above {kept.newest}, which this node knows"
            self._note("refused", Fault("orders", str(orders.generation), told))
            return None
        if kept.given_up and _same(kept.given_up.orders, orders):
            return replace(kept, given_up=replace(kept.given_up, orders=orders))  # once is enough
        if kept.trial and _same(kept.trial.orders, orders):
            return replace(kept, trial=replace(kept.trial, orders=orders))
        if kept.trial is None and kept.good and _same(kept.good, orders):
            return Kept(good=orders)
        return Kept(good=kept.good, trial=Trial(orders, self._green_before(orders)))

    def _green_before(self, orders: Orders) -> frozenset[str]:
        """Probes that were green and that these orders leave as they are."""
        kept = self._kept
        if kept.in_force is None:
            return frozenset()
        known = {p.name: p for p in kept.in_force.intent.parts if isinstance(p, Probe)}
        same = {
            part.name
            for part in orders.intent.parts
            if isinstance(part, Probe) and _measures_as(part, known.get(part.name))
        }
        return (self._prober.green() | (kept.trial.green if kept.trial else frozenset())) & same

    def _save(self, kept: Kept) -> bool:
        try:
            save(self._config.host, kept)
        except DiskError as error:
            self._note("disk", Fault("disk", "orders.json", str(error)))
            return False
        self._note("disk", None)
        return True

    # The machine is made so.

    def _look_again(self, *names: str) -> None:
        """Look at once what these drivers (none named: all) find amiss. Called by the thread that feels."""
        with self._lock:
            self._to_look |= set(names or (driver.name for driver in self._config.drivers))
        self._wake.set()

    def _resume(self) -> None:
        try:
            self._kept = load(self._config.host, self._config.node)
        except DiskError as error:
            self._note("kept", Fault("disk", "orders.json", f"what was kept is lost: {error}"))
        if self._kept.in_force is not None:
            self._start(self._kept.in_force)
            self._changed = True  # by the one before us, perhaps
            self._may_cut_all = self._kept.given_up is not None and not self._kept.given_up.settled

    def _start(self, orders: Orders, may_cut_all: bool = False, before: Orders | None = None) -> None:
        """Begin to make orders so. After orders `before` that were made so, only whom the changes concern
        are asked at once; the other drivers look in their own time."""
        parts = orders.intent.parts
        self._prober.watch(probes_of(parts))
        self._logins.watch(part for part in parts if isinstance(part, LoginProbe))
        self._senses.watch(parts)
        self._expiries.want(parts)
        self._sacks.want(parts, self._kept.good.intent.parts if self._kept.good else ())
        self._untried = {
            driver.name for driver in self._config.drivers if not self._is_at_rest(driver, parts, before)
        }
        self._due |= dict.fromkeys(self._untried, 0.0)
        with self._lock:
            rested = {driver.name for driver in self._config.drivers} - self._untried
            self._done_for |= dict.fromkeys(rested, orders.intent.digest)
        self._may_cut_all = may_cut_all
        self._changed = False
        self._deadline = None

    def _is_at_rest(self, driver: Driver[Any], parts: Collection[Part], before: Orders | None) -> bool:
        outcome = self._outcomes.get(driver.name)
        if before is None or outcome is None or not outcome.is_right or driver.name not in self._due:
            return False
        return not any(isinstance(part, driver.reads) for part in set(before.intent.parts) ^ set(parts))

    def _drive(self) -> None:
        orders = self._kept.in_force
        if orders is None:
            return
        with self._lock:
            self._to_look |= self._expiries.due()
            self._due |= dict.fromkeys(self._to_look & set(self._due), 0.0)
            self._to_look.clear()
        parts, drivers = orders.intent.parts, self._config.drivers
        # a node that shall hold nothing is cleared backwards: the filter goes last
        for driver in drivers if parts else reversed(drivers):
            if self._due[driver.name] > time.monotonic() or self._is_over:
                continue
            may_cut = None if self._may_cut_all else orders.may_cut
            outcome = converge(driver, self._config.host, parts, may_cut)
            self._take_in(driver.name, outcome, orders.intent.digest)
        if not self._untried and self._deadline is None:
            self._deadline = time.monotonic() + self._config.confirm
            self._programs.expect()
        if not self._untried and all(outcome.is_right for outcome in self._outcomes.values()):
            self._may_cut_all = False  # all of the way back has been gone

    def _take_in(self, name: str, outcome: Outcome, digest: str) -> None:
        """Note an outcome, and when the driver is to be asked next: a failing one less and less often."""
        before = self._outcomes.get(name)
        delay = self._delays.get(name, 1.0)
        pause = self._config.look * random.uniform(0.8, 1.2)
        if outcome.again is not None:
            pause = min(outcome.again * delay, max(_LONGEST_DELAY, outcome.again))
        self._delays[name] = 2 * delay if outcome.again is not None and delay < _LONGEST_DELAY else 1.0
        self._due[name] = time.monotonic() + pause
        self._untried.discard(name)
        with self._lock:
            self._outcomes[name] = outcome
            self._done_for[name] = digest
        if outcome.changed:
            self._changed = True
            self._changed_at = time.monotonic()
            self._programs.expect()
        if (
            outcome.changed
            or before is None
            or (before.waiting, before.fault) != (outcome.waiting, outcome.fault)
        ):
            self._tell.nudge()

    # Were the orders good?

    def _is_in_doubt(self) -> bool:
        given_up = self._kept.given_up
        return self._kept.trial is not None or (given_up is not None and not given_up.settled)

    def _judge(self) -> None:
        if self._untried or self._deadline is None:
            return
        late = time.monotonic() > self._deadline
        if self._kept.trial is not None:
            self._judge_trial(self._kept.trial, late)
        elif self._kept.given_up is not None and not self._kept.given_up.settled:
            self._judge_again(self._kept.given_up, late)

    def _judge_trial(self, trial: Trial, late: bool) -> None:
        dark = trial.green - self._prober.green(trial.green, self._changed_at) if self._changed else ()
        if not dark or (late and self._kept.good is None):
            kept = Kept(good=trial.orders)
            if self._save(kept) or not late:
                self._kept = kept  # unsaved, it would be on trial again after a restart: no harm
            self._tell.nudge()
        elif late and self._kept.good is not None:
            back = self._kept.good
            self._kept = Kept(back, None, GivenUp(trial.orders, frozenset(dark)))
            self._save(self._kept)  # and back in any case, whatever the disk says
            told = Fault("fell-back", ", ".join(sorted(dark)), f"generation {trial.orders.generation}")
            self._note("fell-back", told)
            self._start(back, may_cut_all=True)
            self._wake.set()

    def _judge_again(self, given_up: GivenUp, late: bool) -> None:
        """Under the orders before: did the dark probes come back? If none did, the orders were not why."""
        back = self._prober.green(given_up.probes, self._changed_at)
        if back == given_up.probes or (late and back):
            self._kept = replace(self._kept, given_up=replace(given_up, settled=True))
            self._save(self._kept)
        elif late:
            green = self._green_before(given_up.orders)
            self._kept = Kept(self._kept.good, Trial(given_up.orders, green))
            self._save(self._kept)
            subject, generation = ", ".join(sorted(given_up.probes)), given_up.orders.generation
            self._note("fell-back", None)
            self._note("coincidence", Fault("coincidence", subject, f"generation {generation}"))
            self._start(given_up.orders)
            self._wake.set()

    # What is told.

    def _states(self) -> tuple[State, ...]:
        return (*self._prober.states(), *self._logins.states(), *self._senses.states())

    def _is_done(self, name: str, orders: Orders) -> bool:
        """Whether a driver found its part of these very orders to be so."""
        return self._done_for.get(name) == orders.intent.digest and self._outcomes[name].is_right

    def _report(self, states: tuple[State, ...], whole: bool) -> Report:
        orders = self._kept.in_force
        with self._lock:
            outcomes = [self._outcomes[name] for name in sorted(self._outcomes)]
            done = tuple(n for n in sorted(self._outcomes) if orders and self._is_done(n, orders))
            faults = list(self._faults.values())
        faults += [outcome.fault for outcome in outcomes if outcome.fault is not None]
        faults += [*self._senses.faults(), *self._logins.faults()]
        if self._prober.fault is not None:
            faults.append(Fault("watching", "probes", self._prober.fault))
        right = len(outcomes) == len(self._config.drivers) and all(outcome.is_right for outcome in outcomes)
        return Report(
            node=self._config.node,
            at=self._config.clock(),
            generation=orders.generation if orders else 0,
            digest=orders.intent.digest if orders else "",
            applied=right and orders is not None and self._kept == Kept(good=orders),
            waiting=tuple(step for outcome in outcomes for step in outcome.waiting),
            faults=tuple(faults),
            states=states,
            whole=whole,
            right=done,
        )


def run(config: AgentConfig) -> int:
    """Be the agent of one node until SIGTERM or SIGINT; the exit code. Engines go on running, and a keeper takes back
    what ends before the next agent comes.

    One agent a node: a second one ends within seconds with 1.
    """
    if take_lock(config) is None:
        place = config.host.state(LOCK)
        print(f"{place}: another agent of {config.node} is running", file=sys.stderr)
        return 1
    leave_keeper(config)
    agent = Agent(config)
    asked = os.eventfd(0, os.EFD_CLOEXEC)  # a handler may take no lock that it might have interrupted
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.eventfd_write(asked, 1))
    threading.Thread(target=_end_when, args=(asked, agent), name="signals", daemon=True).start()
    return 0 if agent.run() else 1


def _end_when(asked: int, agent: Agent) -> None:
    os.eventfd_read(asked)
    agent.end()


def _same(one: Orders, other: Orders) -> bool:
    return (one.intent.digest, one.may_cut) == (other.intent.digest, other.may_cut)


def _measures_as(one: Probe, other: Probe | None) -> bool:
    return other is not None and (one.source, one.target) == (other.source, other.target)
