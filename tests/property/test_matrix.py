"""The fault matrix: at every step of every flow, the operator is killed or AWS fails; the end is the same.

Each flow is brought to its beginning once; from there it goes on in a child process for each case. First undisturbed, to
learn its steps: calls that change AWS, calls at all, and status writes; then for each step with each disturbance. The
number of cases is printed, and how many were left out: with `SMENDPOINTS_MATRIX_SHARE=20` only each twentieth is tried, from one drawn anew.
"""

import gc
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from smsandbox.testing.children import in_a_child
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, GROWING, spec, two_variants, with_variant
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.testing.witness import Witness

BASE = with_variant(spec(), scaling=GROWING)
NIGHT = {"name": "night", "schedule": "cron(0 22 * * ? *)", "maxCapacity": 2}
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
    "a variant taken away": Flow(two_variants(9, 1), spec()),
    "a schedule taken away, and other bounds": Flow(
        changed(scaling={**GROWING, "schedules": [NIGHT]}), changed(scaling={**GROWING, "maxCapacity": 9})
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
    "monitoring": Flow(
        {**BASE, "monitoring": {"alarms": ["Errors", "Idle"]}},
        {**BASE, "monitoring": {"alarms": ["Errors", "Latency"], "maxErrorRatePercent": 2, "dashboard": False}},
    ),
    "stop": Flow(BASE, {**BASE, "desiredState": "Stopped"}),
    "start": Flow({**BASE, "desiredState": "Stopped"}, BASE),
    "delete": Flow(BASE, None),
}


NAME = "case"


class Case:
    """An object in a world of its own, brought to where the flow begins; what goes on from there is a child's."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.harness = Harness(settings=BRISK)
        self.witness = Witness(self.harness, NAME)
        if flow.before is not None:
            self.harness.apply(NAME, flow.before)
            self.harness.settle(NAME)
            self.harness.run(15)
        self.harness.world.calls.reset()
        self.harness.applied = self.harness.writes = 0

    def go(self) -> None:
        if self.flow.after is not None:
            self.harness.apply(NAME, self.flow.after)
            self.harness.settle(NAME)
        else:
            self.harness.delete(NAME)
            self.harness.settle_gone(NAME)

    def finish(self) -> None:
        harness = self.harness
        harness.kill_after = harness.kill_before_write = None
        harness.world.faults.remove()
        if self.flow.after is not None:
            if harness.condition(NAME, "Stalled") is not None:
                harness.run(400, 15)  # what AWS refused is tried again after five minutes
            monitoring = harness.condition(NAME, "MonitoringActive")
            if monitoring is not None and monitoring.status == "False":
                harness.run(400, 15)
            harness.settle(NAME)
            harness.run(130, 15)
            self.check()
            harness.delete(NAME)
            harness.settle_gone(NAME)
        assert {key: value for key, value in harness.inventory().items() if value} == {}
        assert harness.violations == []

    def check(self) -> None:
        """As declared, to the letter; and nothing is remembered as a failure."""
        self.witness.check()
        history = self.harness.resource(NAME).status.history
        assert {each.outcome for each in history} <= {"Deployed"}
        assert [each.config_name for each in history[:1]] == self.witness.served[-1:]

    def undisturbed(self) -> "Steps":
        """What the flow does."""
        self.go()
        recent = [call["operation"] for call in self.harness.world.calls.recent()]
        steps = Steps(
            [operation for operation in recent if operation != "ListEndpoints"],
            self.harness.applied,
            self.harness.writes,
        )
        self.finish()
        return steps

    def disturbed(self, disturb: Callable[[Harness], None]) -> None:
        """The flow with a disturbance, which must happen; the end is the same."""
        disturb(self.harness)
        self.go()
        assert self.harness.kill_after is None, "the kill did not happen"
        assert self.harness.kill_before_write is None, "the kill did not happen"
        assert self.harness.world.faults.rules() == [], "the fault did not strike"
        self.finish()


@dataclass(frozen=True)
class Steps:
    """What a flow does: its calls in order, how many changes in AWS it makes, how often it writes the status."""

    calls: list[str]
    changes: int
    writes: int


def reads(operation: str) -> bool:
    return operation.startswith(("List", "Describe", "Get"))


REFUSALS: dict[str, dict[str, Any]] = {
    "access denied": {"kind": "access_denied"},
    "over quota": {"kind": "error", "code": "ResourceLimitExceeded", "status": 400, "message": "The limit is 0."},
}
LATE: dict[str, object] = {"consistency": {"endpoint_config": 20.0, "model": 20.0, "role": 20.0}}


MOST_CALLS = 25
SHARE = int(os.environ.get("SMENDPOINTS_MATRIX_SHARE", "1"))


def at_call(step: int, operation: str) -> tuple[str, ...]:
    """What befalls a call: its answer is lost; or it is refused, for which AWS has two words, taken in turn.

    A question whose answer is lost is one that was not put: all three are taken in turn.
    """
    if reads(operation):
        return (("throttle", "error", "lose_response")[step % 3],)
    return "lose_response", "throttle" if step % 2 else "error"


def disturbances(steps: Steps) -> list[tuple[str, Callable[[Harness], None]]]:
    """Each step with each disturbance."""

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

    cases = [(f"killed after change {step}", kill_after(step)) for step in range(steps.changes)]
    cases += [(f"killed before status write {step}", kill_before_write(step)) for step in range(steps.writes)]
    cases += [
        (f"{kind} at call {step}, {operation}", fail(kind, step))
        for step, operation in enumerate(steps.calls[:MOST_CALLS])
        for kind in at_call(step, operation)
    ]
    cases += [
        (f"{label}: {operation}", refuse({**rule, "operation": operation, "times": 1}))
        for label, rule in REFUSALS.items()
        for operation in dict.fromkeys(each for each in steps.calls if not reads(each))
    ]
    return [*cases, ("what is new is seen late", see_late)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_whatever_happens_the_end_is_the_same(flow: Flow, record_property: Callable[[str, object], None]) -> None:
    case = Case(flow)
    try:
        gc.collect()
        gc.freeze()  # what is not touched is not copied for each child
        steps = in_a_child(case.undisturbed)
        every = disturbances(steps)
        cases = every[random.SystemRandom().randrange(SHARE) :: SHARE]
        for label, disturb in cases:
            try:
                in_a_child(partial(case.disturbed, disturb))
            except AssertionError as error:
                raise AssertionError(f"{label} of {len(cases)} cases ({steps}): {error}") from error
        record_property("cases", len(cases))
        if len(cases) < len(every):
            record_property("cases left out", len(every) - len(cases))
    finally:
        gc.unfreeze()
        case.harness.simulator.close()
