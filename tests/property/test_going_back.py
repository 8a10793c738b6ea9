"""Going back to a revision by an annotation, with no edit of the spec; in virtual time."""

from typing import Any

import pytest

from smendpoints.api.group import ROLLBACK_TO
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, GROWING, spec, with_variant

POLL = 5.0


def serving(harness: Harness) -> str:
    """The config in service."""
    return str(harness.live()["EndpointConfigName"])


def artifact(harness: Harness) -> str:
    """What the endpoint serves."""
    sagemaker = harness.client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=serving(harness))
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    return str(model["PrimaryContainer"]["ModelDataUrl"])


def told(harness: Harness) -> tuple[str, str, str]:
    """Status, reason and message of `Ready`."""
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    return ready.status, ready.reason, ready.message


def three_revisions(harness: Harness, **more: Any) -> None:
    """Bring three models into service, one after the other."""
    harness.ready(**more)
    for each in ARTIFACTS[1:3]:
        harness.apply("iris", with_variant(spec(**more), modelArtifact=each))
        harness.settle("iris")
    assert artifact(harness) == ARTIFACTS[2]


def back(harness: Harness, value: str = "1") -> None:
    """Ask for the revision, and wait until it serves."""
    harness.annotate("iris", {ROLLBACK_TO: value})
    harness.settle_told("iris", "RolledBackToRevision")


def test_a_revision_comes_back_and_stays_though_the_spec_says_something_else(harness: Harness) -> None:
    three_revisions(harness)
    back(harness)
    harness.run(1800)
    assert artifact(harness) == ARTIFACTS[0]
    assert harness.calls("UpdateEndpoint") == 3
    resource = harness.resource("iris")
    assert [each.outcome for each in resource.status.history] == ["Deployed"] * 4
    assert (resource.status.history[0].changes or "").startswith("back to revision 1: ")
    status, _, message = told(harness)
    assert status == "False"
    assert "revision 1 " in message
    assert harness.condition("iris", "Stalled") is None
    assert harness.condition("iris", "Reconciling") is None
    drifted = harness.condition("iris", "Drifted")
    assert drifted is not None
    assert drifted.status == "False"


def test_an_edit_of_the_spec_ends_it_though_the_annotation_is_there(harness: Harness) -> None:
    three_revisions(harness)
    back(harness)
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[3]))
    harness.settle("iris")
    harness.run(900)
    assert artifact(harness) == ARTIFACTS[3]
    status, reason, message = told(harness)
    assert (status, reason) == ("True", "InService")
    assert "1@4" in message
    back(harness, "1@4")
    assert artifact(harness) == ARTIFACTS[0]
    harness.restart()
    harness.run(900)
    assert artifact(harness) == ARTIFACTS[0]


def test_the_annotation_removed_brings_the_spec_back(harness: Harness) -> None:
    three_revisions(harness)
    back(harness)
    harness.annotate("iris", {})
    harness.run(POLL)
    harness.settle("iris")
    harness.run(300)
    assert artifact(harness) == ARTIFACTS[2]
    assert told(harness)[:2] == ("True", "InService")
    assert harness.resource("iris").status.rolled_back_to is None


@pytest.mark.parametrize("after", range(3))
def test_an_operator_killed_between_its_steps_goes_back_once(harness: Harness, after: int) -> None:
    three_revisions(harness)
    harness.run(300)
    harness.kill_after = after
    back(harness)
    harness.run(900)
    assert artifact(harness) == ARTIFACTS[0]
    assert harness.calls("UpdateEndpoint") == 3
    assert harness.violations == []


@pytest.mark.parametrize("before", range(3))
def test_an_operator_killed_before_it_writes_goes_back_once(harness: Harness, before: int) -> None:
    three_revisions(harness)
    harness.kill_before_write = before
    back(harness)
    harness.run(900)
    assert harness.calls("UpdateEndpoint") == 3
    recorded = harness.resource("iris").status.rolled_back_to
    assert recorded is not None
    assert (recorded.revision, recorded.generation) == (1, 3)


def test_an_operator_that_was_away_for_the_edit_too_holds_to_the_generation_that_was_named(harness: Harness) -> None:
    three_revisions(harness)
    harness.annotate("iris", {ROLLBACK_TO: "1@3"})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[4]))
    harness.settle("iris")
    assert artifact(harness) == ARTIFACTS[4]


def test_counts_and_weights_stay_those_of_the_spec(harness: Harness) -> None:
    three_revisions(harness, variants=[{**spec()["variants"][0], "scaling": GROWING}])
    harness.scale_by_hand(4)
    harness.run(120)
    back(harness)
    harness.run(120)
    assert harness.live()["ProductionVariants"][0]["DesiredInstanceCount"] == 4
    targets = harness.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    assert [each["MaxCapacity"] for each in targets["ScalableTargets"]] == [5]


def test_a_variant_that_the_spec_no_longer_has_comes_back_as_it_began(harness: Harness) -> None:
    one = spec(variants=[{**spec()["variants"][0], "scaling": None}])
    one["variants"][0].pop("scaling")
    other = {**one["variants"][0], "name": "challenger", "weight": 3.0, "instance": {"type": "ml.m5.large", "count": 2}}
    harness.apply("iris", {**one, "variants": [one["variants"][0], other]})
    harness.settle("iris")
    harness.apply("iris", one)
    harness.settle("iris")
    back(harness)
    harness.run(300)
    shown = {each["VariantName"]: each for each in harness.live()["ProductionVariants"]}
    assert {name: each["DesiredInstanceCount"] for name, each in shown.items()} == {"primary": 1, "challenger": 2}
    assert shown["challenger"]["DesiredWeight"] == 3.0


def test_it_goes_back_at_once_though_an_alarm_of_the_users_fires(harness: Harness) -> None:
    guarded = {
        "strategy": "Canary",
        "stepPercent": 50,
        "stepWaitSeconds": 600,
        "terminationWaitSeconds": 600,
        "rollback": {"alarmNames": ["complaints"]},
    }
    cloudwatch = harness.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="complaints",
        Namespace="Shop",
        MetricName="Complaints",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    three_revisions(harness, rollout=guarded)
    cloudwatch.set_alarm_state(AlarmName="complaints", StateValue="ALARM", StateReason="the new model is bad")
    began = harness.clock.now()
    back(harness)
    assert artifact(harness) == ARTIFACTS[0]
    assert harness.clock.now() - began < 600


REFUSED = {
    "one that there is not": ("9", "revision 9 is not in the history"),
    "one that never served": ("2", "revision 2 was never in service"),
    "a word": ("the last good one", "is not a revision"),
    "none": ("0", "is not a revision"),
}


@pytest.mark.parametrize(("value", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_gone_back_to_is_told_and_nothing_changes(harness: Harness, value: str, why: str) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "rollback", "resource": "default-iris", "times": 1})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    harness.annotate("iris", {ROLLBACK_TO: value})
    harness.run(60)
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "RevisionNotFound"
    assert why in stalled.message
    assert "write one that was in service (1)" in stalled.message
    assert harness.calls("UpdateEndpoint") == 1
    back(harness)
    assert artifact(harness) == ARTIFACTS[0]


def test_a_revision_whose_model_was_deleted_in_aws_is_told(harness: Harness) -> None:
    three_revisions(harness)
    first = harness.resource("iris").status.history[-1].config_name
    sagemaker = harness.client("sagemaker")
    model = sagemaker.describe_endpoint_config(EndpointConfigName=first)["ProductionVariants"][0]["ModelName"]
    sagemaker.delete_model(ModelName=model)
    harness.annotate("iris", {ROLLBACK_TO: "1"})
    harness.run(60)
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert f"{model} was deleted in AWS" in stalled.message
    assert artifact(harness) == ARTIFACTS[2]


POLICIES: dict[str, dict[str, Any]] = {
    "the artifact": {"modelArtifacts": [f"{ARTIFACTS[0][:-20]}*c/*", ARTIFACTS[2]]},
    "the instance type": {"instanceTypes": ["ml.c5.*"]},
}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_a_policy_of_now_is_asked_about_what_comes_back(harness: Harness, policy: dict[str, Any]) -> None:
    three_revisions(harness)
    last = with_variant(spec(), modelArtifact=ARTIFACTS[2], instance={"type": "ml.c5.large", "count": 1})
    harness.apply("iris", last)
    harness.settle("iris")
    before = serving(harness)
    harness.policy("house", policy)
    harness.annotate("iris", {ROLLBACK_TO: "1"})
    harness.run(900)
    assert serving(harness) == before
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "PolicyViolation"
    harness.policy("house", {"images": ["*"]})
    harness.settle_told("iris", "RolledBackToRevision")
    assert artifact(harness) == ARTIFACTS[0]


def test_a_stopped_endpoint_starts_with_the_revision(harness: Harness) -> None:
    three_revisions(harness)
    back(harness)
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.run(60)
    harness.settle_told("iris", "RolledBackToRevision")
    assert artifact(harness) == ARTIFACTS[0]
