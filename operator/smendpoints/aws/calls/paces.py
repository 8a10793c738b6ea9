"""The wait for AWS's rate limit: one pace for each account and region, whoever calls, and threads that wait at it.

A wait ends after a minute at the latest, and with the operator. Refusals that are no throttling slow nobody. Not here:
whose turn it is (`pace`), which errors are throttling (`errors`), how often a call is tried (`retries`).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from smendpoints.aws.calls.pace import Call, Pace, Ticket, Work
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

logger = logging.getLogger(__name__)
LONGEST_WAIT = 60.0
LONG_WAIT = 30.0
_NAP = 1.0
# Whoever makes these, all wait for the answer: they do not stand in the line of one namespace.
_FOR_ALL = frozenset({"ListEndpoints", "GetResources", "ListServiceQuotas"})
_SHORTEST_NAP = 0.001


@dataclass(frozen=True)
class Errand:
    """For whom this thread calls AWS now, what for, and since when."""

    namespace: str
    work: Work
    begun: float


_errand: ContextVar[Errand | None] = ContextVar("errand", default=None)


@contextmanager
def paced(namespace: str, work: Work, begun: float) -> Iterator[None]:
    """The calls of this thread are for this namespace and for that; without, they are `LISTING`, for nobody.

    `begun` is now, on the clock of the paces: what began first is ended first.
    """
    token = _errand.set(Errand(namespace, work, begun))
    try:
        yield
    finally:
        _errand.reset(token)


class Paces:
    """The paces by account and region. Thread-safe."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        nap: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        """`nap` waits for the event, so many seconds at the most."""
        self._clock = clock
        self._nap = nap
        self._lock = threading.Lock()
        self._paces: dict[tuple[str, str], Pace] = {}
        self._ended = False
        self._told_at = float("-inf")

    def wait(self, account: str, region: str, call: Call, namespace: str | None = None) -> None:
        """Wait until such a call may be sent; `namespace` counts where there is no errand.

        Raises:
            ReconcileError: it may not be sent for a minute, or the operator ends meanwhile.
        """
        now = self._clock()
        errand = _errand.get() or Errand(namespace or "", Work.LISTING, now)
        if call.operation in _FOR_ALL:
            errand = Errand("", Work.LISTING, now)
        ticket = Ticket(call, errand.namespace, errand.work, errand.begun, now)
        with self._lock:
            pace = self._pace(account, region)
            pace.waiting.append(ticket)
        try:
            while (nap := self._try(pace, ticket, f"{account or 'own account'}, {region}")) > 0:
                self._nap(ticket.woken, nap)
        finally:
            with self._lock:
                if not ticket.dealt:
                    pace.waiting.remove(ticket)
                self._hand_over(pace)

    def admitted(self, account: str, region: str, call: Call) -> None:
        """AWS took a call, whatever it answered."""
        with self._lock:
            self._pace(account, region).admitted(call, self._clock())

    def refused(self, account: str, region: str, call: Call) -> None:
        """AWS refused a call for its number."""
        with self._lock:
            self._pace(account, region).refused(call, self._clock())

    def rate(self, account: str, region: str, call: Call) -> float | None:
        """Calls a second that such calls are kept to; None while they are free."""
        with self._lock:
            return self._pace(account, region).rate(call)

    def oldest_wait(self, namespace: str | None = None) -> float:
        """Seconds that the oldest call waits for now, of a namespace or of all; 0 while none does."""
        with self._lock:
            now = self._clock()
            waiting = [ticket for pace in self._paces.values() for ticket in pace.waiting]
            return max((now - each.since for each in waiting if namespace in {None, each.namespace}), default=0.0)

    def is_account(self, account: str) -> None:
        """The operator's own account is this one: what was learnt of it without its number is its own."""
        with self._lock:
            for key in [key for key in self._paces if key[0] == ""]:
                self._paces.setdefault((account, key[1]), self._paces.pop(key))

    def keep(self, places: frozenset[tuple[str, str]]) -> None:
        """Forget all but these accounts and regions."""
        with self._lock:
            self._paces = {key: pace for key, pace in self._paces.items() if key in places}

    def end(self) -> None:
        """The operator ends: within a second nobody waits any more, nor later."""
        self._ended = True

    def _try(self, pace: Pace, ticket: Ticket, where: str) -> float:
        """Deal to all who can call; how long to nap before trying again, or 0 if it was this one's turn."""
        with self._lock:
            ticket.woken.clear()
            now = self._clock()
            while (dealt := pace.deal(now)) is not None:
                dealt.woken.set()
            if ticket.dealt:
                return 0.0
            waited = now - ticket.since
            rate = pace.rate(ticket.call)
            if self._ended or waited >= LONGEST_WAIT:
                raise _gave_up(ticket, waited, rate, ended=self._ended)
            if waited >= LONG_WAIT and now - self._told_at >= LONG_WAIT:
                self._told_at = now
                whose = ticket.namespace or "a listing"
                message = "%s: %s waits for %.0f s to call %s: AWS throttles, and admits about %.1f calls a second"
                logger.warning(message, where, whose, waited, ticket.call.operation, rate or 0.0)
            if pace.oldest() is not ticket:
                return _NAP
            return min(_NAP, max(_SHORTEST_NAP, pace.next_at() - now))

    @staticmethod
    def _hand_over(pace: Pace) -> None:
        """One that waits sees to it that all are dealt to in time: the oldest, once woken."""
        oldest = pace.oldest()
        if oldest is not None:
            oldest.woken.set()

    def _pace(self, account: str, region: str) -> Pace:
        if (account, region) not in self._paces:
            self._paces[account, region] = Pace()
        return self._paces[account, region]


def _gave_up(ticket: Ticket, waited: float, rate: float | None, *, ended: bool) -> ReconcileError:
    if ended:
        message = "the operator ends while it waits for AWS's rate limit"
    else:
        message = f"waited {waited:.0f} s for AWS's rate limit, of about {rate or 0.0:.1f} calls a second at present"
    return ReconcileError(Kind.RETRY, Reason.THROTTLED, message, ticket.call.operation)
