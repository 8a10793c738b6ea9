"""The graphs of an endpoint's dashboard: which metrics of AWS, of what, for each kind of hosting."""

from typing import Any

import pytest

from smendpoints.api.monitoring import Monitoring
from smendpoints.domain.desired.dashboard import Location, body_of

# As the User Guide lists them: "Monitor Amazon SageMaker AI with Amazon CloudWatch".
REAL_TIME = {"Invocations", "Invocation5XXErrors", "Invocation4XXErrors", "ModelLatency", "OverheadLatency"}
ASYNC = REAL_TIME - {"Invocations", "OverheadLatency"} | {
    "ApproximateBacklogSize",
    "ApproximateBacklogSizePerInstance",
    "ApproximateAgeOfOldestRequest",
}
INSTANCES = {"CPUUtilization", "MemoryUtilization"}
SERVERLESS = {"ServerlessConcurrentExecutionsUtilization"}
WITHOUT = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}


def graphs(resource: Any, wants: dict[str, Any], **wanted: Any) -> list[dict[str, Any]]:
    place = Location("aws", "us-east-1", "123456789012")
    body = body_of(resource(wants), Monitoring(**wanted), "default-iris", place, ["arn:alarm"])
    widgets = body["widgets"]
    assert [each["type"] for each in widgets[:2]] == ["text", "alarm"]
    return [each["properties"] for each in widgets[2:]]


@pytest.mark.parametrize(
    ("wants", "expected"),
    [
        ({}, REAL_TIME | INSTANCES),
        ({"variant": WITHOUT}, REAL_TIME | SERVERLESS),
        ({"async": {"outputPath": "s3://answers/iris/"}}, ASYNC | INSTANCES),
    ],
    ids=["instances", "serverless", "async"],
)
def test_it_shows_what_sagemaker_publishes_of_such_an_endpoint(
    wants: dict[str, Any], expected: set[str], resource: Any
) -> None:
    found = [metric for each in graphs(resource, wants) for metric in each["metrics"]]
    assert {metric[1] for metric in found} == expected
    for metric in found:
        assert metric[0] == ("/aws/sagemaker/Endpoints" if metric[1] in INSTANCES else "AWS/SageMaker")
        assert metric[2:4] == ["EndpointName", "default-iris"]
        assert ("VariantName" in metric) is not metric[1].startswith("Approximate")


def test_where_an_alarm_fires_is_a_line(resource: Any) -> None:
    found = graphs(resource, {}, max_error_rate_percent=2.0, max_latency_milliseconds=150)
    lines = [line["value"] for each in found for line in each.get("annotations", {}).get("horizontal", ())]
    assert 0.02 in lines
    assert 150_000 in lines


def test_the_containers_own_metrics_are_searched_for_in_their_namespace(resource: Any) -> None:
    found = graphs(resource, {}, container_metrics_namespace="Shop/Models")
    searched = [str(each["metrics"]) for each in found if "SEARCH" in str(each["metrics"])]
    assert len(searched) == 4
    assert all("Shop/Models" in each for each in searched)
