"""Going back to a revision of the history by an annotation, without writing the spec.

The annotation holds for one generation: the next edit of the spec ends it, so that no pipeline ever deploys in vain.
What the revision is stands in its config in AWS; weights, counts and autoscaling are those of the spec. Not here:
whether a policy allows the revision.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from smendpoints.api.group import ROLLBACK_TO
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.rollout import Rollout
from smendpoints.api.status_rollout import RolledBackTo
from smendpoints.domain.desired.desired import Desired, DesiredModel, DesiredVariant, tag_list
from smendpoints.domain.desired.rollout import deployment_config
from smendpoints.domain.desired.scaling import dimension
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import ConfigVariant, Json, ObservedConfig
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan, suspended
from smendpoints.domain.reasons import Reason

_ASKED = re.compile(r"(?P<revision>[1-9][0-9]{0,8})(@(?P<generation>[0-9]{1,18}))?")
_SHOWN = 10
_OF_MODEL = (
    "PrimaryContainer",
    "Containers",
    "InferenceExecutionConfig",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
)
_OF_CONFIG = (
    "ProductionVariants",
    "ShadowProductionVariants",
    "DataCaptureConfig",
    "AsyncInferenceConfig",
    "KmsKeyId",
    "ExplainerConfig",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
)


def asked_back(resource: SageMakerEndpoint) -> RolledBackTo | None:
    """The revision that the annotation asks for now; None where there is none, or the spec was edited since.

    Raises:
        ReconcileError: there is no such revision to go back to (`INVALID`).
    """
    said = resource.metadata.annotations.get(ROLLBACK_TO)
    if said is None:
        return None
    recorded, generation = resource.status.rolled_back_to, resource.metadata.generation
    if recorded is not None and recorded.asked == said:
        return recorded if recorded.generation == generation else None
    match = _ASKED.fullmatch(said)
    if match is None:
        raise _refused(resource, f"{said[:64]!r} is not a revision")
    if match["generation"] is not None and int(match["generation"]) != generation:
        return None
    number = int(match["revision"])
    found = next((each for each in resource.status.history if each.revision == number), None)
    if found is None or found.outcome != "Deployed":
        problem = "is not in the history" if found is None else "was never in service"
        raise _refused(resource, f"revision {number} {problem}")
    return RolledBackTo(asked=said, generation=generation, revision=number, config_name=found.config_name)


def ended(resource: SageMakerEndpoint) -> str | None:
    """That the annotation is there, and holds no more, for people."""
    recorded, generation = resource.status.rolled_back_to, resource.metadata.generation
    said = resource.metadata.annotations.get(ROLLBACK_TO)
    if recorded is None or recorded.asked != said or recorded.generation == generation:
        return None
    return (
        f"the annotation {ROLLBACK_TO}={said} ended with the edit of the spec; to go back to revision "
        f"{recorded.revision} again, set it to {recorded.revision}@{generation}"
    )


def _refused(resource: SageMakerEndpoint, problem: str) -> ReconcileError:
    deployable = sorted({each.revision for each in resource.status.history if each.outcome == "Deployed"}, reverse=True)
    numbers = ", ".join(str(each) for each in deployable[:_SHOWN]) or "none"
    message = (
        f"annotation {ROLLBACK_TO}: {problem}; nothing is changed: write one that was in service ({numbers}), or "
        "remove the annotation"
    )
    return ReconcileError(Kind.INVALID, Reason.REVISION_NOT_FOUND, message)


def is_gone(back: RolledBackTo, name: str) -> ReconcileError:
    """The revision's config, or one of its models, was deleted in AWS."""
    message = (
        f"annotation {ROLLBACK_TO}: revision {back.revision} cannot be brought back, as {name} was deleted in AWS; "
        "nothing is changed: write another revision, or remove the annotation"
    )
    return ReconcileError(Kind.INVALID, Reason.REVISION_NOT_FOUND, message)


def brought_back(
    desired: Desired, way: Rollout, config: ObservedConfig, models: Mapping[str, Json], back: RolledBackTo
) -> Desired:
    """What is wanted while the annotation holds: that config, with the spec's weights, counts and autoscaling.

    It is rolled out at once and without alarms: it was in service before, and an alarm that fires because of what is in
    service now would undo it. Rolling stays rolling, as there may be no room for two fleets.
    """
    known = {each.name: each for each in desired.variants}
    of_spec = desired.config_request["ProductionVariants"]
    serverless = {entry["VariantName"] for entry in of_spec if "ServerlessConfig" in entry}

    def variant(entry: ConfigVariant) -> DesiredVariant:
        wanted = known.get(entry.name)
        if wanted is not None and (entry.name in serverless) is (entry.serverless is not None):
            return wanted
        return _as_it_was(entry, weight=wanted.weight if wanted is not None else None)

    dimensions = {each.name: dimension(serverless=each.serverless is not None) for each in config.variants}
    fitting = (target for target in desired.targets if dimensions.get(target.variant) == target.dimension)
    shadow = desired.shadow
    if [each.name for each in config.shadows] != ([shadow.name] if shadow is not None else []):
        shadow = _as_it_was(config.shadows[0]) if config.shadows else None
    quick = Rollout()
    if way.strategy == "Rolling":
        quick = Rollout(strategy="Rolling", step_percent=way.step_percent, step_instances=way.step_instances)
    return replace(
        desired,
        models=tuple(DesiredModel(name, _model_request(models[name], desired)) for name in sorted(models)),
        config_name=config.name,
        config_request=_request(config, desired),
        deployment=deployment_config(quick, ()),
        rollback_alarms=(),
        analysis=None,
        variants=tuple(variant(each) for each in config.variants),
        shadow=shadow,
        targets=tuple(fitting),
        back=back,
    )


def _as_it_was(entry: ConfigVariant, weight: float | None = None) -> DesiredVariant:
    """A variant that the spec does not have: as the revision began."""
    serverless = {
        key: value
        for key, value in (entry.serverless or {}).items()
        if key in {"MaxConcurrency", "ProvisionedConcurrency"}
    }
    first = entry.initial_weight if entry.initial_weight is not None else 1.0
    count = entry.initial_count if entry.serverless is None else None
    return DesiredVariant(entry.name, weight if weight is not None else first, count, serverless or None)


def _model_request(found: Json, desired: Desired) -> Json:
    """The call that would make the model again."""
    content = {key: found[key] for key in _OF_MODEL if found.get(key)}
    return {"ModelName": found["ModelName"], **content, "Tags": tag_list(desired.tags)}


def _request(config: ObservedConfig, desired: Desired) -> Json:
    """The call that would make the config again."""
    content = {key: config.raw[key] for key in _OF_CONFIG if config.raw.get(key)}
    return {"EndpointConfigName": config.name, **content, "Tags": tag_list(desired.tags)}


def held(todo: Plan, given: Input) -> Plan:
    """The plan, with what is told while the revision serves: the spec is not what is in service, by the user's wish."""
    back = given.desired.back
    if not todo.verdict.ready or todo.verdict.reason is not Reason.IN_SERVICE:
        return todo
    if back is not None:
        message = (
            f"revision {back.revision} ({back.config_name}) is in service, as the annotation {ROLLBACK_TO} asks; the "
            "spec is rolled out when it is edited, or when the annotation is removed"
        )
        return replace(todo, verdict=suspended(Reason.ROLLED_BACK_TO, message))
    over = ended(given.resource)
    if over is None:
        return todo
    return replace(todo, verdict=replace(todo.verdict, message=f"{todo.verdict.message}; {over}"))
