"""What an experiment showed to be better, as weights of its endpoint's spec. Pure: nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smclient.errors import ClientError
from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.experiment.arms import all_to, arm_of

Json = Mapping[str, Any]
_NOT = {
    "ROLLBACK": ("the verdict is for the control", "take the challengers out of the endpoint's spec"),
    "INVALID": ("nothing could be concluded", "make a new experiment once the cause is repaired"),
    "INCONCLUSIVE": (
        "neither was shown to be better",
        "weigh them as you like by spec.variants[].weight, or make a new experiment that runs longer",
    ),
}


@dataclass(frozen=True)
class Promotion:
    """The weights by which the winner serves the traffic of all arms, and what to do with the experiment afterwards."""

    winner: str
    weights: dict[str, float]
    afterwards: str


def promotion(experiment: Json, endpoint: Json) -> Promotion:
    """How to promote the winner of an experiment on that endpoint.

    Variants that are no arms keep their weights, and with them their share of the traffic.

    Raises:
        ClientError: there is no verdict yet, no winner, or the winner is not what was compared any more.
    """
    name, winner = str(experiment["metadata"]["name"]), winner_of(experiment)
    try:
        compared, now = SageMakerExperiment.parse(experiment), SageMakerEndpoint.parse(endpoint)
    except ValueError as error:
        hint = "it is of a newer operator: upgrade `kubectl smendpoint`"
        raise ClientError("this client does not understand the objects", hint) from error
    arms = [found for arm in compared.status.arms if (found := arm_of(now, arm.variant)) is not None]
    there = {arm.variant: arm for arm in arms}
    where = str(endpoint["metadata"]["name"])
    if winner not in there:
        raise ClientError(f"variant {winner} is in {where} no more", "make a new experiment for what is there now")
    if there[winner].model != next(arm.model for arm in compared.status.arms if arm.variant == winner):
        raise ClientError(
            f"variant {winner} of {where} was edited or redeployed since, so that it is not what {name} compared",
            "make a new experiment for it, or set spec.variants[].weight yourself",
        )
    weights = all_to(arms, winner)
    return Promotion(winner, weights, _afterwards(experiment, where))


def winner_of(experiment: Json) -> str:
    """The variant that a SHIP is for.

    Raises:
        ClientError: there is no verdict yet, or another.
    """
    metadata, status = experiment["metadata"], experiment.get("status") or {}
    name, verdict = str(metadata["name"]), status.get("verdict")
    if verdict is None:
        raise ClientError(
            f"{name} has no verdict yet, so there is nothing to promote",
            f"look at it by `kubectl smendpoint experiment {name}`",
        )
    if verdict != "SHIP" or not status.get("winner"):
        why, instead = _NOT.get(str(verdict), ("it has no winner", "look at its message"))
        raise ClientError(f"{name} ended as {verdict}, {why}", instead)
    if metadata.get("deletionTimestamp"):
        raise ClientError(f"{name} is being deleted", "set spec.variants[].weight of its endpoint yourself")
    return str(status["winner"])


def _afterwards(experiment: Json, endpoint: str) -> str:
    metadata, status = experiment["metadata"], experiment.get("status") or {}
    delete = f"`kubectl delete smexperiment {metadata['name']} -n {metadata['namespace']}`"
    losers = ", ".join(str(arm["variant"]) for arm in status["arms"] if arm["variant"] != status["winner"])
    keep = (
        "Keep the experiment until the spec says so, as the traffic follows its verdict so long; then"
        if status.get("weights")
        else "The experiment is done:"
    )
    return (
        f"{keep} delete it by {delete}. {losers} still runs and costs without traffic:"
        f" take it out of the spec of {endpoint} when you need it no more."
    )
