"""Calls that are made without the wire, as in virtual time, are made and answered as over the wire, value by value."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ParamValidationError

from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.testing.virtual_aws import BRISK

STEPS = {
    "name": "queue",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {
        "metric": {"namespace": "Shop", "metricName": "Queue"},
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 9,
        "evaluationPeriods": 1,
    },
}
NIGHT = {"name": "night", "schedule": "cron(0 22 * * ? *)", "maxCapacity": 2}
SCALED = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70, "stepScaling": [STEPS]}
GUARDED = {
    "strategy": "Canary",
    "stepPercent": 50,
    "stepWaitSeconds": 120,
    "rollback": {"maxErrorRatePercent": 1, "onRequest": True},
    "analysis": {"metrics": [{"name": "errors", "errorRate": {}}]},
}


def plain(value: Any) -> Any:
    """A value with its type, so that 1 is not 1.0, and True not 1; an instant whatever its zone."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key not in {"RequestId", "HTTPHeaders"}}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return type(value).__name__, value


@dataclass
class Exchanged:
    """What was asked and answered, and the requests as the simulator's services got them."""

    answers: list[Any] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    operations: set[str] = field(default_factory=set)


def exchanged(story: Any, *, by_wire: bool) -> Exchanged:
    """A story from an empty AWS on."""
    harness = Harness(settings=BRISK, by_wire=by_wire)
    found = Exchanged()

    def answered(parsed: Any, model: Any, **_: Any) -> None:
        if not harness.simulator.gateway.simulates(model.service_model.service_name, model.name):
            return
        found.answers.append((model.name, plain(parsed)))
        found.operations.add(model.name)

    called = harness.world.call

    def call(request: Any) -> Any:
        found.requests.append((request.service, request.region, request.principal_arn, request.operation))
        found.requests.append((request.account, request.user_agent, plain(request.params)))
        return called(request)

    harness.session.events.register("after-call", answered)
    harness.world.call = call  # type: ignore[method-assign]
    try:
        for _ in story(harness):
            pass
    finally:
        harness.simulator.close()
    found.requests.append(harness.world.calls.counts())
    return found


def a_life(harness: Harness) -> Iterator[None]:
    """Most of what the operator asks AWS for, with failures of each kind."""
    topic = harness.client("sns").create_topic(Name="oncall")["TopicArn"]
    base = {**spec(rollout=GUARDED, tags={"team": "shop"}), "monitoring": {"topicARNs": [topic]}}
    harness.apply("iris", with_variant(base, scaling={**SCALED, "schedules": [NIGHT]}))
    harness.settle("iris")
    yield
    for kind, operation in itertools.product(("throttle", "lose_response", "error"), ("ListTags", "DescribeEndpoint")):
        harness.world.faults.add({"kind": kind, "operation": operation, "times": 1})
    harness.world.faults.add({"kind": "access_denied", "operation": "UpdateEndpoint", "times": 1})
    harness.apply("iris", with_variant(base, scaling=SCALED, modelArtifact=ARTIFACTS[1], weight=2))
    harness.run(900)
    yield
    harness.apply("iris", with_variant(base, scaling=None, modelArtifact=ARTIFACTS[1], weight=3) | {"tags": {"a": "b"}})
    harness.settle("iris")
    harness.delete("iris")
    harness.settle_gone("iris")
    yield


def a_comparison(harness: Harness) -> Iterator[None]:
    """An experiment, until CloudWatch was asked."""
    errors = {"name": "errors", "errorRate": {}, "marginPercentagePoints": 1}
    wanted = {"endpointRef": {"name": "pair"}, "control": "primary", "challengers": ["challenger"]}
    harness.apply("pair", {**two_variants(1, 1), "dataCapture": {"destination": f"s3://{BUCKET}/captured"}})
    harness.settle("pair")
    harness.experiments.apply("ab", {**wanted, "metrics": {"primary": errors}})
    harness.run(600, 20)
    yield


def by_hand(harness: Harness) -> Iterator[None]:
    """Values that lose something on the way, and refusals of each kind."""
    watch, sagemaker = harness.client("cloudwatch"), harness.client("sagemaker")
    scaling = harness.client("application-autoscaling")
    now = datetime.fromtimestamp(harness.clock.now(), UTC)
    exact = now + timedelta(microseconds=123456)
    east = exact.astimezone(datetime.now(UTC).astimezone().tzinfo)
    for when in (exact, east, exact.replace(tzinfo=None), exact.isoformat(), int(harness.clock.now())):
        datum = {"MetricName": "m", "Value": 3, "Timestamp": when, "Dimensions": [{"Name": "a", "Value": "b"}]}
        watch.put_metric_data(Namespace="Shop", MetricData=[datum])
    metric = {"Namespace": "Shop", "MetricName": "m", "Dimensions": [{"Name": "a", "Value": "b"}]}
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}
    window = {"StartTime": exact - timedelta(hours=1), "EndTime": exact + timedelta(seconds=90)}
    yield watch.get_metric_data(MetricDataQueries=[query], **window)
    watch.put_metric_alarm(
        AlarmName="a", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1, **metric,
        Statistic="Sum", Period=60,
    )  # fmt: skip
    watch.describe_alarms(AlarmNames=["a"])
    sagemaker.list_endpoints(LastModifiedTimeAfter=exact)
    target = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/no/variant/v"}
    for refused in (
        lambda: sagemaker.describe_endpoint(EndpointName="no"),
        lambda: sagemaker.describe_endpoint(EndpointName="n" * 64),
        lambda: sagemaker.create_endpoint(EndpointName="a", EndpointConfigName="b"),
        lambda: scaling.describe_scaling_policies(**target, NextToken="no"),
        lambda: scaling.deregister_scalable_target(
            **target, ScalableDimension="sagemaker:variant:DesiredInstanceCount"
        ),
        lambda: watch.put_dashboard(DashboardName="d", DashboardBody="{"),
        lambda: watch.delete_alarms(AlarmNames=["a" * 300]),
    ):
        with pytest.raises(ClientError) as error:
            refused()  # type: ignore[no-untyped-call]
        yield plain((type(error.value).__name__, error.value.response))
    with pytest.raises(ParamValidationError):
        sagemaker.describe_endpoint(EndpointName=3)
    harness.world.faults.add({"kind": "lose_response", "operation": "ListModels", "times": 3})
    with pytest.raises(ConnectionClosedError):
        sagemaker.list_models()
    pages = sagemaker.get_paginator("list_endpoints").paginate(PaginationConfig={"PageSize": 1})
    assert [each["Endpoints"] for each in pages] == [[]]


@pytest.mark.parametrize("story", [a_life, a_comparison, by_hand])
def test_calls_without_the_wire_are_made_and_answered_as_over_it(story: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, _: low)  # moto draws, too
    wire, direct = exchanged(story, by_wire=True), exchanged(story, by_wire=False)
    assert direct.operations == wire.operations
    for one, other in zip(direct.answers, wire.answers, strict=True):
        assert one == other
    for one, other in zip(direct.requests, wire.requests, strict=True):
        assert one == other
    assert len(direct.answers) > 10
