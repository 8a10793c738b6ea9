"""Whether AWS may write to S3 in an execution role's name: data capture and asynchronous responses."""

from collections.abc import Iterator, Mapping
from typing import Any

from smclient.aws.session import Aws, told
from smendpoints.domain.preflight.launch import Writer


def writers(spec: Mapping[str, Any], role: str) -> Iterator[Writer]:
    """What a spec has AWS write in the role's name, and where."""
    responses = spec.get("async") or {}
    for what, uri in (
        ("data capture", (spec.get("dataCapture") or {}).get("destination")),
        ("responses", responses.get("outputPath")),
        ("failures", responses.get("failurePath")),
    ):
        if uri:
            yield Writer(role, str(uri), what)


def allowed(aws: Aws, writer: Writer) -> bool:
    """Whether the role's own policies allow it; that of the bucket is not looked at.

    Raises:
        AWSError: the user may not ask.
    """
    with told(f"simulate the policies of {writer.role}"):
        found = aws.client("iam").simulate_principal_policy(
            PolicySourceArn=writer.role, ActionNames=["s3:PutObject"], ResourceArns=[writer.objects]
        )
    return all(each["EvalDecision"] == "allowed" for each in found["EvaluationResults"])
