"""Scalable targets: registered, described, tagged, deregistered; and the Targets port of SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.autoscaling.base import AutoScalingBase
from smsandbox.aws.autoscaling.records import Target, TargetKey
from smsandbox.aws.autoscaling.resource import service_role
from smsandbox.aws.autoscaling.shapes import (
    Params,
    check_bounds,
    check_namespace,
    check_tags,
    key_of,
    limit_exceeded,
    paged,
    target_member,
)
from smsandbox.aws.core.errors import AwsError, validation

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context

_SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


class TargetOperations(AutoScalingBase):
    """Targets and their tags."""

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
        key = key_of(ctx, params)
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
        check_bounds(params["MinCapacity"], params["MaxCapacity"])
        self._resources.check(key)
        quota = self._world.settings.options.scalable_target_quota
        if sum(1 for _ in self._registry.of(key.account, key.region)) >= quota:
            raise limit_exceeded(f"Number of scalable targets for service namespace sagemaker can't exceed {quota}.")
        suffix = self._registry.new_id().replace("-", "")
        arn = f"arn:aws:application-autoscaling:{key.region}:{key.account}:scalable-target/0{suffix}abc"
        role = params.get("RoleARN") or service_role(key.account)
        tags = params.get("Tags") or {}
        check_tags(tags)
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
        check_bounds(least, most)
        self._resources.check(target.key)
        target.minimum, target.maximum = least, most
        target.role_arn = params.get("RoleARN", target.role_arn)

    def deregister_scalable_target(self, ctx: Context, params: Params) -> Params:
        self._drop(self._registry.need(key_of(ctx, params)))
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
        check_namespace(params)
        wanted = set(params.get("ResourceIds") or ())
        found = [
            target
            for target in self._registry.of(ctx.account, ctx.region)
            if (not wanted or target.key.resource_id in wanted)
            and params.get("ScalableDimension") in {None, target.key.dimension}
        ]
        targets, token = paged(found, params, 50)
        return {"ScalableTargets": [target_member(target) for target in targets], "NextToken": token}

    # tags

    def tag_resource(self, ctx: Context, params: Params) -> Params:
        target = self._tagged(ctx, params)
        tags = {**target.tags, **params["Tags"]}
        check_tags(tags)
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
