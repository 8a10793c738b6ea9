"""What the operator keeps in mind of one object between reconciles. Nothing that matters: a restart loses it safely."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.aws.watch import Summary
from smendpoints.controller.ruling import View
from smendpoints.controller.trouble import Pursuit, Trouble
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

_SETTLING_WINDOW = 120.0
_BLOCKED_POLLS = 20  # five minutes by default
_MOST_BLOCKED_POLLS = 120  # half an hour
_LONGEST_BACKOFF = 300.0
_ROUND_TRIP = 5.0
_MOST_NOTES = 10


@dataclass
class Memory:
    """Times are seconds of a monotonic clock.

    `view` is what other objects and policies meant for it, at the version `viewed_at` of all that is known of them.
    `created_with` are the tags of an endpoint that this process has just made: the first look need not ask for them.
    `notes` are what is to be told once, and whether that is done.
    """

    asked: tuple[int, str | None] | None = None
    view: View | None = None
    viewed_at: int = -1
    due_at: float = float("-inf")
    written_at: float = float("-inf")
    seen: Summary | None = None
    waiting_in: str | None = None
    watched: bool = False
    needs: frozenset[str] = frozenset()
    reported: SageMakerEndpointStatus | None = None
    reported_at: float = float("-inf")
    garbage_collected: tuple[str, int] | None = None
    created_with: Mapping[str, str] | None = None
    compared: tuple[str, str, bool] | None = None
    trouble: Trouble = field(default_factory=Trouble)
    notes: dict[str, bool] = field(default_factory=dict)
    jitter: random.Random = field(default_factory=random.Random)

    def awaits_own_write(self, status: SageMakerEndpointStatus, now: float) -> bool:
        """Whether the status that was written last has not come back from the API server yet.

        After five seconds it counts as lost: then what the API server has is the truth.
        """
        return self.reported is not None and self.reported != status and now - self.reported_at < _ROUND_TRIP

    def note(self, notes: Iterable[str]) -> None:
        """Tell these by an Event each, once in the life of this process."""
        for each in notes:
            if len(self.notes) < _MOST_NOTES:
                self.notes.setdefault(each, False)

    def unsaid(self) -> tuple[str, ...]:
        """The notes that are to be told now."""
        found = tuple(note for note, said in self.notes.items() if not said)
        self.notes.update(dict.fromkeys(found, True))
        return found

    def pursue(self, pursuit: Pursuit) -> None:
        """A reconcile begins: what went wrong on the way to anything else counts no longer."""
        if self.trouble.pursuit != pursuit:
            self.trouble = Trouble(pursuit)

    def remember_success(self) -> None:
        """The reconcile went through."""
        self.trouble = Trouble(self.trouble.pursuit)

    def judge(self, failure: ReconcileError, now: float) -> ReconcileError:
        """What may be eventual consistency is believed for two minutes, then it is a failure like others."""
        if failure.kind is not Kind.SETTLING:
            return failure
        since = self.trouble.settling_since
        self.trouble.settling_since = since = now if since is None else since
        if now - since < _SETTLING_WINDOW:
            return failure
        reason = Reason.NOT_ACCESSIBLE if failure.reason is Reason.BUSY else failure.reason
        return replace(failure, kind=Kind.BLOCKED, reason=reason)

    def remember_failure(self, failure: ReconcileError, poll: float) -> float:
        """How many seconds to wait before the next reconcile."""
        self.trouble.failures += 1
        if failure.kind is Kind.INVALID:
            return float("inf")
        if failure.kind is Kind.BLOCKED:  # the cure is in AWS: longer and longer, as what is stuck has a price, too
            polls = min(_BLOCKED_POLLS << min(self.trouble.blocked, 10), _MOST_BLOCKED_POLLS)
            self.trouble.blocked += 1
            return polls * poll * self.jitter.uniform(0.8, 1.0)
        return self._back_off(failure, poll)

    def remember_failure_to_finalize(self, failure: ReconcileError, poll: float) -> float:
        """How many seconds to wait before a deletion is tried again, whatever AWS said: few, then more each time."""
        self.trouble.failures += 1
        return self._back_off(failure, poll)

    def _back_off(self, failure: ReconcileError, poll: float) -> float:
        first = poll if failure.kind is Kind.BUSY else min(poll, 2.0)
        backoff = min(first * (1 << min(self.trouble.failures - 1, 10)), _LONGEST_BACKOFF)
        return backoff * self.jitter.uniform(0.5, 1.0)
