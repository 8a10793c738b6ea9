"""The models' role, and the operator's policies: the documents of `manifests/iam`."""

import json
from collections.abc import Mapping
from typing import Any

from smclient.aws.session import told
from smclient.documents import document, passing
from smclient.preparing.calls import TAG, Calls, tagged

_POLICY = "smendpoints-models"


class Access(Calls):
    """Makes and removes both."""

    def make_role(self) -> None:
        name = self.names.role
        found = self.found("iam", "get_role", RoleName=name)
        if found is not None and not tagged(found["Role"]):
            self.say(f"role {name}: there, not made by bootstrap, left as it is")
            return
        if found is None:
            self.do(
                "iam",
                "create_role",
                RoleName=name,
                AssumeRolePolicyDocument=json.dumps(document("execution-trust", {})),
                Description="Role of models that SageMakerEndpoints serve.",
                Tags=[{"Key": TAG, "Value": "true"}],
            )
        policy = document("execution-policy", self.values())
        self.do("iam", "put_role_policy", RoleName=name, PolicyName=_POLICY, PolicyDocument=json.dumps(policy))
        self.done(f"role {name}: {'made' if found is None else 'there'}, with the rights of execution-policy.json")

    def remove_role(self) -> None:
        name = self.names.role
        found = self.found("iam", "get_role", RoleName=name)
        if found is None:
            return
        if not tagged(found["Role"]):
            self.say(f"role {name}: not made by bootstrap, left as it is")
            return
        # An interrupted removal may have left the role without it.
        if self.found("iam", "get_role_policy", RoleName=name, PolicyName=_POLICY) is not None:
            self.do("iam", "delete_role_policy", RoleName=name, PolicyName=_POLICY)
        self.do("iam", "delete_role", RoleName=name)
        self.done(f"role {name}: removed")

    def make_policies(self) -> None:
        for name, policy in self.operator_policies().items():
            arn, text = self._policy_arn(name), json.dumps(policy)
            found = self.found("iam", "get_policy", PolicyArn=arn)
            if found is None:
                tags = [{"Key": TAG, "Value": "true"}]
                self.do("iam", "create_policy", PolicyName=name, PolicyDocument=text, Tags=tags)
                self.done(f"policy {arn}: made; attach it to the operator's role")
            elif not tagged(found["Policy"]):
                self.say(f"policy {name}: there, not made by bootstrap, left as it is")
            elif self._in_force(arn, found["Policy"]) == policy:
                self.say(f"policy {arn}: there")
            else:
                self._make_room(arn)
                self.do("iam", "create_policy_version", PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
                self.done(f"policy {arn}: a new version is in force")

    def remove_policies(self) -> None:
        for name in self.operator_policies():
            arn = self._policy_arn(name)
            found = self.found("iam", "get_policy", PolicyArn=arn)
            if found is None:
                continue
            if not tagged(found["Policy"]):
                self.say(f"policy {name}: not made by bootstrap, left as it is")
                continue
            for version in self._versions(arn):
                if not version["IsDefaultVersion"]:
                    self.do("iam", "delete_policy_version", PolicyArn=arn, VersionId=version["VersionId"])
            self.do("iam", "delete_policy", PolicyArn=arn)
            self.done(f"policy {arn}: removed")

    def operator_policies(self) -> dict[str, dict[str, Any]]:
        """The operator's policies by name: what it needs in any case, and what is for features that are optional."""
        core = passing(document("operator-policy", self.values()), self.role_arn)
        optional = document("operator-policy-optional", self.values())
        return {self.names.policy: core, f"{self.names.policy}-optional": optional}

    def _policy_arn(self, name: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:policy/{name}"

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
            self.do("iam", "delete_policy_version", PolicyArn=arn, VersionId=old[0]["VersionId"])
