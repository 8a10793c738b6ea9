"""Applies a plan, up to the first call that AWS refuses. Returns what came of it."""

import logging
from collections.abc import Callable

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.memory import Memory
from smendpoints.controller.ports import Aws
from smendpoints.controller.result import Applied
from smendpoints.controller.voiding import VoidError, WhyNot
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import PolicyARN, Verb
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.preflight.launch import dropped_guardrails, launch_of
from smendpoints.domain.reasons import Reason

logger = logging.getLogger(__name__)


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
    launch = launch_of(desired, observed, todo.actions, rollback.alarm_names if rollback is not None else [])
    if launch is None:
        return None
    dropped = dropped_guardrails(desired, observed)
    if dropped is not None:
        return ReconcileError(Kind.BLOCKED, Reason.NOT_SUPPORTED, dropped)
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
    namespace = resource.metadata.namespace
    policies: dict[PolicyARN, str] = {}
    busy, created_with = False, None
    worthwhile, refusal = memory.trouble.refusal(todo.actions)
    if worthwhile and (why := why_not(resource)) is not None:
        raise VoidError(why)
    for number, action in enumerate(todo.actions[:worthwhile], start=1):
        try:
            account.apply(action, policies, adopts=adopts, namespace=namespace)
        except ReconcileError as failure:
            told = memory.judge(account.preflight.explain(failure, _role(todo)), monotonic())
            if action.verb is Verb.UPDATE_ENDPOINT and told.kind in {Kind.BLOCKED, Kind.INVALID}:
                _apply_otherwise(account, todo, namespace)
            memory.trouble.refuse(todo.actions[:number], told)
            return Applied(told, changed=True, busy=busy, created_with=created_with)
        if action.verb is Verb.CREATE_ENDPOINT:
            created_with = {tag["Key"]: tag["Value"] for tag in action.params["Tags"]}
        busy = busy or action.verb.changes_endpoint
    return Applied(refusal, changed=bool(worthwhile), busy=busy, created_with=created_with)


def _role(todo: Plan) -> str | None:
    """The execution role of the models that the plan makes."""
    return next((each.params["ExecutionRoleArn"] for each in todo.actions if each.verb is Verb.CREATE_MODEL), None)


def _apply_otherwise(account: Aws, todo: Plan, namespace: str) -> None:
    """The old config goes on as before. What fails here is for later reconciles; the refusal is what is told."""
    policies: dict[PolicyARN, str] = {}
    for action in todo.otherwise:
        try:
            account.apply(action, policies, namespace=namespace)
        except ReconcileError as failure:
            logger.warning("cannot put back %s: %s", action, failure)
            return
