"""Whether the images and artifacts that an endpoint serves are still what is behind their names: pure functions.

A new instance starts from what is there now: beside the old ones it would serve something else. AWS tells the digest of
an image that serves, but not of an artifact: what that was is remembered with its launch. Not here: prefixes, under
which models come and go by intent.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from smendpoints.api.group import REDEPLOYED_AT
from smendpoints.api.status_rollout import LaunchedArtifact, LaunchedFrom
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.preflight.launch import Stored

_SHORT = 19  # `sha256:` and twelve digits
_MOST = 32  # as the schema has it


def launched(config_name: str, at: datetime, found: Mapping[str, Stored]) -> LaunchedFrom:
    """What the fleet of a config is launched from `at` this time, of which this was `found` by URI.

    What was written only since then is not what it was launched from: of that nothing is known.
    """
    artifacts = [
        LaunchedArtifact(uri=uri, etag=stored.etag if stored.modified_at <= at else None)
        for uri, stored in sorted(found.items())
    ]
    return LaunchedFrom(config_name=config_name, at=at, artifacts=artifacts[:_MOST])


def overwritten(
    endpoint: ObservedEndpoint, digests: Mapping[str, str], fleet: LaunchedFrom, found: Mapping[str, Stored]
) -> str | None:
    """What was written again since, for people; None if nothing was, as far as is known.

    `digests` are those of images as they are now, and `found` is what is behind the URIs of artifacts; `fleet`, what
    serves was launched from.
    """
    told = {*_images(endpoint, digests), *_artifacts(fleet, found)}
    if not told:
        return None
    return (
        f"{'; '.join(sorted(told))}: a new instance would serve another one beside the old; to roll it out, set "
        f"the annotation {REDEPLOYED_AT} to a new value"
    )


def _images(endpoint: ObservedEndpoint, digests: Mapping[str, str]) -> Iterator[str]:
    for each in (*endpoint.variants, *endpoint.shadows):
        now = digests.get(each.image or "")
        if each.image and each.digest and now and "@" not in each.image and now != each.digest:
            yield f"the image {each.image} is {now[:_SHORT]} now, and {each.digest[:_SHORT]} serves"


def _artifacts(fleet: LaunchedFrom, found: Mapping[str, Stored]) -> Iterator[str]:
    """Those with another ETag. What was there already at the launch was only seen late."""
    for each in fleet.artifacts:
        now = found.get(each.uri)
        if now is not None and now.etag != each.etag and now.modified_at > fleet.at:
            written = now.modified_at.astimezone(UTC)
            yield f"the artifact {each.uri} was overwritten at {written:%Y-%m-%dT%H:%M:%SZ}, and the one before serves"
