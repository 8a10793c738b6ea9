"""Where moto would contradict the simulator or AWS: looked at before moto answers a call, and after.

CloudFormation would make things of services that are the simulator's in moto's own state, where nobody finds them:
refused. AWS's managed policies are there once they are named. A repository that scans on push has its images scanned.
A bucket has the tags that it was created with.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from moto.backends import get_backend

from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.moto.backend import PARTITION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsandbox.aws.core.context import Request
    from smsandbox.aws.core.ports import Objects

#: Calls whose parameters are looked at.
SERVICES = frozenset({"cloudformation", "iam", "ecr"})
TAGGED = ("s3", "CreateBucket")
OURS = re.compile(
    r"\bAWS::(?:SageMaker|ApplicationAutoScaling)::\w+|\bAWS::CloudWatch::(?:(?:Composite)?Alarm|Dashboard)\b"
)
URL = re.compile(r"https?://[^\s\"'<>]+")
MANAGED = "arn:aws:iam::aws:policy/"
_NESTED = 3


def before(call: Request, objects: Objects) -> None:
    """Raise AwsError for what moto must not do, and see that there is what AWS has from the start."""
    if call.service == "cloudformation":
        for template in _templates(call, objects):
            if (found := OURS.search(template)) is not None:
                raise AwsError(
                    "ValidationError",
                    f"The sandbox's CloudFormation does not make {found[0]}: make it with the API of its own service.",
                )
    if call.service == "iam" and str(call.params.get("PolicyArn", "")).startswith(MANAGED):
        _provide(call.account, str(call.params["PolicyArn"]))


def owner(call: Request) -> str | None:
    """The account whose registry a call to ECR is about, where it names another one than the caller's."""
    registry = call.params.get("registryId") if call.service == "ecr" else None
    return None if registry in {None, call.account} else str(registry)


def after(call: Request) -> None:
    """What AWS does by itself when a call has succeeded."""
    if call.service == "ecr" and call.operation == "PutImage":
        registry = str(call.params.get("registryId") or call.account)
        backend = get_backend("ecr")[registry][call.region]
        repository: Any = backend.repositories[call.params["repositoryName"]]
        image = repository.images[-1]
        if repository.image_scanning_configuration.get("scanOnPush") and image.last_scan is None:
            backend.start_image_scan(registry, repository.name, {"imageDigest": image.get_image_digest()})
    if (call.service, call.operation) == TAGGED:
        tags = (call.params.get("CreateBucketConfiguration") or {}).get("Tags") or []
        if tags:
            named = {str(each["Key"]): str(each["Value"]) for each in tags}
            get_backend("s3")[call.account][PARTITION].put_bucket_tagging(str(call.params["Bucket"]), named)


def _templates(call: Request, objects: Objects) -> Iterator[str]:
    """The template of a call and those that it names, as far as they are in S3."""
    texts = [str(call.params.get(member, "")) for member in ("TemplateBody", "TemplateURL")]
    for _ in range(_NESTED):
        yield from texts
        urls = [url for text in texts for url in URL.findall(text)]
        texts = [text for url in urls if (text := _read(call, objects, url)) is not None]


def _read(call: Request, objects: Objects, url: str) -> str | None:
    place = urlparse(url)
    bucket, _, rest = (place.hostname or "").partition(".s3")
    path = place.path.lstrip("/")
    for uri in (f"s3://{path}", f"s3://{bucket}/{path}") if rest else (f"s3://{path}",):
        try:
            return objects.read(call.account, uri).decode(errors="replace")
        except (KeyError, ValueError):
            continue
    return None


def _provide(account: str, arn: str) -> None:
    """Let moto know one of AWS's managed policies; all of them would take seconds."""
    from moto.iam.models import AWSManagedPolicy  # noqa: PLC0415 - with five megabytes of policies

    backend: Any = get_backend("iam")[account][PARTITION]
    if arn not in backend.managed_policies:
        name = arn.rpartition("/")[2]
        policy = _policies().get(name)
        if policy is not None:
            made = AWSManagedPolicy.from_data(name, account, "us-east-1", policy)
            if made.arn == arn:
                backend.managed_policies[arn] = made


@cache
def _policies() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - likewise

    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found
