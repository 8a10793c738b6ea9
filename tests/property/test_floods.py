"""Floods of changes to objects of one namespace, and one edit in another: what each costs, and who waits."""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smendpoints.api.group import RETRY
from smendpoints.controller.memory import Memory
from smendpoints.controller.result import Result
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec

PATCHES_A_SECOND = 15
SECONDS = 12
FLOODED = ("many/a", "many/b", "many/c")
QUIET = "one/rose"
PATCHES = st.sampled_from(["retry", "label", "spec", "status"])


def patch(harness: Harness, what: str, name: str, number: int) -> None:
    body = harness.objects[name].body
    if what == "retry":
        harness.annotate(name, {RETRY: str(number)})
    elif what == "spec":
        harness.apply(name, spec(tags={"number": str(number)}))
    elif what == "label":
        harness.api.put(name, {**body, "metadata": {**body["metadata"], "labels": {"number": str(number)}}})
    else:
        harness.set_status(name, {**body["status"], "instances": f"{number}/{number}"})


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(patches=st.lists(PATCHES, min_size=7, max_size=7))
def test_floods_cost_one_reconcile_a_second_of_each_object_and_hold_up_nobody(patches: list[str]) -> None:
    harness = Harness()
    reconciles: Counter[str] = Counter()
    reconcile = harness.controller.reconcile

    def counted(body: Any, memory: Memory) -> Result:
        reconciles[harness.at] += 1
        return reconcile(body, memory)

    harness.controller.reconcile = counted  # type: ignore[method-assign]
    for name in (*FLOODED, QUIET):
        harness.apply(name, spec())
    for name in (*FLOODED, QUIET):
        harness.settle(name)
    harness.run(30)
    reconciles.clear()
    harness.world.calls.reset()
    harness.apply(QUIET, spec(tags={"edited": "yes"}))
    for number in range(PATCHES_A_SECOND * SECONDS):
        harness.world.advance(1 / PATCHES_A_SECOND)
        for name in FLOODED:
            patch(harness, patches[number % len(patches)], name, number)
        harness.tick()
        if number == PATCHES_A_SECOND:
            tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live("one-rose")["EndpointArn"])["Tags"]
            assert {"Key": "edited", "Value": "yes"} in tags, "within a second"
    calls = harness.world.calls.count()
    print(f"{patches}: reconciles {dict(reconciles)}, {calls / SECONDS:.1f} calls a second")
    assert all(SECONDS - 2 <= reconciles[name] <= SECONDS + 3 for name in FLOODED)
    assert harness.live("one-rose")["EndpointStatus"] == "InService"
    harness.simulator.close()
