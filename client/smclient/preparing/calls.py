"""What `bootstrap` asks of AWS: look-ups, and calls that a dry run only tells of."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smclient.aws.session import Aws, told
from smclient.errors import AWSError

TAG = "smendpoints.dev/bootstrap"
_ABSENT = {"404", "NoSuchBucket", "NotFound", "NoSuchEntity", "RepositoryNotFoundException", "NoSuchTagSet"}


@dataclass(frozen=True)
class Names:
    """What things are called. `cluster` is the cluster's id, which the operator's policy is bound to."""

    repository: str
    bucket: str
    role: str
    policy: str
    cluster: str


@dataclass
class Calls:
    """`say` is told of each thing; with `dry_run` nothing is changed, and each call is told."""

    aws: Aws
    names: Names
    say: Callable[[str], None]
    dry_run: bool = False
    account: str = field(init=False)

    def __post_init__(self) -> None:
        with told("ask AWS who you are"):
            found = self.aws.client("sts").get_caller_identity()
        self.account = str(found["Account"])
        self.partition = str(found["Arn"]).split(":")[1]

    @property
    def role_arn(self) -> str:
        """The models' role."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.names.role}"

    def values(self) -> dict[str, str]:
        return {
            "ACCOUNT_ID": self.account,
            "REGION": self.aws.region,
            "BUCKET": self.names.bucket,
            "REPOSITORY": self.names.repository,
            "CLUSTER_ID": self.names.cluster,
        }

    def is_ours(self, what: str, tags: Mapping[str, str]) -> bool:
        if TAG in tags:
            return True
        self.say(f"{what}: not made by bootstrap, left as it is")
        return False

    def found(self, service: str, operation: str, **arguments: Any) -> Any | None:
        """What a look-up answers; None where it is not there."""
        try:
            with told(f"do {service} {operation}"):
                return getattr(self.aws.client(service), operation)(**arguments)
        except AWSError as error:
            if error.code in _ABSENT:
                return None
            raise

    def done(self, what: str) -> None:
        """Say what was done; a dry run has told of its calls."""
        if not self.dry_run:
            self.say(what)

    def do(self, service: str, operation: str, **arguments: Any) -> None:
        """A call that changes something; only told in a dry run."""
        if self.dry_run:
            self.say(f"would call {service} {operation} {json.dumps(arguments, sort_keys=True)}")
            return
        with told(f"do {service} {operation}"):
            getattr(self.aws.client(service), operation)(**arguments)


def tagged(found: Mapping[str, Any]) -> bool:
    """Whether a role or a policy was made by bootstrap."""
    return any(each.get("Key") == TAG for each in found.get("Tags") or [])
