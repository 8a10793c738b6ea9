"""Every kind of endpoint of the samples reaches AWS in full, is read back without false drift, and leaves nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsandbox.aws.images import push
from smsandbox.harness import Harness

SAMPLES = sorted(Path(__file__).parents[2].glob("manifests/samples/*.yaml"))


def documents(path: Path) -> list[dict[str, Any]]:
    text = re.sub(r"@sha256:[0-9a-f]{64}", ":1.0", path.read_text())  # a digest is only known once an image is pushed
    return [each for each in yaml.safe_load_all(text) if each and each["kind"] == "SageMakerEndpoint"]


def provide(harness: Harness, spec: dict[str, Any]) -> None:
    """What the sample presupposes: images in ECR, artifacts in S3, alarms in CloudWatch."""
    s3, cloudwatch = harness.client("s3"), harness.client("cloudwatch")
    variants = [*spec["variants"], *([spec["shadow"]] if "shadow" in spec else [])]
    for container in [each for variant in variants for each in variant.get("containers", [variant])]:
        push(harness.client("ecr"), container["image"], "echo")
        bucket, _, key = container.get("modelArtifact", "s3://unused/x").removeprefix("s3://").partition("/")
        if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=key + ("one.tar.gz" if key.endswith("/") else ""), Body=b"model")
    for name in spec.get("rollout", {}).get("rollback", {}).get("alarmNames", []):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Custom",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_made_rests_rolls_out_and_goes(path: Path, harness: Harness) -> None:
    alarms: set[str] = set()
    for document in documents(path):
        provide(harness, document["spec"])
        alarms |= set(document["spec"].get("rollout", {}).get("rollback", {}).get("alarmNames", []))
    for document in documents(path):
        name, spec = document["metadata"]["name"], document["spec"]
        if "officeHours" in spec:
            spec = {key: value for key, value in spec.items() if key != "officeHours"}
        harness.apply(name, spec)
        harness.settle(name)
        ready = harness.condition(name, "Ready")
        assert ready is not None
        assert (ready.status, ready.reason) == ("True", "InService"), ready.message
        harness.run(180)
        harness.events.clear()
        writes = harness.writes
        harness.run(600, 15)
        assert harness.writes == writes
        assert [event for event in harness.events if event.reason == "DriftFound"] == []
        first = spec["variants"][0]
        if "containers" in first:
            containers = [{**first["containers"][0], "environment": {"REVISION": "2"}}, *first["containers"][1:]]
            first = {**first, "containers": containers}
        else:
            first = {**first, "environment": {**first.get("environment", {}), "REVISION": "2"}}
        changed = {**spec, "variants": [first, *spec["variants"][1:]]}
        harness.apply(name, changed)
        resource = harness.settle(name)
        assert harness.condition(name, "Stalled") is None, harness.condition(name, "Stalled")
        assert [each.outcome for each in resource.status.history] == ["Deployed", "Deployed"]
        harness.delete(name)
        harness.settle_gone(name)
    left = {key: sorted(set(value) - alarms) for key, value in harness.inventory().items()}
    assert {key: value for key, value in left.items() if value} == {}
