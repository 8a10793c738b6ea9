"""Old and new fleet side by side in CloudWatch while a guarded deployment runs, and reading many metrics at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing.traffic import Behaviour, Traffic

CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25}, "WaitIntervalInSeconds": 900,
        },
        "TerminationWaitInSeconds": 600,
    }
}  # fmt: skip


def baking(cloud: Any, **options: Any) -> Traffic:
    """An endpoint whose canary bakes, with a thousand requests a minute; the new model fails one in ten."""
    cloud.set(options=options)
    cloud.endpoint("ep", {"InitialInstanceCount": 4})
    cloud.world.advance(60)

    def behaves(spec: InstanceSpec) -> Behaviour:
        return Behaviour(errors=0.1 if spec.config_name == "second" else 0.01, slow=0.05)

    traffic = Traffic(cloud.world, "ep", 1000, behaves, account="123456789012", region="us-east-1", seed=3)
    cloud.world.advance(120)
    cloud.config("second", {"InitialInstanceCount": 4})
    cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName="second", DeploymentConfig=CANARY)
    cloud.world.advance(420)
    return traffic


def read(cloud: Any, metric: str, stat: str, config: str | None = None, **others: Any) -> list[float]:
    """The minutes of the last five, oldest first."""
    named = {"EndpointName": "ep", "VariantName": "primary", **({"EndpointConfigName": config} if config else {})}
    dimensions = [{"Name": name, "Value": value} for name, value in named.items()]
    query = {"Metric": {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}}
    end = datetime.fromtimestamp(cloud.world.now() // 60 * 60, UTC)
    answer = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {**query, "Period": 60, "Stat": stat}}],
        StartTime=end - timedelta(minutes=5), EndTime=end, ScanBy="TimestampAscending", **others,
    )  # fmt: skip
    values: list[float] = answer["MetricDataResults"][0]["Values"]
    return values


def test_old_and_new_fleet_publish_apart_and_together_they_are_the_variant(cloud: Any) -> None:
    traffic = baking(cloud)
    for metric, stat in (("Invocations", "Sum"), ("Invocation5XXErrors", "Sum"), ("ModelLatency", "TC(500000:)")):
        total, old, new = (read(cloud, metric, stat, config) for config in (None, "first", "second"))
        assert len(total) == 5, metric
        assert total == [a + b for a, b in zip(old, new, strict=True)], metric
    requests = [sum(read(cloud, "Invocations", "Sum", config)) for config in ("first", "second")]
    errors = [sum(read(cloud, "Invocation5XXErrors", "Sum", config)) for config in ("first", "second")]
    assert requests[1] / sum(requests) == pytest.approx(0.25, abs=0.04)
    assert errors[1] / requests[1] > 3 * errors[0] / requests[0]
    ranks = read(cloud, "ModelLatency", "PR(:500000)", "second")
    assert all(85 < rank < 100 for rank in ranks)
    cloud.world.advance(3600)
    assert read(cloud, "Invocations", "Sum") == read(cloud, "Invocations", "Sum", "second")
    assert read(cloud, "Invocations", "Sum", "first") == []
    traffic.stop()


def test_the_first_fleet_may_be_one_that_publishes_nothing_by_its_config(cloud: Any) -> None:
    traffic = baking(cloud, metrics_by_config="updates")
    total, old, new = (read(cloud, "Invocations", "Sum", config) for config in (None, "first", "second"))
    assert old == []
    assert 0 < sum(new) < sum(total) / 2
    traffic.stop()


def test_the_newest_samples_are_shown_late(cloud: Any) -> None:
    traffic = baking(cloud)
    traffic.stop()
    whole = read(cloud, "Invocations", "Sum")
    cloud.set(consistency={"metrics": 90.0})
    late = read(cloud, "Invocations", "Sum")
    assert late[:3] == whole[:3]
    assert 0 < late[3] < whole[3]
    assert len(late) == 4
    cloud.world.advance(90)
    assert read(cloud, "Invocations", "Sum")[:4] == whole[1:]


def test_more_than_a_page_of_datapoints_comes_in_pages(cloud: Any, refused: Any) -> None:
    traffic = baking(cloud)
    end = datetime.fromtimestamp(cloud.world.now() // 60 * 60, UTC)

    def queries(number: int) -> list[dict[str, Any]]:
        dimensions = [{"Name": "EndpointName", "Value": "ep"}, {"Name": "VariantName", "Value": "primary"}]
        metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Dimensions": dimensions}
        stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
        return [{"Id": f"m{index}", "MetricStat": stat} for index in range(number)]

    pages = list(
        cloud.client("cloudwatch").get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries(3), StartTime=end - timedelta(minutes=5), EndTime=end, MaxDatapoints=4
        )
    )  # fmt: skip
    assert [sum(len(one["Values"]) for one in page["MetricDataResults"]) for page in pages] == [4, 4, 4, 3]
    assert [[one["StatusCode"] for one in page["MetricDataResults"]] for page in pages] == [
        ["PartialData"], ["Complete", "PartialData"], ["Complete", "PartialData"], ["Complete"],
    ]  # fmt: skip
    found: dict[str, list[float]] = {}
    for page in pages:
        for one in page["MetricDataResults"]:
            found.setdefault(one["Id"], []).extend(one["Values"])
    assert found["m0"] == found["m1"] == found["m2"] == read(cloud, "Invocations", "Sum")[::-1]
    for number in (501, 0):
        with refused("ValidationError"):
            cloud.client("cloudwatch").get_metric_data(
                MetricDataQueries=queries(number) or queries(1) * 2, StartTime=end - timedelta(hours=1), EndTime=end
            )
    traffic.stop()
