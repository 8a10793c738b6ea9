"""What launching a fleet needs: artifacts, instances at once, guardrails that AWS would drop."""

from collections.abc import Callable
from typing import Any

import pytest

from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.update import update_endpoint
from smendpoints.domain.preflight.launch import Artifact, Writer, dropped_guardrails, launch_of
from smendpoints.domain.preflight.quota import Need, needs
from smendpoints.domain.preflight.supplies import supplies_of
from smendpoints.domain.preflight.targets import Targets

BASE = "s3://models/b"
NEW = {"modelArtifact": f"{BASE}/model.tar.gz"}
SCALES = {"scaling": {"minCapacity": 1, "maxCapacity": 2, "targetInvocationsPerInstance": 9}}
ROLLING = {"strategy": "Rolling", "stepWaitSeconds": 60}
CANARY = {"strategy": "Canary", "stepPercent": 10, "stepWaitSeconds": 60}


def hosted(instance_type: str = "ml.m5.large", count: int = 1) -> dict[str, Any]:
    return {"instance": {"type": instance_type, "count": count}}


def asked(seen: Any) -> tuple[Need, ...]:
    """What the update from what is live to what is wanted needs."""
    update = update_endpoint(seen.desired, seen.observed, seen.observed.endpoint)
    return needs(seen.desired, seen.observed, update)


@pytest.fixture
def need(sight: Callable[..., Any]) -> Callable[..., tuple[Need, ...]]:
    """What an update to a new model needs; `live` and `new` change the variant, before and after."""

    def make(
        live: dict[str, Any] | None = None,
        new: dict[str, Any] | None = None,
        *,
        wants: dict[str, Any] | None = None,
        **others: Any,
    ) -> tuple[Need, ...]:
        before = {"variant": {**hosted(count=4), **(live or {})}}
        after = {"variant": {**hosted(count=4), **NEW, **(new or {})}, **(wants or {})}
        return asked(sight(after, before, **others))

    return make


@pytest.mark.parametrize("rollout", [None, CANARY, {**CANARY, "strategy": "Linear"}])
def test_blue_green_has_both_fleets_at_once(need: Any, rollout: Any) -> None:
    wants = {"rollout": rollout} if rollout else {}
    assert need(wants=wants) == (Need("ml.m5.large", live=4, beside=4, beside_rolling=1),)


ROLLS = {
    "by one instance": ({"stepInstances": 1}, 4, 4, 1),
    "by two": ({"stepInstances": 2}, 4, 4, 2),
    "by half": ({"stepPercent": 50}, 4, 4, 2),
    "by a share that is no whole instance, which AWS may round either way": ({"stepPercent": 40}, 4, 4, 1),
    "to a larger fleet": ({"stepInstances": 1}, 4, 7, 3),
    "to a smaller fleet": ({"stepInstances": 2}, 7, 4, 2),
}


@pytest.mark.parametrize(("size", "live", "new", "beside"), ROLLS.values(), ids=ROLLS.keys())
def test_rolling_has_one_batch_more_or_what_the_fleet_grows_by(
    need: Any, size: dict[str, int], live: int, new: int, beside: int
) -> None:
    (found,) = need(hosted(count=live), hosted(count=new), wants={"rollout": {**ROLLING, **size}})
    assert (found.live, found.beside) == (live, beside)


def test_rolling_to_another_type_ends_with_all_of_the_new_type(need: Any) -> None:
    found = need(new=hosted("ml.c5.large", 4), wants={"rollout": {**ROLLING, "stepInstances": 1}})
    assert found == (Need("ml.c5.large", live=0, beside=4),)


def test_another_type_needs_nothing_of_the_old_ones_quota(need: Any) -> None:
    assert need(new=hosted("ml.c5.large", 2)) == (Need("ml.c5.large", live=0, beside=2),)


SCALING = {"scaling": {"minCapacity": 1, "maxCapacity": 20, "targetInvocationsPerInstance": 70}}


def test_what_an_autoscaler_has_grown_counts_in_both_fleets(need: Any) -> None:
    grown = {"primary": {"current_count": 9, "desired_count": 9}}
    assert need(SCALING, SCALING, variants=grown) == (Need("ml.m5.large", live=9, beside=9, beside_rolling=1),)


def test_instances_still_to_come_are_not_in_service_but_the_new_fleet_has_them(need: Any) -> None:
    growing = {"primary": {"current_count": 2, "desired_count": 6}}
    (found,) = need(SCALING, SCALING, variants=growing)
    assert (found.live, found.beside) == (2, 6)


def test_a_count_that_the_spec_changes_is_that_of_the_new_fleet(need: Any) -> None:
    (found,) = need(hosted(count=4), hosted(count=2))
    assert (found.live, found.beside) == (4, 2)


UNKNOWN = {
    "pools, of which AWS took some": {
        "instance": {"count": 4, "pools": [{"type": "ml.m5.large"}, {"type": "ml.c5.large"}]}
    },
    "serverless": {"instance": None, "serverless": {"memorySizeMB": 1024, "maxConcurrency": 5}},
}


@pytest.mark.parametrize("hosting", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_is_not_known_for_sure_counts_as_nothing(need: Any, hosting: dict[str, Any]) -> None:
    assert need(hosting, hosting) == ()
    (found,) = need(hosting)
    assert found.live == 0
    assert found.beside in {1, 4}


def test_without_the_live_config_nothing_is_claimed(need: Any) -> None:
    assert need(live_config=None) == ()


def test_variants_of_one_type_add_up_and_cannot_roll(sight: Callable[..., Any]) -> None:
    both = {"challenger": hosted(count=2)}
    before = {"variant": hosted(count=3), **both}
    after = {"variant": {**hosted(count=3), **NEW}, **both}
    assert asked(sight(after, before)) == (Need("ml.m5.large", live=5, beside=5),)


def test_a_shadow_counts_too(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": {**hosted(), **NEW}, "shadow": SHADOW}, {"variant": hosted()})
    assert asked(seen) == (Need("ml.m5.large", live=1, beside=3),)


LIMITS = {
    "enough": (8, False),
    "more than enough": (100, False),
    "one too few": (7, True),
    "just what is in service": (4, True),
    "less than what is in service, so not what AWS goes by": (3, False),
}


@pytest.mark.parametrize(("limit", "exceeds"), LIMITS.values(), ids=LIMITS.keys())
def test_a_need_exceeds_a_quota_only_if_that_is_certain(limit: float, exceeds: bool) -> None:
    assert Need("ml.m5.large", live=4, beside=4).exceeds(limit) is exceeds


def test_the_refusal_names_type_quota_both_fleets_and_the_ways_out() -> None:
    told = Need("ml.m5.large", live=4, beside=4, beside_rolling=1).refusal(7.0)
    assert told == (
        "the quota 'ml.m5.large for endpoint usage' is 7 instances, and this update has 8 at once: 4 in service and 4 new "
        "beside them; set spec.rollout.strategy to Rolling with stepInstances: 1, use fewer instances or another type, or "
        "have the quota raised in AWS Service Quotas"
    )


@pytest.mark.parametrize(("limit", "advised"), [(4.0, False), (5.0, True), (7.0, True)])
def test_rolling_is_advised_where_it_just_fits(limit: float, advised: bool) -> None:
    told = Need("ml.m5.large", live=4, beside=4, beside_rolling=1).refusal(limit)
    assert ("Rolling" in told) is advised


@pytest.mark.parametrize("rolling", [None, 1])
def test_rolling_is_not_advised_where_it_would_not_fit_either(rolling: int | None) -> None:
    assert "Rolling" not in Need("ml.m5.large", live=4, beside=4, beside_rolling=rolling).refusal(4.0)


def test_each_artifact_is_an_object_or_a_prefix_and_that_of_many_models_may_be_empty(desired: Any, sight: Any) -> None:
    pipeline = [
        {"image": "i", "modelArtifact": "s3://models/pre/model.tar.gz"},
        {"image": "i"},
        {"image": "i", "modelArtifact": "s3://models/weights/"},
    ]
    wants = {
        "variant": {"image": None, "modelArtifact": None, "containers": pipeline},
        "challenger": {"containers": [], "image": "i", "modelArtifact": "s3://models/many/", "multiModel": True},
    }
    seen = sight(wants, exists=False)
    launch = launch_of(desired(wants), seen.observed, seen.plan().actions, [])
    assert launch is not None
    assert launch.artifacts == {
        Artifact("models", "pre/model.tar.gz"),
        Artifact("models", "weights/"),
        Artifact("models", "many/", must_exist=False),
    }


def test_a_creation_asks_for_no_quota_as_aws_refuses_at_once(sight: Any) -> None:
    seen = sight(exists=False)
    launch = launch_of(seen.desired, seen.observed, seen.plan().actions, ["alarm"])
    assert launch is not None
    assert launch.needs == ()
    assert launch.alarms == {"alarm"}


def test_an_update_needs_room_for_both_fleets(sight: Any) -> None:
    rolled = {"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"}
    seen = sight({"variant": NEW}, {}, remembers=rolled)
    launch = launch_of(seen.desired, seen.observed, seen.plan().actions, [])
    assert launch is not None
    assert (launch.needs, launch.targets) == ((Need("ml.m5.large", live=1, beside=1),), None)


def test_a_shadows_fleet_is_counted_too(sight: Any) -> None:
    shadow = {"shadow": {"name": "shadow", "image": "i", **hosted("ml.c5.large", 2)}}
    seen = sight({"variant": {**hosted(count=4), **NEW}, **shadow}, {"variant": hosted(count=4), **shadow})
    assert asked(seen) == (Need("ml.c5.large", live=2, beside=2), Need("ml.m5.large", live=4, beside=4))


def test_another_instance_needs_the_secrets_that_its_environment_names(desired: Any) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
    found = supplies_of(desired({"variant": {**NEW, "environment": {"DB": secret, "MODE": "fast"}}}))
    assert found.secrets == {secret}
    assert found.roles == {"arn:aws:iam::123456789012:role/sagemaker-execution"}
    assert found.artifacts == {Artifact("models", "b/model.tar.gz")}
    assert len(found.images) == 1


def test_what_launches_no_fleet_needs_nothing(sight: Any) -> None:
    seen = sight({"variant": {"weight": 2.0}}, variants={"primary": {"desired_weight": 1.0}})
    actions = seen.plan().actions
    assert actions
    assert launch_of(seen.desired, seen.observed, actions, []) is None


TWO = {"challenger": {"weight": 2.0}}
SHADOW = {"name": "shadow", "image": "i", "modelArtifact": f"{BASE}/model.tar.gz", **hosted(count=2)}
GUARDED: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "the same variants": ({"variant": NEW, "rollout": CANARY}, {}, False),
    "a new name": ({"variant": {"name": "other"}, "rollout": CANARY}, {}, True),
    "one more": ({**TWO, "rollout": CANARY}, {}, True),
    "one less": ({"rollout": CANARY}, TWO, True),
    "one less, rolling": ({"rollout": {**ROLLING, "stepPercent": 10}}, TWO, True),
    "a new name, and only a wait": (
        {"variant": {"name": "other"}, "rollout": {"terminationWaitSeconds": 60}},
        {},
        True,
    ),
    "a shadow that comes": ({"rollout": CANARY, "shadow": SHADOW}, {}, True),
    "a shadow that goes": ({"rollout": CANARY}, {"shadow": SHADOW}, True),
    "a shadow that stays": ({"rollout": CANARY, "shadow": SHADOW}, {"shadow": SHADOW}, False),
    "a new name, nothing guarded": ({"variant": {"name": "other"}}, {}, False),
}


@pytest.mark.parametrize(("wants", "lives", "dropped"), GUARDED.values(), ids=GUARDED.keys())
def test_guardrails_are_for_variants_that_keep_their_names(
    sight: Any,
    wants: dict[str, Any],
    lives: dict[str, Any],
    dropped: bool,
) -> None:
    seen = sight(wants, lives)
    told = dropped_guardrails(seen.desired, seen.observed)
    assert (told is not None) is dropped
    assert told is None or "remove spec.rollout for this one update" in told


def test_a_creation_has_nothing_to_guard(sight: Any) -> None:
    seen = sight({"rollout": CANARY}, exists=False)
    assert dropped_guardrails(seen.desired, seen.observed) is None


# scalable targets


def test_a_new_endpoint_needs_the_targets_of_its_variants_that_scale(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": SCALES, "challenger": {"scaling": None}})
    create = Action(Verb.CREATE_ENDPOINT, seen.desired.endpoint_name, {})
    launch = launch_of(seen.desired, seen.observed, (create,), [])
    assert launch is not None
    assert launch.targets == Targets("default-iris", frozenset({"endpoint/default-iris/variant/primary"}))


def test_an_update_and_an_endpoint_that_does_not_scale_need_no_targets(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": {**SCALES, **NEW}}, {"variant": SCALES})
    update = update_endpoint(seen.desired, seen.observed, seen.observed.endpoint)
    launch = launch_of(seen.desired, seen.observed, (update,), [])
    assert launch is not None
    assert launch.targets is None
    fixed = sight({"variant": {"scaling": None}})
    create = Action(Verb.CREATE_ENDPOINT, "default-iris", {})
    launch = launch_of(fixed.desired, fixed.observed, (create,), [])
    assert launch is not None
    assert launch.targets is None


@pytest.mark.parametrize(
    ("taken", "limit", "told"),
    [
        ({"a", "b"}, 4, None),
        ({"a", "b"}, 3, "1 of 3 scalable targets are left in eu-west-1, and this endpoint needs 2"),
        ({"a", "b", "x"}, 4, None),
        ({"a", "b", "c"}, 2, "0 of 2 scalable targets are left in eu-west-1, and this endpoint needs 2"),
        ({"x", "y", "a"}, 3, None),
    ],
    ids=["room", "no room", "one is there already", "over the quota", "all are there already"],
)
def test_what_is_left_of_the_quota_of_targets_is_told(taken: set[str], limit: float, told: str | None) -> None:
    refusal = Targets("e", frozenset({"x", "y"})).refusal(taken, limit, "eu-west-1")
    assert refusal == told or (refusal is not None and told is not None and refusal.startswith(told))


def test_the_roles_that_look_at_alarms_and_write_to_s3_are_named(sight: Callable[..., Any]) -> None:
    role = "arn:aws:iam::123456789012:role/sagemaker-execution"
    writes = {
        "dataCapture": {"destination": "s3://models/captured"},
        "async": {"outputPath": "s3://models/answers", "failurePath": "s3://models/failures"},
    }
    alarmed = {"rollout": {"rollback": {"alarmNames": ["a"]}}}
    seen = sight(
        {"variant": NEW, **writes, **alarmed},
        {},
        remembers={"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"},
    )
    launch = launch_of(seen.desired, seen.observed, seen.plan().actions, ["a"])
    assert launch is not None
    assert launch.watchers == {role}
    assert launch.writers == {
        Writer(role, seen.desired.config_request["DataCaptureConfig"]["DestinationS3Uri"], "captured requests"),
        Writer(role, "s3://models/answers", "asynchronous responses"),
        Writer(role, "s3://models/failures", "asynchronous failures"),
    }
    assert {each.objects for each in launch.writers} >= {"arn:aws:s3:::models/answers/*"}
    calm = sight({"variant": NEW}, {}, remembers={"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"})
    without = launch_of(calm.desired, calm.observed, calm.plan().actions, [])
    assert without is not None
    assert (without.watchers, without.writers) == (frozenset(), frozenset())
    new = sight({**alarmed}, exists=False)
    created = launch_of(new.desired, new.observed, new.plan().actions, ["a"])
    assert created is not None
    assert created.watchers == frozenset(), "no rollout of a creation is undone"
