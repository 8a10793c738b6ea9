"""How often AWS is asked for its listings. Seconds throughout. Values only: nothing here waits or calls."""

from dataclasses import dataclass

from smendpoints.domain.errors import Kind, ReconcileError

NEVER = float("-inf")
_PAGES_A_PERIOD = 10
AUDIT_CALLS = 17  # in a period, at the most
_WATCH, _AUDIT = 30.0, 60.0
_LONGEST, _LONGEST_REFUSED = 16.0, 64.0


@dataclass(frozen=True)
class Awaited:
    """How many objects of a place wait for AWS to finish a change, and for an endpoint to be gone."""

    moving: int = 0
    leaving: int = 0


@dataclass(frozen=True)
class Cadence:
    """The least periods: of what moved while something is awaited, of all endpoints, and of all else that they have.

    Pages are spread. At the default periods a place costs at most 20 pages of endpoints and 17 calls of the audit a
    minute, however much there is in it; a longer listing takes longer.
    """

    poll: float = 5.0
    watch: float = _WATCH
    audit: float = _AUDIT

    @property
    def poll_again(self) -> float:
        """After a poll that showed something end: what AWS was told at about the same time ends at about the same."""
        return self.poll / 4

    @property
    def page_gap(self) -> float:
        """Between two pages of endpoints."""
        return min(self.watch, _WATCH) / _PAGES_A_PERIOD

    @property
    def audit_gap(self) -> float:
        """Between two calls of the audit."""
        return min(self.audit, _AUDIT) / AUDIT_CALLS


class Trouble:
    """How long calls have failed, and when the next is made: after one second, then twice as long each time.

    What AWS refuses for good is asked for again within a minute, all else sooner.
    """

    def __init__(self) -> None:
        self.since: float | None = None
        self.last: ReconcileError | None = None
        self.at = NEVER
        self.retry_at = NEVER
        self._tries = 0

    def failed(self, failure: ReconcileError, begun: float, now: float) -> None:
        """A call that was begun then has failed."""
        self.since = begun if self.since is None else self.since
        self.last, self.at = failure, now
        longest = _LONGEST if failure.kind is Kind.RETRY else _LONGEST_REFUSED
        self.retry_at = now + min(longest, float(1 << min(self._tries, 10)))
        self._tries += 1

    def over(self) -> None:
        """A call has gone through."""
        self.since, self.last, self.at, self.retry_at, self._tries = None, None, NEVER, NEVER, 0
