"""What of a config changes in place, and so is no part of what it is."""

from collections.abc import Mapping
from typing import Any

IN_PLACE = frozenset({"InitialInstanceCount", "InitialVariantWeight", "MaxConcurrency", "ProvisionedConcurrency"})


def without(value: Any, keys: frozenset[str] = IN_PLACE) -> Any:
    """A request or response without these members, however deep they are."""
    if isinstance(value, Mapping):
        return {key: without(each, keys) for key, each in value.items() if key not in keys}
    if isinstance(value, list | tuple):
        return [without(each, keys) for each in value]
    return value
