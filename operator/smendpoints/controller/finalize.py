"""Finalizing: the object is being deleted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Failure
from smendpoints.aws.account import Account
from smendpoints.aws.watch import Summary
from smendpoints.controller.alarming import plan_with_own_alarms
from smendpoints.controller.apply import apply
from smendpoints.controller.memory import Memory
from smendpoints.controller.observe import observe_closely, observe_listing, observe_to_finalize
from smendpoints.controller.outcome import Outcome, conclude
from smendpoints.controller.settings import ControllerSettings
from smendpoints.controller.voiding import VoidError, WhyNot, void
from smendpoints.domain.desired.desired import desire
from smendpoints.domain.desired.office_hours import schedule_of
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.adoption import is_retained
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.deletion import plan_deletion, plan_retention, scaling_left_undone
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.plan.verdict import Plan, reconciling, stalled
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.status import Event


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
    def nothing_made() -> Outcome:
        """Nothing was ever made in AWS: AWS is not asked, so that it cannot stand in the way."""
        message = "nothing was created in AWS for this object, so nothing is deleted there"
        return Outcome(None, events=(Event(warning=False, reason=Reason.DELETED, message=message),), gone=True)

    def finalize(
        self, account: Account, name: str, owner: Owner, resource: SageMakerEndpoint, memory: Memory
    ) -> Outcome:
        """One reconcile. `gone` says that nothing is left to do."""
        try:
            summary = observe_listing(account, name, memory, self._settings.poll_seconds)
            if summary is not None and summary.status == memory.waiting_in == "Deleting":
                return Outcome(
                    None, requeue_after=self._settings.poll_seconds, message=f"waiting for {name} to be gone"
                )
            retain = is_retained(resource)
            observed = observe_to_finalize(account, name, owner, summary, retain=retain)
            if retain:
                todo = self._orphan(account, owner, resource, observed, summary, memory)
            else:
                was_live = any(each.outcome == "Deployed" for each in resource.status.history)
                todo = plan_deletion(observed, owner, was_live=was_live)
        except ReconcileError as failure:
            return self.failed(resource, failure, memory)
        try:
            failed, applied = apply(account, resource, todo, memory, self._monotonic, self._why_not)
        except VoidError as why:
            return void(resource, why, memory, self._monotonic())
        if failed is not None:
            return self.failed(resource, failed, memory)
        memory.remember_success()
        memory.waiting_in = todo.endpoint_status if applied or todo.endpoint_status else None
        if todo.verdict.ready:
            verdict = todo.verdict
            told = Event(verdict.reason is Reason.NOT_OWNED, verdict.reason, verdict.message)
            return Outcome(None, events=(told,), gone=True)
        return self._tell(resource, todo, memory, self._settings.poll_seconds)

    def _orphan(
        self,
        account: Account,
        owner: Owner,
        resource: SageMakerEndpoint,
        observed: Observed,
        summary: Summary | None,
        memory: Memory,
    ) -> Plan:
        """Orphan what scales as it should, whatever an update left undone."""
        endpoint = observed.endpoint
        retention = plan_retention(observed, owner)
        if endpoint is None or not owner.owns(endpoint.tags) or not retention.verdict.ready:
            return retention
        try:
            desired = desire(resource, self._settings.cluster_id, self._settings.execution_role_arn)
            now = self._now()
            schedule = schedule_of(resource.spec, now)
        except ReconcileError:
            return retention  # a spec that says nothing has left nothing half done
        closely = observe_closely(account, resource, desired, summary, memory)

        def plan_for(seen: Observed) -> Plan:
            return plan(Input(resource, desired, seen, schedule, now))

        todo, refused = plan_with_own_alarms(account, desired, closely, plan_for)
        if refused is not None:
            raise refused
        undone = scaling_left_undone(todo)
        return replace(retention, actions=(*undone, *retention.actions))

    def failed(self, resource: SageMakerEndpoint, failure: ReconcileError, memory: Memory) -> Outcome:
        """AWS refused, or could not be asked: it is told, and tried again."""
        memory.waiting_in = None
        after = memory.remember_failure_to_finalize(failure, self._settings.poll_seconds)
        verdict = stalled if failure.kind in {Kind.INVALID, Kind.BLOCKED} else reconciling
        return self._tell(resource, Plan(verdict(failure.reason, str(failure))), memory, after)

    def _tell(self, resource: SageMakerEndpoint, todo: Plan, memory: Memory, after: float) -> Outcome:
        old = resource.status
        generation = resource.metadata.generation
        new = conditions.of_verdict(todo.verdict, generation, self._now())
        endpoint = old.endpoint
        if endpoint is not None and todo.endpoint_status is not None:
            endpoint = endpoint.model_copy(update={"status": todo.endpoint_status})
        status = old.model_copy(
            update={
                "observed_generation": generation,
                "conditions": conditions.merge(old.conditions, new),
                "endpoint": endpoint,
                "failure": Failure(reason=todo.verdict.message[:1024]) if todo.verdict.stalled else None,
            }
        )
        return replace(conclude(resource, status, memory, after, self._monotonic()), message=todo.verdict.message)
