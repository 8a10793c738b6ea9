"""Whether the images that an endpoint serves are still what is behind their tags. A pure function.

A new instance starts from what is there now: beside the old ones it would serve something else. Not here: artifacts, of
which AWS does not tell what an instance has loaded.
"""

from collections.abc import Mapping

from smendpoints.api.resource import REDEPLOYED_AT
from smendpoints.domain.observed.observed import ObservedEndpoint

_SHORT = 19  # `sha256:` and twelve digits


def overwritten(endpoint: ObservedEndpoint, digests: Mapping[str, str]) -> str | None:
    """What was pushed again since, for people; None if nothing was, as far as is known. `digests` are those of now."""
    told = []
    for each in (*endpoint.variants, *endpoint.shadows):
        now = digests.get(each.image or "")
        if each.image and each.digest and now and "@" not in each.image and now != each.digest:
            told.append(f"the image {each.image} is {now[:_SHORT]} now, and {each.digest[:_SHORT]} serves")
    if not told:
        return None
    return (
        f"{'; '.join(sorted(set(told)))}: a new instance would serve another one beside the old; to roll it out, set "
        f"the annotation {REDEPLOYED_AT} to a new value"
    )
