"""The controller: decides when an object is due, and carries out its reconciles.

Level-triggered: a reconcile depends on the spec, on what AWS says now, and on a few facts in the status. Killed between
any two calls, the next reconcile goes on from what it finds.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.account import Account
from smendpoints.aws.clients import Place
from smendpoints.aws.pace import Work
from smendpoints.aws.paces import paced
from smendpoints.aws.watch import Summary
from smendpoints.controller.alarming import plan_with_own_alarms
from smendpoints.controller.apply import apply, preflight
from smendpoints.controller.costing import cost_of
from smendpoints.controller.finalize import Finalizer
from smendpoints.controller.memory import Memory
from smendpoints.controller.observe import observe_closely, observe_listing
from smendpoints.controller.outcome import Outcome, conclude
from smendpoints.controller.ruling import Ruling
from smendpoints.controller.settings import ControllerSettings
from smendpoints.controller.tailing import tail
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.controller.trouble import finalizing, pursuit_of
from smendpoints.controller.voiding import VoidError, WhyNot, void
from smendpoints.domain.desired.desired import Desired, desire
from smendpoints.domain.desired.office_hours import schedule_of
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.held_back import held_back, nothing_changed
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.plan.verdict import Plan, Requeue, reconciling, stalled
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.pins import must_pin, pinned, without_log
from smendpoints.domain.status.status import report
from smendpoints.domain.status.write_ahead import must_write_ahead, write_ahead
from smendpoints.domain.tenancy.facts import Identity
from smendpoints.domain.tenancy.limits import PriceOf
from smendpoints.domain.tenancy.shares import left_over

logger = logging.getLogger(__name__)
_BLIND_FOR_LONG = 4
_BLIND_WHILE_IDLE = 120.0
_LOOK_WHILE_BAKING = 60.0  # a bake takes up to an hour; that AWS goes back within it is seen that late at the most


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class Controller:
    """Reconciles objects; safe to call from many threads, but one at a time for each object."""

    def __init__(
        self,
        settings: ControllerSettings,
        accounts: Callable[[Place], Account],
        now: Callable[[], datetime] = _now,
        monotonic: Callable[[], float] = time.monotonic,
        why_not: WhyNot = lambda _: None,
    ) -> None:
        """`why_not` is asked once in each reconcile, before it changes anything in AWS."""
        self._settings = settings
        self._accounts = accounts
        self._now = now
        self._monotonic = monotonic
        self._why_not = why_not
        self._finalizer = Finalizer(settings, now, monotonic, why_not)
        self.tenancy = Tenancy(
            Operator(settings.region, settings.execution_role_arn),
            lambda: self._accounts(Place(settings.region)).own_account(),
        )

    def place(self, resource: SageMakerEndpoint) -> Place:
        """The region that the object lives in, and the role that is assumed for it."""
        return self._place(self.tenancy.identity(resource))

    def account(self, resource: SageMakerEndpoint) -> Account:
        """The account and region that the object lives in."""
        return self._accounts(self.place(resource))

    def endpoint_name(self, resource: SageMakerEndpoint) -> str:
        """The endpoint's name in AWS."""
        return self.tenancy.identity(resource).endpoint or ""

    def _place(self, identity: Identity) -> Place:
        return Place(identity.region or self._settings.region, identity.role)

    def _prices(self, identity: Identity) -> PriceOf:
        return self._accounts(self._place(identity)).prices.of

    def due(self, resource: SageMakerEndpoint, memory: Memory) -> bool:
        """Whether a reconcile has something to do. Costs nothing, asks nobody."""
        if memory.awaits_own_write(resource.status, self._monotonic()) or not self.tenancy.ready(resource.metadata.uid):
            return False
        if self._moved(resource, memory) or memory.asked != resource.asked() or self._monotonic() >= memory.due_at:
            return True
        if memory.reported is not None and memory.reported != resource.status:
            return True
        if not memory.watched:
            return False
        watch = self.account(resource).watch
        if watch.blind_seconds() > _BLIND_WHILE_IDLE:  # what was true need be so no longer, and that has to be said
            return True
        if watch.missing(memory.needs, memory.written_at):
            return True
        return watch.peek(self.endpoint_name(resource)) != memory.seen

    def _moved(self, resource: SageMakerEndpoint, memory: Memory) -> bool:
        """Whether other objects, or policies, mean something else for this one than at its last reconcile."""
        version = self.tenancy.version
        if memory.viewed_at == version:
            return False
        if memory.view != self.tenancy.view(resource.metadata.uid):
            return True
        memory.viewed_at = version
        return False

    def reconcile(self, resource: SageMakerEndpoint, memory: Memory) -> Outcome:
        """One reconcile. Never raises: what AWS refuses, and what is a fault of ours, is told in the status."""
        try:
            with paced(resource.metadata.namespace, _work_of(resource), self._monotonic()):
                return self._reconcile(resource, memory)
        except VoidError as why:
            return void(resource, why, memory, self._monotonic())
        except Exception as error:
            logger.exception("%s/%s: a fault of the operator", resource.metadata.namespace, resource.metadata.name)
            failure = ReconcileError(
                Kind.RETRY, Reason.INTERNAL_ERROR, f"a fault of the operator, see its log: {error!r}"
            )
            memory.waiting_in = None
            return self._blind(resource, failure, memory)

    def _reconcile(self, asked: SageMakerEndpoint, memory: Memory) -> Outcome:
        fresh = memory.asked != asked.asked() or self._moved(asked, memory)
        memory.asked = asked.asked()
        memory.pursue(pursuit_of(asked, self._now()))
        try:
            ruling = self.tenancy.rule(asked, self._prices, runs=not asked.spec.suspend)
            if ruling.violations and self.account(asked).prices.look_up():  # it may be for want of a price
                ruling = self.tenancy.rule(asked, self._prices, runs=not asked.spec.suspend)
            memory.view, memory.viewed_at = ruling.view, ruling.version
            if ruling.refused is not None:
                raise ruling.refused
            if ruling.unseen and asked.status.created_in_aws is False:  # what was made there before is looked after
                raise ReconcileError(Kind.BLOCKED, ruling.reason, nothing_changed(ruling.violations))
            resource = ruling.resource
            desired = desire(resource, self._settings.cluster_id, self._settings.execution_role_arn)
            desired = replace(desired, adoption_refused=ruling.adoption)
            now = self._now()
            schedule = schedule_of(resource.spec, now)  # one that cannot be read is said first
            account = self.account(resource)
            summary = observe_listing(account, desired.endpoint_name, memory, self._settings.poll_seconds)
            if not fresh and self._quiet(resource, summary, memory):
                memory.due_at = self._monotonic() + self._settings.poll_seconds
                return Outcome(None, requeue_after=self._settings.poll_seconds)
            observed = observe_closely(account, resource, desired, summary, memory)
        except ReconcileError as failure:
            return self._blind(asked, memory.judge(failure, self._monotonic()), memory)

        def plan_for(seen: Observed) -> Plan:
            given = Input(resource, desired, seen, schedule, now)
            return held_back(plan(given), given, ruling.reason, ruling.violations)

        todo, refused = plan_with_own_alarms(account, desired, observed, plan_for)
        refused = refused or preflight(account, resource, desired, observed, todo, memory)
        allowed = not ruling.violations
        pins = allowed and must_pin(resource, todo, ruling.resolved)
        if refused is None and (pins or must_write_ahead(resource, todo)):
            ahead = pinned(write_ahead(resource, todo, now), resource, todo, ruling.resolved, allowed=allowed)
            return conclude(resource, ahead, memory, 0.0, self._monotonic())
        applied = False
        if refused is None:
            adopts = resource.spec.adopt_existing and ruling.adoption is None
            refused, applied = apply(account, resource, todo, memory, self._monotonic, self._why_not, adopts=adopts)
        memory.seen = summary
        return self._report(ruling, account, desired, observed, todo, refused, memory, applied=applied)

    def _quiet(self, resource: SageMakerEndpoint, summary: Summary | None, memory: Memory) -> bool:
        """Whether AWS is still at what it was at: then there is nothing to look at more closely."""
        if memory.waiting_in is None or summary is None or summary.status != memory.waiting_in:
            return False
        if memory.reported != resource.status:
            return False
        rollout = resource.spec.rollout
        stepwise = rollout.strategy != "AllAtOnce" or rollout.termination_wait_seconds > 0
        stepwise = stepwise or rollout.rollback is not None  # its alarms are seen to
        if not stepwise or summary.status != "Updating":
            return True
        shown = resource.status.rollout
        bakes = shown is not None and shown.baking_until is not None and self._now() < shown.baking_until
        looked = self._monotonic() - memory.reported_at < _LOOK_WHILE_BAKING
        return bakes and looked and summary == memory.seen

    def _report(
        self,
        ruling: Ruling,
        account: Account,
        desired: Desired,
        observed: Observed,
        todo: Plan,
        failure: ReconcileError | None,
        memory: Memory,
        *,
        applied: bool,
    ) -> Outcome:
        resource = ruling.resource
        status = report(
            resource,
            desired,
            observed,
            todo,
            failure,
            applied=applied,
            url=account.invocations_url(desired.endpoint_name),
            log_tail=tail(account, resource, desired, observed, todo) if ruling.log_tails else None,
            cost=cost_of(account, desired, observed, resource.status.cost),
            now=self._now(),
        )
        resolved = left_over(ruling.resolved, resource, observed.endpoint, todo) if failure is None else ruling.resolved
        status = pinned(status, resource, todo, resolved, allowed=not ruling.violations)
        status = status if ruling.log_tails else without_log(status)
        if failure is not None:
            memory.waiting_in, memory.watched = None, True
            after = memory.remember_failure(failure, self._settings.poll_seconds)
            return conclude(resource, status, memory, self._within_hours(resource, after), self._monotonic())
        memory.remember_success()
        memory.watched = todo.requeue is Requeue.STEADY and not applied
        ours = observed.endpoint is not None and observed.endpoint.config_name == desired.config_name
        memory.needs = desired.contents() if todo.verdict.ready and ours else frozenset()
        shown = observed.endpoint.status if observed.endpoint is not None else None
        memory.waiting_in = todo.endpoint_status if applied else (shown if todo.requeue is Requeue.POLL else None)
        if todo.garbage_collected or self._made_from_nothing(resource, todo):
            memory.garbage_collected = (desired.config_name, resource.spec.revision_history_limit)
        wait = {Requeue.NOW: 0.0, Requeue.POLL: self._settings.poll_seconds, Requeue.STEADY: float("inf")}
        after = wait[todo.requeue] if isinstance(todo.requeue, Requeue) else todo.requeue
        return conclude(resource, status, memory, self._within_hours(resource, after), self._monotonic())

    def _within_hours(self, resource: SageMakerEndpoint, after: float) -> float:
        """The wait, but not beyond the next end or beginning of office hours: then something else is asked for."""
        try:
            change = schedule_of(resource.spec, self._now()).changes_at
        except ReconcileError:  # a schedule that cannot be read: that is what is being told
            return after
        return after if change is None else min(after, max(1.0, (change - self._now()).total_seconds() + 1))

    @staticmethod
    def _made_from_nothing(resource: SageMakerEndpoint, todo: Plan) -> bool:
        """Whether this is the first attempt at all: what was written ahead of it is all that the status says."""
        creates = any(action.verb is Verb.CREATE_ENDPOINT for action in todo.actions)
        status = resource.status
        first = status.endpoint is None and status.observed_generation == resource.metadata.generation
        return creates and first and not status.history

    def _blind(self, resource: SageMakerEndpoint, failure: ReconcileError, memory: Memory) -> Outcome:
        """AWS could not be looked at, or the spec not be translated: all else in the status stays as it was."""
        after = self._within_hours(resource, memory.remember_failure(failure, self._settings.poll_seconds))
        memory.watched = False  # it is for the object itself to look again
        old = resource.status
        generation = resource.metadata.generation
        if failure.kind in {Kind.INVALID, Kind.BLOCKED}:
            verdict = stalled(failure.reason, str(failure))
        elif old.observed_generation == generation and old.conditions and memory.trouble.failures < _BLIND_FOR_LONG:
            memory.due_at = self._monotonic() + after
            memory.reported = old
            return Outcome(None, requeue_after=after)
        else:
            verdict = replace(reconciling(failure.reason, str(failure)), unknown=bool(old.conditions))
        told = conditions.with_verdict(old.conditions, verdict, generation, self._now())
        status = old.model_copy(update={"observed_generation": generation, "conditions": told})
        return conclude(resource, status, memory, after, self._monotonic())

    def finalize(self, resource: SageMakerEndpoint, memory: Memory) -> Outcome:
        """One reconcile of an object that is being deleted. `gone` says that the finalizer may go."""
        if resource.status.created_in_aws is False:
            return self._finalizer.nothing_made()
        memory.pursue(finalizing(resource))
        meta = resource.metadata
        owner = Owner(self._settings.cluster_id, meta.namespace, meta.name)
        with paced(meta.namespace, Work.NEW, self._monotonic()):
            try:
                account = self.account(resource)
            except ReconcileError as failure:
                return self._finalizer.failed(resource, failure, memory)
            return self._finalizer.finalize(account, self.endpoint_name(resource), owner, resource, memory)


def _work_of(resource: SageMakerEndpoint) -> Work:
    """What a reconcile of the object is for: somebody waits for it, or it was as asked for when it was told last."""
    status = resource.status
    ready = any(each.type == "Ready" and each.status == "True" for each in status.conditions)
    return Work.DRIFT if ready and status.observed_generation == resource.metadata.generation else Work.NEW
