"""The rules for an object without an endpoint in AWS, in the order in which they are asked."""

from datetime import UTC

from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.desired.desired import tag_list
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.convergence import was_converged
from smendpoints.domain.plan.garbage import garbage
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.update import create_revision
from smendpoints.domain.plan.verdict import Plan, Requeue, ready, reconciling, stalled, suspended
from smendpoints.domain.reasons import Reason


def suspended_without_endpoint(given: Input) -> Plan | None:
    """Nothing is made for a suspended object; if it is to be stopped as well, that is as it should be."""
    if not given.spec.suspend:
        return None
    message = "suspended: the endpoint does not exist"
    drift = _drift(given)
    if not given.schedule.running:
        return Plan(ready(Reason.SUSPENDED, message), requeue=Requeue.STEADY, endpoint_status="Stopped")
    message += f"; {'not corrected: ' + '; '.join(drift) if drift else 'pending: create it'}"
    return Plan(suspended(Reason.SUSPENDED, message), requeue=Requeue.STEADY, drift=drift)


def stopped(given: Input) -> Plan | None:
    """By `desiredState`, or outside of its office hours. What is not needed to start it again goes."""
    if given.schedule.running:
        return None
    starts = given.schedule.changes_at
    message = "stopped (desiredState: Stopped)"
    if starts is not None:
        message = f"stopped outside of its office hours; starts at {starts.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Plan(
        ready(Reason.STOPPED, message),
        garbage(given),
        requeue=Requeue.STEADY,
        endpoint_status="Stopped",
        garbage_collected=given.observed.owned_resources is not None,
    )


def deletion_reported(given: Input) -> Plan | None:
    """It was deleted out of band, and `driftPolicy: Report` does not recreate it."""
    drift = _drift(given)
    if not drift or given.spec.drift_policy != "Report":
        return None
    message = f"the endpoint {given.desired.endpoint_name} was deleted in AWS; driftPolicy is Report"
    return Plan(stalled(Reason.DRIFT_FOUND, message), requeue=Requeue.STEADY, drift=drift, endpoint_status="NotFound")


def created(given: Input) -> Plan:
    """Models and config, as far as they are not there, then the endpoint."""
    desired = given.desired
    create = Action(
        Verb.CREATE_ENDPOINT,
        desired.endpoint_name,
        {
            "EndpointName": desired.endpoint_name,
            "EndpointConfigName": desired.config_name,
            "Tags": tag_list(desired.tags),
        },
    )
    return Plan(
        reconciling(Reason.CREATING, f"creating the endpoint {desired.endpoint_name}"),
        (*create_revision(desired, given.observed), create),
        rollout=RolloutStatus(
            config_name=desired.config_name, attempt=desired.attempt(), phase="InProgress", started_at=given.now
        ),
        drift=_drift(given),
        endpoint_status="Creating",
    )


def _drift(given: Input) -> tuple[str, ...]:
    return ("the endpoint was deleted",) if was_converged(given.resource, given.desired.config_name) else ()
