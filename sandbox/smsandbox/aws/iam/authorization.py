"""Enforces IAM on API calls, with the policies that moto's IAM holds for the caller.

Callers that IAM does not know (any access key that was never issued) act as the account's root: allowed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from smsandbox.aws.core.errors import AwsError, validation
from smsandbox.aws.iam.access import accesses
from smsandbox.aws.iam.policy import decide
from smsandbox.aws.iam.shared import lets, policy_of_another
from smsandbox.aws.iam.simulation import texts
from smsandbox.aws.moto.backend import PARTITION

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Request
    from smsandbox.aws.iam.forwarded import Holdings
    from smsandbox.aws.iam.policy import Access, Document


class MotoAuthorizer:
    """Raises AccessDeniedException where the caller's policies do not allow a call."""

    def __init__(self, held: Holdings) -> None:
        self._held = held

    def accesses(self, request: Request) -> list[Access]:
        """Everything that must be allowed for the call."""
        return accesses(request.service, request.context, request.params, self._held)

    def authorize(self, request: Request) -> None:
        documents = _documents(request)
        if documents is None:
            return
        shared = policy_of_another(request)
        for access in self.accesses(request):
            if shared is not None and not lets(shared, str(request.principal_arn), access):
                raise _denied(request, access.action, access.resource, explicit=False, policy="resource-based")
            decision = decide(documents, access)
            if decision != "Allow" and access.is_probe:
                raise validation(
                    f"The caller is missing the following permissions: {access.action} on {access.resource}"
                )
            if decision != "Allow":
                raise _denied(request, access.action, access.resource, explicit=decision == "Deny")


def _denied(
    request: Request, action: str, resource: str, *, explicit: bool, policy: str = "identity-based"
) -> AwsError:
    where = "" if resource == "*" else f" on resource: {resource}"
    why = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no {policy} policy allows the {action} action"
    )
    text = f"User: {request.principal_arn} is not authorized to perform: {action}{where} {why}"
    status = 400 if request.service in {"sagemaker", "application-autoscaling"} else 403
    return AwsError("AccessDeniedException", text, status)


def _documents(request: Request) -> list[Document] | None:
    """The policies of the caller; None for a caller that IAM does not know."""
    arn = request.principal_arn
    if arn is None:
        return None
    iam = get_backend("iam")[request.account][PARTITION]
    if ":assumed-role/" in arn:
        name = arn.split("/")[1]
        holders: list[Any] = [role for role in list(iam.roles.values()) if role.name == name]
    else:
        holders = [user for user in list(iam.users.values()) if user.arn == arn]
        holders += [group for user in holders for group in iam.get_groups_for_user(user.name)]
    return [json.loads(text) for holder in holders for text in texts(holder)]
