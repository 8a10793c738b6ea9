"""Random histories of experiments: edits of their endpoint, stops, hands in AWS, faults and kills, under traffic.

Whatever happened, each experiment ends, the traffic is then as the spec or a verdict says, and nothing is left. What
the verdicts are worth is for `test_experiments` and the statistics.
"""

import contextlib
import json
import os
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smsandbox.testing import specs
from smsandbox.testing.trial import HOUR, Trial, better, experiment, same, slower, worse

pytestmark = pytest.mark.hours

STEPS = 30
NAMES = ("primary", "challenger", "other")
MOST_BYTES = 40_000
FAULTS: list[dict[str, Any]] = [
    {"kind": "throttle", "probability": 0.3},
    {"kind": "error", "probability": 0.2},
    {"kind": "lose_response", "probability": 0.3, "operation": "Update*"},
    {"kind": "access_denied", "operation": "GetMetricData", "times": 3},
    {"kind": "rollback", "times": 1},
    {"kind": "never_healthy", "times": 1},
]


class Walk:
    """An endpoint of three variants, and experiments that come and go."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.trial = Trial(per_minute=self.rng.choice([60, 600, 3000]))
        self.harness = self.trial.harness
        self.harness.witnesses.append(self._watch)
        self.weights = dict(zip(NAMES, (3.0, 1.0, 4.0), strict=True))
        self.artifacts, self.counts = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 1)
        self.extra: dict[str, Any] = {}
        self.begun = 0
        self.apply()
        self.harness.settle("iris")

    def apply(self) -> None:
        wanted = specs.two_variants(1, 1)
        first = {key: value for key, value in wanted["variants"][0].items() if key != "scaling"}
        wanted["variants"] = [
            {
                **first,
                "name": name,
                "weight": self.weights[name],
                "modelArtifact": specs.ARTIFACTS[self.artifacts[name]],
                "instance": {"type": "ml.m5.large", "count": self.counts[name]},
            }
            for name in NAMES
        ]
        self.harness.apply("iris", {**wanted, **self.extra})

    def statuses(self) -> dict[str, SageMakerExperimentStatus]:
        return {name: self.trial.status(name) for name in self.harness.experiments.objects}

    def _watch(self) -> None:
        bodies = {name: each.body for name, each in self.harness.experiments.objects.items()}
        stay = [name for name, body in bodies.items() if "deletionTimestamp" not in body["metadata"]]
        running = [name for name in stay if self.trial.status(name).phase == "Running"]
        assert len(running) <= 1, running
        assert all(len(json.dumps(body)) < MOST_BYTES for body in bodies.values())

    def step(self) -> None:
        """What happens next, by chance; then a while passes."""
        kinds = {
            self.pass_time: 6,
            self.edit: 4,
            self.stop_or_start: 4,
            self.suspend_or_resume: 3,
            self.begin: 3,
            self.end_one: 1,
            self.harness.restart: 1,
            self.kill: 2,
            self.put_a_fault: 1,
            self.interfere: 1,
            self.recreate: 1,
            self.behave: 2,
        }
        self.rng.choices(list(kinds), list(kinds.values()))[0]()
        self.harness.run(40, 20)

    def pass_time(self) -> None:
        self.harness.run(self.rng.choice([20, 60, 300, 900]), 20)

    def edit(self) -> None:
        name = self.rng.choice(NAMES)
        match self.rng.choice(["weight", "model", "count", "drift"]):
            case "weight":
                self.weights[name] = self.rng.choice([0.0, 1.0, 2.0, 5.0])
                if not any(self.weights.values()):
                    self.weights[name] = 1.0
            case "model":
                self.artifacts[self.rng.choice([name, "other"])] = self.rng.randrange(3)
            case "count":
                self.counts[name] = self.rng.randint(1, 3)
            case "drift":
                self.extra["driftPolicy"] = self.rng.choice(["Report", "Correct"])
        self.apply()

    def stop_or_start(self) -> None:
        self.extra["desiredState"] = "Stopped" if self.extra.get("desiredState") != "Stopped" else "Running"
        self.apply()

    def suspend_or_resume(self) -> None:
        self.extra["suspend"] = not self.extra.get("suspend", False)
        self.apply()

    def begin(self) -> None:
        self.begun += 1
        changes: dict[str, Any] = {
            "challengers": self.rng.choice([["challenger"], ["challenger", "other"]]),
            "duration": {"maxMinutes": self.rng.choice([10, 30, 60])},
            "onVerdict": self.rng.choice(["Report", "ShiftTraffic"]),
            "goal": self.rng.choice(["Superiority", "NonInferiority"]),
            "trafficPercent": self.rng.choice([20, 50, 90]),
        }
        if self.rng.random() < 0.4:
            changes["ramp"] = [{"trafficPercent": 5, "minutes": 5}]
        self.harness.experiments.apply(f"ab{self.begun}", experiment(**changes))

    def end_one(self) -> None:
        if self.harness.experiments.objects:
            self.harness.experiments.delete(self.rng.choice(sorted(self.harness.experiments.objects)))

    def kill(self) -> None:
        if self.rng.random() < 0.5:
            self.harness.kill_after = self.rng.randint(0, 3)
        else:
            self.harness.fail_over_after = self.rng.randint(0, 3)

    def put_a_fault(self) -> None:
        self.harness.world.faults.add(dict(self.rng.choice(FAULTS)))
        self.harness.run(120, 10)
        self.harness.world.faults.remove()

    def interfere(self) -> None:
        sagemaker = self.harness.client("sagemaker")
        with contextlib.suppress(ClientError):
            if self.rng.random() < 0.3:
                sagemaker.delete_endpoint(EndpointName="default-iris")
            else:
                sagemaker.update_endpoint_weights_and_capacities(
                    EndpointName="default-iris",
                    DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 7.0}],
                )

    def recreate(self) -> None:
        self.extra["suspend"] = False
        self.apply()
        self.harness.delete("iris")
        self.harness.settle_gone("iris", 6 * HOUR)
        self.apply()

    def behave(self) -> None:
        self.trial.traffic.behaves = self.rng.choice([same, better, worse, slower])

    def calm(self) -> None:
        """Nobody interferes any more, and the endpoint is to run."""
        self.harness.kill_after = self.harness.fail_over_after = None
        self.extra = {}
        self.apply()
        self.harness.settle("iris", 6 * HOUR)

    def let_them_end(self) -> None:
        """Each has its turn: one that waits begins once the one that has the traffic is over, and gone."""
        end = self.harness.clock.now() + 10 * HOUR
        while any(each.phase != "Finished" for each in self.statuses().values()):
            assert self.harness.clock.now() < end, self.harness.experiments.objects
            self.harness.run(300, 30)
            for name, status in self.statuses().items():
                if status.phase == "Finished" and len(self.statuses()) > 1:
                    self.harness.experiments.delete(name)


@pytest.mark.parametrize("seed", range(min(4, int(os.environ.get("SMENDPOINTS_WALKS", "4")))))
def test_every_history_ends_with_the_traffic_where_it_belongs(seed: int) -> None:
    walk = Walk(seed)
    trial, harness = walk.trial, walk.harness
    try:
        for _ in range(STEPS):
            walk.step()
        walk.calm()
        walk.let_them_end()
        harness.run(900, 20)
        harness.settle("iris")
        owner = harness.resource("iris").status.traffic_owner
        holding = {name: each.weights for name, each in walk.statuses().items() if each.weights}
        assert ({owner.experiment: owner.weights} if owner is not None else {}) == holding
        assert trial.weights() == {**walk.weights, **(owner.weights if owner is not None else {})}
        for name in list(harness.experiments.objects):
            harness.experiments.delete(name)
        harness.run(600, 20)
        assert not harness.experiments.objects
        harness.settle("iris")
        assert trial.weights() == walk.weights
        harness.delete("iris")
        harness.settle_gone("iris", 6 * HOUR)
        assert not any(harness.inventory().values())
        assert harness.violations == []
    finally:
        harness.simulator.close()
