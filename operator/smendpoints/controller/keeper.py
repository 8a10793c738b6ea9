"""What is to do about the alarms and the dashboard of one object, and doing it. Not here: what is told of it."""

from dataclasses import dataclass, field
from typing import Any

from smendpoints.api.monitoring import MonitoringStatus
from smendpoints.controller.memory import Memory
from smendpoints.controller.ports import Aws
from smendpoints.domain.desired import names
from smendpoints.domain.desired.dashboard import Location
from smendpoints.domain.desired.desired import Desired, tag_list
from smendpoints.domain.desired.monitoring import DesiredMonitoring
from smendpoints.domain.desired.ownership import is_owned, told_owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.monitoring import ObservedDashboard
from smendpoints.domain.plan import alarms as ownership
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.monitoring import in_words, is_abandoned, plan_alarms, plan_dashboard
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.monitoring import topics_elsewhere


@dataclass
class Keeper:
    """One look at CloudWatch and what follows from it."""

    account: Aws
    given: Input
    wanted: DesiredMonitoring
    before: MonitoringStatus
    memory: Memory
    todo: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    alarms: dict[str, Any] = field(default_factory=dict)
    there: ObservedDashboard | None = None
    conflicts: list[ReconcileError] = field(default_factory=list)

    @property
    def desired(self) -> Desired:
        """What the spec wants of the endpoint."""
        return self.given.desired

    def look(self) -> None:
        """Find out what is to do, leaving alone what is another's."""
        endpoint, seen = self.desired.endpoint_name, self.memory.seen
        listed = self.account.watch.monitoring(endpoint, seen.written_at)
        self.alarms = dict(listed.alarms if listed is not None else self.account.monitoring.alarms(endpoint))
        planned = plan_alarms(self.wanted, self.alarms)
        if planned and listed is not None:  # what is to be changed is looked at closely before
            self.alarms = dict(self.account.monitoring.alarms(endpoint))
            planned = plan_alarms(self.wanted, self.alarms)
        self._own_alarms(planned)
        name = names.dashboard_name(self.account.place.region, endpoint)
        body = self.wanted.digest
        if self.wanted.keeps_dashboard or (listed is not None and seen.dashboard == (listed.dashboard, body)):
            return
        try:
            self.there = self.account.monitoring.dashboard(name)
        except ReconcileError as failure:
            if self.wanted.dashboard or self.before.dashboard or failure.reason is not Reason.ACCESS_DENIED:
                raise
            return  # the permission is optional: none was put, and none is wanted
        self._own_dashboard(plan_dashboard(self.wanted, self.there))
        nothing = listed is not None and not self.todo.get("dashboard") and not self.conflicts
        seen.dashboard = (listed.dashboard, body) if nothing and listed is not None else None

    def _own_alarms(self, planned: tuple[Action, ...]) -> None:
        owner = self.desired.owner
        touched = {name for each in planned for name in each.params.get("AlarmNames", (each.target,))}
        if self.before.applied is None:  # what is as wanted may be nobody's, or another's
            touched |= self.alarms.keys()
        there = touched & self.alarms.keys()
        arns = {name: self.alarms[name]["AlarmArn"] for name in there}
        tags = {name: self.account.observe.alarm_tags(self.alarms[name], owner) for name in sorted(there)}
        found = ownership.sort(owner, arns, tags)
        taken = sorted(found.others.keys() & set(self.wanted.names()))
        if taken:
            self.conflicts.append(_conflict(f"the alarm {taken[0]}", "another object"))
        actions = ownership.leaving(planned, found.others)
        put = ownership.put(actions)
        taken_over = {name: arn for name, arn in found.nobodys.items() if name in self.wanted.names()}
        tagging = [_tag(self.desired, name, arn) for name, arn in sorted(taken_over.items()) if name not in put]
        if actions or tagging:
            self.todo["alarms"] = (*ownership.tagged(actions, self.desired, found.nobodys), *tagging)

    def _own_dashboard(self, planned: tuple[Action, ...]) -> None:
        there, owner = self.there, self.desired.owner
        foreign = there is not None and not owner.owns(there.tags)
        if not planned and not (foreign and self.before.applied is None):
            return
        nobodys: dict[str, str] = {}
        if there is not None and foreign:
            if is_owned(there.tags) or not is_abandoned(there):
                whose = told_owner(there.tags, owner.tags()) if is_owned(there.tags) else "somebody else"
                if self.wanted.dashboard is not None:
                    self.conflicts.append(_conflict(f"the dashboard {there.name}", whose))
                return
            nobodys = {there.name: there.arn}
        tags = [_tag(self.desired, name, arn) for name, arn in nobodys.items() if not planned]
        self.todo["dashboard"] = (*ownership.tagged(planned, self.desired, nobodys), *tags)

    def drift(self) -> tuple[str, ...]:
        """What an out-of-band change undid of what was put before."""
        if self.before.applied != self.wanted.digest:
            return ()
        actions = (each for part in self.todo.values() for each in part)
        return in_words(actions, self.alarms, dashboard=self.there is not None)

    def is_reported(self) -> bool:
        """Whether what differs is drift that is only told."""
        return bool(self.drift()) and self.given.spec.drift_policy == "Report"

    def apply(self, now: float) -> list[ReconcileError]:
        """Make the calls, each part up to the first refusal; what AWS refused, and what is another's."""
        failures = list(self.conflicts)
        location = location_of(self.given)
        elsewhere = topics_elsewhere(self.given.resource, location)
        if elsewhere is not None and any(each.verb is Verb.PUT_ALARM for each in self.todo.get("alarms", ())):
            failures.append(ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, elsewhere))
            del self.todo["alarms"]
        for actions in self.todo.values():
            try:
                for action in actions:
                    self.account.apply(action, {}, namespace=self.given.resource.metadata.namespace)
            except ReconcileError as failure:
                failures.append(failure)
        if self.todo:
            self.account.watch.wrote(self.desired.endpoint_name)
            self.memory.seen.written_at, self.memory.seen.dashboard = now, None
        if elsewhere is None:
            failures += self._topics()
        return failures

    def _topics(self) -> list[ReconcileError]:
        """What is wrong with the topics; looked at where alarms were put, or something was wrong before."""
        monitoring, trouble = self.given.spec.monitoring, self.memory.schedule.monitoring
        asks = self.todo or trouble.failures or not self.before.applied
        if monitoring is None or not self.wanted.alarms or not asks:
            return []
        try:
            self.memory.note(self.account.preflight.topics(monitoring.topic_arns))
        except ReconcileError as failure:
            return [failure]
        return []


def location_of(given: Input) -> Location | None:
    """Where the endpoint is; None where there is none."""
    endpoint = given.observed.endpoint
    return Location.of(endpoint.arn) if endpoint is not None else None


def _tag(desired: Desired, name: str, arn: str) -> Action:
    """What is as wanted and nobody's becomes the owner's."""
    return Action(Verb.TAG_ALARM, name, {"ResourceARN": arn, "Tags": tag_list(desired.owner.tags())})


def _conflict(what: str, whose: str) -> ReconcileError:
    message = (
        f"{what} exists in CloudWatch and belongs to {whose}; delete it, or recreate this object with another"
        " spec.endpointName"
    )
    return ReconcileError(Kind.BLOCKED, Reason.NAME_CONFLICT, message)
