"""SageMaker's sentences and ARNs, in one place: the clients classify errors by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.core.errors import AwsError, validation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smsandbox.aws.core.context import Context

KINDS = {"model": "model", "endpoint-config": "endpoint configuration", "endpoint": "endpoint"}

INSUFFICIENT_CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type or after some time."
)


def arn(ctx: Context, kind: str, name: str) -> str:
    """The ARN of a resource; an endpoint's is in lower case, as AWS writes it."""
    name = name.lower() if kind == "endpoint" else name
    return f"arn:{ctx.partition}:sagemaker:{ctx.region}:{ctx.account}:{kind}/{name}"


def not_found(kind: str, resource_arn: str) -> AwsError:
    return validation(f'Could not find {KINDS[kind]} "{resource_arn}".')


def duplicate(kind: str, resource_arn: str) -> AwsError:
    return validation(f'Cannot create already existing {KINDS[kind]} "{resource_arn}".')


def busy(endpoint_arn: str) -> AwsError:
    return validation(f'Cannot update in-progress endpoint "{endpoint_arn}".')


def no_access(uri: str, role: str, region: str) -> AwsError:
    return validation(
        f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and that its trust '
        'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". '
        f'Also ensure that the role has "s3:GetObject" permissions and that the object is located in {region}. '
        "If your Model uses multiple models or uncompressed models, please ensure that the role has "
        '"s3:ListBucket" permission.'
    )


def no_image(image: str) -> AwsError:
    return validation(f"Requested image {image} not found.")


def bad_role(role: str) -> AwsError:
    return validation(
        f"Could not assume role {role}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )


def over_quota(instance_type: str, limit: int, used: int, delta: int) -> AwsError:
    return AwsError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{instance_type} for endpoint usage' is {limit} Instances, with current "
        f"utilization of {used} Instances and a request delta of {delta} Instances. Please contact AWS support to "
        "request an increase for this limit.",
    )


def over_endpoint_quota(limit: int, used: int) -> AwsError:
    return AwsError(
        "ResourceLimitExceeded",
        f"The account-level service limit 'Number of endpoints' is {limit} Endpoints, with current utilization of "
        f"{used} Endpoints and a request delta of 1 Endpoints. Please contact AWS support to request an increase for "
        "this limit.",
    )


def images_missing(variant: str) -> str:
    return (
        f"Please make sure all images included in the model for the production variant {variant} exist, and that the "
        "execution role used to create the model has permissions to access them."
    )


def still_scaled(variants: Iterable[str]) -> AwsError:
    names = ", ".join(f'"{name}"' for name in variants)
    return validation(
        f'The variant(s) "[{names}]" must be deregistered as scalable targets with AWS Auto Scaling before they can be '
        "removed or have their instance type updated."
    )


def not_ecr(image: str) -> str:
    return f'Using non-ECR image "{image}" without Vpc repository access mode is not supported.'


def other_region(image: str, region: str) -> str:
    return (
        f'Region of "{image}" does not match expected region of {region}. Cross region ECR image pulls are not allowed.'
    )


SERVERLESS_IMAGE = (
    "The container image URI is not a prebuilt SageMaker algorithm or deep learning image, or the bring-your-own "
    "container image URI does not reside in an Amazon ECR repository within the same AWS account creating the endpoint."
)
TIMED_OUT = "The deployment did not finish within MaximumExecutionTimeoutInSeconds and was rolled back."
DELETE_FAILED = "Request to service failed. If failure persists after retry, contact customer support."
CANNOT_DEREGISTER = (
    "An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to "
    "invoke DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to deregister the "
    "scalable target."
)


def alarm_rollback(alarms: Iterable[str]) -> str:
    return f"The deployment was rolled back because of alarms in ALARM state: {', '.join(alarms)}."
