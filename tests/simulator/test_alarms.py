"""Alarms and metrics through boto3, on a clock that the test moves; and how datapoints are judged."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smsandbox.aws.cloudwatch.alarm_rules import judge, reason

X, O, N = True, False, None  # noqa: E741 - breaching, fine and missing, as the table has them


@pytest.fixture
def cw(bare: Any) -> Any:
    return bare.client("cloudwatch")


def now(cloud: Any) -> datetime:
    return datetime.fromtimestamp(cloud.world.now(), UTC)


def put(cloud: Any, *values: float, name: str = "Errors", **datum: Any) -> None:
    cloud.client("cloudwatch").put_metric_data(
        Namespace="shop",
        MetricData=[{"MetricName": name, "Value": value, "Timestamp": now(cloud), **datum} for value in values],
    )


def alarm(cloud: Any, **changes: Any) -> Any:
    members = {
        "AlarmName": "errors", "Namespace": "shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold", **changes,
    }  # fmt: skip
    cloud.client("cloudwatch").put_metric_alarm(**{key: value for key, value in members.items() if value is not None})


def shown(cloud: Any, name: str = "errors") -> dict[str, Any]:
    return dict(cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0])


# From AWS's table of how missing datapoints are treated, three datapoints to alarm out of three, and two out of three.
@pytest.mark.parametrize(
    ("breaches", "needed", "expected"),
    [
        ([O, N, X, N, X], 3, "OK OK OK OK"),
        ([O, N, N, N, N], 3, "OK OK OK OK"),
        ([N, N, N, N, N], 3, "INSUFFICIENT_DATA keep ALARM OK"),
        ([O, X, X, N, X], 3, "ALARM ALARM ALARM ALARM"),
        ([N, N, X, N, N], 3, "ALARM keep ALARM OK"),
        ([O, N, X, N, X], 2, "ALARM ALARM ALARM ALARM"),
        ([O, O, X, O, X], 2, "ALARM ALARM ALARM ALARM"),
        ([O, N, X, N, N], 2, "OK OK ALARM OK"),
        ([N, N, N, N, O], 2, "OK OK ALARM OK"),
        ([N, N, N, X, N], 2, "ALARM keep ALARM OK"),
    ],
)
def test_missing_datapoints_are_treated_as_in_the_table_of_aws(
    breaches: list[bool | None], needed: int, expected: str
) -> None:
    for missing, state in zip(("missing", "ignore", "breaching", "notBreaching"), expected.split(), strict=True):
        wanted = "OK" if state == "keep" else state
        assert judge(breaches, needed, 3, missing, "OK") == wanted, missing
        if state == "keep":
            assert judge(breaches, needed, 3, missing, "ALARM") == "ALARM"


def test_what_is_missing_is_told_in_awss_words() -> None:
    assert reason("OK", [], 1.0, "GreaterThanThreshold", 5) == (
        "Threshold Crossed: no datapoints were received for 5 periods and 5 missing datapoints were treated as"
        " [NonBreaching]."
    )
    assert reason("ALARM", [], 1.0, "GreaterThanThreshold", 1) == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching]."
    )


def test_a_new_alarm_has_insufficient_data_until_it_has_seen_some(bare: Any) -> None:
    alarm(bare)
    assert shown(bare)["StateValue"] == "INSUFFICIENT_DATA"
    assert shown(bare)["StateReason"] == "Unchecked: Initial alarm creation"
    put(bare, 1.0)
    bare.world.advance(60)
    assert shown(bare)["StateValue"] == "OK"
    put(bare, 3.0, 3.0)
    bare.world.advance(60)
    found = shown(bare)
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [6.0] was greater than the threshold (5.0)."
    )
    bare.world.advance(600)
    assert shown(bare)["StateValue"] == "INSUFFICIENT_DATA"
    history = bare.client("cloudwatch").describe_alarm_history(AlarmName="errors", HistoryItemType="StateUpdate")
    assert [item["HistorySummary"] for item in history["AlarmHistoryItems"]] == [
        "Alarm updated from ALARM to INSUFFICIENT_DATA",
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]


@pytest.mark.parametrize(
    ("operator", "value", "state"),
    [
        ("GreaterThanThreshold", 5.0, "OK"),
        ("GreaterThanOrEqualToThreshold", 5.0, "ALARM"),
        ("LessThanThreshold", 5.0, "OK"),
        ("LessThanThreshold", 4.9, "ALARM"),
        ("LessThanOrEqualToThreshold", 5.0, "ALARM"),
    ],
)
def test_each_comparison_has_its_edge(bare: Any, operator: str, value: float, state: str) -> None:
    alarm(bare, ComparisonOperator=operator)
    put(bare, value)
    bare.world.advance(60)
    assert shown(bare)["StateValue"] == state


def test_two_of_three_datapoints_are_enough_when_so_asked(bare: Any) -> None:
    alarm(bare, EvaluationPeriods=3, DatapointsToAlarm=2)
    for value in (9.0, 1.0, 9.0):
        put(bare, value)
        bare.world.advance(60)
    assert shown(bare)["StateValue"] == "ALARM"


def test_a_percentile_is_judged(bare: Any) -> None:
    alarm(bare, Statistic=None, ExtendedStatistic="p90", Threshold=50.0)
    put(bare, *[float(value) for value in range(1, 101)])
    bare.world.advance(60)
    assert shown(bare)["StateValue"] == "ALARM"
    alarm(bare, Statistic=None, ExtendedStatistic="p40", Threshold=50.0)
    put(bare, *[float(value) for value in range(1, 101)])
    bare.world.advance(60)
    assert shown(bare)["StateValue"] == "OK"


def test_a_ratio_by_metric_math_is_judged(bare: Any) -> None:
    def metric(name: str) -> dict[str, Any]:
        return {"Metric": {"Namespace": "shop", "MetricName": name}, "Period": 60, "Stat": "Sum"}

    queries = [
        {"Id": "errors", "MetricStat": metric("Errors"), "ReturnData": False},
        {"Id": "all", "MetricStat": metric("Requests"), "ReturnData": False},
        {"Id": "rate", "Expression": "100 * FILL(errors, 0) / all", "ReturnData": True},
    ]
    alarm(bare, Metrics=queries, Namespace=None, MetricName=None, Statistic=None, Period=None, Threshold=20.0)
    put(bare, 100.0, name="Requests")
    bare.world.advance(60)
    assert shown(bare)["StateValue"] == "OK"
    put(bare, 100.0, name="Requests")
    put(bare, 30.0)
    bare.world.advance(60)
    assert shown(bare)["StateValue"] == "ALARM"


def test_short_periods_pass_quicker_when_time_is_scaled(bare: Any) -> None:
    bare.set(time_scale=60, alarms={"evaluation_seconds": 0.5})
    alarm(bare, EvaluationPeriods=2)
    for _step in range(3):
        put(bare, 9.0)
        bare.world.advance(1)
    assert shown(bare)["StateValue"] == "ALARM"


def test_a_state_set_by_hand_lasts_until_the_next_evaluation(bare: Any) -> None:
    alarm(bare)
    put(bare, 1.0)
    bare.world.advance(60)
    bare.client("cloudwatch").set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    assert shown(bare)["StateValue"] == "ALARM"
    put(bare, 1.0)
    bare.world.advance(61)
    assert shown(bare)["StateValue"] == "OK"


def test_an_alarm_tells_its_topic(bare: Any) -> None:
    topic = bare.client("sns").create_topic(Name="oncall")["TopicArn"]
    sqs = bare.client("sqs")
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bare.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    alarm(bare, AlarmActions=[topic])
    put(bare, 9.0)
    bare.world.advance(60)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(json.loads(message["Body"])["Message"])
    assert (told["AlarmName"], told["NewStateValue"]) == ("errors", "ALARM")


def test_alarms_keep_their_tags_apart_and_lose_them_when_deleted(bare: Any, cw: Any, refused: Any) -> None:
    alarm(bare, Tags=[{"Key": "owner", "Value": "me"}])
    arn = shown(bare)["AlarmArn"]
    cw.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "a"}])
    cw.untag_resource(ResourceARN=arn, TagKeys=["owner"])
    assert cw.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    cw.delete_alarms(AlarmNames=["errors"])
    with refused("ResourceNotFoundException"):
        cw.list_tags_for_resource(ResourceARN=arn)
    assert not cw.describe_alarms()["MetricAlarms"]


def test_alarms_are_found_by_prefix_state_and_action(bare: Any, cw: Any) -> None:
    for name in ("a-1", "a-2", "b-1"):
        alarm(bare, AlarmName=name, AlarmActions=[f"arn:aws:sns:us-east-1:123456789012:{name}"])
    cw.set_alarm_state(AlarmName="a-2", StateValue="OK", StateReason="x")

    def names(**filters: Any) -> list[str]:
        return [one["AlarmName"] for one in cw.describe_alarms(**filters)["MetricAlarms"]]

    assert names(AlarmNamePrefix="a-") == ["a-1", "a-2"]
    assert names(StateValue="OK") == ["a-2"]
    assert names(ActionPrefix="arn:aws:sns:us-east-1:123456789012:b") == ["b-1"]
    pages = [
        one
        for page in cw.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 2})
        for one in page["MetricAlarms"]
    ]
    assert len(pages) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"Period": 45},
        {"EvaluationPeriods": 2000},
        {"DatapointsToAlarm": 2},
        {"Statistic": None},
        {"TreatMissingData": "no"},
    ],
)
def test_impossible_alarms_are_refused(bare: Any, refused: Any, changes: dict[str, Any]) -> None:
    with refused("ValidationError"):
        alarm(bare, **changes)


def test_deleting_an_alarm_that_is_not_there_says_so(cw: Any, refused: Any) -> None:
    with refused("ResourceNotFound"):
        cw.delete_alarms(AlarmNames=["nope"])


# metrics


def test_statistics_of_what_was_put_are_read_back(bare: Any, cw: Any) -> None:
    start = now(bare)
    put(bare, 1.0, 2.0, 3.0, 4.0, Unit="Count")
    cw.put_metric_data(
        Namespace="shop",
        MetricData=[{"MetricName": "Errors", "Values": [10.0, 20.0], "Counts": [3.0, 1.0], "Timestamp": now(bare)}],
    )
    bare.world.advance(60)
    (point,) = cw.get_metric_statistics(
        Namespace="shop", MetricName="Errors", StartTime=start - timedelta(minutes=1), EndTime=now(bare), Period=300,
        Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
    )["Datapoints"]  # fmt: skip
    assert (point["Sum"], point["SampleCount"], point["Average"]) == (60.0, 8.0, 7.5)
    assert (point["Minimum"], point["Maximum"], point["Unit"]) == (1.0, 20.0, "Count")


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_times_are_the_same_in_whatever_zone_the_machine_is(
    bare: Any, cw: Any, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("TZ", zone)
            time.tzset()
            start = now(bare)
            put(bare, 1.0)
            bare.world.advance(60)
            (point,) = cw.get_metric_statistics(
                Namespace="shop", MetricName="Errors", StartTime=start - timedelta(minutes=2), EndTime=now(bare),
                Period=60, Statistics=["Sum"],
            )["Datapoints"]  # fmt: skip
            assert timedelta() <= start - point["Timestamp"] < timedelta(minutes=1)
            made = bare.world.objects.role(bare.role()).created
            assert abs(made - time.time()) < 3600  # moto has a clock of its own
    finally:
        time.tzset()


def test_percentiles_are_read_back(bare: Any, cw: Any) -> None:
    put(bare, *[float(value) for value in range(1, 101)])
    bare.world.advance(60)
    (point,) = cw.get_metric_statistics(
        Namespace="shop", MetricName="Errors", StartTime=now(bare) - timedelta(minutes=5), EndTime=now(bare),
        Period=300, ExtendedStatistics=["p50", "p99.9"],
    )["Datapoints"]  # fmt: skip
    assert point["ExtendedStatistics"] == {"p50": 50.0, "p99.9": 100.0}


def test_metric_data_tells_namespaces_apart_and_does_arithmetic(bare: Any, cw: Any) -> None:
    put(bare, 4.0)
    cw.put_metric_data(Namespace="other", MetricData=[{"MetricName": "Errors", "Value": 100.0, "Timestamp": now(bare)}])
    bare.world.advance(60)
    metric = {"Metric": {"Namespace": "shop", "MetricName": "Errors"}, "Period": 300, "Stat": "Sum"}
    answer = cw.get_metric_data(
        StartTime=now(bare) - timedelta(minutes=5),
        EndTime=now(bare),
        MetricDataQueries=[{"Id": "m", "MetricStat": metric}, {"Id": "e", "Expression": "m * 2 + 1"}],
    )
    assert {one["Id"]: one["Values"] for one in answer["MetricDataResults"]} == {"m": [4.0], "e": [9.0]}


def test_metrics_are_listed_by_name_and_dimension(bare: Any, cw: Any) -> None:
    put(bare, 1.0, Dimensions=[{"Name": "Zone", "Value": "a"}])
    put(bare, 1.0, Dimensions=[{"Name": "Zone", "Value": "b"}])
    put(bare, 1.0, name="Requests")
    assert len(cw.list_metrics(Namespace="shop")["Metrics"]) == 3
    (found,) = cw.list_metrics(Namespace="shop", Dimensions=[{"Name": "Zone", "Value": "b"}])["Metrics"]
    assert found["Dimensions"] == [{"Name": "Zone", "Value": "b"}]


def test_an_idle_variant_has_zeros_and_a_deleted_one_nothing(cloud: Any) -> None:
    cloud.endpoint()
    cw, runtime = cloud.client("cloudwatch"), cloud.client("sagemaker-runtime")
    cloud.world.advance(120)
    runtime.invoke_endpoint(EndpointName="ep", Body=b"{}")
    cloud.world.advance(180)

    def sums(metric: str) -> list[float]:
        points = cw.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName=metric, Period=60, Statistics=["Sum"],
            Dimensions=[{"Name": "EndpointName", "Value": "ep"}, {"Name": "VariantName", "Value": "primary"}],
            StartTime=now(cloud) - timedelta(minutes=60), EndTime=now(cloud),
        )["Datapoints"]  # fmt: skip
        return [point["Sum"] for point in sorted(points, key=lambda point: point["Timestamp"])]

    assert max(sums("Invocations")) == 1.0
    assert sums("Invocations")[-1] == 0.0
    assert max(sums("InvocationsPerInstance")) == 0.5
    assert len(sums("ModelLatency")) == 1
    before = len(sums("Invocations"))
    cloud.sm.delete_endpoint(EndpointName="ep")
    cloud.world.advance(1200)
    assert len(sums("Invocations")) <= before + 1


def arn_of(name: str, region: str = "us-east-1") -> str:
    return f"arn:aws:cloudwatch:{region}:123456789012:alarm:{name}"


def tags_of(cw: Any, name: str = "errors") -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in cw.list_tags_for_resource(ResourceARN=arn_of(name))["Tags"]}


def test_tags_of_an_alarm_count_when_it_is_made_and_are_ignored_later(bare: Any, cw: Any) -> None:
    alarm(bare, Tags=[{"Key": "owner", "Value": "me"}])
    alarm(bare, Threshold=6.0, Tags=[{"Key": "owner", "Value": "you"}, {"Key": "team", "Value": "x"}])
    assert tags_of(cw) == {"owner": "me"}
    assert shown(bare)["Threshold"] == 6.0
    alarm(bare, AlarmName="plain")
    alarm(bare, AlarmName="plain", Tags=[{"Key": "owner", "Value": "me"}])
    assert tags_of(cw, "plain") == {}
    cw.tag_resource(ResourceARN=arn_of("plain"), Tags=[{"Key": "owner", "Value": "me"}, {"Key": "a", "Value": "b"}])
    cw.untag_resource(ResourceARN=arn_of("plain"), TagKeys=["a", "never-there"])
    assert tags_of(cw, "plain") == {"owner": "me"}


def test_the_tags_of_an_alarm_go_with_it(bare: Any, cw: Any) -> None:
    alarm(bare, Tags=[{"Key": "owner", "Value": "me"}])
    cw.delete_alarms(AlarmNames=["errors"])
    alarm(bare)
    assert tags_of(cw) == {}


@pytest.mark.parametrize(
    "arn", [arn_of("no-such"), arn_of("errors", "eu-west-1"), "arn:aws:cloudwatch:errors", "errors"]
)
def test_tags_of_what_is_no_alarm_here_are_refused(bare: Any, cw: Any, refused: Any, arn: str) -> None:
    alarm(bare)
    for operation, more in (
        ("list_tags_for_resource", {}),
        ("tag_resource", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_resource", {"TagKeys": ["a"]}),
    ):
        with refused("ResourceNotFoundException"):
            getattr(cw, operation)(ResourceARN=arn, **more)


def test_tags_of_alarms_keep_awss_bounds_and_are_found_by_the_tagging_api(bare: Any, cw: Any, refused: Any) -> None:
    alarm(bare, Tags=[{"Key": "owner", "Value": "me"}])
    alarm(bare, AlarmName="other")
    with refused("InvalidParameterValue"):
        cw.tag_resource(ResourceARN=arn_of("errors"), Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    with refused("InvalidParameterValue"):
        alarm(bare, AlarmName="third", Tags=[{"Key": "aws:owner", "Value": "me"}])
    found = bare.client("resourcegroupstaggingapi").get_resources(
        ResourceTypeFilters=["cloudwatch:alarm"], TagFilters=[{"Key": "owner", "Values": ["me"]}]
    )
    assert [each["ResourceARN"] for each in found["ResourceTagMappingList"]] == [arn_of("errors")]


@pytest.mark.parametrize("member", ["AlarmActions", "OKActions", "InsufficientDataActions"])
def test_what_an_alarm_does_is_named_by_an_arn(bare: Any, refused: Any, member: str) -> None:
    with refused("ValidationError") as error:
        alarm(bare, **{member: ["my-topic"]})
    assert error.text == "Invalid arn syntax: my-topic"
