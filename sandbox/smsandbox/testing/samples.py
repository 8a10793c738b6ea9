"""The samples of `manifests/samples`, and what they presuppose in AWS: images, artifacts, alarms."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from smsandbox import paths
from smsandbox.assets import BUCKET
from smsandbox.aws.moto.images import push
from smsandbox.testing.archives import archive


def samples() -> list[Path]:
    """Those that have endpoints."""
    return [path for path in sorted((paths.repository() / "manifests" / "samples").glob("*.yaml")) if endpoints(path)]


def endpoints(sample: Path) -> list[dict[str, Any]]:
    """The SageMakerEndpoints of a sample."""
    return [each for each in yaml.safe_load_all(sample.read_text()) if each and each["kind"] == "SageMakerEndpoint"]


def furnish(spec: dict[str, Any], aws: Callable[[str], Any]) -> None:
    """Make what the spec presupposes, in the samples' bucket, which is there; its containers become echoes.

    Args:
        spec: what it says of digests is replaced by the digest of what was pushed, known only then.
        aws: gives the client of a service.
    """
    variants = [*spec["variants"], *([spec["shadow"]] if "shadow" in spec else [])]
    for container in [each for variant in variants for each in variant.get("containers", [variant])]:
        name, _, digest = container["image"].partition("@")
        pushed = push(aws("ecr"), f"{name}:1.0" if digest else name, "echo")
        if digest:
            container["image"] = f"{name}@{pushed}"
        key = container.get("modelArtifact", "").removeprefix(f"s3://{BUCKET}/")
        if key:
            key += "one.tar.gz" if key.endswith("/") else ""
            aws("s3").put_object(Bucket=BUCKET, Key=key, Body=archive({"about.txt": key.encode()}))
    for arn in spec.get("monitoring", {}).get("topicARNs", []):
        aws("sns").create_topic(Name=arn.rpartition(":")[2])
    for name in spec.get("rollout", {}).get("rollback", {}).get("alarmNames", []):
        aws("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="Custom",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
