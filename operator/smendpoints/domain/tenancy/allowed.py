"""What policies and limits together refuse: of a spec, and of a revision that is brought back in its place."""

from collections.abc import Callable, Iterable

from smendpoints.domain.tenancy.facts import Facts, within
from smendpoints.domain.tenancy.limits import PriceOf, Room, limited
from smendpoints.domain.tenancy.policy import Policies, Request, Violation, violations


def of_place(found: Iterable[Violation]) -> bool:
    """Whether the policies do not allow the role that is assumed, or the region."""
    return any(each.asked in {"assumeRoleARNs", "regions"} for each in found)


def not_allowed(
    request: Request, policies: Policies, room: Room | None, prices: Callable[[], PriceOf]
) -> tuple[Violation, ...]:
    """Of a spec. `prices` are asked for in the place of the endpoint, so only if the place is allowed."""
    if not policies:
        return ()
    found = violations(request, policies)
    if room is None or of_place(found):
        return found
    return (*found, *limited(request.capacity, room, policies, prices()))


def not_allowed_back(request: Request, policies: Policies, facts: Facts, room: Room | None) -> tuple[Violation, ...]:
    """Of a revision in place of the object's spec. What it may hold beyond the spec's share is none."""
    if not policies:
        return ()
    found = violations(request, policies)
    if room is None or within(request.capacity, facts.asked):
        return found
    message = "the revision has instances that the spec does not ask for, and the namespace has limits"
    return (*found, Violation(policies[0].metadata.name, "maxInstances", message))
