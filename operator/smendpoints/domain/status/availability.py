"""`Available`: whether the endpoint answers with what was in service, whatever becomes of what is asked for next.

Ready tells of the spec, this of the callers: a blocked change leaves it True, an outage does not. kstatus, and with it
Helm and Flux, and Argo CD's checks by kstatus do not read it.
"""

from datetime import datetime

from smendpoints.api.status import Condition, ConditionStatus, EndpointStatus, SageMakerEndpointStatus
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions

AVAILABLE = "Available"
NOT_OWNED = "NotOwned"  # in the place of another's `EndpointStatus`, which is not told
_ANSWERS = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})
_DOES_NOT = {
    "Creating": (Reason.CREATING, "AWS is creating the endpoint; nothing answers before it is in service"),
    "Deleting": (Reason.DELETING, "the endpoint is being deleted"),
    "Failed": (Reason.ENDPOINT_FAILED, "the endpoint could not be created, and does not answer"),
    "OutOfService": (Reason.OUT_OF_SERVICE, "AWS has taken the endpoint out of service"),
    "Stopped": (Reason.STOPPED, "the endpoint is stopped, as the spec says"),
    "NotFound": (Reason.NOT_FOUND, "the endpoint was deleted in AWS"),
    NOT_OWNED: (Reason.NOT_OWNED, "the endpoint of that name is not managed by this object"),
}
_STOPPING = "the endpoint is being stopped, as the spec says: AWS deletes it"
_NOTHING = (Reason.PENDING, "there is no endpoint yet")


def availability(
    endpoint: EndpointStatus,
    shown: ObservedEndpoint | None,
    desired: Desired,
    generation: int,
    now: datetime,
    *,
    stopping: bool,
) -> Condition:
    """The condition, of what is told of the endpoint and what AWS `shown` of it, if it is this object's."""
    idle = shown is not None and _has_no_instances(shown) and "AsyncInferenceConfig" not in desired.config_request
    if idle and endpoint.status in _ANSWERS:
        message = f"{endpoint.config_name} has no instance in service"
        return _condition(generation, now, status="False", reason=Reason.NO_INSTANCES, message=message)
    if stopping and endpoint.status == "Deleting":
        return _condition(generation, now, status="False", reason=Reason.STOPPING, message=_STOPPING)
    return by_status(endpoint, generation, now)


def by_status(endpoint: EndpointStatus, generation: int, now: datetime) -> Condition:
    """The condition as far as the `EndpointStatus` alone tells."""
    if endpoint.status in _ANSWERS and endpoint.config_name is not None:
        mixed = " mixed with another" if endpoint.status == "UpdateRollbackFailed" else ""
        message = f"{endpoint.config_name} is serving{mixed}"
        return _condition(generation, now, status="True", reason=Reason.SERVING, message=message)
    reason, message = _DOES_NOT.get(endpoint.status, _NOTHING)
    return _condition(generation, now, status="False", reason=reason, message=message)


def unseen(
    old: SageMakerEndpointStatus, reason: Reason, listed: str | None, generation: int, now: datetime
) -> Condition | None:
    """The condition of an object whose endpoint could not be looked at; `listed` is what the listings say of it.

    None where there never was one to look at.
    """
    if reason is Reason.NAME_TAKEN:
        reason, message = Reason.NAME_TAKEN, "the endpoint of that name is another object's"
        return _condition(generation, now, status="False", reason=reason, message=message)
    if old.endpoint is None or old.endpoint.arn is None:
        return conditions.find(old.conditions, AVAILABLE)
    if listed is not None:
        return by_status(old.endpoint.model_copy(update={"status": listed}), generation, now)
    message = "AWS could not be asked; what was in service when it last could may still be serving"
    return _condition(generation, now, status="Unknown", reason=reason, message=message)


def _has_no_instances(endpoint: ObservedEndpoint) -> bool:
    """Whether AWS counts instances, and counts none."""
    counts = [each.current_count for each in endpoint.variants if each.serverless is None]
    return bool(counts) and len(counts) == len(endpoint.variants) and all(count == 0 for count in counts)


def _condition(generation: int, now: datetime, *, status: ConditionStatus, reason: Reason, message: str) -> Condition:
    return Condition(
        type=AVAILABLE,
        status=status,
        reason=str(reason),
        message=message,
        observed_generation=generation,
        last_transition_time=now,
    )
