"""What the operator knows of every object at once: few words read from its body as it is, without parsing all of it.

Bodies are what the API server let through; a field that is not as the schema has it counts as unset.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smendpoints.domain.desired import names
from smendpoints.domain.tenancy.claims import Standing

Body = Mapping[str, Any]
Capacity = tuple[tuple[str, int], ...]
"""The most instances that an endpoint may reach, by instance type; several types, in pools, are joined by commas.

Serverless variants count under `SERVERLESS`, with no instances.
"""

SERVERLESS = "serverless"


@dataclass(frozen=True)
class Identity:
    """What an endpoint is called, where it is, and as whom the operator acts: the same for the object's life."""

    endpoint: str
    region: str
    role: str | None = None


@dataclass(frozen=True)
class PartialIdentity:
    """What a spec, a status or a policy says of it; None where it is silent."""

    endpoint: str | None = None
    region: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class Facts:
    """One object.

    Args:
        granted: the capacity that it holds within its namespace's limits; None: it holds none yet.
        before: capacities of which one may still run instead, until AWS shows what was granted last.
    """

    uid: str
    namespace: str
    name: str
    created: str
    standing: Standing
    wanted: PartialIdentity
    pinned: PartialIdentity | None
    asked: Capacity
    granted: Capacity | None
    before: tuple[Capacity, ...] = ()

    def held(self) -> tuple[Capacity, ...]:
        """The capacities that it may have in AWS, one of them at a time; none where it holds no share."""
        if self.granted is None:
            return ()
        return (self.granted, *(each for each in self.before if not within(each, self.granted)))

    def identity(self, defaults: Iterable[PartialIdentity], region: str) -> Identity:
        """What is in force: pinned, else the spec's, else a policy's default, else the operator's own.

        An object of the release before has nothing pinned, and was made without defaults.
        """
        said = self.pinned or self.wanted
        offered = list(defaults) if self.pinned is None and self.standing is Standing.NEW else []
        return Identity(
            said.endpoint or names.endpoint_name(self.namespace, self.name),
            said.region or next((each.region for each in offered if each.region), region),
            said.role or next((each.role for each in offered if each.role), None),
        )


def account_of(role: str | None) -> str | None:
    """The account of a role's ARN; what is none, which no spec can say, is an account of its own."""
    return dict(enumerate(role.split(":"))).get(4, "") if role is not None else None


def facts_of(body: Body) -> Facts:
    """Read one object's facts."""
    meta, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    resolved = status.get("resolved")
    standing = _standing(status)
    wanted = PartialIdentity(spec.get("endpointName"), spec.get("region"), spec.get("assumeRoleARN"))
    asked = capacity(spec)
    pinned = None
    before: tuple[Capacity, ...] = ()
    granted = asked if standing is not Standing.NEW else None
    if resolved:
        # What the spec says of these cannot change, so that a status that says something else is not the operator's.
        pinned = PartialIdentity(
            wanted.endpoint or resolved.get("endpointName"),
            wanted.region or resolved.get("region"),
            wanted.role or resolved.get("assumeRoleARN"),
        )
        granted = tuple(sorted((resolved.get("capacity") or {}).items()))
        before = (tuple(sorted((resolved.get("capacityBefore") or {}).items())),)
    return Facts(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        created=str(meta.get("creationTimestamp", "")),
        standing=standing,
        wanted=wanted,
        pinned=pinned,
        asked=asked,
        granted=granted,
        before=before,
    )


def _standing(status: Body) -> Standing:
    """What the object made so far. One that is refused shows another's ARN, but has no history of its own."""
    if status.get("resolved") or (status.get("createdInAWS") and status.get("history")):
        return Standing.HOLDS
    if not status.get("history"):
        return Standing.HOLDS if status.get("createdInAWS") else Standing.NEW
    return Standing.SERVES if (status.get("endpoint") or {}).get("arn") else Standing.MADE


def capacity(spec: Body) -> Capacity:
    """The most instances of the spec's variants, its shadow's among them: the count, or the bounds of scaling."""
    found: dict[str, int] = {}
    shadow = spec.get("shadow")
    for variant in [*spec.get("variants", ()), *([shadow] if shadow else [])]:
        instance = variant.get("instance")
        if instance is None:
            found.setdefault(SERVERLESS, 0)
            continue
        pools = [pool["type"] for pool in instance.get("pools") or ()]
        types = ",".join(pools) or str(instance.get("type"))
        found[types] = found.get(types, 0) + _most(variant, instance)
    return tuple(sorted(found.items()))


def _most(variant: Body, instance: Body) -> int:
    scaling = variant.get("scaling")
    if scaling is None:
        return int(instance.get("count", 1))
    schedules = scaling.get("schedules") or ()
    bounds = [scaling["maxCapacity"], *(each.get(f"{end}Capacity") for each in schedules for end in ("min", "max"))]
    return max(int(bound) for bound in bounds if bound is not None)


def within(asked: Capacity, granted: Capacity) -> bool:
    """Whether no type has more instances in the first than in the second."""
    have = dict(granted)
    return all(types in have and have[types] >= count for types, count in asked)


def instances(capacity: Capacity) -> int:
    """All instances of a capacity."""
    return sum(count for _, count in capacity)
