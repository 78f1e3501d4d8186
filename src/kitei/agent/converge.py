"""See, plan, ask, apply, see again: one driver at a time, none stopped by another's fault."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kitei.network import Driver, Host, Part, PermanentError, Risk, Step, TemporaryError
from kitei.network.report import Fault, Waiting

_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one driver came to. `again` is in how many seconds it wants another try, None: no hurry."""

    changed: bool = False
    waiting: tuple[Waiting, ...] = ()
    fault: Fault | None = None
    again: float | None = None

    @property
    def is_right(self) -> bool:
        return self.fault is None and not self.waiting


def cuts(step: Step, may_cut: Collection[str] | None) -> bool:
    """Whether a step would cut the traffic of someone who did not agree. `may_cut` None: all agreed."""
    return may_cut is not None and step.risk is Risk.OUTAGE and not set(step.owners) <= set(may_cut)


def converge(
    driver: Driver[Any], host: Host, parts: Sequence[Part], may_cut: Collection[str] | None
) -> Outcome:
    """Make the parts so, as far as this driver goes. Steps that would cut others are held and told.

    What a step brought about is looked at again; what is still wrong after three rounds is a fault.
    """
    changed = False
    waiting: tuple[Waiting, ...] = ()
    try:
        for _ in range(_ROUNDS):
            steps = driver.plan(parts, driver.see(host))
            held = [step for step in steps if cuts(step, may_cut)]
            waiting = tuple(Waiting(step.driver, step.do, step.owners) for step in held)
            if len(held) == len(steps):
                return Outcome(changed, waiting)
            for step in steps:
                if step not in held:
                    changed = True  # before the step: one that fails halfway has changed something too
                    driver.apply(host, step)
        left = [step for step in driver.plan(parts, driver.see(host)) if not cuts(step, may_cut)]
        if not left:
            return Outcome(changed, waiting)
        wrong = f"still wrong after {_ROUNDS} rounds: {'; '.join(step.do for step in left)}"
        return Outcome(changed, waiting, Fault("driver", driver.name, wrong))
    except TemporaryError as error:
        return Outcome(changed, waiting, Fault("driver", driver.name, str(error)), error.delay)
    except PermanentError as error:
        return Outcome(changed, waiting, Fault("driver", driver.name, str(error)))
    except Exception as error:  # a defect of one driver is that driver's fault, told, and no one else's
        wrong = f"{type(error).__name__}: {error}"
        return Outcome(changed, waiting, Fault("driver", driver.name, wrong))
