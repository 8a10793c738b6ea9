"""Image references of ECR, and pushing an image that says which program it runs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

PROGRAM_ANNOTATION = "dev.smendpoints.sandbox.program"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
EMPTY = b"{}"
PATTERN = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<repository>[a-z0-9._/-]+)"
    r"(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class ImageReference:
    """An image in ECR, by tag or by digest."""

    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None
    name: str  # without tag and digest

    @classmethod
    def parse(cls, uri: str) -> ImageReference | None:
        """The parts of an ECR image URI; None when it is none. No tag and no digest means `latest`."""
        match = PATTERN.fullmatch(uri)
        if match is None:
            return None
        tag = match["tag"] if match["digest"] or match["tag"] else "latest"
        name = uri.split("@", maxsplit=1)[0]
        if match["tag"]:
            name = name.removesuffix(f":{match['tag']}")
        if match["digest"]:
            tag = None
        return cls(match["account"], match["region"], match["repository"], tag, match["digest"], name)


def manifest(program: str, repository: str, tag: str) -> str:
    """An OCI image manifest with no layers, annotated with the program that the sandbox runs for it."""
    descriptor = {"digest": f"sha256:{hashlib.sha256(EMPTY).hexdigest()}", "size": len(EMPTY)}
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", **descriptor},
            "layers": [],
            "annotations": {PROGRAM_ANNOTATION: program, "org.opencontainers.image.ref.name": f"{repository}:{tag}"},
        },
        sort_keys=True,
    )


def digest_of(text: str) -> str:
    """The digest of an image by its manifest."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def push(ecr: ECRClient, uri: str, program: str) -> str:
    """Put an image that runs `program` under an ECR URI, making the repository if need be; its digest."""
    reference = ImageReference.parse(uri)
    if reference is None or reference.tag is None:
        raise ValueError(f"{uri} is no ECR image; write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>")
    if reference.region != ecr.meta.region_name:
        raise ValueError(f"{uri} is in {reference.region}, but the client talks to {ecr.meta.region_name}")
    with contextlib.suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=reference.repository, registryId=reference.account)
    text = manifest(program, reference.repository, reference.tag)
    digest = digest_of(text)
    with contextlib.suppress(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(
            registryId=reference.account,
            repositoryName=reference.repository,
            imageManifest=text,
            imageManifestMediaType=MANIFEST_TYPE,
            imageTag=reference.tag,
            imageDigest=digest,
        )
    return digest
