"""The plan for UpdateEndpoint: which live properties are kept, and which scalable targets come off first."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.observed.observed import ObservedVariant
from smendpoints.domain.plan.update import targets_in_the_way, upcoming_config

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference:1.0"
B = {"modelArtifact": "s3://models/b/model.tar.gz"}
ROLLED = {"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"}
SCALING = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
PRIMARY, CHALLENGER = (f"endpoint/default-iris/variant/{name}" for name in ("primary", "challenger"))
BOTH = ["DesiredInstanceCount", "DesiredWeight"]


def instance(count: int, kind: str = "ml.m5.large") -> dict[str, Any]:
    return {"instance": {"type": kind, "count": count}}


RETAINED: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], list[str]]] = {
    "a new model keeps weights and counts": ({"variant": B}, {}, []),
    "a new count beside it is the config's own": ({"variant": {**B, **instance(3)}}, {}, ["DesiredInstanceCount"]),
    "a new weight beside it is the config's own": ({"variant": {**B, "weight": 4}}, {}, ["DesiredWeight"]),
    "a new count of one of two is the config's own": (
        {"variant": {**B, **instance(3)}, "challenger": instance(1)},
        {"challenger": {}},
        ["DesiredInstanceCount"],
    ),
    "a new weight of one of two is the config's own": (
        {"variant": {**B, "weight": 4}, "challenger": {"weight": 1}},
        {"challenger": {}},
        ["DesiredWeight"],
    ),
    "both are the config's own": ({"variant": {**B, **instance(3), "weight": 4}}, {}, BOTH),
    "an autoscaled count is kept, whatever the spec starts with": (
        {"variant": {**B, **instance(3), "scaling": SCALING}},
        {"variant": {"scaling": SCALING}},
        [],
    ),
    "a count that is autoscaled no longer is the config's own": (
        {"variant": {**B, **instance(3)}},
        {"variant": {"scaling": SCALING}},
        ["DesiredInstanceCount"],
    ),
    "a new count beside another variant's autoscaling is kept, and set in place afterwards": (
        {"variant": {**B, **instance(3)}, "challenger": {"scaling": SCALING}},
        {"variant": {}, "challenger": {"scaling": SCALING}},
        [],
    ),
    "a variant that is new brings its own, so nothing is taken from the others": (
        {"variant": {}, "challenger": {**B, **instance(3), "weight": 4}},
        {},
        [],
    ),
    "serverless variants have no counts to take": (
        {"variant": {**B, "instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}},
        {"variant": {"instance": None, "serverless": {"memorySizeMB": 1024, "maxConcurrency": 5}}},
        [],
    ),
}


def shadowed(count: int = 1, weight: float = 1.0, **others: Any) -> dict[str, Any]:
    shadow = {"name": "shadow", "image": "i", "modelArtifact": "s3://models/b/model.tar.gz", "weight": weight}
    return {**others, "shadow": {**shadow, **instance(count)}}


WARM = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5, "provisionedConcurrency": 2}}
COLD = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}
ONLY_BY_UPDATE: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], list[str]]] = {
    "concurrency that is kept warm no longer": ({"variant": COLD}, {"variant": WARM}, ["DesiredInstanceCount"]),
    "concurrency that is kept warm still": ({"variant": {**WARM, **B}}, {"variant": WARM}, []),
    "the count of a shadow": (shadowed(2), shadowed(1), ["DesiredInstanceCount"]),
    "the weight of a shadow": (shadowed(weight=2), shadowed(), ["DesiredWeight"]),
    "both of a shadow": (shadowed(2, 2), shadowed(), BOTH),
    "neither, as the shadow is new": (shadowed(2), {}, []),
    "the count of a shadow beside autoscaling": (
        shadowed(2, variant={"scaling": SCALING}),
        shadowed(1, variant={"scaling": SCALING}),
        ["DesiredInstanceCount"],
    ),
}
RETAINED |= ONLY_BY_UPDATE


def update(seen: Any) -> Any:
    (action,) = [each for each in seen.plan().actions if each.verb.name == "UPDATE_ENDPOINT"]
    return action.params


def excluded(params: Mapping[str, Any]) -> list[str]:
    return [each["VariantPropertyType"] for each in params.get("ExcludeRetainedVariantProperties", [])]


@pytest.mark.parametrize(("wants", "lives", "taken"), RETAINED.values(), ids=RETAINED.keys())
def test_live_properties(
    sight: Callable[..., Any], wants: Mapping[str, Any], lives: Mapping[str, Any], taken: list[str]
) -> None:
    seen = sight(wants, lives, remembers=ROLLED)
    params = update(seen)
    assert params["RetainAllVariantProperties"] is True
    assert excluded(params) == taken
    assert params["EndpointConfigName"] == seen.desired.config_name


def shadow(count: int) -> dict[str, Any]:
    return {"shadow": {"name": "shadow", "image": IMAGE, **instance(count)}}


# What the spec wants beside a shadow of three (two live); how many run of the first variant; what is the config's own.
RESIZED: dict[str, tuple[dict[str, Any], int, list[str], int]] = {
    "and nothing else": (instance(1), 1, ["DesiredInstanceCount"], 1),
    "and a new count": (instance(4), 1, ["DesiredInstanceCount"], 4),
    "beside autoscaling, whose live count the config brings": (
        {**instance(1), "scaling": SCALING},
        4,
        ["DesiredInstanceCount"],
        4,
    ),
}


@pytest.mark.parametrize("name", RESIZED)
def test_a_new_count_of_a_shadow_is_the_configs_own(sight: Callable[..., Any], name: str) -> None:
    """AWS would keep the live one, and none but an update changes it."""
    variant, runs, taken, brought = RESIZED[name]
    seen = sight(
        {"variant": variant, **shadow(3)},
        {"variant": {**variant, **instance(1)}, **shadow(2)},
        remembers=ROLLED,
        variants={"primary": {"desired_count": runs}},
        shows={"shadows": (ObservedVariant("shadow", desired_count=2),)},
    )
    create, _ = seen.plan().actions
    assert [each["InitialInstanceCount"] for each in create.params["ProductionVariants"]] == [brought]
    assert [each["InitialInstanceCount"] for each in create.params["ShadowProductionVariants"]] == [3]
    assert excluded(update(seen)) == taken


def test_with_a_shadow_that_keeps_its_count_live_counts_are_kept(sight: Callable[..., Any]) -> None:
    variant = {**instance(1), "scaling": SCALING}
    seen = sight(
        {"variant": {**variant, **B}, **shadow(2)},
        {"variant": variant, **shadow(2)},
        remembers=ROLLED,
        variants={"primary": {"desired_count": 4}},
        shows={"shadows": (ObservedVariant("shadow", desired_count=2),)},
    )
    *_, create, _ = seen.plan().actions
    assert [each["InitialInstanceCount"] for each in create.params["ProductionVariants"]] == [1]
    assert excluded(update(seen)) == []


def test_a_config_of_earlier_times_brings_nothing_of_its_own_time(sight: Callable[..., Any], config: Any) -> None:
    """Going back to it keeps what is live; what the spec wants now is set in place afterwards."""
    wants = {"variant": {**instance(3), "weight": 4}}
    earlier = sight({}).desired  # the same config, made when the spec said one instance of weight 1
    seen = sight(wants, {"variant": B}, remembers=ROLLED, wanted_config=config(earlier))
    assert seen.desired.config_name == earlier.config_name
    assert excluded(update(seen)) == []
    assert seen.actions() == ["UPDATE_ENDPOINT default-iris"]


def test_a_config_of_earlier_times_that_says_the_same_brings_its_own(sight: Callable[..., Any], config: Any) -> None:
    wants = {"variant": {**instance(3), "weight": 4}}
    seen = sight(wants, {"variant": B}, remembers=ROLLED, wanted_config=config(sight(wants).desired))
    assert excluded(update(seen)) == BOTH
    assert seen.actions() == ["UPDATE_ENDPOINT default-iris"]


def made(seen: Any) -> Mapping[str, Any]:
    (action,) = [each for each in seen.plan().actions if each.verb.name == "CREATE_CONFIG"]
    return {each["VariantName"]: each["InitialInstanceCount"] for each in action.params["ProductionVariants"]}


def test_a_config_that_brings_a_shadows_count_brings_what_autoscaling_has_grown(sight: Callable[..., Any]) -> None:
    scaled: dict[str, Any] = {"variant": {"scaling": SCALING}}
    grown = {"primary": {"desired_count": 4}}
    seen = sight(shadowed(2, **scaled), shadowed(1, **scaled), variants=grown, remembers=ROLLED)
    assert made(seen) == {"primary": 4}
    kept = sight(
        shadowed(1, variant={"scaling": SCALING, **B}), shadowed(1, **scaled), variants=grown, remembers=ROLLED
    )
    assert made(kept) == {"primary": 1}


def test_a_config_of_earlier_times_that_does_not_bring_what_autoscaling_has_grown_is_made_anew(
    sight: Callable[..., Any], config: Any
) -> None:
    scaled: dict[str, Any] = {"variant": {"scaling": SCALING}}
    wants, lives = shadowed(2, **scaled), shadowed(1, **scaled)
    there = config(sight(wants).desired)

    def with_live(count: int) -> Any:
        variants = {"primary": {"desired_count": count}}
        return sight(wants, lives, variants=variants, remembers=ROLLED, wanted_config=there)

    def upcoming(count: int) -> Mapping[str, Any]:
        seen = with_live(count)
        found = upcoming_config(seen.desired, seen.observed)
        return {each.name: each.initial_count for each in found.variants}

    def does(count: int) -> list[str]:
        seen = with_live(count)
        assert excluded(update(seen)) == ["DesiredInstanceCount"]
        return list(seen.actions())

    assert upcoming(1) == {"primary": 1}
    assert upcoming(4) == {"primary": 4}
    assert does(1) == ["UPDATE_ENDPOINT default-iris"]
    assert does(4) == [
        "DELETE_CONFIG default-iris-WANTED",
        "CREATE_CONFIG default-iris-WANTED",
        "UPDATE_ENDPOINT default-iris",
    ]


def test_a_model_that_the_live_config_uses_is_there_already(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": instance(1, "ml.c5.large")}, {"variant": instance(1)}, remembers=ROLLED)
    assert seen.actions() == ["CREATE_CONFIG default-iris-WANTED", "UPDATE_ENDPOINT default-iris"]


TARGETS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], list[str]]] = {
    "a new model leaves the target on": (
        {"variant": {**B, "scaling": SCALING}},
        {"variant": {"scaling": SCALING}},
        [],
    ),
    "a new instance type takes it off": (
        {"variant": {**instance(1, "ml.c5.large"), "scaling": SCALING}},
        {"variant": {"scaling": SCALING}},
        [PRIMARY],
    ),
    "another order of types in a pool takes it off": (
        {
            "variant": {
                "instance": {"count": 1, "pools": [{"type": "ml.g5.xlarge"}, {"type": "ml.g4dn.xlarge"}]},
                "scaling": SCALING,
            }
        },
        {
            "variant": {
                "instance": {"count": 1, "pools": [{"type": "ml.g4dn.xlarge"}, {"type": "ml.g5.xlarge"}]},
                "scaling": SCALING,
            }
        },
        [PRIMARY],
    ),
    "a variant that goes takes its target along, the other's stays on": (
        {"variant": {"scaling": SCALING}},
        {"variant": {"scaling": SCALING}, "challenger": {}},
        [CHALLENGER],
    ),
    "a variant that scales no longer has its target taken off": (
        {"variant": B},
        {"variant": {"scaling": SCALING}},
        [PRIMARY],
    ),
    "a variant without scaling has no target to take off": ({"variant": B}, {"variant": {}}, []),
}


@pytest.mark.parametrize(("wants", "lives", "off"), TARGETS.values(), ids=TARGETS.keys())
def test_scalable_targets(
    sight: Callable[..., Any], wants: Mapping[str, Any], lives: Mapping[str, Any], off: list[str]
) -> None:
    seen = sight(wants, lives, remembers=ROLLED)
    done = [action for action in seen.actions() if action.startswith(("DEREGISTER", "UPDATE"))]
    assert done == [*(f"DEREGISTER_TARGET {target}" for target in off), "UPDATE_ENDPOINT default-iris"]


def test_a_target_that_scales_something_else_than_the_spec_says_comes_off(sight: Callable[..., Any]) -> None:
    wants, lives = {"variant": {**B, "scaling": SCALING}}, {"variant": {"scaling": SCALING}}
    (target,) = sight(wants, lives).observed.targets
    other = replace(target, dimension="sagemaker:variant:DesiredProvisionedConcurrency")
    assert f"DEREGISTER_TARGET {PRIMARY}" in sight(wants, lives, remembers=ROLLED, targets=(other,)).actions()


def test_with_the_live_config_deleted_all_targets_come_off_as_nothing_is_known_of_types(
    sight: Callable[..., Any],
) -> None:
    wants, lives = {"variant": {**B, "scaling": SCALING}}, {"variant": {"scaling": SCALING}}
    seen = sight(wants, lives, remembers=ROLLED, live_config=None)
    assert f"DEREGISTER_TARGET {PRIMARY}" in seen.actions()


def test_targets_go_back_on_once_the_config_is_in_service(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": {"scaling": SCALING}}, targets=(), remembers={"phase": "InProgress"})
    assert seen.actions() == [f"REGISTER_TARGET {PRIMARY}", f"PUT_POLICY {PRIMARY} invocations-per-instance"]


def test_rollback_alarms_are_there_before_the_rollout_that_they_watch(sight: Callable[..., Any]) -> None:
    rollout = {"strategy": "Canary", "stepPercent": 10, "rollback": {"maxErrorRatePercent": 1}}
    seen = sight({"variant": B, "rollout": rollout}, {"variant": {}}, remembers=ROLLED)
    assert [action.partition(" ")[0] for action in seen.actions()] == [
        "CREATE_MODEL",
        "CREATE_CONFIG",
        "PUT_ALARM",
        "UPDATE_ENDPOINT",
    ]
    assert update(seen)["DeploymentConfig"] == seen.desired.deployment


def test_a_config_of_earlier_times_that_does_not_bring_a_weight_is_made_anew(
    sight: Callable[..., Any], config: Any
) -> None:
    """The weight of a shadow comes by an update alone, which takes all weights from the config."""
    wants, lives = shadowed(weight=2, variant={"weight": 4}), shadowed()
    there = config(sight(shadowed(weight=2, variant={"weight": 1})).desired)
    anew = sight(wants, lives, remembers=ROLLED, wanted_config=there)
    assert there.name == anew.desired.config_name
    assert anew.plan().actions[0].params == {"EndpointConfigName": there.name}
    assert anew.actions() == [
        "DELETE_CONFIG default-iris-WANTED",
        "CREATE_CONFIG default-iris-WANTED",
        "UPDATE_ENDPOINT default-iris",
    ]
    assert excluded(update(anew)) == ["DesiredWeight"]
    same = sight(wants, lives, remembers=ROLLED, wanted_config=config(anew.desired))
    assert same.actions() == ["UPDATE_ENDPOINT default-iris"]


def test_scalable_targets_that_were_not_looked_at_are_in_nobodys_way(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": B}, {}, targets=None)
    assert targets_in_the_way(seen.desired, seen.observed) == []
