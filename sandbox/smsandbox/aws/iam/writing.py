"""Whether a role may write an object of S3: by its own policies or the bucket's. Not here: keys of KMS."""

from __future__ import annotations

import json
from typing import Any

from moto.backends import get_backend
from moto.s3.exceptions import MissingBucket

from smsandbox.aws.iam.policy import Access, decide
from smsandbox.aws.iam.principals import listed, names
from smsandbox.aws.iam.simulation import texts
from smsandbox.aws.moto.backend import PARTITION
from smsandbox.aws.moto.objects import split_uri


def may_write(role_arn: str, account: str, uri: str) -> bool:
    """`account` is the endpoint's, whose buckets are looked at; a role that IAM does not know may nothing."""
    owner = role_arn.split(":")[4]
    role = next((each for each in get_backend("iam")[owner][PARTITION].roles.values() if each.arn == role_arn), None)
    if role is None:
        return False
    bucket, key = split_uri(uri)
    documents = [json.loads(text) for text in texts(role)]
    mine = [each for each in _bucket_policy(account, bucket) if names(each, role_arn)]
    access = Access("s3:PutObject", f"arn:{role_arn.split(':')[1]}:s3:::{bucket}/{key}")
    return decide([*documents, {"Statement": mine}], access) == "Allow"


def _bucket_policy(account: str, bucket: str) -> list[dict[str, Any]]:
    try:
        found = get_backend("s3")[account][PARTITION].get_bucket(bucket).policy
    except MissingBucket:
        return []
    return listed(json.loads(found).get("Statement", [])) if found else []
