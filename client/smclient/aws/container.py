"""What the inference container of this project publishes of a model in CloudWatch: classes, confidence, drift.

It names the model and its version, and the variant where that has `SMINFERENCE_VARIANT`; an endpoint it does not know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from smclient.aws.metrics import Asked, data_of
from smclient.aws.session import Aws

NAMESPACE = "smendpoints/inference"


@dataclass(frozen=True)
class Source:
    """Where a container publishes: the namespace, the model with its version, and the variant if it says it."""

    namespace: str
    model: str
    version: str
    variant: str | None = None

    def dimensions(self) -> dict[str, str]:
        """Of all of its metrics."""
        named = {"Model": self.model, "Version": self.version}
        return named if self.variant is None else {**named, "Variant": self.variant}


@dataclass(frozen=True)
class Published:
    """Answers by class, their mean confidence, and by feature the mean of the drift that its processes saw."""

    answers: Mapping[str, int] = field(default_factory=dict)
    confidence: float | None = None
    drift: Mapping[str, float] = field(default_factory=dict)


def published(
    aws: Aws, source: Source, classes: Sequence[str], features: Sequence[str], begin: datetime, end: datetime
) -> Published:
    """What was published in whole periods after `begin`.

    Raises:
        AWSError: refused.
    """
    of = source.dimensions()
    asked = [Asked(source.namespace, "Predictions", "Sum", {**of, "Class": name}) for name in classes]
    asked += [Asked(source.namespace, "InputDrift", "Average", {**of, "Feature": name}) for name in features]
    asked += [Asked(source.namespace, "Confidence", "Average", of), Asked(source.namespace, "Rows", "Sum", of)]
    found = data_of(aws, asked, begin, end)
    sure, rows = found[-2:]
    answers = {name: round(sum(each.values())) for name, each in zip(classes, found, strict=False)}
    drift = {
        name: sum(each.values()) / len(each)
        for name, each in zip(features, found[len(classes) :], strict=False)
        if each
    }
    weights = {when: rows.get(when, 0.0) for when in sure}
    total = sum(weights.values())
    mean = sum(sure[when] * weights[when] for when in sure) / total if total else None
    return Published({name: number for name, number in answers.items() if number}, mean, drift)
