"""What a look at the counts leaves in the status: findings, and few looks, evenly spread over the requests, so that the
sequence can be drawn.
"""

from collections.abc import Sequence

from smendpoints.api.experiment_status import MOST_LOOKS, Bounds, Look, SageMakerExperimentStatus
from smendpoints.domain.experiment import figures
from smendpoints.domain.experiment.scene import Scene


def kept(looks: Sequence[Look], new: Look) -> list[Look]:
    """The looks with a new one; beyond the most that are kept the one goes that is missed least.

    That is the one whose neighbours are nearest to each other, in requests; the first and the last stay. A look that
    tells of no further request takes the place of the last.
    """
    found = [*looks]
    if found and found[-1].requests == new.requests:
        found.pop()
    found.append(new)
    while len(found) > MOST_LOOKS:
        least = min(range(1, len(found) - 1), key=lambda at: found[at + 1].requests - found[at - 1].requests)
        del found[least]
    return found


def taken(scene: Scene, status: SageMakerExperimentStatus) -> SageMakerExperimentStatus:
    """The status with what a look brought, if there was one."""
    looked = scene.looked
    if looked is None or looked.until is None or not looked.judged:
        return status
    challengers = [
        each.model_copy(
            update={
                "verdict": str(found.verdict),
                "reason": found.reason[:1024],
                "metrics": [
                    metric.model_copy(update={"counted_until": looked.outcomes.get(metric.metric)})
                    for metric in found.findings
                ],
            }
        )
        if (found := looked.judged.get(each.variant)) is not None and each.ended_at is None
        else each
        for each in status.challengers
    ]
    points = [
        Bounds(variant=each.variant, difference=first.difference, lower=first.lower, upper=first.upper)
        for each in challengers
        if each.metrics and (first := each.metrics[0]) is not None
    ]
    requests = sum(looked.requests.values())
    look = Look(at=looked.until, requests=requests, primary=points)
    primary = scene.experiment.spec.metrics.primary
    leading = figures.lead(challengers, higher=primary.better == "Higher")
    return status.model_copy(
        update={
            "challengers": challengers,
            "looks": kept(status.looks, look),
            "arms": [each.model_copy(update={"requests": looked.requests.get(each.variant)}) for each in status.arms],
            "requests": requests,
            "counted_until": looked.until,
            "primary": figures.primary(leading, mean=primary.is_mean),
            "interval": figures.interval(leading, mean=primary.is_mean),
        }
    )
