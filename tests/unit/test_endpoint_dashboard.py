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


def widget(title: str, metrics: list[Any], stat: str, **annotations: list[dict[str, Any]]) -> dict[str, Any]:
    """A graph as CloudWatch gets it."""
    body = {
        "title": title,
        "view": "timeSeries",
        "region": "us-east-1",
        "metrics": metrics,
        "stat": stat,
        "period": 60,
    }
    return {**body, "annotations": annotations} if annotations else body


def of(metric: str, variant: str | None = None, namespace: str = "AWS/SageMaker", **rendered: Any) -> list[Any]:
    named = ["VariantName", variant] if variant is not None else []
    return [namespace, metric, "EndpointName", "default-iris", *named, *([rendered] if rendered else [])]


def errors(*variants: str, limit: float = 0.05) -> dict[str, Any]:
    metrics = [
        of(metric, each, label=f"{each} {code}", stat="Average")
        for each in variants
        for metric, code in (("Invocation5XXErrors", "5xx"), ("Invocation4XXErrors", "4xx"))
    ]
    line = {"label": "Errors fires above", "value": limit}
    return widget("Share of answers that are errors", metrics, "Average", horizontal=[line])


def latency(variant: str = "primary") -> dict[str, Any]:
    metrics = [of("ModelLatency", variant, label=f"{variant} {stat}", stat=stat) for stat in ("p50", "p90", "p99")]
    line = {"label": "Latency fires when p99 is above", "value": 5_000_000}
    return widget("Model latency, microseconds", metrics, "p99", horizontal=[line])


def used(what: str, *variants: str) -> dict[str, Any]:
    namespace = "/aws/sagemaker/Endpoints"
    metrics = [of(f"{what}Utilization", each, namespace, label=each) for each in variants]
    return widget(f"{what.removesuffix('Utilization')} in use, percent of one core or of all", metrics, "Average")


def instances(variant: str, *lines: dict[str, Any]) -> dict[str, Any]:
    rendered = {"label": f"{variant} instances", "stat": "SampleCount", "period": 60}
    metrics = [of("CPUUtilization", variant, "/aws/sagemaker/Endpoints", **rendered)]
    return widget(f"Instances of {variant}", metrics, "SampleCount", **({"horizontal": [*lines]} if lines else {}))


OVERHEAD = widget("SageMaker's overhead, microseconds, p99", [of("OverheadLatency", "primary", label="primary")], "p99")
REQUESTS = widget("Requests a minute", [of("Invocations", "primary", label="primary")], "Sum")


def test_each_graph_of_instances_is(resource: Any) -> None:
    cpu, memory = used("CPU", "primary"), used("Memory", "primary")
    assert graphs(resource, {}) == [REQUESTS, errors("primary"), latency(), OVERHEAD, instances("primary"), cpu, memory]


def test_each_graph_of_what_is_serverless_is(resource: Any) -> None:
    metrics = [of("ServerlessConcurrentExecutionsUtilization", "primary", label="primary")]
    concurrency = widget("Share of the allowed concurrency in use", metrics, "Maximum")
    assert graphs(resource, {"variant": WITHOUT}) == [REQUESTS, errors("primary"), latency(), OVERHEAD, concurrency]


def test_each_graph_of_a_queue_is(resource: Any) -> None:
    sizes = [of("ApproximateBacklogSize"), of("ApproximateBacklogSizePerInstance")]
    line = {"label": "Backlog fires above", "value": 60}
    age = widget(
        "Age of the oldest request, seconds", [of("ApproximateAgeOfOldestRequest")], "Maximum", horizontal=[line]
    )
    found = graphs(resource, {"async": {"outputPath": "s3://answers/iris/"}}, max_backlog_seconds=60)
    assert found[:4] == [widget("Requests that wait", sizes, "Average"), errors("primary"), latency(), age]


def test_the_bounds_of_scaling_are_lines(resource: Any) -> None:
    scaling = {"minCapacity": 2, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
    found = graphs(resource, {"variant": {"scaling": scaling}})
    assert found[4] == instances(
        "primary",
        {"label": "at least", "value": 2, "color": "#2ca02c"},
        {"label": "at most", "value": 5, "color": "#d62728"},
    )


def test_the_graphs_of_models_are(resource: Any) -> None:
    found = graphs(resource, {}, container_metrics_namespace="Shop/Models")

    def search(title: str, metric: str, stat: str) -> dict[str, Any]:
        asked = f"SEARCH('{{Shop/Models,Model,Version,Variant}} MetricName=\"{metric}\"', '{stat}', 60)"
        return widget(title, [[{"expression": asked, "id": "found"}]], stat)

    assert found[7:] == [
        search("Latency by model, milliseconds, p90", "Latency", "p90"),
        search("Failures by model", "Errors5XX", "Sum"),
        search("Confidence by model", "Confidence", "Average"),
        search("Largest drift of an input by model", "InputDriftMax", "Maximum"),
    ]


def test_the_newest_ten_revisions_are_vertical_lines_in_each_graph(resource: Any) -> None:
    history = [
        {"revision": number, "configName": f"c{number}", "at": "2026-11-22T11:00:00Z", "outcome": "Deployed"}
        for number in range(12, 0, -1)
    ]
    place = Location("aws", "us-east-1", "123456789012")
    body = body_of(resource(status={"history": history}), Monitoring(), "default-iris", place, [])
    marks = [{"label": f"revision {number}: Deployed", "value": "2026-11-22T11:00:00Z"} for number in range(3, 13)]
    shown = [each["properties"]["annotations"]["vertical"] for each in body["widgets"][1:]]
    assert shown == [marks] * 7


def test_widgets_stand_side_by_side_and_wrap_after_four(resource: Any) -> None:
    more = {
        "challenger": {},
        "shadow": {
            "name": "next",
            "image": "i",
            "modelArtifact": "s3://models/n/",
            "instance": {"type": "ml.m5.large"},
        },
    }
    place = Location("aws", "us-east-1", "123456789012")

    def places(wants: dict[str, Any], arns: list[str]) -> list[tuple[int, int, int, int]]:
        widgets = body_of(resource(wants), Monitoring(container_metrics_namespace="S"), "e", place, arns)["widgets"]
        return [(each["x"], each["y"], each["width"], each["height"]) for each in widgets]

    text, alarm = (0, 0, 24, 2), (0, 2, 24, 2)
    pairs = [(x, y, 12, 6) for y in (4, 10) for x in (0, 12)]
    three = [(x, 16, 8, 6) for x in (0, 8, 16)]
    last = [(0, 22, 12, 6), (12, 22, 12, 6), *((x, 28, 6, 6) for x in (0, 6, 12, 18))]
    assert places(more, ["arn"]) == [text, alarm, *pairs, *three, *last]
    assert places(more, [])[:3] == [text, (0, 2, 12, 6), (12, 2, 12, 6)]
    five = {"variants": [{"name": f"v{each}", "image": "i", "instance": {"type": "ml.m5.large"}} for each in range(5)]}
    assert places(five, ["arn"])[6:11] == [*((x, 16, 6, 6) for x in (0, 6, 12, 18)), (0, 22, 6, 6)]
    assert places(five, ["arn"])[11] == (0, 28, 12, 6)


def test_it_says_whose_it_is(resource: Any) -> None:
    place = Location("aws", "us-east-1", "123456789012")
    text, alarms, *_ = body_of(resource(), Monitoring(), "default-iris", place, ["a", "b"])["widgets"]
    assert text["properties"]["markdown"] == (
        "# default-iris\nKept by smendpoints for the SageMakerEndpoint `default/iris`: what is changed here is put back; "
        "see `spec.monitoring`. Vertical lines are revisions."
    )
    assert alarms["properties"] == {"title": "Alarms", "alarms": ["a", "b"]}
