"""What accounts let others have: repositories of ECR and buckets of S3, by their own policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.backends import get_backend
from moto.s3.models import s3_backends

from smsandbox.aws.iam.policy import Access, decide
from smsandbox.aws.iam.principals import listed, names
from smsandbox.aws.moto.backend import PARTITION

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Request


def lets(policy: str | bytes | None, caller: str, access: Access) -> bool:
    """Whether the policy of a resource, JSON, allows the caller, an ARN of another account, what it wants."""
    statements = listed(json.loads(policy or "{}").get("Statement", []))
    # A repository's policy names no resource: it is about the repository.
    mine = [{"Resource": "*", **each} for each in statements if names(each, caller)]
    return decide([{"Statement": mine}], access) == "Allow"


def policy_of_another(request: Request) -> str | bytes | None:
    """The policy of another account's repository or bucket that a call is about, empty where it has none.

    None for a call about what is the caller's own, or is not there.
    """
    params = request.params
    registry = str(params.get("registryId") or request.account)
    if request.service == "ecr" and registry != request.account and "repositoryName" in params:
        repository = get_backend("ecr")[registry][request.region].repositories.get(str(params["repositoryName"]))
        return None if repository is None else repository.policy or ""
    if request.service == "s3" and "Bucket" in params and request.operation != "CreateBucket":
        owner = owner_of(str(params["Bucket"]))
        if owner not in {None, request.account}:
            return policy_of_bucket(str(params["Bucket"])) or ""
    return None


def owner_of(bucket: str) -> str | None:
    """The account that a bucket belongs to; None where there is no such bucket."""
    found = s3_backends.bucket_accounts.get(bucket)
    return None if found is None else str(found[1])


def policy_of_bucket(bucket: str) -> str | bytes | None:
    owner = owner_of(bucket)
    return None if owner is None else s3_backends[owner][PARTITION].get_bucket(bucket).policy
