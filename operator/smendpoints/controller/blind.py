"""What is told while AWS cannot be observed, or a spec cannot be made sense of: all else in the status stays."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.finding import Finding
from smendpoints.controller.ports import Aws
from smendpoints.controller.requeue import moment, within_hours
from smendpoints.domain.desired.office_hours import schedule_of
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.verdict import reconciling, stalled
from smendpoints.domain.status.advice import with_retry
from smendpoints.domain.status.status import blind

_FOR_LONG = 4


def blinded(
    resource: SageMakerEndpoint,
    failure: ReconcileError,
    after: float,
    failures: int,
    account: Callable[[], tuple[Aws, str]],
    now: datetime,
) -> Finding:
    """A reconcile that failed for the `failures`-th time in a row, and is tried again `after` seconds.

    `account` is where the object's endpoint is, and its name.
    """
    old = resource.status
    with contextlib.suppress(ReconcileError):  # a schedule that cannot be read: that is what is being told
        after = within_hours(after, schedule_of(resource.spec, now, resource.keep()), now)
    current = old.observed_generation == resource.metadata.generation and bool(old.conditions)
    if failure.kind in {Kind.INVALID, Kind.BLOCKED}:
        verdict = stalled(failure.reason, with_retry(failure, moment(now, after)))
    elif current and failures < _FOR_LONG:
        return Finding(old, after)
    else:
        verdict = replace(reconciling(failure.reason, str(failure)), unknown=bool(old.conditions))
    listed = _listed(account) if failure.kind is Kind.INVALID else None
    return Finding(blind(resource, verdict, listed, now), after)


def _listed(account: Callable[[], tuple[Aws, str]]) -> str | None:
    """The `EndpointStatus` as it was listed last, of an object whose spec cannot be made sense of."""
    with contextlib.suppress(ReconcileError):
        aws, name = account()
        summary = aws.watch.peek(name)
        return summary.status if summary is not None else None
    return None
