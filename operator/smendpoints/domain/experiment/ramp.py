"""The steps of traffic in an experiment: when the next one follows, with what weights, and what of it counts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from smendpoints.api.experiment_status import SageMakerExperimentStatus, TrafficStep
from smendpoints.domain.experiment import arms as arms_
from smendpoints.domain.experiment.scene import Scene
from smendpoints.statistics.rules import Verdict


def next_percent(scene: Scene, steps: Sequence[TrafficStep]) -> float | None:
    """The share that follows in the ramp, once the last one has served for its time; interruptions do not count."""
    spec, step = scene.experiment.spec, steps[-1]
    following = next((each for each in arms_.percents(spec) if each > step.traffic_percent), None)
    minutes = next((each.minutes for each in spec.ramp if each.traffic_percent == step.traffic_percent), None)
    if minutes is None:
        return None
    served = sum((_lasted(scene, each) for each in steps if each.traffic_percent == step.traffic_percent), timedelta())
    return following if served >= timedelta(minutes=minutes) else None


def _lasted(scene: Scene, step: TrafficStep) -> timedelta:
    return (step.counts_until or scene.now) - step.counts_from if step.counts_from is not None else timedelta()


def stepped(scene: Scene, status: SageMakerExperimentStatus, percent: float) -> SageMakerExperimentStatus:
    """Other weights from now on; what was counted with those of before stays."""
    lost = {each.variant for each in status.challengers if each.ended_at is not None}
    weights = arms_.weights_of(scene.experiment.spec, status.arms, percent, lost)
    steps = closed(status.steps, scene.now, scene.period)
    new = TrafficStep(traffic_percent=percent, weights=weights, asked_at=scene.now)
    return status.model_copy(update={"weights": weights, "steps": [*steps, new]})


def interrupted(scene: Scene, status: SageMakerExperimentStatus) -> SageMakerExperimentStatus:
    """The same weights, counted anew once they are in force again: not of the last period, as it was noticed late."""
    earlier, step = scene.now - timedelta(seconds=scene.period), status.steps[-1]
    again = TrafficStep(traffic_percent=step.traffic_percent, weights=step.weights, asked_at=scene.now)
    return status.model_copy(update={"steps": [*closed(status.steps, earlier, scene.period), again]})


def closed(steps: Sequence[TrafficStep], at: datetime, period: int) -> list[TrafficStep]:
    """The last step ends with the last whole period before; one in which nothing was counted has never been."""
    *before, last = steps
    until = arms_.boundary_before(at, period)
    if last.counts_from is None or last.counts_from >= until:
        return before
    return [*before, last.model_copy(update={"counts_until": until})]


def given_up(scene: Scene, status: SageMakerExperimentStatus) -> SageMakerExperimentStatus:
    """Challengers that are worse get no more traffic; the others go on."""
    lost = [each.variant for each in status.challengers if each.verdict == Verdict.ROLLBACK and each.ended_at is None]
    if not lost:
        return status
    challengers = [
        each.model_copy(update={"ended_at": scene.now}) if each.variant in lost else each for each in status.challengers
    ]
    status = status.model_copy(update={"challengers": challengers})
    return stepped(scene, status, status.steps[-1].traffic_percent)
