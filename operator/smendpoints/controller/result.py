"""What applying a plan came to, and what a reconcile did: the latter is the one thing that leaves the controller."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.status.events import Event

NEVER = float("inf")


class Awaits(StrEnum):
    """What an object waits for in AWS; the shared listings look for it."""

    NOTHING = auto()
    CHANGE = auto()
    GONE = auto()


@dataclass(frozen=True)
class Applied:
    """What came of applying a plan.

    Args:
        refused: what AWS would not do; what comes after it was not tried.
        changed: whether any call was made.
        busy: whether a change that leaves the endpoint busy was made.
        made: the calls that AWS took, in their order.
        created_with: the tags of the endpoint, if it was created.
        refusals: all that AWS would not do.
    """

    refused: ReconcileError | None = None
    changed: bool = False
    busy: bool = False
    made: tuple[Action, ...] = ()
    created_with: Mapping[str, str] | None = None
    refusals: tuple[ReconcileError, ...] = ()


@dataclass(frozen=True)
class Result:
    """What to write of an object, and when to reconcile it again.

    Args:
        status: the status that the object is to have, as JSON; None: the one it has.
        events: to be posted once that is written.
        requeue_after: seconds until it is reconciled again, if nothing wakes it before; `NEVER`: not by itself.
        awaits: what of AWS wakes it.
        finalized: nothing is left in AWS that keeps the object, so that the finalizer may go.
    """

    status: Mapping[str, Any] | None = None
    events: tuple[Event, ...] = ()
    requeue_after: float = NEVER
    awaits: Awaits = Awaits.NOTHING
    finalized: bool = False
