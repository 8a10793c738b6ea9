"""Autoscaling snapshots: what is taken off for an update, kept as the calls that put it back should the update fail.

The spec cannot say how it was: a variant that the spec drops, or whose scaling it drops, keeps serving when AWS goes
back to the old config, and has to scale as before.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smendpoints.domain.desired import names
from smendpoints.domain.observed.observed import ObservedTarget
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smendpoints.domain.plan.scaling import identity_of, suspended_state

LONGEST = 16384
_POLICY = (
    "PolicyName",
    "PolicyType",
    "TargetTrackingScalingPolicyConfiguration",
    "StepScalingPolicyConfiguration",
)
_SCHEDULE = ("ScheduledActionName", "Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction")
_ALARM = (
    "AlarmName",
    "AlarmDescription",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Metrics",
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
)
_IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_KEYS = {
    Verb.REGISTER_TARGET.name: {*_IDENTITY, "MinCapacity", "MaxCapacity", "SuspendedState"},
    Verb.PUT_POLICY.name: {*_IDENTITY, *_POLICY},
    Verb.PUT_SCHEDULE.name: {*_IDENTITY, *_SCHEDULE},
    Verb.PUT_ALARM.name: {*_ALARM, "AlarmActions"},
}


def _only(found: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: found[key] for key in keys if found.get(key) is not None}


def _calls(target: ObservedTarget, alarms: Mapping[str, Mapping[str, Any]]) -> Iterator[Action]:
    identity = identity_of(target)
    bounds = {"MinCapacity": target.min_capacity, "MaxCapacity": target.max_capacity}
    suspended = {"SuspendedState": suspended_state(suspended=True)} if target.suspended else {}
    yield Action(Verb.REGISTER_TARGET, target.resource_id, {**identity, **bounds, **suspended})
    for name, policy in target.policies.items():
        yield Action(Verb.PUT_POLICY, f"{target.resource_id} {name}", {**identity, **_only(policy, _POLICY)})
        if policy["PolicyType"] != "StepScaling":
            continue  # AWS makes the alarms of the others itself
        for alarm_name, alarm in alarms.items():
            if policy["PolicyARN"] in alarm.get("AlarmActions", ()):
                params = {**_only(alarm, _ALARM), "AlarmActions": [PolicyARN(target.resource_id, name)]}
                yield Action(Verb.PUT_ALARM, alarm_name, params)
    for name, schedule in target.schedules.items():
        yield Action(Verb.PUT_SCHEDULE, f"{target.resource_id} {name}", {**identity, **_only(schedule, _SCHEDULE)})


def snapshot_of(target: ObservedTarget, alarms: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The calls that put the target back, as JSON; None if they are too long to be kept in the status."""

    def encode(value: Any) -> Any:
        return {"policyARN": [value.resource_id, value.policy]} if isinstance(value, PolicyARN) else str(value)

    calls = [[action.verb.name, action.target, action.params] for action in _calls(target, alarms)]
    text = json.dumps({"resourceID": target.resource_id, "calls": calls}, default=encode, separators=(",", ":"))
    return text if len(text) <= LONGEST else None


def _read(snapshot: str) -> tuple[str, list[Any]]:
    """The scalable target and the calls; nothing of what `snapshot_of` cannot have written."""

    def decode(found: dict[str, Any]) -> Any:
        arn = found.get("policyARN")
        return PolicyARN(str(arn[0]), str(arn[1])) if isinstance(arn, list) and len(arn) == len(found) + 1 else found

    try:
        read = json.loads(snapshot, object_hook=decode)
        return str(read["resourceID"]), [*read["calls"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", []


def resource_of(snapshot: str) -> str:
    """The scalable target that the calls are about; empty where they are none that `snapshot_of` kept."""
    return _read(snapshot)[0]


def restoring_calls(snapshot: str, endpoint: str) -> tuple[Action, ...]:
    """The calls of a snapshot, as far as they scale the endpoint: a status is no order to call anything else."""
    calls = [each for each in _read(snapshot)[1] if isinstance(each, list) and len(each) == 3]
    actions = (
        Action(Verb[verb], target, params)
        for verb, target, params in calls
        if isinstance(verb, str) and verb in _KEYS and isinstance(target, str) and isinstance(params, dict)
    )
    return tuple(each for each in actions if _scales(each, endpoint))


def _scales(action: Action, endpoint: str) -> bool:
    """Whether the call is one that `snapshot_of` makes of the scaling of the endpoint."""
    params, mine = action.params, names.resource_id(endpoint, "")
    if not params.keys() <= _KEYS[action.verb.name]:
        return False
    if action.verb is not Verb.PUT_ALARM:
        own = params.get("ServiceNamespace") == "sagemaker" and str(params.get("ResourceId")).startswith(mine)
        return own and action.target.partition(" ")[0] == params["ResourceId"]
    named = str(params.get("AlarmName"))
    sets_off = params.get("AlarmActions", ())
    return (
        action.target == named
        and named.startswith(names.alarm_prefix(endpoint))
        and isinstance(sets_off, list | tuple)
        and all(isinstance(each, PolicyARN) and each.resource_id.startswith(mine) for each in sets_off)
    )


def next_snapshots(
    past: Iterable[str],
    registered: Iterable[ObservedTarget],
    in_the_way: Iterable[ObservedTarget],
    alarms: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """The snapshots to keep now: of what an attempt before took off and is off still, and of what is about to be."""
    on = {target.resource_id for target in registered}
    still_off = [each for each in past if resource_of(each) not in on | {""}]
    return [*still_off, *(each for target in in_the_way if (each := snapshot_of(target, alarms)) is not None)]
