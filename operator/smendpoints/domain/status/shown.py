"""The endpoint as the status shows it, and whether the object may show it at all. Pure functions."""

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import EndpointStatus
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.ownership import PREFIX
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.availability import NOT_OWNED

_MOST_TAGS = 50
# Taken over, or about to be: else what is not ours is refused with another reason.
_OF_NOBODY = frozenset({Reason.ADOPTED, Reason.SUSPENDED})


def _absent(before: EndpointStatus | None) -> str:
    """How an endpoint that is not in AWS stands: it never was there, or it was."""
    if before is None or before.status == NOT_OWNED:
        return "Pending"
    return "NotFound" if before.arn is not None else before.status


def endpoint_of(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, plan: Plan | None, url: str
) -> EndpointStatus:
    """The endpoint in AWS; of one that is not there its name and how it stands, of another's only that it is."""
    shown = observed.endpoint
    before = resource.status.endpoint
    said = plan.endpoint_status if plan is not None else None
    if shown is None:
        return EndpointStatus(name=desired.endpoint_name, status=said or _absent(before))
    if not is_ours(desired, shown, plan):
        return EndpointStatus(name=shown.name, status=NOT_OWNED)
    return EndpointStatus(
        name=shown.name,
        arn=shown.arn,
        status=said or shown.status,
        config_name=shown.config_name,
        url=url,
        created_at=shown.created_at,
        tag_keys=_tag_keys(resource, desired, shown, plan),
    )


def is_ours(desired: Desired, shown: ObservedEndpoint, plan: Plan | None) -> bool:
    """Whether the object may show what the endpoint is. Of another's no number, and no status, is its own."""
    return desired.owner.owns(shown.tags) or (plan is not None and plan.verdict.reason in _OF_NOBODY)


def _tag_keys(resource: SageMakerEndpoint, desired: Desired, shown: ObservedEndpoint, plan: Plan | None) -> list[str]:
    """The tags that the operator keeps, and those that it has set before and not yet taken away."""
    if not desired.owner.owns(shown.tags):
        return []
    keys = {key for key in desired.tags if not key.startswith(PREFIX)}
    before = resource.status.endpoint
    done = plan is not None and plan.verdict.ready and plan.verdict.reason is Reason.IN_SERVICE
    if before is not None and not done:
        keys |= set(before.tag_keys)  # what the endpoint has no more its configs and models may still have
    return sorted(keys)[:_MOST_TAGS]
