"""One experiment and its endpoint, whose operator splits the traffic as it is asked to: time passes as a test says."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_status import MetricFinding, SageMakerExperimentStatus
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.domain.experiment.judging import Judged
from smendpoints.domain.experiment.life import advance
from smendpoints.domain.experiment.scene import Looked, Scene
from smendpoints.statistics.rules import Verdict
from smsandbox.testing import specs

BEGAN = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)
THREE = ("a", "b", "c")
WHOLE = {
    "endpointRef": {"name": "iris"},
    "control": "a",
    "challengers": ["b", "c"],
    "metrics": {"primary": {"name": "errors", "errorRate": {}}},
    "trafficPercent": 50,
    "duration": {"minMinutes": 10, "maxMinutes": 60},
}
READY = {
    "type": "Ready",
    "status": "True",
    "reason": "InService",
    "message": "",
    "lastTransitionTime": BEGAN,
    "observedGeneration": 1,
}


def finding(metric: str, difference: float | None) -> MetricFinding:
    return MetricFinding(metric=metric, control=0.02, challenger=0.01, difference=difference, lower=-0.03, upper=0.01)


def judged(**verdicts: Verdict | tuple[Verdict, float]) -> dict[str, Judged]:
    """A verdict for each challenger, with its difference if it is told."""
    pairs = {name: each if isinstance(each, tuple) else (each, -0.01) for name, each in verdicts.items()}
    return {
        name: Judged(name, verdict, f"{name} is {verdict}", (finding("errors", difference),))
        for name, (verdict, difference) in pairs.items()
    }


@dataclass
class Life:
    """One experiment and its endpoint, whose operator splits the traffic as it is asked to."""

    spec: dict[str, Any] = field(default_factory=dict)
    endpoint: SageMakerEndpoint | None = None
    now: datetime = BEGAN
    status: SageMakerExperimentStatus = field(default_factory=SageMakerExperimentStatus)
    rival: str | None = None
    deleted: bool = False
    finalized: bool = False

    def __post_init__(self) -> None:
        one = specs.spec()["variants"][0]
        wish = specs.spec(variants=[{**one, "name": name, "weight": 2, "scaling": None} for name in THREE])
        wish["variants"] = [{k: v for k, v in each.items() if v is not None} for each in wish["variants"]]
        self.endpoint = self.endpoint or SageMakerEndpoint.parse(
            {"metadata": {"name": "iris", "namespace": "n", "uid": "u", "generation": 1}, "spec": wish}
        )
        self.serve({})

    @property
    def experiment(self) -> SageMakerExperiment:
        metadata = {"name": "x", "namespace": "n", "uid": "u2", "generation": 3}
        if self.deleted:
            metadata["deletionTimestamp"] = "2026-11-26T12:00:00Z"
        made = SageMakerExperiment.parse({"metadata": metadata, "spec": {**WHOLE, **self.spec}})
        return made.model_copy(update={"status": self.status})

    def serve(self, weights: dict[str, float], **status: Any) -> None:
        """The endpoint's operator has done so."""
        assert self.endpoint is not None
        owner = {"experiment": "x", "weights": weights} if weights else None
        shown = [{"name": name, "currentWeight": weights.get(name, 2.0), "desiredWeight": 1} for name in THREE]
        whole = {
            "observedGeneration": self.endpoint.metadata.generation,
            "endpoint": {"name": "default-iris", "status": "InService", "configName": "c"},
            "conditions": [READY],
            "trafficOwner": owner,
            "variants": shown,
            **status,
        }
        told = SageMakerEndpointStatus.model_validate(whole)
        self.endpoint = self.endpoint.model_copy(update={"status": told})

    def edit(self, number: int, **changes: Any) -> None:
        """The user edits a variant of the endpoint."""
        assert self.endpoint is not None
        variants = list(self.endpoint.spec.variants)
        variants[number] = variants[number].model_copy(update=changes)
        spec = self.endpoint.spec.model_copy(update={"variants": variants})
        self.endpoint = self.endpoint.model_copy(update={"spec": spec})

    def go(self, minutes: float = 0, looked: Looked | None = None) -> tuple[str, str]:
        """Time passes, then a step; what `Ready` says then: its reason and its message."""
        self.now += timedelta(minutes=minutes)
        following = advance(Scene(self.experiment, self.endpoint, self.rival, looked, self.now, 60))
        self.status, self.finalized = following.status, following.finalized
        ready = next((each for each in self.status.conditions if each.type == "Ready"), None)
        return (ready.reason, ready.message) if ready is not None else ("", "")

    def counting(self) -> "Life":
        """Until requests count."""
        self.go()
        self.serve(dict(self.status.weights or {}))
        self.go()
        return self

    def look(self, **verdicts: Any) -> Looked:
        """A look that brought these verdicts."""
        return Looked(judged(**verdicts), {"a": 50, "b": 30, "c": 20}, self.now)
