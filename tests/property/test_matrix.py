"""The fault matrix: at every step of every flow, the operator is killed or AWS fails; the end is the same.

Each flow is run once undisturbed to learn its steps: calls that change AWS, calls at all, and status writes. Then it is
run again for each step with each disturbance. The number of cases is printed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, GROWING, spec, with_variant
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.testing.witness import Witness

BASE = with_variant(spec(), scaling=GROWING)
FIXED = with_variant(spec(), scaling=None, instance={"type": "ml.m5.large", "count": 2})


def changed(base: dict[str, Any] = BASE, **changes: Any) -> dict[str, Any]:
    return with_variant(base, **changes)


@dataclass(frozen=True)
class Flow:
    """From one spec to another; None is no object."""

    before: dict[str, Any] | None
    after: dict[str, Any] | None


ARTIFACT: dict[str, Any] = {"modelArtifact": ARTIFACTS[1]}
FLOWS = {
    "create": Flow(None, BASE),
    "new artifact": Flow(BASE, changed(**ARTIFACT)),
    "new instance type": Flow(BASE, changed(instance={"type": "ml.c5.large", "count": 1})),
    "new weight": Flow(BASE, changed(weight=3)),
    "new count": Flow(FIXED, changed(FIXED, instance={"type": "ml.m5.large", "count": 3})),
    "new bounds": Flow(BASE, changed(scaling={**GROWING, "maxCapacity": 9})),
    "scaling taken away": Flow(BASE, changed(scaling=None)),
    "a second variant": Flow(
        BASE, {**BASE, "variants": [BASE["variants"][0], {**BASE["variants"][0], **ARTIFACT, "name": "challenger"}]}
    ),
    "canary with own alarms": Flow(
        FIXED,
        {
            **changed(FIXED, **ARTIFACT),
            "rollout": {
                "strategy": "Canary",
                "stepInstances": 1,
                "stepWaitSeconds": 120,
                "rollback": {"maxErrorRatePercent": 5},
            },
        },
    ),
    "new tags": Flow(BASE, {**BASE, "tags": {"team": "ml"}}),
    "stop": Flow(BASE, {**BASE, "desiredState": "Stopped"}),
    "start": Flow({**BASE, "desiredState": "Stopped"}, BASE),
    "delete": Flow(BASE, None),
}


class Stage:
    """One harness for all cases of a flow; each case has an object of its own."""

    def __init__(self) -> None:
        self.harness = Harness(settings=BRISK)
        self.cases = 0

    def begin(self, flow: Flow) -> str:
        self.cases += 1
        name = f"case-{self.cases}"
        self.harness.witnesses.clear()
        self.witness = Witness(self.harness, name)
        if flow.before is not None:
            self.harness.apply(name, flow.before)
            self.harness.settle(name)
            self.harness.run(15)
        self.harness.world.calls.reset()
        self.harness.applied = self.harness.writes = 0
        return name

    def go(self, flow: Flow, name: str) -> None:
        if flow.after is not None:
            self.harness.apply(name, flow.after)
            self.harness.settle(name)
        else:
            self.harness.delete(name)
            self.harness.settle_gone(name)

    def finish(self, flow: Flow, name: str) -> None:
        harness = self.harness
        harness.kill_after = harness.kill_before_write = None
        harness.world.faults.remove()
        if flow.after is not None:
            if harness.condition(name, "Stalled") is not None:
                harness.run(400, 15)  # what AWS refused is tried again after five minutes
            harness.settle(name)
            harness.run(130, 15)
            self.check(name)
            harness.delete(name)
            harness.settle_gone(name)
        left = {key: [each for each in value if f"{name}" in each] for key, value in harness.inventory().items()}
        assert {key: value for key, value in left.items() if value} == {}
        assert harness.violations == []

    def check(self, name: str) -> None:
        """As declared, to the letter; and nothing is remembered as a failure."""
        self.witness.check()
        history = self.harness.resource(name).status.history
        assert {each.outcome for each in history} <= {"Deployed"}
        assert [each.config_name for each in history[:1]] == self.witness.served[-1:]


REFUSALS: dict[str, dict[str, Any]] = {
    "access denied": {"kind": "access_denied"},
    "over quota": {"kind": "error", "code": "ResourceLimitExceeded", "status": 400, "message": "The limit is 0."},
}
LATE: dict[str, object] = {"consistency": {"endpoint_config": 20.0, "model": 20.0, "role": 20.0}}


def at_call(step: int) -> tuple[str, str]:
    """What befalls a call: its answer is lost; or it is refused, for which AWS has two words, taken in turn."""
    return "lose_response", "throttle" if step % 2 else "error"


def disturbances(
    changes: list[str], applied: int, calls: int, writes: int
) -> list[tuple[str, Callable[[Harness], None]]]:
    """Each step with each disturbance; `changes` are the operations that change something in AWS."""

    def kill_after(step: int) -> Callable[[Harness], None]:
        return lambda harness: setattr(harness, "kill_after", step)

    def kill_before_write(step: int) -> Callable[[Harness], None]:
        return lambda harness: setattr(harness, "kill_before_write", step)

    def fail(kind: str, step: int) -> Callable[[Harness], None]:
        # botocore tries thrice: two failures are mended within a call, three are the operator's to mend
        times = 3 if kind != "lose_response" else 1
        rule = {"kind": kind, "skip": step, "times": times}

        def put(harness: Harness) -> None:
            harness.world.faults.add(dict(rule))

        return put

    def refuse(rule: dict[str, Any]) -> Callable[[Harness], None]:
        def put(harness: Harness) -> None:
            harness.world.faults.add(dict(rule))

        return put

    def see_late(harness: Harness) -> None:
        harness.world.settings = harness.world.settings.changed(LATE)

    cases = [(f"killed after change {step}", kill_after(step)) for step in range(applied)]
    cases += [(f"killed before status write {step}", kill_before_write(step)) for step in range(writes)]
    cases += [(f"{kind} at call {step}", fail(kind, step)) for step in range(calls) for kind in at_call(step)]
    cases += [
        (f"{label}: {operation}", refuse({**rule, "operation": operation, "times": 1}))
        for label, rule in REFUSALS.items()
        for operation in dict.fromkeys(changes)
    ]
    return [*cases, ("what is new is seen late", see_late)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_whatever_happens_the_end_is_the_same(flow: Flow, record_property: Callable[[str, object], None]) -> None:
    stage = Stage()
    harness = stage.harness
    try:
        name = stage.begin(flow)
        stage.go(flow, name)
        applied, writes = harness.applied, harness.writes
        recent = [call["operation"] for call in harness.world.calls.recent()]
        calls = sum(operation != "ListEndpoints" for operation in recent)
        changes = [each for each in recent if not each.startswith(("List", "Describe", "Get"))]
        stage.finish(flow, name)
        cases = disturbances(changes, applied, min(calls, 25), writes)
        for label, disturb in cases:
            name = stage.begin(flow)
            disturb(harness)
            try:
                stage.go(flow, name)
                assert harness.kill_after is None, "the kill did not happen"
                assert harness.kill_before_write is None, "the kill did not happen"
                assert harness.world.faults.rules() == [], "the fault did not strike"
                stage.finish(flow, name)
            except AssertionError as error:
                raise AssertionError(
                    f"{label} of {len(cases)} cases ({applied} changes, {writes} writes): {error}"
                ) from error
        record_property("cases", len(cases))
    finally:
        harness.simulator.close()
