"""An endpoint of two variants under traffic, and experiments on it, in virtual time. Not here: what they come to."""

from collections.abc import Callable
from typing import Any

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing import specs
from smsandbox.testing.harness import Harness
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import ACCOUNT, REGION

Behaves = Callable[[InstanceSpec], Behaviour]
HOUR = 3600.0
AUDIT_SECONDS = 300.0
PRIMARY: dict[str, Any] = {"name": "errors", "errorRate": {}, "marginPercentagePoints": 1}
SLOW = {"name": "slow", "latencyAbove": {"milliseconds": 500}, "marginPercentagePoints": 1}


def same(_: InstanceSpec) -> Behaviour:
    return Behaviour(errors=0.05, slow=0.02)


def better(spec: InstanceSpec) -> Behaviour:
    return Behaviour(errors=0.01 if spec.variant == "challenger" else 0.05, slow=0.02)


def worse(spec: InstanceSpec) -> Behaviour:
    return Behaviour(errors=0.15 if spec.variant == "challenger" else 0.05, slow=0.02)


def slower(spec: InstanceSpec) -> Behaviour:
    return Behaviour(errors=0.05, slow=0.2 if spec.variant == "challenger" else 0.02)


def experiment(**changes: Any) -> dict[str, Any]:
    """An experiment of the two variants, with changes; None takes a field away."""
    whole: dict[str, Any] = {
        "endpointRef": {"name": "iris"},
        "control": "primary",
        "challengers": ["challenger"],
        "metrics": {"primary": PRIMARY, "guardrails": [SLOW]},
        "duration": {"maxMinutes": 40},
        "targetRequests": 20000,
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


class Trial:
    """An endpoint of two autoscaled variants with weights 3 and 1 in its spec, and traffic."""

    def __init__(self, behaves: Behaves = same, per_minute: float = 3000) -> None:
        self.harness = Harness(settings=BRISK, audit_seconds=AUDIT_SECONDS)
        self.harness.apply("iris", specs.two_variants(3, 1))
        self.harness.settle("iris")
        self.traffic = self.send(behaves, per_minute)
        self.expected: set[str] = set()  # calls that may fail

    def send(self, behaves: Behaves, per_minute: float, endpoint: str = "default-iris", seed: int = 0) -> Traffic:
        world = self.harness.world
        return Traffic(world, endpoint, per_minute, behaves, account=ACCOUNT, region=REGION, seed=seed)

    def begin(self, name: str = "ab", **changes: Any) -> None:
        self.harness.experiments.apply(name, experiment(**changes))

    def status(self, name: str = "ab") -> SageMakerExperimentStatus:
        return SageMakerExperiment.parse(self.harness.experiments.objects[name].body).status

    def ready(self, name: str = "ab") -> tuple[str, str]:
        """Reason and message of the condition Ready."""
        (found,) = (each for each in self.status(name).conditions if each.type == "Ready")
        return found.reason, found.message

    def until(self, holds: Callable[[], bool], limit: float = 6 * HOUR) -> None:
        """Let time pass until it holds."""
        end = self.harness.clock.now() + limit
        while not holds():
            assert self.harness.clock.now() < end, self.harness.experiments.objects
            self.harness.run(30, tick=30)

    def finished(self, name: str = "ab", limit: float = 6 * HOUR) -> SageMakerExperimentStatus:
        self.until(lambda: self.status(name).phase == "Finished", limit)
        return self.status(name)

    def counts(self, name: str = "ab") -> bool:
        return any(step.counts_from is not None for step in self.status(name).steps)

    def weights(self) -> dict[str, float]:
        """As AWS has them."""
        return {each["VariantName"]: each["DesiredWeight"] for each in self.harness.live()["ProductionVariants"]}

    def spec_weights(self) -> dict[str, float]:
        """As the user wrote them."""
        variants = self.harness.objects["iris"].body["spec"]["variants"]
        return {each["name"]: each["weight"] for each in variants}
