"""The rules for an endpoint that serves the desired config, in the order in which they are asked: the rest is in place.

What AWS lacks is worked out once (`Differences`); the rules say how much of it is done now, and what is told.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from smendpoints.api.status import RolloutStatus
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.plan.attempts import recorded_attempt
from smendpoints.domain.plan.convergence import was_converged
from smendpoints.domain.plan.garbage import collect_garbage
from smendpoints.domain.plan.in_place import (
    changes_in_place,
    describe_in_place,
    describe_only_by_update,
    describe_tags,
    tag_changes,
    weights_and_capacities,
)
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.progress import NOTHING_UNDER_WAY
from smendpoints.domain.plan.scaling import deregister, plan_scaling, unwanted_targets
from smendpoints.domain.plan.update import restore
from smendpoints.domain.plan.verdict import Plan, Requeue, later, ready, reconciling, stalled
from smendpoints.domain.plan.wording import NO_REASON, may_try_again
from smendpoints.domain.reasons import Reason

_CAPACITY_WAIT = timedelta(minutes=5)
_MIXED = (
    "AWS could neither finish nor undo a rolling update, and serves old and new mixed; only another config leads out: "
    "edit the spec, if only an environment variable"
)
_BROKEN = {
    "OutOfService": (Reason.OUT_OF_SERVICE, "AWS has taken the endpoint out of service"),
    "UpdateRollbackFailed": (Reason.ENDPOINT_FAILED, _MIXED),
}


@dataclass(frozen=True)
class Differences:
    """What AWS lacks or has too much of beside the config in service, as the calls that put it right.

    `restored` are models and the config deleted under the endpoint. Only the first `in_place` can be made: each leaves
    the endpoint busy. `only_by_update` tells of what no call puts right before there is a new revision.
    """

    restored: tuple[Action, ...]
    tags: tuple[Action, ...]
    scaling: tuple[Action, ...]
    in_place: tuple[Action, ...]
    only_by_update: tuple[str, ...]

    def in_words(self, endpoint: ObservedEndpoint) -> tuple[str, ...]:
        """What differs, for people."""
        return (
            *(f"{action.target} was deleted" for action in self.restored),
            *describe_in_place(self.in_place, endpoint),
            *self.only_by_update,
            *(f"tags: {describe_tags(action)}" for action in self.tags),
            *(f"autoscaling: {action.in_words()}" for action in self.scaling),
        )

    def lack_instances(self) -> bool:
        """Whether the change that is next sets a number of instances."""
        return bool(self.in_place) and any(
            "DesiredInstanceCount" in entry for entry in weights_and_capacities(self.in_place[0])
        )


def broken(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """AWS serves the desired config no longer, or in part, and nothing but another config helps."""
    if not given.serves_wanted(endpoint) or endpoint.status not in _BROKEN:
        return None
    reason, meaning = _BROKEN[endpoint.status]
    message = f"{meaning}: {endpoint.failure_reason or NO_REASON}"
    return Plan(stalled(reason, message), requeue=Requeue.STEADY, rollout=given.recorded.rollout)


def live(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """The desired config is in service: what is only told comes first, then what waits, then what changes in place."""
    if not given.serves_wanted(endpoint):
        return None
    found = _differences(given, endpoint)
    drift = found.in_words(endpoint) if was_converged(given.resource, _config(given, endpoint)) else ()
    todo = (
        _drift_reported(given, drift)
        or _capacity_awaited(given, endpoint, found)
        or _changed_in_place(given, endpoint, found)
        or _in_service(given, endpoint, found)
    )
    return replace(todo, rollout=_succeeded(given, endpoint), drift=drift, apart=True)


def _config(given: Input, endpoint: ObservedEndpoint) -> str:
    return endpoint.config_name or given.desired.config_name


def _differences(given: Input, endpoint: ObservedEndpoint) -> Differences:
    desired, observed = given.desired, given.observed
    return Differences(
        restored=tuple(restore(desired, observed.missing)),
        tags=tuple(tag_changes(desired, endpoint, given.tag_keys)),
        scaling=plan_scaling(desired, observed.targets, observed.alarms) if observed.targets is not None else (),
        in_place=changes_in_place(desired, endpoint),
        only_by_update=describe_only_by_update(desired, endpoint),
    )


def _succeeded(given: Input, endpoint: ObservedEndpoint) -> RolloutStatus:
    """The attempt that brought the config into service, over and done with."""
    over = {"phase": "Succeeded", "message": None, "autoscaling_snapshot": [], **NOTHING_UNDER_WAY}
    return recorded_attempt(given, _config(given, endpoint)).model_copy(update=over)


def _drift_reported(given: Input, drift: tuple[str, ...]) -> Plan | None:
    """`driftPolicy: Report` tells of out-of-band changes, and undoes none."""
    if not drift or given.spec.drift_policy != "Report":
        return None
    message = "in service; AWS differs from the spec: " + "; ".join(drift)
    return Plan(ready(Reason.IN_SERVICE, message), requeue=Requeue.STEADY)


def _capacity_awaited(given: Input, endpoint: ObservedEndpoint, found: Differences) -> Plan | None:
    """AWS had no room for the instances when last asked: it is asked again after a while; all else is done."""
    if not found.lack_instances() or not may_try_again(endpoint.failure_reason):
        return None
    wait = _CAPACITY_WAIT - (given.now - endpoint.modified_at)
    if wait <= timedelta(0):
        return None
    what = "; ".join(describe_in_place(found.in_place, endpoint))
    verdict, requeue = later(Reason.CAPACITY_SHORTAGE, f"{what}: {endpoint.failure_reason}", wait)
    return Plan(verdict, (*found.restored, *found.tags, *found.scaling), requeue=requeue)


def _changed_in_place(given: Input, endpoint: ObservedEndpoint, found: Differences) -> Plan | None:
    """Weights, counts or concurrency; autoscaling that is to go goes first, the rest of it is put right afterwards."""
    if not found.in_place:
        return None
    off = (deregister(target) for target in unwanted_targets(given.desired, given.observed.targets or ()))
    message = "changing in place: " + "; ".join(describe_in_place(found.in_place, endpoint))
    return Plan(
        reconciling(Reason.SCALING, message),
        (*found.restored, *found.tags, *off, found.in_place[0]),
        endpoint_status="Updating",
    )


def _in_service(given: Input, endpoint: ObservedEndpoint, found: Differences) -> Plan:
    """As the spec says; configs and models that nobody needs any more go."""
    return Plan(
        ready(Reason.IN_SERVICE, f"in service with {_config(given, endpoint)}"),
        (*found.restored, *found.tags, *found.scaling, *_garbage(given, endpoint)),
        requeue=Requeue.STEADY,
        garbage_collected=given.observed.owned_resources is not None,
    )


def _garbage(given: Input, endpoint: ObservedEndpoint) -> tuple[Action, ...]:
    owned = given.observed.owned_resources
    if owned is None:
        return ()
    history, limit = given.recorded.history, given.spec.revision_history_limit
    return collect_garbage(given.desired, endpoint, owned, history, limit)
