"""Weights, shares and intervals of an experiment in words, and which challenger leads."""

from collections.abc import Mapping, Sequence

from smendpoints.api.experiment_status import Arm, Challenger
from smendpoints.domain.experiment.arms import all_to


def lead(challengers: Sequence[Challenger], *, higher: bool) -> Challenger | None:
    """The challenger whose primary metric is the best so far, of those that are not given up."""
    sign = -1 if higher else 1
    known = [each for each in challengers if each.metrics and each.metrics[0].difference is not None]
    left = [each for each in known if each.ended_at is None] or known
    return min(left, key=lambda each: sign * (each.metrics[0].difference or 0.0), default=None)


def afterwards(endpoint: str, arms: Sequence[Arm], serving: str | None) -> str:
    """What becomes of the traffic, and what to write in Git: by it the endpoint's other variants keep their share."""
    if serving is None:
        return f"the weights of {endpoint}'s spec are in force again"
    lines = ", ".join(f"{name} {weight:g}" for name, weight in all_to(arms, serving).items())
    return (
        f"{serving} gets all traffic of the experiment until the weights of its variants in {endpoint} are edited:"
        f" set spec.variants[].weight in Git to {lines}, or remove the others"
    )


def split(weights: Mapping[str, float]) -> str:
    """Shares of the arms' traffic in percent."""
    total = sum(weights.values()) or 1.0
    return ", ".join(f"{name} {100 * weight / total:.3g} %" for name, weight in weights.items())


def primary(leading: Challenger | None, *, mean: bool) -> str | None:
    """The primary metric of control and challenger: shares in percent, or means."""
    if leading is None or leading.metrics[0].control is None or leading.metrics[0].challenger is None:
        return None
    first = leading.metrics[0]
    if mean:
        return f"{first.control:.4g} → {first.challenger:.4g}"
    return f"{100 * (first.control or 0):.3g}% → {100 * (first.challenger or 0):.3g}%"


def interval(leading: Challenger | None, *, mean: bool) -> str | None:
    """The differences that are still possible: of shares in points, or of means."""
    if leading is None or leading.metrics[0].lower is None or leading.metrics[0].upper is None:
        return None
    first = leading.metrics[0]
    if mean:
        return f"{first.lower:+.3g} to {first.upper:+.3g}"
    return f"{100 * (first.lower or 0):+.3g} to {100 * (first.upper or 0):+.3g} points"
