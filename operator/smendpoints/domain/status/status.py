"""The status: what to tell the user after a reconcile. A pure function of what was seen, planned and refused."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from smendpoints.api.group import ROLLBACK_TO
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Condition, Converged, Cost, EndpointStatus, SageMakerEndpointStatus
from smendpoints.api.status_rollout import Revision, RolledBackTo, RolloutStatus
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.convergence import converged_generation
from smendpoints.domain.plan.progress import NOTHING_UNDER_WAY
from smendpoints.domain.plan.verdict import Plan, Verdict
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions, fleet
from smendpoints.domain.status.advice import advised, failure_of, verdict_of
from smendpoints.domain.status.availability import AVAILABLE, NOT_OWNED, availability, unseen
from smendpoints.domain.status.history import Told, next_history
from smendpoints.domain.status.scaling import autoscaling
from smendpoints.domain.status.shown import endpoint_of, is_ours
from smendpoints.domain.status.supplies import UNKNOWN, Supplied, launch_blocked, source_changed


def _with_ignored(message: str, resource: SageMakerEndpoint) -> str:
    """The message, with what the spec says beside `scaling` that does nothing any more."""
    counted = [
        variant.name
        for variant in resource.spec.variants
        if variant.scaling is not None and variant.instance is not None and "count" in variant.instance.model_fields_set
    ]
    ignored = f"; instance.count of {', '.join(counted)} is ignored: autoscaling sets the number of instances"
    return message if not counted or message.endswith(ignored) else f"{message}{ignored}"


def report(
    resource: SageMakerEndpoint,
    desired: Desired,
    observed: Observed,
    plan: Plan,
    failure: ReconcileError | None,
    *,
    applied: bool,
    refusals: tuple[ReconcileError, ...] = (),
    supplies: Supplied = UNKNOWN,
    url: str,
    log_tail: list[str] | None,
    cost: Cost | None,
    retry_at: datetime | None = None,
    fingerprint: str | None,
    now: datetime,
) -> SageMakerEndpointStatus:
    """The status after a reconcile that observed, planned, and applied until done or until `failure`.

    `applied` says that the change that leaves the endpoint busy was made, so that the plan's memory is true. `log_tail`
    is None where no log may be shown; empty, it leaves what was shown of the same failure. `refusals` are all of which
    `failure` is the one that is told; `supplies`, what is known of what other instances need. `fingerprint` is that of
    what was wanted and seen, if nothing is left to do. `retry_at`: when what
    failed is tried again by itself.
    """
    old = resource.status
    generation = resource.metadata.generation
    verdict = advised(plan.verdict) if failure is None else verdict_of(failure, resource, plan.verdict, retry_at)
    written_ahead = not plan.actions
    rollout = plan.rollout if failure is None or applied or written_ahead else old.rollout
    if failure is not None and (plan.announces is not None or (plan.launches() and not applied)):
        rollout = _not_made(old.rollout, plan.rollout, failure)
    if rollout is not None and failure is not None and failure.refuses_update():
        ended = {"phase": "Failed", "message": failure.message[:1024], **NOTHING_UNDER_WAY}
        rollout = rollout.model_copy(update=ended)
    new = []
    converged = plan.verdict.ready and failure is None  # until then what differs is work left, no drift
    drifted = conditions.find(old.conditions, "Drifted")
    if converged or plan.drift or (drifted is not None and drifted.observed_generation == generation):
        new.append(conditions.of_drift(plan.drift, generation, now))
    scaled = autoscaling(old, desired, observed, plan, refusals, applied=failure is None or bool(refusals))
    if scaled is not None:
        reason, message = scaled
        new.append(conditions.of_autoscaling(reason, _with_ignored(message, resource), generation, now))
    blocked = launch_blocked(old, observed.endpoint, supplies, generation, now)
    changed = source_changed(old, observed.endpoint, supplies, generation, now)
    new += [each for each in (blocked, changed) if each is not None]
    shown = observed.endpoint
    ours = shown if shown is not None and is_ours(desired, shown, plan) else None
    variants = fleet.in_service(observed, desired, old) if ours is not None else []
    beside = fleet.pending(observed, desired) if ours is not None else []
    endpoint = endpoint_of(resource, desired, observed, plan if failure is None else None, url)
    stopping = plan.verdict.reason is Reason.STOPPING
    new.append(availability(endpoint, ours, desired, generation, now, stopping=stopping))
    return told(
        old,
        verdict,
        generation,
        now,
        besides=new,
        created_in_aws=old.created_in_aws is not False or (shown is not None and desired.owner.owns(shown.tags)),
        converged=_converged(resource, fingerprint, converged=converged),
        traffic_owner=resource.traffic,
        endpoint=endpoint,
        variants=variants,
        pending_variants=beside or None,
        instances=fleet.instances(variants, beside),
        traffic=fleet.traffic(variants, beside, rollout),
        redeployed_at=desired.redeployed,
        rolled_back_to=_rolled_back_to(resource, desired),
        rollout=rollout,
        in_place=old.in_place if plan.turns is None else list(plan.turns.made if applied else plan.turns.kept),
        history=_history(resource, plan, failure, rollout, now),
        failure=failure_of(resource, plan, failure, log_tail),
        cost=cost if ours is not None or shown is None else None,
    )


def _not_made(
    old: RolloutStatus | None, attempt: RolloutStatus | None, failure: ReconcileError
) -> RolloutStatus | None:
    """An attempt that was refused before it was made: it is blocked, where somebody has to do something about that."""
    if attempt is None or failure.kind not in {Kind.BLOCKED, Kind.INVALID}:
        return old
    same = old is not None and old.phase == "Blocked" and old.attempt == attempt.attempt
    told = {"phase": "Blocked", **NOTHING_UNDER_WAY, "message": failure.message[:1024]}
    since = {"started_at": old.started_at, "endpoint_modified_at": old.endpoint_modified_at} if same and old else {}
    return attempt.model_copy(update=told | since)


def _rolled_back_to(resource: SageMakerEndpoint, desired: Desired) -> RolledBackTo | None:
    """The revision that the annotation brings back; kept while the annotation is there, so that it holds once."""
    before = resource.status.rolled_back_to
    asked = resource.metadata.annotations.get(ROLLBACK_TO)
    return desired.back or (before if before is not None and before.asked == asked else None)


def told(
    old: SageMakerEndpointStatus,
    verdict: Verdict | None,
    generation: int,
    now: datetime,
    *,
    besides: Iterable[Condition] | None = None,
    **found: Any,
) -> SageMakerEndpointStatus:
    """The status with a verdict, and with what else was found: every status that is written is made here.

    Without a verdict the one of before stands. `besides` are the conditions beside those of the verdict; None: those of
    before. What else was not found out stays as it was.
    """
    said = conditions.told(old.conditions, verdict, generation, now, besides)
    return old.model_copy(update={"observed_generation": generation, "conditions": said, **found})


def blind(resource: SageMakerEndpoint, verdict: Verdict, listed: str | None, now: datetime) -> SageMakerEndpointStatus:
    """The status of an object that could not be looked at; `listed` is the `EndpointStatus` that the listings show.

    All else stays as it was, but of a name that is another's there are no numbers to show.
    """
    old, generation = resource.status, resource.metadata.generation
    available = unseen(old, verdict.reason, listed, generation, now)
    found: dict[str, Any] = {}
    if verdict.reason is Reason.NAME_TAKEN:
        name = resource.spec.endpoint_name or (old.endpoint.name if old.endpoint is not None else None)
        found = {"variants": [], "pending_variants": None, "instances": None, "traffic": None, "cost": None}
        found["endpoint"] = EndpointStatus(name=name, status=NOT_OWNED) if name is not None else None
    return told(old, verdict, generation, now, besides=_beside_verdict(old, available), **found)


def _beside_verdict(old: SageMakerEndpointStatus, available: Condition | None) -> list[Condition]:
    """The conditions of before beside those of a verdict, with this one in the place of its own."""
    kept = [each for each in old.conditions if each.type not in {*conditions.OF_VERDICT, AVAILABLE}]
    return kept if available is None else [*kept, available]


def _history(
    resource: SageMakerEndpoint,
    plan: Plan,
    failure: ReconcileError | None,
    rollout: RolloutStatus | None,
    now: datetime,
) -> list[Revision]:
    old = resource.status
    blocked = str(failure) if failure is not None and failure.kind in {Kind.INVALID, Kind.BLOCKED} else None
    if blocked is not None and rollout is None and plan.rollout is not None:  # of the first of all nothing is kept
        rollout = plan.rollout.model_copy(update={"phase": "Pending"})
    adopted = old.adopted is True or plan.verdict.reason is Reason.ADOPTED
    told = Told(plan.changes, blocked, adopted)
    return next_history(old.history, rollout, told, resource.spec.revision_history_limit, now)


def _converged(resource: SageMakerEndpoint, fingerprint: str | None, *, converged: bool) -> Converged | None:
    if converged:
        return Converged(generation=resource.metadata.generation, fingerprint=fingerprint, traffic=resource.traffic)
    old = resource.status
    before = converged_generation(old)
    traffic = old.converged.traffic if old.converged is not None else None
    return Converged(generation=before, traffic=traffic) if before is not None else None
