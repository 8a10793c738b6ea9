"""Whether an experiment ends now, how, and why. Not here: what the status says from then on (`life`)."""

from datetime import timedelta

from smendpoints.api.experiment_status import Outcome, SageMakerExperimentStatus
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.experiment import arms as arms_
from smendpoints.domain.experiment import figures
from smendpoints.domain.experiment.outcomes import outcome_metrics
from smendpoints.domain.experiment.scene import Scene
from smendpoints.statistics.rules import Verdict

_PATIENCE = timedelta(minutes=15)
"""So long after the longest time what can't be read is waited for; then nothing can be concluded."""


def broken(scene: Scene) -> str | None:
    """Why nothing can be concluded any more, whatever was counted."""
    status, spec, endpoint = scene.experiment.status, scene.experiment.spec, scene.endpoint
    why = _without(endpoint, spec.endpoint_ref.name, status.endpoint_uid)
    if endpoint is None or why is not None:
        return why
    if status.fixed != content_hash(spec.fixed()):
        return "its rules were edited while it ran: make a new SageMakerExperiment"
    for arm in status.arms:
        now = arms_.arm_of(endpoint, arm.variant)
        if now is None:
            return f"variant {arm.variant} was taken out of {spec.endpoint_ref.name} while it ran"
        if now.model != arm.model:
            return (
                f"the model of variant {arm.variant} was edited while it ran, so that its requests are of two models:"
                " make a new SageMakerExperiment for the new one"
            )
    captured = arms_.captured(endpoint)
    gone = endpoint.spec.data_capture is None or captured not in {None, status.captured}
    if gone and outcome_metrics(spec):
        return (
            f"{spec.endpoint_ref.name} captures its requests elsewhere than when it began, or no more, so that"
            " outcomes are known of a part of them: keep spec.dataCapture, and make a new SageMakerExperiment"
        )
    return None


def _without(endpoint: SageMakerEndpoint | None, name: str, began_with: str | None) -> str | None:
    """Why the object that it began with is none any more."""
    if endpoint is None:
        return f"SageMakerEndpoint {name} is gone"
    if arms_.is_another(endpoint, began_with):
        return f"SageMakerEndpoint {name} was deleted and made again while it ran: make a new SageMakerExperiment"
    return f"SageMakerEndpoint {name} is being deleted" if endpoint.metadata.deletion_timestamp is not None else None


def outcome_of(scene: Scene, status: SageMakerExperimentStatus) -> tuple[Outcome, str, str | None] | None:
    """How it ends now: the outcome, why, and the winner; None: it goes on."""
    spec, started = scene.experiment.spec, status.started_at or scene.now
    fresh = scene.looked.judged if scene.looked is not None else {}
    left = [each for each in status.challengers if each.ended_at is None and each.variant in fresh]
    age = scene.now - started
    invalid = next((each for each in left if each.verdict == Verdict.INVALID), None)
    if invalid is not None:
        return "INVALID", f"{invalid.variant}: {invalid.reason}", None
    going = [each for each in left if each.verdict != Verdict.ROLLBACK]
    if left and not going and len(left) == len([each for each in status.challengers if each.ended_at is None]):
        return "ROLLBACK", "; ".join(f"{each.variant}: {each.reason}" for each in left), None
    if age >= timedelta(minutes=spec.duration.min_minutes):
        shipped = [each for each in going if each.verdict == Verdict.SHIP]
        best = figures.lead(shipped, higher=spec.metrics.primary.better == "Higher")
        if best is not None:
            return "SHIP", f"{best.variant}: {best.reason}", best.variant
    longest = timedelta(minutes=spec.duration.max_minutes)
    if going and age >= longest and all(each.verdict == Verdict.INCONCLUSIVE for each in going):
        return "INCONCLUSIVE", "; ".join(f"{each.variant}: {each.reason}" for each in going), None
    if age >= longest + _PATIENCE:
        unread = scene.looked.unread if scene.looked is not None else None
        if unread is not None:
            return "INVALID", f"data is missing: {unread}", None
        if status.steps[-1].counts_from is None:
            return "INCONCLUSIVE", "the traffic was never split as the experiment wants it", None
    return None
