"""Which container's log tells why an attempt failed, and when that is looked at."""

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.ports import Aws
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.plan.wording import failing
from smendpoints.domain.reasons import Reason

_FAILED = frozenset({Reason.CREATE_FAILED, Reason.UPDATE_FAILED, Reason.CAPACITY_SHORTAGE})


def tail(account: Aws, resource: SageMakerEndpoint, desired: Desired, observed: Observed, todo: Plan) -> list[str]:
    """The last lines of the log of what has just failed; none if it failed before, or its containers were healthy."""
    rollout, endpoint = todo.rollout, observed.endpoint
    if todo.verdict.reason not in _FAILED or rollout is None or endpoint is None or rollout.undone_by is not None:
        return []
    told = resource.status.failure
    if told is not None and told.reason == rollout.message:
        return []
    since = endpoint.created_at if endpoint.status == "Failed" else rollout.started_at
    return account.log_tail(desired.endpoint_name, failing(rollout.message or "", desired.variant_names()), since)
