"""IAM's evaluation of identity-based policies: pure functions over policy documents. No principals, no services."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Document = dict[str, Any]


@dataclass(frozen=True)
class Access:
    """One thing that a caller wants: an action on a resource, under the condition keys of the request."""

    action: str
    resource: str = "*"
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # names in lower case
    is_probe: bool = False  # asked for on the caller's behalf by a service, which says what is missing in its own words


def decide(documents: Iterable[Document], access: Access) -> str | None:
    """`Allow`, `Deny` (said by a policy), or None where no policy speaks of it."""
    allowed = False
    for document in documents:
        for statement in _listed(document.get("Statement", [])):
            if not _applies(statement, access):
                continue
            if statement["Effect"] == "Deny":
                return "Deny"
            allowed = True
    return "Allow" if allowed else None


def _applies(statement: Document, access: Access) -> bool:
    action = access.action.lower()
    if "NotAction" in statement:
        concerned = not any(_like(action, one.lower()) for one in _listed(statement["NotAction"]))
    else:
        concerned = any(_like(action, one.lower()) for one in _listed(statement.get("Action", [])))
    if "NotResource" in statement:
        there = not any(_like(access.resource, one) for one in _listed(statement["NotResource"]))
    else:
        there = any(_like(access.resource, one) for one in _listed(statement.get("Resource", [])))
    return concerned and there and _conditions_hold(statement.get("Condition") or {}, access.keys)


def _conditions_hold(conditions: Document, keys: Mapping[str, tuple[str, ...]]) -> bool:
    return all(
        _holds(operator, keys.get(key.lower()), [_text(value) for value in _listed(expected)])
        for operator, tests in conditions.items()
        for key, expected in tests.items()
    )


def _holds(operator: str, actual: tuple[str, ...] | None, expected: list[str]) -> bool:
    """One test. Unknown operators never hold, so that they never grant anything by mistake."""
    quantifier, _, plain = operator.rpartition(":")
    name = plain.removesuffix("IfExists")
    if name == "Null":
        return (actual is None) == (expected[0].lower() == "true")
    if actual is None:
        missing = quantifier == "ForAllValues" or ("Not" in name and not quantifier)
        return plain.endswith("IfExists") or missing
    negated = "Not" in name
    test = OPERATORS.get(name.replace("Not", ""))
    if test is None:
        return False
    if len(actual) > 1 and not quantifier:
        return False  # such as a tag given twice, in other case: AWS matches the one or the other, but not both
    hits = [any(test(value, one) for one in expected) for value in actual]
    if quantifier == "ForAllValues":
        return not any(hits) if negated else all(hits)
    return not all(hits) if negated and quantifier else (not any(hits) if negated else any(hits))


def _like(value: str, pattern: str) -> bool:
    # fnmatch knows sets in brackets, IAM does not.
    return fnmatchcase(value, pattern.replace("[", "[[]"))


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, expected: value == expected,
    "StringEqualsIgnoreCase": lambda value, expected: value.lower() == expected.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda value, expected: value.lower() == expected.lower(),
    "NumericEquals": lambda value, expected: float(value) == float(expected),
    "NumericLessThanEquals": lambda value, expected: float(value) <= float(expected),
    "NumericGreaterThanEquals": lambda value, expected: float(value) >= float(expected),
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
