"""Specs as tests write them, and the names in AWS that they use. What bears these names is made elsewhere."""

from collections.abc import Mapping
from typing import Any

from smsandbox.assets import BUCKET, ROLE_ARN
from smsandbox.world import ACCOUNT, REGION

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ECHO_IMAGE, CRASH_IMAGE = (f"{REGISTRY}/{program}:1.0" for program in ("echo", "crash"))
GROWING = {
    "minCapacity": 1,
    "maxCapacity": 5,
    "targetInvocationsPerInstance": 70,
    "disableScaleIn": True,
}
STEPS = {
    "name": "slow",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {
        "metric": {"namespace": "AWS/SageMaker", "metricName": "ModelLatency"},
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 500000,
    },
}
ARTIFACTS = tuple(f"s3://{BUCKET}/{letter}/model.tar.gz" for letter in "abcdef")


def spec(**changes: Any) -> dict[str, Any]:
    """One autoscaled variant, with changes; None takes a field of the spec away."""
    variant = {
        "name": "primary",
        "image": ECHO_IMAGE,
        "modelArtifact": ARTIFACTS[0],
        "instance": {"type": "ml.m5.large", "count": 1},
        "scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70},
    }
    return _given({"executionRoleARN": ROLE_ARN, "variants": [variant], **changes})


def with_variant(base: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The spec with its first variant changed; None takes a field away."""
    first, *rest = base["variants"]
    return {**base, "variants": [_given({**first, **changes}), *rest]}


def two_variants(first: float, second: float) -> dict[str, Any]:
    """The spec's variant and a challenger with another model, of these weights."""
    one = spec()["variants"][0]
    other = {**one, "name": "challenger", "modelArtifact": ARTIFACTS[1], "weight": second}
    return spec(variants=[{**one, "weight": first}, other])


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
