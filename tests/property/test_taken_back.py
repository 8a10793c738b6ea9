"""A change in place that AWS accepts and takes back is told with AWS's reason, and asked for less and less often."""

from itertools import pairwise
from typing import Any

import pytest

from smsandbox.assets import BUCKET, ROLE
from smsandbox.aws.moto.images import push
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ECHO_IMAGE, spec, with_variant

FIXED = with_variant(spec(), scaling=None)
UPDATE = "UpdateEndpointWeightsAndCapacities"


def hosted(count: int, **changes: Any) -> dict[str, Any]:
    return with_variant({**FIXED, **changes}, instance={"type": "ml.m5.large", "count": count})


def told(harness: Harness, kind: str) -> tuple[str, str, str] | None:
    condition = harness.condition("iris", kind)
    if condition is None:
        return None
    return condition.status, condition.reason, condition.message.partition("; instance.count of")[0]


def artifact_gone(harness: Harness) -> None:
    harness.client("s3").delete_object(Bucket=BUCKET, Key="a/model.tar.gz")


def artifact_back(harness: Harness) -> None:
    harness.client("s3").put_object(Bucket=BUCKET, Key="a/model.tar.gz", Body=b"model")


def image_gone(harness: Harness) -> None:
    repository = ECHO_IMAGE.rpartition("/")[2].partition(":")[0]
    harness.client("ecr").batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "1.0"}])


def role_gone(harness: Harness) -> None:
    client = harness.client("iam")
    for policy in client.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        client.delete_role_policy(RoleName=ROLE, PolicyName=policy)
    client.delete_role(RoleName=ROLE)


GONE = {
    "its artifact is gone": (artifact_gone, "Failed to download model data for container"),
    "its image is gone": (image_gone, "Please make sure all images included in the model"),
    "its role is gone": (role_gone, "Failed to download model data for container"),
}


def sick(harness: Harness) -> None:
    harness.world.faults.add({"kind": "never_healthy"})


@pytest.mark.parametrize(
    ("hinder", "why"),
    [*GONE.values(), (sick, "did not pass the ping health check")],
    ids=[*GONE.keys(), "it is not healthy"],
)
def test_a_count_that_does_not_come_about_is_told_and_tried_less_and_less_often(
    harness: Harness, hinder: Any, why: str
) -> None:
    harness.ready(**hosted(1))
    hinder(harness)
    harness.world.calls.reset()
    harness.apply("iris", hosted(3))
    harness.settle_told("iris", "ChangeFailed", limit=900)
    when: list[float] = []
    seen = harness.calls(UPDATE)
    until = harness.clock.now() + 3 * 3600
    while harness.clock.now() < until:
        harness.tick()
        if harness.calls(UPDATE) > seen:
            seen = harness.calls(UPDATE)
            when.append(harness.clock.now())
        harness.world.advance(60)
    waits = [later - earlier for earlier, later in pairwise(when)]
    assert all(later >= earlier - 60 for earlier, later in pairwise(waits))
    assert waits[-1] >= 1700
    assert len(when) <= 10
    harness.settle_told("iris", "ChangeFailed", limit=900)
    stalled = told(harness, "Stalled")
    assert stalled is not None
    assert stalled[2].startswith("AWS took back primary: instances 1 → 3: ")
    assert why in stalled[2]
    assert harness.resource("iris").status.instances == "1/1"
    available = told(harness, "Available")
    assert available is not None
    assert available[0] == "True"


def test_what_was_taken_back_is_tried_at_once_when_that_is_asked_for_and_comes_once_it_can(harness: Harness) -> None:
    harness.ready(**hosted(1))
    artifact_gone(harness)
    harness.apply("iris", hosted(3))
    harness.settle_told("iris", "ChangeFailed", limit=900)
    harness.run(3600, 120)
    artifact_back(harness)
    harness.annotate("iris", {"smendpoints.dev/retry": "1"})
    harness.run(300)
    assert harness.resource("iris").status.instances == "3/3"
    assert told(harness, "Stalled") is None
    assert harness.resource("iris").status.in_place == []


def test_another_count_is_asked_for_at_once(harness: Harness) -> None:
    harness.ready(**hosted(2))
    artifact_gone(harness)
    harness.apply("iris", hosted(3))
    harness.settle_told("iris", "ChangeFailed", limit=900)
    harness.run(3600, 120)
    harness.apply("iris", hosted(1))
    harness.run(180)
    assert harness.resource("iris").status.instances == "1/1"
    assert told(harness, "Ready") == ("True", "InService", harness.condition("iris", "Ready").message)  # type: ignore[union-attr]


def test_a_restart_of_the_operator_remembers_what_was_taken_back(harness: Harness) -> None:
    harness.ready(**hosted(1))
    artifact_gone(harness)
    harness.apply("iris", hosted(3))
    harness.run(3600, 15)
    asked = harness.calls(UPDATE)
    for _ in range(5):
        harness.restart()
        harness.run(60, 15)
    assert harness.calls(UPDATE) <= asked + 1


def test_a_change_that_is_taken_back_holds_up_no_other(harness: Harness) -> None:
    """The count of one variant fails for ever; weights, tags and the count of another one go."""
    first = {**FIXED["variants"][0], "weight": 50}
    other = {**first, "name": "other", "modelArtifact": f"s3://{BUCKET}/b/model.tar.gz"}
    base = spec(variants=[first, other])
    harness.ready(**base)
    artifact_gone(harness)
    grown = {"type": "ml.m5.large", "count": 3}
    harness.apply("iris", spec(variants=[{**first, "instance": grown}, other]))
    harness.settle_told("iris", "ChangeFailed", limit=900)
    after = spec(
        variants=[{**first, "weight": 0, "instance": grown}, {**other, "instance": grown}], tags={"team": "ml"}
    )
    harness.apply("iris", after)
    harness.run(900, 15)
    live = {each["VariantName"]: each for each in harness.live()["ProductionVariants"]}
    assert (live["primary"]["DesiredWeight"], live["other"]["DesiredInstanceCount"]) == (0.0, 3)
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert {"Key": "team", "Value": "ml"} in tags
    harness.settle_told("iris", "ChangeFailed", limit=900)


@pytest.mark.parametrize(("hinder", "why"), GONE.values(), ids=GONE.keys())
def test_a_scale_out_that_fails_is_told_while_the_endpoint_stays_ready(harness: Harness, hinder: Any, why: str) -> None:
    harness.ready()
    assert told(harness, "AutoscalingActive") == ("True", "ScalingActive", "scaling primary 1 to 5")
    hinder(harness)
    harness.scale_by_hand(3)
    harness.run(600, 15)
    scaling = told(harness, "AutoscalingActive")
    assert scaling is not None
    assert scaling[:2] == ("False", "ScalingFailed")
    assert why in scaling[2]
    ready = told(harness, "Ready")
    assert ready is not None
    assert ready[:2] == ("True", "InService")
    for _ in range(3):  # Application Auto Scaling tries again and again
        harness.scale_by_hand(3)
        harness.run(30)
        assert told(harness, "AutoscalingActive") == scaling
        harness.run(300, 15)
    warned = [event for event in harness.events if event.reason == "ScalingFailed"]
    assert [event.warning for event in warned] == [True]


def test_a_scale_out_that_works_ends_it(harness: Harness) -> None:
    harness.ready()
    artifact_gone(harness)
    harness.scale_by_hand(3)
    harness.run(600, 15)
    artifact_back(harness)
    harness.scale_by_hand(3)
    harness.run(600, 15)
    assert told(harness, "AutoscalingActive") == ("True", "ScalingActive", "scaling primary 1 to 5")


def test_the_reason_of_a_failed_update_is_none_of_scaling(harness: Harness) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(spec(), environment={"A": "b"}))
    harness.settle_told("iris", "UpdateFailed")
    assert told(harness, "AutoscalingActive") == ("True", "ScalingActive", "scaling primary 1 to 5")
    harness.apply("iris", spec())
    harness.settle_told("iris", "InService")
    harness.run(120)
    assert harness.live()["FailureReason"]
    assert told(harness, "AutoscalingActive") == ("True", "ScalingActive", "scaling primary 1 to 5")


def test_the_image_that_was_pushed_again_lets_it_scale(harness: Harness) -> None:
    harness.ready(**hosted(1))
    image_gone(harness)
    harness.apply("iris", hosted(2))
    harness.settle_told("iris", "ChangeFailed", limit=900)
    push(harness.client("ecr"), ECHO_IMAGE, "echo")
    harness.settle_told("iris", "InService", limit=3600)
    assert harness.resource("iris").status.instances == "2/2"
