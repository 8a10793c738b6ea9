"""An experiment and its endpoint as the API server has them, at each point of the experiment's life."""

from datetime import UTC, datetime, timedelta
from typing import Any

from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.api.experiment_status import (
    Bounds,
    Challenger,
    Look,
    MetricFinding,
    SageMakerExperimentStatus,
    TrafficStep,
)
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.experiment.arms import all_to, arm_of
from smendpoints.domain.experiment.saying import Said, Saying, shown

NAMESPACE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml"
HERE = f"{NAMESPACE}/sagemakerexperiments"
THERE = f"{NAMESPACE}/sagemakerendpoints/iris"
START = datetime(2026, 11, 26, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "endpointRef": {"name": "iris"},
    "control": "rf",
    "challengers": ["gb"],
    "metrics": {
        "primary": {"name": "slow", "latencyAbove": {"milliseconds": 20}, "marginPercentagePoints": 0.5},
        "guardrails": [{"name": "errors", "errorRate": {}, "marginPercentagePoints": 0.25}],
    },
}


def iris(gb: float = 1.0, **more: Any) -> dict[str, Any]:
    """An endpoint with both arms and a third variant, as the API server has it."""
    variants: list[dict[str, Any]] = [
        {
            "name": name,
            "image": "i",
            "modelArtifact": f"s3://models/{name}",
            "instance": {"type": "ml.m5.large", "count": 1},
        }
        for name in ("rf", "gb", "other")
    ]
    for variant, weight in zip(variants, (3.0, gb, 4.0), strict=True):
        variant["weight"] = weight
    metadata = {"name": "iris", "namespace": "ml", "uid": "u", "generation": 2, "resourceVersion": "7", **more}
    return {"metadata": metadata, "spec": {"variants": variants}, "status": {}}


def experiment(verdict: Any = None, *, message: str = "m", shifts: bool = True, **spec: Any) -> dict[str, Any]:
    """An experiment as the operator leaves it: not begun yet, running (`HOLD`), or with a verdict."""
    wanted = SageMakerExperimentSpec.model_validate({**SPEC, **spec})
    saying = {None: Saying.WAITING, "HOLD": Saying.RUNNING}.get(verdict) or Saying(verdict)
    status = SageMakerExperimentStatus(phase="Waiting", conditions=shown(Said(saying, message), 1, START))
    if verdict is not None:
        arms = [arm for name in wanted.arms() if (arm := arm_of(SageMakerEndpoint.parse(iris()), name)) is not None]
        over = verdict != "HOLD"
        weights = {"rf": 2.0, "gb": 2.0}
        after = all_to(arms, "gb" if verdict == "SHIP" else "rf") if shifts else None
        step = TrafficStep(traffic_percent=50, weights=weights, asked_at=START, counts_from=START)
        findings = [
            MetricFinding(
                metric=name, control=0.021, challenger=0.014, difference=-0.007, lower=low, upper=high, requests=900
            ).model_copy(update={"passed": verdict == "SHIP", "worse": verdict == "ROLLBACK"})
            for name, low, high in (("slow", -0.011, -0.0029), ("errors", -0.004, 0.001))
        ]
        looks = [
            Look(
                at=START + timedelta(minutes=10 * number),
                requests=200 * number,
                primary=[Bounds(variant="gb", difference=-0.007, lower=-1 / number, upper=0.8 / number)],
            )
            for number in range(1, 31)
        ]
        found = Challenger(variant="gb", verdict=verdict, reason="slow is better", metrics=findings)
        status = status.model_copy(
            update={
                "phase": "Finished" if over else "Running",
                "verdict": verdict if over else None,
                "winner": "gb" if verdict == "SHIP" else None,
                "primary": "2.1% → 1.4%",
                "interval": "-1.1 to -0.29 points",
                "requests": 6000,
                "started_at": START,
                "ended_at": START + timedelta(hours=5) if over else None,
                "arms": arms,
                "weights": after if over else weights,
                "steps": [step],
                "challengers": [found],
                "looks": looks,
            }
        )
    return {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerExperiment",
        "metadata": {
            "name": "ab",
            "namespace": "ml",
            "uid": "x",
            "generation": 1,
            "creationTimestamp": "2026-11-26T00:00:00Z",
        },
        "spec": wanted.model_dump(mode="json", by_alias=True, exclude_none=True),
        "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
