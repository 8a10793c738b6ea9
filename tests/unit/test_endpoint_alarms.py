"""The alarms of `spec.monitoring` as CloudWatch gets them, for each kind of endpoint."""

from typing import Any

import pytest

from smendpoints.domain.desired.dashboard import Location
from smendpoints.domain.desired.monitoring import DesiredMonitoring, desired_monitoring

TOPICS = ["arn:aws:sns:us-east-1:123456789012:a", "arn:aws:sns:us-east-1:123456789012:b"]
ENDPOINT = {"Name": "EndpointName", "Value": "default-iris"}
PRIMARY = [ENDPOINT, {"Name": "VariantName", "Value": "primary"}]
SCALED = {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}
COLD = {"variant": {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}}
QUEUED = {"async": {"outputPath": "s3://answers/iris/"}}
PLACE = Location("aws", "us-east-1", "123456789012")


def found(
    resource: Any, wants: dict[str, Any], *, live: tuple[str, ...] = ("primary",), **wanted: Any
) -> DesiredMonitoring:
    return desired_monitoring(resource({**wants, "monitoring": wanted}), "default-iris", PLACE, live)


def alarms(
    resource: Any, wants: dict[str, Any], *, live: tuple[str, ...] = ("primary",), **wanted: Any
) -> dict[str, Any]:
    """The requests by the end of their names, without what all have."""
    made = {}
    for each in found(resource, wants, live=live, **wanted).alarms:
        alarm = dict(each)
        name, end = alarm.pop("AlarmName"), ". Kept by smendpoints, see spec.monitoring."
        assert name.startswith("smendpoints/monitoring.default-iris/")
        assert alarm["AlarmDescription"].startswith("SageMakerEndpoint default/iris: ")
        assert alarm["AlarmDescription"].endswith(end)
        alarm["AlarmDescription"] = alarm["AlarmDescription"].removeprefix("SageMakerEndpoint default/iris: ")[
            : -len(end)
        ]
        topics = sorted(wanted.get("topicARNs", ()))
        assert (alarm.pop("AlarmActions"), alarm.pop("OKActions")) == (topics, topics)
        assert alarm.pop("TreatMissingData") == "notBreaching"
        made[name.partition("default-iris/")[2]] = alarm
    return made


def above(threshold: float, periods: int) -> dict[str, Any]:
    return {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": threshold,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": periods,
    }


def query(
    key: str, metric: str, dimensions: list[Any], stat: str, period: int, namespace: str = "AWS/SageMaker"
) -> Any:
    of = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": of, "Period": period, "Stat": stat}, "ReturnData": False}


def idle(days: int, *requests: Any, terms: str = "present, m0") -> dict[str, Any]:
    return {
        "AlarmDescription": f"no request for {days} days, though its instances are paid for",
        "Metrics": [
            query("up", "CPUUtilization", PRIMARY, "SampleCount", 86400, "/aws/sagemaker/Endpoints"),
            *requests,
            {"Id": "present", "Expression": "up * 0", "Label": "instances without requests", "ReturnData": False},
            {"Id": "asked", "Expression": f"SUM([{terms}])", "Label": "requests", "ReturnData": True},
        ],
        "ComparisonOperator": "LessThanOrEqualToThreshold",
        "Threshold": 0.0,
        "EvaluationPeriods": days,
        "DatapointsToAlarm": days,
    }


def capacity(test: str, minutes: int = 15) -> dict[str, Any]:
    return {
        "AlarmDescription": "primary has had all its 5 instances, or more requests than its scaling can keep to, for "
        f"{minutes} minutes",
        "Metrics": [
            query("requests", "Invocations", PRIMARY, "Sum", 60),
            query("load", "InvocationsPerInstance", PRIMARY, "Sum", 60),
            {"Id": "short", "Expression": f"IF({test}, 1, 0)", "Label": "short of capacity", "ReturnData": True},
        ],
        **above(0.5, minutes),
    }


def of_variant(metric: str, **statistic: str) -> dict[str, Any]:
    return {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": PRIMARY, "Period": 60, **statistic}


def of_queue(metric: str, statistic: str) -> dict[str, Any]:
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": metric,
        "Dimensions": [ENDPOINT],
        "Period": 60,
        "Statistic": statistic,
    }


def test_on_instances_there_are_alarms_of_answers_capacity_and_idle_days(resource: Any) -> None:
    assert alarms(resource, {"variant": SCALED}, topicARNs=TOPICS[::-1]) == {
        "primary/errors": {
            "AlarmDescription": "more than 5 % of the answers of primary are 5xx",
            **of_variant("Invocation5XXErrors", Statistic="Average"),
            **above(0.05, 5),
        },
        "primary/latency": {
            "AlarmDescription": "one in a hundred requests to primary takes its model more than 5000 ms",
            **of_variant("ModelLatency", ExtendedStatistic="p99"),
            **above(5_000_000.0, 5),
        },
        "primary/capacity": capacity("requests / load >= 4.5 || load > 70"),
        "idle": idle(7, query("m0", "Invocations", PRIMARY, "Sum", 86400)),
    }


def test_of_what_is_asked_asynchronously_the_queue_is_watched(resource: Any) -> None:
    found = alarms(resource, QUEUED | {"variant": SCALED})
    assert sorted(found) == ["backlog", "capacity", "idle", "primary/errors", "primary/latency"]
    assert found["capacity"] == {
        "AlarmDescription": "requests have waited for 15 minutes while there is no instance",
        **of_queue("HasBacklogWithoutCapacity", "Minimum"),
        **above(0.0, 15),
    }
    assert found["backlog"] == {
        "AlarmDescription": "the oldest request has waited for more than 900 s",
        **of_queue("ApproximateAgeOfOldestRequest", "Maximum"),
        **above(900.0, 1),
    }
    assert found["idle"] == idle(7, query("m0", "InvocationsProcessed", [ENDPOINT], "Sum", 86400))


def test_serverless_pays_for_no_idle_day_and_has_no_instances_to_run_out_of(resource: Any) -> None:
    assert sorted(alarms(resource, COLD)) == ["primary/errors", "primary/latency"]


def test_where_an_alarm_fires_is_the_specs(resource: Any) -> None:
    limits: dict[str, Any] = {
        "maxErrorRatePercent": 0.5,
        "maxLatencyMilliseconds": 150,
        "sustainedMinutes": 3,
        "atMaximumMinutes": 30,
        "idleDays": 2,
        "maxBacklogSeconds": 60,
    }
    found = alarms(resource, {"variant": SCALED}, **limits)
    assert {**above(0.005, 3)}.items() <= found["primary/errors"].items()
    assert {**above(150_000.0, 3)}.items() <= found["primary/latency"].items()
    assert found["primary/capacity"] == capacity("requests / load >= 4.5 || load > 70", 30)
    assert found["idle"] == idle(2, query("m0", "Invocations", PRIMARY, "Sum", 86400))
    queued = alarms(resource, QUEUED, **limits)
    assert (queued["backlog"]["Threshold"], queued["capacity"]["EvaluationPeriods"]) == (60.0, 30)
    described = [
        each["AlarmDescription"] for each in (found["primary/errors"], found["primary/latency"], queued["backlog"])
    ]
    assert described == [
        "more than 0.5 % of the answers of primary are 5xx",
        "one in a hundred requests to primary takes its model more than 150 ms",
        "the oldest request has waited for more than 60 s",
    ]


TRACKED = {"name": "busy", "predefinedMetric": "InvocationsPerInstance", "targetValue": 50}
OTHERWISE = {"name": "other", "predefinedMetric": "ConcurrentRequestsPerModel", "targetValue": 5}


@pytest.mark.parametrize(
    ("scaling", "test"),
    [
        ({"minCapacity": 1, "targetTracking": [OTHERWISE]}, "requests / load >= 4.5"),
        ({"minCapacity": 5, "targetTracking": [TRACKED]}, "load > 50"),
        (
            {"minCapacity": 1, "targetTracking": [TRACKED], "targetInvocationsPerInstance": 70},
            "requests / load >= 4.5 || load > 50",
        ),
        ({"minCapacity": 5, "targetTracking": [OTHERWISE]}, None),
    ],
)
def test_what_is_short_of_capacity_depends_on_how_it_scales(
    resource: Any, scaling: dict[str, Any], test: str | None
) -> None:
    found = alarms(resource, {"variant": {"scaling": {"maxCapacity": 5, **scaling}}})
    assert found.get("primary/capacity") == (capacity(test) if test is not None else None)


def test_what_does_not_scale_has_no_alarm_of_its_capacity(resource: Any) -> None:
    assert sorted(alarms(resource, {})) == ["idle", "primary/errors", "primary/latency"]


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        (["Errors"], ["primary/errors"]),
        (["Latency"], ["primary/latency"]),
        (["Capacity"], ["capacity"]),
        (["Idle"], ["idle"]),
        (["Backlog"], ["backlog"]),
        ([], []),
    ],
)
def test_there_are_those_alarms_that_are_asked_for(resource: Any, kinds: list[str], names: list[str]) -> None:
    assert sorted(alarms(resource, QUEUED, alarms=kinds)) == names


def test_each_variant_in_service_has_its_own_and_no_other_has_any(resource: Any) -> None:
    two: dict[str, Any] = {"challenger": {}}
    both = alarms(resource, two, live=("primary", "challenger"))
    assert [*both] == ["challenger/errors", "challenger/latency", "primary/errors", "primary/latency", "idle"]
    requests = [each["Id"] for each in both["idle"]["Metrics"]]
    assert requests == ["up", "m0", "m1", "present", "asked"]
    assert both["idle"]["Metrics"][-1]["Expression"] == "SUM([present, m0, m1])"
    assert [*alarms(resource, two)] == ["primary/errors", "primary/latency", "idle"]
    assert alarms(resource, two, live=()) == {}, "what is stopped tells nobody"
    assert alarms(resource, QUEUED, live=()) == {}
    old = alarms(resource, {}, live=("gone", "primary"))
    assert "gone/errors" in old, "one that the spec dropped serves until the rollout is over"


@pytest.mark.parametrize(("number", "there"), [(9, True), (10, False)])
def test_so_many_variants_that_an_alarm_cannot_count_them_have_none_of_idle_days(
    resource: Any, number: int, there: bool
) -> None:
    live = ("primary", *(f"v{each}" for each in range(number - 1)))
    assert ("idle" in alarms(resource, {}, live=live)) is there


def test_without_a_wish_there_is_nothing(resource: Any) -> None:
    made = desired_monitoring(resource(), "default-iris", PLACE, ("primary",))
    assert (made.alarms, made.dashboard, made.body, made.keeps_dashboard) == ((), None, None, False)


def test_the_dashboard_comes_with_the_alarms_and_stays_as_it_is_where_nothing_is_there(resource: Any) -> None:
    made = found(resource, {}, alarms=["Errors"])
    assert (made.dashboard, made.keeps_dashboard) == ("smendpoints-us-east-1-default-iris", False)
    assert made.names() == ("smendpoints/monitoring.default-iris/primary/errors",)
    assert made.body is not None
    shown = made.body["widgets"][1]["properties"]["alarms"]
    assert shown == [f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{made.names()[0]}"]
    nowhere = desired_monitoring(resource({"monitoring": {}}), "default-iris", None, ())
    assert (nowhere.dashboard, nowhere.body, nowhere.keeps_dashboard) == (None, None, True)
    without = found(resource, {}, dashboard=False)
    assert (without.dashboard, without.body, without.keeps_dashboard) == (None, None, False)
    assert len({made.digest, nowhere.digest, without.digest}) == 3


@pytest.mark.parametrize(
    ("arn", "place"),
    [
        ("arn:aws:sagemaker:us-east-1:123456789012:endpoint/iris", PLACE),
        (
            "arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/iris",
            Location("aws-cn", "cn-north-1", "123456789012"),
        ),
        ("arn:aws:s3:us-east-1:123456789012:endpoint/iris", None),
        (None, None),
    ],
)
def test_where_an_endpoint_is_its_arn_says(arn: str | None, place: Location | None) -> None:
    assert Location.of(arn) == place
