"""What an object still has in AWS beyond what its spec asks for: it counts until AWS shows that it is gone.

An edit asks for fewer instances at once; AWS has them fewer much later, or never, where the update fails or scaling is
suspended. Until then the namespace does not get back what runs. So it is with tags that an edit takes away. Not here:
the limits, see `limits`.
"""

from collections.abc import Iterable, Mapping

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Resolved
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason
from smendpoints.domain.tenancy.facts import Capacity, capacity, within

_MOST_KEYS = 100


def before(pinned: Resolved | None, asked: Capacity) -> dict[str, int] | None:
    """What may still run of specs before this one. Of several that were never in service each type's most counts."""
    if pinned is None:
        return None
    found = dict(pinned.capacity_before or {})
    if pinned.capacity != dict(asked):
        _raise_to(found, pinned.capacity)
    return found if not within(tuple(found.items()), asked) else None


def other_keys(resource: SageMakerEndpoint, tags: Iterable[str], required: Iterable[str]) -> list[str]:
    """The keys of tags beside `tags` that the object may have set: what policies require, and what it asked for before.

    They are kept in the status from before a tag is set until after it is taken away, whenever the operator is killed.
    """
    pinned, endpoint = resource.status.resolved, resource.status.endpoint
    found = {*required, *(endpoint.tag_keys if endpoint is not None else ())}
    if pinned is not None:
        found |= {*pinned.tags, *pinned.other_tag_keys}
    return sorted(found.difference(tags))[:_MOST_KEYS]


def left_over(
    resolved: Resolved, resource: SageMakerEndpoint, endpoint: ObservedEndpoint | None, todo: Plan
) -> Resolved:
    """What is pinned, with what AWS still has: nothing more once it is stopped, or in service as the spec says."""
    keys = [key for key in resolved.other_tag_keys if key in resource.spec.tags]
    if endpoint is None and todo.verdict.reason is Reason.STOPPED:
        return resolved.model_copy(update={"capacity_before": None, "other_tag_keys": keys})
    if endpoint is None or not todo.verdict.ready or todo.verdict.reason is not Reason.IN_SERVICE:
        return resolved
    found: dict[str, int] = {}
    for variant in resource.spec.all_variants():
        shown = endpoint.variant(variant.name)
        for types, most in capacity({"variants": [variant.to_json()]}):
            running = shown.desired_count or 0 if shown is not None else 0
            found[types] = found.get(types, 0) + max(most, running)
    larger = not within(tuple(found.items()), tuple(resolved.capacity.items()))
    return resolved.model_copy(update={"capacity_before": found if larger else None, "other_tag_keys": keys})


def _raise_to(found: dict[str, int], other: Mapping[str, int]) -> None:
    for types, count in other.items():
        found[types] = max(found.get(types, 0), count)
