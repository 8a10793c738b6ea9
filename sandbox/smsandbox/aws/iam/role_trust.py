"""Whether a role may be assumed as AssumeRole asks: its trust policy, with the external id and the session's tags.

A role that IAM does not know is anybody's, and while IAM is not enforced one whose policy names no AWS principal is,
too: tests and demos assume them without ado.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.iam.policy import Access, decide
from smsandbox.aws.iam.principals import listed, names, principal_of
from smsandbox.aws.moto.backend import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.core.context import Request


def check(request: Request, *, enforced: bool) -> None:
    """AwsError where the role's trust policy does not let the caller assume it so."""
    if request.operation != "AssumeRole":
        return
    arn = str(request.params.get("RoleArn", ""))
    policy = _trust_policy(arn)
    if policy is None:
        return
    statements = listed(policy.get("Statement", []))
    if not enforced and not any("AWS" in principal_of(each) for each in statements):
        return
    caller = request.principal_arn or f"arn:aws:iam::{request.account}:root"
    mine = [{**each, "Resource": "*"} for each in statements if names(each, caller)]
    keys = _keys(request.params)
    for action in ("sts:AssumeRole", "sts:TagSession") if request.params.get("Tags") else ("sts:AssumeRole",):
        if decide([{"Statement": mine}], Access(action, "*", keys)) != "Allow":
            text = f"User: {caller} is not authorized to perform: {action} on resource: {arn}"
            raise AwsError("AccessDenied", text, 403)


def _trust_policy(arn: str) -> dict[str, Any] | None:
    parts = arn.split(":")
    if len(parts) != 6:
        return None
    for role in list(get_backend("iam")[parts[4]][PARTITION].roles.values()):
        if role.arn == arn:
            found: dict[str, Any] = json.loads(role.assume_role_policy_document)
            return found
    return None


def _keys(params: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = {"sts:rolesessionname": (str(params.get("RoleSessionName", "")),)}
    if "ExternalId" in params:
        keys["sts:externalid"] = (str(params["ExternalId"]),)
    tags = {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or []}
    if tags:
        keys["aws:tagkeys"] = tuple(tags)
        keys |= {f"aws:requesttag/{key.lower()}": (str(value),) for key, value in tags.items()}
    return keys
