"""What a live endpoint would need for another instance, and is gone, is told while it still serves; in virtual time."""

from collections.abc import Callable
from typing import Any

import pytest

from smsandbox.assets import BUCKET, ROLE, TRUST
from smsandbox.aws.moto.images import push
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, with_variant

HOUR = 3600.0


def told(harness: Harness, kind: str = "LaunchBlocked") -> tuple[str, str, str] | None:
    condition = harness.condition("iris", kind)
    return (condition.status, condition.reason, condition.message) if condition is not None else None


def artifact(harness: Harness, *, there: bool) -> None:
    client = harness.client("s3")
    if there:
        client.put_object(Bucket=BUCKET, Key="a/model.tar.gz", Body=b"model")
    else:
        client.delete_object(Bucket=BUCKET, Key="a/model.tar.gz")


def image(harness: Harness, *, there: bool) -> None:
    client = harness.client("ecr")
    if there:
        push(client, ECHO_IMAGE, "echo")
        return
    repository = ECHO_IMAGE.rpartition("/")[2].partition(":")[0]
    client.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "1.0"}])


def role(harness: Harness, *, there: bool) -> None:
    client = harness.client("iam")
    if there:
        client.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
    else:
        client.delete_role_policy(RoleName=ROLE, PolicyName="rollouts")
        client.delete_role(RoleName=ROLE)


def trust(harness: Harness, *, there: bool) -> None:
    policy = TRUST if there else TRUST.replace("sagemaker.amazonaws.com", "ec2.amazonaws.com")
    harness.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=policy)


GONE: dict[str, tuple[Callable[..., None], str, str]] = {
    "the artifact": (artifact, "ArtifactNotFound", f"{ARTIFACTS[0]}: there is no such object in the bucket"),
    "the image": (image, "ImageNotFound", f"the image {ECHO_IMAGE} is not in Amazon ECR: push it"),
    "the role": (role, "RoleNotFound", f"IAM has no role named {ROLE}"),
    "the role's trust": (trust, "RoleNotFound", "does not allow sts:AssumeRole to the service sagemaker.amazonaws.com"),
}


@pytest.mark.parametrize(("what", "reason", "words"), GONE.values(), ids=GONE.keys())
def test_what_is_gone_is_told_within_the_hour_and_found_again(
    harness: Harness, what: Callable[..., None], reason: str, words: str
) -> None:
    harness.ready()
    harness.run(HOUR, 60)
    assert told(harness) is None
    what(harness, there=False)
    harness.run(HOUR + 120, 60)
    found = told(harness)
    assert found is not None
    assert found[:2] == ("True", reason)
    assert found[2].startswith("still serving, but no other instance could start: ")
    assert words in found[2]
    ready = told(harness, "Ready")
    assert ready is not None
    assert ready[:2] == ("True", "InService")
    harness.run(HOUR, 60)
    assert [event.warning for event in harness.events if event.reason == reason] == [True]
    what(harness, there=True)
    harness.run(HOUR / 4, 60)
    assert told(harness) is None


def test_it_is_known_before_a_scale_out_finds_it_and_outlives_a_restart(harness: Harness) -> None:
    harness.ready()
    artifact(harness, there=False)
    harness.run(HOUR + 120, 60)
    before = told(harness)
    assert before is not None
    harness.restart()
    harness.run(300, 60)
    assert told(harness) == before
    assert "FailureReason" not in harness.live()
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    assert told(harness) is None


def test_a_secret_that_the_environment_names_is_looked_for_and_not_read(harness: Harness) -> None:
    client = harness.client("secretsmanager")
    arn = client.create_secret(Name="token", SecretString="hidden")["ARN"]
    harness.ready(**with_variant(spec(), secrets={"TOKEN_ARN": arn}))
    harness.run(HOUR + 120, 60)
    assert told(harness) is None
    client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    harness.run(HOUR + 120, 60)
    found = told(harness)
    assert found is not None
    assert found[1] == "SecretNotFound"
    assert "is being deleted; restore it" in found[2]
    assert harness.calls("GetSecretValue") == 0
    client.restore_secret(SecretId=arn)
    harness.run(HOUR / 4, 60)
    assert told(harness) is None


def test_what_may_not_be_looked_at_is_not_told_and_stalls_nothing(harness: Harness) -> None:
    harness.ready()
    harness.run(600, 15)
    for service in ("iam", "s3", "ecr"):
        harness.world.faults.add({"kind": "access_denied", "service": service})
    writes = harness.writes
    harness.run(2 * HOUR, 60)
    assert told(harness) is None
    assert harness.writes == writes


def test_an_hour_at_rest_costs_a_look_at_each_thing_and_none_at_sagemaker(harness: Harness) -> None:
    harness.ready()
    harness.run(600, 15)
    harness.world.calls.reset()
    harness.run(4 * HOUR, 120)
    calls: dict[str, Any] = {name: harness.calls(name) for name in ("ListObjectsV2", "DescribeImages", "GetRole")}
    assert all(3 <= number <= 6 for number in calls.values()), calls
    assert harness.calls("DescribeEndpoint") == 0
    assert harness.calls("ListTags") == 0
