"""The plan: from what the spec wants and what AWS says to the next calls. A pure function.

One reconcile makes at most one change that leaves the endpoint busy; then AWS is looked at again.

    no endpoint ───> create ───> Creating ───> InService ───> in place: weights, counts, scaling, tags
                        ^            │             │  ^
                        └─ delete <─ Failed        │  └── Updating <── (memory first) new revision
                                                   └────> rolled back: stuck until the spec changes
"""

from dataclasses import replace
from datetime import datetime, timedelta

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import RolloutStatus
from smendpoints.domain.desired.desired import Desired, tag_list
from smendpoints.domain.desired.office_hours import next_change, wants_running
from smendpoints.domain.desired.ownership import ADOPTABLE_BY, is_owned, told_owner
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.busy import plan_busy
from smendpoints.domain.plan.convergence import was_converged
from smendpoints.domain.plan.deletion import IN_PROGRESS, plan_endpoint_removal
from smendpoints.domain.plan.garbage import collect_garbage
from smendpoints.domain.plan.progress import NOTHING_UNDER_WAY
from smendpoints.domain.plan.rollout import failed_rollout, may_try_again, plan_rollout, retry_after
from smendpoints.domain.plan.scaling import deregister, plan_scaling, unwanted_targets
from smendpoints.domain.plan.update import (
    changes_in_place,
    create_revision,
    describe_in_place,
    describe_tags,
    restore,
    tag_changes,
    weights_and_capacities,
)
from smendpoints.domain.plan.verdict import Plan, Requeue, later, ready, reconciling, stalled, suspended
from smendpoints.domain.reasons import Reason

_LENT_LATER = 300.0  # seconds; no listing tells of tags on what is not ours
_CAPACITY_WAIT = timedelta(minutes=5)
_MIXED = (
    "AWS could neither finish nor undo a rolling update, and serves old and new mixed; only another config leads out: "
    "edit the spec, if only an environment variable"
)
_BROKEN = {
    "OutOfService": (Reason.OUT_OF_SERVICE, "AWS has taken the endpoint out of service"),
    "UpdateRollbackFailed": (Reason.ENDPOINT_FAILED, _MIXED),
}


def plan(resource: SageMakerEndpoint, desired: Desired, observed: Observed, now: datetime) -> Plan:
    """What to do next, and what to tell meanwhile."""
    endpoint = observed.endpoint
    if endpoint is None:
        return _plan_absent(resource, desired, observed, now)
    if not desired.owner.owns(endpoint.tags):
        return _plan_foreign(resource, desired, observed, endpoint, now)
    if resource.spec.suspend:
        message = f"suspended: the endpoint is {endpoint.status} and is only watched"
        as_wanted = (
            endpoint.status == "InService"
            and (endpoint.config_name == desired.config_name or observed.equivalent)
            and not changes_in_place(desired, endpoint)
        )
        verdict = ready if as_wanted else suspended
        return Plan(verdict(Reason.SUSPENDED, message), requeue=Requeue.STEADY, rollout=resource.status.rollout)
    match endpoint.status:
        case "Deleting":
            reason = Reason.DELETING if wants_running(resource.spec, now) else Reason.STOPPING
            return plan_endpoint_removal(endpoint, observed, reason)
        case "Failed":
            return _plan_failed(resource, desired, observed, endpoint, now)
        case status if status in IN_PROGRESS:
            return plan_busy(resource, desired, observed, endpoint, now)
        case _:
            return _plan_settled(resource, desired, observed, endpoint, now)


def _plan_absent(resource: SageMakerEndpoint, desired: Desired, observed: Observed, now: datetime) -> Plan:
    spec = resource.spec
    stopped = not wants_running(spec, now)
    if spec.suspend:
        message = "suspended: the endpoint does not exist"
        if stopped:
            return Plan(ready(Reason.SUSPENDED, message), requeue=Requeue.STEADY, endpoint_status="Stopped")
        return Plan(suspended(Reason.SUSPENDED, message), requeue=Requeue.STEADY)
    if stopped:
        opens = next_change(spec, now)
        message = "stopped as desiredState says; Running restores it"
        if opens is not None:
            message = f"stopped outside of its office hours; starts at {opens.isoformat()}"
        return Plan(ready(Reason.STOPPED, message), requeue=Requeue.STEADY, endpoint_status="Stopped")
    drift = ("the endpoint was deleted",) if was_converged(resource, desired.config_name) else ()
    if drift and spec.drift_policy == "Report":
        message = f"the endpoint {desired.endpoint_name} was deleted in AWS; driftPolicy is Report"
        return Plan(
            stalled(Reason.DRIFT_FOUND, message), requeue=Requeue.STEADY, drift=drift, endpoint_status="NotFound"
        )
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
        (*create_revision(desired, observed), create),
        rollout=RolloutStatus(
            config_name=desired.config_name, attempt=desired.attempt(), phase="InProgress", started_at=now
        ),
        drift=drift,
        endpoint_status="Creating",
    )


def _plan_foreign(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, endpoint: ObservedEndpoint, now: datetime
) -> Plan:
    """Somebody else's endpoint: left alone; taken over if the spec says so, nobody owns it, and it may be."""
    owned = is_owned(endpoint.tags)
    lent = endpoint.tags.get(ADOPTABLE_BY) == desired.owner.namespace
    if resource.spec.adopt_existing and not owned and desired.adoption_refused is not None and not lent:
        message = f"an endpoint named {endpoint.name} exists and is left alone: {desired.adoption_refused}"
        return Plan(stalled(Reason.POLICY_VIOLATION, message), requeue=_LENT_LATER)
    if resource.spec.adopt_existing and not owned:
        if resource.spec.suspend:
            return _preview_adoption(resource, desired, observed, endpoint, now)
        tags = tag_list(desired.owner.tags())
        # The endpoint comes last: as long as it is nobody's, the adoption begins anew.
        adopt = tuple(
            Action(Verb.ADD_TAGS, arn.rpartition("/")[2], {"ResourceArn": arn, "Tags": tags})
            for arn in (*observed.unowned, endpoint.arn)
        )
        return Plan(
            reconciling(Reason.ADOPTED, f"taking over the endpoint {endpoint.name}"), adopt, requeue=Requeue.NOW
        )
    whose = "it carries no tags of an owner"
    advice = "recreate this object with another spec.endpointName"
    if owned:
        whose = f"it belongs to {told_owner(endpoint.tags, desired.owner.tags())}"
    else:
        advice = f"set spec.adoptExisting to take it over, or {advice}"
    message = f"an endpoint named {endpoint.name} exists and is left alone: {whose}; {advice}"
    return Plan(stalled(Reason.NOT_OWNED, message), requeue=Requeue.STEADY)


def _preview_adoption(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, endpoint: ObservedEndpoint, now: datetime
) -> Plan:
    """A dry run: with `suspend`, say what taking the endpoint over would change."""
    ours = replace(endpoint, tags={**endpoint.tags, **desired.owner.tags()})
    running = resource.model_copy(update={"spec": resource.spec.model_copy(update={"suspend": False})})
    then = plan(running, desired, replace(observed, endpoint=ours), now)
    steps = [action.in_words() for action in then.actions]
    would = "; ".join(part for part in (then.changes, *steps) if part) or "change nothing"
    message = f"dry run, as the object is suspended: would take over {endpoint.name}, then {would}"
    return Plan(suspended(Reason.SUSPENDED, message[:2048]), requeue=Requeue.STEADY)


def _plan_failed(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, endpoint: ObservedEndpoint, now: datetime
) -> Plan:
    """A Failed endpoint can only be deleted; that happens when the spec changes, or when trying again makes sense."""
    reason = endpoint.failure_reason or "AWS gives no reason"
    if not wants_running(resource.spec, now):
        return plan_endpoint_removal(endpoint, observed, Reason.STOPPING)
    past = resource.status.rollout
    failed_config = endpoint.config_name or (past.config_name if past is not None else None)
    asked_again = past is not None and past.attempt is not None and past.attempt != desired.attempt()
    if failed_config != desired.config_name or asked_again:
        return plan_endpoint_removal(endpoint, observed, Reason.CREATING)
    rollout = failed_rollout(resource, desired, endpoint, now, reason)
    if may_try_again(reason):
        wait = retry_after(resource, desired) - (now - endpoint.modified_at)
        if wait <= timedelta(0):
            return replace(plan_endpoint_removal(endpoint, observed, Reason.CREATING), rollout=rollout)
        verdict, requeue = later(Reason.CAPACITY_SHORTAGE, reason, wait)
        return Plan(verdict, requeue=requeue, rollout=rollout)
    return Plan(stalled(Reason.CREATE_FAILED, reason), requeue=Requeue.STEADY, rollout=rollout)


def _plan_settled(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, endpoint: ObservedEndpoint, now: datetime
) -> Plan:
    if not wants_running(resource.spec, now):
        return plan_endpoint_removal(endpoint, observed, Reason.STOPPING)
    if endpoint.config_name == desired.config_name or observed.equivalent:
        if endpoint.status in _BROKEN:
            reason, meaning = _BROKEN[endpoint.status]
            message = f"{meaning}: {endpoint.failure_reason or 'AWS gives no reason'}"
            return Plan(stalled(reason, message), requeue=Requeue.STEADY, rollout=resource.status.rollout)
        return _plan_live(resource, desired, observed, endpoint, now)
    return plan_rollout(resource, desired, observed, endpoint, now)


def _plan_live(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, endpoint: ObservedEndpoint, now: datetime
) -> Plan:
    """The desired config is in service: what is left changes in place."""
    past = resource.status.rollout
    live = endpoint.config_name or desired.config_name
    if past is None or past.config_name != live:
        past = RolloutStatus(config_name=live, attempt=desired.attempt(), phase="Succeeded", started_at=now)
    rollout = past.model_copy(
        update={"phase": "Succeeded", "message": None, "autoscaling_snapshot": [], **NOTHING_UNDER_WAY}
    )
    in_place = changes_in_place(desired, endpoint)
    kept_tags = resource.status.endpoint.tag_keys if resource.status.endpoint is not None else []
    tags = tag_changes(desired, endpoint, kept_tags)
    targets = observed.targets or ()
    scaling = plan_scaling(desired, targets, observed.alarms) if observed.targets is not None else ()
    lost = restore(desired, observed.missing)
    drift: tuple[str, ...] = ()
    if was_converged(resource, live):
        drift = tuple(f"{action.target} was deleted" for action in lost)
        drift += (*describe_in_place(in_place, endpoint), *(f"tags: {describe_tags(action)}" for action in tags))
        drift += tuple(f"autoscaling: {action.in_words()}" for action in scaling)
        if drift and resource.spec.drift_policy == "Report":
            message = "in service; AWS differs from the spec: " + "; ".join(drift)
            return Plan(ready(Reason.IN_SERVICE, message), requeue=Requeue.STEADY, rollout=rollout, drift=drift)
    lacking = in_place and any("DesiredInstanceCount" in entry for entry in weights_and_capacities(in_place[0]))
    if lacking and may_try_again(endpoint.failure_reason):
        wait = _CAPACITY_WAIT - (now - endpoint.modified_at)
        if wait > timedelta(0):
            what = "; ".join(describe_in_place(in_place, endpoint))
            verdict, requeue = later(Reason.CAPACITY_SHORTAGE, f"{what}: {endpoint.failure_reason}", wait)
            return Plan(verdict, (*lost, *tags, *scaling), requeue=requeue, rollout=rollout, drift=drift)
    if in_place:
        off = tuple(deregister(target) for target in unwanted_targets(desired, targets))
        message = "changing in place: " + "; ".join(describe_in_place(in_place, endpoint))
        return Plan(
            reconciling(Reason.SCALING, message),
            (*lost, *tags, *off, in_place[0]),
            rollout=rollout,
            drift=drift,
            endpoint_status="Updating",
        )
    garbage: tuple[Action, ...] = ()
    if observed.owned_resources is not None:
        limit = resource.spec.revision_history_limit
        garbage = collect_garbage(desired, endpoint, observed.owned_resources, resource.status.history, limit)
    return Plan(
        ready(Reason.IN_SERVICE, f"in service with {live}"),
        (*lost, *tags, *scaling, *garbage),
        requeue=Requeue.STEADY,
        rollout=rollout,
        drift=drift,
        garbage_collected=observed.owned_resources is not None,
    )
