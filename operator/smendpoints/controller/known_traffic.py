"""Which experiments split the traffic of which endpoints, as far as it could be read. Not here: what they decide."""

from collections.abc import Iterable

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import TrafficOwner
from smendpoints.domain.tenancy.facts import Facts
from smendpoints.domain.tenancy.traffic import TrafficClaim, TrafficClaims


class KnownTraffic:
    """Not thread-safe. `known` is false while somebody is to tell of experiments and has not yet."""

    def __init__(self) -> None:
        self._claims: TrafficClaims | None = TrafficClaims()
        self.known = True

    def expect(self) -> None:
        """Somebody is going to tell."""
        self.known = False

    def set(self, claims: Iterable[TrafficClaim] | None) -> set[tuple[str, str]] | None:
        """The claims of all experiments; None: they cannot be read.

        Returns the namespace and name of the endpoints for which something else holds than before; None: of any.
        """
        before, was_known = self._claims, self.known
        self._claims = TrafficClaims(claims) if claims is not None else None
        self.known = True
        if before is None or self._claims is None or not was_known:
            return None
        return self._claims.differs(before)

    def owner(self, namespace: str, endpoint: str) -> TrafficClaim | None:
        """The experiment that has the endpoint's traffic, or is about to."""
        return self._claims.owner(namespace, endpoint) if self._claims is not None else None

    def in_force(self, facts: Facts) -> TrafficOwner | None:
        """Who splits the endpoint's traffic now, and how; None: its spec does, or it cannot be read."""
        return self._claims.in_force(facts.namespace, facts.name, facts.uid) if self._claims is not None else None

    def in_force_for(self, facts: Facts, resource: SageMakerEndpoint) -> TrafficOwner | None:
        """As `in_force`; where it cannot be read, whoever did by the object's status."""
        return self.in_force(facts) if self._claims is not None else resource.status.traffic_owner
