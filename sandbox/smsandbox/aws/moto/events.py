"""What AWS's services tell EventBridge, put straight into moto's state: with no request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

if TYPE_CHECKING:
    from collections.abc import Mapping


class MotoEvents:
    """Events on the default bus of moto's EventBridge, which hands them to queues. Implements `ports.Events`."""

    def publish(self, account: str, region: str, detail_type: str, resource: str, detail: Mapping[str, Any]) -> None:
        event = {
            "Source": "aws.sagemaker",
            "DetailType": detail_type,
            "Resources": [resource],
            "Detail": json.dumps(detail),
        }
        get_backend("events")[account][region].put_events([event])
