"""Garbage collection: configs and models that are neither live, pending, wanted nor kept for a rollback."""

from smendpoints.api.status_rollout import Revision
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.observed.observed import ObservedEndpoint, OwnedResources
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.input import Input


def kept_configs(desired: Desired, endpoint: ObservedEndpoint | None, history: list[Revision], limit: int) -> set[str]:
    """The configs that stay: wanted, live, pending, and the last `limit` that were in service before."""
    used = (endpoint.config_name, endpoint.pending_config) if endpoint is not None else ()
    kept = {name for name in (desired.config_name, *used) if name}
    before = dict.fromkeys(
        revision.config_name
        for revision in history
        if revision.outcome == "Deployed" and revision.config_name not in kept
    )
    return kept | set(list(before)[:limit])


def garbage(given: Input) -> tuple[Action, ...]:
    """What is to be collected, where it was looked for."""
    owned = given.observed.owned_resources
    if owned is None:
        return ()
    history, limit = given.recorded.history, given.spec.revision_history_limit
    return collect_garbage(given.desired, given.observed.endpoint, owned, history, limit)


def collect_garbage(
    desired: Desired,
    endpoint: ObservedEndpoint | None,
    owned_resources: OwnedResources,
    history: list[Revision],
    limit: int,
) -> tuple[Action, ...]:
    """Configs first, then the models that no kept config needs; without an endpoint nothing is in use."""
    kept = kept_configs(desired, endpoint, history, limit)
    needed = {model.name for model in desired.models}
    for config in owned_resources.configs:
        if config.name in kept:
            needed |= config.models()
    configs = sorted(config.name for config in owned_resources.configs if config.name not in kept)
    models = sorted(model for model in owned_resources.models if model not in needed)
    return tuple(
        [Action(Verb.DELETE_CONFIG, name, {"EndpointConfigName": name}) for name in configs]
        + [Action(Verb.DELETE_MODEL, name, {"ModelName": name}) for name in models]
    )
