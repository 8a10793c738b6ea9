"""SimulatePrincipalPolicy, which moto's IAM lacks: what the policies of a user, a group or a role say of some actions.

moto finds it among the methods of its IAM, so that importing this module is all there is to do. Resource policies,
boundaries and the policies that a call may bring along are not looked at.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

from smsandbox.aws.iam.policy import Access, decide

_DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny", None: "implicitDeny"}


def simulate_principal_policy(self: IamResponse) -> ActionResult:
    """The decision for each action on each resource."""
    backend: Any = self.backend
    source = self._get_param("PolicySourceArn")
    holders: list[Any] = [*backend.roles.values(), *backend.users.values(), *backend.groups.values()]
    holder = next((each for each in holders if each.arn == source), None)
    if holder is None:
        raise NotFoundException(f"The Policy source ARN {source} cannot be found.")
    found = [json.loads(text) for text in texts(holder)]
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": _DECISIONS[decide(found, Access(action, resource))],
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in self._get_param("ActionNames")
        for resource in self._get_param("ResourceArns") or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def texts(holder: Any) -> list[str]:
    """The inline and the managed policies of a user, a group or a role."""
    inline = list(dict(holder.policies).values())
    managed = dict(holder.managed_policies).values()
    return inline + [next(each.document for each in one.versions if each.is_default) for one in managed]


IamResponse.simulate_principal_policy = simulate_principal_policy  # type: ignore[attr-defined]
