"""Applies a plan: each part of it up to the first call that AWS refuses. Returns what came of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.memory import Memory
from smendpoints.controller.ports import Aws
from smendpoints.controller.result import Applied
from smendpoints.controller.voiding import VoidError, WhyNot
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.preflight.launch import dropped_guardrails, launch_of
from smendpoints.domain.preflight.registry import foreign_image
from smendpoints.domain.reasons import Reason

logger = logging.getLogger(__name__)
_TRIED_AGAIN = (Kind.RETRY, Kind.BUSY, Kind.SETTLING, Kind.GONE, Kind.EXISTS, Kind.BLOCKED, Kind.INVALID)


def preflight(
    account: Aws,
    resource: SageMakerEndpoint,
    desired: Desired,
    observed: Observed,
    todo: Plan,
    memory: Memory,
) -> ReconcileError | None:
    """Before a fleet is launched: what AWS would find missing late, or never."""
    rollback = resource.spec.rollout.rollback
    launching = todo.actions if todo.announces is None else (*todo.actions, todo.announces)
    launch = launch_of(desired, observed, launching, rollback.alarm_names if rollback is not None else [])
    if launch is None:
        return None
    unsupported = dropped_guardrails(desired, observed) or foreign_image(desired)
    if unsupported is not None:
        return ReconcileError(Kind.BLOCKED, Reason.NOT_SUPPORTED, unsupported)
    try:
        memory.note(account.preflight.check(launch))
    except ReconcileError as failure:
        return failure
    return None


def apply(
    account: Aws,
    resource: SageMakerEndpoint,
    todo: Plan,
    memory: Memory,
    monotonic: Callable[[], float],
    why_not: WhyNot,
    *,
    adopts: bool = False,
) -> Applied:
    """Make the plan's calls, but those that AWS is known to refuse.

    `adopts`: models and configs that are as wanted, and nobody's, may be taken over.

    Raises:
        VoidError: nothing was done, as the object is not what it was.
    """
    parts = {part: (calls, *memory.trouble.refusal(part, calls)) for part, calls in todo.parts().items()}
    if any(worthwhile for _, worthwhile, _ in parts.values()) and (why := why_not(resource)) is not None:
        raise VoidError(why)
    done = _Done()
    for part, (calls, worthwhile, known) in parts.items():
        refusal = known
        for number, action in enumerate(calls[:worthwhile], start=1):
            try:
                account.apply(action, done.policies, adopts=adopts, namespace=resource.metadata.namespace)
            except ReconcileError as failure:
                refusal = memory.judge(account.preflight.explain(failure, _role(todo)), monotonic())
                memory.trouble.refuse(part, calls[:number], refusal)
                _apply_otherwise(account, todo, action, refusal, resource.metadata.namespace)
                done.changed = True
                break
            done.note(action)
        if refusal is not None:
            done.refusals.append(refusal)
            if refusal.kind is Kind.RETRY:
                break  # AWS cannot be asked at all, or asks for time
    return done.applied()


def remember(account: Aws, memory: Memory, came: Applied, now: float) -> None:
    """Keep what came of it; the calls have ended by `now`.

    A deletion is told to the listings only then: one that was begun before misses the endpoint as well, but would not
    be believed, and later ones would not look for it any more.
    """
    memory.seen.applied(came, now)
    for action in came.made:
        if action.verb is Verb.DELETE_ENDPOINT:
            account.watch.deleting(action.target)


@dataclass
class _Done:
    """What came of the calls so far."""

    changed: bool = False
    busy: bool = False
    made: list[Action] = field(default_factory=list)
    created_with: dict[str, str] | None = None
    refusals: list[ReconcileError] = field(default_factory=list)
    policies: dict[PolicyARN, str] = field(default_factory=dict)

    def note(self, action: Action) -> None:
        """AWS did it."""
        self.made.append(action)
        if action.verb is Verb.CREATE_ENDPOINT:
            self.created_with = {tag["Key"]: tag["Value"] for tag in action.params["Tags"]}
        self.changed, self.busy = True, self.busy or action.verb.changes_endpoint

    def applied(self) -> Applied:
        """All of it. Of several refusals that is told first which is tried again first."""
        told = None
        if self.refusals:
            first, *rest = sorted(self.refusals, key=lambda each: _TRIED_AGAIN.index(each.kind))
            told = replace(first, message="; ".join([first.message, *map(str, rest)])) if rest else first
        return Applied(told, self.changed, self.busy, tuple(self.made), self.created_with, tuple(self.refusals))


def went_on(todo: Plan, first: Plan, applied: Applied, refused: ReconcileError | None) -> tuple[Plan, Applied]:
    """What to tell once `first` was applied, before the plan that was `refused`, or was blocked until now."""
    if refused is not None:
        also = f"; {applied.refused}" if applied.refused is not None else ""
        return todo, replace(applied, refused=replace(refused, message=f"{first.verdict.message}{also}"))
    if applied.busy:
        return first, replace(applied, refused=None)
    if applied.refused is not None:
        logger.warning("before the rollout goes on: %s", applied.refused)
    return todo, replace(applied, refused=None)


def _role(todo: Plan) -> str | None:
    """The execution role of the models that the plan makes."""
    return next((each.params["ExecutionRoleArn"] for each in todo.actions if each.verb is Verb.CREATE_MODEL), None)


def _apply_otherwise(account: Aws, todo: Plan, refused: Action, why: ReconcileError, namespace: str) -> None:
    """The old config goes on as before, but for what changes in place.

    What fails here is for later reconciles; the refusal is what is told.
    """
    if why.kind not in {Kind.BLOCKED, Kind.INVALID}:
        return
    policies: dict[PolicyARN, str] = {}
    restored = todo.otherwise if refused.verb is Verb.UPDATE_ENDPOINT else ()
    for calls in (restored, todo.meanwhile.scaling, todo.meanwhile.tags) if todo.launches() else ():
        for action in calls:
            try:
                account.apply(action, policies, namespace=namespace)
            except ReconcileError as failure:
                logger.warning("cannot do %s: %s", action, failure)
                break
