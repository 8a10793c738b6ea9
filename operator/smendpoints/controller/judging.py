"""What CloudWatch is asked for a judged rollout: the hour before it, and both fleets while they serve side by side.

Reading stands in no other's way: what could not be read is told in the analysis, and is no success.
"""

from dataclasses import replace
from datetime import UTC, datetime

from smendpoints.api.analysis import AnalysisStatus
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.controller.ports import Aws
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.observed.samples import Readings
from smendpoints.domain.plan.analysis import planned, series_before, series_during
from smendpoints.domain.plan.judging import is_decided, is_over, judged, missed, unread

_BEFORE = 3600.0  # seconds


def with_analysis(
    account: Aws, resource: SageMakerEndpoint, desired: Desired, observed: Observed, now: datetime
) -> Observed:
    """What was observed, with the analysis of the attempt that is about to be made, or is under way."""
    endpoint, rollout = observed.endpoint, resource.status.rollout
    if endpoint is None or not desired.owner.owns(endpoint.tags):
        return observed
    if _is_under_way(endpoint, rollout) and rollout is not None:
        return replace(observed, analysis=_during(account, resource, desired, endpoint, rollout, now))
    if _is_about_to_begin(resource, desired, observed, endpoint):
        return replace(observed, analysis=_before(account, resource, desired, endpoint, now))
    return observed


def _is_under_way(endpoint: ObservedEndpoint, rollout: RolloutStatus | None) -> bool:
    return (
        rollout is not None
        and rollout.phase == "InProgress"
        and rollout.analysis is not None
        and endpoint.status == "Updating"
        and endpoint.pending_config == rollout.config_name
    )


def _is_about_to_begin(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, endpoint: ObservedEndpoint
) -> bool:
    """Whether an attempt is to be written ahead: one that is known already has its rules."""
    past = resource.status.rollout
    known = past is not None and past.attempt == desired.attempt() and past.phase != "Blocked"
    return (
        desired.analysis is not None
        and endpoint.status == "InService"
        and endpoint.config_name != desired.config_name
        and not observed.equivalent
        and not known
    )


def _before(
    account: Aws, resource: SageMakerEndpoint, desired: Desired, endpoint: ObservedEndpoint, now: datetime
) -> AnalysisStatus | None:
    if desired.analysis is None:
        return None
    reader = account.datapoints
    since = reader.settled(now) - int(_BEFORE // reader.period)
    found: Readings | str
    try:
        found = reader.read(series_before(desired.analysis, endpoint), since, now)
    except ReconcileError as failure:
        found = str(failure)
    variants = [each.name for each in desired.variants]
    return planned(desired.analysis, resource.spec.rollout, endpoint, variants, found)


def _during(
    account: Aws,
    resource: SageMakerEndpoint,
    desired: Desired,
    endpoint: ObservedEndpoint,
    rollout: RolloutStatus,
    now: datetime,
) -> AnalysisStatus | None:
    before = rollout.analysis
    if before is None or is_decided(before):
        return before
    reader = account.datapoints
    told_until = datetime.fromtimestamp(reader.settled(now) * reader.period, UTC)
    way = resource.spec.rollout if rollout.attempt == desired.attempt() else None
    over = is_over(rollout, way, told_until, now)
    if not before.steps or not before.metrics:
        return missed(before) if over else before
    if before.as_of == told_until and not over:
        return before
    since = int(before.steps[0].since.timestamp() // reader.period)
    try:
        found = reader.read(series_during(before, endpoint.name, rollout.config_name), since, now)
    except ReconcileError as failure:
        return unread(before, str(failure), passes=failure.kind is Kind.RETRY, over=over)
    return judged(before, endpoint.name, rollout.config_name, found, over=over)
