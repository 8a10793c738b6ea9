"""The plan for autoscaling: which targets, policies, schedules and alarms to put and to take away."""

from collections.abc import Iterator, Mapping
from typing import Any

from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.scaling import UNNAMED, DesiredTarget
from smendpoints.domain.observed.diff import covers
from smendpoints.domain.observed.observed import Json, ObservedTarget
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb

_IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def identity_of(target: ObservedTarget) -> dict[str, str]:
    """What names a scalable target in AWS's requests."""
    return dict(zip(_IDENTITY, ("sagemaker", target.resource_id, target.dimension), strict=True))


def deregister(target: ObservedTarget) -> Action:
    """Take a target off, with its policies and schedules."""
    return Action(Verb.DEREGISTER_TARGET, target.resource_id, identity_of(target))


def suspended_state(*, suspended: bool) -> dict[str, bool]:
    """All scaling of a target paused, or none."""
    return dict.fromkeys(
        ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), suspended
    )


def _bounds_fit(wanted: DesiredTarget, found: ObservedTarget) -> bool:
    """Whether the bounds are the spec's, or such as one of its schedules may have set."""
    actions = [schedule["ScalableTargetAction"] for schedule in wanted.schedules.values()]
    lows = {wanted.min_capacity, *(action["MinCapacity"] for action in actions if "MinCapacity" in action)}
    highs = {wanted.max_capacity, *(action["MaxCapacity"] for action in actions if "MaxCapacity" in action)}
    return found.min_capacity in lows and found.max_capacity in highs


def put_target(wanted: DesiredTarget, found: ObservedTarget | None) -> Iterator[Action]:
    """Its bounds, and whether it is suspended, as far as they differ."""
    if found is not None and _bounds_fit(wanted, found) and wanted.suspended == found.suspended:
        return
    params: dict[str, Any] = {
        **wanted.identity(),
        "MinCapacity": wanted.min_capacity,
        "MaxCapacity": wanted.max_capacity,
    }
    if wanted.suspended or found is not None:
        params["SuspendedState"] = suspended_state(suspended=wanted.suspended)
    yield Action(Verb.REGISTER_TARGET, wanted.resource_id, params)


def _put_policies(
    wanted: DesiredTarget, found: ObservedTarget | None, alarms: Mapping[str, Mapping[str, Any]]
) -> Iterator[Action]:
    policies = dict(found.policies) if found is not None else {}
    for name in _in_the_way(wanted, policies):
        del policies[name]
        yield Action(Verb.DELETE_POLICY, f"{wanted.resource_id} {name}", {**wanted.identity(), "PolicyName": name})
    for policy in wanted.policies:
        shown = policies.get(policy.name)
        put = shown is None or not covers(policy.request, shown, UNNAMED)
        if put:
            params = {**wanted.identity(), "PolicyName": policy.name, **policy.request}
            yield Action(Verb.PUT_POLICY, f"{wanted.resource_id} {policy.name}", params)
        if policy.alarm is not None:
            name = policy.alarm["AlarmName"]
            arn = shown["PolicyARN"] if shown is not None and not put else PolicyARN(wanted.resource_id, policy.name)
            alarm = {**policy.alarm, "AlarmActions": [arn]}
            if put or not covers(alarm, alarms.get(name), UNNAMED):
                yield Action(Verb.PUT_ALARM, name, alarm)


def _in_the_way(wanted: DesiredTarget, policies: Mapping[str, Json]) -> list[str]:
    """The policies that go before others are put: those that are not wanted, or not for what they follow.

    AWS takes no second target tracking policy for a metric, and no change of a policy's type under its name.
    """
    requests = {policy.name: policy.request for policy in wanted.policies}
    return sorted(
        name
        for name, shown in policies.items()
        if name not in requests or not covers(_follows(requests[name]), _follows(shown), UNNAMED)
    )


def _follows(policy: Json) -> Json:
    """A policy's type, and the metric that a target tracking policy keeps near its target."""
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration", {})
    metrics = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
    return {"PolicyType": policy["PolicyType"], **{key: tracking.get(key) for key in metrics}}


def _put_schedules(wanted: DesiredTarget, found: ObservedTarget | None) -> Iterator[Action]:
    schedules = found.schedules if found is not None else {}
    for name, request in wanted.schedules.items():
        shown = schedules.get(name, {})
        if covers(request, shown, UNNAMED):
            continue
        identity = {**wanted.identity(), "ScheduledActionName": name}
        if "Timezone" in shown and "Timezone" not in request:  # AWS keeps it where the schedule is put without one
            yield Action(Verb.DELETE_SCHEDULE, f"{wanted.resource_id} {name}", identity)
        yield Action(Verb.PUT_SCHEDULE, f"{wanted.resource_id} {name}", {**identity, **request})
    for name in sorted(schedules.keys() - wanted.schedules.keys()):
        params = {**wanted.identity(), "ScheduledActionName": name}
        yield Action(Verb.DELETE_SCHEDULE, f"{wanted.resource_id} {name}", params)


def unwanted_targets(desired: Desired, observed: tuple[ObservedTarget, ...]) -> tuple[ObservedTarget, ...]:
    """Targets of variants that no longer scale, or scale by another dimension."""
    wanted = {(target.resource_id, target.dimension) for target in desired.targets}
    return tuple(target for target in observed if (target.resource_id, target.dimension) not in wanted)


def plan_scaling(
    desired: Desired, observed: tuple[ObservedTarget, ...], alarms: Mapping[str, Mapping[str, Any]]
) -> tuple[Action, ...]:
    """What autoscaling lacks, and what it has too much of; nothing when it matches the spec."""
    found = {(target.resource_id, target.dimension): target for target in observed}
    actions: list[Action] = [deregister(target) for target in unwanted_targets(desired, observed)]
    wanted_alarms = set()
    for target in desired.targets:
        shown = found.get((target.resource_id, target.dimension))
        actions += put_target(target, shown)
        actions += _put_policies(target, shown, alarms)
        actions += _put_schedules(target, shown)
        wanted_alarms |= {policy.alarm["AlarmName"] for policy in target.policies if policy.alarm is not None}
    stale = sorted(alarms.keys() - wanted_alarms)  # the alarms of a rollout go when it is over
    if stale:
        actions.append(Action(Verb.DELETE_ALARMS, ", ".join(stale), {"AlarmNames": stale}))
    return tuple(actions)
