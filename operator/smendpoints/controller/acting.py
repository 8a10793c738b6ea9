"""Carries out what the plan says, up to the first call that AWS refuses."""

from collections.abc import Callable

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.account import Account
from smendpoints.controller.memory import Memory
from smendpoints.domain.actions import PolicyARN, Verb
from smendpoints.domain.desired import Desired
from smendpoints.domain.errors import AwsFailure
from smendpoints.domain.verdict import Plan

_LAUNCHES = frozenset({Verb.CREATE_ENDPOINT, Verb.UPDATE_ENDPOINT})


def preflight(
    account: Account, resource: SageMakerEndpoint, desired: Desired, todo: Plan, memory: Memory, now: float
) -> AwsFailure | None:
    """Before a fleet is launched: what AWS would find missing late, or never."""
    if not any(action.verb in _LAUNCHES for action in todo.actions):
        return None
    rollback = resource.spec.rollout.rollback
    try:
        account.preflight.check(desired.images(), rollback.alarm_names if rollback is not None else ())
    except AwsFailure as failure:
        return memory.judge(failure, now)
    return None


def act(
    account: Account, resource: SageMakerEndpoint, todo: Plan, memory: Memory, monotonic: Callable[[], float]
) -> tuple[AwsFailure | None, bool]:
    """What AWS refused, if anything; and whether the endpoint is busy now because of us."""
    if memory.hopeless is not None and todo.actions:
        return memory.hopeless, False
    policies: dict[PolicyARN, str] = {}
    acted = False
    for action in todo.actions:
        try:
            account.act(action, policies, adopts=resource.spec.adopt_existing)
        except AwsFailure as failure:
            memory.written_at = monotonic()  # after the calls: what was listed during them is out of date
            return memory.judge(failure, memory.written_at), acted
        if action.verb is Verb.CREATE_ENDPOINT:
            memory.created_with = {tag["Key"]: tag["Value"] for tag in action.params["Tags"]}
        acted = acted or action.verb.changes_endpoint
    if todo.actions:
        memory.written_at = monotonic()
    return None, acted
