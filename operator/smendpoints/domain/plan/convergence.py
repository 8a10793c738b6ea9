"""Whether what the spec wants was there before: what tells drift from work that is left."""

from smendpoints.api.resource import SageMakerEndpoint


def was_converged(resource: SageMakerEndpoint, config_name: str) -> bool:
    """Whether this generation was in service once, so that a difference now is drift and no work left."""
    status = resource.status
    return (
        status.observed_generation == resource.metadata.generation
        and status.endpoint is not None
        and status.endpoint.config_name == config_name
        and any(condition.type == "Drifted" for condition in status.conditions)
    )
