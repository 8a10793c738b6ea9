"""The history of revisions, told by the memory of the last rollout."""

from dataclasses import dataclass
from datetime import datetime

from smendpoints.api.status_rollout import Outcome, Revision, RolloutStatus
from smendpoints.domain.plan.changes import GOING_BACK
from smendpoints.domain.plan.undone import cause
from smendpoints.domain.plan.wording import undone_by_alarm

_SHOWN = 10
_ROOM = 6  # for what failed, beside what stays deployable: the wait before another attempt is told by their number
_MOST = 25  # as the schema has it
_LONGEST = 1024
_REPLACED = "replaced by a newer spec"
_OUTCOMES: dict[str, Outcome] = {
    "Pending": "InProgress",
    "InProgress": "InProgress",
    "Succeeded": "Deployed",
}
_OPEN = frozenset({"InProgress", "Blocked"})


@dataclass(frozen=True)
class Told:
    """What a reconcile knows of the revision beside the memory of its rollout.

    `changes` are in words of the spec's fields; `blocked` says why it is not launched; `adopted`: what was in service
    before was made by somebody else.
    """

    changes: str | None = None
    blocked: str | None = None
    adopted: bool = False


def next_history(
    history: list[Revision], rollout: RolloutStatus | None, told: Told, limit: int, now: datetime
) -> list[Revision]:
    """The history after this reconcile, newest first: all that stay deployable, whatever failed since, and more."""
    if rollout is None:
        return history
    wanted, message = _outcome(rollout, told)
    if not history:
        history = _found(rollout, told)
    newest = history[0] if history else None
    same = newest is not None and newest.config_name == rollout.config_name
    if newest is not None and same and newest.outcome == "Blocked" and rollout.phase == "Pending":
        return history  # it is tried again, and told to be blocked until it is under way
    if newest is not None and same and newest.outcome in _OPEN:
        now_said = newest.model_copy(update={"outcome": wanted, "message": message})
        return history if now_said == newest else [now_said, *history[1:]]
    if newest is not None and same and newest.outcome == wanted:
        return history
    older = history if newest is None or newest.outcome not in _OPEN else _given_up(newest, history[1:], rollout)
    revision = Revision(
        revision=newest.revision + 1 if newest is not None else 1,
        config_name=rollout.config_name,
        at=now,
        outcome=wanted,
        changes=_changes(history, rollout, told),
        message=message,
    )
    return _trimmed([revision, *older], limit)


def _outcome(rollout: RolloutStatus, told: Told) -> tuple[Outcome, str | None]:
    """What has become of the attempt, and why."""
    if rollout.phase == "Failed":
        why = cause(rollout)
        # releases before this one did not say what undid it
        undone = rollout.undone_by is not None or undone_by_alarm(rollout.message or "")
        return "RolledBack" if undone else "Failed", why[:_LONGEST] if why is not None else None
    if rollout.phase == "Blocked":
        return "Blocked", rollout.message
    if rollout.phase == "Pending" and told.blocked is not None:
        return "Blocked", told.blocked[:_LONGEST]
    return _OUTCOMES[rollout.phase], None


def _changes(history: list[Revision], rollout: RolloutStatus, told: Told) -> str | None:
    """What the new revision changes; going back, trying again and adopting are said to be that."""
    if not history or (rollout.from_config_name is None and all(each.outcome == "Blocked" for each in history)):
        return told.changes or ("adopted" if told.adopted else "created")
    if rollout.config_name == history[0].config_name:
        again = told.changes or history[0].changes
        return f"tried again: {again.removeprefix('tried again: ')}"[:_LONGEST] if again else "tried again"
    before = next((each for each in history if _was_deployed(each, rollout)), None)
    if before is None or (told.changes or "").startswith(GOING_BACK):
        return told.changes
    return f"{GOING_BACK}{before.revision}" + (f": {told.changes}"[: _LONGEST - 40] if told.changes else "")


def _was_deployed(revision: Revision, rollout: RolloutStatus) -> bool:
    return revision.config_name == rollout.config_name and revision.outcome == "Deployed"


def _given_up(newest: Revision, before: list[Revision], rollout: RolloutStatus) -> list[Revision]:
    """The history with what an edit replaced while it was under way, or blocked."""
    if newest.outcome == "InProgress" and newest.config_name == rollout.from_config_name:
        return [newest.model_copy(update={"outcome": "Deployed"}), *before]
    if newest.outcome == "InProgress":
        newest = newest.model_copy(update={"outcome": "Superseded", "message": _REPLACED})
    if before and before[0].outcome in {"Superseded", "Blocked"}:  # of a flood of edits the last is told
        before = before[1:]
    return [newest, *before]


def _found(rollout: RolloutStatus, told: Told) -> list[Revision]:
    """What was in service before all that is remembered: the answer to its creation was lost, or it was taken over."""
    served = rollout.from_config_name
    if served is None or served == rollout.config_name:
        return []
    how = "adopted as it was" if told.adopted else "found in service"
    return [Revision(revision=1, config_name=served, at=rollout.started_at, outcome="Deployed", changes=how)]


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
