"""Alarms belong to whom their tags name: no other object's are overwritten or deleted, and no own are left; in virtual time."""

from typing import Any

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK

SETTINGS = BRISK
GUARDED = {"strategy": "AllAtOnce", "terminationWaitSeconds": 300, "rollback": {"maxErrorRatePercent": 5}}
STEPPED: dict[str, Any] = {
    "minCapacity": 1,
    "maxCapacity": 5,
    "stepScaling": [
        {
            "name": "backlog",
            "steps": [{"lowerBound": 0, "adjustment": 1}],
            "alarm": {
                "metric": {"namespace": "AWS/SageMaker", "metricName": "Invocations", "statistic": "Sum"},
                "threshold": 5,
                "comparisonOperator": "GreaterThanOrEqualToThreshold",
            },
        }
    ],
}
KEYS = [f"smendpoints.dev/{key}" for key in ("cluster", "namespace", "name")]


def alarms(harness: Harness) -> dict[str, dict[str, Any]]:
    """The alarms named as the operator's are."""
    found = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/")["MetricAlarms"]
    return {each["AlarmName"]: each for each in found}


def owners(harness: Harness) -> dict[str, str | None]:
    """Whom the tags of each alarm name."""
    cloudwatch = harness.client("cloudwatch")
    found = {}
    for name, alarm in alarms(harness).items():
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        found[name] = {tag["Key"]: tag["Value"] for tag in tags}.get("smendpoints.dev/name")
    return found


def of_another(harness: Harness, name: str) -> None:
    """Make an alarm of that name, with another object's tags."""
    harness.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        MetricName="x",
        Namespace="x",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=1.0,
        Tags=[{"Key": key, "Value": "another"} for key in KEYS],
    )


def untag(harness: Harness) -> None:
    """As a release left them that tagged no alarms."""
    for alarm in alarms(harness).values():
        harness.client("cloudwatch").untag_resource(ResourceARN=alarm["AlarmArn"], TagKeys=KEYS)


def give(harness: Harness, name: str) -> None:
    """Make all alarms another object's."""
    for alarm in alarms(harness).values():
        tag = {"Key": "smendpoints.dev/name", "Value": name}
        harness.client("cloudwatch").tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[tag])


def rolling_out(harness: Harness, name: str = "iris", **changes: Any) -> dict[str, dict[str, Any]]:
    """The object in the middle of a guarded rollout; its alarms."""
    wish = spec(rollout=GUARDED, **changes)
    harness.apply(name, wish)
    harness.settle(name)
    harness.apply(name, with_variant(wish, modelArtifact=ARTIFACTS[1]))
    harness.run(30)
    rollout = harness.resource(name).status.rollout
    assert rollout is not None
    assert rollout.phase == "InProgress"
    return alarms(harness)


def stepped(threshold: float = 5, **changes: Any) -> dict[str, Any]:
    (policy,) = STEPPED["stepScaling"]
    scaling = {**STEPPED, "stepScaling": [{**policy, "alarm": {**policy["alarm"], "threshold": threshold}}]}
    return with_variant(spec(**changes), scaling=scaling)


def gone(harness: Harness, name: str) -> None:
    harness.delete(name)
    harness.settle_gone(name)


@pytest.mark.parametrize("made", [True, None], ids=["that made something", "of the release before"])
def test_the_deletion_of_an_object_that_was_refused_leaves_the_others_guards(
    harness: Harness, made: bool | None
) -> None:
    guards = rolling_out(harness, "first", endpointName="shared")
    assert owners(harness) == dict.fromkeys(guards, "first")
    harness.apply("second", spec(endpointName="shared", rollout=GUARDED))
    harness.run(30)
    harness.set_status("second", {**harness.objects["second"].body["status"], "createdInAWS": made})
    gone(harness, "second")
    assert alarms(harness).keys() == guards.keys()
    harness.settle("first")
    harness.run(60)
    assert alarms(harness) == {}
    assert harness.resource("first").status.history[0].outcome == "Deployed"


@pytest.mark.parametrize("how", ["deleted", "changed", "changed, as all at once"])
def test_a_guard_that_a_hand_takes_away_is_put_back_while_the_rollout_runs(harness: Harness, how: str) -> None:
    guards = rolling_out(harness)
    if how.endswith("once"):
        harness.settle("iris")
        plain = {"rollback": GUARDED["rollback"]}
        harness.apply("iris", with_variant(spec(rollout=plain), modelArtifact=ARTIFACTS[2]))
        harness.run(15)
        guards = alarms(harness)
    (name,) = guards
    cloudwatch = harness.client("cloudwatch")
    if how == "deleted":
        cloudwatch.delete_alarms(AlarmNames=[name])
    else:
        kept = ("AlarmName", "MetricName", "Namespace", "Dimensions", "Statistic", "Period", "EvaluationPeriods")
        weak = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 99.0}
        cloudwatch.put_metric_alarm(**{key: guards[name][key] for key in kept}, **weak)
    harness.run(75 if not how.endswith("once") else 20)
    assert harness.live()["EndpointStatus"] == "Updating"
    assert alarms(harness)[name]["Threshold"] == guards[name]["Threshold"]
    assert owners(harness) == {name: "iris"}
    assert any(event.reason == "DriftFound" and name in event.message for event in harness.events)
    harness.settle("iris")
    harness.run(60)
    assert alarms(harness) == {}


def test_no_guard_is_put_back_where_differences_are_only_reported(harness: Harness) -> None:
    (name,) = rolling_out(harness, driftPolicy="Report")
    harness.client("cloudwatch").delete_alarms(AlarmNames=[name])
    harness.run(75)
    assert alarms(harness) == {}
    assert any(event.reason == "DriftFound" and name in event.message for event in harness.events)


def test_a_guard_of_another_object_is_never_overwritten_and_nothing_is_rolled_out_without_one(harness: Harness) -> None:
    (name,) = rolling_out(harness)
    harness.settle("iris")
    of_another(harness, name)
    harness.apply("iris", spec(rollout=GUARDED))
    harness.settle("iris")
    updates = harness.calls("UpdateEndpoint")
    harness.apply("iris", with_variant(spec(rollout=GUARDED), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "NameConflict"
    assert stalled.message.startswith(f"the alarm {name} exists in CloudWatch and belongs to another object; delete it")
    assert harness.calls("UpdateEndpoint") == updates
    assert alarms(harness)[name]["MetricName"] == "x"
    harness.client("cloudwatch").delete_alarms(AlarmNames=[name])
    harness.annotate("iris", {"smendpoints.dev/retry": "1"})
    harness.settle("iris")
    assert harness.condition("iris", "Stalled") is None
    gone(harness, "iris")


def test_another_objects_alarm_beside_ours_is_neither_deleted_nor_drift(harness: Harness) -> None:
    harness.apply("iris", stepped())
    harness.settle("iris")
    of_another(harness, "smendpoints/default-iris/theirs")
    harness.restart()
    harness.run(180)
    drifted = harness.condition("iris", "Drifted")
    assert drifted is not None
    assert drifted.status == "False"
    gone(harness, "iris")
    assert list(alarms(harness)) == ["smendpoints/default-iris/theirs"]


def test_a_step_alarm_that_is_anothers_is_told_and_left(harness: Harness) -> None:
    harness.apply("iris", stepped())
    harness.settle("iris")
    give(harness, "another")
    harness.apply("iris", stepped(9))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "NameConflict"
    (alarm,) = alarms(harness).values()
    assert alarm["Threshold"] == 5
    gone(harness, "iris")
    assert len(alarms(harness)) == 1


def test_what_a_release_left_untagged_is_taken_over_when_it_changes(harness: Harness) -> None:
    harness.apply("iris", stepped())
    harness.settle("iris")
    untag(harness)
    harness.restart()
    harness.apply("iris", stepped(9))
    harness.settle("iris")
    (alarm,) = alarms(harness).values()
    assert alarm["Threshold"] == 9
    assert set(owners(harness).values()) == {"iris"}


@pytest.mark.parametrize("when", ["in a rollout", "in service", "its endpoint deleted by hand"])
def test_what_a_release_left_untagged_is_not_left_behind(harness: Harness, when: str) -> None:
    if when == "in a rollout":
        rolling_out(harness)
        untag(harness)
        harness.restart()
        harness.settle("iris")
        harness.run(60)
    else:
        harness.apply("iris", stepped())
        harness.settle("iris")
        untag(harness)
        harness.restart()
        if when != "in service":
            harness.apply("iris", stepped(suspend=True))
            harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
            harness.run(60)
        gone(harness, "iris")
    assert alarms(harness) == {}


def test_alarms_are_let_go_of_with_the_endpoint_and_go_with_whoever_adopts_it(harness: Harness) -> None:
    harness.apply("iris", stepped(deletionPolicy="Retain"))
    harness.settle("iris")
    gone(harness, "iris")
    assert set(owners(harness).values()) == {None}
    harness.apply("adopter", stepped(9, endpointName="default-iris", adoptExisting=True))
    harness.settle("adopter")
    harness.run(60)
    assert set(owners(harness).values()) == {"adopter"}
    harness.apply("adopter", stepped(9, endpointName="default-iris", deletionPolicy="Delete", adoptExisting=True))
    gone(harness, "adopter")
    assert {kind: names for kind, names in harness.inventory().items() if names} == {}


def test_endpoints_one_of_whose_names_begins_the_others_keep_apart_in_every_reconcile(harness: Harness) -> None:
    """Two guarded rollouts at once, then the one's end in the middle of the other's next."""
    for name in ("a", "a-b", "A-B"):
        harness.apply(name.lower() + ("2" if name.isupper() else ""), spec(endpointName=name, rollout=GUARDED))
    harness.settle("a")
    harness.settle("a-b")
    refused = harness.condition("a-b2", "Stalled")
    assert refused is not None
    for name in ("a", "a-b"):
        harness.apply(name, with_variant(spec(endpointName=name, rollout=GUARDED), modelArtifact=ARTIFACTS[1]))
    harness.run(30)
    assert sorted(owners(harness).values()) == ["a", "a-b"]  # type: ignore[type-var]
    harness.delete("a-b2")
    harness.settle("a")
    harness.settle("a-b")
    harness.apply("a-b", with_variant(spec(endpointName="a-b", rollout=GUARDED), modelArtifact=ARTIFACTS[2]))
    harness.run(30)
    assert list(owners(harness).values()) == ["a-b"]
    gone(harness, "a")
    assert list(owners(harness).values()) == ["a-b"]
    resource = harness.settle("a-b")
    assert resource.status.history[0].outcome == "Deployed"
    gone(harness, "a-b")
    assert {kind: names for kind, names in harness.inventory().items() if names} == {}
    assert harness.violations == []


def test_alarms_at_rest_cost_no_look_at_their_tags(harness: Harness) -> None:
    harness.apply("iris", stepped())
    harness.settle("iris")
    harness.run(600)
    harness.restart()
    harness.run(600)
    assert harness.calls("ListTagsForResource") == 0
