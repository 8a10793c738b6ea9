"""What a reconcile came to, and what the controller keeps in mind of it."""

from dataclasses import dataclass

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.controller.memory import Memory
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.status import Event, events


@dataclass(frozen=True)
class Outcome:
    """What a reconcile came to. `status` is None when it need not be written."""

    status: SageMakerEndpointStatus | None
    events: tuple[Event, ...] = ()
    requeue_after: float = 0.0
    gone: bool = False
    message: str = ""


def conclude(
    resource: SageMakerEndpoint, status: SageMakerEndpointStatus, memory: Memory, after: float, now: float
) -> Outcome:
    """The reconcile ends with this status; the next is due `after` seconds from `now` of the monotonic clock."""
    memory.due_at = now + after
    changed = status != resource.status
    happened = events(memory.reported or resource.status, status) if changed else ()
    notes = (Event(warning=False, reason=Reason.PREFLIGHT_INCOMPLETE, message=note) for note in memory.unsaid())
    memory.reported, memory.reported_at = status, now
    return Outcome(status if changed else None, (*happened, *notes), after)
