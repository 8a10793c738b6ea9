"""Stored objects, images and roles, read straight from moto's state: with no request and no credentials."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from moto.backends import get_backend
from moto.s3.exceptions import MissingBucket

from smsandbox.aws.core.ports import ImageInfo, RoleInfo
from smsandbox.aws.moto.backend import PARTITION
from smsandbox.aws.moto.images import PROGRAM_ANNOTATION, ImageReference


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` URI; ValueError for anything else."""
    if not uri.startswith("s3://"):
        raise ValueError(f"{uri} is no S3 URI; write s3://bucket/key")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


class MotoObjects:
    """S3 objects, ECR images and IAM roles, read from moto's state. Implements `ports.Objects`."""

    def exists(self, account: str, region: str, uri: str) -> bool:
        return self._key(account, uri, region) is not None

    def prefix_exists(self, account: str, region: str, uri: str) -> bool:
        bucket_name, _ = split_uri(uri)
        bucket = self._bucket(account, bucket_name)
        return bucket is not None and bucket.region_name == region and bool(self.list(account, uri))

    def bucket_region(self, account: str, uri: str) -> str | None:
        bucket = self._bucket(account, split_uri(uri)[0])
        return None if bucket is None else str(bucket.region_name)

    def list(self, account: str, uri: str) -> list[str]:
        bucket_name, prefix = split_uri(uri)
        bucket = self._bucket(account, bucket_name)
        if bucket is None:
            return []
        return sorted(f"s3://{bucket_name}/{key}" for key in list(bucket.keys) if key.startswith(prefix))

    def read(self, account: str, uri: str) -> bytes:
        key = self._key(account, uri)
        if key is None:
            raise KeyError(uri)
        body: bytes = key.value
        return body

    def content_type(self, account: str, uri: str) -> str | None:
        key = self._key(account, uri)
        return None if key is None else key.metadata.get("Content-Type")

    def write(self, account: str, uri: str, body: bytes, content_type: str) -> None:
        bucket, key = split_uri(uri)
        try:
            made = get_backend("s3")[account][PARTITION].put_object(bucket, key, body)
        except MissingBucket:
            raise KeyError(uri) from None
        made.set_metadata({"Content-Type": content_type})

    def image(self, uri: str) -> ImageInfo | None:
        reference = ImageReference.parse(uri)
        if reference is None:
            return None
        backend = get_backend("ecr")[reference.account][reference.region]
        repository = backend.repositories.get(reference.repository)
        for image in repository.images if repository is not None else ():
            if reference.tag in image.image_tags or reference.digest == image.get_image_digest():
                annotations = json.loads(image.image_manifest).get("annotations") or {}
                digest = image.get_image_digest()
                return ImageInfo(digest, f"{reference.name}@{digest}", annotations.get(PROGRAM_ANNOTATION))
        return None

    def role(self, arn: str) -> RoleInfo | None:
        account = arn.split(":")[4]
        for role in list(get_backend("iam")[account][PARTITION].roles.values()):
            if role.arn == arn:
                policy = json.loads(role.assume_role_policy_document)
                return RoleInfo(arn, _trusts_sagemaker(policy), role.create_date.replace(tzinfo=UTC).timestamp())
        return None

    def _key(self, account: str, uri: str, region: str | None = None) -> Any:
        bucket_name, key = split_uri(uri)
        bucket = self._bucket(account, bucket_name)
        if bucket is None or (region is not None and bucket.region_name != region):
            return None
        return bucket.keys.get(key)

    @staticmethod
    def _bucket(account: str, name: str) -> Any:
        try:
            return get_backend("s3")[account][PARTITION].get_bucket(name)
        except MissingBucket:
            return None


def _trusts_sagemaker(policy: dict[str, Any]) -> bool:
    def listed(value: Any) -> list[Any]:
        return value if isinstance(value, list) else [value]

    for statement in listed(policy.get("Statement", [])):
        principal = statement.get("Principal", {})
        services = ["*"] if principal == "*" else listed(principal.get("Service", []))
        actions = listed(statement.get("Action", []))
        if (
            statement.get("Effect") == "Allow"
            and {"sts:AssumeRole", "sts:*", "*"} & set(actions)
            and {"sagemaker.amazonaws.com", "*"} & set(services)
        ):
            return True
    return False
