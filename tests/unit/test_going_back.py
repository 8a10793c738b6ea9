"""Going back to a revision by an annotation: which one, for how long, and what is wanted then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.api.group import ROLLBACK_TO
from smendpoints.api.rollout import Rollout
from smendpoints.api.status_rollout import RolledBackTo
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.parsing import parse_config
from smendpoints.domain.plan.changes import describe_changes
from smendpoints.domain.plan.going_back import asked_back, brought_back, ended, held, is_gone
from smendpoints.domain.plan.verdict import Plan, ready, reconciling
from smendpoints.domain.reasons import Reason
from smendpoints.domain.tenancy.revision import as_spec

AT = datetime(2026, 11, 22, 11, tzinfo=UTC)
GENERATION = 4
OUTCOMES = ["Deployed", "Failed", "Deployed", "RolledBack", "Deployed"]  # of the revisions 5 to 1
BACK = RolledBackTo(asked="3", generation=GENERATION, revision=3, config_name="config-3")
HEAVY = {"variant": {"weight": 3, "instance": {"type": "ml.m5.large", "count": 4}}}
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}


def asking(sight: Callable[..., Any], said: str | None, recorded: RolledBackTo | None = None) -> Any:
    """An object of five revisions whose annotation says so."""
    resource = sight().resource
    history = [
        {"revision": 5 - number, "configName": f"config-{5 - number}", "at": AT, "outcome": outcome}
        for number, outcome in enumerate(OUTCOMES)
    ]
    status = type(resource.status).model_validate({"history": history}).model_copy(update={"rolled_back_to": recorded})
    annotations = {ROLLBACK_TO: said} if said is not None else {}
    metadata = resource.metadata.model_copy(update={"annotations": annotations})
    return resource.model_copy(update={"metadata": metadata, "status": status})


@pytest.mark.parametrize(
    ("said", "recorded", "found"),
    [
        (None, None, None),
        (None, BACK, None),
        ("3", None, BACK),
        ("3@4", None, BACK.model_copy(update={"asked": "3@4"})),
        ("3@3", None, None),
        ("3", BACK, BACK),
        ("3", BACK.model_copy(update={"generation": 3}), None),
        ("1", BACK, RolledBackTo(asked="1", generation=4, revision=1, config_name="config-1")),
    ],
    ids=[
        "nothing",
        "no more",
        "a revision",
        "one for this generation",
        "one for another generation",
        "what is recorded",
        "what was recorded before an edit",
        "another than is recorded",
    ],
)
def test_the_annotation_asks_for(
    sight: Callable[..., Any], said: str | None, recorded: RolledBackTo | None, found: RolledBackTo | None
) -> None:
    assert asked_back(asking(sight, said, recorded)) == found


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("7", "revision 7 is not in the history"),
        ("4", "revision 4 was never in service"),
        ("2@4", "revision 2 was never in service"),
        ("0", "'0' is not a revision"),
        ("-1", "'-1' is not a revision"),
        ("latest", "'latest' is not a revision"),
        ("3@", "'3@' is not a revision"),
        ("1234567890", "'1234567890' is not a revision"),
        ("x" * 100, f"'{'x' * 64}' is not a revision"),
    ],
)
def test_it_is_said_what_to_write_instead_of(sight: Callable[..., Any], said: str, problem: str) -> None:
    with pytest.raises(ReconcileError) as refused:
        asked_back(asking(sight, said))
    assert (refused.value.kind, refused.value.reason) == (Kind.INVALID, Reason.REVISION_NOT_FOUND)
    told = f"annotation {ROLLBACK_TO}: {problem}; nothing is changed: write one that was in service (5, 3, 1), or"
    assert str(refused.value).startswith(told)


def test_what_was_deleted_in_aws_is_named() -> None:
    gone = is_gone(BACK, "config-3")
    assert (gone.kind, gone.reason) == (Kind.INVALID, Reason.REVISION_NOT_FOUND)
    assert "revision 3 cannot be brought back, as config-3 was deleted in AWS" in str(gone)


@pytest.mark.parametrize(
    ("said", "recorded", "tells"),
    [
        ("3", BACK.model_copy(update={"generation": 3}), True),
        ("3", BACK, False),
        ("1", BACK.model_copy(update={"generation": 3}), False),
        (None, BACK.model_copy(update={"generation": 3}), False),
        ("3", None, False),
    ],
)
def test_that_it_holds_no_more_is_told_while_it_is_there(
    sight: Callable[..., Any], said: str | None, recorded: RolledBackTo | None, tells: bool
) -> None:
    over = ended(asking(sight, said, recorded))
    expected = (
        f"the annotation {ROLLBACK_TO}=3 ended with the edit of the spec; to go back to revision 3 again, set it to 3@4"
    )
    assert over == (expected if tells else None)
    given = replace(sight().given, resource=asking(sight, said, recorded))
    todo = held(Plan(ready(Reason.IN_SERVICE, "in service")), given)
    assert todo.verdict.message == (f"in service; {expected}" if tells else "in service")


@pytest.mark.parametrize(
    ("verdict", "holds"),
    [
        (ready(Reason.IN_SERVICE, "in service"), True),
        (ready(Reason.STOPPED, "stopped"), False),
        (reconciling(Reason.UPDATING, "updating"), False),
    ],
)
def test_while_it_serves_ready_says_that_it_is_not_the_spec(
    sight: Callable[..., Any], verdict: Any, holds: bool
) -> None:
    seen = sight()
    given = replace(seen.given, desired=replace(seen.desired, back=BACK))
    told = held(Plan(verdict), given).verdict
    if not holds:
        assert told == verdict
        return
    assert told.reason is Reason.ROLLED_BACK_TO
    assert told.message.startswith("revision 3 (config-3) is in service, as the annotation")


def brought(
    sight: Callable[..., Any],
    wants: dict[str, Any],
    was: dict[str, Any],
    way: Rollout | None = None,
    **raw: Any,
) -> Any:
    """What is wanted, if the spec wants one thing and the revision was another."""
    wanted, then = sight(wants).desired, sight(was).desired
    config = parse_config({**then.config_request, "EndpointConfigArn": "arn", **raw})
    models = {model.name: {**model.request, "CreationTime": AT} for model in then.models}
    return brought_back(wanted, way or Rollout(), config, models, BACK), wanted, then


B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}


def test_the_revision_is_wanted_as_it_was_with_the_weights_counts_and_tags_of_the_spec(
    sight: Callable[..., Any],
) -> None:
    wish = {"variant": {**HEAVY["variant"], "modelArtifact": "s3://models/c/model.tar.gz"}, "tags": {"team": "ml"}}
    found, wanted, then = brought(sight, wish, B, LastModifiedTime=AT)
    assert (found.config_name, found.back, found.rollback_alarms, found.analysis) == (then.config_name, BACK, (), None)
    assert (found.variants, found.shadow) == (wanted.variants, None)
    assert {key: value for key, value in found.config_request.items() if key != "Tags"} == {
        key: value for key, value in then.config_request.items() if key != "Tags"
    }
    tags = [each for each in found.config_request["Tags"] if each["Key"] == "team"]
    assert tags == [{"Key": "team", "Value": "ml"}]
    (model,), (before,) = found.models, then.models
    assert model.name == before.name
    assert {key: value for key, value in model.request.items() if key != "Tags"} == {
        key: value for key, value in before.request.items() if key != "Tags"
    }
    assert model.request["Tags"] == found.config_request["Tags"]


RICH: dict[str, Any] = {
    **B,
    "vpc": {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]},
    "networkIsolation": True,
    "kmsKeyID": "arn:aws:kms:us-east-1:123456789012:key/k",
    "dataCapture": {"destination": "s3://captured/here"},
    "shadow": {
        "name": "dark",
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference:1.0",
        "modelArtifact": "s3://models/d/model.tar.gz",
        "instance": {"type": "ml.m5.large", "count": 1},
    },
}


def test_all_of_a_config_and_of_its_models_comes_back(sight: Callable[..., Any]) -> None:
    found, _, then = brought(sight, {}, RICH)
    assert found.config_request == {**then.config_request, "Tags": found.config_request["Tags"]}
    assert [each.request | {"Tags": None} for each in found.models] == [
        each.request | {"Tags": None} for each in sorted(then.models, key=lambda each: each.name)
    ]
    assert "VpcConfig" in found.models[0].request
    assert found.shadow is not None
    assert (found.shadow.name, found.shadow.count) == ("dark", 1)


def test_a_shadow_keeps_the_count_of_the_spec_where_it_is_the_same_one(sight: Callable[..., Any]) -> None:
    shadow = {**RICH["shadow"], "instance": {"type": "ml.m5.large", "count": 3}}
    same, _, _ = brought(sight, {"shadow": shadow}, RICH)
    other, _, _ = brought(sight, {"shadow": {**shadow, "name": "other"}}, RICH)
    none, _, _ = brought(sight, {"shadow": shadow}, {})
    assert same.shadow is not None
    assert other.shadow is not None
    assert (same.shadow.name, same.shadow.count) == ("dark", 3)
    assert (other.shadow.name, other.shadow.count) == ("dark", 1)
    assert none.shadow is None


def test_a_variant_that_the_spec_does_not_have_comes_back_as_it_was(sight: Callable[..., Any]) -> None:
    found, wanted, then = brought(
        sight, {}, {"challenger": {"weight": 2, "instance": {"type": "ml.m5.large", "count": 3}}}
    )
    assert found.variants == (then.variants[1], *wanted.variants)
    assert then.variants[1].name == "challenger"
    gone, wanted, then = brought(sight, {"challenger": {"weight": 2}}, {})
    assert gone.variants == wanted.variants[:1]


SERVERLESS = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}


def test_a_variant_that_was_serverless_is_so_again_with_the_weight_of_the_spec(sight: Callable[..., Any]) -> None:
    found, _, _ = brought(sight, HEAVY, {"variant": SERVERLESS})
    (variant,) = found.variants
    assert (variant.weight, variant.count, variant.serverless) == (3.0, None, {"MaxConcurrency": 5})
    back, _, _ = brought(sight, {"variant": {**SERVERLESS, "weight": 5}}, HEAVY)
    (variant,) = back.variants
    assert (variant.weight, variant.count, variant.serverless) == (5.0, 4, None)


def test_autoscaling_is_that_of_the_spec_where_it_fits_what_was(sight: Callable[..., Any]) -> None:
    found, wanted, _ = brought(sight, SCALED, B)
    assert found.targets == wanted.targets != ()
    found, _, _ = brought(sight, SCALED, {"variant": SERVERLESS})
    assert found.targets == (), "instances are no concurrency"
    found, _, _ = brought(sight, {"challenger": {}, **SCALED}, B)
    assert [target.variant for target in found.targets] == ["primary"]


def test_it_is_rolled_out_at_once_unless_there_may_be_no_room_for_two_fleets(sight: Callable[..., Any]) -> None:
    at_once, _, _ = brought(sight, {}, B, Rollout(strategy="Canary", step_percent=10))
    assert at_once.deployment is None
    rolling, _, _ = brought(sight, {}, B, Rollout(strategy="Rolling", step_percent=20))
    assert "RollingUpdatePolicy" in rolling.deployment
    assert rolling.deployment["RollingUpdatePolicy"]["MaximumBatchSize"] == {"Type": "CAPACITY_PERCENT", "Value": 20}
    by_instances, _, _ = brought(sight, {}, B, Rollout(strategy="Rolling", step_instances=2))
    assert by_instances.deployment["RollingUpdatePolicy"]["MaximumBatchSize"] == {"Type": "INSTANCE_COUNT", "Value": 2}


def test_policies_are_asked_about_what_the_revision_was(sight: Callable[..., Any]) -> None:
    role = "arn:aws:iam::123456789012:role/team"
    seen = sight({**HEAVY, "tags": {"team": "ml"}, "region": "eu-west-1", "assumeRoleARN": role})
    found, _, _ = brought(sight, {**HEAVY, "tags": {"team": "ml"}}, RICH)
    told = as_spec(seen.resource.spec, found)
    assert told is not None
    (variant,) = told.variants
    assert [each.model_artifact for each in variant.all_containers()] == ["s3://models/b/model.tar.gz"]
    assert variant.instance is not None
    assert (variant.instance.type, variant.instance.count) == ("ml.m5.large", 4)
    assert told.vpc is not None
    assert (told.vpc.subnet_ids, told.vpc.security_group_ids) == (["subnet-1", "subnet-2"], ["sg-1"])
    assert told.kms_key_id == RICH["kmsKeyID"]
    assert told.data_capture is not None
    assert told.data_capture.destination == "s3://captured/here"
    assert told.shadow is not None
    assert (told.region, told.assume_role_arn, told.tags) == ("eu-west-1", role, {"team": "ml"})
    assert told.execution_role_arn == seen.resource.spec.execution_role_arn


def test_a_revision_that_no_spec_can_say_is_none(sight: Callable[..., Any]) -> None:
    found, _, _ = brought(sight, {}, B)
    (model,) = found.models
    foreign = replace(model, name="other", request={**model.request, "ExecutionRoleArn": "arn:aws:iam::1:role/x"})
    assert as_spec(sight().resource.spec, replace(found, models=(model, foreign))) is None
    assert as_spec(sight().resource.spec, replace(found, models=())) is None
    unlike = {**found.config_request, "ProductionVariants": [{"VariantName": "x", "ModelName": "unknown"}]}
    assert as_spec(sight().resource.spec, replace(found, config_request=unlike)) is None


def test_a_serverless_revision_is_asked_about_as_one(sight: Callable[..., Any]) -> None:
    found, _, _ = brought(sight, {}, {"variant": SERVERLESS})
    told = as_spec(sight(SCALED).resource.spec, found)  # whose instances scale: those of before did not
    assert told is not None
    (variant,) = told.variants
    assert variant.scaling is None
    assert variant.serverless is not None
    assert (variant.serverless.memory_size_mb, variant.serverless.max_concurrency) == (2048, 5)


@pytest.mark.parametrize("key", [None, "arn:aws:kms:us-east-1:123456789012:key/k"])
def test_where_a_revision_answered_and_what_it_captured_is_asked_about(
    sight: Callable[..., Any], key: str | None
) -> None:
    keys = {"kmsKeyID": key} if key else {}
    found, _, _ = brought(sight, {}, {"async": {"outputPath": "s3://answers/here", **keys}})
    told = as_spec(sight().resource.spec, found)
    assert told is not None
    assert told.async_ is not None
    assert (told.async_.output_path, told.async_.kms_key_id) == ("s3://answers/here", key)
    assert told.data_capture is None
    found, _, _ = brought(sight, {}, {"dataCapture": {"destination": "s3://captured/here", **keys}})
    told = as_spec(sight().resource.spec, found)
    assert told is not None
    assert told.data_capture is not None
    assert (told.data_capture.destination, told.data_capture.kms_key_id) == ("s3://captured/here", key)
    assert (told.async_, told.vpc, told.kms_key_id, told.shadow) == (None, None, None, None)


def test_policies_are_asked_about_all_that_a_revision_runs(sight: Callable[..., Any]) -> None:
    pools = [{"type": "ml.m5.large"}, {"type": "ml.c5.large"}]
    was = {"variant": {"instance": {"pools": pools, "count": 3}, "environment": {"A": "1"}}, "challenger": B["variant"]}
    seen = sight(SCALED)
    found, _, _ = brought(sight, SCALED, was)
    told = as_spec(seen.resource.spec, found)
    assert told is not None
    variants = {each.name: each for each in told.variants}
    first, second = variants["primary"], variants["challenger"]
    assert first.instance is not None
    assert ([each.type for each in first.instance.pools], first.instance.type) == (["ml.m5.large", "ml.c5.large"], None)
    assert [dict(each.environment) for each in first.all_containers()] == [{"A": "1"}]
    assert first.scaling == seen.resource.spec.variants[0].scaling
    assert second.scaling is None
    assert second.instance is not None
    assert second.instance.count == 3, "as the revision began"
    folder, _, _ = brought(sight, {}, {"variant": {"modelArtifact": "s3://models/folder/"}})
    told = as_spec(seen.resource.spec, folder)
    assert told is not None
    assert [each.model_artifact for each in told.variants[0].all_containers()] == ["s3://models/folder/"]


def test_no_alarm_and_no_verdict_undoes_it(sight: Callable[..., Any]) -> None:
    analysis = {"metrics": [{"name": "errors", "errorRate": {}}]}
    judged = {"rollout": {"strategy": "Canary", "rollback": {"maxErrorRatePercent": 1}, "analysis": analysis}}
    found, wanted, _ = brought(sight, judged, B)
    assert wanted.rollback_alarms
    assert wanted.analysis is not None
    assert (found.rollback_alarms, found.analysis, found.deployment) == ((), None, None)


def test_the_newest_ten_that_were_in_service_are_offered(sight: Callable[..., Any]) -> None:
    resource = asking(sight, "99")
    history = [
        {"revision": number, "configName": f"c{number}", "at": AT, "outcome": "Deployed"} for number in range(12, 0, -1)
    ]
    status = type(resource.status).model_validate({"history": history})
    with pytest.raises(ReconcileError, match=r"in service \(12, 11, 10, 9, 8, 7, 6, 5, 4, 3\), or"):
        asked_back(resource.model_copy(update={"status": status}))
    with pytest.raises(ReconcileError, match=r"in service \(none\), or"):
        asked_back(resource.model_copy(update={"status": type(resource.status)()}))


def test_what_changes_is_told_to_be_a_way_back(sight: Callable[..., Any]) -> None:
    seen = sight({"executionRoleARN": "arn:aws:iam::123456789012:role/other"}, {})
    live = seen.observed.live_config
    told = "executionRoleARN arn:aws:iam::123456789012:role/sagemaker-execution → arn:aws:iam::123456789012:role/other"
    models = {model.name: model.request for model in seen.live.models}
    assert describe_changes(seen.desired, live, models) == told
    assert describe_changes(replace(seen.desired, back=BACK), live, models) == f"back to revision 3: {told}"
