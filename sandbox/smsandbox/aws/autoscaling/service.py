"""The API of Application Auto Scaling, for the namespace `sagemaker`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws.autoscaling import decisions, predefined, schedules
from smsandbox.aws.autoscaling.records import Policy, Schedule, Target, TargetKey
from smsandbox.aws.autoscaling.registry import Registry
from smsandbox.aws.autoscaling.resource import Resources, check_names, service_role
from smsandbox.aws.autoscaling.scaler import Scaler
from smsandbox.aws.errors import AwsError, validation
from smsandbox.aws.paging import page
from smsandbox.aws.service import Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsandbox.aws.alarms import AlarmBook
    from smsandbox.aws.context import Context
    from smsandbox.aws.world import World

Params = dict[str, Any]

MAX_POLICIES, MAX_SCHEDULES, MAX_STEPS, MAX_TAGS = 50, 200, 20, 50
_SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


class AutoScalingService(Service):
    """Targets, policies, scheduled actions, activities, tags; and the Targets port of SageMaker."""

    service_name: ClassVar[str] = "application-autoscaling"

    def __init__(self, world: World, book: AlarmBook) -> None:
        self._world = world
        self._book = book
        self._registry = Registry(world)
        self._resources = Resources(world)
        self._scaler = Scaler(world, self._registry, self._resources, book)
        book.act = self._scaler.on_alarm

    # the Targets port

    def registered(self, ctx: Context, endpoint: str, variant: str) -> bool:
        """Whether any dimension of the variant is a scalable target."""
        resource_id = f"endpoint/{endpoint}/variant/{variant}"
        return any(target.key.resource_id == resource_id for target in self._registry.of(ctx.account, ctx.region))

    def deregister_all(self, ctx: Context, endpoint: str) -> None:
        """Deregister every target of an endpoint."""
        for target in list(self._registry.of(ctx.account, ctx.region)):
            if target.key.resource_id.startswith(f"endpoint/{endpoint}/variant/"):
                self._drop(target)

    # targets

    def register_scalable_target(self, ctx: Context, params: Params) -> Params:
        key = _key(ctx, params)
        target = self._registry.targets.get(key)
        if target is None:
            target = self._new_target(key, params)
        else:
            self._change_target(target, params)
        for name in _SUSPENSIONS:
            target.suspended[name] = params.get("SuspendedState", {}).get(name, target.suspended[name])
        self._scaler.enforce_bounds(target)
        return {"ScalableTargetARN": target.arn}

    def _new_target(self, key: TargetKey, params: Params) -> Target:
        if "MinCapacity" not in params or "MaxCapacity" not in params:
            raise validation("MinCapacity and MaxCapacity must be specified to register a new scalable target.")
        _check_bounds(params["MinCapacity"], params["MaxCapacity"])
        self._resources.check(key)
        quota = self._world.settings.options.scalable_target_quota
        if sum(1 for _ in self._registry.of(key.account, key.region)) >= quota:
            raise _limit(f"Number of scalable targets for service namespace sagemaker can't exceed {quota}.")
        suffix = self._registry.new_id().replace("-", "")
        arn = f"arn:aws:application-autoscaling:{key.region}:{key.account}:scalable-target/0{suffix}abc"
        role = params.get("RoleARN") or service_role(key.account)
        tags = params.get("Tags") or {}
        _check_tags(tags)
        target = Target(
            key, arn, params["MinCapacity"], params["MaxCapacity"], role, self._world.now(),
            dict.fromkeys(_SUSPENSIONS, False), dict(tags),
        )  # fmt: skip
        self._registry.targets[key] = target
        return target

    def _change_target(self, target: Target, params: Params) -> None:
        if params.get("Tags"):
            raise validation(
                "The scalable target that you tried to tag already exists. To update tags on an existing scalable "
                "target, use the TagResource API."
            )
        least = params.get("MinCapacity", target.minimum)
        most = params.get("MaxCapacity", target.maximum)
        _check_bounds(least, most)
        self._resources.check(target.key)
        target.minimum, target.maximum = least, most
        target.role_arn = params.get("RoleARN", target.role_arn)

    def deregister_scalable_target(self, ctx: Context, params: Params) -> Params:
        self._drop(self._registry.need(_key(ctx, params)))
        return {}

    def _drop(self, target: Target) -> None:
        for policy in list(target.policies.values()):
            self._delete_alarms(target.key, policy)
            self._registry.pop_policy(target, policy.name)
        for schedule in target.schedules.values():
            if schedule.event is not None:
                schedule.event.cancel()
        del self._registry.targets[target.key]

    def describe_scalable_targets(self, ctx: Context, params: Params) -> Params:
        _check_namespace(params)
        wanted = set(params.get("ResourceIds") or ())
        found = [
            target
            for target in self._registry.of(ctx.account, ctx.region)
            if (not wanted or target.key.resource_id in wanted)
            and params.get("ScalableDimension") in {None, target.key.dimension}
        ]
        targets, token = _page(found, params, 50)
        return {"ScalableTargets": [_target_member(target) for target in targets], "NextToken": token}

    # policies

    def put_scaling_policy(self, ctx: Context, params: Params) -> Params:
        key = _key(ctx, params)
        target = self._registry.need(key)
        name = params["PolicyName"]
        old = target.policies.get(name)
        kind = params.get("PolicyType") or (old.kind if old else "StepScaling")
        config = self._policy_config(params, kind, old, key.dimension)
        if old is None and len(target.policies) >= MAX_POLICIES:
            raise _limit(f"Number of scaling policies for a scalable target can't exceed {MAX_POLICIES}.")
        arn = old.arn if old else (
            f"arn:aws:autoscaling:{key.region}:{key.account}:scalingPolicy:{self._registry.new_id()}:"
            f"resource/sagemaker/{key.resource_id}:policyName/{name}"
        )  # fmt: skip
        policy = Policy(name, arn, kind, config, old.created if old else self._world.now())
        if old is not None:
            policy.out_ended, policy.out_from, policy.in_ended = old.out_ended, old.out_from, old.in_ended
            policy.high, policy.low = old.high, old.low
        self._put_alarms(key, policy)
        self._registry.put_policy(target, policy)
        return {"PolicyARN": arn, "Alarms": self._alarm_members(key, policy)}

    @staticmethod
    def _policy_config(params: Params, kind: str, old: Policy | None, dimension: str) -> dict[str, Any]:
        if kind == "PredictiveScaling":
            raise validation("Predictive scaling is not supported for service namespace sagemaker.")
        member = f"{kind}PolicyConfiguration"
        others = {"StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration"} - {member}
        if any(other in params for other in others):
            raise validation(f"Policy type {kind} needs {member}, not {', '.join(sorted(others))}.")
        if member not in params:
            if old is not None and old.kind == kind:
                return old.config
            raise validation(f"{member} must be specified for policy type {kind}.")
        config: dict[str, Any] = params[member]
        if kind == "TargetTrackingScaling":
            predefined.check(config, dimension)
            return config
        if "AdjustmentType" not in config or not config.get("StepAdjustments"):
            raise validation("AdjustmentType and at least one step adjustment must be specified.")
        if len(config["StepAdjustments"]) > MAX_STEPS:
            raise _limit(f"Number of step adjustments for a scaling policy can't exceed {MAX_STEPS}.")
        if config.get("MinAdjustmentMagnitude") and config["AdjustmentType"] != "PercentChangeInCapacity":
            raise validation("MinAdjustmentMagnitude is only supported for PercentChangeInCapacity.")
        if wrong := decisions.step_errors(config["StepAdjustments"]):
            raise validation(wrong)
        return config

    def _put_alarms(self, key: TargetKey, policy: Policy) -> None:
        """Make the alarms of a target tracking policy, or take away those it no longer has."""
        before = set(policy.alarms)
        policy_high, policy_low = policy.high, policy.low
        policy.high = policy.low = None
        if policy.is_tracking:
            prefix = f"TargetTracking-{key.resource_id}"
            policy.high = policy_high or f"{prefix}-AlarmHigh-{self._registry.new_id()}"
            if not policy.config.get("DisableScaleIn"):
                policy.low = policy_low or f"{prefix}-AlarmLow-{self._registry.new_id()}"
            pair = predefined.alarm_pair(
                policy.config, key.resource_id, (policy.high, policy.low), policy.arn, self._world.settings.alarms
            )
            try:
                for members in pair:
                    self._book.put(key.account, key.region, members, whole_rates=True, owned=True)
            except ValueError as error:
                raise validation(str(error)) from error
        for name in before - set(policy.alarms):
            self._book.delete(key.account, key.region, name)

    def _delete_alarms(self, key: TargetKey, policy: Policy) -> None:
        for name in policy.alarms:
            self._book.delete(key.account, key.region, name)

    @staticmethod
    def _alarm_members(key: TargetKey, policy: Policy) -> list[Params]:
        prefix = f"arn:aws:cloudwatch:{key.region}:{key.account}:alarm:"
        return [{"AlarmName": name, "AlarmARN": prefix + name} for name in policy.alarms]

    def describe_scaling_policies(self, ctx: Context, params: Params) -> Params:
        _check_filters(params)
        found = [
            (target.key, policy)
            for target in self._registry.of(ctx.account, ctx.region)
            if _fits(target.key, params)
            for policy in target.policies.values()
            if not params.get("PolicyNames") or policy.name in params["PolicyNames"]
        ]
        policies, token = _page(found, params, 10)
        return {"ScalingPolicies": [self._policy_member(*one) for one in policies], "NextToken": token}

    def _policy_member(self, key: TargetKey, policy: Policy) -> Params:
        return {
            **_key_members(key),
            "PolicyARN": policy.arn,
            "PolicyName": policy.name,
            "PolicyType": policy.kind,
            f"{policy.kind}PolicyConfiguration": policy.config,
            "Alarms": self._alarm_members(key, policy) + self._calling_alarms(key, policy),
            "CreationTime": _when(policy.created),
        }

    def _calling_alarms(self, key: TargetKey, policy: Policy) -> list[Params]:
        """The alarms of the user that call a step policy."""
        if policy.is_tracking:
            return []
        alarms = self._book.calling(key.account, key.region, policy.arn)
        return [{"AlarmName": alarm.name, "AlarmARN": alarm.arn} for alarm in alarms]

    def delete_scaling_policy(self, ctx: Context, params: Params) -> Params:
        key = _key(ctx, params)
        target = self._registry.targets.get(key)
        policy = self._registry.pop_policy(target, params["PolicyName"]) if target else None
        if policy is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scaling policy found for {key.words}, policy name: {params['PolicyName']}",
            )
        self._delete_alarms(key, policy)
        return {}

    # scheduled actions

    def put_scheduled_action(self, ctx: Context, params: Params) -> Params:
        key = _key(ctx, params)
        target = self._registry.need(key)
        name = params["ScheduledActionName"]
        old = target.schedules.get(name)
        expression = params.get("Schedule") or (old.expression if old else None)
        if expression is None:
            raise validation(f"Schedule must be specified: write {schedules.FORMS}.")
        action = params.get("ScalableTargetAction") or (old.action if old else {})
        if not action:
            raise validation("ScalableTargetAction must hold MinCapacity, MaxCapacity or both.")
        _check_bounds(action.get("MinCapacity", 0), action.get("MaxCapacity", 2**31))
        start, end = params.get("StartTime"), params.get("EndTime")
        if start and end and start >= end:
            raise validation("StartTime must be before EndTime.")
        if old is None and len(target.schedules) >= MAX_SCHEDULES:
            raise _limit(f"Number of scheduled actions for a scalable target can't exceed {MAX_SCHEDULES}.")
        arn = old.arn if old else (
            f"arn:aws:autoscaling:{key.region}:{key.account}:scheduledAction:{self._registry.new_id()}:"
            f"resource/sagemaker/{key.resource_id}:scheduledActionName/{name}"
        )  # fmt: skip
        timezone = params.get("Timezone") or (old.timezone if old else None)
        created = old.created if old else self._world.now()
        schedule = Schedule(name, arn, expression, timezone, _aware(start), _aware(end), dict(action), created)
        try:
            schedules.zone(timezone)
            self._scaler.plan(target, schedule)
        except schedules.ScheduleError as error:
            raise validation(str(error)) from error
        if old is not None and old.event is not None:
            old.event.cancel()
        target.schedules[name] = schedule
        return {}

    def describe_scheduled_actions(self, ctx: Context, params: Params) -> Params:
        _check_filters(params)
        found = [
            (target.key, schedule)
            for target in self._registry.of(ctx.account, ctx.region)
            if _fits(target.key, params)
            for schedule in target.schedules.values()
            if not params.get("ScheduledActionNames") or schedule.name in params["ScheduledActionNames"]
        ]
        shown, token = _page(found, params, 50)
        return {"ScheduledActions": [_schedule_member(*one) for one in shown], "NextToken": token}

    def delete_scheduled_action(self, ctx: Context, params: Params) -> Params:
        key = _key(ctx, params)
        target = self._registry.targets.get(key)
        schedule = target.schedules.pop(params["ScheduledActionName"], None) if target else None
        if schedule is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scheduled action found for {key.words}, scheduled action name: {params['ScheduledActionName']}",
            )
        if schedule.event is not None:
            schedule.event.cancel()
        return {}

    # activities

    def describe_scaling_activities(self, ctx: Context, params: Params) -> Params:
        _check_filters(params)
        with_refused = params.get("IncludeNotScaledActivities", False)
        found = [
            activity
            for activity in self._registry.activities
            if activity.key[:2] == (ctx.account, ctx.region)
            and _fits(activity.key, params)
            and (with_refused or activity.not_scaled is None)
        ]
        shown, token = _page(found, params, 50)
        return {"ScalingActivities": [_activity_member(activity) for activity in shown], "NextToken": token}

    # tags

    def tag_resource(self, ctx: Context, params: Params) -> Params:
        target = self._tagged(ctx, params)
        tags = {**target.tags, **params["Tags"]}
        _check_tags(tags)
        target.tags = tags
        return {}

    def untag_resource(self, ctx: Context, params: Params) -> Params:
        target = self._tagged(ctx, params)
        target.tags = {key: value for key, value in target.tags.items() if key not in params["TagKeys"]}
        return {}

    def list_tags_for_resource(self, ctx: Context, params: Params) -> Params:
        return {"Tags": self._tagged(ctx, params).tags}

    def _tagged(self, ctx: Context, params: Params) -> Target:
        for target in self._registry.of(ctx.account, ctx.region):
            if target.arn == params["ResourceARN"]:
                return target
        raise AwsError(
            "ResourceNotFoundException",
            f"The specified resource doesn't exist: {params['ResourceARN']}",
            members={"ResourceName": params["ResourceARN"]},
        )


def _key(ctx: Context, params: Params) -> TargetKey:
    _check_namespace(params)
    check_names(params["ResourceId"], params["ScalableDimension"])
    return TargetKey(ctx.account, ctx.region, params["ResourceId"], params["ScalableDimension"])


def _check_namespace(params: Params) -> None:
    if params["ServiceNamespace"] != "sagemaker":
        raise validation(f"The sandbox scales service namespace sagemaker only, not {params['ServiceNamespace']}.")


def _check_filters(params: Params) -> None:
    _check_namespace(params)
    if "ScalableDimension" in params and "ResourceId" not in params:
        raise validation("Resource ID must be specified when scalable dimension is specified.")


def _fits(key: TargetKey, params: Params) -> bool:
    return params.get("ResourceId") in {None, key.resource_id} and params.get("ScalableDimension") in {
        None,
        key.dimension,
    }


def _check_bounds(least: int, most: int) -> None:
    if least < 0 or most < 0:
        raise validation("Capacity can't be negative.")
    if least > most:
        raise validation("Maximum capacity cannot be less than minimum capacity")


def _check_tags(tags: Params) -> None:
    if len(tags) > MAX_TAGS:
        raise AwsError("TooManyTagsException", f"A resource can have at most {MAX_TAGS} tags.")


def _limit(message: str) -> AwsError:
    return AwsError("LimitExceededException", message)


def _page(items: Sequence[Any], params: Params, most: int) -> tuple[Sequence[Any], str | None]:
    size = min(params.get("MaxResults") or most, most)
    return page(items, size, params.get("NextToken"), "InvalidNextTokenException")


def _when(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _aware(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant


def _key_members(key: TargetKey) -> Params:
    return {"ServiceNamespace": "sagemaker", "ResourceId": key.resource_id, "ScalableDimension": key.dimension}


def _target_member(target: Target) -> Params:
    return {
        **_key_members(target.key),
        "MinCapacity": target.minimum,
        "MaxCapacity": target.maximum,
        "RoleARN": target.role_arn,
        "CreationTime": _when(target.created),
        "SuspendedState": target.suspended,
        "ScalableTargetARN": target.arn,
    }


def _schedule_member(key: TargetKey, schedule: Schedule) -> Params:
    return {
        **_key_members(key),
        "ScheduledActionName": schedule.name,
        "ScheduledActionARN": schedule.arn,
        "Schedule": schedule.expression,
        "Timezone": schedule.timezone,
        "StartTime": schedule.start,
        "EndTime": schedule.end,
        "ScalableTargetAction": schedule.action,
        "CreationTime": _when(schedule.created),
    }


def _activity_member(activity: Any) -> Params:
    return {
        **_key_members(activity.key),
        "ActivityId": activity.id,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": _when(activity.started),
        "EndTime": _when(activity.ended),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
        "NotScaledReasons": [activity.not_scaled] if activity.not_scaled else None,
    }
