"""What the simulator says that AWS answers in the course of a life, and the table of what AWS answered else."""

from collections.abc import Mapping
from typing import Any

_MISSING = 'Could not find endpoint "arn:aws:sagemaker:REGION:ACCOUNT:endpoint/ENDPOINT".'
_TAKEN = (
    "Cannot create already existing endpoint configuration "
    '"arn:aws:sagemaker:REGION:ACCOUNT:endpoint-config/ENDPOINT-HASH".'
)
_FAILED = (
    "The primary container for production variant VARIANT did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint."
)
CLAIMS: Mapping[str, Any] = {
    "a config whose name is taken": ["ValidationException", _TAKEN],
    "an endpoint that is not there, described": ["ValidationException", _MISSING],
    "an endpoint that is not there, invoked": ["ValidationError", "Endpoint ENDPOINT of account ACCOUNT not found."],
    "fields of a scalable target": [
        "CreationTime",
        "MaxCapacity",
        "MinCapacity",
        "ResourceId",
        "RoleARN",
        "ScalableDimension",
        "ScalableTargetARN",
        "ServiceNamespace",
        "SuspendedState",
    ],
    "fields of an answer of the runtime": ["ContentType", "InvokedProductionVariant"],
    "fields of an endpoint": [
        "CreationTime",
        "EndpointArn",
        "EndpointConfigName",
        "EndpointName",
        "EndpointStatus",
        "LastModifiedTime",
        "ProductionVariants",
    ],
    "fields of its image": ["ResolutionTime", "ResolvedImage", "SpecifiedImage"],
    "fields of its variant": [
        "CurrentInstanceCount",
        "CurrentWeight",
        "DeployedImages",
        "DesiredInstanceCount",
        "DesiredWeight",
        "VariantName",
    ],
    "reason of an update that failed": _FAILED,
    "status of an endpoint that was created": "InService",
    "status of an endpoint whose update failed": "InService",
}
"""By claim: error code and message, fields, or words; what differs from run to run is masked by `life.Seen`."""


def differences(answers: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The claims whose answers are others: what the simulator says, what was seen. None stands for nothing."""
    names = sorted(CLAIMS.keys() | answers.keys())
    pairs = {name: (CLAIMS.get(name), answers.get(name)) for name in names}
    return {name: (said, seen) for name, (said, seen) in pairs.items() if said != seen}


def table(answers: Mapping[str, Any], seconds: Mapping[str, float]) -> str:
    """The differences and the times as Markdown, for an issue."""
    rows = [f"| {name} | {_cell(said)} | {_cell(seen)} |" for name, (said, seen) in differences(answers).items()]
    head = ["| claim | the simulator | seen |", "| --- | --- | --- |"] if rows else ["No claim differs."]
    times = [f"| {name} | {taken:.0f} |" for name, taken in seconds.items()]
    return "\n".join([*head, *rows, "", "| step | seconds |", "| --- | --- |", *times, ""])


def _cell(answer: Any) -> str:
    if isinstance(answer, list):
        answer = ", ".join(map(str, answer))
    return str(answer).replace("|", "\\|").replace("\n", " ")
