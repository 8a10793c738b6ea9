"""What AWS's services tell EventBridge, handed to the targets of moto's rules: with no request.

Queues are served here and not by moto, which leaves the account out of events, asks no queue's policy, and knows no
rule that is switched off. Rules with other targets, or that change what they pass on, are moto's.
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Lets = Callable[[str, str, str], bool]

log = logging.getLogger(__name__)
_CHANGES = {"Input", "InputPath", "InputTransformer"}


class MotoEvents:
    """Events on the default bus. Implements `ports.Events`."""

    def __init__(self, now: Callable[[], float], lets: Lets) -> None:
        """`now` is the time of the events, in epoch seconds.

        `lets(policy, queue, rule)` says whether the policy of a queue (JSON, or empty) lets a rule send to it; queue
        and rule are ARNs.
        """
        self._now = now
        self._lets = lets

    def publish(
        self, account: str, region: str, source: str, detail_type: str, resource: str, detail: Mapping[str, Any]
    ) -> None:
        event: Any = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": account,
            "time": datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "region": region,
            "resources": [resource],
            "detail": detail,
        }
        for rule in list(get_backend("events")[account][region].describe_event_bus("default").rules.values()):
            if rule.state == "ENABLED" and rule.event_pattern.matches_event(event):
                try:
                    self._pass_on(rule, event)
                except Exception as error:  # noqa: BLE001 - a queue that is gone is no matter of who tells
                    log.warning("a target of the rule %s took no event: %s", rule.name, error)

    def _pass_on(self, rule: Any, event: Mapping[str, Any]) -> None:
        if not all(":sqs:" in target["Arn"] and not _CHANGES & target.keys() for target in rule.targets):
            rule.send_to_targets({**event, "time": self._now(), "ingestion-time": self._now()})
            return
        for target in rule.targets:
            region, account, name = target["Arn"].split(":")[3:6]
            backend = get_backend("sqs")[account][region]
            if self._lets(backend.get_queue(name).policy or "", target["Arn"], rule.arn):
                group = target.get("SqsParameters", {}).get("MessageGroupId")
                backend.send_message(queue_name=name, message_body=json.dumps(event), group_id=group)
            else:
                log.warning("the policy of %s does not let the rule %s send to it", target["Arn"], rule.arn)
