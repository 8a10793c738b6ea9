"""Looks once in an hour whether what another instance of an endpoint at rest would need is still in AWS.

What is found lasts in the status; a restart loses when it was looked, and spreads the next looks over the hour.
"""

import logging
import random
from collections.abc import Mapping

from smendpoints.api.status_rollout import LaunchedFrom
from smendpoints.controller.memory import Memory
from smendpoints.controller.ports import Aws
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan, Requeue
from smendpoints.domain.preflight.launch import Stored, artifacts_of
from smendpoints.domain.preflight.overwritten import launched, overwritten
from smendpoints.domain.preflight.supplies import supplies_of
from smendpoints.domain.status.supplies import UNKNOWN, Supplied

logger = logging.getLogger(__name__)
_HOUR, _SOON = 3600.0, 600.0


def next_look(memory: Memory, now: float) -> float:
    """Seconds until the next look, which is set where there is none yet; `now` is of the monotonic clock."""
    if memory.seen.supplies_at is None:
        memory.seen.supplies_at = now + _HOUR * random.uniform(0.1, 1.0)  # noqa: S311 - it spreads looks
    return max(1.0, memory.seen.supplies_at - now)


def supplied(account: Aws, given: Input, todo: Plan, memory: Memory, now: float) -> Supplied:
    """What is known of the supplies of the endpoint in service; asked if it is time to."""
    endpoint = given.observed.endpoint
    rests = todo.verdict.ready and todo.requeue is Requeue.STEADY and not todo.verdict.stalled
    if endpoint is None or not rests or endpoint.config_name != given.desired.config_name:
        return UNKNOWN
    if memory.seen.supplies_at is None or now < memory.seen.supplies_at:
        return UNKNOWN
    try:
        lacks = account.preflight.lacks(supplies_of(given.desired))
    except ReconcileError as failure:
        logger.info("%s: supplies are not looked at: %s", given.desired.endpoint_name, failure)
        memory.seen.supplies_at = now + _SOON
        return UNKNOWN
    memory.seen.supplies_at = now + (_HOUR * random.uniform(0.8, 1.0) if lacks is None else _SOON)  # noqa: S311
    images = account.preflight.digests(given.desired.images())
    artifacts = account.preflight.stored(artifacts_of(given.desired))
    fleet = _fleet(given, endpoint, artifacts)
    return Supplied(known=True, lacks=lacks, overwritten=overwritten(endpoint, images, fleet, artifacts), fleet=fleet)


def _fleet(given: Input, endpoint: ObservedEndpoint, artifacts: Mapping[str, Stored]) -> LaunchedFrom:
    """What the fleet in service was launched from: as remembered, else as far as can be told now."""
    name = given.desired.config_name
    for each in given.resource.status.launched_from:
        if each.config_name == name:
            return each
    since = (each.at for each in given.recorded.history if each.config_name == name and each.outcome == "Deployed")
    return launched(name, max(next(since, given.now), endpoint.created_at), artifacts)
