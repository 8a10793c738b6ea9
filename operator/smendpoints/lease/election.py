"""Who holds the lease: one step at a time, by any clock. Not the thread that makes the steps, nor what a loss ends.

The rules are client-go's, and stricter where a hand interferes:

- A holder counts from *before* it asked for the renewal, and gives up after `renew` seconds; everybody else counts from
  *after* they saw the lease change, and takes it after `duration`, which is longer. So no two clocks are compared, and
  a holder has given up before anybody takes over, whatever was slow.
- A lease that was released in the end, or never held, is taken at once. One that vanished or was emptied by a hand is
  not: its holder may be at work, and need not have noticed.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from smendpoints.kube.client import KubeError, RefusedError
from smendpoints.lease.leases import Leases, StaleError
from smendpoints.lease.record import Record, released, renewed, taken
from smendpoints.metrics import LEASE_TRANSITIONS

logger = logging.getLogger(__name__)
_SOON = 0.02


class LostError(Exception):
    """The lease is another's, while this process still believed to hold it. Tells whose."""


@dataclass(frozen=True)
class Timing:
    """Seconds: how long a lease lasts, when its holder gives up, and how often it is renewed or looked at."""

    duration: int
    renew: float
    retry: float


class Election:
    """One candidate for one lease. Not thread-safe.

    `clock` is monotonic, and counts while the machine sleeps; `now` is only written down, for people.
    """

    def __init__(
        self,
        leases: Leases,
        identity: str,
        timing: Timing,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        held: Callable[[float], None],
        chance: random.Random | None = None,
    ) -> None:
        self.identity = identity
        self._leases = leases
        self._timing = timing
        self._clock = clock
        self._now = now
        self._held = held
        self._chance = chance or random.Random()  # noqa: S311 - spreads requests, guards nothing
        self._mine: Record | None = None
        self._leads = False
        self._seen: tuple[str, str] | None = None
        self._seen_at = 0.0

    def step(self) -> float:
        """Renew the lease, take it, or look at it; the seconds until the next step.

        `held` is called with the time from which a renewal counts.

        Raises:
            LostError: another holds it that this process held.
        """
        try:
            return self._step()
        except StaleError as stale:
            logger.debug("the lease was written by another: %s", stale)
            return _SOON
        except KubeError as error:
            level = logging.WARNING if isinstance(error, RefusedError) or self._leads else logging.INFO
            logger.log(level, "cannot %s the lease: %s", "renew" if self._leads else "look at", error)
            return self._spread(self._timing.retry / 2 if self._leads else self._timing.retry)

    def release(self) -> None:
        """Let the lease go, so that another takes it at once. If that fails, it ends by itself."""
        for _ in range(2):
            try:
                found = self._mine or self._leases.get()
                if found is not None and found.holder == self.identity:
                    self._leases.update(found, released(found, self._now()))
                    logger.info("released the lease")
                break
            except StaleError:
                self._mine = None  # an answer was lost: read again
            except KubeError as error:
                logger.warning("cannot release the lease, others wait for its end: %s", error)
                break
        self._mine, self._leads = None, False

    def _step(self) -> float:
        if self._mine is not None:
            try:
                return self._renew(self._mine)
            except StaleError:
                self._mine = None  # a hand, another, or an answer of ours that was lost
        found = self._leases.get()
        if found is not None and found.holder == self.identity:
            return self._renew(found)
        if self._leads:
            if found is not None and found.holder:
                raise LostError(f"the lease is held by {found.holder}")
            logger.warning("the lease was %s by a hand", "deleted" if found is None else "emptied")
            return self._take(found)
        if found is None:
            # Made, but not taken: that it was missing twice does not say that nobody held it in between.
            found = self._leases.create({})
        wait = self._free_in(found)
        if wait > 0:
            return min(self._spread(self._timing.retry), wait + _SOON)
        return self._take(found)

    def _free_in(self, found: Record) -> float:
        """The seconds until it may be taken."""
        moment = self._clock()  # after the answer: what it tells may be as young as that
        if self._seen != found.version:
            self._seen, self._seen_at = found.version, moment
        if found.is_released or found.is_new:
            return 0.0
        return self._seen_at + max(self._timing.duration, found.seconds or 0) - moment

    def _take(self, found: Record | None) -> float:
        spec = taken(self.identity, self._timing.duration, found, self._now())
        if found is None:
            return self._write(lambda: self._leases.create(spec))
        return self._write(lambda: self._leases.update(found, spec))

    def _renew(self, record: Record) -> float:
        return self._write(lambda: self._leases.update(record, renewed(record, self._timing.duration, self._now())))

    def _write(self, request: Callable[[], Record]) -> float:
        began = self._clock()
        self._mine = request()
        LEASE_TRANSITIONS.set(self._mine.transitions)
        if not self._leads:
            logger.info("holds the lease as %s", self.identity)
        self._leads = True
        self._held(began)
        return self._spread(self._timing.retry)

    def _spread(self, seconds: float) -> float:
        return seconds * self._chance.uniform(0.8, 1.0)
