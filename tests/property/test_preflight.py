"""Pre-flight in virtual time: what cannot work is said before anything is launched, and nothing else is."""

import json
from typing import Any

import pytest

from smsandbox.assets import BUCKET, ROLE_ARN
from smsandbox.aws.moto.images import push
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK

SETTINGS = BRISK
LATER = 400.0  # seconds after which what is in the way was looked for again
ROLE = ROLE_ARN.rpartition("/")[2]
FIXED = with_variant(spec(), scaling=None)
NEW = {"modelArtifact": ARTIFACTS[1]}
TYPE = "ml.m5.large"


def told(harness: Harness, kind: str = "Stalled") -> tuple[str, str]:
    """Reason and message of a condition that is there."""
    condition = harness.condition("iris", kind)
    assert condition is not None
    return str(condition.reason), condition.message


def refused(harness: Harness, wanted: dict[str, Any]) -> tuple[str, str]:
    """Why this is stalled."""
    harness.apply("iris", wanted)
    harness.settle("iris")
    return told(harness)


def ready(harness: Harness, wanted: dict[str, Any]) -> None:
    harness.apply("iris", wanted)
    harness.settle("iris")
    assert told(harness, "Ready")[0] == "InService"


def comes(harness: Harness) -> None:
    """What was in the way is gone: without an edit the endpoint becomes ready."""
    harness.run(LATER)
    harness.settle("iris")
    assert told(harness, "Ready")[0] == "InService"


def hosted(count: int, instance_type: str = TYPE) -> dict[str, Any]:
    return with_variant(FIXED, instance={"type": instance_type, "count": count})


def notes(harness: Harness) -> list[str]:
    return [event.message for event in harness.events if event.reason == "PreflightIncomplete"]


def test_a_role_that_may_not_write_what_is_captured_is_told_and_stops_nothing(harness: Harness) -> None:
    harness.client("iam").delete_role_policy(RoleName=ROLE, PolicyName="rollouts")
    ready(harness, {**FIXED, "dataCapture": {"destination": f"s3://{BUCKET}/captured/"}})
    (told_once,) = notes(harness)
    assert f"do not allow s3:PutObject on arn:aws:s3:::{BUCKET}/captured/*" in told_once
    assert "captured requests" in told_once
    harness.run(3600, 60)
    assert notes(harness) == [told_once]


def test_a_role_that_may_write_it_is_told_nothing(harness: Harness) -> None:
    written = {"outputPath": f"s3://{BUCKET}/out/", "failurePath": f"s3://{BUCKET}/failed"}
    ready(harness, {**FIXED, "async": written})
    assert notes(harness) == []


def calls(harness: Harness, operation: str) -> int:
    return harness.world.calls.count(operation)


def deny(harness: Harness, service: str) -> None:
    harness.world.faults.add({"kind": "access_denied", "service": service})


def quota(harness: Harness, **limits: int) -> None:
    by_type = {name.replace("_", "."): limit for name, limit in limits.items()}
    harness.world.settings = harness.world.settings.changed({"quotas": by_type})


# images and alarms


def test_a_serverless_variant_with_an_image_of_another_account_is_told_before_anything_is_made(
    harness: Harness,
) -> None:
    """AWS refuses its config; on instances it serves such an image."""
    shared = ECHO_IMAGE.replace("123456789012", "222222222222")
    push(harness.client("ecr"), shared, "echo")
    serverless = {"memorySizeMB": 2048, "maxConcurrency": 5}
    wanted = with_variant(FIXED, image=shared, instance=None, serverless=serverless)
    reason, message = refused(harness, wanted)
    assert reason == "NotSupported"
    assert f"{shared} is in account 222222222222" in message
    assert harness.inventory()["models"] == []
    assert calls(harness, "CreateEndpointConfig") == 0
    ready(harness, with_variant(FIXED, image=shared))


def test_a_missing_image_is_told_before_anything_is_made(harness: Harness) -> None:
    missing = ECHO_IMAGE.replace(":1.0", ":9.9")
    reason, message = refused(harness, with_variant(spec(), image=missing))
    assert reason == "ImageNotFound"
    assert "push it" in message
    assert harness.inventory()["models"] == []
    push(harness.client("ecr"), missing, "echo")
    comes(harness)


def test_a_missing_alarm_is_told_before_the_rollout(harness: Harness) -> None:
    ready(harness, spec())
    rollback = {"rollback": {"alarmNames": ["nobody-made-me"]}}
    rollout = {"strategy": "Canary", "stepPercent": 10, "stepWaitSeconds": 60, **rollback}
    assert refused(harness, with_variant(spec(rollout=rollout), **NEW))[0] == "AlarmNotFound"
    assert calls(harness, "UpdateEndpoint") == 0


def test_the_digest_of_the_image_is_pinned_in_the_status(harness: Harness) -> None:
    ready(harness, spec())
    found = harness.client("ecr").describe_images(
        repositoryName=ECHO_IMAGE.rpartition("/")[2].partition(":")[0], imageIds=[{"imageTag": "1.0"}]
    )
    (variant,) = harness.resource("iris").status.variants
    assert variant.digest == found["imageDetails"][0]["imageDigest"]


# artifacts


def test_a_missing_artifact_is_told_before_anything_is_made(harness: Harness) -> None:
    reason, message = refused(harness, with_variant(spec(), modelArtifact=f"s3://{BUCKET}/late/model.tar.gz"))
    assert reason == "ArtifactNotFound"
    assert "upload the artifact" in message
    assert harness.inventory()["models"] == []
    assert calls(harness, "CreateModel") == 0
    harness.client("s3").put_object(Bucket=BUCKET, Key="late/model.tar.gz", Body=b"model")
    comes(harness)


def test_a_prefix_with_nothing_in_it_is_a_missing_artifact(harness: Harness) -> None:
    assert refused(harness, with_variant(spec(), modelArtifact=f"s3://{BUCKET}/late/"))[0] == "ArtifactNotFound"
    harness.client("s3").put_object(Bucket=BUCKET, Key="late/weights.bin", Body=b"model")
    comes(harness)


def test_the_prefix_of_many_models_may_be_filled_later(harness: Harness) -> None:
    ready(harness, with_variant(spec(), modelArtifact=f"s3://{BUCKET}/empty/", multiModel=True))


def test_a_bucket_of_another_region_is_told_with_where_to_copy_the_artifact(harness: Harness) -> None:
    where = {"LocationConstraint": "eu-west-1"}
    harness.client("s3").create_bucket(Bucket="far-away", CreateBucketConfiguration=where)
    harness.client("s3").put_object(Bucket="far-away", Key="model.tar.gz", Body=b"model")
    reason, message = refused(harness, with_variant(spec(), modelArtifact="s3://far-away/model.tar.gz"))
    assert reason == "ArtifactNotFound"
    assert "the bucket far-away is in eu-west-1; copy the artifact to a bucket in us-east-1" in message


def test_an_artifact_that_is_gone_is_told_before_an_update_that_needs_it_again(harness: Harness) -> None:
    ready(harness, FIXED)
    harness.client("s3").delete_object(Bucket=BUCKET, Key="a/model.tar.gz")
    harness.run(LATER)
    assert refused(harness, hosted(1, "ml.c5.large"))[0] == "ArtifactNotFound"
    assert calls(harness, "UpdateEndpoint") == 0


def test_a_refused_update_leaves_the_endpoint_its_autoscaling(harness: Harness) -> None:
    ready(harness, spec())
    gone = with_variant(spec(), instance={"type": "ml.c5.large"}, modelArtifact=f"s3://{BUCKET}/late/model.tar.gz")
    assert refused(harness, gone)[0] == "ArtifactNotFound"
    assert harness.inventory()["targets"] == ["endpoint/default-iris/variant/primary"]


# roles


def trust(harness: Harness, service: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    harness.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=policy)


def test_a_role_that_works_is_not_asked_for(harness: Harness) -> None:
    harness.world.calls.reset()
    ready(harness, spec())
    assert calls(harness, "GetRole") == 0


def test_a_missing_role_is_told_with_awss_words_and_iams(harness: Harness) -> None:
    reason, message = refused(harness, spec(executionRoleARN=ROLE_ARN.replace(ROLE, "nobody")))
    assert reason == "ModelNotAccessible"
    assert "Could not access model data at" in message
    assert "IAM has no role named nobody in the operator's account" in message


def test_a_role_that_does_not_trust_sagemaker_is_told_and_found_mended(harness: Harness) -> None:
    trust(harness, "ec2.amazonaws.com")
    reason, message = refused(harness, spec())
    assert reason == "ModelNotAccessible"
    assert "does not allow sts:AssumeRole to the service sagemaker.amazonaws.com" in message
    trust(harness, "sagemaker.amazonaws.com")
    comes(harness)


def test_a_new_role_is_waited_for_while_iam_spreads_the_word(harness: Harness) -> None:
    harness.world.settings = harness.world.settings.changed({"consistency": {"role": 60.0}})
    harness.apply("iris", spec())
    harness.run(20)
    assert harness.condition("iris", "Stalled") is None
    assert "the role exists, and its trust policy lets sagemaker.amazonaws.com assume it" in told(harness, "Ready")[1]
    harness.settle("iris")
    assert told(harness, "Ready")[0] == "InService"


def test_without_leave_to_look_at_roles_awss_words_stand_alone(harness: Harness) -> None:
    deny(harness, "iam")
    message = refused(harness, spec(executionRoleARN=ROLE_ARN.replace(ROLE, "nobody")))[1]
    assert "Could not access model data at" in message
    assert "IAM" not in message
    assert calls(harness, "GetRole") == 1
    assert notes(harness) == []


# quotas


def test_a_quota_that_a_creation_exceeds_is_told_with_awss_words_and_costs_no_question(harness: Harness) -> None:
    quota(harness, ml_m5_large=0)
    reason, message = refused(harness, FIXED)
    assert reason == "QuotaExceeded"
    assert "ml.m5.large for endpoint usage" in message
    assert "request an increase" in message
    assert calls(harness, "ListServiceQuotas") == 0


def test_both_fleets_of_an_update_are_held_against_the_quota_before_anything_is_made(harness: Harness) -> None:
    quota(harness, ml_m5_large=7)
    ready(harness, hosted(4))
    models = harness.inventory()["models"]
    reason, message = refused(harness, with_variant(hosted(4), **NEW))
    assert reason == "QuotaExceeded"
    assert "is 7 instances, and this update has 8 at once: 4 in service and 4 new beside them" in message
    assert "Rolling with stepInstances: 1" in message
    assert harness.inventory()["models"] == models
    assert calls(harness, "UpdateEndpoint") == 0
    rolling = {"strategy": "Rolling", "stepInstances": 1, "stepWaitSeconds": 0}
    ready(harness, {**with_variant(hosted(4), **NEW), "rollout": rolling})
    assert harness.resource("iris").status.instances == "4/4"


def test_a_quota_that_is_raised_lets_the_update_go_on_by_itself(harness: Harness) -> None:
    quota(harness, ml_m5_large=7)
    ready(harness, hosted(4))
    assert refused(harness, with_variant(hosted(4), **NEW))[0] == "QuotaExceeded"
    quota(harness, ml_m5_large=8)
    comes(harness)


WAYS: dict[str, tuple[dict[str, Any] | None, int]] = {
    "all at once": (None, 8),
    "canary": ({"strategy": "Canary", "stepInstances": 1, "stepWaitSeconds": 60}, 8),
    "linear": ({"strategy": "Linear", "stepPercent": 50, "stepWaitSeconds": 60}, 8),
    "rolling by one": ({"strategy": "Rolling", "stepInstances": 1, "stepWaitSeconds": 0}, 5),
    "rolling by half": ({"strategy": "Rolling", "stepPercent": 50, "stepWaitSeconds": 0}, 6),
}


@pytest.mark.parametrize(("rollout", "enough"), WAYS.values(), ids=WAYS.keys())
def test_an_update_is_refused_with_one_instance_too_few_and_with_enough_it_is_not(
    harness: Harness, rollout: dict[str, Any] | None, enough: int
) -> None:
    quota(harness, ml_m5_large=enough - 1)
    ready(harness, hosted(4))
    wanted = {**with_variant(hosted(4), **NEW), **({"rollout": rollout} if rollout else {})}
    assert refused(harness, wanted)[0] == "QuotaExceeded"
    assert calls(harness, "UpdateEndpoint") == 0
    quota(harness, ml_m5_large=enough)
    comes(harness)


def test_quotas_are_listed_once_for_all_objects(harness: Harness) -> None:
    for name in ("iris", "wine", "digits"):
        harness.apply(name, FIXED)
    harness.run(200)
    for name in ("iris", "wine", "digits"):
        harness.apply(name, with_variant(FIXED, **NEW))
    harness.run(200)
    assert calls(harness, "UpdateEndpoint") == 3
    pages = calls(harness, "ListServiceQuotas")
    types = harness.client("sagemaker").meta.service_model.shape_for("ProductionVariantInstanceType").enum
    assert pages == -(-len(types) // 100)


# guardrails


CANARY = {"strategy": "Canary", "stepInstances": 1, "stepWaitSeconds": 60}


def test_a_guarded_rollout_to_other_variants_is_refused_with_the_way_to_do_it(harness: Harness) -> None:
    ready(harness, {**hosted(2), "rollout": CANARY})
    renamed = with_variant(hosted(2), name="other")
    reason, message = refused(harness, {**renamed, "rollout": CANARY})
    assert reason == "NotSupported"
    assert "primary would become other all at once, with no steps and no rollback" in message
    assert calls(harness, "UpdateEndpoint") == 0
    ready(harness, renamed)
    ready(harness, {**renamed, "rollout": CANARY})
    assert calls(harness, "UpdateEndpoint") == 1


# what may not be looked at


CHECKS = {
    "images": ("DescribeImages", "*", "ecr:DescribeImages on "),
    "artifacts": ("ListObjectsV2", "*", "s3:ListBucket on the bucket "),
    "alarms": ("DescribeAlarms", "mine", "cloudwatch:DescribeAlarms on *"),
    "quotas": ("ListServiceQuotas", "*", "servicequotas:ListServiceQuotas on *"),
}


@pytest.mark.parametrize(("operation", "resource", "permission"), CHECKS.values(), ids=CHECKS.keys())
def test_a_missing_permission_turns_its_check_off_with_one_note_and_blocks_nothing(
    harness: Harness, operation: str, resource: str, permission: str
) -> None:
    alarm = {
        "AlarmName": "mine",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
    }
    metric = {"Namespace": "n", "MetricName": "m", "Period": 60, "Statistic": "Sum"}
    harness.client("cloudwatch").put_metric_alarm(**alarm, **metric)
    guarded = {"rollout": {"terminationWaitSeconds": 60, "rollback": {"alarmNames": ["mine"]}}}
    harness.world.faults.add({"kind": "access_denied", "operation": operation, "resource": resource})
    ready(harness, {**FIXED, **guarded})
    ready(harness, {**with_variant(FIXED, **NEW), **guarded})
    harness.run(600, tick=30)
    (note,) = notes(harness)
    assert f"lacks the permission {permission}" in note


def test_a_note_costs_no_write_of_its_own(harness: Harness) -> None:
    ready(harness, FIXED)
    plain = harness.writes
    other = Harness(settings=BRISK)
    try:
        deny(other, "s3")
        deny(other, "ecr")
        ready(other, FIXED)
        assert len(notes(other)) == 2
        assert other.writes == plain
    finally:
        other.simulator.close()


def test_what_does_not_answer_holds_a_launch_up_for_a_moment_only(harness: Harness) -> None:
    away = {"kind": "error", "service": "s3", "code": "ServiceUnavailable", "status": 503}
    harness.world.faults.add(away)
    harness.apply("iris", spec())
    harness.settle("iris")
    assert told(harness, "Ready")[0] == "InService"
    (note,) = notes(harness)
    assert "AWS does not answer to s3:ListBucket" in note
