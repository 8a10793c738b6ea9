"""What changes in place waits for no revision: not for one that is blocked, failed or under way; in virtual time."""

from collections.abc import Callable
from typing import Any

import pytest

from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, with_variant

MISSING = f"s3://{BUCKET}/late/model.tar.gz"
NO_IMAGE = ECHO_IMAGE.replace(":1.0", ":9.9")
BOUNDS = {"minCapacity": 2, "maxCapacity": 18, "targetInvocationsPerInstance": 70}


def pair(weight: float, **second: Any) -> dict[str, Any]:
    """Two variants of fixed counts, the second of which has this weight, and differs so."""
    first = {**spec()["variants"][0], "scaling": None, "weight": 100 - weight}
    variants = [first, {**first, "name": "challenger", "weight": weight, **second}]
    return spec(variants=[{key: value for key, value in each.items() if value is not None} for each in variants])


def told(harness: Harness, kind: str = "Ready") -> str:
    condition = harness.condition("iris", kind)
    assert condition is not None
    return condition.message


def reason(harness: Harness, kind: str = "Ready") -> str:
    condition = harness.condition("iris", kind)
    assert condition is not None
    return condition.reason


def weights(harness: Harness) -> dict[str, float]:
    return {each["VariantName"]: each["DesiredWeight"] for each in harness.live()["ProductionVariants"]}


def counts(harness: Harness) -> dict[str, int]:
    return {each["VariantName"]: each["DesiredInstanceCount"] for each in harness.live()["ProductionVariants"]}


def bounds(harness: Harness) -> list[tuple[int, int]]:
    client = harness.client("application-autoscaling")
    found = client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return [(each["MinCapacity"], each["MaxCapacity"]) for each in found]


def endpoint_tags(harness: Harness) -> dict[str, str]:
    client = harness.client("sagemaker")
    tags = client.list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("smendpoints.dev/")}


def missing_artifact(harness: Harness) -> dict[str, Any]:
    del harness
    return {"modelArtifact": MISSING}


def missing_image(harness: Harness) -> dict[str, Any]:
    del harness
    return {"image": NO_IMAGE}


def sick(harness: Harness) -> dict[str, Any]:
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    return {"modelArtifact": ARTIFACTS[1]}


def denied(harness: Harness) -> dict[str, Any]:
    harness.world.faults.add({"kind": "access_denied", "operation": "UpdateEndpoint"})
    return {"modelArtifact": ARTIFACTS[1]}


def unmakeable(harness: Harness) -> dict[str, Any]:
    invalid = {"kind": "error", "code": "ValidationException", "status": 400, "message": "no such thing"}
    harness.world.faults.add({**invalid, "operation": "CreateEndpointConfig"})
    return {"modelArtifact": ARTIFACTS[1]}


WAYS: dict[str, tuple[Callable[[Harness], dict[str, Any]], str]] = {
    "its artifact is missing": (missing_artifact, "ArtifactNotFound"),
    "its image is missing": (missing_image, "ImageNotFound"),
    "it failed": (sick, "UpdateFailed"),
    "AWS denies the update": (denied, "AccessDenied"),
    "AWS refuses the config": (unmakeable, "InvalidSpec"),
}
HINDERED = pytest.mark.parametrize(("hinder", "why"), WAYS.values(), ids=WAYS.keys())


@HINDERED
@pytest.mark.parametrize("together", [True, False], ids=["in one edit", "in an edit afterwards"])
def test_a_variant_is_drained_though_another_revision_is_wanted_and(
    harness: Harness, hinder: Callable[[Harness], dict[str, Any]], why: str, together: bool
) -> None:
    harness.ready(**pair(50))
    serving = harness.live()["EndpointConfigName"]
    new = hinder(harness)
    if not together:
        harness.apply("iris", pair(50, **new))
        harness.settle_told("iris", why)
    began = harness.clock.now()
    harness.apply("iris", pair(0, **new))
    while weights(harness) != {"primary": 100.0, "challenger": 0.0}:
        harness.tick()
        harness.world.advance(5.0)
        assert harness.clock.now() - began < 900
    harness.run(120)
    harness.settle_told("iris", why)
    live = harness.live()
    assert (live["EndpointConfigName"], live["EndpointStatus"]) == (serving, "InService")
    harness.run(3600, 120)
    assert reason(harness, "Stalled") == why
    assert weights(harness) == {"primary": 100.0, "challenger": 0.0}


@HINDERED
def test_bounds_and_tags_reach_aws_though_another_revision_is_wanted_and(
    harness: Harness, hinder: Callable[[Harness], dict[str, Any]], why: str
) -> None:
    harness.ready(tags={"team": "ml", "stage": "dev"})
    wanted = with_variant(spec(tags={"team": "fraud"}), scaling=BOUNDS, **hinder(harness))
    harness.apply("iris", wanted)
    harness.settle_told("iris", why)
    harness.run(60)
    assert bounds(harness) == [(2, 18)]
    assert endpoint_tags(harness) == {"team": "fraud"}
    harness.run(300)
    assert reason(harness, "Stalled") == why
    assert counts(harness) == {"primary": 2}


def test_a_count_reaches_the_live_config_and_the_revision_goes_on_once_it_can(harness: Harness) -> None:
    harness.ready(**pair(50))
    grown = {"instance": {"type": "ml.m5.large", "count": 3}}
    harness.apply("iris", pair(50, modelArtifact=MISSING, **grown))
    harness.settle_told("iris", "ArtifactNotFound")
    harness.run(300)
    assert counts(harness) == {"primary": 1, "challenger": 3}
    assert "waiting" not in told(harness)
    harness.client("s3").put_object(Bucket=BUCKET, Key="late/model.tar.gz", Body=b"model")
    harness.run(2400, 15)
    assert reason(harness) == "InService"
    assert counts(harness) == {"primary": 1, "challenger": 3}
    assert harness.resource("iris").status.rollout.phase == "Succeeded"  # type: ignore[union-attr]


def test_while_a_revision_is_blocked_nothing_says_that_aws_matches_the_spec(harness: Harness) -> None:
    harness.ready()
    harness.run(60)
    drifted = harness.condition("iris", "Drifted")
    assert drifted is not None
    assert drifted.reason == "InSync"
    missing = ARTIFACTS[0].replace("model.tar.gz", "absent.tar.gz")
    harness.apply("iris", with_variant(spec(), modelArtifact=missing))
    harness.settle("iris")
    for _ in range(20):
        harness.run(30)
        told = harness.condition("iris", "Drifted")
        assert told is None or told.observed_generation == 1, told


def test_what_was_sized_for_another_instance_type_waits_and_that_is_told(harness: Harness) -> None:
    fixed = with_variant(spec(), scaling=None, instance={"type": "ml.m5.large", "count": 8})
    harness.ready(**fixed)
    larger = {"type": "ml.m5.4xlarge", "count": 2}
    harness.apply("iris", with_variant(fixed, instance=larger, modelArtifact=MISSING))
    harness.settle_told("iris", "ArtifactNotFound")
    harness.run(600)
    assert counts(harness) == {"primary": 8}
    assert "waiting for the new revision: primary: instances 8 → 2" in told(harness)


def test_bounds_for_another_instance_type_wait_and_that_is_told(harness: Harness) -> None:
    harness.ready()
    low = {**BOUNDS, "minCapacity": 1, "maxCapacity": 2}
    larger = {"type": "ml.m5.4xlarge", "count": 1}
    harness.apply("iris", with_variant(spec(), instance=larger, scaling=low, modelArtifact=MISSING))
    harness.settle_told("iris", "ArtifactNotFound")
    harness.run(600)
    assert bounds(harness) == [(1, 5)]
    assert "waiting for the new revision: primary: bounds 1 to 2" in told(harness)


def test_weights_that_would_leave_nobody_to_serve_wait(harness: Harness) -> None:
    """The only variant in service gives way to one that cannot come."""
    harness.ready(**with_variant(spec(), weight=1))
    old, other = spec()["variants"][0], {**spec()["variants"][0], "name": "other", "modelArtifact": MISSING}
    harness.apply("iris", spec(variants=[{**old, "weight": 0}, {**other, "weight": 1}]))
    harness.settle_told("iris", "ArtifactNotFound")
    harness.run(600)
    assert weights(harness) == {"primary": 1.0}
    assert "the weights, as no variant in service would get traffic" in told(harness)


def test_what_aws_refuses_of_it_holds_up_nothing_else(harness: Harness) -> None:
    """Tags are denied: the weights go nevertheless, and what is denied is told."""
    harness.ready(**pair(50))
    harness.world.faults.add({"kind": "access_denied", "operation": "AddTags"})
    harness.apply("iris", {**pair(0), "tags": {"team": "ml"}})
    harness.settle_told("iris", "AccessDenied")
    assert weights(harness) == {"primary": 100.0, "challenger": 0.0}
    harness.apply("iris", {**pair(20, modelArtifact=MISSING), "tags": {"team": "ml"}})
    harness.settle_told("iris", "ArtifactNotFound")
    harness.run(300)
    assert weights(harness) == {"primary": 80.0, "challenger": 20.0}
    assert "AddTags" in told(harness) or "add_tags" in told(harness)


def test_a_scale_out_that_fails_is_not_taken_for_the_rollout_that_is_blocked(harness: Harness) -> None:
    """A FailureReason that comes while an attempt waits for its artifact is the old fleet's."""
    harness.ready()
    harness.apply("iris", with_variant(spec(), modelArtifact=MISSING))
    harness.settle_told("iris", "ArtifactNotFound")
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.scale_by_hand(2)
    harness.run(900, 15)
    assert harness.live()["FailureReason"]
    assert reason(harness, "Stalled") == "ArtifactNotFound"
    assert harness.resource("iris").status.rollout.phase == "Blocked"  # type: ignore[union-attr]
    harness.client("s3").put_object(Bucket=BUCKET, Key="late/model.tar.gz", Body=b"model")
    harness.run(2400, 15)
    assert reason(harness) == "InService"


def test_a_blocked_attempt_is_tried_less_and_less_often_and_told_once(harness: Harness) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "access_denied", "operation": "UpdateEndpoint"})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle_told("iris", "AccessDenied")
    before = len(harness.events)
    harness.run(4 * 3600, 150)
    assert harness.calls("UpdateEndpoint") <= 14  # of 48 at five minutes each
    assert [event.reason for event in harness.events[before:]] == []


def incident(weight: float, *, count: int, most: int, tags: dict[str, str], **new: Any) -> dict[str, Any]:
    """One variant that scales, one of a fixed count, and a new revision of the latter."""
    scaled, fixed = spec()["variants"][0], {**spec()["variants"][0], "name": "fixed"}
    del fixed["scaling"]
    scaling = {"minCapacity": 1, "maxCapacity": most, "targetInvocationsPerInstance": 70}
    instance = {"type": "ml.m5.large", "count": count}
    variants = [
        {**scaled, "scaling": scaling, "weight": 100 - weight},
        {**fixed, "instance": instance, "weight": weight},
    ]
    return spec(tags=tags, variants=[variants[0], {**variants[1], **new}])


def all_tags(harness: Harness) -> list[dict[str, str]]:
    client = harness.client("sagemaker")
    live = harness.live()
    config = client.describe_endpoint_config(EndpointConfigName=live["EndpointConfigName"])
    models = [client.describe_model(ModelName=each["ModelName"]) for each in config["ProductionVariants"]]
    arns = [live["EndpointArn"], config["EndpointConfigArn"], *(each["ModelArn"] for each in models)]
    found = [client.list_tags(ResourceArn=arn)["Tags"] for arn in arns]
    return [{t["Key"]: t["Value"] for t in each if not t["Key"].startswith("smendpoints.dev/")} for each in found]


@HINDERED
@pytest.mark.parametrize("restarts", [False, True], ids=["", "and the operator starts anew all the time"])
def test_all_of_an_edit_that_can_be_done_is_done_though_the_revision_is_not_there_and(
    harness: Harness, hinder: Callable[[Harness], dict[str, Any]], why: str, restarts: bool
) -> None:
    harness.ready(**incident(50, count=1, most=5, tags={"team": "ml", "stage": "dev"}))
    serving = harness.live()["EndpointConfigName"]
    new = hinder(harness)
    harness.apply("iris", incident(50, count=1, most=5, tags={"team": "ml", "stage": "dev"}, **new))
    harness.settle_told("iris", why)
    harness.apply("iris", incident(0, count=3, most=18, tags={"team": "fraud"}, **new))
    for _ in range(12):
        harness.run(60, 15)
        if restarts:
            harness.restart()
    assert harness.live()["EndpointConfigName"] == serving
    assert weights(harness) == {"primary": 100.0, "fixed": 0.0}
    assert counts(harness)["fixed"] == 3
    assert bounds(harness) == [(1, 18)]
    assert all(each == {"team": "fraud"} for each in all_tags(harness))
    harness.settle_told("iris", why)


def test_a_variant_is_drained_while_a_lack_of_capacity_is_waited_out(harness: Harness) -> None:
    harness.ready(**pair(50))
    harness.world.faults.add({"kind": "capacity", "resource": "ml.c5.large"})
    other_type = {"instance": {"type": "ml.c5.large", "count": 1}}
    harness.apply("iris", pair(50, **other_type))
    harness.settle_told("iris", "UpdateFailed")
    harness.apply("iris", pair(0, **other_type))
    harness.run(900, 15)
    assert weights(harness) == {"primary": 100.0, "challenger": 0.0}
    harness.world.faults.remove()
    harness.run(3600, 60)
    assert reason(harness) == "InService"
    assert weights(harness) == {"primary": 100.0, "challenger": 0.0}


def test_a_variant_is_drained_though_a_policy_does_not_allow_the_object(harness: Harness) -> None:
    harness.ready(**pair(50))
    harness.policy("types", {"instanceTypes": ["ml.c5.*"]})
    harness.run(60)
    harness.apply("iris", {**pair(0, modelArtifact=ARTIFACTS[1]), "tags": {"team": "ml"}})
    harness.run(300)
    assert weights(harness) == {"primary": 100.0, "challenger": 0.0}
    assert endpoint_tags(harness) == {}
    assert reason(harness, "Stalled") == "PolicyViolation"
    assert "nothing is changed: policy types" in told(harness)
    assert harness.calls("UpdateEndpoint") == 0
