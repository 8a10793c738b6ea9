"""The controller: one way in, `Controller.reconcile`, and one way out, `finding.conclude`.

Level-triggered: a reconcile depends on the spec, on what AWS says now, and on a few facts in the status. Killed between
any two calls, the next one goes on from what it finds. Not here: when an object is reconciled, and who writes of it.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pydantic import ValidationError

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.calls.pace import Work
from smendpoints.aws.calls.paces import paced
from smendpoints.controller.alarming import plan_with_own_alarms
from smendpoints.controller.apply import apply, preflight, remember, went_on
from smendpoints.controller.blind import blinded
from smendpoints.controller.finalize import Finalizer
from smendpoints.controller.finding import Finding, conclude, read, unreadable
from smendpoints.controller.forewarning import forewarned
from smendpoints.controller.looking import look
from smendpoints.controller.memory import Memory
from smendpoints.controller.monitoring import monitored
from smendpoints.controller.moved import nothing_moved, was_settled
from smendpoints.controller.observe import glance
from smendpoints.controller.ports import Aws
from smendpoints.controller.reporting import finding_of
from smendpoints.controller.requeue import sooner, within_hours
from smendpoints.controller.result import Applied, Result
from smendpoints.controller.returning import with_revision
from smendpoints.controller.ruling import Ruling
from smendpoints.controller.settings import ControllerSettings
from smendpoints.controller.supplying import next_look, supplied
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.controller.trouble import pursuit_of
from smendpoints.controller.voiding import VoidError, WhyNot
from smendpoints.domain.desired.desired import desire
from smendpoints.domain.desired.office_hours import schedule_of
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.blocked import before_rollout
from smendpoints.domain.plan.held_back import held_back, nothing_changed
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.pins import must_pin, pinned
from smendpoints.domain.status.supplies import UNKNOWN
from smendpoints.domain.status.write_ahead import must_write_ahead, write_ahead
from smendpoints.domain.tenancy.facts import Identity
from smendpoints.domain.tenancy.limits import PriceOf

logger = logging.getLogger(__name__)
_VOID_SECONDS = 2.0


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class Controller:
    """Reconciles objects; safe to call from many threads, but one at a time for each object."""

    def __init__(
        self,
        settings: ControllerSettings,
        accounts: Callable[[Place], Aws],
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
            Operator(settings.region, settings.execution_role_arn, settings.tags),
            lambda: self._accounts(Place(settings.region)).own_account(),
        )

    def whereabouts(self, uid: str, memory: Memory) -> tuple[Place, str] | None:
        """The place and name of the object's endpoint, if it may be looked for there."""
        return self._whereabouts(uid) if memory.seen.allowed else None

    def _whereabouts(self, uid: str) -> tuple[Place, str] | None:
        identity = self.tenancy.identity(uid)
        return (_place(identity), identity.endpoint) if identity is not None else None

    def _account(self, resource: SageMakerEndpoint) -> tuple[Aws, str]:
        where = self._whereabouts(resource.metadata.uid)
        if where is None:
            raise ReconcileError(Kind.RETRY, Reason.PENDING, "the object is gone")
        return self._accounts(where[0]), where[1]

    def _prices(self, identity: Identity) -> PriceOf:
        return self._accounts(_place(identity)).prices.of

    def reconcile(self, body: Mapping[str, Any], memory: Memory) -> Result:
        """Reconcile an object from a version of it. Never raises: what goes wrong is told in the status."""
        try:
            resource = read(body)
        except ValidationError as error:
            return unreadable(body, error, self._now())
        untouched = memory.told.is_current(body.get("status"))
        begun = memory.schedule.begun if memory.schedule.begun is not None else self._monotonic()
        with paced(resource.metadata.namespace, _work_of(resource), begun):
            found = self._find(resource, memory, untouched=untouched)
        memory.ended(begun, found.requeue_after)
        return conclude(resource, found, memory, self._monotonic())

    def forget(self, memory: Memory) -> None:
        """What came of a reconcile was not written: it is to be found out again."""
        memory.look_again()

    def _find(self, resource: SageMakerEndpoint, memory: Memory, *, untouched: bool) -> Finding:
        leaving = resource.metadata.deletion_timestamp is not None
        try:
            if leaving:
                return self._finalize(resource, memory)
            return self._reconcile(resource, memory, untouched=untouched)
        except VoidError as why:
            logger.info("%s", why, extra={"reason": Reason.VOID})
            memory.look_again()
            return Finding(resource.status, _VOID_SECONDS)  # the status is left: it may be another's
        except ReconcileError as error:
            failure = memory.judge(error, self._monotonic())
        except Exception as error:
            logger.exception("internal error", extra={"reason": Reason.INTERNAL_ERROR})
            failure = ReconcileError(Kind.RETRY, Reason.INTERNAL_ERROR, f"internal error, see the log: {error!r}")
        memory.look_again()
        if leaving:
            return self._finalizer.failed(resource, failure, memory)
        after = memory.trouble.back_off(failure, self._settings.poll_seconds, self._monotonic())
        return blinded(resource, failure, after, memory.trouble.failures, lambda: self._account(resource), self._now())

    def _reconcile(self, asked: SageMakerEndpoint, memory: Memory, *, untouched: bool) -> Finding:
        if not self.tenancy.ready(asked.metadata.uid):
            return Finding(asked.status)  # it is told when more is known
        now = self._now()
        memory.pursue(pursuit_of(asked, now))
        rule = partial(self.tenancy.rule, asked, self._prices, runs=not asked.spec.suspend)
        ruling = rule()
        if ruling.violations and self._account(asked)[0].prices.look_up():  # it may be for want of a price
            ruling = rule()
        began = memory.told.asked is None
        unasked = untouched and memory.told.asked == asked.asked() and memory.told.view == ruling.view
        memory.told.view = ruling.view
        memory.seen.allowed = False
        if ruling.refused is not None:
            raise ruling.refused
        if ruling.unseen and asked.status.created_in_aws is False:  # what was made there before is looked after
            raise ReconcileError(Kind.BLOCKED, ruling.reason, nothing_changed(ruling.violations))
        memory.seen.allowed = True
        resource = ruling.resource
        desired = desire(resource, self._settings.cluster_id, self._settings.execution_role_arn)
        desired = replace(desired, adoption_refused=ruling.adoption)
        schedule = schedule_of(resource.spec, now, resource.keep())
        account, name = self._account(asked)
        if resource.spec.monitoring is not None or resource.status.monitoring is not None:
            account.watch.monitors()
        shown = glance(account, name, memory.seen, self._settings.poll_seconds)
        if unasked and nothing_moved(account.watch, shown, memory, self._monotonic()):
            left = memory.schedule.deadline - self._monotonic()
            again = sooner(left, shown, self._settings.poll_seconds)
            return Finding(asked.status, again, memory.schedule.awaits, due_after=left)
        if (
            began
            and not ruling.violations
            and not asked.spec.suspend
            and was_settled(account.watch, resource, desired, schedule)
        ):
            memory.seen.settled(account.watch.peek(name), desired, asked.spec.revision_history_limit)
            return Finding(asked.status, within_hours(next_look(memory, self._monotonic()), schedule, now))
        desired, refusals = with_revision(account, resource, desired, self.tenancy)
        ruling = replace(ruling, violations=(*ruling.violations, *refusals))
        given = look(account, resource, desired, shown, schedule, memory, now, self._monotonic)
        return self._carry_out(account, given, ruling, memory)

    def _carry_out(self, account: Aws, given: Input, ruling: Ruling, memory: Memory) -> Finding:
        """Plan, write ahead what has to be, apply, and conclude."""
        resource = given.resource
        todo, refused = plan_with_own_alarms(account, given, lambda seen: self._plan(seen, ruling))
        todo = forewarned(account, given, todo, memory)
        refused = refused or preflight(account, resource, given.desired, given.observed, todo, memory)
        first = before_rollout(todo, given, refused)
        acting = first or todo
        pins = not ruling.violations and must_pin(resource, acting, ruling.resolved)
        if (refused is None or first is not None) and (pins or must_write_ahead(resource, acting)):
            ahead = write_ahead(resource, acting, given.now)
            return Finding(pinned(ahead, resource, acting, ruling.resolved, allowed=not ruling.violations), 0.0)
        applied = Applied(refused)
        if refused is None or first is not None:
            adopts = resource.spec.adopt_existing and ruling.adoption is None
            applied = apply(account, resource, acting, memory, self._monotonic, self._why_not, adopts=adopts)
            remember(account, memory, applied, self._monotonic())
        if first is not None:
            todo, applied = went_on(todo, first, applied, refused)
        now, poll = self._monotonic(), self._settings.poll_seconds
        found = supplied(account, given, todo, memory, now) if applied.refused is None else UNKNOWN
        told = finding_of(ruling, account, given, todo, applied, memory, poll, now, supplies=found)
        allowed = not ruling.violations
        return monitored(account, given, told, memory, poll, self._monotonic(), self._why_not, may_change=allowed)

    @staticmethod
    def _plan(given: Input, ruling: Ruling) -> Plan:
        return held_back(plan(given), given, ruling.reason, ruling.violations)

    def _finalize(self, resource: SageMakerEndpoint, memory: Memory) -> Finding:
        if resource.status.created_in_aws is False:
            return self._finalizer.nothing_made(resource)
        account, name = self._account(resource)
        memory.seen.allowed = True
        return self._finalizer.finalize(account, name, resource, memory)


def _place(identity: Identity) -> Place:
    return Place(identity.region, identity.role)


def _work_of(resource: SageMakerEndpoint) -> Work:
    """What a reconcile of the object is for: somebody waits for it, or it was as asked for when it was told last."""
    status, meta = resource.status, resource.metadata
    ready = conditions.is_true(status.conditions, "Ready") and status.observed_generation == meta.generation
    return Work.DRIFT if ready and meta.deletion_timestamp is None else Work.NEW
