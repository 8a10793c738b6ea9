"""The plan for a live endpoint whose config stays: weights, counts, concurrency, tags, and what a hand changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.api.status import TrafficOwner
from smendpoints.domain.observed.observed import ObservedVariant
from smendpoints.domain.plan.in_place import (
    changes_in_place,
    describe_in_place,
    only_by_update,
    same_weight,
    weights_apart,
)
from smendpoints.domain.plan.verdict import Requeue

TWO = {"challenger": {"modelArtifact": "s3://models/b/model.tar.gz"}}
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}
SERVERLESS = {"variant": {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 20}}}
TARGET = "endpoint/default-iris/variant/primary"


SHADOWED = {
    "shadow": {"name": "shadow", "image": "i", "modelArtifact": "s3://models/b/", "instance": {"type": "ml.m5.large"}}
}


def changes(plan: Any) -> list[list[dict[str, Any]]]:
    """What each call in place would change."""
    return [
        action.params["DesiredWeightsAndCapacities"]
        for action in plan.actions
        if action.verb.name == "SET_WEIGHTS_AND_CAPACITIES"
    ]


def test_the_weights_of_all_variants_change_in_one_call(sight: Callable[..., Any]) -> None:
    seen = sight(TWO, variants={"primary": {"desired_weight": 9.0}, "challenger": {"desired_weight": 3.0}})
    weights = [{"VariantName": "primary", "DesiredWeight": 1.0}, {"VariantName": "challenger", "DesiredWeight": 1.0}]
    assert changes(seen.plan()) == [weights]
    assert seen.actions() == ["SET_WEIGHTS_AND_CAPACITIES primary, challenger"]


def test_only_the_weights_that_differ_are_sent(sight: Callable[..., Any]) -> None:
    plan = sight(TWO, variants={"challenger": {"desired_weight": 3.0}}).plan()
    assert changes(plan) == [[{"VariantName": "challenger", "DesiredWeight": 1.0}]]


def test_one_reconcile_changes_the_capacity_of_one_variant_as_aws_takes_no_more(sight: Callable[..., Any]) -> None:
    plan = sight(TWO, variants={"primary": {"desired_count": 4}, "challenger": {"desired_count": 4}}).plan()
    assert changes(plan) == [[{"VariantName": "primary", "DesiredInstanceCount": 1}]]
    assert (plan.verdict.reason, plan.verdict.reconciling, plan.requeue) == ("Scaling", True, Requeue.POLL)


def test_weights_go_before_capacities(sight: Callable[..., Any]) -> None:
    plan = sight(TWO, variants={"primary": {"desired_count": 4, "desired_weight": 7.0}}).plan()
    assert changes(plan) == [[{"VariantName": "primary", "DesiredWeight": 1.0}]]
    assert "primary: instances 4 → 1" in plan.verdict.message


def test_a_count_that_autoscaling_owns_is_never_set(sight: Callable[..., Any]) -> None:
    seen = sight(SCALED, variants={"primary": {"desired_count": 4, "current_count": 4}})
    assert seen.actions() == []


def test_a_count_belongs_to_the_spec_again_once_scaling_is_taken_off(sight: Callable[..., Any]) -> None:
    seen = sight({}, SCALED, variants={"primary": {"desired_count": 4}})
    assert seen.actions() == [f"DEREGISTER_TARGET {TARGET}", "SET_WEIGHTS_AND_CAPACITIES primary"]


def test_a_weight_that_aws_rounds_is_the_same(sight: Callable[..., Any]) -> None:
    third = 0.3333333432674408  # AWS keeps weights as 32 bit floats
    assert sight({"variant": {"weight": 1 / 3}}, variants={"primary": {"desired_weight": third}}).actions() == []


def test_a_weight_of_zero_is_a_weight(sight: Callable[..., Any]) -> None:
    plan = sight({"variant": {"weight": 0}, **TWO}, variants={"primary": {"desired_weight": 1.0}}).plan()
    assert changes(plan) == [[{"VariantName": "primary", "DesiredWeight": 0.0}]]


def test_concurrency_changes_in_place(sight: Callable[..., Any]) -> None:
    shown = {"primary": {"serverless": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}}
    plan = sight(SERVERLESS, variants=shown).plan()
    assert changes(plan) == [[{"VariantName": "primary", "ServerlessUpdateConfig": {"MaxConcurrency": 20}}]]
    assert plan.verdict.message == "changing in place: primary: maxConcurrency 5 → 20"


def test_provisioned_concurrency_that_autoscaling_owns_is_never_set(sight: Callable[..., Any]) -> None:
    serverless = {"memorySizeMB": 2048, "maxConcurrency": 20, "provisionedConcurrency": 2}
    tracking = [{"name": "use", "predefinedMetric": "ProvisionedConcurrencyUtilization", "targetValue": 0.7}]
    scaling = {"minCapacity": 2, "maxCapacity": 6, "targetTracking": tracking}
    wants = {"variant": {"instance": None, "serverless": serverless, "scaling": scaling}}
    shown = {"primary": {"serverless": {"MemorySizeInMB": 2048, "MaxConcurrency": 20, "ProvisionedConcurrency": 5}}}
    assert sight(wants, variants=shown).actions() == []


def test_provisioned_concurrency_is_taken_off_by_a_new_config_as_no_call_takes_it_off(
    desired: Callable[..., Any],
) -> None:
    warm = {**SERVERLESS["variant"]["serverless"], "provisionedConcurrency": 2}  # type: ignore[dict-item]
    names = [
        desired({"variant": {**SERVERLESS["variant"], "serverless": each}}).config_name
        for each in (warm, {**warm, "provisionedConcurrency": 3}, SERVERLESS["variant"]["serverless"])
    ]
    assert names[0] == names[1] != names[2]


ONLY_BY_UPDATE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "concurrency kept warm that the spec does not name": (
        SERVERLESS,
        {"primary": {"serverless": {"MemorySizeInMB": 2048, "MaxConcurrency": 20, "ProvisionedConcurrency": 5}}},
        "primary: provisionedConcurrency 5 → none",
    ),
    "another count of the shadow": (SHADOWED, {"shadow": {"desired_count": 2}}, "shadow: instances 2 → 1"),
    "another weight of the shadow": (SHADOWED, {"shadow": {"desired_weight": 3.0}}, "shadow: weight 3 → 1"),
}


@pytest.mark.parametrize(("wants", "shown", "told"), ONLY_BY_UPDATE.values(), ids=ONLY_BY_UPDATE.keys())
def test_what_no_call_changes_in_place_is_told(
    sight: Callable[..., Any], wants: dict[str, Any], shown: dict[str, Any], told: str
) -> None:
    plan = sight(wants, variants=shown, converged=True).plan()
    assert plan.drift == (f"{told}; AWS changes that only with a new revision",)
    assert plan.actions == ()
    assert plan.verdict.ready
    assert sight(wants, converged=True).plan().drift == ()


def test_a_tag_that_lacks_is_added_and_only_that(sight: Callable[..., Any]) -> None:
    seen = sight({"tags": {"team": "ml", "stage": "dev"}}, {"tags": {"team": "ml"}})
    (action,) = seen.plan().actions
    assert str(action) == "ADD_TAGS default-iris"
    assert action.params["Tags"] == [{"Key": "stage", "Value": "dev"}]


def test_a_tag_that_was_ours_and_is_no_longer_wanted_goes(sight: Callable[..., Any]) -> None:
    seen = sight({"tags": {}}, {"tags": {"team": "ml", "cost": "42"}}, tag_keys=["team", "stage"])
    (action,) = seen.plan().actions
    assert str(action) == "DELETE_TAGS default-iris"
    assert action.params["TagKeys"] == ["team"]


@pytest.mark.parametrize("pinned", [{"tags": {"team": "ml"}}, {"otherTagKeys": ["team", "stage"]}])
def test_a_tag_that_the_status_says_may_have_been_set_goes_if_it_is_there(
    sight: Callable[..., Any], pinned: dict[str, Any]
) -> None:
    seen = sight({"tags": {}}, {"tags": {"team": "ml", "cost": "42"}}, pinned=pinned)
    (action,) = seen.plan().actions
    assert action.params["TagKeys"] == ["team"]


def test_a_reserved_tag_in_the_status_is_none_of_ours_to_take(sight: Callable[..., Any]) -> None:
    lent = {"smendpoints.dev/adoptable-by": "default"}
    seen = sight(pinned={"tags": lent})
    shown = {"tags": {**seen.observed.endpoint.tags, **lent}}
    assert sight(pinned={"tags": lent}, shows=shown).actions() == []


def test_a_tag_that_somebody_else_set_stays(sight: Callable[..., Any]) -> None:
    assert sight({"tags": {}}, {"tags": {"cost": "42"}}, tag_keys=[]).actions() == []


def test_what_a_hand_deleted_under_a_live_endpoint_is_made_again(sight: Callable[..., Any]) -> None:
    seen = sight(converged=True)
    names = seen.desired.contents()
    plan = sight(converged=True, missing=names).plan()
    assert [seen.words(action) for action in plan.actions] == [
        "CREATE_MODEL default-iris-primary-WANTED",
        "CREATE_CONFIG default-iris-WANTED",
    ]
    assert [seen.words(each) for each in plan.drift] == [
        "default-iris-primary-WANTED was deleted",
        "default-iris-WANTED was deleted",
    ]
    assert plan.verdict.ready


DRIFT: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "a weight": (
        {"variants": {"primary": {"desired_weight": 7.0}}},
        "primary: weight 7 → 1",
        ["SET_WEIGHTS_AND_CAPACITIES primary"],
    ),
    "a count": (
        {"variants": {"primary": {"desired_count": 7}}},
        "primary: instances 7 → 1",
        ["SET_WEIGHTS_AND_CAPACITIES primary"],
    ),
    "a tag": ({"lives": {"tags": {"team": "nobody"}}}, "tag team nobody → ml", ["ADD_TAGS default-iris"]),
    "a target": (
        {"targets": ()},
        "primary: scaling none → 1 to 5",
        [f"REGISTER_TARGET {TARGET}", f"PUT_POLICY {TARGET} invocations-per-instance"],
    ),
}


@pytest.mark.parametrize(("sees", "told", "does"), DRIFT.values(), ids=DRIFT.keys())
def test_a_hand_changed(sight: Callable[..., Any], sees: dict[str, Any], told: str, does: list[str]) -> None:
    wants = {"tags": {"team": "ml"}, **(SCALED if "targets" in sees else {})}
    corrected = sight(wants, converged=True, **sees)
    assert told in corrected.plan().drift
    assert corrected.actions() == does
    reported = sight({**wants, "driftPolicy": "Report"}, converged=True, **sees).plan()
    assert told in reported.drift
    assert reported.actions == ()
    assert told in reported.verdict.message
    first_time = sight({**wants, "driftPolicy": "Report"}, **sees)
    assert first_time.plan().drift == ()
    assert first_time.actions() == does


def test_the_second_reconcile_over_what_was_done_does_nothing(sight: Callable[..., Any]) -> None:
    for wants in ({}, TWO, SCALED, SERVERLESS, {"tags": {"a": "b"}}):
        plan = sight(wants, converged=True).plan()
        assert (plan.actions, plan.drift, plan.verdict.ready) == ((), (), True)


def test_the_weights_of_some_variants_are_told_apart_from_all_else(sight: Callable[..., Any]) -> None:
    """An experiment's variants are weighted by it, whatever drift is done about the rest."""
    shown = {
        "primary": {"desired_weight": 9.0, "desired_count": 4},
        "challenger": {"desired_weight": 3.0},
    }
    calls = sight(TWO, variants=shown)
    found = changes_in_place(calls.desired, calls.observed.endpoint)
    its, rest = weights_apart(found, ["challenger"])
    assert [(each.target, each.params) for each in its] == [
        (
            "challenger",
            {
                "EndpointName": "default-iris",
                "DesiredWeightsAndCapacities": [{"VariantName": "challenger", "DesiredWeight": 1.0}],
            },
        )
    ]
    assert [(each.target, each.params["DesiredWeightsAndCapacities"]) for each in rest] == [
        ("primary", [{"VariantName": "primary", "DesiredWeight": 1.0}]),
        ("primary", [{"VariantName": "primary", "DesiredInstanceCount": 1}]),
    ]
    assert weights_apart(found, []) == ((), found)
    (both,), counts = weights_apart(found, ["primary", "challenger"])
    assert (both, counts) == (found[0], found[1:])


@pytest.mark.parametrize(
    ("wanted", "shown", "same"),
    [
        (0.5, 0.500_009, True),
        (0.5, 0.500_011, False),
        (0.0, 0.000_009, True),
        (0.0, 0.000_011, False),
        (10.0, 10.000_09, True),
        (10.0, 10.000_11, False),
        (1.0, None, False),
        (None, 1.0, False),
    ],
)
def test_weights_are_the_same_up_to_what_aws_rounds(wanted: float | None, shown: float | None, same: bool) -> None:
    assert same_weight(wanted, shown) is same


def test_under_report_an_experiment_still_moves_its_weights_and_nothing_else_is_touched(
    sight: Callable[..., Any],
) -> None:
    """What an experiment asks for was never in force, so that its absence is no out-of-band change."""
    wants = {"variant": {"weight": 3}, "challenger": {"weight": 1}, "driftPolicy": "Report"}
    seen = sight(wants, {"challenger": {}}, converged=True, variants={"primary": {"desired_count": 4}})
    split = TrafficOwner(experiment="x", weights={"primary": 3.0})
    todo = replace(seen, resource=seen.resource.model_copy(update={"traffic": split})).plan()
    assert changes(todo) == [[{"VariantName": "primary", "DesiredWeight": 3.0}]]
    assert todo.drift == ("primary: instances 4 → 1",)


@pytest.mark.parametrize(("shown", "differs"), [({}, []), ({"desired_count": 2}, ["DesiredInstanceCount"])])
def test_what_aws_does_not_show_of_a_shadow_is_no_difference(
    sight: Callable[..., Any], shown: dict[str, Any], differs: list[str]
) -> None:
    seen = sight(SHADOWED, shows={"shadows": (ObservedVariant("shadow", **shown),)})
    assert sorted(only_by_update(seen.desired, seen.observed.endpoint)) == differs


def test_what_aws_does_not_show_yet_is_told_as_none(sight: Callable[..., Any]) -> None:
    (call,) = sight(variants={"primary": {"desired_count": 4}}).plan().actions
    shown = sight(variants={"primary": {"desired_count": None}}).observed.endpoint
    assert describe_in_place((call,), shown) == ("primary: instances none → 1",)
