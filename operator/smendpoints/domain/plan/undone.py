"""What undid an attempt whose containers were healthy, for people. Not here: what is done to undo one, see `abort`."""

from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.plan.wording import WENT_BACK

_HOW = {"Request": "was aborted as asked", "Analysis": "was undone by its analysis", "Alarm": "was undone by an alarm"}


def how_undone(rollout: RolloutStatus) -> tuple[str, str] | None:
    """How, and why in AWS's words and those of the analysis; None of one that failed by itself, or did not fail."""
    if rollout.phase != "Failed" or rollout.undone_by is None:
        return None
    why = rollout.message or ""
    if rollout.undone_by == "Analysis" and rollout.analysis is not None:
        why = rollout.analysis.message + (f"; AWS says: {why}" if why != WENT_BACK else "")
    return _HOW[rollout.undone_by], why


def cause(rollout: RolloutStatus) -> str | None:
    """Why it is not in service, in a sentence."""
    undone = how_undone(rollout)
    return rollout.message if undone is None else f"{undone[0]}: {undone[1]}"
