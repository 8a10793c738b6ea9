"""`bootstrap`: what an account needs before its first endpoint, and its removal. Idempotent.

A repository, a bucket, the models' role, the operator's policy. What is there already and was not made here is used as
it is, neither changed nor removed: what was made here bears a tag that says so.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smclient.aws.session import Aws, told
from smclient.documents import document, passing
from smclient.errors import AWSError

TAG = "smendpoints.dev/bootstrap"
_POLICY = "smendpoints-models"
_MOST = 6144  # characters of a managed policy, blanks not counted
_ABSENT = {"404", "NoSuchBucket", "NotFound", "NoSuchEntity", "RepositoryNotFoundException", "NoSuchTagSet"}
_PRIVATE = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


@dataclass(frozen=True)
class Names:
    """What things are called. `cluster` is the cluster's id, which the operator's policy is bound to."""

    repository: str
    bucket: str
    role: str
    policy: str
    cluster: str


@dataclass
class Preparation:
    """Makes and removes. `say` is told of each thing; with `dry_run` nothing is changed, and each call is told."""

    aws: Aws
    names: Names
    say: Callable[[str], None]
    dry_run: bool = False
    account: str = field(init=False)

    def __post_init__(self) -> None:
        with told("ask AWS who you are"):
            found = self.aws.client("sts").get_caller_identity()
        self.account = str(found["Account"])
        self._partition = str(found["Arn"]).split(":")[1]

    @property
    def role_arn(self) -> str:
        """The models' role."""
        return f"arn:{self._partition}:iam::{self.account}:role/{self.names.role}"

    def make(self) -> None:
        """Make what is not there, in the order in which one needs another.

        Raises:
            AWSError: refused; what was made before stays, and is found the next time.
        """
        self._make_repository()
        self._make_bucket()
        self._make_role()
        self._make_policies()

    def remove(self) -> None:
        """Remove what was made here, in the order that AWS lets it go; images and models with it.

        Raises:
            AWSError: refused, or something else uses it still.
        """
        self._remove_policies()
        self._remove_role()
        self._remove_bucket()
        self._remove_repository()

    # each of them

    def _make_repository(self) -> None:
        name = self.names.repository
        if self._found("ecr", "describe_repositories", repositoryNames=[name]) is not None:
            self.say(f"repository {name}: there")
            return
        self._do(
            "ecr",
            "create_repository",
            repositoryName=name,
            imageScanningConfiguration={"scanOnPush": True},
            encryptionConfiguration={"encryptionType": "AES256"},
            tags=[{"Key": TAG, "Value": "true"}],
        )
        self._done(f"repository {name}: made, images are scanned on push")

    def _remove_repository(self) -> None:
        name = self.names.repository
        found = self._found("ecr", "describe_repositories", repositoryNames=[name])
        if found is None:
            return
        arn = found["repositories"][0]["repositoryArn"]
        tags = self._found("ecr", "list_tags_for_resource", resourceArn=arn) or {}
        if self._is_ours(f"repository {name}", {each["Key"]: each["Value"] for each in tags.get("tags", [])}):
            self._do("ecr", "delete_repository", repositoryName=name, force=True)
            self._done(f"repository {name}: removed, with its images")

    def _make_bucket(self) -> None:
        name = self.names.bucket
        there = self._found("s3", "head_bucket", Bucket=name) is not None
        if there and not self._bucket_is_ours():
            self.say(f"bucket {name}: there, not made by bootstrap, left as it is")
            return
        if not there:
            place = {} if self.aws.region == "us-east-1" else {"LocationConstraint": self.aws.region}
            self._do("s3", "create_bucket", Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
            self._do("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": [{"Key": TAG, "Value": "true"}]})
        self._do("s3", "put_public_access_block", Bucket=name, PublicAccessBlockConfiguration=_PRIVATE)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self._do("s3", "put_bucket_encryption", Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        self._done(f"bucket {name}: {'there' if there else 'made'}, encrypted, not public")

    def _remove_bucket(self) -> None:
        name = self.names.bucket
        if self._found("s3", "head_bucket", Bucket=name) is None:
            return
        if not self._bucket_is_ours():
            self.say(f"bucket {name}: not made by bootstrap, left as it is")
            return
        with told(f"list {name}"):
            pages = self.aws.client("s3").get_paginator("list_object_versions").paginate(Bucket=name)
            for page in pages:
                every = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in every]
                if objects:
                    self._do("s3", "delete_objects", Bucket=name, Delete={"Objects": objects, "Quiet": True})
        self._do("s3", "delete_bucket", Bucket=name)
        self._done(f"bucket {name}: removed, with all in it")

    def _bucket_is_ours(self) -> bool:
        found = self._found("s3", "get_bucket_tagging", Bucket=self.names.bucket) or {}
        return any(each["Key"] == TAG for each in found.get("TagSet", []))

    def _make_role(self) -> None:
        name = self.names.role
        found = self._found("iam", "get_role", RoleName=name)
        if found is not None and not _tagged(found["Role"]):
            self.say(f"role {name}: there, not made by bootstrap, left as it is")
            return
        if found is None:
            self._do(
                "iam",
                "create_role",
                RoleName=name,
                AssumeRolePolicyDocument=json.dumps(document("execution-trust", {})),
                Description="Role of models that SageMakerEndpoints serve.",
                Tags=[{"Key": TAG, "Value": "true"}],
            )
        policy = document("execution-policy", self._values())
        self._do("iam", "put_role_policy", RoleName=name, PolicyName=_POLICY, PolicyDocument=json.dumps(policy))
        self._done(f"role {name}: {'made' if found is None else 'there'}, with the rights of execution-policy.json")

    def _remove_role(self) -> None:
        name = self.names.role
        found = self._found("iam", "get_role", RoleName=name)
        if found is None:
            return
        if not _tagged(found["Role"]):
            self.say(f"role {name}: not made by bootstrap, left as it is")
            return
        self._do("iam", "delete_role_policy", RoleName=name, PolicyName=_POLICY)
        self._do("iam", "delete_role", RoleName=name)
        self._done(f"role {name}: removed")

    def _make_policies(self) -> None:
        for name, policy in self.operator_policies().items():
            arn, text = self._policy_arn(name), json.dumps(policy)
            found = self._found("iam", "get_policy", PolicyArn=arn)
            if found is None:
                tags = [{"Key": TAG, "Value": "true"}]
                self._do("iam", "create_policy", PolicyName=name, PolicyDocument=text, Tags=tags)
                self._done(f"policy {arn}: made; attach it to the operator's role")
            elif not _tagged(found["Policy"]):
                self.say(f"policy {name}: there, not made by bootstrap, left as it is")
            elif self._in_force(arn, found["Policy"]) == policy:
                self.say(f"policy {arn}: there")
            else:
                self._make_room(arn)
                self._do("iam", "create_policy_version", PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
                self._done(f"policy {arn}: a new version is in force")

    def _remove_policies(self) -> None:
        for name in self.operator_policies():
            arn = self._policy_arn(name)
            found = self._found("iam", "get_policy", PolicyArn=arn)
            if found is None:
                continue
            if not _tagged(found["Policy"]):
                self.say(f"policy {name}: not made by bootstrap, left as it is")
                continue
            for version in self._versions(arn):
                if not version["IsDefaultVersion"]:
                    self._do("iam", "delete_policy_version", PolicyArn=arn, VersionId=version["VersionId"])
            self._do("iam", "delete_policy", PolicyArn=arn)
            self._done(f"policy {arn}: removed")

    def operator_policies(self) -> dict[str, dict[str, Any]]:
        """The operator's policy by name: as many as AWS's limit of their size makes of it."""
        policy = passing(document("operator-policy", self._values()), self.role_arn)
        parts: list[list[Any]] = [[]]
        for statement in policy["Statement"]:
            if parts[-1] and len(_compact({**policy, "Statement": [*parts[-1], statement]})) > _MOST:
                parts.append([])
            parts[-1].append(statement)
        names = [self.names.policy, *(f"{self.names.policy}-{number}" for number in range(2, len(parts) + 1))]
        return {name: {**policy, "Statement": part} for name, part in zip(names, parts, strict=True)}

    def _policy_arn(self, name: str) -> str:
        return f"arn:{self._partition}:iam::{self.account}:policy/{name}"

    def _in_force(self, arn: str, policy: Mapping[str, Any]) -> Any:
        with told(f"read the policy {arn}"):
            version = self.aws.client("iam").get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        return version["PolicyVersion"]["Document"]

    def _versions(self, arn: str) -> list[Any]:
        with told(f"read the policy {arn}"):
            return list(self.aws.client("iam").list_policy_versions(PolicyArn=arn)["Versions"])

    def _make_room(self, arn: str) -> None:
        """AWS keeps five versions: the oldest that is not in force goes."""
        versions = self._versions(arn)
        old = sorted((each for each in versions if not each["IsDefaultVersion"]), key=lambda each: each["CreateDate"])
        if len(versions) >= 5:
            self._do("iam", "delete_policy_version", PolicyArn=arn, VersionId=old[0]["VersionId"])

    # the calls

    def _values(self) -> dict[str, str]:
        return {
            "ACCOUNT_ID": self.account,
            "REGION": self.aws.region,
            "BUCKET": self.names.bucket,
            "REPOSITORY": self.names.repository,
            "CLUSTER_ID": self.names.cluster,
        }

    def _is_ours(self, what: str, tags: Mapping[str, str]) -> bool:
        if TAG in tags:
            return True
        self.say(f"{what}: not made by bootstrap, left as it is")
        return False

    def _found(self, service: str, operation: str, **arguments: Any) -> Any | None:
        """What a look-up answers; None where it is not there."""
        try:
            with told(f"do {service} {operation}"):
                return getattr(self.aws.client(service), operation)(**arguments)
        except AWSError as error:
            if error.code in _ABSENT:
                return None
            raise

    def _done(self, what: str) -> None:
        """Say what was done; a dry run has told of its calls."""
        if not self.dry_run:
            self.say(what)

    def _do(self, service: str, operation: str, **arguments: Any) -> None:
        """A call that changes something; only told in a dry run."""
        if self.dry_run:
            self.say(f"would call {service} {operation} {json.dumps(arguments, sort_keys=True)}")
            return
        with told(f"do {service} {operation}"):
            getattr(self.aws.client(service), operation)(**arguments)


def _tagged(found: Mapping[str, Any]) -> bool:
    return any(each.get("Key") == TAG for each in found.get("Tags") or [])


def _compact(policy: Mapping[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))
