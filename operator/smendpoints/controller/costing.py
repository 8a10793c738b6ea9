"""What an endpoint costs by the hour, with the prices that it takes."""

import contextlib

from smendpoints.api.status import Cost
from smendpoints.controller.ports import Aws
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.cost import hourly_cost
from smendpoints.domain.observed.observed import Observed


def cost_of(account: Aws, desired: Desired, observed: Observed, before: Cost | None) -> Cost | None:
    """The cost; none where a price is not known, for whatever reason: it holds up nothing."""
    cost = hourly_cost(desired, observed, account.prices.of, before)
    with contextlib.suppress(ReconcileError):
        if account.prices.look_up():
            return hourly_cost(desired, observed, account.prices.of, before)
    return cost
