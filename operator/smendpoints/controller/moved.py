"""Whether anything has happened since an object was reconciled last: if not, there is nothing to observe or to do."""

import math

from smendpoints.api.group import ROLLBACK_TO
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.listed.watch import ABSENT, NEVER
from smendpoints.controller.memory import Memory
from smendpoints.controller.observe import Glance
from smendpoints.controller.ports import Listings
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.status import conditions
from smendpoints.domain.status.availability import AVAILABLE
from smendpoints.domain.status.monitoring import is_current


def nothing_moved(watch: Listings, shown: Glance, memory: Memory, now: float) -> bool:
    """Whether AWS is listed as it was observed last, and no deadline has come. `now` is of the monotonic clock."""
    seen = memory.seen
    if not seen.looked or now >= memory.schedule.deadline or watch.missing(seen.needs, seen.written_at):
        return False
    if seen.expects is not None:  # AWS is at work: what else of it changes meanwhile means nothing
        return shown.status == seen.expects or not shown.since_written
    return shown.since_written and shown.summary == seen.summary


def was_settled(watch: Listings, resource: SageMakerEndpoint, desired: Desired, schedule: Schedule) -> bool:
    """Whether the status says that all was as wanted, and AWS lists it as it did then: so after a restart.

    Raises:
        ReconcileError: AWS could not be asked.
    """
    status, converged = resource.status, resource.status.converged
    back = status.rolled_back_to
    if resource.metadata.annotations.get(ROLLBACK_TO) != (back.asked if back is not None else None):
        return False
    told, stopped = status.office_hours, status.endpoint is not None and status.endpoint.status == "Stopped"
    if stopped is schedule.running or schedule.hours != (told.hours if told is not None else None):
        return False
    return (
        converged is not None
        and status.resolved is not None
        and converged.generation == resource.metadata.generation == status.observed_generation
        and converged.fingerprint is not None
        and status.traffic_owner == resource.traffic
        and status.created_in_aws is True  # a release that did not say so has to be made to
        and conditions.find(status.conditions, AVAILABLE) is not None  # likewise
        and is_current(resource)
        and conditions.is_true(status.conditions, "Ready")
        and not conditions.is_true(status.conditions, "Stalled")
        and not conditions.is_true(status.conditions, "Drifted")
        and converged.fingerprint == fingerprint(_complete(watch), desired)
    )


def _complete(watch: Listings) -> Listings:
    """The listings, read to their end once in the life of the process."""
    if not watch.known:
        watch.look("", max_age=math.inf)  # however old they are
        watch.audit(math.inf)
    return watch


def fingerprint(watch: Listings, desired: Desired, written_at: float = NEVER) -> str | None:
    """What is wanted and how AWS lists it, in short; None as long as the listings do not know all of it.

    So also while they were read before AWS was last changed for the object, at `written_at`.
    """
    listed = watch.settled(desired.endpoint_name, written_at)
    if listed is None or (listed is not ABSENT and watch.missing(desired.contents(), written_at)):
        return None
    wanted = (desired.config_name, desired.variants, desired.targets, sorted(desired.tags.items()))
    return content_hash([repr(wanted), listed.fingerprint()])
