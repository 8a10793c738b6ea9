"""What a plan is made from: the object, what it wants, what AWS shows, the schedule and the time. Values only."""

from dataclasses import dataclass
from datetime import datetime

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.desired.ownership import is_reserved
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint


@dataclass(frozen=True)
class Input:
    """All that is known when it is decided what happens next.

    Args:
        resource: the object, as if its spec said all that is in force.
        desired: what the spec wants, in AWS's terms.
        observed: what AWS shows.
        schedule: whether the endpoint shall run now, and when that changes.
        now: the time.
    """

    resource: SageMakerEndpoint
    desired: Desired
    observed: Observed
    schedule: Schedule
    now: datetime

    @property
    def spec(self) -> SageMakerEndpointSpec:
        """What the user wants."""
        return self.resource.spec

    @property
    def recorded(self) -> SageMakerEndpointStatus:
        """What the status says since the last reconcile."""
        return self.resource.status

    @property
    def spoken_of(self) -> bool:
        """Whether the status speaks of this very generation of the spec."""
        return self.recorded.observed_generation == self.resource.metadata.generation

    @property
    def attempt_recorded(self) -> bool:
        """Whether the rollout in the status is the very one that the spec asks for now."""
        past = self.recorded.rollout
        return past is not None and past.attempt == self.desired.attempt()

    @property
    def attempt_blocked(self) -> bool:
        """Whether something was missing when this very attempt was to be made last."""
        past = self.recorded.rollout
        return past is not None and past.phase == "Blocked" and self.attempt_recorded

    @property
    def tag_keys(self) -> frozenset[str]:
        """The keys of all tags that the object may have set."""
        endpoint, pinned = self.recorded.endpoint, self.recorded.resolved
        keys = [*(endpoint.tag_keys if endpoint is not None else ())]
        if pinned is not None:
            keys += [*pinned.tags, *pinned.other_tag_keys]
        return frozenset(key for key in keys if not is_reserved(key))

    def serves_wanted(self, endpoint: ObservedEndpoint) -> bool:
        """Whether the config in service is the desired one, or one of somebody else's that says the same."""
        return endpoint.config_name == self.desired.config_name or self.observed.equivalent
