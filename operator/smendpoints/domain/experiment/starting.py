"""Why an experiment does not begin yet, in words that say what to do, or what is waited for."""

from smendpoints.domain.experiment import arms as arms_
from smendpoints.domain.experiment.outcomes import outcome_metrics
from smendpoints.domain.experiment.saying import Said, Saying
from smendpoints.domain.experiment.scene import Scene
from smendpoints.domain.status import conditions


def why_not_yet(scene: Scene) -> Said | None:
    """The reason, and a sentence; None: it may begin."""
    spec, endpoint, now = scene.experiment.spec, scene.endpoint, scene.now
    name = spec.endpoint_ref.name
    if endpoint is None or endpoint.metadata.deletion_timestamp is not None:
        return Said(Saying.NOT_FOUND, f"there is no SageMakerEndpoint {name} in this namespace")
    missing = [each for each in spec.arms() if arms_.arm_of(endpoint, each) is None]
    if missing:
        return Said(
            Saying.INVALID_SPEC,
            f"{name} has no variant {', '.join(missing)}: name variants of its spec.variants, or add them there",
        )
    if scene.rival is not None:
        return Said(
            Saying.TAKEN,
            f"SageMakerExperiment {scene.rival} has the traffic of {name}: one at a time;"
            " this one begins once that one has ended and holds no traffic, or is deleted",
        )
    if spec.start_after is not None and now < spec.start_after:
        return Said(Saying.WAITING, f"begins after {spec.start_after:%Y-%m-%d %H:%M} UTC, as startAfter says")
    if endpoint.spec.async_ is not None:
        return Said(Saying.INVALID_SPEC, f"{name} is asynchronous: AWS counts no requests of it by variant")
    late = outcome_metrics(spec)
    if late and endpoint.spec.data_capture is None:
        return Said(
            Saying.INVALID_SPEC,
            f"outcomes of {', '.join(late)} are joined with captured requests, and {name} captures none:"
            " set its spec.dataCapture",
        )
    if endpoint.spec.suspend:
        return Said(Saying.WAITING, f"{name} is suspended, so that its traffic stays as it is")
    current = endpoint.status.observed_generation == endpoint.metadata.generation
    shown_ = endpoint.status.endpoint
    if not current or not conditions.is_true(endpoint.status.conditions, "Ready") or shown_ is None:
        return Said(Saying.WAITING, f"waiting for {name} to be ready")
    if shown_.status != "InService":
        return Said(Saying.WAITING, f"waiting for {name} to be in service: it is {shown_.status}")
    return None
