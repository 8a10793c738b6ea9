"""Whether a policy of a role, or of another resource, lets an AWS service act: as far as a policy alone can tell."""

from collections.abc import Callable, Mapping
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

SAGEMAKER = "sagemaker.amazonaws.com"


class Trust(Enum):
    """What the policy says. CONDITIONAL: only under conditions, which may or may not hold."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    DENIED = "denied"
    NOT_ALLOWED = "not allowed"
    UNKNOWN = "unknown"


def trust_in_sagemaker(policy: Mapping[str, Any]) -> Trust:
    """What the trust policy says of sagemaker.amazonaws.com and sts:AssumeRole.

    UNKNOWN where it speaks by exceptions (`NotAction`, `NotPrincipal`): nothing is claimed of such a policy.
    """
    return trust_in(SAGEMAKER, "sts:AssumeRole", policy)


def trust_in(
    service: str,
    action: str,
    policy: Mapping[str, Any],
    holds: Callable[[Any], bool | None] = lambda _: None,
) -> Trust:
    """What the policy says of the service and the action; as `trust_in_sagemaker`.

    `holds` says of a statement's condition whether it holds, None where nobody can tell.
    """
    said: set[tuple[str, bool]] = set()
    for statement in _listed(policy.get("Statement")):
        if "NotAction" in statement or "NotPrincipal" in statement:
            return Trust.UNKNOWN
        condition = statement.get("Condition")
        met = holds(condition) if condition else True
        if met is not False and _is_of(service, statement.get("Principal")) and _does(action, statement.get("Action")):
            said.add((statement.get("Effect", ""), met is None))
    if ("Deny", False) in said:
        return Trust.DENIED
    if ("Deny", True) in said:
        return Trust.CONDITIONAL if {("Allow", False), ("Allow", True)} & said else Trust.NOT_ALLOWED
    if ("Allow", False) in said:
        return Trust.ALLOWED
    return Trust.CONDITIONAL if ("Allow", True) in said else Trust.NOT_ALLOWED


def _is_of(service: str, principal: Any) -> bool:
    if principal in ("*", {"AWS": "*"}):  # AWS takes the two for the same
        return True
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    return service in services or "*" in services


def _does(wanted: str, action: Any) -> bool:
    return any(fnmatchcase(wanted.lower(), str(each).lower()) for each in _listed(action))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
