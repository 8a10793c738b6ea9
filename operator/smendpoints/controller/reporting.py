"""What a reconcile found that went through, up to a refusal of AWS: its status, and when to come again."""

from dataclasses import replace

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.costing import cost_of
from smendpoints.controller.finding import Finding
from smendpoints.controller.memory import Memory
from smendpoints.controller.moved import fingerprint
from smendpoints.controller.ports import Aws
from smendpoints.controller.requeue import moment, when, within_hours
from smendpoints.controller.result import NEVER, Applied, Awaits
from smendpoints.controller.ruling import Ruling
from smendpoints.controller.supplying import next_look
from smendpoints.controller.tailing import tail
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.errors import Kind
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.hours import to_tell
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan, Requeue
from smendpoints.domain.preflight.launch import LAUNCHES, artifacts_of
from smendpoints.domain.preflight.overwritten import launched
from smendpoints.domain.status.events import changed_in_place
from smendpoints.domain.status.pins import pinned, without_log
from smendpoints.domain.status.status import report
from smendpoints.domain.status.supplies import Supplied, launched_from
from smendpoints.domain.tenancy.shares import left_over


def finding_of(
    ruling: Ruling,
    account: Aws,
    given: Input,
    todo: Plan,
    applied: Applied,
    memory: Memory,
    poll_seconds: float,
    now: float,
    *,
    supplies: Supplied,
) -> Finding:
    """The finding; `now` is of the monotonic clock."""
    resource, desired, observed = given.resource, given.desired, given.observed
    failure = applied.refused
    if failure is not None and failure.kind in {Kind.BLOCKED, Kind.INVALID}:
        failure = replace(failure, message=todo.meanwhile.told_waiting(failure.message))
    wait = NEVER
    if failure is not None:
        wait = memory.trouble.back_off(failure, poll_seconds, now)
        if todo.launches() and todo.meanwhile.calls and memory.trouble.failures == 1:
            wait = 0.0  # once the status says that the attempt is blocked, or failed: the rest need not wait for it
        wait = within_hours(wait, given.schedule, given.now)
    idle = failure is None and todo.requeue is Requeue.STEADY and not applied.changed
    status = report(
        resource,
        desired,
        observed,
        todo,
        failure,
        applied=applied.busy,
        refusals=applied.refusals,
        supplies=supplies,
        url=account.invocations_url(desired.endpoint_name),
        log_tail=tail(account, resource, desired, observed, todo) if ruling.log_tails else None,
        cost=cost_of(account, desired, observed, resource.status.cost),
        retry_at=moment(given.now, wait) if wait else None,
        fingerprint=fingerprint(account.watch, desired, memory.seen.written_at) if idle else None,
        now=given.now,
    )
    fleet = supplies.fleet
    if any(action.verb in LAUNCHES for action in applied.made):
        fleet = launched(desired.config_name, given.now, account.preflight.stored(artifacts_of(desired)))
    beside = {
        "office_hours": to_tell(given.schedule, resource.status.office_hours),
        "launched_from": launched_from(resource.status, status.rollout, observed.endpoint, fleet),
    }
    status = status.model_copy(update=beside)
    resolved = left_over(ruling.resolved, resource, observed.endpoint, todo) if failure is None else ruling.resolved
    status = pinned(status, resource, todo, resolved, allowed=not ruling.violations)
    status = status if ruling.log_tails else without_log(status)
    done = changed_in_place(resource.status, todo, applied.made, observed)
    if failure is not None:
        memory.look_again()
        awaits = Awaits.CHANGE if applied.busy else Awaits.NOTHING
        return Finding(status, wait, awaits, events=done)
    if not given.attempt_blocked:  # else it is still being waited for, longer each time
        memory.remember_success()
    ours = observed.endpoint is not None and observed.endpoint.config_name == desired.config_name
    memory.seen.needs = desired.contents() if todo.verdict.ready and ours else frozenset()
    if todo.garbage_collected or _made_from_nothing(resource, todo):
        memory.seen.collected(desired, resource.spec.revision_history_limit)
    tagged = observed.owned_resources is not None and todo.apart and not applied.refusals
    if tagged or _made_from_nothing(resource, todo):
        memory.seen.tagged = content_hash(desired.tags)
    shown = observed.endpoint.status if observed.endpoint is not None else None
    in_aws = todo.endpoint_status if applied.busy else shown
    period = float(account.datapoints.period)
    after, awaits = when(resource, todo, in_aws, poll_seconds, given.now, analysis_period=period)
    if todo.requeue is Requeue.STEADY and todo.verdict.ready and shown is not None:
        after = min(after, next_look(memory, now))
    memory.seen.expects = in_aws if awaits is not Awaits.NOTHING else None
    return Finding(status, within_hours(after, given.schedule, given.now), awaits, events=done)


def _made_from_nothing(resource: SageMakerEndpoint, todo: Plan) -> bool:
    """Whether this is the first attempt at all: what was written ahead of it is all that the status says.

    An edit may have replaced one that a killed process had begun, and whose models are there.
    """
    creates = any(action.verb is Verb.CREATE_ENDPOINT for action in todo.actions)
    status = resource.status
    first = status.endpoint is None and status.observed_generation == resource.metadata.generation == 1
    return creates and first and not status.history
