"""Pre-flight: what it asks, what it believes, what it refuses, and how a check goes off. AWS is botocore's own stubs here."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.checks.preflight import Preflight
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.preflight.launch import Artifact, Launch, Stored
from smendpoints.domain.preflight.quota import Need
from smendpoints.domain.reasons import Reason
from smsandbox.testing.stubs import Stubs

REGION = "us-east-1"
SERVICES = ("ecr", "s3", "cloudwatch", "iam", "service-quotas")
REPOSITORY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/iris"
IMAGE = f"{REPOSITORY}:1.0"
ROLE = "arn:aws:iam::123456789012:role/service-role/execution"
WRITTEN = datetime(2026, 11, 26, tzinfo=UTC)
NOTHING = Launch(frozenset(), frozenset(), frozenset(), ())
OBJECT = Artifact("models", "iris/model.tar.gz")
FOLDER = Artifact("models", "iris/")
MANY = Artifact("models", "many/", must_exist=False)
NEED = Need("ml.m5.large", live=4, beside=4, beside_rolling=1)


def of(*artifacts: Artifact) -> Launch:
    return replace(NOTHING, artifacts=frozenset(artifacts))


class Aws(Stubs):
    """A pre-flight over clients with a stub each, on a clock that a test moves; what is not expected fails."""

    def __init__(self, clients: Clients) -> None:
        super().__init__(clients, SERVICES)
        self.now = 0.0
        self.preflight = Preflight(clients, lambda: self.now)

    def refuses(self, service: str, operation: str, code: str = "AccessDenied", status: int = 403) -> None:
        self.stubs[service].add_client_error(operation, code, "no", status)

    def lists(self, *keys: str, region: str | None = REGION, artifact: Artifact = OBJECT) -> None:
        headers = {"x-amz-bucket-region": region} if region is not None else {}
        contents = [{"Key": key, "ETag": f'"of {key}"', "LastModified": WRITTEN} for key in keys]
        answer = {"Contents": contents, "ResponseMetadata": {"HTTPHeaders": headers}}
        params = {"Bucket": artifact.bucket, "Prefix": artifact.key, "MaxKeys": 1}
        self.answers("s3", "list_objects_v2", answer, params)

    def has_quota(self, value: float, name: str = NEED.quota) -> None:
        answer = {"Quotas": [{"QuotaName": name, "Value": value}, {"QuotaName": "other", "Value": 0.0}]}
        self.answers("service-quotas", "list_service_quotas", answer, {"ServiceCode": "sagemaker", "MaxResults": 100})

    def check(self, launch: Launch) -> tuple[str, ...]:
        notes = self.preflight.check(launch)
        self.all_asked()
        return notes

    def refusal(self, launch: Launch) -> ReconcileError:
        with pytest.raises(ReconcileError) as caught:
            self.preflight.check(launch)
        self.all_asked()
        return caught.value


@pytest.fixture
def aws(clients: Clients) -> Iterator[Aws]:
    made = Aws(clients)
    yield made
    made.deactivate()


THERE = {
    "an object": (OBJECT, ["iris/model.tar.gz"]),
    "a prefix with something in it": (FOLDER, ["iris/a/weights"]),
    "a prefix for many models that is empty yet": (MANY, []),
}


@pytest.mark.parametrize(("artifact", "keys"), THERE.values(), ids=THERE.keys())
def test_an_artifact_that_is_there_costs_one_call_and_is_believed_for_five_minutes(
    aws: Aws, artifact: Artifact, keys: list[str]
) -> None:
    aws.lists(*keys, artifact=artifact)
    assert aws.check(of(artifact)) == ()
    aws.now = 299
    assert aws.check(of(artifact)) == ()
    aws.now = 301
    aws.lists(*keys, artifact=artifact)
    assert aws.check(of(artifact)) == ()


MISSING = {
    "an object that is not there": (OBJECT, []),
    "an object of which only a longer name is there": (OBJECT, ["iris/model.tar.gz.bak"]),
    "a prefix with nothing in it": (FOLDER, []),
}


@pytest.mark.parametrize(("artifact", "keys"), MISSING.values(), ids=MISSING.keys())
def test_a_missing_artifact_is_refused_and_looked_for_again(aws: Aws, artifact: Artifact, keys: list[str]) -> None:
    for _ in range(2):
        aws.lists(*keys, artifact=artifact)
        refused = aws.refusal(of(artifact))
        assert (refused.kind, refused.reason) == (Kind.BLOCKED, Reason.ARTIFACT_NOT_FOUND)
        assert str(artifact) in str(refused)
        assert "upload the artifact" in str(refused)


@pytest.mark.parametrize("artifact", [OBJECT, FOLDER, MANY], ids=str)
def test_a_bucket_that_does_not_exist_is_refused(aws: Aws, artifact: Artifact) -> None:
    aws.refuses("s3", "list_objects_v2", "NoSuchBucket", 404)
    assert "there is no bucket models" in str(aws.refusal(of(artifact)))


@pytest.mark.parametrize("artifact", [OBJECT, MANY], ids=str)
def test_a_bucket_of_another_region_is_refused_with_where_to_copy_to(aws: Aws, artifact: Artifact) -> None:
    aws.lists(artifact.key, region="eu-west-1", artifact=artifact)
    refused = aws.refusal(of(artifact))
    assert refused.reason is Reason.ARTIFACT_NOT_FOUND
    assert "is in eu-west-1; copy the artifact to a bucket in us-east-1" in str(refused)


def test_where_s3_does_not_name_the_region_nothing_is_refused_for_it(aws: Aws) -> None:
    aws.lists(OBJECT.key, region=None)
    assert aws.check(of(OBJECT)) == ()


def test_without_permission_a_check_is_off_for_its_bucket_alone_for_an_hour_with_a_note(aws: Aws) -> None:
    aws.refuses("s3", "list_objects_v2")
    (note,) = aws.check(of(OBJECT))
    assert note == (
        "pre-flight does not check artifacts: the operator lacks the permission s3:ListBucket on the bucket models"
    )
    other = Artifact("others", "model.tar.gz")
    aws.lists(other.key, artifact=other)
    assert aws.check(of(OBJECT, FOLDER, other)) == (note,)
    aws.now = 3601
    aws.lists(OBJECT.key)
    assert aws.check(of(OBJECT)) == ()


def test_an_answer_that_nobody_foresaw_never_blocks(aws: Aws) -> None:
    aws.refuses("s3", "list_objects_v2", "MethodNotAllowed", 405)
    (note,) = aws.check(of(OBJECT))
    assert "AWS does not answer to s3:ListBucket on the bucket models (MethodNotAllowed)" in note


def test_what_cannot_be_asked_now_is_tried_again_twice_and_then_launched_without(aws: Aws) -> None:
    for _ in range(2):
        aws.refuses("s3", "list_objects_v2", "SlowDown", 503)
        assert aws.refusal(of(OBJECT)).kind is Kind.RETRY
    aws.refuses("s3", "list_objects_v2", "SlowDown", 503)
    (note,) = aws.check(of(OBJECT))
    assert "(SlowDown)" in note
    aws.now = 301
    aws.lists(OBJECT.key)
    assert aws.check(of(OBJECT)) == ()


def test_an_answer_in_between_begins_the_count_of_tries_anew(aws: Aws) -> None:
    for _ in range(2):
        aws.refuses("s3", "list_objects_v2", "SlowDown", 503)
        assert aws.refusal(of(OBJECT)).kind is Kind.RETRY
        aws.now += 301
        aws.lists(OBJECT.key)
        assert aws.check(of(OBJECT)) == ()
        aws.now += 301


def test_credentials_that_do_not_work_are_a_failure_and_no_check_that_is_off(aws: Aws) -> None:
    for _ in range(4):
        aws.refuses("s3", "list_objects_v2", "SignatureDoesNotMatch")
        assert aws.refusal(of(OBJECT)).reason is Reason.CREDENTIALS


def test_an_image_is_looked_for_by_tag_or_digest_and_its_check_is_off_for_its_repository_alone(aws: Aws) -> None:
    digest = "sha256:" + "0" * 64
    by_tag, by_digest = IMAGE, f"{REPOSITORY}@{digest}"
    where = {"registryId": "123456789012", "repositoryName": "iris"}
    aws.answers("ecr", "describe_images", {}, {**where, "imageIds": [{"imageTag": "1.0"}]})
    aws.answers("ecr", "describe_images", {}, {**where, "imageIds": [{"imageDigest": digest}]})
    assert aws.check(replace(NOTHING, images=frozenset({by_tag, by_digest}))) == ()
    shared = f"763104351884.dkr.ecr.{REGION}.amazonaws.com/pytorch-inference"
    aws.refuses("ecr", "describe_images", "AccessDeniedException", 400)
    (note,) = aws.check(replace(NOTHING, images=frozenset({f"{shared}:2.6"})))
    assert f"lacks the permission ecr:DescribeImages on {shared}" in note
    aws.refuses("ecr", "describe_images", "ImageNotFoundException", 400)
    assert aws.refusal(replace(NOTHING, images=frozenset({f"{REPOSITORY}:2.0"}))).reason is Reason.IMAGE_NOT_FOUND


def test_an_image_of_another_region_is_refused_without_a_call(aws: Aws) -> None:
    far = IMAGE.replace(REGION, "eu-west-1")
    assert "push it to us-east-1" in str(aws.refusal(replace(NOTHING, images=frozenset({far}))))


def test_a_composite_alarm_is_an_alarm_too(aws: Aws) -> None:
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = {"CompositeAlarms": [{"AlarmName": "all"}]}
    aws.answers("cloudwatch", "describe_alarms", found, {"AlarmNames": ["all"], "AlarmTypes": kinds})
    assert aws.check(replace(NOTHING, alarms=frozenset({"all"}))) == ()
    aws.answers("cloudwatch", "describe_alarms", {}, {"AlarmNames": ["none"], "AlarmTypes": kinds})
    assert aws.refusal(replace(NOTHING, alarms=frozenset({"none"}))).reason is Reason.ALARM_NOT_FOUND


def test_quotas_are_listed_once_an_hour_for_all(aws: Aws) -> None:
    aws.has_quota(8)
    for live in range(5):
        assert aws.check(replace(NOTHING, needs=(replace(NEED, live=live),))) == ()
    aws.now = 3599
    assert aws.check(replace(NOTHING, needs=(replace(NEED, live=1),))) == ()
    aws.now = 3601
    aws.has_quota(8)
    assert aws.check(replace(NOTHING, needs=(NEED,))) == ()


def test_too_many_instances_are_refused_by_a_fresh_listing_only(aws: Aws) -> None:
    aws.has_quota(7)
    refused = aws.refusal(replace(NOTHING, needs=(NEED,)))
    assert (refused.kind, refused.reason) == (Kind.BLOCKED, Reason.QUOTA_EXCEEDED)
    aws.now = 59
    aws.refusal(replace(NOTHING, needs=(NEED,)))
    aws.now = 61
    aws.has_quota(8)
    assert aws.check(replace(NOTHING, needs=(NEED,))) == ()


def test_a_quota_that_aws_does_not_list_is_no_quota(aws: Aws) -> None:
    aws.has_quota(1, "ml.m5.xlarge for endpoint usage")
    assert aws.check(replace(NOTHING, needs=(NEED,))) == ()


def test_without_permission_quotas_are_not_checked_with_a_note(aws: Aws) -> None:
    aws.refuses("service-quotas", "list_service_quotas", "AccessDeniedException", 400)
    (note,) = aws.check(replace(NOTHING, needs=(NEED, replace(NEED, instance_type="ml.c5.large"))))
    assert note.endswith("lacks the permission servicequotas:ListServiceQuotas on *")


REFUSED = ReconcileError(
    Kind.SETTLING, Reason.NOT_ACCESSIBLE, "ValidationException: Could not assume role", "create_model", "Validation"
)


def trusting(service: str) -> str:
    return (
        f'{{"Statement": [{{"Effect": "Allow", "Principal": {{"Service": "{service}"}}, "Action": "sts:AssumeRole"}}]}}'
    )


def described(arn: str = ROLE, trusts: str = "sagemaker.amazonaws.com") -> dict[str, Any]:
    role = {"Path": "/", "RoleName": "execution", "RoleId": "A" * 16, "Arn": arn, "CreateDate": 0}
    return {"Role": {**role, "AssumeRolePolicyDocument": trusting(trusts)}}


def explained(aws: Aws) -> ReconcileError:
    told = aws.preflight.explain(REFUSED, ROLE)
    aws.all_asked()
    assert told.message.startswith(REFUSED.message)
    assert (told.kind, told.reason, told.operation, told.code) == (
        REFUSED.kind,
        REFUSED.reason,
        REFUSED.operation,
        REFUSED.code,
    )
    return told


ROLES = {
    "that trusts SageMaker": (described(), "its trust policy lets sagemaker.amazonaws.com assume it"),
    "that trusts another service": (described(trusts="ec2.amazonaws.com"), "does not allow sts:AssumeRole to"),
    "of another path": (described(arn="arn:aws:iam::123456789012:role/execution"), "name it so"),
}


@pytest.mark.parametrize(("answer", "sentence"), ROLES.values(), ids=ROLES.keys())
def test_awss_words_on_a_role_are_kept_and_what_iam_says_is_added(
    aws: Aws, answer: dict[str, Any], sentence: str
) -> None:
    aws.answers("iam", "get_role", answer, {"RoleName": "execution"})
    assert sentence in explained(aws).message


def test_a_role_that_iam_does_not_have_is_said(aws: Aws) -> None:
    aws.refuses("iam", "get_role", "NoSuchEntity", 404)
    assert "IAM has no role named execution" in explained(aws).message


def test_without_permission_awss_words_stand_alone_and_iam_is_left_alone_for_an_hour(aws: Aws) -> None:
    aws.refuses("iam", "get_role")
    assert explained(aws).message == REFUSED.message
    aws.now = 3599
    assert explained(aws).message == REFUSED.message
    aws.now = 3601
    aws.answers("iam", "get_role", described(), {"RoleName": "execution"})
    assert explained(aws).message != REFUSED.message


def test_where_iam_does_not_answer_awss_words_stand_alone_and_iam_is_asked_again(aws: Aws) -> None:
    for _ in range(4):
        aws.refuses("iam", "get_role", "Throttling", 400)
        assert explained(aws).message == REFUSED.message


OTHERS = {
    "a throttled call": ReconcileError(Kind.RETRY, Reason.THROTTLED, "Rate exceeded"),
    "a model that is not seen yet": ReconcileError(Kind.SETTLING, Reason.BUSY, "Could not find model"),
}


@pytest.mark.parametrize("failure", OTHERS.values(), ids=OTHERS.keys())
def test_nothing_else_has_iam_asked(aws: Aws, failure: ReconcileError) -> None:
    assert aws.preflight.explain(failure, ROLE) is failure
    assert aws.preflight.explain(REFUSED, None) is REFUSED


def test_what_is_behind_the_key_of_an_artifact_is_known_afterwards_and_of_a_prefix_nothing(aws: Aws) -> None:
    aws.lists(f"{FOLDER.key}model.tar.gz", artifact=FOLDER)
    aws.lists(OBJECT.key)
    aws.check(of(OBJECT, FOLDER))
    stored = aws.preflight.stored([OBJECT, FOLDER, MANY])
    assert stored == {"s3://models/iris/model.tar.gz": Stored("of iris/model.tar.gz", WRITTEN)}
