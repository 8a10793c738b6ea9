"""The history of revisions, told by the memory of the last rollout."""

from datetime import datetime
from typing import Literal

from smendpoints.api.status import Revision, RolloutStatus

_SHOWN = 10
_OUTCOMES: dict[str, Literal["Deployed", "Failed", "InProgress"]] = {
    "Pending": "InProgress",
    "InProgress": "InProgress",
    "Succeeded": "Deployed",
    "Failed": "Failed",
}


def next_history(
    history: list[Revision], rollout: RolloutStatus | None, changes: str | None, limit: int, now: datetime
) -> list[Revision]:
    """The history after this pass, newest first; as long as the revisions that stay deployable, at least ten."""
    if rollout is None:
        return history
    wanted = _OUTCOMES[rollout.phase]
    newest = history[0] if history else None
    same = newest is not None and newest.config_name == rollout.config_name
    if newest is not None and same and newest.outcome == wanted:
        return history
    if newest is not None and same and newest.outcome == "InProgress":
        update = {"outcome": wanted, "message": rollout.message if wanted == "Failed" else None}
        return [newest.model_copy(update=update), *history[1:]]
    abandoned = newest is not None and newest.outcome == "InProgress"
    older = history
    if newest is not None and abandoned:
        served = newest.config_name == rollout.from_config_name
        update = {"outcome": "Deployed"} if served else {"outcome": "Failed", "message": "replaced by a newer spec"}
        older = [newest.model_copy(update=update), *history[1:]]
    revision = Revision(
        revision=newest.revision + 1 if newest is not None else 1,
        config_name=rollout.config_name,
        at=now,
        outcome=wanted,
        changes=changes or ("created" if newest is None else None),
        message=rollout.message if wanted == "Failed" else None,
    )
    return [revision, *older][: max(_SHOWN, limit + 1)]
