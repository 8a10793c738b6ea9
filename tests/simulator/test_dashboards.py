"""CloudWatch's dashboards: kept as they were put, of the account, and refused where their body is none."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

TEXT = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "# Iris"}}
GRAPH = {
    "type": "metric",
    "x": 0,
    "y": 3,
    "width": 12,
    "height": 6,
    "properties": {
        "region": "us-east-1",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
            ["AWS/SageMaker", "Invocations", "EndpointName", "iris", "VariantName", "a", {"label": "a", "id": "m1"}],
            ["...", "b"],
            [{"expression": "m1 * 2", "id": "e1"}],
        ],
        "annotations": {
            "horizontal": [{"label": "at most", "value": 3}, [{"value": 1}, {"value": 2}]],
            "vertical": [{"label": "revision 2", "value": "2026-11-26T12:00:00Z"}],
        },
    },
}
BODY = {"start": "-PT6H", "periodOverride": "inherit", "widgets": [TEXT, GRAPH]}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The body with another value at a path of members; None takes it away."""
    made: Any = copy.deepcopy(BODY)
    *way, last = (int(each) if each.isdigit() else each for each in path.split("."))
    at = made
    for each in way:
        at = at[each]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return dict(made)


def test_a_dashboard_is_shown_as_it_was_put_from_every_region(cloud: Any) -> None:
    cloudwatch = cloud.client("cloudwatch")
    body = json.dumps(BODY, indent=1)
    answer = cloudwatch.put_dashboard(DashboardName="iris", DashboardBody=body, Tags=[{"Key": "team", "Value": "ml"}])
    assert answer["DashboardValidationMessages"] == []
    elsewhere = cloud.session.client("cloudwatch", region_name="eu-west-1")
    found = elsewhere.get_dashboard(DashboardName="iris")
    assert found["DashboardBody"] == body
    assert found["DashboardArn"] == "arn:aws:cloudwatch::123456789012:dashboard/iris"
    (entry,) = elsewhere.list_dashboards(DashboardNamePrefix="ir")["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == ("iris", len(body))
    assert cloudwatch.list_dashboards(DashboardNamePrefix="rose")["DashboardEntries"] == []
    cloudwatch.delete_dashboards(DashboardNames=["iris"])
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


def test_tags_count_when_it_is_made_and_are_changed_by_their_own_calls(cloud: Any) -> None:
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_dashboard(
        DashboardName="iris", DashboardBody=json.dumps(BODY), Tags=[{"Key": "team", "Value": "ml"}]
    )
    cloudwatch.put_dashboard(
        DashboardName="iris", DashboardBody=json.dumps(BODY), Tags=[{"Key": "team", "Value": "web"}]
    )
    arn = cloudwatch.get_dashboard(DashboardName="iris")["DashboardArn"]
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "ml"}]
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "cost", "Value": "7"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "cost", "Value": "7"}]


WRONG: dict[str, tuple[Any, str, str]] = {
    "no JSON": ("{", "/", "must be a valid JSON object"),
    "no widgets": ({}, "/", "Should have required property 'widgets'"),
    "an unknown widget": (changed("widgets.0.type", "picture"), "/widgets/0/type", "one of the allowed values"),
    "a text without one": (changed("widgets.0.properties", {}), "/widgets/0/properties", "property 'markdown'"),
    "a graph of no region": (changed("widgets.1.properties.region", None), "/widgets/1/properties", "'region'"),
    "a graph of nothing": (changed("widgets.1.properties.metrics", None), "/widgets/1/properties", "anyOf"),
    "a view that is none": (changed("widgets.1.properties.view", "3d"), "/widgets/1/properties/view", "allowed values"),
    "a mark without a date": (
        changed("widgets.1.properties.annotations.vertical.0.value", "noon"),
        "/widgets/1/properties/annotations/vertical/0",
        "anyOf",
    ),
    "a dimension without a value": (
        changed("widgets.1.properties.metrics.0", ["AWS/SageMaker", "Invocations", "EndpointName"]),
        "/widgets/1/properties/metrics/0",
        "a value for each dimension",
    ),
    "one id twice": (
        changed("widgets.1.properties.metrics.2.0.id", "m1"),
        "/widgets/1/properties/metrics/2/id",
        "unique",
    ),
    "beyond the grid": (changed("widgets.0.x", 23), "/widgets/0", "24 columns"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_body_that_is_none_is_refused_with_the_path_of_what_is_wrong(
    cloud: Any, refused: Callable[[str], Any], what: str
) -> None:
    body, path, words = WRONG[what]
    cloudwatch = cloud.client("cloudwatch")
    with refused("InvalidParameterInput") as error:
        cloudwatch.put_dashboard(
            DashboardName="iris", DashboardBody=body if isinstance(body, str) else json.dumps(body)
        )
    assert f"{path}: " in error.text
    assert words in error.text
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


def test_what_is_not_there_and_names_that_are_none_are_refused(cloud: Any, refused: Callable[[str], Any]) -> None:
    cloudwatch = cloud.client("cloudwatch")
    with refused("ResourceNotFound"):
        cloudwatch.get_dashboard(DashboardName="iris")
    with refused("ResourceNotFound"):
        cloudwatch.delete_dashboards(DashboardNames=["iris"])
    with refused("InvalidParameterInput"):
        cloudwatch.put_dashboard(DashboardName="iris.prod", DashboardBody=json.dumps(BODY))
