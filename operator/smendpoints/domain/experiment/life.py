"""The life of an experiment: it waits, runs in steps of growing traffic, and ends with a verdict. A pure function.

What is in force is what the status says: weights are written before anybody acts on them, and so is each instant from
which requests count. So a process that is killed anywhere goes on from the status and from CloudWatch.
"""

from dataclasses import dataclass
from datetime import timedelta

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_status import (
    MOST_STEPS,
    Challenger,
    Outcome,
    SageMakerExperimentStatus,
    TrafficStep,
)
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.experiment import arms as arms_
from smendpoints.domain.experiment import figures
from smendpoints.domain.experiment.ending import broken, outcome_of
from smendpoints.domain.experiment.looks import taken
from smendpoints.domain.experiment.ramp import closed, given_up, interrupted, next_percent, stepped
from smendpoints.domain.experiment.saying import Said, Saying, shown
from smendpoints.domain.experiment.scene import Scene
from smendpoints.domain.experiment.starting import why_not_yet
from smendpoints.domain.status import conditions


@dataclass(frozen=True)
class Next:
    """The status from now on, and whether nothing keeps the object any more."""

    status: SageMakerExperimentStatus
    finalized: bool = False


def advance(scene: Scene) -> Next:
    """What follows."""
    experiment, status = scene.experiment, scene.experiment.status
    if experiment.metadata.deletion_timestamp is not None:
        return _leaving(scene)
    if status.phase == "Finished":
        return Next(_finished(scene))
    if status.started_at is None:
        return Next(_waiting(scene))
    return Next(_running(scene))


def runs(experiment: SageMakerExperiment) -> bool:
    """Whether there is anything to look at."""
    status = experiment.status
    begun = status.phase == "Running" and experiment.metadata.deletion_timestamp is None
    return begun and any(step.counts_from is not None for step in status.steps)


def _leaving(scene: Scene) -> Next:
    """It goes once the endpoint's status no longer says that it splits the traffic."""
    endpoint = scene.endpoint
    owner = endpoint.status.traffic_owner if endpoint is not None else None
    mine = owner is not None and owner.experiment == scene.experiment.metadata.name and scene.rival is None
    gone = endpoint is None or endpoint.metadata.deletion_timestamp is not None
    if gone or not mine:
        return Next(scene.experiment.status, finalized=True)
    said = Said(Saying.LEAVING, "being deleted: waiting for the endpoint to go back to the weights of its spec")
    return Next(_told(scene, scene.experiment.status, said))


def _told(scene: Scene, status: SageMakerExperimentStatus, said: Said) -> SageMakerExperimentStatus:
    generation = scene.experiment.metadata.generation
    new = shown(said, generation, scene.now)
    merged = conditions.merge(scene.experiment.status.conditions, new)
    return status.model_copy(update={"observed_generation": generation, "conditions": merged})


# before the start


def _waiting(scene: Scene) -> SageMakerExperimentStatus:
    status = scene.experiment.status
    said = why_not_yet(scene)
    if said is not None:
        return _told(scene, status.model_copy(update={"phase": "Waiting"}), said)
    spec, endpoint = scene.experiment.spec, scene.endpoint
    arms = [arm for name in spec.arms() if endpoint is not None and (arm := arms_.arm_of(endpoint, name)) is not None]
    percent = arms_.percents(spec)[0]
    weights = arms_.weights_of(spec, arms, percent, ())
    begun = SageMakerExperimentStatus(
        phase="Running",
        started_at=scene.now,
        fixed=content_hash(spec.fixed()),
        arms=arms,
        weights=weights,
        steps=[TrafficStep(traffic_percent=percent, weights=weights, asked_at=scene.now)],
        challengers=[Challenger(variant=name) for name in spec.challengers],
        requests=0,
        captured=arms_.captured(endpoint) if endpoint is not None else None,
        endpoint_uid=endpoint.metadata.uid if endpoint is not None else None,
    )
    return _told(scene, begun, Said(Saying.RUNNING, f"begun: waiting for the traffic to be {figures.split(weights)}"))


# while it runs


def _running(scene: Scene) -> SageMakerExperimentStatus:
    status, spec = scene.experiment.status, scene.experiment.spec
    why_not = broken(scene)
    if why_not is not None:
        return _ended(scene, status, "INVALID", why_not)
    status = taken(scene, status)
    outcome = outcome_of(scene, status)
    if outcome is not None:
        return _ended(scene, status, *outcome)
    status = given_up(scene, status)
    step = status.steps[-1]
    if step.counts_from is None:
        return _awaiting_traffic(scene, status, step)
    why = arms_.interruption(scene.endpoint, step.weights) if scene.endpoint is not None else None
    if why is not None:
        return _interrupted(scene, status, why)
    following = next_percent(scene, status.steps)
    if following is not None:
        status = stepped(scene, status, following)
        return _told(
            scene, status, Said(Saying.RUNNING, f"ramp: the traffic becomes {figures.split(status.weights or {})}")
        )
    unread = scene.looked.unread if scene.looked is not None else None
    if unread is not None:
        return _told(
            scene, status, Said(Saying.UNREADABLE, f"what counts can't be read, and so nothing is concluded: {unread}")
        )
    if scene.looked is None and status.conditions:
        return status.model_copy(update={"observed_generation": scene.experiment.metadata.generation})
    reasons = [f"{each.variant}: {each.reason}" for each in status.challengers if each.reason]
    told = "; ".join([*reasons, *(scene.looked.notes if scene.looked is not None else ())])
    until = status.started_at + timedelta(minutes=spec.duration.max_minutes) if status.started_at else scene.now
    return _told(scene, status, Said(Saying.RUNNING, f"{told or 'counting'}; until {until:%Y-%m-%d %H:%M} UTC"))


def _interrupted(scene: Scene, status: SageMakerExperimentStatus, why: str) -> SageMakerExperimentStatus:
    """Requests that are dealt out otherwise, as by a fleet that has just started, count for nothing."""
    status = interrupted(scene, status)
    if len(status.steps) > MOST_STEPS:
        often = f"its traffic was interrupted too often: {why}"
        return _ended(scene, status.model_copy(update={"steps": status.steps[:-1]}), "INVALID", often)
    split = figures.split(status.steps[-1].weights)
    return _told(scene, status, Said(Saying.RUNNING, f"{why}: requests count again once the traffic is {split}"))


def _awaiting_traffic(scene: Scene, status: SageMakerExperimentStatus, step: TrafficStep) -> SageMakerExperimentStatus:
    endpoint, name = scene.endpoint, scene.experiment.metadata.name
    if endpoint is None or not arms_.serves(endpoint, name, step.weights):
        gone = arms_.away(endpoint) if endpoint is not None else None
        waits = f"waiting for the traffic to be {figures.split(step.weights)}"
        said = Said(Saying.RUNNING, f"{gone}: {waits}" if gone is not None else waits)
        return _told(scene, status, said)
    since = arms_.boundary_after(scene.now, scene.period)
    steps = [*status.steps[:-1], step.model_copy(update={"counts_from": since})]
    said = Said(
        Saying.RUNNING, f"the traffic is {figures.split(step.weights)}; requests count from {since:%H:%M:%S} UTC"
    )
    return _told(scene, status.model_copy(update={"steps": steps}), said)


# after the end


def _ended(
    scene: Scene, status: SageMakerExperimentStatus, outcome: Outcome, why: str, winner: str | None = None
) -> SageMakerExperimentStatus:
    spec = scene.experiment.spec
    serving = None
    if spec.on_verdict == "ShiftTraffic" and outcome in {"SHIP", "ROLLBACK"}:
        serving = winner or spec.control
    endpoint = scene.endpoint
    arms = status.arms
    if endpoint is not None:  # as its spec is now: an edit from here on is the user's answer
        arms = [
            found.model_copy(update={"requests": arm.requests})
            for arm in status.arms
            if (found := arms_.arm_of(endpoint, arm.variant)) is not None
        ]
    over = status.model_copy(
        update={
            "phase": "Finished",
            "verdict": outcome,
            "winner": winner,
            "ended_at": scene.now,
            "arms": arms,
            "weights": arms_.all_to(arms, serving) if serving is not None else None,
            "steps": closed(status.steps, scene.now, scene.period) or status.steps,
        }
    )
    return _told(
        scene, over, Said(Saying(outcome), f"{why}; {figures.afterwards(spec.endpoint_ref.name, arms, serving)}")
    )


def _finished(scene: Scene) -> SageMakerExperimentStatus:
    """The weights of a verdict hold until the endpoint's spec says something else of the arms."""
    status, endpoint = scene.experiment.status, scene.endpoint
    generation = scene.experiment.metadata.generation
    status = status.model_copy(update={"observed_generation": generation})
    if status.weights is None:
        return status
    same = endpoint is not None and not arms_.is_another(endpoint, status.endpoint_uid)
    now = [arms_.arm_of(endpoint, arm.variant) for arm in status.arms] if endpoint is not None and same else []
    if now == [arm.model_copy(update={"requests": None}) for arm in status.arms]:
        return status
    ready = conditions.find(status.conditions, "Ready")
    verdict = ready.message.split("; ")[0] if ready is not None else ""
    said = Said(
        Saying(status.verdict or "INVALID"), f"{verdict}; the weights of the endpoint's spec are in force again"
    )
    return _told(scene, status.model_copy(update={"weights": None}), said)
