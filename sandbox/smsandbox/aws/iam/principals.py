"""Who a policy of a resource speaks of: the principals of its statements. Not what those may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def principal_of(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The principals of a statement by their kind, `*` being any of AWS's."""
    principal = statement.get("Principal", {})
    return {"AWS": "*"} if principal == "*" else dict(principal)


def names(statement: Mapping[str, Any], caller: str) -> bool:
    """Whether the statement is for the caller: by its own ARN, its role's, its account, or as anybody."""
    return any(one in set(_called(caller)) for one in listed(principal_of(statement).get("AWS") or []))


def listed(value: Any) -> list[Any]:
    """What a policy may write alone or in a list."""
    return value if isinstance(value, list) else [value]


def _called(caller: str) -> Iterator[str]:
    account = caller.split(":")[4]
    yield from ("*", caller, account, f"arn:aws:iam::{account}:root")
    if ":assumed-role/" in caller:
        yield f"arn:aws:iam::{account}:role/{caller.split('/')[1]}"
