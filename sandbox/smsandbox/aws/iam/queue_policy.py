"""Whether the policy of a queue lets a rule of EventBridge send to it. Not what callers of SQS's API may do."""

from __future__ import annotations

import json
from typing import Any

from smsandbox.aws.iam.policy import Access, decide

SERVICE = "events.amazonaws.com"


def lets_rule_send(policy: str, queue: str, rule: str) -> bool:
    """`policy` is JSON, or empty where there is none; `queue` and `rule` are ARNs."""
    statements = [each for each in _listed(json.loads(policy or "{}").get("Statement", [])) if _is_for_rules(each)]
    access = Access("sqs:SendMessage", queue, {"aws:sourcearn": (rule,), "aws:sourceaccount": (rule.split(":")[4],)})
    return decide([{"Statement": statements}], access) == "Allow"


def _is_for_rules(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    return principal == "*" or bool({SERVICE, "*"} & set(_listed(principal.get("Service", []))))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
