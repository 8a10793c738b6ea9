"""Small readings that several views share: times, conditions, durations. Pure; objects are plain JSON."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from smclient.errors import ClientError
from smendpoints.api.casing import camel

Object = Mapping[str, Any]


def moment(text: Any) -> datetime | None:
    """A time as Kubernetes writes it; None where there is none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def condition(found: Object, kind: str) -> Mapping[str, Any]:
    """The condition of that type; empty when there is none."""
    conditions = (found.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == kind), {})


def is_current(found: Object) -> bool:
    """Whether the status speaks of the spec as it stands."""
    generation = (found.get("metadata") or {}).get("generation")
    return bool((found.get("status") or {}).get("observedGeneration") == generation)


def endpoint_name(found: Object) -> str:
    """The name of the object's endpoint in AWS.

    Raises:
        ClientError: it has none yet.
    """
    name = ((found.get("status") or {}).get("endpoint") or {}).get("name")
    if not name:
        raise ClientError(f"{found['metadata']['name']} has no endpoint yet", "see `kubectl smendpoint status`")
    return str(name)


def region_of(found: Object) -> str | None:
    """The region of an object's endpoint: its ARN's, else the spec's; None where the user's own is the best guess."""
    arn = ((found.get("status") or {}).get("endpoint") or {}).get("arn")
    if arn:
        return str(arn).split(":")[3]
    status_region = ((found.get("status") or {}).get("resolved") or {}).get("region")
    return (found.get("spec") or {}).get("region") or status_region


def variants_of(found: Object) -> list[Any]:
    """The variants in AWS, else those of the spec."""
    return ((found.get("status") or {}).get("variants")) or found["spec"].get("variants") or []


def names_of(found: Object, wanted: str | None) -> list[str]:
    """The names of its variants, or the one that is wanted.

    Raises:
        ClientError: there is none of that name.
    """
    known = [str(each["name"]) for each in variants_of(found)]
    if wanted is None:
        return known
    if wanted not in known:
        raise ClientError(f"{found['metadata']['name']} has no variant {wanted}", f"there are: {', '.join(known)}")
    return [wanted]


def age(seconds: float) -> str:
    """A duration as kubectl writes it: `42s`, `5m3s`, `3h12m`, `4d6h`."""
    left = max(0, int(seconds))
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    for index, (letter, size) in enumerate(units):
        if left >= size:
            smaller = units[index + 1] if index + 1 < len(units) else None
            rest = left % size // smaller[1] if smaller is not None else 0
            return f"{left // size}{letter}" + (f"{rest}{smaller[0]}" if smaller is not None and rest else "")
    return "0s"


def as_data(view: Any) -> Any:
    """A view as JSON has it: names in camelCase, without what is unset, times in ISO 8601."""
    if is_dataclass(view):
        pairs = ((camel(each.name), getattr(view, each.name)) for each in fields(view))
        return {name: as_data(value) for name, value in pairs if value is not None}
    if isinstance(view, Mapping):
        return {str(key): as_data(value) for key, value in view.items()}
    if isinstance(view, list | tuple):
        return [as_data(each) for each in view]
    if isinstance(view, datetime):
        return view.isoformat()
    return view
