"""`bootstrap`: what is made, that once more changes nothing, and that its removal leaves nothing but what others made."""

import io
import json
from typing import Any

import pytest

from smclient.aws.session import Aws
from smclient.preparing.calls import Names
from smclient.preparing.preparation import Preparation
from smendpoints.domain.preflight.trust import Trust, trust_in_sagemaker
from smsandbox.testing.harness import Harness
from smsandbox.world import REGION

NAMES = Names("team/iris", "team-models", "team-role", "team-operator", "0b9c0a5e-1d1c-4a55-9d3c-1c5f0a1b2c3d")


def prepare(harness: Harness, *, dry_run: bool = False) -> tuple[Preparation, list[str]]:
    said: list[str] = []
    return Preparation(Aws(REGION, harness.session), NAMES, said.append, dry_run=dry_run), said


def there(harness: Harness) -> set[str]:
    """What of the names is there."""
    found = {each["repositoryName"] for each in harness.client("ecr").describe_repositories()["repositories"]}
    found |= {each["Name"] for each in harness.client("s3").list_buckets()["Buckets"]}
    found |= {each["RoleName"] for each in harness.client("iam").list_roles()["Roles"]}
    found |= {each["PolicyName"] for each in harness.client("iam").list_policies(Scope="Local")["Policies"]}
    return {each for each in found if each.startswith("team")}


def test_all_is_made_private_encrypted_and_with_least_rights(harness: Harness) -> None:
    preparation, _ = prepare(harness)
    preparation.make()
    s3, iam = harness.client("s3"), harness.client("iam")
    blocked = s3.get_public_access_block(Bucket="team-models")["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    rules = s3.get_bucket_encryption(Bucket="team-models")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    repository = harness.client("ecr").describe_repositories(repositoryNames=["team/iris"])["repositories"][0]
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    role = iam.get_role(RoleName="team-role")["Role"]
    assert trust_in_sagemaker(role["AssumeRolePolicyDocument"]) is Trust.ALLOWED
    (name,) = iam.list_role_policies(RoleName="team-role")["PolicyNames"]
    rights = iam.get_role_policy(RoleName="team-role", PolicyName=name)["PolicyDocument"]
    text = json.dumps(rights)
    assert "arn:aws:s3:::team-models/*" in text
    assert f"arn:aws:ecr:{REGION}:123456789012:repository/team/iris" in text
    everywhere = {action for each in rights["Statement"] if each["Resource"] == "*" for action in each["Action"]}
    assert everywhere == {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData", "cloudwatch:DescribeAlarms"}


def test_no_placeholder_is_left_and_each_policy_is_as_small_as_aws_takes(harness: Harness) -> None:
    policies = prepare(harness)[0].operator_policies()
    text = json.dumps(policies)
    assert NAMES.cluster in text
    assert "arn:aws:iam::123456789012:role/team-role" in text
    for word in ("CLUSTER_ID", "ACCOUNT_ID", "BUCKET", "REPOSITORY", "sagemaker-execution"):
        assert word not in text
    assert list(policies) == ["team-operator", "team-operator-optional"]
    assert all(len(json.dumps(each, separators=(",", ":"))) <= 0.8 * 6144 for each in policies.values())
    sids = [statement["Sid"] for each in policies.values() for statement in each["Statement"]]
    assert len(sids) == len(set(sids)) > 10


def test_once_more_changes_nothing(harness: Harness) -> None:
    prepare(harness)[0].make()
    versions = [
        harness.client("iam").list_policy_versions(PolicyArn=each["Arn"])["Versions"]
        for each in harness.client("iam").list_policies(Scope="Local")["Policies"]
    ]
    before = there(harness)
    again, said = prepare(harness)
    again.make()
    assert there(harness) == before
    assert {len(each) for each in versions} == {1}
    assert all(": there" in each for each in said)


def test_a_policy_that_differs_gets_a_new_version_as_often_as_it_does(harness: Harness) -> None:
    iam = harness.client("iam")
    preparation, said = prepare(harness)
    preparation.make()
    wanted = preparation.operator_policies()["team-operator"]
    arn = "arn:aws:iam::123456789012:policy/team-operator"
    for number in range(7):
        other = {"Version": "2012-10-17", "Statement": [{**wanted["Statement"][0], "Sid": f"Other{number}"}]}
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) == 5:
            oldest = min(
                (each for each in versions if not each["IsDefaultVersion"]), key=lambda each: each["CreateDate"]
            )
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(other), SetAsDefault=True)
        preparation.make()
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        assert iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"] == wanted
    assert said.count(f"policy {arn}: a new version is in force") == 7


def test_a_dry_run_tells_each_call_and_makes_none(harness: Harness) -> None:
    preparation, said = prepare(harness, dry_run=True)
    preparation.make()
    assert there(harness) == set()
    calls = [each.split()[2:4] for each in said if each.startswith("would call ")]
    assert calls[:3] == [
        ["ecr", "create_repository"],
        ["s3", "create_bucket"],
        ["s3", "put_public_access_block"],
    ]
    assert ["iam", "create_policy"] in calls
    assert len(calls) == len(said)


def test_removal_leaves_nothing_full_or_not(harness: Harness) -> None:
    preparation, _ = prepare(harness)
    preparation.make()
    harness.client("s3").put_bucket_versioning(Bucket="team-models", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        harness.client("s3").put_object(Bucket="team-models", Key="model", Body=body)
    harness.client("s3").delete_object(Bucket="team-models", Key="model")
    preparation.remove()
    assert there(harness) == set()
    preparation.remove()


def test_what_others_made_is_neither_changed_nor_removed(harness: Harness) -> None:
    s3, iam = harness.client("s3"), harness.client("iam")
    s3.create_bucket(Bucket="team-models")
    harness.client("ecr").create_repository(repositoryName="team/iris")
    trust = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="team-role", AssumeRolePolicyDocument=json.dumps(trust))
    preparation, said = prepare(harness)
    preparation.make()
    assert iam.list_role_policies(RoleName="team-role")["PolicyNames"] == []
    with pytest.raises(s3.exceptions.ClientError):
        s3.get_public_access_block(Bucket="team-models")
    preparation.remove()
    assert there(harness) == {"team-models", "team/iris", "team-role"}
    assert "bucket team-models: not made by bootstrap, left as it is" in said


def test_nothing_is_removed_unasked(server: Any, smendpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        account = "1"
        names: Any = None
        dry_run = False

        def __init__(self, *_: Any) -> None:
            pass

        def remove(self) -> None:
            raise AssertionError

    monkeypatch.setattr("smclient.preparing.preparation.Preparation", Refusing)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    server.answers["GET", "/api/v1/namespaces/kube-system"] = {"metadata": {"uid": "u"}}
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    ran = smendpoint("bootstrap", "--delete")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.endswith("with all that is in them? [y/N]: error: nothing was removed\n")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    ran = smendpoint("bootstrap", "--delete")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[1:] == [
        "error: nothing was removed: standard input ended before the question was answered",
        "Use --yes to skip the question",
    ]
