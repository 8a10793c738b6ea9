"""AWS's own codes and words, and what each calls for."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)

from smendpoints.aws.calls.errors import classify, translated
from smendpoints.aws.calls.permissions import OPTIONAL_POLICY, POLICY, STATEMENTS
from smendpoints.domain.errors import Kind, ReconcileError

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/sagemaker-execution"
NO_ACCESS = (
    f'Could not access model data at s3://models/model.tar.gz. Please ensure that the role "{ROLE}" exists and that its '
    'trust relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". '
    'Also ensure that the role has "s3:GetObject" permissions and that the object is located in us-east-1. If your Model '
    'uses multiple models or uncompressed models, please ensure that the role has "s3:ListBucket" permission.'
)
NO_QUOTA = (
    "The account-level service limit 'ml.m4.xlarge for endpoint usage' is 0 Instances, with current utilization of 0 "
    "Instances and a request delta of 1 Instances. Please contact AWS support to request an increase for this limit."
)
NO_DEREGISTER = (
    "An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to invoke "
    "DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to deregister the scalable "
    "target."
)
STILL_ON = (
    'The variant(s) "["primary"]" must be deregistered as scalable targets with AWS Auto Scaling before they can be '
    "removed or have their instance type updated."
)

SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge")

TOLD: dict[str, tuple[str, str, str, str]] = {
    # a sentence: code, message, kind, reason
    "a model that is not there": ("ValidationException", f'Could not find model "{ARN}:model/m".', "gone", ""),
    "a config that is not there": (
        "ValidationException",
        f'Could not find endpoint configuration "{ARN}:endpoint-config/c".',
        "gone",
        "",
    ),
    "an endpoint that is not there": (
        "ValidationException",
        f'Could not find endpoint "{ARN}:endpoint/e".',
        "gone",
        "",
    ),
    "a target that is not there": (
        "ObjectNotFoundException",
        "No scalable target registered for service namespace: sagemaker",
        "gone",
        "",
    ),
    "a model that exists": (
        "ValidationException",
        f'Cannot create already existing model "{ARN}:model/m".',
        "exists",
        "NameConflict",
    ),
    "a config that exists": (
        "ValidationException",
        f'Cannot create already existing endpoint configuration "{ARN}:endpoint-config/c".',
        "exists",
        "NameConflict",
    ),
    "an endpoint that exists": (
        "ValidationException",
        f'Cannot create already existing endpoint "{ARN}:endpoint/e".',
        "exists",
        "NameConflict",
    ),
    "an endpoint that is busy": (
        "ValidationException",
        f'Cannot update in-progress endpoint "{ARN}:endpoint/e".',
        "busy",
        "EndpointBusy",
    ),
    "a target that somebody else changes just now": (
        "ConcurrentUpdateException",
        "You already have a pending update to an Auto Scaling resource.",
        "busy",
        "EndpointBusy",
    ),
    "a resource in use": ("ResourceInUse", "in use", "busy", "EndpointBusy"),
    "a target that stands in the way of an update": ("ValidationException", STILL_ON, "busy", "EndpointBusy"),
    "model data that cannot be read, perhaps not yet": (
        "ValidationException",
        NO_ACCESS,
        "settling",
        "ModelNotAccessible",
    ),
    "a role that cannot be assumed, perhaps not yet": (
        "ValidationException",
        (
            f"Could not assume role {ROLE}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        ),
        "settling",
        "ModelNotAccessible",
    ),
    "a quota": ("ResourceLimitExceeded", NO_QUOTA, "blocked", "QuotaExceeded"),
    "a quota of autoscaling": ("LimitExceededException", "too many targets", "blocked", "QuotaExceeded"),
    "a quota of CloudWatch": ("LimitExceeded", "too many alarms", "blocked", "QuotaExceeded"),
    "a permission": (
        "AccessDeniedException",
        f"User: {ROLE} is not authorized to perform: sagemaker:CreateModel",
        "blocked",
        "AccessDenied",
    ),
    "a permission in other words": (
        "ValidationException",
        f"User: {ROLE} is not authorized to perform: iam:PassRole on resource: {ROLE}",
        "blocked",
        "AccessDenied",
    ),
    "a permission that deleting needs": ("ValidationException", NO_DEREGISTER, "blocked", "AccessDenied"),
    "alarms that autoscaling cannot read": ("FailedResourceAccessException", "x", "blocked", "AccessDenied"),
    "throttling": ("ThrottlingException", "Rate exceeded", "retry", "Throttled"),
    "throttling in older words": ("Throttling", "Rate exceeded", "retry", "Throttled"),
    "a fault of autoscaling": ("InternalServiceException", "x", "retry", "AWSUnavailable"),
    "a token that has run out": (
        "ExpiredTokenException",
        "The security token is expired",
        "retry",
        "CredentialsNotUsable",
    ),
    "a token that nobody knows": ("UnrecognizedClientException", "invalid", "blocked", "CredentialsNotUsable"),
    "a clock that is wrong": ("SignatureDoesNotMatch", "Signature expired", "blocked", "CredentialsNotUsable"),
    "bounds the wrong way round": (
        "ValidationException",
        "Maximum capacity cannot be less than minimum capacity (Service: AWSApplicationAutoScaling; Status Code: 400)",
        "invalid",
        "InvalidSpec",
    ),
    "a type that hosts nothing": (
        "ValidationException",
        (
            "1 validation error detected: Value 'ml.m7g.large' at 'productionVariants.1.member.instanceType' failed to "
            "satisfy constraint: Member must satisfy enum value set: [ml.m5.large]"
        ),
        "invalid",
        "InvalidSpec",
    ),
    "a code that nobody has seen before": ("BrandNewException", "no", "invalid", "InvalidSpec"),
}


def error(code: str, message: str, status: int = 400, operation: str = "CreateModel") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


@pytest.mark.parametrize(("code", "message", "kind", "reason"), TOLD.values(), ids=TOLD.keys())
def test_aws_tells_of(code: str, message: str, kind: str, reason: str) -> None:
    failure = classify(error(code, message), "create_model")
    assert failure.kind == kind
    assert not reason or failure.reason == reason
    assert str(failure).startswith(f"CreateModel: {code}: {message}")


def test_a_denial_names_the_permission_and_the_statement_that_grants_it() -> None:
    words = (
        "User: arn:aws:sts::1:assumed-role/op/x is not authorized to perform: sagemaker:AddTags on resource: arn:aws:x"
    )
    told = str(classify(error("AccessDeniedException", words), "create_model"))
    assert told.endswith(
        "; the operator's role needs sagemaker:AddTags, statement TagWhatIsBeingMade of manifests/iam/operator-policy.json"
    )
    assert str(classify(error("AccessDenied", words), "add_tags")).endswith(
        "statement TagAgainWhatIsTagged of manifests/iam/operator-policy.json"
        " or OptionalAdoption of manifests/iam/operator-policy-optional.json"
    )
    unnamed = str(classify(error("AccessDeniedException", "no"), "put_scaling_policy"))
    assert "needs application-autoscaling:PutScalingPolicy, statement ScaleEndpoints" in unnamed
    assert str(classify(error("AccessDenied", "no"), "frobnicate")) == "Frobnicate: AccessDenied: no"


def test_the_statements_that_are_named_are_those_of_the_shipped_policy() -> None:
    shipped: dict[str, tuple[str, ...]] = {}
    for name in (POLICY, OPTIONAL_POLICY):
        for statement in json.loads((Path(__file__).parents[2] / name).read_text())["Statement"]:
            assert statement["Sid"].startswith("Optional") == (name == OPTIONAL_POLICY)
            for action in statement["Action"]:
                shipped[action] = (*shipped.get(action, ()), statement["Sid"])
    assert dict(STATEMENTS) == shipped


def test_the_words_are_known_in_any_case() -> None:
    assert classify(error("ValidationException", 'COULD NOT FIND endpoint "x".'), "x").kind is Kind.GONE


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_is_not_the_clients_fault_is_tried_again(status: int) -> None:
    assert classify(error("Whatever", "x", status), "x").kind is Kind.RETRY


def test_an_answer_without_code_or_message_is_no_crash() -> None:
    empty: Any = {}
    assert classify(ClientError(empty, "CreateModel"), "create_model").kind is Kind.INVALID


def test_of_a_list_of_all_instance_types_the_nearest_are_told() -> None:
    types = [f"ml.{family}{generation}.{size}" for family in "cmrpg" for generation in range(4, 8) for size in SIZES]
    message = (
        "1 validation error detected: Value 'ml.m5.lrge' at 'productionVariants.1.member.instanceType' failed to"
        f" satisfy constraint: Member must satisfy enum value set: [{', '.join(types)}]"
    )
    error = ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "CreateEndpointConfig")
    told = classify(error, "create_endpoint_config")
    assert told.message.endswith("enum value set: [ml.m5.large, ml.m5.xlarge, ml.m5.4xlarge, … 100 in all]")
    assert "Value 'ml.m5.lrge' at" in told.message


@pytest.mark.parametrize("code", ["InvalidIdentityToken", "OptInRequired", "MissingAuthenticationToken"])
def test_who_is_not_let_in_waits_for_a_cure_in_aws_and_not_for_an_edit_of_the_spec(code: str) -> None:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    assert classify(ClientError(response, "ListEndpoints"), "list_endpoints").kind is Kind.BLOCKED


OUTAGES = {
    "no route": (EndpointConnectionError(endpoint_url="https://x"), Kind.RETRY, "AWSUnavailable"),
    "a timeout": (ConnectTimeoutError(endpoint_url="https://x"), Kind.RETRY, "AWSUnavailable"),
    "no credentials": (NoCredentialsError(), Kind.BLOCKED, "CredentialsNotUsable"),
    "half of the credentials": (
        PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        Kind.BLOCKED,
        "CredentialsNotUsable",
    ),
}


@pytest.mark.parametrize(("raised", "kind", "reason"), OUTAGES.values(), ids=OUTAGES.keys())
def test_nothing_of_boto3s_gets_out_of(raised: Exception, kind: Kind, reason: str) -> None:
    with pytest.raises(ReconcileError) as caught, translated("create_model"):
        raise raised
    assert (caught.value.kind, caught.value.reason, caught.value.operation) == (kind, reason, "create_model")
    assert caught.value.__cause__ is raised


def test_a_fault_of_our_own_gets_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), translated("create_model"):
        raise ZeroDivisionError
