"""The way out of the controller: whatever was found, `conclude` makes of it what is written and when to come again.

A reconcile that went through, one that could not observe AWS, one of an object that is being deleted, and one of an
object that cannot be read all end here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Condition, SageMakerEndpointStatus
from smendpoints.controller.memory import Memory
from smendpoints.controller.result import NEVER, Awaits, Result
from smendpoints.domain.plan.verdict import stalled
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.events import Event, events
from smendpoints.domain.status.status import told


@dataclass(frozen=True)
class Finding:
    """What a reconcile found: the status to tell, when to come again and what for; the rest as in `Result`.

    `due_after`: seconds until AWS is looked at closely whatever is listed; None: whenever it comes again.
    """

    status: SageMakerEndpointStatus
    requeue_after: float = NEVER
    awaits: Awaits = Awaits.NOTHING
    events: tuple[Event, ...] = ()
    finalized: bool = False
    due_after: float | None = None


def conclude(resource: SageMakerEndpoint, finding: Finding, memory: Memory, now: float) -> Result:
    """The result; `now` is of the monotonic clock."""
    memory.told.asked = resource.asked()
    due_after = finding.requeue_after if finding.due_after is None else finding.due_after
    memory.schedule.deadline, memory.schedule.awaits = now + due_after, finding.awaits
    changed = finding.status != resource.status
    happened = events(resource.status, finding.status) if changed else ()
    notes = (Event(warning=False, reason=Reason.PREFLIGHT_INCOMPLETE, message=note) for note in memory.unsaid())
    return Result(
        finding.status.to_json() if changed else None,
        (*happened, *finding.events, *notes),
        finding.requeue_after,
        finding.awaits,
        finding.finalized,
    )


def read(body: Mapping[str, Any]) -> SageMakerEndpoint:
    """The object; of one that is being deleted, what of its status cannot be read does not stand in the way.

    The rest counts, so that what was adopted stays so, and is retained.

    Raises:
        ValidationError: it is not what this operator's types take.
    """
    try:
        return SageMakerEndpoint.parse(body)
    except ValidationError as error:
        places = {each["loc"][1] for each in error.errors() if each["loc"][0] == "status" and len(each["loc"]) > 1}
        if not body["metadata"].get("deletionTimestamp") or not places:
            raise
        status = {key: value for key, value in body["status"].items() if key not in places}
        return SageMakerEndpoint.parse({**body, "status": status})


def unreadable(body: Mapping[str, Any], error: ValidationError, now: datetime) -> Result:
    """The object has what this operator's types do not take: operator and CRD differ in version. All else stays."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    message = f"this operator cannot read {place}: {first['msg']}; operator and CRD differ in version"
    old = dict(body.get("status") or {})
    before = SageMakerEndpointStatus(conditions=[Condition.model_validate(each) for each in old.get("conditions", ())])
    after = told(before, stalled(Reason.INVALID_SPEC, message), int(body["metadata"].get("generation", 1)), now)
    new = {**old, **{key: after.to_json()[key] for key in ("observedGeneration", "conditions")}}
    return Result(new if new != old else None, events(before, after))
