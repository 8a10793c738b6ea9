"""The operator is killed with SIGKILL at every step of create, update and delete, and started again.

The steps are not listed here: each flow runs once undisturbed, and the calls that it made are the steps. Then there is
one object for each place to die in, all brought to their place at once, and one kill for all of them:

    <flow>-k<n>  right after the n-th change in AWS took effect, before its answer arrived
    <flow>-w<n>  right after the n-th reconcile made its last change, before its status was written (there is no API server then)
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from smsandbox import probe
from smsandbox.testing.simulator import Call
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.testing.stage import Stage

# What AWS is asked within a reconcile, between looking and acting, says that a reconcile has begun.
LOOKING = {"DescribeEndpoint", "ListTags", "DescribeScalableTargets"}
# What a reconcile asks last before it writes down that it is about to roll out a new config.
REMEMBERING = "DescribeEndpointConfig"


@dataclass(frozen=True)
class Flow:
    """From one spec to the next; None is no object."""

    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class Place:
    """The `occurrence`-th call (from 0) of an operation; `is_last` of its reconcile."""

    operation: str
    occurrence: int
    is_last: bool


SCHEDULE = {"name": "night", "schedule": "cron(0 22 * * ? *)", "maxCapacity": 2}
SCHEDULED = with_variant(
    spec(),
    scaling={"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70, "schedules": [SCHEDULE]},
)
SHORT = spec(revisionHistoryLimit=0)
FLOWS = {
    "create": Flow(None, SCHEDULED),
    "artifact": Flow(SHORT, with_variant(SHORT, modelArtifact=ARTIFACTS[1])),
    "weights": Flow(two_variants(9, 1), two_variants(5, 5)),
    "delete": Flow(SCHEDULED, None),
}  # several flows share one kill: starting the API server and the operator again is what costs time


def prepare(stage: Stage, flow: Flow, names: list[str]) -> None:
    if flow.before is not None:
        for name in names:
            stage.apply(name, flow.before)
        for name in names:
            stage.ready(name)


def turn(stage: Stage, flow: Flow, name: str) -> None:
    if flow.after is None:
        stage.delete(name)
    else:
        stage.apply(name, flow.after)


def settle(stage: Stage, flow: Flow, name: str) -> None:
    if flow.after is None:
        stage.gone(name)
    else:
        stage.ready(name)


def places(calls: list[Call]) -> list[Place]:
    """Where a flow that made these calls can be interrupted."""
    seen: Counter[str] = Counter()
    found: list[Place] = []
    for index, call in enumerate(calls):
        if not call.changes:
            continue
        rest = [later for later in calls[index + 1 :] if later.changes or later.operation in LOOKING]
        found.append(Place(call.operation, seen[call.operation], is_last=not rest or not rest[0].changes))
        seen[call.operation] += 1
    return found


def view(stage: Stage, name: str) -> dict[str, Any]:
    """All there is in AWS of an object, without what differs between two objects of one spec."""
    counts = {kind: len(found) for kind, found in stage.inventory(name).items()}
    live = stage.live(name)
    if live is None:
        return counts
    scaling = stage.cloud.aws("application-autoscaling")
    targets = {}
    for variant in (each["VariantName"] for each in live["ProductionVariants"]):
        which = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{stage.endpoint_name(name)}/variant/{variant}",
        }
        schedules = scaling.describe_scheduled_actions(**which)["ScheduledActions"]
        policies = scaling.describe_scaling_policies(**which)["ScalingPolicies"]
        found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[which["ResourceId"]])[
            "ScalableTargets"
        ]
        targets[variant] = {
            "bounds": [(each["MinCapacity"], each["MaxCapacity"]) for each in found],
            "schedules": [(each["ScheduledActionName"], each["Schedule"]) for each in schedules],
            "policies": [each["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for each in policies],
        }
    config = stage.cloud.aws("sagemaker").describe_endpoint_config(EndpointConfigName=live["EndpointConfigName"])
    return {
        **counts,
        "status": live["EndpointStatus"],
        "variants": sorted(
            (each["VariantName"], each["DesiredWeight"], each["DesiredInstanceCount"])
            for each in live["ProductionVariants"]
        ),
        "types": sorted((each["VariantName"], each["InstanceType"]) for each in config["ProductionVariants"]),
        "targets": targets,
    }


def history(stage: Stage, name: str) -> list[tuple[int, str]]:
    found = stage.find(name)
    return [] if found is None else [(each["revision"], each["outcome"]) for each in found["status"]["history"]]


def times(stage: Stage, name: str, operation: str, since: float) -> int:
    calls = stage.cloud.simulator.calls(stage.endpoint_name(name))
    return sum(call.operation == operation and call.code == "OK" and call.when > since for call in calls)


def reconciles(stage: Stage) -> float:
    """How many reconciles the operator ended, by its own metrics."""
    text = (probe.answer(stage.cloud.world.metrics_url) or b"").decode()
    lines = [line for line in text.splitlines() if line.startswith("smendpoints_reconcile_seconds_count")]
    return float(lines[0].split()[-1]) if lines else 0.0


@dataclass(frozen=True, eq=False)
class Case:
    """One object with its place to die in, and how it has to end."""

    name: str
    flow: Flow
    place: Place
    unwritten: bool
    expected: Mapping[str, Any]
    history: list[tuple[int, str]]

    def __str__(self) -> str:
        return f"{self.name} ({self.place.operation})"


def rehearse(stage: Stage) -> list[Case]:
    """Run the flows undisturbed, and make a case of each step."""
    for name, flow in FLOWS.items():
        prepare(stage, flow, [name])
    began = latest(stage)
    for name, flow in FLOWS.items():
        turn(stage, flow, name)
    for name, flow in FLOWS.items():
        settle(stage, flow, name)
    rest(stage)
    cases = []
    for name, flow in FLOWS.items():
        calls = [call for call in stage.cloud.simulator.calls(stage.endpoint_name(name)) if call.when > began]
        steps = places(calls)
        assert steps, name
        end = (view(stage, name), history(stage, name))
        cases += [Case(f"{name}-k{number:02}", flow, step, False, *end) for number, step in enumerate(steps)]
        last = [step for step in steps if step.is_last]
        if any(step.operation == "UpdateEndpoint" for step in steps):
            last.insert(0, Place(REMEMBERING, 0, is_last=True))
        cases += [Case(f"{name}-w{number:02}", flow, step, True, *end) for number, step in enumerate(last)]
    return cases


def is_as_expected(stage: Stage, case: Case) -> bool:
    return view(stage, case.name) == case.expected


def hold(stage: Stage, case: Case) -> str:
    place = case.place
    endpoint = stage.endpoint_name(case.name)
    return stage.cloud.simulator.fault(
        "hold", operation=place.operation, skip=place.occurrence, times=1, resource=f"*{endpoint}*"
    )


def test_killed_at_any_step_the_operator_ends_in_the_same_state(stage: Stage, record_property: Any) -> None:
    simulator = stage.cloud.simulator
    cases = rehearse(stage)
    for case in cases:
        if case.flow.before is not None:
            stage.apply(case.name, case.flow.before)
    for case in cases:
        prepare(stage, case.flow, [case.name])
    holds = {case: hold(stage, case) for case in cases}
    began = latest(stage)
    for case in cases:
        turn(stage, case.flow, case.name)
    for case in cases:
        assert simulator.held(holds[case], seconds=60), f"{case} did not come to its place"

    stage.cloud.plane.apiserver.kill()
    ended = reconciles(stage)
    unwritten = [case for case in cases if case.unwritten]
    for case in unwritten:
        simulator.release(holds[case])
    reconciling = sum(case.flow.after is not None for case in unwritten)  # the others are being finalized
    stage.see(lambda: reconciles(stage) >= ended + reconciling, "the end of the reconciles")
    stage.kill_operator()
    simulator.release_all()
    stage.cloud.plane.apiserver.start()
    stage.start_operator()

    for case in cases:
        settle(stage, case.flow, case.name)
    for case in cases:
        stage.see(partial(is_as_expected, stage, case), f"{case} as {case.expected}")
        assert history(stage, case.name) == case.history, case
        for operation in ("CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint"):
            often = times(stage, case.name, operation, began)
            assert often <= 1, f"{case}: {operation} was done {often} times"
    record_property("kills of the operator's process", len(cases))
    print(f"{len(cases)} cases: {', '.join(map(str, cases))}")


def latest(stage: Stage) -> float:
    """When AWS was called last."""
    return max((call.when for call in stage.cloud.simulator.calls()), default=0.0)


def rest(stage: Stage) -> None:
    """Wait until the operator asks for nothing but the listing of all endpoints."""
    simulator = stage.cloud.simulator

    def listings_since() -> int:
        calls = [call for call in simulator.calls() if call.operation != "ReceiveMessage"]
        busy = max(index for index, call in enumerate(calls) if call.operation != "ListEndpoints")
        return len(calls) - 1 - busy

    stage.see(lambda: listings_since() >= 3, "rest")
