"""`spec.monitoring`: alarms and a dashboard that follow the spec, are the owner's, and hold nothing up; in virtual time."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import ACCOUNT, REGION

SCALED = {"minCapacity": 1, "maxCapacity": 4, "targetInvocationsPerInstance": 70}
PREFIX = "smendpoints/monitoring.default-iris/"
BOARD = "smendpoints-us-east-1-default-iris"
KEYS = [f"smendpoints.dev/{key}" for key in ("cluster", "namespace", "name")]
ANOTHERS = [{"Key": key, "Value": "another"} for key in KEYS]
EMPTY = json.dumps({"widgets": []})


@pytest.fixture
def harness() -> Iterator[Harness]:
    """An AWS that is quicker than AWS."""
    made = Harness(settings=BRISK)
    yield made
    made.simulator.close()


def alarms(harness: Harness) -> dict[str, dict[str, Any]]:
    """The monitoring alarms of all endpoints by the last part of their names."""
    found = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/monitoring.")["MetricAlarms"]
    return {each["AlarmName"].removeprefix(PREFIX): each for each in found}


def dashboards(harness: Harness) -> list[str]:
    return [each["DashboardName"] for each in harness.client("cloudwatch").list_dashboards()["DashboardEntries"]]


def body(harness: Harness) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(harness.client("cloudwatch").get_dashboard(DashboardName=BOARD)["DashboardBody"])
    return found


def topic(harness: Harness, name: str = "oncall") -> str:
    made: str = harness.client("sns").create_topic(Name=name)["TopicArn"]
    return made


def told(harness: Harness, kind: str = "MonitoringActive") -> tuple[str, str, str]:
    found = harness.condition("iris", kind)
    assert found is not None
    return found.status, found.reason, found.message


def monitored(harness: Harness, wish: dict[str, Any] | None = None, **monitoring: Any) -> dict[str, Any]:
    """An object in service whose alarms were put and listed."""
    made = {**(wish or with_variant(spec(), scaling=SCALED)), "monitoring": monitoring}
    harness.apply("iris", made)
    harness.settle("iris")
    harness.run(300)
    return made


def test_an_endpoint_gets_alarms_and_a_dashboard_that_the_status_names(harness: Harness) -> None:
    arn = topic(harness)
    monitored(harness, topicARNs=[arn])
    assert set(alarms(harness)) == {"idle", "primary/capacity", "primary/errors", "primary/latency"}
    assert all(each["AlarmActions"] == each["OKActions"] == [arn] for each in alarms(harness).values())
    status = harness.objects["iris"].body["status"]["monitoring"]
    assert status["alarms"] == sorted(f"{PREFIX}{each}" for each in alarms(harness))
    assert (status["dashboard"], "firing" in status) == (BOARD, False)
    assert status["dashboardURL"].endswith(f"#dashboards/dashboard/{BOARD}")
    assert told(harness)[:2] == ("True", "MonitoringActive")
    tags = harness.client("cloudwatch").list_tags_for_resource(ResourceARN=alarms(harness)["idle"]["AlarmArn"])["Tags"]
    assert {each["Key"] for each in tags} >= set(KEYS)
    graphs = {each["properties"].get("title") for each in body(harness)["widgets"]}
    assert {"Requests a minute", "Instances of primary", "Share of answers that are errors"} <= graphs


def test_an_edit_changes_alarms_in_place_and_makes_no_revision(harness: Harness) -> None:
    made = monitored(harness)
    revisions = len(harness.resource("iris").status.history)
    harness.apply("iris", {**made, "monitoring": {"maxErrorRatePercent": 1, "alarms": ["Errors"], "dashboard": False}})
    harness.run(60)
    assert {name: each["Threshold"] for name, each in alarms(harness).items()} == {"primary/errors": 0.01}
    assert dashboards(harness) == []
    assert len(harness.resource("iris").status.history) == revisions
    assert told(harness, "Drifted")[0] == "False"  # an edit is no drift


def test_without_monitoring_in_the_spec_all_of_it_goes_and_nothing_else(harness: Harness) -> None:
    made = monitored(harness)
    harness.apply("iris", {key: value for key, value in made.items() if key != "monitoring"})
    harness.run(60)
    assert (alarms(harness), dashboards(harness)) == ({}, [])
    status = harness.objects["iris"].body["status"]
    assert "monitoring" not in status
    assert harness.condition("iris", "MonitoringActive") is None
    assert harness.inventory()["targets"] != []


def test_a_variant_that_goes_takes_its_alarms_along_when_it_is_out_of_service(harness: Harness) -> None:
    made = monitored(harness, two_variants(1, 1))
    assert {name.split("/")[0] for name in alarms(harness)} == {"primary", "challenger", "idle"}
    harness.apply("iris", {**made, "variants": made["variants"][:1]})
    harness.run(15)
    assert "challenger/errors" in alarms(harness)  # it still serves
    harness.settle("iris")
    harness.run(120)
    assert {name.split("/")[0] for name in alarms(harness)} == {"primary", "idle"}


@pytest.mark.parametrize("policy", ["Correct", "Report"])
def test_what_hands_change_is_seen_by_the_listing_and_put_back_unless_it_is_only_to_be_told(
    harness: Harness, policy: str
) -> None:
    monitored(harness, with_variant(spec(driftPolicy=policy), scaling=SCALED))
    cloudwatch, before = harness.client("cloudwatch"), body(harness)
    cloudwatch.delete_alarms(AlarmNames=[f"{PREFIX}primary/errors"])
    cloudwatch.disable_alarm_actions(AlarmNames=[f"{PREFIX}idle"])
    cloudwatch.put_dashboard(DashboardName=BOARD, DashboardBody=EMPTY)
    harness.run(300)
    corrected = policy == "Correct"
    assert ("primary/errors" in alarms(harness), body(harness) == before) == (corrected, corrected)
    assert alarms(harness)["idle"]["ActionsEnabled"] is corrected
    found = [each.message for each in harness.events if each.reason == "DriftFound"]
    assert len(found) == 1
    assert f"alarm {PREFIX}primary/errors none → set" in found[0]
    assert f"dashboard {BOARD} differs from the spec" in found[0]
    assert told(harness, "Drifted")[0] == ("False" if corrected else "True")
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]


def test_a_stopped_endpoint_has_no_alarms_and_keeps_its_dashboard(harness: Harness) -> None:
    made = monitored(harness)
    harness.apply("iris", {**made, "desiredState": "Stopped"})
    harness.settle("iris")
    harness.run(120)
    assert (alarms(harness), dashboards(harness)) == ({}, [BOARD])
    assert told(harness) == ("True", "MonitoringActive", "no alarms while the endpoint is stopped")
    harness.apply("iris", made)
    harness.settle("iris")
    harness.run(120)
    assert len(alarms(harness)) == 4
    harness.apply("iris", {**made, "desiredState": "Stopped"})
    harness.settle("iris")
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {kind: names for kind, names in harness.inventory().items() if names} == {}


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_with_the_object_all_of_it_goes_or_is_let_go_of(harness: Harness, policy: str) -> None:
    monitored(harness, spec(deletionPolicy=policy))
    harness.delete("iris")
    harness.settle_gone("iris")
    if policy == "Delete":
        assert {kind: names for kind, names in harness.inventory().items() if names} == {}
        return
    cloudwatch = harness.client("cloudwatch")
    arns = [each["AlarmArn"] for each in alarms(harness).values()]
    arns.append(cloudwatch.get_dashboard(DashboardName=BOARD)["DashboardArn"])
    assert len(arns) == 5
    assert all(cloudwatch.list_tags_for_resource(ResourceARN=each)["Tags"] == [] for each in arns)
    harness.apply("iris", spec(adoptExisting=True, deletionPolicy="Delete", monitoring={}))
    harness.settle("iris")
    harness.run(120)  # what was let go of is taken over again, and goes with the next owner
    assert told(harness)[0] == "True"
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {kind: names for kind, names in harness.inventory().items() if names} == {}


def test_alarms_and_dashboard_of_others_are_neither_changed_nor_deleted(harness: Harness) -> None:
    cloudwatch = harness.client("cloudwatch")
    alarm = {
        "MetricName": "x", "Namespace": "x", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.0,
    }  # fmt: skip
    for name in ("primary/errors", "stale"):
        cloudwatch.put_metric_alarm(AlarmName=f"{PREFIX}{name}", Tags=ANOTHERS, **alarm)
    cloudwatch.put_dashboard(DashboardName=BOARD, DashboardBody=EMPTY)
    monitored(harness)
    status, reason, message = told(harness)
    assert (status, reason) == ("False", "NameConflict")
    assert f"the alarm {PREFIX}primary/errors exists in CloudWatch and belongs to another object" in message
    assert f"the dashboard {BOARD} exists in CloudWatch and belongs to somebody else" in message
    assert alarms(harness)["primary/errors"]["MetricName"] == alarms(harness)["stale"]["MetricName"] == "x"
    assert "primary/latency" in alarms(harness)  # what is free is put
    assert body(harness) == {"widgets": []}
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]
    harness.delete("iris")
    harness.settle_gone("iris")
    assert (set(alarms(harness)), dashboards(harness)) == ({"primary/errors", "stale"}, [BOARD])


def test_what_aws_denies_is_told_holds_nothing_up_and_is_tried_again_later_each_time(harness: Harness) -> None:
    denied = {"kind": "error", "operation": "PutMetricAlarm", "code": "AccessDenied", "message": "not authorized"}
    harness.world.faults.add({**denied, "status": 403})
    made = monitored(harness, spec())
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]
    status, reason, message = told(harness)
    assert (status, reason) == ("False", "AccessDenied")
    assert "cloudwatch:PutMetricAlarm, statement" in message
    assert dashboards(harness) == [BOARD]  # what is allowed is done
    assert [each.reason for each in harness.events if each.reason == "AccessDenied"] == ["AccessDenied"]
    before = harness.calls("PutMetricAlarm")
    harness.run(6 * 3600, 60)
    assert 10 < harness.calls("PutMetricAlarm") - before < 20
    harness.apply("iris", with_variant(made, modelArtifact=ARTIFACTS[1]))  # and a rollout goes through
    harness.settle("iris")
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]
    harness.world.faults.remove()
    harness.run(3600, 30)
    assert told(harness)[0] == "True"
    assert len(alarms(harness)) == 4


def test_what_was_put_before_aws_denied_the_rest_goes_too(harness: Harness) -> None:
    denied = {"kind": "error", "operation": "PutMetricAlarm", "code": "AccessDenied", "message": "not authorized"}
    harness.world.faults.add({**denied, "status": 403})
    made = monitored(harness)
    assert dashboards(harness) == [BOARD]
    harness.apply("iris", {key: value for key, value in made.items() if key != "monitoring"})
    harness.run(60)
    assert dashboards(harness) == []


def test_a_topic_that_is_not_there_or_is_elsewhere_is_told(harness: Harness) -> None:
    missing = topic(harness).replace("oncall", "nobody")
    made = monitored(harness, topicARNs=[missing])
    assert told(harness)[:2] == ("False", "TopicNotFound")
    assert f"there is no topic {missing}" in told(harness)[2]
    assert len(alarms(harness)) == 4  # they are there, for who looks
    topic(harness, "nobody")
    harness.run(1800, 15)
    assert told(harness)[0] == "True"
    elsewhere = missing.replace("us-east-1", "eu-west-1")
    harness.apply("iris", {**made, "monitoring": {"topicARNs": [elsewhere]}})
    harness.run(120)
    assert told(harness)[:2] == ("False", "InvalidSpec")
    assert f"{elsewhere} is in eu-west-1" in told(harness)[2]
    assert alarms(harness)["idle"]["AlarmActions"] == [missing]


def test_an_alarm_that_fires_is_told_tells_its_topic_and_ends_no_rollout(harness: Harness) -> None:
    guarded = {"strategy": "AllAtOnce", "terminationWaitSeconds": 300, "rollback": {"maxErrorRatePercent": 50}}
    arn = topic(harness)
    queue = harness.client("sqs").create_queue(QueueName="pager")["QueueUrl"]
    where = harness.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    harness.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=where["QueueArn"])
    made = monitored(harness, spec(rollout=guarded), topicARNs=[arn])
    harness.client("cloudwatch").set_alarm_state(
        AlarmName=f"{PREFIX}primary/errors", StateValue="ALARM", StateReason="a drill"
    )
    found = harness.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert f"{PREFIX}primary/errors" in found[0]["Body"]
    harness.apply("iris", with_variant(made, modelArtifact=ARTIFACTS[1]))
    harness.run(60)
    pending = harness.resource("iris").status.rollout
    assert pending is not None
    for each in alarms(harness):
        harness.client("cloudwatch").set_alarm_state(
            AlarmName=f"{PREFIX}{each}", StateValue="ALARM", StateReason="a drill"
        )
    harness.settle("iris")
    outcomes = [each.outcome for each in harness.resource("iris").status.history]
    assert outcomes == ["Deployed", "Deployed"]
    harness.run(120)
    marks = next(each for each in body(harness)["widgets"] if each["properties"].get("title") == "Requests a minute")
    lines = [each["label"].split(":")[0] for each in marks["properties"]["annotations"]["vertical"]]
    assert lines == ["revision 1", "revision 2"]


def test_each_alarm_fires_for_what_it_is_for(harness: Harness) -> None:
    """Errors, latency, capacity and days without a request, evaluated on metrics as SageMaker publishes them."""
    monitored(harness, with_variant(spec(), scaling=SCALED), sustainedMinutes=2, atMaximumMinutes=5, idleDays=1)
    primary = {"EndpointName": "default-iris", "VariantName": "primary"}

    def minute(**metrics: tuple[float, str]) -> None:
        for name, (value, unit) in metrics.items():
            harness.world.metrics.put(ACCOUNT, REGION, "AWS/SageMaker", name, primary, value, unit)
        harness.world.advance(60)

    def states() -> dict[str, str]:
        return {name: each["StateValue"] for name, each in alarms(harness).items()}

    for _ in range(4):
        minute(Invocations=(1, "Count"), InvocationsPerInstance=(1, "Count"), Invocation5XXErrors=(0, "Count"))
    assert "ALARM" not in {key: state for key, state in states().items() if key != "idle"}.values()
    for _ in range(4):
        minute(
            Invocations=(1, "Count"),
            InvocationsPerInstance=(0.25, "Count"),
            Invocation5XXErrors=(1, "Count"),
            ModelLatency=(9e6, "Microseconds"),
        )
    assert (states()["primary/errors"], states()["primary/latency"]) == ("ALARM", "ALARM")
    assert states()["primary/capacity"] == "OK"  # four minutes with four instances of four
    for _ in range(4):
        minute(Invocations=(1, "Count"), InvocationsPerInstance=(0.25, "Count"))
    assert states()["primary/capacity"] == "ALARM"
    harness.run(120)
    assert f"{PREFIX}primary/capacity" in harness.objects["iris"].body["status"]["monitoring"]["firing"]
    assert "firing:" in told(harness)[2]
    assert states()["idle"] != "ALARM"
    harness.run(2 * 86400 + 600, 600)
    assert states()["idle"] == "ALARM"


def test_at_rest_monitored_objects_cost_no_call_of_their_own(harness: Harness) -> None:
    """Alarms and dashboards are read with the audit, by pages; without any, neither is listed."""
    for number in range(8):
        harness.apply(f"iris-{number}", spec())
    harness.run(900)
    assert harness.calls("ListDashboards") == 0
    for number in range(8):
        harness.apply(f"iris-{number}", spec(monitoring={}))
    harness.run(900)
    before, writes = operations(harness), harness.writes
    harness.run(1800)
    made = operations(harness) - before
    assert set(made) - {"DescribeImages", "ListObjectsV2", "GetRole"} == {  # these are once an hour, monitored or not
        "ListEndpoints",
        "DescribeScalableTargets",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
        "ListEndpointConfigs",
        "ListModels",
        "GetResources",
        "DescribeAlarms",
        "ListDashboards",
    }
    assert made["DescribeAlarms"] == made["ListDashboards"] <= made["ListModels"]
    assert sum(made.values()) <= 37 * 30
    assert harness.writes == writes
    harness.restart()
    before = operations(harness)
    harness.run(120)
    assert (operations(harness) - before)["GetDashboard"] == 0  # the status and the lists tell all


def operations(harness: Harness) -> Counter[str]:
    """How many calls there were so far, by operation."""
    counts = harness.world.calls.counts()
    return Counter({name: sum(codes.values()) for each in counts.values() for name, codes in each.items()})


@pytest.mark.parametrize("kill", range(8))
def test_a_process_that_is_killed_between_any_two_calls_leaves_nothing_behind(harness: Harness, kill: int) -> None:
    made = spec(monitoring={})
    harness.apply("iris", {key: value for key, value in made.items() if key != "monitoring"})
    harness.settle("iris")
    harness.apply("iris", made)
    harness.kill_after = kill
    harness.run(15)
    harness.apply("iris", {key: value for key, value in made.items() if key != "monitoring"})
    harness.kill_after = None
    harness.run(300)
    assert (alarms(harness), dashboards(harness)) == ({}, [])
    assert harness.violations == []


def test_each_alarm_of_an_asynchronous_endpoint_fires_for_what_it_is_for(harness: Harness) -> None:
    """Requests wait while there is no instance, and grow old: both are told, each after its own time."""
    arn = topic(harness)
    asynchronous = {**spec(), "async": {"outputPath": f"s3://{BUCKET}/out"}}
    monitored(harness, asynchronous, topicARNs=[arn], atMaximumMinutes=5, maxBacklogSeconds=120)
    assert set(alarms(harness)) == {"idle", "capacity", "backlog", "primary/errors", "primary/latency"}

    def minutes(number: int) -> tuple[str, str]:
        harness.world.advance(60 * number)
        found = alarms(harness)
        return found["capacity"]["StateValue"], found["backlog"]["StateValue"]

    assert minutes(6) == ("OK", "OK")
    none = [{"VariantName": "primary", "DesiredInstanceCount": 0}]
    harness.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="default-iris", DesiredWeightsAndCapacities=none
    )
    assert minutes(4) == ("OK", "OK")  # no instance, and nobody waits
    harness.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName="default-iris", InputLocation=f"s3://{BUCKET}/in.json"
    )
    assert minutes(2) == ("OK", "OK")
    assert minutes(2) == ("OK", "ALARM")
    assert minutes(3) == ("ALARM", "ALARM")
