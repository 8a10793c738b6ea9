"""What differs between what is wanted and what AWS shows: values as JSON has them, whatever they are about."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# What of a config changes in place, and so is no part of what it is.
IN_PLACE = frozenset({"InitialInstanceCount", "InitialVariantWeight", "MaxConcurrency", "ProvisionedConcurrency"})


def without(value: Any, keys: frozenset[str] = IN_PLACE) -> Any:
    """A request or response without these members, however deep they are."""
    if isinstance(value, Mapping):
        return {key: without(each, keys) for key, each in value.items() if key not in keys}
    if isinstance(value, list | tuple):
        return [without(each, keys) for each in value]
    return value


def covers(wanted: Any, found: Any, unnamed: Mapping[str, Any] = MappingProxyType({})) -> bool:
    """Whether AWS shows all that was asked for; what it adds of its own is no difference.

    `unnamed` are members that may be left out of what is wanted, however deep they are, with what AWS has then. Another
    value was asked for before, or by somebody else, and is a difference.
    """
    if isinstance(wanted, Mapping):
        return (
            isinstance(found, Mapping)
            and all(covers(value, found.get(key), unnamed) for key, value in wanted.items())
            and all(key in wanted or found.get(key) in (None, value) for key, value in unnamed.items())
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(found, list | tuple)
            and len(wanted) == len(found)
            and all(covers(left, right, unnamed) for left, right in zip(wanted, found, strict=True))
        )
    if isinstance(wanted, bool) and found is None:
        return not wanted
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(wanted - found) <= 1e-6 * max(1.0, abs(wanted))
    return bool(wanted == found)
