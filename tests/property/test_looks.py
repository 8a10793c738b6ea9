"""How often an edit looks at AWS: what was seen before the status was written is acted on after it, while it holds.

In virtual time. A process that was killed between, another wish, a hand in AWS, or time that passed: each looks anew.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from smendpoints.aws.listed.watch import Cadence
from smendpoints.domain.desired.desired import tag_list
from smendpoints.domain.desired.ownership import Owner
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, STEPS, spec, two_variants, with_variant
from smsandbox.testing.virtual_aws import BRISK

SETTINGS = BRISK
TAGS = {"tags": {"team": "ml"}}
SCALING = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
NIGHT = {"name": "night", "schedule": "cron(0 22 * * ? *)", "minCapacity": 1, "maxCapacity": 2}
COUNTED = with_variant(spec(), scaling=None)


def scaled(**changes: Any) -> dict[str, Any]:
    """The spec of one variant, scaled otherwise; None takes a field away."""
    scaling = {key: value for key, value in {**SCALING, **changes}.items() if value is not None}
    return with_variant(spec(), scaling=scaling)


def serverless(most: int) -> dict[str, Any]:
    return with_variant(spec(), instance=None, scaling=None, serverless={"memorySizeMB": 2048, "maxConcurrency": most})


def watched(percent: int) -> dict[str, Any]:
    return spec(monitoring={"alarms": ["Errors"], "maxErrorRatePercent": percent})


def at_rest(harness: Harness, wishes: Mapping[str, Mapping[str, Any]], cadence: Cadence | None = None) -> None:
    """In service, listed so, and nothing left to find out; lists are read again for what is awaited alone."""
    harness.cadence = cadence or Cadence(poll=5.0, watch=1e6, audit=1e6)
    harness.restart()
    for name, wish in wishes.items():
        harness.apply(name, wish)
    for name in wishes:
        harness.settle(name)
    harness.run(60.0)
    harness.accounts.all()[0].watch.audit(0.0)
    harness.run(60.0)
    harness.world.calls.reset()


def made(harness: Harness) -> Counter[str]:
    """The calls so far, but for the shared lists."""
    return Counter(call["operation"] for call in harness.world.calls.recent()) - Counter({"ListEndpoints": 1000})


def after_writing_ahead(harness: Harness, wish: Mapping[str, Any]) -> None:
    """The edit was looked at and is written ahead; AWS is not changed yet."""
    harness.apply("iris", wish)
    harness.tick()
    assert harness.calls("DescribeEndpoint") == 1
    assert not harness.calls("AddTags")


# What an edit of each kind costs: calls to AWS until the object says that it is in force, but for the shared lists.
LOOK = {"DescribeEndpoint": 1, "ListTags": 1}
CHANGED = {"DescribeEndpoint": 2, "ListTags": 1, "UpdateEndpointWeightsAndCapacities": 1}  # 2: what came of it
SCALED = {**LOOK, "DescribeScalableTargets": 1, "DescribeScalingPolicies": 1, "DescribeScheduledActions": 1}
ALARMS = {"DescribeAlarms": 1, "GetDashboard": 1, "ListTagsForResource": 2, "PutMetricAlarm": 1, "PutDashboard": 1}
REVISION = {
    "DescribeEndpoint": 2,
    "ListTags": 2,
    "DescribeScalableTargets": 2,
    "DescribeScalingPolicies": 2,
    "DescribeScheduledActions": 2,
    "DescribeAlarms": 2,
    "DescribeEndpointConfig": 2,
    "DescribeModel": 1,  # so that it can be told what changes
    "ListServiceQuotas": 3,  # pre-flight; the artifact was looked for already
    "CreateModel": 1,
    "CreateEndpointConfig": 1,
    "UpdateEndpoint": 1,
}
EDITS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], dict[str, int]]] = {
    "weights": (two_variants(1, 1), two_variants(1, 3), CHANGED),
    "count": (COUNTED, with_variant(COUNTED, instance={"type": "ml.m5.large", "count": 2}), CHANGED),
    "concurrency": (serverless(5), serverless(8), CHANGED),
    "tags": (spec(), spec(**TAGS), {**LOOK, "DescribeEndpointConfig": 1, "AddTags": 3}),
    "most-instances": (spec(), scaled(maxCapacity=6), {**SCALED, "RegisterScalableTarget": 1}),
    "a-target": (spec(), scaled(targetInvocationsPerInstance=50), {**SCALED, "PutScalingPolicy": 1}),
    "a-cooldown": (spec(), scaled(scaleInCooldownSeconds=60), {**SCALED, "PutScalingPolicy": 1}),
    "steps": (
        spec(),
        scaled(targetInvocationsPerInstance=None, stepScaling=[STEPS]),
        {**SCALED, "DescribeAlarms": 1, "DeleteScalingPolicy": 1, "PutScalingPolicy": 1, "PutMetricAlarm": 1},
    ),
    "a-schedule": (spec(), scaled(schedules=[NIGHT]), {**SCALED, "PutScheduledAction": 1}),
    "scaling-suspended": (spec(), scaled(suspended=True), {**SCALED, "RegisterScalableTarget": 1}),
    "scaling-from-now-on": (
        COUNTED,
        spec(),
        {**LOOK, "RegisterScalableTarget": 1, "PutScalingPolicy": 1},  # none is listed: there is nothing to look at
    ),
    "scaling-no-more": (spec(), COUNTED, {**SCALED, "DeregisterScalableTarget": 1}),
    "alarms": (watched(5), watched(1), ALARMS),
    "when-a-rollout-is-undone": (
        spec(),
        spec(rollout={"rollback": {"maxErrorRatePercent": 5}}),
        {**LOOK, "DescribeAlarms": 1},
    ),
    "fewer-revisions-kept": (
        spec(),
        spec(revisionHistoryLimit=1),
        {**LOOK, "DescribeAlarms": 1, "DescribeEndpointConfig": 1},
    ),
    "what-is-done-about-drift": (spec(), spec(driftPolicy="Report"), {}),
    "what-a-deletion-does": (spec(), spec(deletionPolicy="Retain"), {}),
    "suspended": (spec(), spec(suspend=True), {}),
    "another-model": (spec(), with_variant(spec(), modelArtifact=ARTIFACTS[1]), REVISION),
    "fewest-instances": (  # the last, as the instance that it starts is looked at, too
        spec(),
        scaled(minCapacity=2),
        {**SCALED, "RegisterScalableTarget": 1},
    ),
}


def test_edits_cost_just_these_calls_none_of_them_failing(harness: Harness) -> None:
    """Each of an object of its own, one after the other, all beside each other in AWS."""
    at_rest(harness, {edit: before for edit, (before, _, _) in EDITS.items()})
    found = {}
    for edit, (_, after, _) in EDITS.items():
        harness.world.calls.reset()
        harness.apply(edit, after)
        harness.settle(edit)
        found[edit] = dict(made(harness))
        assert harness.failed_calls() == {}
    assert found == {edit: expected for edit, (_, _, expected) in EDITS.items()}


def created_after_an_audit(harness: Harness) -> dict[str, int]:
    """The calls of one that is created beside another, and that the audit was made of before it was in service."""
    harness.apply("iris", spec())
    harness.run(10.0, tick=1.0)
    assert harness.condition("iris", "Reconciling") is not None
    before = made(harness)
    harness.accounts.all()[0].watch.audit(0.0)
    audited = made(harness) - before
    harness.settle("iris")
    return dict(made(harness) - audited)


def test_a_creation_asks_nothing_twice_nor_what_the_audit_showed(harness: Harness) -> None:
    at_rest(harness, {"rose": spec()})
    found = created_after_an_audit(harness)
    once = ("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "DescribeEndpoint", "RegisterScalableTarget")
    assert found == dict.fromkeys((*once, "PutScalingPolicy"), 1)


def test_a_creation_clears_away_what_autoscaling_has_of_an_endpoint_that_was_called_so(harness: Harness) -> None:
    at_rest(harness, {"rose": spec()})
    scaling = harness.client("application-autoscaling")
    which = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/default-iris/variant/primary",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    harness.apply("iris", spec())
    harness.run(10.0, tick=1.0)
    harness.world.advance(60.0)
    scaling.register_scalable_target(**which, MinCapacity=2, MaxCapacity=9)
    config = {
        "TargetValue": 10.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    scaling.put_scaling_policy(
        **which, PolicyName="old", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=config
    )
    harness.accounts.all()[0].watch.audit(0.0)
    harness.settle("iris")
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=which["ResourceId"])
    assert [each["PolicyName"] for each in policies["ScalingPolicies"]] == ["invocations-per-instance"]


def test_an_edit_looks_once_before_it_acts(harness: Harness) -> None:
    at_rest(harness, {"iris": spec()})
    after_writing_ahead(harness, spec(**TAGS))
    before = made(harness)
    harness.tick()
    assert made(harness) - before == {"AddTags": 3}


def test_a_process_killed_after_writing_ahead_looks_itself(harness: Harness) -> None:
    at_rest(harness, {"iris": spec()})
    after_writing_ahead(harness, spec(**TAGS))
    harness.restart()
    harness.settle("iris")
    assert harness.calls("DescribeEndpoint") == 2
    assert harness.calls("AddTags") == 3


def test_another_wish_looks_again_and_nothing_of_the_first_reaches_aws(harness: Harness) -> None:
    at_rest(harness, {"iris": spec()})
    after_writing_ahead(harness, spec(**TAGS))
    harness.apply("iris", spec(tags={"team": "data"}))
    harness.settle("iris")
    assert harness.calls("DescribeEndpoint") == 2
    assert harness.calls("AddTags") == 3
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert {"Key": "team", "Value": "data"} in tags


def test_what_was_seen_long_ago_is_looked_at_again(harness: Harness) -> None:
    at_rest(harness, {"iris": spec()})
    after_writing_ahead(harness, spec(**TAGS))
    harness.world.advance(11.0)
    harness.tick()
    assert harness.calls("DescribeEndpoint") == 2
    assert harness.calls("AddTags") == 3


def test_a_status_that_is_lost_again_and_again_does_not_keep_an_old_look(harness: Harness) -> None:
    at_rest(harness, {"iris": spec()})
    unwritten = harness.objects["iris"].body["status"]
    after_writing_ahead(harness, spec(**TAGS))
    for _ in range(6):
        harness.set_status("iris", unwritten)
        harness.world.advance(4.0)
        harness.tick()
    assert harness.calls("AddTags") == 0
    assert harness.calls("DescribeEndpoint") >= 3


def test_what_a_list_shows_meanwhile_is_looked_at_again(harness: Harness) -> None:
    at_rest(harness, {"iris": spec()})
    after_writing_ahead(harness, spec(**TAGS))
    harness.scale_by_hand(3)
    harness.accounts.all()[0].watch.look("default-iris", max_age=0.0)
    harness.tick()
    assert harness.calls("DescribeEndpoint") == 2


def test_an_endpoint_that_a_hand_deleted_meanwhile_is_made_again_as_the_edit_says(harness: Harness) -> None:
    at_rest(harness, {"iris": spec()}, harness.cadence)
    after_writing_ahead(harness, spec(**TAGS))
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.tick()
    harness.run(600.0)
    harness.settle("iris")
    assert harness.live()["EndpointStatus"] == "InService"
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert {"Key": "team", "Value": "ml"} in tags


def test_what_would_be_deleted_is_looked_at_right_before(harness: Harness) -> None:
    """A hand goes back to the old config while the status is written: that config is in use again, and stays."""
    at_rest(harness, {"iris": spec()})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    harness.run(60.0)
    old = harness.resource("iris").status.history[1].config_name
    harness.world.calls.reset()
    after_writing_ahead(harness, with_variant(spec(revisionHistoryLimit=0, **TAGS), modelArtifact=ARTIFACTS[1]))
    harness.client("sagemaker").update_endpoint(EndpointName="default-iris", EndpointConfigName=old)
    harness.tick()
    assert harness.calls("DeleteEndpointConfig") == 0
    harness.run(600.0)
    harness.settle("iris")
    assert harness.violations == []
    assert harness.live()["EndpointConfigName"] != old


def test_an_endpoint_that_is_to_be_taken_over_is_looked_at_right_before(harness: Harness) -> None:
    """Another cluster takes it first, while the status is written: it stays theirs."""
    at_rest(harness, {"iris": spec(deletionPolicy="Retain")})
    harness.delete("iris")
    harness.settle_gone("iris")
    harness.run(120.0)
    arn = harness.live()["EndpointArn"]
    harness.world.calls.reset()
    harness.apply("iris", spec(adoptExisting=True))
    for _ in range(20):
        harness.tick()
        if harness.resource("iris").status.adopted:
            break
    assert harness.calls("AddTags") == 0
    theirs = Owner("another", "default", "iris").tags()
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=tag_list(theirs))
    before = harness.calls("AddTags")
    harness.run(60.0)
    assert harness.calls("AddTags") == before
    told = harness.condition("iris", "Ready")
    assert told is not None
    assert told.status == "False"


def test_weights_that_are_edited_back_while_they_move_end_as_they_were(harness: Harness) -> None:
    """What was described before the first change, and is as wanted again, is not believed."""
    at_rest(harness, {"iris": two_variants(1, 1)})
    harness.apply("iris", two_variants(1, 3))
    harness.tick()
    assert harness.calls("UpdateEndpointWeightsAndCapacities") == 1
    harness.apply("iris", two_variants(1, 1))
    harness.settle("iris")
    harness.run(60.0)
    weights = {each["VariantName"]: each["DesiredWeight"] for each in harness.live()["ProductionVariants"]}
    assert weights == {"primary": 1.0, "challenger": 1.0}
    assert harness.calls("UpdateEndpointWeightsAndCapacities") == 2


def test_autoscaling_that_a_hand_took_off_before_an_edit_of_tags_is_put_back(harness: Harness) -> None:
    """It is listed as it was when the edit comes, and so not looked at; the next audit shows it."""
    harness.ready()
    harness.run(120.0)
    target = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    scaling = harness.client("application-autoscaling")
    scaling.deregister_scalable_target(ResourceId="endpoint/default-iris/variant/primary", **target)
    harness.apply("iris", spec(**TAGS))
    harness.settle("iris")
    harness.run(180.0)
    assert [each["MaxCapacity"] for each in scaling.describe_scalable_targets(**target)["ScalableTargets"]] == [5]
    assert [event.reason for event in harness.events if event.reason.startswith("Drift")] == ["DriftFound"]


def test_a_change_in_place_is_recorded_as_listed_so_that_a_restart_looks_at_nothing(harness: Harness) -> None:
    harness.apply("iris", two_variants(1, 1))
    harness.settle("iris")
    harness.apply("iris", two_variants(1, 3))
    harness.settle("iris")
    harness.run(180.0)
    harness.restart()
    harness.world.calls.reset()
    harness.run(60.0)
    assert harness.calls("DescribeEndpoint") == 0
    assert harness.condition("iris", "Ready") is not None
