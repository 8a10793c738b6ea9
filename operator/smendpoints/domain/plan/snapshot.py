"""Autoscaling snapshots: what is taken off for an update, kept until it is known that it need not be put back.

The spec cannot say how it was: a variant that the spec drops, or whose scaling it drops, keeps serving when AWS goes
back to the old config, and has to scale as before.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smendpoints.api.snapshot import (
    AlarmSnapshot,
    AutoscalingSnapshot,
    PolicySnapshot,
    ScheduleSnapshot,
    policy_of,
    schedule_of,
)
from smendpoints.domain.desired import names
from smendpoints.domain.observed.monitoring import JUDGED_BY
from smendpoints.domain.observed.observed import ObservedTarget
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smendpoints.domain.plan.scaling import suspended_state

POLICY_TYPES = ("TargetTrackingScaling", "StepScaling")
LONGEST = 16384  # bytes, as JSON
_ALARM = ("AlarmDescription", *JUDGED_BY)


def snapshot_of(target: ObservedTarget, alarms: Mapping[str, Mapping[str, Any]]) -> AutoscalingSnapshot | None:
    """How the target scales; None if that is too long to be kept in the status."""
    found = {
        "variant": names.variant_of(target.resource_id),
        "dimension": target.dimension,
        "minCapacity": target.min_capacity,
        "maxCapacity": target.max_capacity,
        "suspended": bool(target.suspended),
        "policies": [
            policy_of(policy, _alarms_of(policy, alarms))
            for policy in target.policies.values()
            if policy["PolicyType"] in POLICY_TYPES
        ],
        "schedules": [schedule_of(schedule) for schedule in target.schedules.values()],
    }
    text = json.dumps(found, default=str)
    return AutoscalingSnapshot.model_validate_json(text) if len(text) <= LONGEST else None


def _alarms_of(policy: Mapping[str, Any], alarms: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those that set off step scaling; AWS makes those of target tracking itself."""
    if policy["PolicyType"] != "StepScaling":
        return []
    mine = (alarm for alarm in alarms.values() if policy["PolicyARN"] in alarm.get("AlarmActions", ()))
    return [{"name": alarm["AlarmName"], "settings": _only(alarm, _ALARM)} for alarm in mine]


def restoring_calls(snapshot: AutoscalingSnapshot, endpoint: str) -> tuple[Action, ...]:
    """The calls that put it back. Whoever wrote the status, they scale this endpoint and touch nothing else."""
    return tuple(_calls(snapshot, endpoint))


def _calls(snapshot: AutoscalingSnapshot, endpoint: str) -> Iterator[Action]:
    resource_id = names.resource_id(endpoint, snapshot.variant)
    identity = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id,
        "ScalableDimension": snapshot.dimension,
    }
    bounds = {"MinCapacity": snapshot.min_capacity, "MaxCapacity": snapshot.max_capacity}
    suspended = {"SuspendedState": suspended_state(suspended=True)} if snapshot.suspended else {}
    yield Action(Verb.REGISTER_TARGET, resource_id, {**identity, **bounds, **suspended})
    for policy in snapshot.policies:
        yield _put_policy(policy, identity)
        yield from _put_alarms(policy, resource_id, endpoint)
    for schedule in snapshot.schedules:
        yield _put_schedule(schedule, identity)


def _put_policy(policy: PolicySnapshot, identity: Mapping[str, str]) -> Action:
    what = {"PolicyName": policy.name, "PolicyType": policy.type}
    what[f"{policy.type}PolicyConfiguration"] = policy.configuration  # type: ignore[assignment]
    return Action(Verb.PUT_POLICY, f"{identity['ResourceId']} {policy.name}", {**identity, **what})


def _put_alarms(policy: PolicySnapshot, resource_id: str, endpoint: str) -> Iterator[Action]:
    mine: Iterable[AlarmSnapshot] = (
        alarm for alarm in policy.alarms if alarm.name.startswith(names.alarm_prefix(endpoint))
    )
    for alarm in mine:
        what = {"AlarmName": alarm.name, "AlarmActions": [PolicyARN(resource_id, policy.name)]}
        yield Action(Verb.PUT_ALARM, alarm.name, {**_only(alarm.settings, _ALARM), **what})


def _put_schedule(schedule: ScheduleSnapshot, identity: Mapping[str, str]) -> Action:
    bounds = {"MinCapacity": schedule.min_capacity, "MaxCapacity": schedule.max_capacity}
    what = {
        "ScheduledActionName": schedule.name,
        "Schedule": schedule.schedule,
        "Timezone": schedule.time_zone,
        "StartTime": schedule.start_time,
        "EndTime": schedule.end_time,
        "ScalableTargetAction": _only(bounds, bounds),
    }
    return Action(Verb.PUT_SCHEDULE, f"{identity['ResourceId']} {schedule.name}", {**identity, **_only(what, what)})


def _only(found: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: found[key] for key in keys if found.get(key) is not None}


def next_snapshots(
    past: Iterable[AutoscalingSnapshot],
    registered: Iterable[ObservedTarget],
    in_the_way: Iterable[ObservedTarget],
    alarms: Mapping[str, Mapping[str, Any]],
) -> list[AutoscalingSnapshot]:
    """The snapshots to keep now: of what an attempt before took off and is off still, and of what is about to be."""
    on = {names.variant_of(target.resource_id) for target in registered}
    still_off = [each for each in past if each.variant not in on]
    return [*still_off, *(each for target in in_the_way if (each := snapshot_of(target, alarms)) is not None)]
