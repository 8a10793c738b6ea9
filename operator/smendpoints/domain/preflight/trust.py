"""Whether a role's trust policy lets SageMaker assume it: a pure function, as far as a policy alone can tell."""

from collections.abc import Mapping
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

SAGEMAKER = "sagemaker.amazonaws.com"
_ACTION = "sts:assumerole"


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
    said: set[tuple[str, bool]] = set()
    for statement in _listed(policy.get("Statement")):
        if "NotAction" in statement or "NotPrincipal" in statement:
            return Trust.UNKNOWN
        if _is_of_sagemaker(statement.get("Principal")) and _is_assuming(statement.get("Action")):
            said.add((statement.get("Effect", ""), bool(statement.get("Condition"))))
    if ("Deny", False) in said:
        return Trust.DENIED
    if ("Deny", True) in said:
        return Trust.CONDITIONAL if {("Allow", False), ("Allow", True)} & said else Trust.NOT_ALLOWED
    if ("Allow", False) in said:
        return Trust.ALLOWED
    return Trust.CONDITIONAL if ("Allow", True) in said else Trust.NOT_ALLOWED


def _is_of_sagemaker(principal: Any) -> bool:
    if principal == "*":
        return True
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    return SAGEMAKER in services or "*" in services


def _is_assuming(action: Any) -> bool:
    return any(fnmatchcase(_ACTION, str(each).lower()) for each in _listed(action))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
