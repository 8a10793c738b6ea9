"""What a killed run left in AWS is taken away by name and tags together; what has but one of them stays."""

from typing import Any

import pytest

from smsandbox.testing.e2e.sweep import left, namespaces, sweep
from smsandbox.testing.holdings import inventory

RUN = "smep-e2e-0a1b2c"


def tags(namespace: str) -> list[dict[str, str]]:
    return [{"Key": "smendpoints.dev/namespace", "Value": namespace}, {"Key": "smendpoints.dev/name", "Value": "iris"}]


def make(cloud: Any, name: str, *, namespace: str | None) -> None:
    """Endpoint, config, model, scalable target, alarm."""
    given = {"Tags": tags(namespace)} if namespace else {}
    container = {"Image": cloud.image, "ModelDataUrl": cloud.artifact}
    cloud.sm.create_model(ModelName=name, ExecutionRoleArn=cloud.role(), PrimaryContainer=container, **given)
    variant = {"VariantName": "primary", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    cloud.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **given)
    cloud.sm.create_endpoint(EndpointName=name, EndpointConfigName=name, **given)
    cloud.settle(name)
    cloud.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{name}/variant/primary",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=2,
    )
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name, Namespace="shop", MetricName="Errors", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=5.0, ComparisonOperator="GreaterThanThreshold", **given,
    )  # fmt: skip


def test_all_of_a_run_goes_and_nothing_of_others(cloud: Any) -> None:
    make(cloud, f"{RUN}-iris", namespace=RUN)
    make(cloud, f"{RUN}-untagged", namespace=None)  # somebody's own, by chance of that name
    make(cloud, "shop-iris", namespace="shop")
    make(cloud, "elsewhere", namespace=RUN)  # of another name
    assert namespaces(cloud.client) == {RUN}
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        cloud.world.advance(600)  # an endpoint takes its time to go

    sweep(cloud.client, RUN, say)
    rest = left(cloud.client, RUN)
    assert {kind: {*names} for kind, names in rest.items()} == {
        "endpoints": {f"{RUN}-untagged"},
        "configs": {f"{RUN}-untagged"},
        "models": {f"{RUN}-untagged"},
        "targets": {f"endpoint/{RUN}-untagged/variant/primary"},
        "alarms": {f"{RUN}-untagged"},
    }
    for name in ("shop-iris", "elsewhere"):
        others = inventory(cloud.client, name)
        assert all(others[kind] for kind in ("endpoints", "configs", "models", "targets", "alarms")), name
    assert len(said) == 5


def test_only_a_runs_namespace_is_swept(cloud: Any) -> None:
    with pytest.raises(ValueError, match="begin with smep-e2e-"):
        sweep(cloud.client, "shop", print)
