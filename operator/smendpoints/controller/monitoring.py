"""Keeps the alarms and the dashboard of `spec.monitoring`, after all else of a reconcile and beside it.

Nothing here stands in the way of the endpoint: what AWS refuses is told by `MonitoringActive`, and tried again. What is
put is written down first, by a reconcile of its own, so that a killed process leaves nothing that nobody knows of.
"""

import logging
from dataclasses import replace
from typing import Any

from smendpoints.api.monitoring import MonitoringStatus
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Condition, SageMakerEndpointStatus
from smendpoints.controller.finding import Finding
from smendpoints.controller.keeper import Keeper, location_of
from smendpoints.controller.memory import Memory
from smendpoints.controller.ports import Aws
from smendpoints.controller.trouble import Trouble, pursuit_of
from smendpoints.controller.voiding import WhyNot
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.monitoring import firing
from smendpoints.domain.plan.input import Input
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.events import Event
from smendpoints.domain.status.monitoring import (
    MONITORING,
    monitoring_wanted,
    of_monitoring,
    recorded,
    told_active,
    with_conditions,
)

logger = logging.getLogger(__name__)
_SOON = 30.0  # seconds


def monitored(
    account: Aws,
    given: Input,
    finding: Finding,
    memory: Memory,
    poll_seconds: float,
    now: float,
    why_not: WhyNot,
    *,
    may_change: bool,
) -> Finding:
    """The finding, once CloudWatch has what the spec wants of it; `now` is of the monotonic clock.

    `may_change` is false where policies hold all back.
    """
    resource, status = given.resource, finding.status
    before = status.monitoring
    if resource.spec.monitoring is None and before is None:
        return finding
    wanted = monitoring_wanted(resource, status)
    if wanted is None or resource.spec.suspend or not may_change or not given.desired.owner.owns(_tags(given)):
        return _as_before(resource, finding)
    if before is None:
        memory.look_again()
        ahead = status.model_copy(update={"monitoring": MonitoringStatus()})
        return _as_before(resource, replace(finding, status=ahead, requeue_after=0.0))
    trouble = memory.monitors(replace(pursuit_of(resource, given.now), content=wanted.digest))
    if now < trouble.retry_at:
        return _as_before(resource, _sooner(finding, trouble.retry_at - now))
    keeper = Keeper(account, given, wanted, before, memory)
    try:
        keeper.look()
    except ReconcileError as failure:
        return _refused(keeper, finding, [failure], poll_seconds, now)
    if keeper.is_reported():
        return _drifted(keeper, finding)
    if keeper.todo and (why := why_not(resource)) is not None:
        logger.info("%s", why, extra={"reason": Reason.VOID})
        return _as_before(resource, _sooner(finding, _SOON))
    failures = keeper.apply(now)
    return _refused(keeper, finding, failures, poll_seconds, now) if failures else _done(keeper, finding)


def _tags(given: Input) -> dict[str, str]:
    """Those of the endpoint, or, of one that is stopped, those that it had."""
    endpoint = given.observed.endpoint
    return dict(endpoint.tags) if endpoint is not None else given.desired.owner.tags()


def _sooner(finding: Finding, after: float) -> Finding:
    return replace(finding, requeue_after=min(finding.requeue_after, max(1.0, after)))


def _as_before(resource: SageMakerEndpoint, finding: Finding) -> Finding:
    """Nothing was looked at: the condition of before stands."""
    told = conditions.find(resource.status.conditions, MONITORING)
    if told is None:
        return finding
    said = with_conditions(finding.status, resource.status, told)
    return replace(finding, status=finding.status.model_copy(update={"conditions": said}))


def _done(keeper: Keeper, finding: Finding) -> Finding:
    """All is as wanted."""
    keeper.memory.schedule.monitoring = Trouble()
    status = finding.status
    monitoring = keeper.given.spec.monitoring
    if monitoring is None:
        update: dict[str, Any] = {"monitoring": None}
        return _changed(keeper, finding, status.model_copy(update=update), ())
    fires = set(firing(keeper.alarms)) & set(keeper.wanted.names())
    update = {"monitoring": recorded(keeper.wanted, keeper.before, location_of(keeper.given), fires)}
    message = told_active(keeper.wanted, fires, len(monitoring.topic_arns))
    told = _condition(keeper, Reason.MONITORING_ACTIVE, message)
    return _changed(keeper, finding, status.model_copy(update=update), (told,))


def _refused(
    keeper: Keeper, finding: Finding, failures: list[ReconcileError], poll_seconds: float, now: float
) -> Finding:
    """AWS would not do all of it: told, and tried again, later each time."""
    first = min(failures, key=lambda each: each.kind is Kind.RETRY)
    tried_again = first if first.kind is Kind.RETRY else replace(first, kind=Kind.BLOCKED)  # all else may go through
    after = keeper.memory.schedule.monitoring.back_off(tried_again, poll_seconds, now)
    told = _condition(keeper, first.reason, "; ".join(map(str, failures)))
    return _sooner(_changed(keeper, finding, finding.status, (told,)), after)


def _drifted(keeper: Keeper, finding: Finding) -> Finding:
    """`driftPolicy: Report`: it is told, and nothing is done."""
    told = conditions.find(keeper.given.resource.status.conditions, MONITORING)
    return _changed(keeper, finding, finding.status, (told,) if told is not None else ())


def _condition(keeper: Keeper, reason: Reason, message: str) -> Condition:
    return of_monitoring(reason, message, keeper.given.resource.metadata.generation, keeper.given.now)


def _changed(keeper: Keeper, finding: Finding, status: SageMakerEndpointStatus, told: tuple[Condition, ...]) -> Finding:
    """The finding with the status, these conditions, and what is drift. What was put has to be listed yet."""
    resource, drift = keeper.given.resource, keeper.drift()
    events: tuple[Event, ...] = ()
    if drift:
        shown = conditions.find(status.conditions, "Drifted")
        before = (shown.message,) if shown is not None and shown.status == "True" else ()
        told = (*told, conditions.of_drift((*before, *drift), resource.metadata.generation, keeper.given.now))
        if not keeper.is_reported():
            message = f"restored: {'; '.join(drift)}"
            events = (Event(warning=False, reason=Reason.IN_PLACE, message=message),)
    update: dict[str, Any] = {"conditions": with_conditions(status, resource.status, *told)}
    if keeper.todo and status.converged is not None:
        update["converged"] = status.converged.model_copy(update={"fingerprint": None})
    return replace(finding, status=status.model_copy(update=update), events=(*finding.events, *events))
