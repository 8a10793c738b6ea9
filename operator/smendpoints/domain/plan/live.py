"""The rules for an endpoint that serves the desired config, in the order in which they are asked: the rest is in place.

What AWS lacks is worked out once (`Differences`); the rules say how much of it is done now, and what is told.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.plan.attempts import recorded_attempt
from smendpoints.domain.plan.convergence import owned_weights, was_converged, weights_were_there
from smendpoints.domain.plan.garbage import garbage
from smendpoints.domain.plan.in_place import (
    changes_in_place,
    describe_in_place,
    describe_only_by_update,
    weights_and_capacities,
    weights_apart,
)
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.judging import closed
from smendpoints.domain.plan.progress import NOTHING_UNDER_WAY
from smendpoints.domain.plan.scaling import deregister, plan_scaling, unwanted_targets
from smendpoints.domain.plan.tags import tag_changes
from smendpoints.domain.plan.turns import Turns, turns
from smendpoints.domain.plan.update import restore
from smendpoints.domain.plan.verdict import Plan, Requeue, later, ready, reconciling, stalled
from smendpoints.domain.plan.wording import NO_REASON
from smendpoints.domain.plan.words import describe
from smendpoints.domain.reasons import Reason

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

    `restored` are models and the config deleted under the endpoint; `off` is what of `scaling` goes before anything
    changes in place. Only the first `in_place` can be made: each leaves the endpoint busy. `only_by_update` tells of
    what no call puts right before there is a new revision.
    """

    restored: tuple[Action, ...] = ()
    tags: tuple[Action, ...] = ()
    scaling: tuple[Action, ...] = ()
    off: tuple[Action, ...] = ()
    in_place: tuple[Action, ...] = ()
    only_by_update: tuple[str, ...] = ()

    def traffic_apart(self, variants: Collection[str]) -> tuple["Differences", "Differences"]:
        """The weights of these variants, and all else."""
        weights, others = weights_apart(self.in_place, variants)
        return Differences(in_place=weights), replace(self, in_place=others)

    def in_words(self, endpoint: ObservedEndpoint, observed: Observed) -> tuple[str, ...]:
        """What differs, from what is to what is wanted."""
        return (
            *(f"{action.target} was deleted" for action in self.restored),
            *describe_in_place(self.in_place, endpoint),
            *self.only_by_update,
            *describe((*self.tags, *self.scaling), observed),
        )


NO_DIFFERENCE = Differences()


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
    drifted = NO_DIFFERENCE
    if was_converged(given.resource, _config(given, endpoint)):
        if weights_were_there(given.resource):
            drifted = found
        elif given.spec.drift_policy == "Report":  # weights of experiments are work left, all else was there before
            found, drifted = found.traffic_apart(owned_weights(given.resource))
    drift = drifted.in_words(endpoint, given.observed)
    now = turns(given, endpoint, found.in_place)
    reported = _drift_reported(given, drift)
    todo = (
        (reported if drifted is found else None)
        or _changed_in_place(endpoint, found, now)
        or _taken_back(given, endpoint, found, now)
        or reported
        or _in_service(given, endpoint, found)
    )
    return replace(todo, rollout=_succeeded(given, endpoint), drift=drift, turns=now, apart=True)


def _config(given: Input, endpoint: ObservedEndpoint) -> str:
    return endpoint.config_name or given.desired.config_name


def _differences(given: Input, endpoint: ObservedEndpoint) -> Differences:
    desired, observed = given.desired, given.observed
    return Differences(
        restored=tuple(restore(desired, observed.missing)),
        tags=tag_changes(given, endpoint),
        scaling=plan_scaling(desired, observed.targets, observed.alarms) if observed.targets is not None else (),
        off=tuple(deregister(target) for target in unwanted_targets(desired, observed.targets or ())),
        in_place=changes_in_place(desired, endpoint),
        only_by_update=describe_only_by_update(desired, endpoint),
    )


def _succeeded(given: Input, endpoint: ObservedEndpoint) -> RolloutStatus:
    """The attempt that brought the config into service, over and done with."""
    config, past = _config(given, endpoint), given.recorded.rollout
    nothing: dict[str, Any] = {"message": None, "autoscaling_snapshot": [], "abort_alarm": None, "undone_by": None}
    over = {"phase": "Succeeded", **nothing, **NOTHING_UNDER_WAY}
    if past is None or past.config_name != config:  # a FailureReason of now is that of another attempt
        over["endpoint_modified_at"] = endpoint.modified_at
    attempt = recorded_attempt(given, config)
    return attempt.model_copy(update={**over, "analysis": closed(attempt.analysis)})


def _drift_reported(given: Input, drift: tuple[str, ...]) -> Plan | None:
    """`driftPolicy: Report` tells of out-of-band changes, and undoes none."""
    if not drift or given.spec.drift_policy != "Report":
        return None
    message = "in service; AWS differs from the spec: " + "; ".join(drift)
    return Plan(ready(Reason.IN_SERVICE, message), requeue=Requeue.STEADY)


def _reason_of(change: Action) -> Reason:
    """Weights move traffic; instances and concurrency are scaled. No call does both."""
    return Reason.SHIFTING if "DesiredWeight" in weights_and_capacities(change)[0] else Reason.SCALING


def _changed_in_place(endpoint: ObservedEndpoint, found: Differences, now: Turns) -> Plan | None:
    """Weights, counts or concurrency; autoscaling that is to go goes first, the rest of it is put right afterwards."""
    if now.begins:
        message = "waiting for AWS to begin with: " + "; ".join(describe_in_place(found.in_place, endpoint))
        return Plan(reconciling(_reason_of(found.in_place[0]), message), (*found.restored, *found.tags))
    if now.next is None:
        return None
    message = "changing in place: " + "; ".join(describe_in_place(found.in_place, endpoint))
    return Plan(
        reconciling(_reason_of(now.next), message),
        (*found.restored, *found.tags, *found.off, now.next),
        endpoint_status="Updating",
    )


def _taken_back(given: Input, endpoint: ObservedEndpoint, found: Differences, now: Turns) -> Plan | None:
    """AWS accepted a change and went back: it is asked for again after a while, longer each time; all else is done."""
    if not now.taken_back:
        return None
    if now.may_work_later():
        verdict, requeue = later(Reason.CAPACITY_SHORTAGE, now.told(endpoint), now.wait, given.now)
    else:
        verdict = stalled(Reason.CHANGE_FAILED, f"{now.told(endpoint)}; it is tried again less and less often")
        requeue = max(1.0, now.wait.total_seconds())
    return Plan(verdict, (*found.restored, *found.tags, *found.scaling), requeue=requeue)


def _in_service(given: Input, endpoint: ObservedEndpoint, found: Differences) -> Plan:
    """As the spec says; configs and models that nobody needs any more go."""
    traffic = given.resource.traffic
    owned = f"; SageMakerExperiment {traffic.experiment} splits the traffic" if traffic is not None else ""
    return Plan(
        ready(Reason.IN_SERVICE, f"in service with {_config(given, endpoint)}{owned}"),
        (*found.restored, *found.tags, *found.scaling, *garbage(given)),
        requeue=Requeue.STEADY,
        garbage_collected=given.observed.owned_resources is not None,
    )
