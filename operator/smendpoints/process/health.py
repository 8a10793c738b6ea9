"""Whether this process is well, as a leader and as a standby."""

from dataclasses import dataclass
from typing import Protocol

_STALE_AFTER = 120.0
_ELECTION_STALE_AFTER = 60.0


class Candidate(Protocol):
    """What is asked of a `Leader`."""

    @property
    def leads(self) -> bool: ...

    @property
    def silent_seconds(self) -> float: ...


class Work(Protocol):
    """What is asked of the dispatcher."""

    def silent_seconds(self) -> float:
        """How long the work queue was not looked at."""


@dataclass
class Health:
    """What `/healthz` tells. Filled as the process gets on.

    A standby is well while its election goes on, whether or not the API server answers: a restart would not help. It is
    ready, too: it can take over, and is to count for what a rollout or a disruption budget wants to be available.
    """

    candidate: Candidate | None = None
    work: Work | None = None

    def ailment(self) -> str | None:
        """What is wrong; None when nothing is."""
        if self.candidate is not None and self.candidate.silent_seconds > _ELECTION_STALE_AFTER:
            return f"the election stood still for {self.candidate.silent_seconds:.0f} s"
        if self.work is not None and self.work.silent_seconds() > _STALE_AFTER:
            return f"the work queue stood still for {self.work.silent_seconds():.0f} s"
        return None

    def role(self) -> str:
        """What this process is."""
        return "leader" if self.work is not None else "standby"
