"""The status after a reconcile: conditions, columns, and the endpoint as AWS shows it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from smendpoints.api.status import Cost, SageMakerEndpointStatus
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.observed import ObservedVariant, Step
from smendpoints.domain.plan.convergence import was_converged
from smendpoints.domain.plan.verdict import stalled
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.advice import advised
from smendpoints.domain.status.events import events
from smsandbox.testing.statuses import DENIED, NOW, PING, SCALED, THROTTLED, URL, B, told

CANARY = (Step("ActivatingTraffic", "Activating traffic on canary capacity of 1 instance(s).", NOW),)


def shown(status: SageMakerEndpointStatus) -> dict[str, str]:
    return {each.type: f"{each.status} {each.reason}" for each in status.conditions}


class Case(NamedTuple):
    """What a reconcile sees, what AWS refuses it, and the conditions that it leaves."""

    sees: dict[str, Any]
    conditions: dict[str, str]
    refused: ReconcileError | None = None
    available: str = "True Serving"


IN_SYNC = {"Drifted": "False InSync"}
CONDITIONS = {
    "a creation that is begun": Case(
        {"exists": False}, {"Ready": "False Creating", "Reconciling": "True Creating"}, available="False Creating"
    ),
    "a creation that AWS throttles": Case(
        {"exists": False}, {"Ready": "False Throttled", "Reconciling": "True Throttled"}, THROTTLED, "False Pending"
    ),
    "a creation that AWS denies": Case(
        {"exists": False}, {"Ready": "False AccessDenied", "Stalled": "True AccessDenied"}, DENIED, "False Pending"
    ),
    "an endpoint as wanted": Case({}, {"Ready": "True InService", **IN_SYNC}),
    "an endpoint as wanted that scales": Case(
        {"wants": SCALED}, {"Ready": "True InService", "AutoscalingActive": "True ScalingActive", **IN_SYNC}
    ),
    "one whose scaling pauses": Case(
        {"wants": {"variant": {"scaling": {**SCALED["variant"]["scaling"], "suspended": True}}}},
        {"Ready": "True InService", "AutoscalingActive": "False ScalingSuspended", **IN_SYNC},
    ),
    "one whose scaling AWS denies: not arrived, and so no drift next time": Case(
        {"wants": SCALED, "targets": ()},
        {
            "Ready": "False AccessDenied",
            "Stalled": "True AccessDenied",
            "AutoscalingActive": "False ScalingPending",
        },
        DENIED,
    ),
    "one whose scaling AWS throttles: not arrived, and so no drift next time": Case(
        {"wants": SCALED, "targets": ()},
        {
            "Ready": "False Throttled",
            "Reconciling": "True Throttled",
            "AutoscalingActive": "False ScalingPending",
        },
        THROTTLED,
    ),
    "one that waits for AWS has no scaling yet": Case(
        {"wants": SCALED, "shows": {"status": "Creating"}},
        {
            "Ready": "False Creating",
            "Reconciling": "True Creating",
            "AutoscalingActive": "False ScalingPending",
        },
        available="False Creating",
    ),
    "drift that is put back": Case(
        {"variants": {"primary": {"desired_weight": 7.0}}, "converged": True},
        {"Ready": "False ShiftingTraffic", "Reconciling": "True ShiftingTraffic", "Drifted": "True DriftFound"},
    ),
    "drift that is only reported": Case(
        {
            "wants": {"driftPolicy": "Report"},
            "variants": {"primary": {"desired_weight": 7.0}},
            "converged": True,
        },
        {"Ready": "True InService", "Drifted": "True DriftFound"},
    ),
    "a tag that is put back, throttled: what serves keeps serving": Case(
        {"wants": {"tags": {"a": "b"}}, "lives": {}, "converged": True},
        {"Ready": "True InService", "Drifted": "True DriftFound"},
        THROTTLED,
    ),
    "an endpoint that a hand deleted, its creation throttled: not ready": Case(
        {"exists": False, "converged": True},
        {"Ready": "False Throttled", "Reconciling": "True Throttled", "Drifted": "True DriftFound"},
        THROTTLED,
        "False Pending",
    ),
    "another's endpoint": Case(
        {"shows": {"tags": {}}}, {"Ready": "False NotOwned", "Stalled": "True NotOwned"}, available="False NotOwned"
    ),
    "an update that AWS took back: what was in service still answers": Case(
        {"lives": B, "shows": {"failure_reason": PING}, "remembers": {"phase": "InProgress"}},
        {"Ready": "False UpdateFailed", "Stalled": "True UpdateFailed"},
    ),
    "an endpoint that is out of service": Case(
        {"shows": {"status": "OutOfService"}},
        {"Ready": "False OutOfService", "Stalled": "True OutOfService"},
        available="False OutOfService",
    ),
    "an endpoint that is being stopped": Case(
        {"wants": {"desiredState": "Stopped"}},
        {"Ready": "False Stopping", "Reconciling": "True Stopping"},
        available="False Stopping",
    ),
    "an endpoint whose instances are all gone": Case(
        {"variants": {"primary": {"current_count": 0}}},
        {"Ready": "True InService", **IN_SYNC},
        available="False NoInstances",
    ),
    "an asynchronous endpoint at zero: requests wait in its queue": Case(
        {"wants": {"async": {"outputPath": "s3://models/out"}}, "variants": {"primary": {"current_count": 0}}},
        {"Ready": "True InService", **IN_SYNC},
    ),
}


@pytest.mark.parametrize("case", CONDITIONS.values(), ids=CONDITIONS.keys())
def test_the_conditions_of(sight: Callable[..., Any], case: Case) -> None:
    seen = sight(**case.sees)
    status = told(seen, case.refused)
    assert shown(status) == {**case.conditions, "Available": case.available}
    assert status.observed_generation == seen.resource.metadata.generation
    assert not (shown(status)["Ready"].startswith("True") and "Reconciling" in shown(status))


def test_the_bounds_of_each_variant_that_scales_are_told(sight: Callable[..., Any]) -> None:
    active = conditions.find(told(sight(SCALED), None).conditions, "AutoscalingActive")
    assert active is not None
    assert active.message.startswith("scaling primary 1 to 5; ")


def test_scaling_that_was_refused_once_is_set_up_by_drift_policy_report_too(sight: Callable[..., Any]) -> None:
    """It is work left, no drift: nobody had set it up before."""
    seen = sight({**SCALED, "driftPolicy": "Report"}, targets=())
    after = told(seen, THROTTLED)
    again = replace(seen, resource=seen.resource.model_copy(update={"status": after}))
    assert not was_converged(again.resource, again.desired.config_name)
    assert again.actions() == seen.actions()
    assert again.plan().drift == ()


def test_time_stands_still_while_nothing_changes(sight: Callable[..., Any]) -> None:
    seen = sight(converged=True)
    before = {each.type: each.last_transition_time for each in seen.resource.status.conditions}
    after = {each.type: each.last_transition_time for each in told(seen).conditions}
    assert {kind: after[kind] for kind in before} == before


def test_the_same_reconcile_twice_gives_the_same_status_so_that_nothing_is_written(sight: Callable[..., Any]) -> None:
    for wants in ({}, SCALED, {"tags": {"a": "b"}}, {"challenger": {"weight": 3}}):
        seen = sight(wants)
        first = told(seen)
        again = replace(seen, resource=seen.resource.model_copy(update={"status": first}))
        assert told(again) == first
        assert events(first, told(again)) == ()


def test_the_endpoint_is_shown_as_aws_shows_it(sight: Callable[..., Any]) -> None:
    seen = sight({"tags": {"team": "ml"}})
    endpoint = told(seen).endpoint
    assert endpoint is not None
    assert (endpoint.name, endpoint.status, endpoint.url) == ("default-iris", "InService", URL)
    assert (endpoint.config_name, endpoint.arn) == (seen.desired.config_name, seen.observed.endpoint.arn)
    assert endpoint.tag_keys == ["team"]


NAMED = {
    "not there yet, but asked for": ({"exists": False}, "Creating"),
    "not there, and suspended": ({"wants": {"suspend": True}, "exists": False}, "Pending"),
    "stopped": ({"wants": {"desiredState": "Stopped"}, "exists": False}, "Stopped"),
    "deleted by a hand": ({"wants": {"driftPolicy": "Report"}, "exists": False, "converged": True}, "NotFound"),
    "about to be deleted": ({"wants": {"desiredState": "Stopped"}}, "Deleting"),
}


@pytest.mark.parametrize(("sees", "status"), NAMED.values(), ids=NAMED.keys())
def test_an_endpoint_is_said_to_be(sight: Callable[..., Any], sees: dict[str, Any], status: str) -> None:
    endpoint = told(sight(**sees)).endpoint
    assert endpoint is not None
    assert endpoint.status == status


def test_columns_tell_instances_and_shares(sight: Callable[..., Any]) -> None:
    wants = {"variant": {"name": "rf", "weight": 90, "instance": {"type": "ml.m5.large", "count": 2}}}
    wants["challenger"] = {"name": "gb", "weight": 10}
    status = told(sight(wants, variants={"rf": {"current_count": 1}}))
    assert (status.instances, status.traffic) == ("3/4", "rf=90,gb=10")


def test_columns_of_what_has_neither_are_empty(sight: Callable[..., Any]) -> None:
    serverless = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 20}, "weight": 0}
    status = told(sight({"variant": serverless}, variants={"primary": {"current_count": 0, "desired_count": 0}}))
    assert (status.instances, status.traffic) == (None, None)
    (variant,) = status.variants
    assert (variant.current_instances, variant.desired_instances, variant.max_concurrency) == (None, None, 20)


def test_a_shadow_counts_among_the_instances_and_takes_no_share_of_the_traffic(sight: Callable[..., Any]) -> None:
    shadow = {
        "name": "next",
        "image": "shadow:1",
        "modelArtifact": "s3://models/n.tar.gz",
        "instance": {"type": "ml.m5.large"},
    }
    status = told(sight({"shadow": shadow}))
    assert [(each.name, each.shadow, each.model_artifact) for each in status.variants] == [
        ("primary", None, "s3://models/a/model.tar.gz"),
        ("next", True, "s3://models/n.tar.gz"),
    ]
    assert (status.instances, status.traffic) == ("2/2", "primary=100")


def test_variants_and_traffic_are_in_the_order_of_the_spec_whatever_that_of_aws(sight: Callable[..., Any]) -> None:
    wants = {"variant": {"name": "zeta", "weight": 90}, "challenger": {"name": "alpha", "weight": 10}}
    seen = sight(wants)
    turned = replace(seen.observed.endpoint, variants=seen.observed.endpoint.variants[::-1])
    status = told(replace(seen, observed=replace(seen.observed, endpoint=turned)))
    assert [each.name for each in status.variants] == ["zeta", "alpha"]
    assert status.traffic == "zeta=90,alpha=10"


def test_a_pipeline_shows_the_image_and_the_artifact_of_each_container(sight: Callable[..., Any]) -> None:
    containers = [{"image": "in:1", "modelArtifact": "s3://models/in.tar.gz"}, {"image": "out:1"}]
    pipeline = {"image": None, "modelArtifact": None, "containers": containers}
    images = {"image": "in:1", "digest": "sha256:1", "further_images": (("out:1", "sha256:2"),)}
    (variant,) = told(sight({"variant": pipeline}, variants={"primary": images})).variants
    assert [(each.image, each.digest, each.model_artifact) for each in variant.containers or ()] == [
        ("in:1", "sha256:1", "s3://models/in.tar.gz"),
        ("out:1", "sha256:2", None),
    ]


def test_during_a_canary_columns_tell_of_both_fleets(sight: Callable[..., Any]) -> None:
    new = ObservedVariant("primary", desired_weight=1.0, current_count=1, desired_count=2, steps=CANARY)
    canary = {"rollout": {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 300}}
    seen = sight(
        {**canary, "variant": {"instance": {"type": "ml.m5.large", "count": 2}}},
        lives={**B, "variant": {**B["variant"], "instance": {"type": "ml.m5.large", "count": 2}}},
        shows={"status": "Updating", "pending_config": "WANTED", "pending": (new,)},
        remembers={"phase": "InProgress"},
    )
    status = told(seen)
    assert (status.instances, status.traffic) == ("2/2+1/2", "primary=50,new:primary=50")
    assert [each.model_artifact for each in status.pending_variants or ()] == ["s3://models/a/model.tar.gz"]
    assert conditions.is_true(status.conditions, "Available")


def test_what_serves_is_named_while_another_config_is_wanted(sight: Callable[..., Any]) -> None:
    before = told(sight(B))
    assert [each.model_artifact for each in before.variants] == ["s3://models/b/model.tar.gz"]
    seen = sight(lives=B, shows={"failure_reason": PING}, remembers={"phase": "InProgress"})
    memory = before.model_copy(update={"rollout": seen.resource.status.rollout})
    after = told(replace(seen, resource=seen.resource.model_copy(update={"status": memory})))
    assert [each.model_artifact for each in after.variants] == ["s3://models/b/model.tar.gz"]


def test_of_anothers_endpoint_nothing_is_told(sight: Callable[..., Any]) -> None:
    status = told(sight(shows={"tags": {}}), cost=Cost(hourly_usd="0.2", as_of="2026-11-01"))
    assert status.endpoint is not None
    assert (status.endpoint.status, status.instances, status.traffic, status.cost) == ("NotOwned", None, None, None)


def test_the_bounds_of_a_variant_are_those_that_aws_has(sight: Callable[..., Any], targets: Any) -> None:
    seen = sight(SCALED)
    found = tuple(replace(target, min_capacity=3) for target in targets(seen.desired))
    (variant,) = told(sight(SCALED, targets=found)).variants
    assert (variant.min_capacity, variant.max_capacity) == (3, 5)


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        (Reason.CREATE_FAILED, "fix the spec and apply it again"),
        (Reason.UPDATE_FAILED, "fix the spec and apply it again"),
        (Reason.CAPACITY_SHORTAGE, "name further instance types"),
        (Reason.OUT_OF_SERVICE, ""),
    ],
)
def test_a_verdict_ends_with_what_to_do(reason: Reason, what: str) -> None:
    said = advised(stalled(reason, "no ping.")).message
    assert said.startswith(f"no ping; {what}" if what else "no ping.")


def test_ready_is_always_there(sight: Callable[..., Any]) -> None:
    for case in CONDITIONS.values():
        assert conditions.find(told(sight(**case.sees), case.refused).conditions, "Ready") is not None


def test_all_that_is_told_of_an_endpoint_in_aws(sight: Callable[..., Any]) -> None:
    endpoint = told(sight({"tags": {"team": "ml"}}, converged=True)).endpoint
    assert endpoint is not None
    config = sight().desired.config_name
    assert endpoint.to_json() == {
        "name": "default-iris",
        "arn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/default-iris",
        "status": "InService",
        "configName": config,
        "url": "https://runtime/endpoints/default-iris/invocations",
        "createdAt": "2026-11-22T11:00:00Z",
        "tagKeys": ["team"],
    }
