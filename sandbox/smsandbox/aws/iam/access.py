"""What an API call needs by IAM: its actions, resources and condition keys. No decisions, no policies.

Resources and keys follow AWS's service authorization reference for the operations that an operator of SageMaker
endpoints uses; every other call is asked for on the resource `*`. What SageMaker and Application Auto Scaling ask for
on the caller's behalf is in `iam_forwarded`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from smsandbox.aws.iam.forwarded import forwarded
from smsandbox.aws.iam.policy import Access
from smsandbox.aws.sagemaker import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsandbox.aws.core.context import Context
    from smsandbox.aws.iam.forwarded import Holdings

PREFIXES = {"sagemaker-runtime": "sagemaker", "service-quotas": "servicequotas", "resourcegroupstaggingapi": "tag"}
FREE = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
S3_ACTIONS = {
    "HeadObject": "GetObject",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListBuckets": "ListAllMyBuckets",
    "UploadPart": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
}
#: A batch needs what its single call needs.
SQS_ACTIONS = {f"{verb}Batch": verb for verb in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}
#: Service, members that name the resource, and its ARN; the first that fits counts.
RESOURCES = (
    ("application-autoscaling", ("ResourceARN",), "{ResourceARN}"),
    ("s3", ("Bucket", "Key"), "{start}:s3:::{Bucket}/{Key}"),
    ("s3", ("Bucket",), "{start}:s3:::{Bucket}"),
    ("iam", ("RoleName",), "{start}:iam::{account}:role/{RoleName}"),
    ("iam", ("PolicySourceArn",), "{PolicySourceArn}"),
    ("sts", ("RoleArn",), "{RoleArn}"),
    ("ecr", ("repositoryName",), "{start}:ecr:{place}:repository/{repositoryName}"),
    (
        "logs",
        ("logGroupName", "logStreamName"),
        "{start}:logs:{place}:log-group:{logGroupName}:log-stream:{logStreamName}",
    ),
    ("logs", ("logGroupName",), "{start}:logs:{place}:log-group:{logGroupName}:log-stream:"),
    ("sns", ("TopicArn",), "{TopicArn}"),
    ("sqs", ("QueueUrl",), "{start}:sqs:{place}:{QueueUrl}"),
)
#: Asked for on all alarms, whichever are named: a policy that allows some of them allows none of these.
ALARM_LISTS = {"DescribeAlarms", "DescribeAlarmHistory", "DescribeAlarmsForMetric"}
SAGEMAKER_NAMES = {"ModelName": "model", "EndpointConfigName": "endpoint-config", "EndpointName": "endpoint"}


def accesses(service: str, ctx: Context, params: Mapping[str, Any], held: Holdings) -> list[Access]:
    """Everything that must be allowed for the call, by what the account holds already."""
    wanted = [*_direct(service, ctx, params, held), *forwarded(service, ctx, params, held)]
    if service == "resourcegroupstaggingapi" and ctx.operation in {"TagResources", "UntagResources"}:
        wanted += _by_tagging(ctx, params, held)
    return wanted


def _direct(service: str, ctx: Context, params: Mapping[str, Any], held: Holdings) -> list[Access]:
    prefix = PREFIXES.get(service, service)
    action = f"{prefix}:{ctx.operation}"
    if action in FREE:
        return []
    if prefix == "sagemaker":
        return list(_sagemaker(action, ctx, params, held))
    if service == "cloudwatch" and (alarms := _alarms(ctx, params)):
        return list(_on_alarms(action, alarms, ctx, params, held))
    if service == "s3":
        action = f"s3:{S3_ACTIONS.get(ctx.operation, ctx.operation)}"
    if service == "sqs":
        action = f"sqs:{SQS_ACTIONS.get(ctx.operation, ctx.operation)}"
    return [Access(action, _resource(service, ctx, params), _keys(ctx, params, service))]


def _by_tagging(ctx: Context, params: Mapping[str, Any], held: Holdings) -> Iterator[Access]:
    """What the Tagging API does in its caller's name: the right of the thing's own service is needed, too."""
    tagging = ctx.operation == "TagResources"
    verbs = {
        "sagemaker": "sagemaker:AddTags" if tagging else "sagemaker:DeleteTags",
        "cloudwatch": "cloudwatch:TagResource" if tagging else "cloudwatch:UntagResource",
    }
    keys = _keys(ctx, params, "resourcegroupstaggingapi")
    for arn in map(str, params.get("ResourceARNList") or ()):
        if (verb := verbs.get((arn.split(":") + [""] * 3)[2])) is not None:
            yield Access(verb, arn, {**keys, **dict(_owned("aws", held.tags(ctx, arn)))})


def _sagemaker(action: str, ctx: Context, params: Mapping[str, Any], held: Holdings) -> Iterator[Access]:
    operation = ctx.operation
    named = [texts.arn(ctx, kind, str(params[name])) for name, kind in SAGEMAKER_NAMES.items() if name in params]
    if operation.startswith("List") and operation != "ListTags":
        named = []
    if "ResourceArn" in params:
        named = [str(params["ResourceArn"])]
    if operation == "CreateEndpointConfig":
        named = [texts.arn(ctx, "endpoint-config", str(params["EndpointConfigName"]))]
    named = named or ["*"]
    keys = _keys(ctx, params, "sagemaker")
    for arn in named:
        owned = {
            name: values for prefix in ("aws", "sagemaker") for name, values in _owned(prefix, held.tags(ctx, arn))
        }
        yield Access(action, arn, {**keys, **owned})
    if operation.startswith("Create") and params.get("Tags"):
        # Only the tagging that comes with a create has this key: AddTags called directly has none.
        yield Access("sagemaker:AddTags", named[-1], {**keys, "sagemaker:taggingaction": (operation,)})
    if operation.startswith("Create") and (role := params.get("ExecutionRoleArn")):
        passed = {"iam:passedtoservice": ("sagemaker.amazonaws.com",), "iam:associatedresourcearn": (named[-1],)}
        yield Access("iam:PassRole", str(role), {**keys, **passed})


def _alarms(ctx: Context, params: Mapping[str, Any]) -> list[str]:
    """The ARNs of the alarms and dashboards that a call of CloudWatch is about."""
    dashboards = params.get("DashboardNames") or [params[key] for key in ("DashboardName",) if key in params]
    if dashboards:
        return [f"arn:{ctx.partition}:cloudwatch::{ctx.account}:dashboard/{name}" for name in dashboards]
    start = f"arn:{ctx.partition}:cloudwatch:{ctx.region}:{ctx.account}:alarm:"
    if ctx.operation in ALARM_LISTS:
        return [f"{start}*"]
    if "ResourceARN" in params:
        return [str(params["ResourceARN"])]
    names = params.get("AlarmNames") or [params[member] for member in ("AlarmName",) if member in params]
    return [f"{start}{name}" for name in names]


def _on_alarms(
    action: str, alarms: list[str], ctx: Context, params: Mapping[str, Any], held: Holdings
) -> Iterator[Access]:
    keys = _keys(ctx, params, "cloudwatch")
    for arn in alarms:
        owned = dict(_owned("aws", held.tags(ctx, arn)))
        yield (wanted := Access(action, arn, {**keys, **owned}))
        if ctx.operation in {"PutMetricAlarm", "PutCompositeAlarm", "PutDashboard"} and params.get("Tags"):
            yield replace(wanted, action="cloudwatch:TagResource")


def _owned(prefix: str, tags: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The keys that tell the tags of a resource; those that differ by case alone are one key with several values."""
    for name in dict.fromkeys(key.lower() for key in tags):
        values = tuple(value for key, value in tags.items() if key.lower() == name)
        yield f"{prefix}:resourcetag/{name}", values


def _resource(service: str, ctx: Context, params: Mapping[str, Any]) -> str:
    """The ARN that a call of another service is about; `*` where AWS knows none."""
    owner = params.get("registryId") or ctx.account if service == "ecr" else ctx.account
    start, place = f"arn:{ctx.partition}", f"{ctx.region}:{owner}"
    for one, members, template in RESOURCES:
        if one == service and all(member in params for member in members):
            named = {member: str(params[member]).rpartition("/")[2] for member in ("QueueUrl",) if member in params}
            return template.format(start=start, place=place, account=ctx.account, **{**params, **named})
    if service == "application-autoscaling" and not ctx.operation.startswith("Describe"):
        # Targets have ids that nobody knows beforehand: only conditions can narrow this.
        return f"{start}:application-autoscaling:{place}:scalable-target/*"
    return "*"


def _keys(ctx: Context, params: Mapping[str, Any], service: str) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = {"aws:requestedregion": (ctx.region,)}
    if ctx.principal_arn:
        keys["aws:principalarn"] = (ctx.principal_arn,)
    given = params.get("Tags")
    if isinstance(given, list):
        given = {tag["Key"]: tag.get("Value", "") for tag in given if isinstance(tag, dict) and "Key" in tag}
    if isinstance(given, dict):
        keys["aws:tagkeys"] = tuple(given)
        for key, value in given.items():
            name = f"aws:requesttag/{key.lower()}"
            keys[name] = (*keys.get(name, ()), str(value))
    elif isinstance(params.get("TagKeys"), list):
        keys["aws:tagkeys"] = tuple(params["TagKeys"])
    if service == "application-autoscaling":
        for member, key in (("ServiceNamespace", "service-namespace"), ("ScalableDimension", "scalable-dimension")):
            if member in params:
                keys[f"application-autoscaling:{key}"] = (str(params[member]),)
    if types := [v["InstanceType"] for v in params.get("ProductionVariants") or [] if "InstanceType" in v]:
        keys["sagemaker:instancetypes"] = tuple(types)
    return keys
