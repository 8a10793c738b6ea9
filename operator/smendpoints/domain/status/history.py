"""The history of revisions, told by the memory of the last rollout."""

from datetime import datetime
from typing import Literal

from smendpoints.api.status import Revision, RolloutStatus

_SHOWN = 10
_ROOM = 6  # for what failed, beside what stays deployable: the wait before another attempt is told by their number
_MOST = 25  # as the schema has it
_REPLACED = "replaced by a newer spec"
_OUTCOMES: dict[str, Literal["Deployed", "Failed", "InProgress"]] = {
    "Pending": "InProgress",
    "Blocked": "InProgress",
    "InProgress": "InProgress",
    "Succeeded": "Deployed",
    "Failed": "Failed",
}


def next_history(
    history: list[Revision], rollout: RolloutStatus | None, changes: str | None, limit: int, now: datetime
) -> list[Revision]:
    """The history after this reconcile, newest first: all that stay deployable, whatever failed since, and more."""
    if rollout is None:
        return history
    wanted = _OUTCOMES[rollout.phase]
    if not history:
        history = _found(rollout)
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
        update = {"outcome": "Deployed"} if served else {"outcome": "Failed", "message": _REPLACED}
        before = history[1:]
        if not served and before and before[0].message == _REPLACED:  # of a flood of edits the last is told
            before = before[1:]
        older = [newest.model_copy(update=update), *before]
    revision = Revision(
        revision=newest.revision + 1 if newest is not None else 1,
        config_name=rollout.config_name,
        at=now,
        outcome=wanted,
        changes=changes or ("created" if newest is None else None),
        message=rollout.message if wanted == "Failed" else None,
    )
    return _trimmed([revision, *older], limit)


def _found(rollout: RolloutStatus) -> list[Revision]:
    """What was in service before all that is remembered: the answer to its creation was lost, or it was taken over."""
    served = rollout.from_config_name
    if served is None or served == rollout.config_name:
        return []
    at = rollout.started_at
    return [Revision(revision=1, config_name=served, at=at, outcome="Deployed", changes="found in service")]


def _trimmed(history: list[Revision], limit: int) -> list[Revision]:
    """Without the oldest; but the newest `limit` configs that were in service, and the live one, stay."""
    deployed = {each.config_name: each.revision for each in reversed(history) if each.outcome == "Deployed"}
    deployable = set(sorted(deployed.values(), reverse=True)[: limit + 1])
    room = max(_SHOWN - len(deployable), min(_ROOM, _MOST - len(deployable)))
    kept = []
    for each in history:
        if each.revision not in deployable:
            if room == 0:
                continue
            room -= 1
        kept.append(each)
    return kept
