"""How the variants of an experiment, or of an endpoint with its shadow, answered, with the user's rights.

From captured data and the model artifacts in S3, and from CloudWatch. What is not available is reported, never made up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from smclient.aws.artifacts import packed
from smclient.aws.container import NAMESPACE, Source, published
from smclient.aws.metrics import counted, period_between, whole_since
from smclient.aws.session import Aws
from smclient.captured.answers import Seen, Told, Traffic, report_of
from smclient.captured.training import Training
from smclient.errors import ClientError
from smclient.joining import of_variant, truth_below
from smclient.views.fields import Object, endpoint_name
from smclient.views.text import line
from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.variants import Variant
from smendpoints.domain.experiment.arms import arm_of
from smendpoints.domain.experiment.outcomes import captured_at
from smendpoints.statistics.answers import Latencies
from smendpoints.statistics.models import Report

_EDGES = [round(1.5**power, 3) for power in range(-2, 28)]  # 0.4 ms to a minute


@dataclass(frozen=True)
class Answered:
    """The models side by side: of what, from when to when, and what could not be told, in sentences.

    `since` is the first whole period (of `period` seconds) that CloudWatch counted: what came before is in no figure.
    """

    of: str
    since: datetime
    until: datetime
    period: int
    report: Report
    notes: tuple[str, ...] = ()

    def about(self) -> str:
        """When it was, in a sentence."""
        since, until = (f"{each.astimezone(UTC):%Y-%m-%d %H:%MZ}" for each in (self.since, self.until))
        return f"Requests from {since} to {until}, {self.wholly()}."

    def wholly(self) -> str:
        """What of the time before the first whole period is left out, in half a sentence."""
        return f"from the first whole {_unit(self.period)} on, as CloudWatch keeps no shorter time"


def _unit(period: int) -> str:
    return {60: "minute", 3600: "hour"}.get(period, f"{period // 60} minutes")


@dataclass(frozen=True)
class _Asked:
    """What is compared: variants of an endpoint (its name in AWS), where they were captured, and their models."""

    of: str
    endpoint: str
    variants: Sequence[str]
    captured: str | None
    models: Mapping[str, Variant]
    since: datetime
    until: datetime


def of_experiment(aws: Aws, found: Object, endpoint: Object | None, truth: str | None, now: datetime) -> Answered:
    """The arms of an experiment since it began; `truth` is a prefix in S3, `endpoint` the object that serves them.

    Raises:
        ClientError: it has not begun, there is nothing to tell, or S3 or CloudWatch could not be read.
    """
    experiment = SageMakerExperiment.parse(found)
    name, status, arms = experiment.metadata.name, experiment.status, experiment.spec.arms()
    if status.started_at is None:
        raise ClientError(f"{name} has not begun", "run this once `kubectl get smexperiments` shows Running")
    parsed = SageMakerEndpoint.parse(endpoint) if endpoint is not None else None
    models = _unedited(experiment, parsed) if parsed is not None else {}
    if parsed is None:
        notes = ["the endpoint is gone, so it is not known what its models were trained on"]
    else:
        edited = (arm for arm in arms if arm not in models)
        notes = [f"{arm} was edited since: of what it was trained on nothing is known any more" for arm in edited]
    shown = parsed.status.endpoint.name if parsed is not None and parsed.status.endpoint is not None else None
    in_aws = status.captured.rpartition("/")[2] if status.captured is not None else shown
    if in_aws is None:
        raise ClientError(f"the endpoint of {name} is gone, and captured nothing", "there is nothing to tell of it")
    asked = _Asked(
        f"{experiment.metadata.namespace}/{name}",
        in_aws,
        arms,
        status.captured,
        models,
        status.started_at,
        status.ended_at or now,
    )
    return _answered(aws, asked, truth, notes)


def _unedited(experiment: SageMakerExperiment, endpoint: SageMakerEndpoint) -> dict[str, Variant]:
    """The arms whose model is the one that the experiment began with, as far as its status says."""
    began_with = {each.variant: each.model for each in experiment.status.arms}
    found = {}
    for variant in endpoint.spec.variants:
        arm = arm_of(endpoint, variant.name)
        if arm is not None and began_with.get(variant.name) in {None, arm.model}:
            found[variant.name] = variant
    return {name: found[name] for name in experiment.spec.arms() if name in found}


def of_endpoint(aws: Aws, found: Object, truth: str | None, since: datetime, now: datetime) -> Answered:
    """The variants of an endpoint, and its shadow; errors as `of_experiment`."""
    endpoint = SageMakerEndpoint.parse(found)
    spec, name = endpoint.spec, endpoint_name(found)
    models = {each.name: each for each in (*spec.variants, *([spec.shadow] if spec.shadow is not None else []))}
    captured = captured_at(spec.data_capture.destination, name) if spec.data_capture is not None else None
    of = f"{endpoint.metadata.namespace}/{endpoint.metadata.name}"
    return _answered(aws, _Asked(of, name, tuple(models), captured, models, since, now), truth, [])


def _answered(aws: Aws, asked: _Asked, truth: str | None, notes: list[str]) -> Answered:
    # Captured are requests of the time that CloudWatch counts: else more might be captured than there were.
    period = period_between(asked.since, asked.until)
    asked = replace(asked, since=whole_since(asked.since, asked.until))
    if asked.since >= asked.until:
        raise ClientError(
            f"{asked.of} ran for less than one whole {_unit(period)}, and CloudWatch keeps no shorter time of then",
            "if it has just begun, ask again in a minute",
        )
    seen, sources = {}, {}
    for variant in asked.variants:
        model = asked.models.get(variant)
        training, version, why = _training(aws, model) if model is not None else (None, "", None)
        seen[variant] = Seen(training)
        notes += [f"{variant}: no drift is told, as {why}"] if why is not None else []
        if training is not None and model is not None:
            sources[variant] = _source(model, training, version)
    if asked.captured is not None:
        known = truth_below(aws, truth) if truth is not None else {}
        for variant, found in seen.items():
            for record in of_variant(aws, f"{asked.captured}/{variant}", asked.since, asked.until):
                found.add(record, known)
    told = _told(aws, asked, sources, {name: each for name, each in seen.items() if not each.captured})
    if told:
        notes.append(
            f"{', '.join(told)}: nothing was captured, so classes, confidence and drift are as the container published"
            " them"
        )
    elif asked.captured is None:
        notes.append("the endpoint captured nothing, so classes and inputs are not known: set its spec.dataCapture")
    unread = sum(each.unread for each in seen.values())
    if unread:
        notes.append(f"{unread} captured responses hold no classes that could be read, and count as requests alone")
    counts = counted(aws, asked.endpoint, asked.variants, asked.since, asked.until, _EDGES)
    traffic = {
        name: Traffic(each.requests, each.errors, each.refused, histogram(_EDGES, each.through))
        for name, each in counts.items()
    }
    return Answered(asked.of, asked.since, asked.until, period, report_of(seen, traffic, told), tuple(notes))


def _told(aws: Aws, asked: _Asked, sources: Mapping[str, Source], silent: Mapping[str, Seen]) -> dict[str, Told]:
    """What containers published of variants of which nothing was captured; nothing of those that published nothing."""
    found = {}
    for variant, seen in silent.items():
        if variant in sources and seen.training is not None:
            there = published(
                aws, sources[variant], seen.training.labels, seen.training.features, asked.since, asked.until
            )
            if there.answers:
                answers = {line(name): number for name, number in there.answers.items()}
                found[variant] = Told(answers, there.confidence, there.drift)
    return found


def _training(aws: Aws, model: Variant) -> tuple[Training | None, str, str | None]:
    """What the model was trained on and its version, else why nobody knows."""
    if model.model_artifact is None or model.multi_model:
        return None, "", "its model is no single artifact"
    try:
        found = packed(aws, model.model_artifact)
    except ClientError as error:
        return None, "", line(error)
    training = Training.parse(found.manifest) if found is not None else None
    if training is None or found is None:
        return None, "", "its artifact has no baseline of its training data"
    return training, found.version, None


def _source(model: Variant, training: Training, version: str) -> Source:
    """Where the container of a variant publishes."""
    variables = model.environment
    return Source(
        variables.get("SMINFERENCE_METRICS_NAMESPACE", NAMESPACE),
        training.model,
        version,
        variables.get("SMINFERENCE_VARIANT"),
    )


def histogram(edges: Sequence[float], through: Sequence[float]) -> Latencies:
    """Requests by latency, from how many are up to each edge, and how many in all; ranks may be off by a rounding."""
    up_to = np.maximum.accumulate([0.0, *through])
    return Latencies(np.array([0.0, *edges, np.inf]), np.array([after - before for before, after in pairwise(up_to)]))
