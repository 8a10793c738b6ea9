"""Whether AWS may write to S3 in an execution role's name: data capture and asynchronous responses."""

from collections.abc import Iterator, Mapping
from typing import Any

from smclient.aws.session import Aws, told


def places(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a spec has AWS write, and where."""
    responses = spec.get("async") or {}
    for what, uri in (
        ("data capture", (spec.get("dataCapture") or {}).get("destination")),
        ("responses", responses.get("outputPath")),
        ("failures", responses.get("failurePath")),
    ):
        if uri:
            yield what, str(uri)


def allowed(aws: Aws, role: str, uri: str) -> bool:
    """Whether the role's own policies allow it; that of the bucket is not looked at.

    Raises:
        AWSError: the user may not ask.
    """
    arn = f"arn:{role.split(':')[1]}:s3:::{uri.removeprefix('s3://').rstrip('/')}/*"
    with told(f"simulate the policies of {role}"):
        found = aws.client("iam").simulate_principal_policy(
            PolicySourceArn=role, ActionNames=["s3:PutObject"], ResourceArns=[arn]
        )
    return all(each["EvalDecision"] == "allowed" for each in found["EvaluationResults"])
