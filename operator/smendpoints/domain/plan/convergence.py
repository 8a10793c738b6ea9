"""Whether what the spec wants was there before: what tells drift from work that is left."""

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import SageMakerEndpointStatus


def was_converged(resource: SageMakerEndpoint, config_name: str) -> bool:
    """Whether this generation was in service once, so that a difference now is drift and no work left."""
    endpoint = resource.status.endpoint
    generation = converged_generation(resource.status)
    return generation == resource.metadata.generation and endpoint is not None and endpoint.config_name == config_name


def converged_generation(status: SageMakerEndpointStatus) -> int | None:
    """The generation that was brought about last. The release before this one told it by the condition `Drifted`."""
    if status.converged is not None:
        return status.converged.generation
    told = any(condition.type == "Drifted" for condition in status.conditions)
    return status.observed_generation if told else None
