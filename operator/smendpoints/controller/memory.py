"""What a process keeps of one object between reconciles, in three parts, written by the controller alone.

`Seen` is a cache of what was observed in AWS, `Schedule` when the object is to be reconciled again and why, `Told` what
was said. Nothing here matters: a restart loses it, and the status and the shared listings make up for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from smendpoints.aws.listed.watch import Summary
from smendpoints.controller.result import NEVER, Applied, Awaits
from smendpoints.controller.ruling import View
from smendpoints.controller.trouble import Pursuit, Trouble
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.monitoring import ListedDashboard
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.reasons import Reason

_SETTLING_WINDOW = 120.0
_MOST_NOTES = 10


@dataclass(frozen=True)
class Look:
    """A close look at AWS, for the reconcile that goes on at once: what for, what it showed, and when it ended."""

    purpose: tuple[object, ...]
    observed: Observed
    at: float


@dataclass
class Seen:
    """AWS as it was observed last; times are seconds of a monotonic clock.

    Args:
        allowed: whether it may be looked there at all, for this object.
        looked: whether it was observed at all, and `summary` is what the listing showed then.
        expects: the `EndpointStatus` that AWS was last seen in, or told to go into: nothing new while it is there.
        needs: the config and models of the live revision, which the endpoint needs to be there.
        written_at: when AWS was last changed for the object: what was listed before knows nothing of it.
        scaling_at, tags_at: the same of what may have changed autoscaling, and tags; a change in place has neither.
        created_with: tags of an endpoint that was just made: the first look need not ask for them.
        compared: live config, desired config, and whether the first, made by somebody else, stands for the second.
        garbage_collected: the config and the limit of revisions of the last collection, if nothing was made since.
        supplies_at: when it is looked next whether what other instances need is there.
        dashboard: the dashboard as listed, and a digest of what is wanted, when it was last as wanted.
        tagged: a digest of the tags that configs and models were last seen or put to have.
        look: the last close look, as long as nothing was done but to write of it.
    """

    allowed: bool = False
    looked: bool = False
    summary: Summary | None = None
    expects: str | None = None
    needs: frozenset[str] = frozenset()
    written_at: float = float("-inf")
    scaling_at: float = float("-inf")
    tags_at: float = float("-inf")
    created_with: Mapping[str, str] | None = None
    compared: tuple[str, str, bool] | None = None
    garbage_collected: tuple[str, int] | None = None
    tagged: str | None = None
    supplies_at: float | None = None
    dashboard: tuple[ListedDashboard | None, str] | None = None
    look: Look | None = None

    def observed(self, summary: Summary | None, desired: Desired, found: Observed) -> None:
        """AWS was observed closely."""
        self.looked, self.summary, self.expects, self.created_with = True, summary, None, None
        if found.live_config is not None:
            self.compared = (found.live_config.name, desired.config_name, found.equivalent)

    def settled(self, summary: Summary | None, desired: Desired, revisions: int) -> None:
        """AWS is listed as it was when all was as wanted, and no garbage was left of more than so many revisions."""
        self.looked, self.summary, self.needs = True, summary, desired.contents()
        self.collected(desired, revisions)
        self.tagged = content_hash(desired.tags)

    def collected(self, desired: Desired, revisions: int) -> None:
        """No garbage is left of more than so many revisions."""
        self.garbage_collected = (desired.config_name, revisions)

    def is_collected(self, desired: Desired, revisions: int) -> bool:
        """Whether no garbage is left, and what is left has the tags that it is to have."""
        return self.is_swept(desired, revisions) and self.is_tagged(desired)

    def is_swept(self, desired: Desired, revisions: int) -> bool:
        """Whether no garbage is left."""
        return self.garbage_collected == (desired.config_name, revisions)

    def is_tagged(self, desired: Desired) -> bool:
        """Whether configs and models have the tags that they are to have."""
        return self.tagged == content_hash(desired.tags)

    def applied(self, came: Applied, now: float) -> None:
        """AWS was changed, if it was; after the calls, as what was listed during them is out of date."""
        if not came.changed:
            return
        self.written_at, self.created_with, self.look = now, came.created_with, None
        verbs = {each.verb for each in came.made} - {Verb.SET_WEIGHTS_AND_CAPACITIES}
        if verbs & {Verb.CREATE_MODEL, Verb.CREATE_CONFIG}:  # garbage as soon as the spec wants something else
            self.garbage_collected = None
        if came.refusals or verbs - {Verb.ADD_TAGS, Verb.DELETE_TAGS}:
            self.scaling_at = now
        if came.refusals or any(verb.service != "application-autoscaling" for verb in verbs):
            self.tags_at = now


@dataclass
class Schedule:
    """When the object is to be reconciled again: at `deadline`, of a monotonic clock, or when AWS does what it awaits.

    `trouble` is what went wrong on the way to what is asked for, which makes the waits longer; `monitoring` the same of
    alarms and dashboard, which hold nothing else up. `begun` is when that began which the next reconcile goes on with
    at once; None when the last one came to its end.
    """

    deadline: float = NEVER
    awaits: Awaits = Awaits.NOTHING
    trouble: Trouble = field(default_factory=Trouble)
    monitoring: Trouble = field(default_factory=Trouble)
    begun: float | None = None


@dataclass
class Told:
    """What was said, so that it is said once.

    Args:
        asked: what the user asked for when the object was last reconciled.
        view: what other objects and the policies meant for it then.
        status: a digest of the status as the API server had it after the last reconcile; another one is somebody's.
        notes: what is to be said by one Event each in the life of the process, and whether it was.
        unwritten: how many times in a row the API server did not take what was to be written.
    """

    asked: tuple[int, tuple[str | None, ...]] | None = None
    view: View | None = None
    status: str | None = None
    notes: dict[str, bool] = field(default_factory=dict)
    unwritten: int = 0

    def is_current(self, status: Mapping[str, Any] | None) -> bool:
        """Whether the status is the one that was written last."""
        return self.status == digest(status)


@dataclass
class Memory:
    """All three of one object."""

    seen: Seen = field(default_factory=Seen)
    schedule: Schedule = field(default_factory=Schedule)
    told: Told = field(default_factory=Told)

    @property
    def trouble(self) -> Trouble:
        """What went wrong so far on the way to what is asked for."""
        return self.schedule.trouble

    def look_again(self) -> None:
        """What was seen counts no longer: the next reconcile observes AWS closely."""
        self.seen.looked, self.seen.expects, self.seen.look = False, None, None

    def ended(self, begun: float, after: float) -> None:
        """A reconcile ended, of a change that `begun` then; what does not go on at once begins with a new look."""
        self.schedule.begun = begun if after == 0 else None
        if after > 0:
            self.seen.look = None

    def note(self, notes: Iterable[str]) -> None:
        """Tell these by an Event each, once in the life of this process."""
        for each in notes:
            if len(self.told.notes) < _MOST_NOTES:
                self.told.notes.setdefault(each, False)

    def unsaid(self) -> tuple[str, ...]:
        """The notes that are to be told now."""
        found = tuple(note for note, said in self.told.notes.items() if not said)
        self.told.notes.update(dict.fromkeys(found, True))
        return found

    def pursue(self, pursuit: Pursuit) -> None:
        """A reconcile begins: what went wrong on the way to anything else counts no longer."""
        if self.trouble.pursuit != pursuit:
            self.schedule.trouble = Trouble(pursuit)

    def monitors(self, pursuit: Pursuit) -> Trouble:
        """What went wrong on the way to these alarms and this dashboard."""
        if self.schedule.monitoring.pursuit != pursuit:
            self.schedule.monitoring = Trouble(pursuit)
        return self.schedule.monitoring

    def remember_success(self) -> None:
        """The reconcile went through."""
        self.schedule.trouble = Trouble(self.trouble.pursuit)

    def judge(self, failure: ReconcileError, now: float) -> ReconcileError:
        """What may be eventual consistency is believed for two minutes, then it is a failure like others."""
        if failure.kind is not Kind.SETTLING:
            return failure
        since = self.trouble.settling_since
        self.trouble.settling_since = since = now if since is None else since
        if now - since < _SETTLING_WINDOW:
            return failure
        reason = Reason.NOT_ACCESSIBLE if failure.reason is Reason.BUSY else failure.reason
        return replace(failure, kind=Kind.BLOCKED, reason=reason)


def digest(status: Mapping[str, Any] | None) -> str:
    """Of a status as the API server has it."""
    return content_hash(status or {})
