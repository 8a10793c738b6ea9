"""`spec.monitoring` as a person sees it: alarms and how they stand, topics that tell nobody, what it costs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError as BotoError

from smclient.aws.alarms import listed
from smclient.aws.prices import monitoring_prices
from smclient.aws.session import Aws
from smclient.cli.output import plainly
from smclient.cli.tree import status_tree
from smclient.errors import AWSError
from smclient.notified import of_monitoring
from smclient.spending import monitoring_prices_of
from smclient.views.costs import MonitoringPrices, monitoring_cost
from smclient.views.monitoring import MonitoringView, monitoring_view
from smclient.views.status import status_view
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import JsonServer
from smsandbox.testing.price_list import PriceList
from smsandbox.testing.specs import spec, two_variants, with_variant
from smsandbox.world import ACCOUNT, REGION

HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"
SCALED = {"minCapacity": 1, "maxCapacity": 4, "targetInvocationsPerInstance": 70}
PREFIX = "smendpoints/monitoring.default-iris/"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
Endpoint = Callable[..., dict[str, Any]]


@pytest.fixture
def aws(harness: Harness) -> Aws:
    return Aws(REGION, harness.session)


def monitored(harness: Harness, wish: dict[str, Any] | None = None, **monitoring: Any) -> dict[str, Any]:
    """An object in service whose alarms are in CloudWatch, as the operator left it."""
    harness.apply("iris", {**(wish or with_variant(spec(), scaling=SCALED)), "monitoring": monitoring})
    harness.settle("iris")
    harness.run(300)
    return dict(harness.objects["iris"].body)


def fire(harness: Harness, alarm: str, why: str = "Threshold Crossed") -> None:
    harness.client("cloudwatch").set_alarm_state(AlarmName=f"{PREFIX}{alarm}", StateValue="ALARM", StateReason=why)


def view_of(found: dict[str, Any]) -> MonitoringView:
    view = monitoring_view(found)
    assert view is not None
    return view


def tree(found: dict[str, Any], *, wide: bool = False) -> str:
    return plainly(status_tree(status_view(found, (), NOW), NOW, wide=wide))


def test_the_tree_names_the_alarms_that_fire_and_the_dashboard(harness: Harness) -> None:
    found = monitored(harness)
    assert "monitoring 4 alarms, none in ALARM" in tree(found)
    assert "dashboard smendpoints-us-east-1-default-iris" in tree(found)
    assert "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#" in tree(found, wide=True)
    found["status"]["monitoring"]["firing"] = [f"{PREFIX}primary/errors"]
    shown = tree(found)
    assert "monitoring 4 alarms, 1 in ALARM" in shown
    assert "primary/errors  ALARM" in shown
    assert "primary/latency" not in shown
    assert "primary/latency  -" in tree(found, wide=True)
    assert monitoring_view({**found, "spec": {}, "status": {}}) is None


def test_what_cloudwatch_refused_the_operator_stands_in_the_tree(endpoint: Endpoint) -> None:
    refused = {"type": "MonitoringActive", "status": "False", "reason": "Denied", "message": "may not PutDashboard"}
    found = endpoint(spec={"variants": [], "monitoring": {}}, conditions=[refused], monitoring={})
    assert "may not PutDashboard" in tree(found)
    url = {"dashboardURL": "javascript:alert(1)"}
    assert view_of(endpoint(spec={"monitoring": {}}, monitoring=url)).dashboard_url is None


def test_alarms_stand_as_cloudwatch_says_now_not_as_the_operator_listed_them(harness: Harness, aws: Aws) -> None:
    view = view_of(monitored(harness))
    fire(harness, "primary/latency", "2 s is more than 800 ms")
    harness.client("cloudwatch").delete_alarms(AlarmNames=[f"{PREFIX}idle"])
    now = listed(aws, view)
    assert [each.watches for each in now.firing] == ["primary/latency"] == [now.alarms[0].watches]
    assert now.alarms[0].why == "2 s is more than 800 ms"
    assert now.alarms[0].since is not None
    assert {each.watches: each.state for each in now.alarms}["idle"] == "ABSENT"
    assert str(now.alarms[0].url).endswith("#alarmsV2:alarm/smendpoints%2Fmonitoring.default-iris%2Fprimary%2Flatency")


def test_metrics_shows_the_alarms_and_says_where_it_may_not_ask_for_them(
    server: JsonServer, smendpoint: Any, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = monitored(harness)
    found["metadata"]["namespace"] = "ml"
    server.answers["GET", f"{HERE}/iris"] = found
    monkeypatch.setattr("smclient.aws.session.Aws._make", lambda _, service, __: harness.client(service))
    fire(harness, "primary/errors")
    shown = smendpoint("metrics", "iris")
    rows = [each.split() for each in shown.out.splitlines()]
    assert shown.code == 0
    assert ["ALARM", "STATE", "SINCE", "WHY"] in rows
    assert any(row[:2] == ["primary/errors", "ALARM"] for row in rows)
    document = smendpoint("metrics", "iris", "-o", "json").json()
    assert {each["metric"] for each in document["metrics"]} > {"invocations", "latency p99"}
    assert [each["watches"] for each in document["monitoring"]["alarms"] if each["state"] == "ALARM"] == [
        "primary/errors"
    ]

    def refuse(*_: Any) -> None:
        raise AWSError("you may not", "ask for the permission cloudwatch:DescribeAlarms")

    monkeypatch.setattr("smclient.aws.alarms.states", refuse)
    ran = smendpoint("metrics", "iris")
    assert ran.code == 0
    assert "as the operator listed them last: you may not; ask for the permission cloudwatch:DescribeAlarms" in ran.err
    assert any(row[:2] == ["primary/errors", "-"] for row in map(str.split, ran.out.splitlines()))


@pytest.fixture
def topic(harness: Harness) -> str:
    """A topic to which a queue is subscribed."""
    sqs, sns = harness.client("sqs"), harness.client("sns")
    url = sqs.create_queue(QueueName="pager")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made: str = sns.create_topic(Name="oncall")["TopicArn"]
    sns.subscribe(TopicArn=made, Protocol="sqs", Endpoint=arn)
    return made


def checks(found: dict[str, Any], aws: Aws) -> dict[str, tuple[str, str]]:
    """What was found by what it is about, the worst last."""
    told = sorted(of_monitoring(found, aws), key=lambda each: each.outcome == "bad")
    return {each.about: (each.outcome, each.message) for each in told}


def test_a_monitored_endpoint_that_tells_somebody_is_well(harness: Harness, aws: Aws, topic: str) -> None:
    found = monitored(harness, topicARNs=[topic])
    assert {about: outcome for about, (outcome, _) in checks(found, aws).items()} == dict.fromkeys(
        ("monitoring", "alarms", "topic"), "ok"
    )
    fire(harness, "primary/errors", "3 % is more than 2 %")
    assert checks(found, aws)["alarms"] == ("bad", "primary/errors is in ALARM: 3 % is more than 2 %")
    assert list(of_monitoring({"spec": {}}, aws)) == []


def statement(**changes: Any) -> dict[str, Any]:
    base = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
    return {**base, "Resource": "*", **changes}


ALARMS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"


@pytest.mark.parametrize(
    ("statements", "outcome"),
    [
        ([statement()], "ok"),
        ([statement(Principal={"AWS": "*"}, Condition={"StringEquals": {"AWS:SourceOwner": ACCOUNT}})], "ok"),
        ([statement(Condition={"ArnLike": {"aws:SourceArn": ALARMS}, "StringEquals": {"aws:SourceAccount": ACCOUNT}})], "ok"),
        ([statement(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}})], "bad"),
        ([statement(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"}})], "bad"),
        ([statement(Principal={"Service": "events.amazonaws.com"})], "bad"),
        ([statement(), statement(Effect="Deny", Principal="*")], "bad"),
        ([], "bad"),
        ([statement(Condition={"ArnLike": {"aws:SourceArn": f"{ALARMS[:-1]}other-*"}})], "unknown"),
        ([statement(Condition={"Bool": {"aws:SecureTransport": "true"}})], "unknown"),
    ],
)  # fmt: skip
def test_a_topic_has_to_let_cloudwatch_publish(
    harness: Harness, aws: Aws, topic: str, endpoint: Endpoint, statements: list[dict[str, Any]], outcome: str
) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    harness.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    found = endpoint(spec={"monitoring": {"topicARNs": [topic]}})
    assert checks(found, aws)["topic"][0] == outcome


def test_a_topic_that_is_not_there_or_elsewhere_or_silent_is_named(
    harness: Harness, aws: Aws, endpoint: Endpoint
) -> None:
    def told(arn: str) -> tuple[str, str]:
        return checks(endpoint(spec={"monitoring": {"topicARNs": [arn]}}), aws)["topic"]

    absent = f"arn:aws:sns:{REGION}:{ACCOUNT}:absent"
    assert told(absent) == ("bad", f"{absent} is not there")
    abroad = f"arn:aws:sns:eu-west-1:{ACCOUNT}:oncall"
    assert told(abroad) == ("bad", f"{abroad} is in eu-west-1, the endpoint in {REGION}")
    sns = harness.client("sns")
    silent = sns.create_topic(Name="silent")["TopicArn"]
    assert told(silent) == ("bad", f"{silent} tells nobody: no subscription is confirmed")
    sns.set_topic_attributes(TopicArn=silent, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns")
    assert told(silent) == ("bad", f"{silent} is encrypted with alias/aws/sns, which CloudWatch may not use")


def test_what_one_may_not_look_at_is_unknown(endpoint: Endpoint) -> None:
    class Denying:
        def __getattr__(self, operation: str) -> Any:
            def refuse(*_: Any, **__: Any) -> None:
                raise BotoError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, operation)

            return refuse

    aws = Aws(REGION)
    aws._clients |= dict.fromkeys(("sns", "cloudwatch"), Denying())
    aws._clients["sts"] = type("Sts", (), {"meta": type("Meta", (), {"region_name": REGION})})
    wanted = {"monitoring": {"topicARNs": [f"arn:aws:sns:{REGION}:{ACCOUNT}:oncall"]}}
    found = endpoint(spec=wanted, monitoring={"alarms": [f"{PREFIX}idle"]})
    assert {outcome for outcome, _ in checks(found, aws).values()} == {"unknown"}


def priced(price_list: Any = None) -> Callable[[str | None], Aws]:
    made = Aws("us-east-1")
    made._clients["pricing"] = price_list or PriceList()
    return lambda _: made


def test_prices_are_those_of_the_price_list_beyond_what_is_free() -> None:
    found = monitoring_prices(priced()(None), REGION)
    assert found == MonitoringPrices(Decimal("0.10"), Decimal("3.00"))
    assert monitoring_prices(priced()(None), "mars-1").alarm_metric is None


@pytest.mark.parametrize("wish", [None, two_variants(9, 1)])
def test_alarms_cost_by_the_metrics_that_they_watch_in_cloudwatch(harness: Harness, wish: Any) -> None:
    found = monitored(harness, wish)
    there = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix=PREFIX)["MetricAlarms"]
    watched = sum(sum("MetricStat" in query for query in each.get("Metrics") or [{"MetricStat": 1}]) for each in there)
    assert watched > len(there)
    prices, errors = monitoring_prices_of([found], priced())
    cost = monitoring_cost([found, found], prices)
    assert not errors
    assert cost is not None
    assert (cost.alarm_metrics, cost.dashboards) == (2 * watched, 2)
    assert (cost.alarms_monthly_usd, cost.dashboards_monthly_usd) == (f"{Decimal('0.2') * watched:.2f}", "6.00")
    assert cost.monthly_usd == f"{Decimal('0.2') * watched + 6:.2f}"


def test_without_a_price_list_there_is_no_price(endpoint: Endpoint) -> None:
    class Refusing:
        def get_paginator(self, _: str) -> Any:
            raise BotoError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetProducts")

    found = endpoint(monitoring={"alarms": [f"{PREFIX}idle"], "dashboard": "board"})
    prices, errors = monitoring_prices_of([found], priced(Refusing()))
    assert [each.code for each in errors] == ["AccessDenied"]
    cost = monitoring_cost([found], prices)
    assert cost is not None
    assert (cost.alarm_metrics, cost.dashboards, cost.monthly_usd) == (1, 1, None)
    assert monitoring_cost([endpoint()], {}) is None
    assert monitoring_prices_of([endpoint()], priced(Refusing())) == ({}, [])
