"""Whether an endpoint is as somebody waits for it, and whether waiting is in vain. Pure."""

from smclient.views.status import StatusView


def verdict(view: StatusView, goal: str) -> tuple[bool, str | None]:
    """Whether the goal (`ready`, `rollout`, `deleted`) is reached; why it will not be by itself, None where it may."""
    if goal == "deleted":
        return False, None
    if not view.current:
        return False, None  # what it says is of an earlier spec
    if view.phase == "Deleting":
        return False, "it is being deleted"
    if view.phase == "Stalled":
        return False, f"stalled: {view.message}"
    if view.phase == "RolledBack":
        return (
            (True, None)
            if goal == "rollout" and not _is_moving(view)
            else (False, f"it is no longer as its spec: {view.message}")
        )
    if goal == "ready":
        return view.phase == "Ready", None
    rollout = view.rollout
    if rollout is None or rollout.phase == "Succeeded":
        return view.phase == "Ready", None
    if rollout.phase == "Failed":
        return False, f"the rollout failed: {rollout.message or view.message}"
    return False, None


def _is_moving(view: StatusView) -> bool:
    return view.rollout is not None and view.rollout.phase in {"Pending", "InProgress"}
