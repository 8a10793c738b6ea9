"""The thread that keeps an election going, apart from kopf's event loop: a busy loop must not cost the lease."""

import logging
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from smendpoints.lease.election import Election, LostError, Timing
from smendpoints.lease.guard import Alarm, Guard, KernelAlarm, boottime
from smendpoints.lease.leases import Leases
from smendpoints.metrics import LEASE_HELD

logger = logging.getLogger(__name__)


class Leader:
    """A candidate, then perhaps the leader. `end` ends the process at once, with a reason."""

    def __init__(
        self,
        leases: Leases,
        identity: str,
        timing: Timing,
        end: Callable[[str], None],
        *,
        clock: Callable[[], float] = boottime,
        alarm: Alarm | None = None,
    ) -> None:
        self.identity = identity
        self._end = end
        self._clock = clock
        self._guard = Guard(timing, end, clock=clock, alarm=alarm or KernelAlarm())
        self._election = Election(
            leases,
            identity,
            timing,
            clock=clock,
            now=lambda: datetime.now(UTC),
            held=self._held,
            chance=random.Random(identity),  # noqa: S311 - spreads requests, guards nothing
        )
        self._timing = timing
        self._stop = threading.Event()
        self._stepped_at = clock()
        self._threads = [
            threading.Thread(target=self._campaign, name="lease", daemon=True),
            threading.Thread(target=self._guard.watch, name="lease-guard", daemon=True),
        ]

    @property
    def leads(self) -> bool:
        """Whether the lease is held."""
        return self._guard.held.is_set()

    @property
    def silent_seconds(self) -> float:
        """How long ago the last step of the election was."""
        return self._clock() - self._stepped_at

    def start(self) -> None:
        """Begin to ask for the lease."""
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Return once the lease is held."""
        self._guard.held.wait()

    def fence(self, what: str) -> None:
        """Ask right before a write: ends the process unless the lease is held."""
        self._guard.check(what)

    def release(self) -> None:
        """The last thing that a process does: nothing is written any more, and another may take over."""
        self._stop.set()
        self._threads[0].join(timeout=2 * self._timing.renew)
        self._guard.close()
        LEASE_HELD.set(0)
        self._election.release()

    def _held(self, began: float) -> None:
        self._guard.extend(began)
        LEASE_HELD.set(self.leads)

    def _campaign(self) -> None:
        while not self._stop.is_set():
            self._stepped_at = self._clock()
            try:
                delay = self._election.step()
            except LostError as lost:
                self._end(str(lost))
                return
            except Exception:
                logger.exception("internal error in the election")
                delay = self._timing.retry
            self._stop.wait(delay)
