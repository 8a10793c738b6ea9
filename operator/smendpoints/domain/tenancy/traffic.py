"""Who splits the traffic of which endpoint: experiments, and what of them is in force. First come, first kept.

An experiment owns the weights of its endpoint's variants as an autoscaler owns counts. What is in force is what its
status says: it is written before it is acted on, so that a restart changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import TrafficOwner

Body = Mapping[str, Any]


@dataclass(frozen=True)
class TrafficClaim:
    """One experiment's claim on the traffic of an endpoint of its namespace.

    `begun`: its status says so. `holds`: it is not over, or keeps the weights of its verdict. `weights`: those in
    force. `endpoint_uid`: of the endpoint's object with which it began.
    """

    uid: str
    namespace: str
    name: str
    endpoint: str
    created: str
    begun: bool = False
    holds: bool = True
    weights: tuple[tuple[str, float], ...] | None = None
    endpoint_uid: str | None = None

    def order(self) -> tuple[bool, str, str]:
        """Whoever has begun stays; then first come, first kept. The uid decides within a second."""
        return not self.begun, self.created, self.uid


def traffic_claim(body: Body) -> TrafficClaim:
    """Read one experiment's claim; a field that is not as the schema has it counts as unset."""
    meta, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    leaving = bool(meta.get("deletionTimestamp"))
    weights = None if leaving else status.get("weights")
    return TrafficClaim(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        endpoint=str((spec.get("endpointRef") or {}).get("name", "")),
        created=str(meta.get("creationTimestamp", "")),
        begun=bool(status.get("startedAt")),
        holds=not leaving and (status.get("phase") != "Finished" or bool(weights)),
        weights=tuple(sorted((str(key), float(value)) for key, value in weights.items())) if weights else None,
        endpoint_uid=status.get("endpointUID"),
    )


class TrafficClaims:
    """The claims of all experiments, by endpoint. Replaced whole, never changed."""

    def __init__(self, claims: Iterable[TrafficClaim] = ()) -> None:
        self._first: dict[tuple[str, str], TrafficClaim] = {}
        for claim in sorted((each for each in claims if each.holds), key=TrafficClaim.order):
            self._first.setdefault((claim.namespace, claim.endpoint), claim)

    def owner(self, namespace: str, endpoint: str) -> TrafficClaim | None:
        """The experiment that has the endpoint's traffic, or is about to."""
        return self._first.get((namespace, endpoint))

    def in_force(self, namespace: str, endpoint: str, uid: str | None = None) -> TrafficOwner | None:
        """Who splits the endpoint's traffic now, and how; None: its spec does, as of one that was made again.

        `uid`: of the endpoint's object; None: of whichever there is.
        """
        claim = self.owner(namespace, endpoint)
        if claim is None or claim.weights is None or (uid and claim.endpoint_uid not in {None, uid}):
            return None
        return TrafficOwner(experiment=claim.name, weights=dict(claim.weights))

    def endpoints(self) -> set[tuple[str, str]]:
        """Namespace and name of those that an experiment wants."""
        return {*self._first}

    def differs(self, other: "TrafficClaims") -> set[tuple[str, str]]:
        """The endpoints whose traffic is split in another way by the other claims."""
        keys = {*self.endpoints(), *other.endpoints()}
        return {key for key in keys if self.in_force(*key) != other.in_force(*key)}


def with_traffic(resource: SageMakerEndpoint, traffic: TrafficOwner | None) -> SageMakerEndpoint:
    """The object as if its spec had the weights in force.

    Where no variant would get a request that way, as when the one with all the traffic was taken out of the spec, the
    spec's own weights are in force.
    """
    if traffic is None:
        return resource
    weights = traffic.weights
    variants = [
        each.model_copy(update={"weight": weights[each.name]}) if each.name in weights else each
        for each in resource.spec.variants
    ]
    if not any(each.weight > 0 for each in variants):
        return resource
    return resource.model_copy(
        update={"spec": resource.spec.model_copy(update={"variants": variants}), "traffic": traffic}
    )
