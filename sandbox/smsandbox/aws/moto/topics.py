"""Messages to SNS topics, straight into moto's state; subscriptions (SQS queues) get them as usual."""

from __future__ import annotations

import json
import logging
from typing import Any

from moto.backends import get_backend

log = logging.getLogger(__name__)


def publish(account: str, region: str, topic: str, message: dict[str, Any], subject: str | None = None) -> bool:
    """Publish a message; False when the topic does not take it."""
    try:
        get_backend("sns")[account][region].publish(json.dumps(message), arn=topic, subject=subject)
    except Exception as error:  # noqa: BLE001 - whatever moto says, what is told of has happened
        log.warning("the topic %s took no message: %s", topic, error)
        return False
    return True
