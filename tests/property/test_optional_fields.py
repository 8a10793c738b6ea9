"""Every optional field of the stories, taken out of a live endpoint: AWS then holds what a spec without it wants.

To the letter, against the oracle. What changes in place goes one field at a time, as a new fleet would hide that it
was kept; what needs a new fleet goes a few fields at a time.
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.samples import furnish
from smsandbox.testing.stories import SCHEMA, STORIES, specs
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.testing.witness import Witness

Path = tuple[str | int, ...]

# How many fields each of them can lack. The story of another region is left out: all of it is in others, too.
CAN_LACK = {"enums": 35, "instances": 75, "judged": 23, "models": 9, "monitoring": 14, "pipeline": 19, "serverless": 4}
# Optional for the schema alone: rules of the CRD or the operator's settings ask for them.
NEEDED = {"executionRoleARN", "image", "containers", "instance", "type", "pools", "serverless"}
NEEDED |= {
    "predefinedMetric",
    "customizedMetric",
    "lowerBound",
    "upperBound",
    "minCapacity",
    "maxCapacity",
    "endpointName",
}
IN_PLACE = ("tags", "monitoring", "scaling", "weight", "count", "provisionedConcurrency", "rollout", "driftPolicy")
AT_ONCE = 5


def optional(value: Any, schema: dict[str, Any], at: Path = ()) -> Iterator[Path]:
    """The paths of all that may be left out: what is inside before what it is in, the last of a list first."""
    if isinstance(value, dict):
        for key in value:
            child = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if isinstance(child, dict):
                yield from optional(value[key], child, (*at, key))
                if key not in schema.get("required", ()) and key not in NEEDED:
                    yield (*at, key)
    elif isinstance(value, list):
        for place in reversed(range(len(value))):
            yield from optional(value[place], schema["items"], (*at, place))
            if place:
                yield (*at, place)


def steps(paths: list[Path]) -> Iterator[list[Path]]:
    """What goes at once; scaling before what only it needs."""
    of_a_fleet = [path for path in paths if not set(path) & set(IN_PLACE)]
    for path in sorted(paths, key=lambda each: "scaling" not in each):
        if path not in of_a_fleet:
            yield [path]
    for first in range(0, len(of_a_fleet), AT_ONCE):
        yield of_a_fleet[first : first + AT_ONCE]


def take_out(spec: dict[str, Any], path: Path) -> bool:
    """Whether it was there."""
    inner: Any = spec
    for key in path[:-1]:
        if key not in inner and not (isinstance(inner, list) and int(key) < len(inner)):
            return False
        inner = inner[key]
    del inner[path[-1]]
    return True


@pytest.mark.parametrize("name", CAN_LACK)
def test_a_field_that_is_taken_out_leaves_nothing_in_aws(name: str) -> None:
    spec = list(specs(STORIES[name]))[-1]
    harness = Harness(settings=BRISK)
    try:
        witness = Witness(harness)
        furnish(spec, harness.client)
        harness.apply("iris", spec)
        harness.settle("iris")
        gone = 0
        for paths in steps(list(optional(spec, SCHEMA))):
            spec = copy.deepcopy(spec)
            gone += sum(take_out(spec, path) for path in paths)
            told = len(harness.events)
            harness.apply("iris", spec)
            harness.settle("iris")
            harness.run(60, 15)
            try:
                witness.check()
            except AssertionError as found:
                raise AssertionError(f"without {paths}: {found}") from found
            vague = [each.message for each in harness.events[told:] if "differs from the spec" in each.message]
            assert not vague, f"without {paths}"
        assert gone >= CAN_LACK[name]
    finally:
        harness.simulator.close()
