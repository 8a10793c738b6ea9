"""Tags: AWS's lists of Key and Value against plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smsandbox.aws.core.errors import validation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST = 50


def merged(existing: Mapping[str, str], added: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Existing tags with `added` over them, by key; ValidationException beyond 50, for reserved or doubled keys."""
    keys: set[str] = set()
    result = dict(existing)
    for tag in added:
        key = tag["Key"]
        if key.lower().startswith("aws:"):
            raise validation("Tag keys starting with 'aws:' are reserved for AWS use.")
        if key in keys:
            raise validation(f"Duplicate tag keys found. Please provide unique tag keys. Duplicate key: {key}")
        keys.add(key)
        result[key] = tag["Value"]
    if len(result) > MOST:
        raise validation(f"The number of tags exceeds the limit of {MOST}.")
    return result


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
