"""Whether what the spec wants was there before: what tells drift from work that is left."""

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import SageMakerEndpointStatus


def was_converged(resource: SageMakerEndpoint, config_name: str) -> bool:
    """Whether this generation was in service once, so that a difference now is drift and no work left."""
    endpoint = resource.status.endpoint
    generation = converged_generation(resource.status)
    return generation == resource.metadata.generation and endpoint is not None and endpoint.config_name == config_name


def weights_were_there(resource: SageMakerEndpoint) -> bool:
    """Whether the traffic was split as it is to be now, when all was as wanted: else what differs is work left.

    An experiment moves weights without an edit of the spec.
    """
    converged = resource.status.converged
    return resource.traffic == (converged.traffic if converged is not None else None)


def owned_weights(resource: SageMakerEndpoint) -> frozenset[str]:
    """The variants whose weights an experiment has now, or had when all was as wanted."""
    converged = resource.status.converged
    owners = (resource.traffic, converged.traffic if converged is not None else None)
    return frozenset(name for owner in owners if owner is not None for name in owner.weights)


def converged_generation(status: SageMakerEndpointStatus) -> int | None:
    """The generation that was brought about last. The release before this one told it by the condition `Drifted`."""
    if status.converged is not None:
        return status.converged.generation
    told = any(condition.type == "Drifted" for condition in status.conditions)
    return status.observed_generation if told else None
