"""What AWS services ask IAM for on behalf of their caller: a key's grant for volumes, the rights that scaling will use.

Application Auto Scaling looks whether its caller may do what it does in the caller's place with the alarms of target
tracking. On which resource it asks is not written down by AWS; here, by the names that its alarms have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from smsandbox.aws.iam.policy import Access

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsandbox.aws.core.context import Context

#: For what Application Auto Scaling looks at its caller's rights, and at which.
LOOKED_AT = {
    "PutScalingPolicy": ("PutMetricAlarm", "DescribeAlarms", "DeleteAlarms"),
    "DeleteScalingPolicy": ("DeleteAlarms",),
}


class Holdings(Protocol):
    """What IAM has to know of an account's resources."""

    def tags(self, ctx: Context, arn: str) -> Mapping[str, str]:
        """The tags of a resource; none when it does not exist."""
        ...

    def volume_key(self, ctx: Context, config_name: str) -> str | None:
        """The KMS key of an endpoint configuration's volumes, as it was given."""
        ...

    def tracks(self, ctx: Context, params: Mapping[str, Any]) -> bool:
        """Whether the scaling policy that a request names is there and one of target tracking."""
        ...


def forwarded(service: str, ctx: Context, params: Mapping[str, Any], held: Holdings) -> Iterator[Access]:
    """What is asked for beside the call itself."""
    if service == "sagemaker" and ctx.operation in {"CreateEndpoint", "UpdateEndpoint"}:
        key = held.volume_key(ctx, str(params.get("EndpointConfigName")))
        if key is not None:
            yield _grant(ctx, key)
    is_tracking = params.get("PolicyType") == "TargetTrackingScaling"
    if (
        service == "application-autoscaling"
        and ctx.operation in LOOKED_AT
        and (is_tracking or held.tracks(ctx, params))
    ):
        start = f"arn:{ctx.partition}:cloudwatch:{ctx.region}:{ctx.account}:alarm:"
        for operation in LOOKED_AT[ctx.operation]:
            name = "*" if operation == "DescribeAlarms" else f"TargetTracking-{params.get('ResourceId')}-AlarmHigh-0"
            yield Access(f"cloudwatch:{operation}", f"{start}{name}", is_probe=True)


def _grant(ctx: Context, key: str) -> Access:
    """The grant that SageMaker makes for the volumes' key; a key behind an alias is not looked up."""
    keys = {
        "aws:requestedregion": (ctx.region,),
        "kms:viaservice": (f"sagemaker.{ctx.region}.amazonaws.com",),
        "kms:grantisforawsresource": ("true",),
        "kms:calleraccount": (ctx.account,),
    }
    given = key if key.startswith("arn:") else f"arn:{ctx.partition}:kms:{ctx.region}:{ctx.account}:{key}"
    start, _, name = given.rpartition(":")
    return Access("kms:CreateGrant", f"{start}:key/{name.rpartition('/')[2]}", keys)
