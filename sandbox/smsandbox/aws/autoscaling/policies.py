"""Scaling policies and the alarms behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smsandbox.aws.autoscaling import decisions, predefined
from smsandbox.aws.autoscaling.base import AutoScalingBase
from smsandbox.aws.autoscaling.records import Policy, Target, TargetKey
from smsandbox.aws.autoscaling.shapes import (
    Params,
    check_filters,
    fits,
    key_members,
    key_of,
    limit_exceeded,
    paged,
    when,
)
from smsandbox.aws.core.errors import AwsError, validation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.core.context import Context

MAX_POLICIES = 50
MAX_STEPS = 20
ONE_PER_METRIC = "Only one TargetTrackingScaling policy for a given metric specification is allowed."
SAME_TYPE = "You cannot change a TargetTrackingScaling policy to a non TargetTrackingScaling policy, or vice versa"


class PolicyOperations(AutoScalingBase):
    """Target tracking and step scaling."""

    def put_scaling_policy(self, ctx: Context, params: Params) -> Params:
        key = key_of(ctx, params)
        target = self._registry.need(key)
        name = params["PolicyName"]
        old = target.policies.get(name)
        kind = params.get("PolicyType") or (old.kind if old else "StepScaling")
        config = self._policy_config(params, kind, old, key.dimension)
        if old is not None and old.kind != kind:
            raise validation(SAME_TYPE)
        if kind == "TargetTrackingScaling":
            self._check_metric(target, name, config)
        if old is None and len(target.policies) >= MAX_POLICIES:
            raise limit_exceeded(f"Number of scaling policies for a scalable target can't exceed {MAX_POLICIES}.")
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
    def _check_metric(target: Target, name: str, config: dict[str, Any]) -> None:
        others = (policy for policy in target.policies.values() if policy.is_tracking and policy.name != name)
        if any(predefined.metric_of(policy.config) == predefined.metric_of(config) for policy in others):
            raise validation(ONE_PER_METRIC)

    def tracks(self, ctx: Context, params: Mapping[str, Any]) -> bool:
        """Whether the policy that a request names is there and one of target tracking."""
        resource, dimension = str(params.get("ResourceId")), str(params.get("ScalableDimension"))
        target = self._registry.targets.get(TargetKey(ctx.account, ctx.region, resource, dimension))
        policy = target.policies.get(str(params.get("PolicyName"))) if target is not None else None
        return policy is not None and policy.is_tracking

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
            raise limit_exceeded(f"Number of step adjustments for a scaling policy can't exceed {MAX_STEPS}.")
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
                    self._book.put(key.account, key.region, members, whole_rates=True)
            except ValueError as error:
                raise validation(str(error)) from error
        for name in before - set(policy.alarms):
            self._book.delete(key.account, key.region, name)

    @staticmethod
    def _alarm_members(key: TargetKey, policy: Policy) -> list[Params]:
        prefix = f"arn:aws:cloudwatch:{key.region}:{key.account}:alarm:"
        return [{"AlarmName": name, "AlarmARN": prefix + name} for name in policy.alarms]

    def describe_scaling_policies(self, ctx: Context, params: Params) -> Params:
        check_filters(params)
        found = [
            (target.key, policy)
            for target in self._registry.of(ctx.account, ctx.region)
            if fits(target.key, params)
            for policy in target.policies.values()
            if not params.get("PolicyNames") or policy.name in params["PolicyNames"]
        ]
        policies, token = paged(found, params, 10)
        return {"ScalingPolicies": [self._policy_member(*one) for one in policies], "NextToken": token}

    def _policy_member(self, key: TargetKey, policy: Policy) -> Params:
        return {
            **key_members(key),
            "PolicyARN": policy.arn,
            "PolicyName": policy.name,
            "PolicyType": policy.kind,
            f"{policy.kind}PolicyConfiguration": policy.config,
            "Alarms": self._alarm_members(key, policy) + self._calling_alarms(key, policy),
            "CreationTime": when(policy.created),
        }

    def _calling_alarms(self, key: TargetKey, policy: Policy) -> list[Params]:
        """The alarms of the user that call a step policy."""
        if policy.is_tracking:
            return []
        alarms = self._book.calling(key.account, key.region, policy.arn)
        return [{"AlarmName": alarm.name, "AlarmARN": alarm.arn} for alarm in alarms]

    def delete_scaling_policy(self, ctx: Context, params: Params) -> Params:
        key = key_of(ctx, params)
        target = self._registry.targets.get(key)
        policy = self._registry.pop_policy(target, params["PolicyName"]) if target else None
        if policy is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scaling policy found for {key.words}, policy name: {params['PolicyName']}",
            )
        self._delete_alarms(key, policy)
        return {}
