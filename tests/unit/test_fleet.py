"""What the status tells of variants: those of the config in service, and of the one that comes beside it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.api.status import ContainerStatus, EndpointStatus, SageMakerEndpointStatus, VariantStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.observed.observed import ObservedVariant
from smendpoints.domain.status.fleet import in_service, instances, pending, traffic

A, B = "s3://models/a/model.tar.gz", "s3://models/b/model.tar.gz"
LIVES = {"variant": {"modelArtifact": B}}
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}
PIPELINE = [ContainerStatus(image="i", model_artifact="s3://models/first/model.tar.gz")]
NEW = SageMakerEndpointStatus()


def before(config: str, **variant: Any) -> SageMakerEndpointStatus:
    """A status that knew something of the variant of a config in service."""
    endpoint = EndpointStatus(name="e", status="InService", config_name=config)
    return SageMakerEndpointStatus(endpoint=endpoint, variants=[VariantStatus(name="primary", **variant)])


def of(seen: Any, status: SageMakerEndpointStatus = NEW) -> list[VariantStatus]:
    return in_service(seen.observed, seen.desired, status)


def test_where_there_is_no_endpoint_there_is_no_variant(sight: Callable[..., Any]) -> None:
    seen = sight(exists=False)
    assert of(seen) == pending(seen.observed, seen.desired) == []


def test_the_artifact_of_the_spec_is_told_once_its_config_serves(sight: Callable[..., Any]) -> None:
    (told,) = of(sight())
    assert (told.model_artifact, told.containers, told.shadow) == (A, None, None)
    (told,) = of(sight(lives=LIVES, equivalent=True))
    assert told.model_artifact == A, "made by a hand, and the same"


def test_of_another_config_is_told_what_its_models_show_or_was_told_of_it(sight: Callable[..., Any]) -> None:
    seen = sight(lives=LIVES)
    live = seen.live.models[0]
    known = before(seen.live.config_name, model_artifact=B, containers=PIPELINE)
    assert [each.model_artifact for each in of(seen)] == [None]
    (kept,) = of(seen, known)
    assert (kept.model_artifact, kept.containers) == (B, PIPELINE)
    assert (kept.image, kept.desired_instances) == (seen.observed.endpoint.variants[0].image, 1)
    (other,) = of(seen, before("older", model_artifact=B))
    assert other.model_artifact is None, "that was another config"
    looked = sight(lives=LIVES, live_models={live.name: live.request})
    (shown,) = of(looked, known)
    assert (shown.model_artifact, shown.containers) == (B, None)


def test_variants_stand_in_the_order_of_the_spec_and_a_shadow_last(sight: Callable[..., Any]) -> None:
    dark = {"name": "dark", "image": "i", "modelArtifact": B, "instance": {"type": "ml.m5.large", "count": 1}}
    seen = sight({"challenger": {"modelArtifact": B}, "shadow": dark})
    endpoint = seen.observed.endpoint
    shown = (ObservedVariant("by-hand"), *reversed(endpoint.variants))
    told = in_service(replace(seen.observed, endpoint=replace(endpoint, variants=shown)), seen.desired, NEW)
    assert [each.name for each in told] == ["primary", "challenger", "dark", "by-hand"]
    assert [each.shadow for each in told] == [None, None, True, None]


def test_a_pipeline_is_told_container_by_container(sight: Callable[..., Any]) -> None:
    shows = {"primary": {"image": "one", "digest": "d1", "further_images": (("two", "d2"),)}}
    (told,) = of(sight(variants=shows))
    assert told.containers == [
        ContainerStatus(image="one", digest="d1", model_artifact=A),
        ContainerStatus(image="two", digest="d2", model_artifact=None),
    ]
    assert (told.image, told.digest) == ("one", "d1")


def test_what_has_no_instances_tells_its_concurrency(sight: Callable[..., Any]) -> None:
    serverless = {"MaxConcurrency": 5, "ProvisionedConcurrency": 2}
    (told,) = of(sight(variants={"primary": {"serverless": serverless, "current_count": 1, "desired_count": 1}}))
    assert (told.current_instances, told.desired_instances) == (None, None)
    assert (told.max_concurrency, told.provisioned_concurrency) == (5, 2)
    (hosted,) = of(sight())
    assert (hosted.current_instances, hosted.max_concurrency, hosted.provisioned_concurrency) == (1, None, None)


def test_bounds_are_those_that_aws_has_else_those_that_it_will_have(sight: Callable[..., Any]) -> None:
    seen = sight(SCALED)
    (target,) = seen.observed.targets
    there = replace(seen.observed, targets=(replace(target, resource_id="other"), replace(target, max_capacity=9)))
    (told,) = in_service(there, seen.desired, NEW)
    assert (told.min_capacity, told.max_capacity) == (1, 9)
    (told,) = in_service(replace(seen.observed, targets=()), seen.desired, NEW)
    assert (told.min_capacity, told.max_capacity) == (1, 5)
    (told,) = in_service(seen.observed, sight().desired, NEW)
    assert (told.min_capacity, told.max_capacity) == (None, None), "autoscaling that is about to end"


def test_the_fleet_that_comes_is_told_with_the_artifact_of_the_spec_if_it_is_of_the_spec(
    sight: Callable[..., Any],
) -> None:
    coming = (ObservedVariant("primary", current_weight=0.0, desired_count=2),)
    seen = sight(lives=LIVES, shows={"pending_config": "WANTED", "pending": coming})
    (told,) = pending(seen.observed, seen.desired)
    assert (told.name, told.model_artifact, told.desired_instances, told.shadow) == ("primary", A, 2, None)
    by_hand = sight(lives=LIVES, shows={"pending_config": "older", "pending": coming})
    (told,) = pending(by_hand.observed, by_hand.desired)
    assert told.model_artifact is None
    dark = replace(coming[0], name="dark")
    seen = sight(lives=LIVES, shows={"pending_config": "WANTED", "pending_shadows": (dark,)})
    assert [each.shadow for each in pending(seen.observed, seen.desired)] == [True]
    created = replace(seen.observed, endpoint=replace(seen.observed.endpoint, pending=coming, variants=()))
    assert pending(created, seen.desired) == [], "of an endpoint that is being created all is coming"


def variant(name: str = "a", **told: Any) -> VariantStatus:
    return VariantStatus(name=name, **told)


TWO = [variant(current_instances=1, desired_instances=2), variant("b", desired_instances=1)]


@pytest.mark.parametrize(
    ("variants", "beside", "told"),
    [
        ([], [], None),
        (TWO, [], "1/3"),
        (TWO, [variant(current_instances=0, desired_instances=2)], "1/3+0/2"),
        ([variant(max_concurrency=5)], [], None),
        ([variant(max_concurrency=5)], TWO, "1/3"),
    ],
)
def test_instances_are_told_of_both_fleets(
    variants: list[VariantStatus], beside: list[VariantStatus], told: str | None
) -> None:
    assert instances(variants, beside) == told


WEIGHTED = [
    variant(current_weight=3.0, desired_weight=9.0),
    variant("b", desired_weight=1.0),
    variant("dark", shadow=True, current_weight=4.0),
]


@pytest.mark.parametrize(
    ("variants", "beside", "percent", "told"),
    [
        (WEIGHTED, [], None, "a=75,b=25"),
        (WEIGHTED, [], 40.0, "a=75,b=25"),
        (WEIGHTED, WEIGHTED, 40.0, "a=45,b=15,new:a=30,new:b=10"),
        (WEIGHTED, WEIGHTED, 100.0, "new:a=75,new:b=25"),
        (WEIGHTED, WEIGHTED, None, "a=75,b=25"),
        (WEIGHTED, WEIGHTED, 0.5, "a=74.62,b=24.88,new:a=0.375,new:b=0.125"),
        ([variant(current_weight=0.0, desired_weight=1.0)], [], None, None),
        ([variant()], [], None, None),
    ],
)
def test_traffic_is_told_of_both_fleets(
    variants: list[VariantStatus], beside: list[VariantStatus], percent: float | None, told: str | None
) -> None:
    rollout = RolloutStatus.model_validate(
        {"configName": "c", "attempt": "a", "phase": "InProgress", "startedAt": "2026-11-26T11:00:00Z"}
    ).model_copy(update={"traffic_percent": percent})
    assert traffic(variants, beside, rollout) == told
    if beside == []:
        assert traffic(variants, beside, None) == told


def test_all_that_aws_shows_of_a_variant_is_told(sight: Callable[..., Any]) -> None:
    shown = {
        "image": "r:1",
        "digest": "sha256:a",
        "current_weight": 1.0,
        "desired_weight": 2.0,
        "current_count": 3,
        "desired_count": 4,
    }
    seen = sight(variants={"primary": shown})
    (found,) = in_service(seen.observed, seen.desired, seen.resource.status)
    assert found.to_json() == {
        "name": "primary",
        "image": "r:1",
        "digest": "sha256:a",
        "modelArtifact": "s3://models/a/model.tar.gz",
        "currentWeight": 1,
        "desiredWeight": 2,
        "currentInstances": 3,
        "desiredInstances": 4,
    }
