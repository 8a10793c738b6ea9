"""What differs between two specs, field by field, and what a change means for the fleet. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smendpoints.api.spec import SageMakerEndpointSpec

Json = Mapping[str, Any]
# Fields of a spec that say how, when or by whom; AWS shows nothing of them. Of monitoring it shows alarms, which are
# not read back here: the operator itself keeps them.
_NOT_SHOWN = frozenset(
    {
        "endpointName",
        "region",
        "assumeRoleARN",
        "rollout",
        "desiredState",
        "officeHours",
        "suspend",
        "driftPolicy",
        "deletionPolicy",
        "adoptExisting",
        "revisionHistoryLimit",
        "monitoring",
    }
)
_IN_PLACE = ("weight", "instance.count", "serverless.maxConcurrency", "serverless.provisionedConcurrency", "scaling")


@dataclass(frozen=True)
class Change:
    """A field with its two values, None where it is not set. `replaces`: changing it takes a new fleet."""

    field: str
    before: Any
    after: Any
    replaces: bool


def normal(spec: Json) -> dict[str, Any]:
    """A spec as the operator reads it, defaults filled in: two that mean the same are equal.

    Raises:
        pydantic.ValidationError: it is no spec.
    """
    return SageMakerEndpointSpec.model_validate(spec).to_json()


def changes(
    before: Json, after: Json, *, shown_in_aws: bool = False, content_alone: bool = False
) -> tuple[Change, ...]:
    """The fields in which two specs differ.

    `shown_in_aws`: only of those that AWS can tell of. `content_alone`: only of what is served.
    """
    one, two = normal(before), normal(after)
    if shown_in_aws:
        one, two = (_shown(each, one, two) for each in (one, two))
    left, right = dict(_flat(one)), dict(_flat(two))
    fields = [*left, *(each for each in right if each not in left)]
    found = (
        Change(each, left.get(each), right.get(each), _replaces(each, left, right))
        for each in fields
        if not _same(left.get(each), right.get(each))
    )
    return tuple(each for each in found if each.replaces or not content_alone)


def as_shown(found: Json) -> dict[str, Any]:
    """The spec of an object with the values in force where it leaves them to the operator or to a policy."""
    spec, resolved = dict(found["spec"]), (found.get("status") or {}).get("resolved") or {}
    for name in ("executionRoleARN", "vpc"):
        if name not in spec and name in resolved:
            spec[name] = resolved[name]
    if resolved.get("tags"):
        spec["tags"] = {**resolved["tags"], **(spec.get("tags") or {})}
    return spec


def _shown(spec: Json, one: Json, two: Json) -> dict[str, Any]:
    """What of it AWS shows: not how it is done; no count that autoscaling owns."""
    scaled = {
        str(each.get("name")) for side in (one, two) for each in side.get("variants") or [] if each.get("scaling")
    }

    def variant(found: Json) -> dict[str, Any]:
        made = dict(found)
        if str(found.get("name")) in scaled:
            for hosting, owned in (("instance", "count"), ("serverless", "provisionedConcurrency")):
                if hosting in made:
                    made[hosting] = {key: value for key, value in made[hosting].items() if key != owned}
        return made

    kept = {key: value for key, value in spec.items() if key not in _NOT_SHOWN}
    return {**kept, "variants": [variant(each) for each in spec.get("variants") or []]}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves by path; entries of lists that have a name are known by it."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        for index, each in enumerate(value):
            yield from _flat(each, f"{path}[{each.get('name', index)}]")
    elif isinstance(value, Mapping | list):
        return  # nothing in it is as good as nothing
    else:
        yield path, value


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, bool) or isinstance(two, bool):
        return bool(one) == bool(two)
    return bool(one == two)


def _replaces(field: str, left: Json, right: Json) -> bool:
    """Whether AWS changes the field with a new fleet alone."""
    first, _, rest = field.partition("].")
    if first.startswith("variants["):
        if rest.endswith("provisionedConcurrency") and (field in left) != (field in right):
            return True  # AWS changes how much, and takes off or adds none of it
        return not rest.startswith(_IN_PLACE)
    return not field.startswith(("tags", *_NOT_SHOWN))
