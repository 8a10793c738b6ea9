"""Finalizing: the object is being deleted, and with it what it made in AWS, or that is orphaned."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Failure
from smendpoints.controller.alarming import plan_with_own_alarms
from smendpoints.controller.apply import apply, remember
from smendpoints.controller.finding import Finding
from smendpoints.controller.memory import Memory
from smendpoints.controller.observe import Glance, glance, observe, observe_to_finalize
from smendpoints.controller.ports import Aws
from smendpoints.controller.requeue import moment, sooner, when
from smendpoints.controller.result import NEVER, Awaits
from smendpoints.controller.settings import ControllerSettings
from smendpoints.controller.trouble import finalizing
from smendpoints.controller.voiding import WhyNot
from smendpoints.domain.desired.desired import desire
from smendpoints.domain.desired.office_hours import schedule_of
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.adoption import is_retained
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.plan.deletion import plan_deletion, plan_retention, scaling_left_undone, suspended_deletion
from smendpoints.domain.plan.hours import input_of
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.plan.verdict import Plan, reconciling, stalled
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.advice import with_retry
from smendpoints.domain.status.availability import AVAILABLE, by_status
from smendpoints.domain.status.events import Event
from smendpoints.domain.status.status import told


class Finalizer:
    """Deletes in AWS what an object made, or orphans it, as its `deletionPolicy` says."""

    def __init__(
        self,
        settings: ControllerSettings,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        why_not: WhyNot,
    ) -> None:
        self._settings = settings
        self._now = now
        self._monotonic = monotonic
        self._why_not = why_not

    @staticmethod
    def nothing_made(resource: SageMakerEndpoint) -> Finding:
        """Nothing was ever made in AWS: AWS is not asked, so that it cannot stand in the way."""
        message = "nothing was created in AWS for this object, so nothing is deleted there"
        deleted = Event(warning=False, reason=Reason.DELETED, message=message)
        return Finding(resource.status, events=(deleted,), finalized=True)

    def finalize(self, account: Aws, name: str, resource: SageMakerEndpoint, memory: Memory) -> Finding:
        """One reconcile; `finalized` says that nothing is left to do.

        Raises:
            ReconcileError: AWS could not be observed.
            VoidError: the object is not what it was.
        """
        if self._settings.retains and not (resource.spec.deletion_policy or resource.status.adopted):
            spec = resource.spec.model_copy(update={"deletion_policy": "Retain"})
            resource = resource.model_copy(update={"spec": spec})
        memory.pursue(finalizing(resource))
        owner = Owner(self._settings.cluster_id, resource.metadata.namespace, resource.metadata.name)
        shown = glance(account, name, memory.seen, self._settings.poll_seconds)
        left = memory.schedule.deadline - self._monotonic()
        waits = memory.seen.expects == "Deleting" and left > 0
        if waits and (shown.status == "Deleting" or not shown.since_written):
            again = sooner(left, shown, self._settings.poll_seconds)
            return Finding(resource.status, again, Awaits.GONE, due_after=left)
        retain = is_retained(resource)
        kept = resource.status.monitoring
        old = resource.status.created_in_aws is None  # of a release that did not write down what it made
        monitored = kept is not None or resource.spec.monitoring is not None or old
        has_dashboard = kept is not None and kept.dashboard is not None
        observed = observe_to_finalize(
            account, name, owner, retain=retain, monitored=monitored, has_dashboard=has_dashboard
        )
        if (waiting := suspended_deletion(resource, owner, observed)) is not None:
            memory.remember_success()
            return self._tell(resource, waiting, NEVER, Awaits.NOTHING, observed.endpoint)
        if retain:
            todo = self._orphan(account, owner, resource, observed, shown, memory)
        else:
            was_live = any(each.outcome == "Deployed" for each in resource.status.history)
            todo = plan_deletion(observed, owner, was_live=was_live)
        applied = apply(account, resource, todo, memory, self._monotonic, self._why_not)
        remember(account, memory, applied, self._monotonic())
        if applied.refused is not None:
            return self.failed(resource, applied.refused, memory)
        memory.remember_success()
        if todo.verdict.ready:
            verdict = todo.verdict
            event = Event(verdict.reason is Reason.NOT_OWNED, verdict.reason, verdict.message)
            return Finding(resource.status, events=(event,), finalized=True)
        status = todo.endpoint_status or (observed.endpoint.status if observed.endpoint is not None else None)
        memory.seen.expects = status
        after, awaits = when(resource, todo, status, self._settings.poll_seconds, self._now())
        return self._tell(resource, todo, after, awaits, observed.endpoint)

    def _orphan(
        self,
        account: Aws,
        owner: Owner,
        resource: SageMakerEndpoint,
        observed: Observed,
        shown: Glance,
        memory: Memory,
    ) -> Plan:
        """Orphan what scales as it should, whatever an update left undone."""
        endpoint = observed.endpoint
        retention = plan_retention(observed, owner)
        if endpoint is None or not owner.owns(endpoint.tags) or not retention.verdict.ready:
            return retention
        now = self._now()
        try:
            desired = desire(resource, self._settings.cluster_id, self._settings.execution_role_arn)
            schedule = schedule_of(resource.spec, now, resource.keep())
        except ReconcileError:
            return retention  # a spec that says nothing has left nothing half done
        closely = observe(account, resource, desired, shown, memory.seen)
        todo, refused = plan_with_own_alarms(account, input_of(resource, desired, closely, schedule, now), plan)
        if refused is not None:
            raise refused
        undone = scaling_left_undone(todo)
        return replace(retention, actions=(*undone, *retention.actions))

    def failed(self, resource: SageMakerEndpoint, failure: ReconcileError, memory: Memory) -> Finding:
        """AWS refused, or could not be asked: it is told, and tried again."""
        memory.look_again()
        memory.pursue(finalizing(resource))  # AWS may not even have been asked yet
        after = memory.trouble.back_off(failure, self._settings.poll_seconds, self._monotonic())
        verdict = stalled if failure.kind in {Kind.INVALID, Kind.BLOCKED} else reconciling
        told = with_retry(failure, moment(self._now(), after))
        return self._tell(resource, Plan(verdict(failure.reason, told)), after, Awaits.NOTHING)

    def _tell(
        self,
        resource: SageMakerEndpoint,
        todo: Plan,
        after: float,
        awaits: Awaits,
        shown: ObservedEndpoint | None = None,
    ) -> Finding:
        old, generation, now = resource.status, resource.metadata.generation, self._now()
        endpoint = old.endpoint
        if endpoint is not None and todo.endpoint_status is not None:
            endpoint = endpoint.model_copy(update={"status": todo.endpoint_status})
        available = conditions.find(old.conditions, AVAILABLE)
        if endpoint is not None and shown is not None:
            said = endpoint.model_copy(update={"status": todo.endpoint_status or shown.status})
            available = by_status(said, generation, now)
        status = told(
            old,
            todo.verdict,
            generation,
            now,
            besides=(available,) if available is not None else (),
            endpoint=endpoint,
            failure=Failure(reason=todo.verdict.message[:1024]) if todo.verdict.stalled else None,
        )
        return Finding(status, after, awaits)
