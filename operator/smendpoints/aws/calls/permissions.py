"""What a denied call lacks: the permission, and where the shipped policy grants it.

The two documents of `manifests/iam` are the source; a test compares. Not here: what a denial means for the object.
"""

import re
from collections.abc import Mapping, Sequence

POLICY = "manifests/iam/operator-policy.json"
OPTIONAL_POLICY = "manifests/iam/operator-policy-optional.json"
"""Has the statements whose names begin with `Optional`; an installation without those features need not attach it."""
STATEMENTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "sagemaker:ListEndpoints",
            "sagemaker:DescribeEndpoint",
            "sagemaker:ListEndpointConfigs",
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:ListModels",
            "sagemaker:DescribeModel",
            "sagemaker:ListTags",
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "application-autoscaling:DescribeScheduledActions",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListTagsForResource",
            "tag:GetResources",
        ),
        ("LookAround",),
    ),
    **dict.fromkeys(("sagemaker:CreateModel", "sagemaker:CreateEndpointConfig"), ("MakeModelsAndConfigs",)),
    "sagemaker:CreateEndpoint": ("MakeEndpoints", "UseChangeAndDeleteWhatIsTagged"),
    **dict.fromkeys(
        (
            "sagemaker:UpdateEndpoint",
            "sagemaker:UpdateEndpointWeightsAndCapacities",
            "sagemaker:DeleteEndpoint",
            "sagemaker:DeleteEndpointConfig",
            "sagemaker:DeleteModel",
            "sagemaker:DeleteTags",
        ),
        ("UseChangeAndDeleteWhatIsTagged",),
    ),
    "sagemaker:AddTags": ("TagWhatIsBeingMade", "TagAgainWhatIsTagged", "OptionalAdoption"),
    "iam:PassRole": ("GiveModelsTheirRole",),
    **dict.fromkeys(
        (
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:DeleteScalingPolicy",
            "application-autoscaling:PutScheduledAction",
            "application-autoscaling:DeleteScheduledAction",
        ),
        ("ScaleEndpoints",),
    ),
    "iam:CreateServiceLinkedRole": ("LetScalingHaveItsRole",),
    **dict.fromkeys(
        ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"),
        ("AlarmsOfTargetTracking", "AlarmsOfNoOtherCluster"),
    ),
    "cloudwatch:TagResource": ("TagAlarmsAsTheClusters", "OptionalTagDashboardsAsTheClusters"),
    "cloudwatch:SetAlarmState": ("SetAndLetGoOfItsAlarms",),
    "cloudwatch:UntagResource": ("SetAndLetGoOfItsAlarms", "OptionalLetGoOfItsDashboards"),
    **dict.fromkeys(("cloudwatch:ListDashboards", "cloudwatch:GetDashboard"), ("OptionalLookAtDashboards",)),
    **dict.fromkeys(
        ("cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"), ("OptionalDashboardsOfNoOtherCluster",)
    ),
    "kms:CreateGrant": ("OptionalKeysOfVolumes",),
    **dict.fromkeys(
        (
            "ecr:DescribeImages",
            "s3:ListBucket",
            "iam:GetRole",
            "iam:SimulatePrincipalPolicy",
            "secretsmanager:DescribeSecret",
            "sns:GetTopicAttributes",
            "servicequotas:ListServiceQuotas",
            "pricing:GetProducts",
        ),
        ("OptionalLooks",),
    ),
    **dict.fromkeys(("logs:DescribeLogStreams", "logs:GetLogEvents"), ("OptionalLogsOfFailures",)),
    "s3:GetObject": ("OptionalOutcomes",),
    **dict.fromkeys(("sqs:ReceiveMessage", "sqs:DeleteMessage"), ("OptionalEvents",)),
}
_NAMED = re.compile(r"\b([a-z][a-z-]+:[A-Z][A-Za-z]+)\b")
_TAGGING = {"create": ("TagWhatIsBeingMade",), "add": ("TagAgainWhatIsTagged", "OptionalAdoption")}


def lacking(operation: str, message: str) -> str | None:
    """The permission that a denied call lacks and the statements that grant it, in words; None where none is known.

    `operation` is boto3's name. AWS names the permission in most of its messages; else it is the operation's own.
    """
    permission = _permission(operation, message)
    if permission is None:
        return None
    statements = STATEMENTS.get(permission, ())
    if permission == "sagemaker:AddTags":
        statements = _TAGGING.get(operation.partition("_")[0], statements)
    if not statements:
        return f"the operator's role needs {permission}"
    return f"the operator's role needs {permission}, statement {_where(statements)}"


def _where(statements: Sequence[str]) -> str:
    """The statements, each with the document that has it."""
    optional = [each for each in statements if each.startswith("Optional")]
    core = [each for each in statements if each not in optional]
    found = ((core, POLICY), (optional, OPTIONAL_POLICY))
    return " or ".join(f"{' or '.join(sids)} of {document}" for sids, document in found if sids)


def _permission(operation: str, message: str) -> str | None:
    named: str | None = next((each for each in _NAMED.findall(message) if not each.startswith(("arn:", "aws:"))), None)
    if named is not None:
        return named
    called = operation.replace("_", "").lower()
    return next((each for each in STATEMENTS if each.partition(":")[2].lower() == called), None)
