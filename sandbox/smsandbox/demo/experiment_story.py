"""What the steps of the story of experiments share, beside what those of every story do."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from smsandbox.demo.outcomes import KnownOutcomes
from smsandbox.demo.story import Story, StoryError, instances, ready
from smsandbox.testing.simulator import Simulator

VERDICT_SECONDS = 300.0
WEIGHTS_SECONDS = 120.0
PLANTED = "planted by the story"


@dataclass
class ExperimentStory(Story):
    """A story with several models, and traffic that goes on over steps."""

    models: dict[str, str] = field(default_factory=dict)
    meanwhile: list[KnownOutcomes] = field(default_factory=list)

    def apply(self, file: str, text: str, *, shown: bool = False) -> None:
        """Write a manifest, and apply it; `shown`: its text is part of the story."""
        (self.folder / file).write_text(text)
        if shown:
            self.show("cat", file)
        self.show("kubectl", "apply", "-f", file)

    @contextlib.contextmanager
    def planted(self, told: str, kind: str, **rule: Any) -> Iterator[None]:
        """A fault of the simulator is in force."""
        simulator = Simulator(self.world.aws_url, self.world.token)
        self.terminal.note(f"planted: {told}")
        fault = simulator.fault(kind, message=PLANTED, **rule)
        try:
            yield
        finally:
            simulator.release(fault)

    def traffic_to(self, name: str, rate: float) -> KnownOutcomes:
        """Flowers for an endpoint, `rate` a second."""
        return KnownOutcomes(self.world, f"default-{name}", rate)

    def account_for(self, sent: KnownOutcomes) -> None:
        """Tell what was answered, and see that nothing failed but what was planted."""
        if others := [each for each in sent.failures if PLANTED not in each]:
            raise StoryError(f"{len(others)} requests failed that nobody planted, the first: {others[0]}")
        told = ", ".join(
            f"{name} {number}, {sent.wrong[name]} wrong" for name, number in sorted(sent.predictions.items())
        )
        self.terminal.output(f"{sent.answered} flowers answered ({told}), {len(sent.failures)} failed as planted")

    def verdict(self, name: str, expected: str) -> None:
        """Watch an experiment until it ends.

        Raises:
            StoryError: it ended with another verdict than is true.
        """
        found = self.watch(_is_over, VERDICT_SECONDS, f"{name} ends", kind="smexperiment", name=name)
        if found["status"]["verdict"] != expected:
            raise StoryError(f"{name} should end in {expected}, not in {found['status']['verdict']}: {message(found)}")
        self.terminal.success(f"{expected}: {message(found)}")

    def wait_for_weights(self, name: str, goal: str, done: Callable[[dict[str, float]], bool]) -> None:
        """Until AWS splits the traffic so."""
        found = self.until(lambda found: ready(found) and done(_weights(found)), WEIGHTS_SECONDS, goal, name=name)
        told = ", ".join(f"{variant} {weight:g}" for variant, weight in _weights(found).items())
        self.terminal.success(f"{goal}: weights in AWS are {told}; {instances(found)} instances")


def message(found: dict[str, Any]) -> str:
    """What an object says of itself."""
    return str(next(each["message"] for each in found["status"]["conditions"] if each["type"] == "Ready"))


def _is_over(found: dict[str, Any]) -> bool:
    return bool(found.get("status", {}).get("phase") == "Finished")


def _weights(found: dict[str, Any]) -> dict[str, float]:
    return {each["name"]: each["currentWeight"] for each in found["status"]["variants"]}
